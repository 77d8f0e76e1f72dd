"""What stands in a page for evidence: replaced by MyST, which Sphinx turns into HTML without a warning."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from press.chapter.record import record
from press.evidence.ledger import sentence, tally
from press.evidence.long_runs import FILE
from press.pages import pictures, speed
from press.pages.expand import DIRECTIVES, ROLES, Evidence, expand
from press.pages.status import PARTS
from press.run.disk.files import write_atomically
from press.run.project import Project

ROOT = Path(__file__).resolve().parents[3]
CHECK = "tests/test_small.py::test_small"
REPORT = """<testsuites><testsuite><testcase classname="tests.theory.test_sum" name="test_sum"><properties>
<property name="statement" value="sum"/><property name="grade" value="proved"/>
<property name="covers" value="one | case"/></properties></testcase></testsuite></testsuites>"""
PRESS = {
    "started": "2026-01-02T03:04:05+00:00", "seconds": 1.0, "machine": "x", "processors": 2,
    "profile": "default", "commit": "abc", "versions": {"python": "3.13.0"},
}  # fmt: skip


@pytest.fixture
def evidence(book: Project) -> Evidence:
    row = record("Table 1", "gamma=2 p=1 q=1", 0.49, sd=0.01, check=CHECK)
    write_atomically(book.ledger, json.dumps([dict(row) | {"chapter": "first"}]))
    write_atomically(book.theory, REPORT)
    write_atomically(book.evidence / FILE, json.dumps({"first": {"results": {"total": "7 wins"}}}))
    shutil.copy(ROOT / "evidence" / "bench.json", book.evidence)
    cell = {"cell_type": "code", "metadata": {"table": {"name": "tab-a"}, "reproduces": ["Table 1"]}}
    notebook: dict[str, Any] = {"metadata": {"press": PRESS}, "cells": [cell]}
    return Evidence(book, {"first": notebook}, book.pages())


def test_roles_and_directives_are_replaced_and_prose_is_kept(evidence: Evidence) -> None:
    text = "# Title\n\nSee {mark}`sum`, {long}`first\ntotal`, {doc}`first`.\n\n```{status} cost\n```\n\nEnd."
    found = expand(text, evidence, "first")
    assert re.fullmatch(
        r"# Title\n\nSee \[<span class=.*>✓ proved</span>\]\(#check-sum\), 7 wins, \{doc\}`first`\.\n\n"
        r"::::\{container\} ledger-scroll\n.*\n::::\n\n\nEnd\.",
        found,
        re.DOTALL,
    )


@pytest.mark.parametrize(
    "text",
    [
        "```python\n{mark}`sum`\n```",
        "````markdown\n```{ledger}\n```\n````",
        "   ```text\n   {long}`first total`\n   ```",
        "```{code-block} markdown\n{mark}`sum`\n```",
        "Write `` {mark}`sum` `` there.",
        "```{note}\nText\n```",
        "{marked}`sum` {mark}",
    ],
)
def test_code_and_the_rest_are_left_alone(evidence: Evidence, text: str) -> None:
    assert expand(text, evidence, "first") == text


def test_a_role_inside_another_directive_is_replaced(evidence: Evidence) -> None:
    text = "```{note}\n{long}`first total`\n```\n\n```python\nx\n```\n\n{long}`first total`"
    assert expand(text, evidence, "first") == text.replace("{long}`first total`", "7 wins")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```{speed} colour\n```", "first: speed: 'colour'; allowed: machine, races"),
        ("```{status}\n```", f"first: status: ''; allowed: {', '.join(PARTS)}"),
        ("{mark}`sums`", "first: mark: unknown statement 'sums'; it must be one of sum"),
        ("{tally}`guess`", "first: tally: 'guess'; allowed: all, match"),
        ("{long}`first gone`", "first: long: .* no result 'gone'"),
        ("{long}`second total`", "first: long: .* there are first"),
    ],
)
def test_what_there_is_not_is_refused_with_page_and_choices(evidence: Evidence, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        expand(text, evidence, "first")


def test_counts_are_those_of_the_ledger(evidence: Evidence) -> None:
    assert expand("{tally}`match` of {tally}`all`, {tally}`predictions-match`", evidence, "x") == "1 of 1, 1"
    assert expand("{tally}`sentence`", evidence, "x") == sentence(tally(evidence.rows))


def test_sections_fit_below_the_last_heading(evidence: Evidence) -> None:
    assert "\n## Sum" not in expand("# A\n\n## B\n\n```{checks}\n```", evidence, "checks")
    assert "\n### \\(1\\): sum\n" in expand("# A\n\n## B\n\n```{checks}\n```", evidence, "checks")
    assert "\n## \\(1\\): sum\n" in expand("# A\n\n```{checks}\n```", evidence, "checks")


def test_without_reports_it_is_said(book: Project) -> None:
    nothing = Evidence(book, {}, [])
    assert expand("```{speed} races\n```", nothing, "x") == speed.NOT_MEASURED
    assert "not run" in expand("{mark}`sum`", nothing, "x") and "(#" not in expand(
        "{mark}`sum`", nothing, "x"
    )
    with pytest.raises(ValueError, match="there are none"):
        expand("{long}`first total`", nothing, "x")


def test_every_directive_and_role_becomes_html_without_a_warning(evidence: Evidence, tmp_path: Path) -> None:
    source = tmp_path / "source"
    arguments = {"speed": list(speed.PARTS), "status": list(PARTS), "ledger-figure": ["A | *caption*."]}
    text = (
        "# All\n\n```{toctree}\nfirst\n```\n\n{mark}`sum` {long}`first total` {tally}`all`\n\n"
        + "\n\n".join(
            f"```{{{name}}} {argument}\n```" for name in DIRECTIVES for argument in arguments.get(name, [""])
        )
    )
    assert set(ROLES) == {"mark", "long", "tally"}
    source.mkdir()
    (source / "index.md").write_text(expand(text, evidence, "index"), encoding="utf-8")
    (source / "first.md").write_text("# First\n\n:::{table} T\n:name: tab-a\n\n| a |\n| --- |\n:::\n")
    for name in ("ledger.png", "growth.png"):
        pictures.draw_ledger(evidence.rows, source / name)
    said = io.StringIO()
    options = {
        "extensions": ["myst_parser"], "myst_enable_extensions": ["colon_fence"], "numfig": True,
        "nitpicky": True, "html_theme": "basic",
    }  # fmt: skip
    with docutils_namespace():
        out = tmp_path / "out"
        Sphinx(source, None, out, tmp_path / "trees", "html", options, status=None, warning=said).build()
    assert said.getvalue() == ""
    html = (out / "index.html").read_text(encoding="utf-8")
    assert html.count('href="#check-sum"') == 2 and 'id="check-sum"' in html
    assert (
        'title="tests/test_small.py::test_small"' in html
        and 'id="number-tests-test-small-test-small"' in html
    )
    assert re.search(r'href="first.html#tab-a"><span class="std std-numref">Table 1<', html)
    assert 'id="fig-ledger-summary"' in html and 'id="tab-speed-machine-1"' in html
    assert "one | case" in html and "A | <em>caption</em>." in html
    assert re.search(r"<details><summary>[^<]*</summary>\s*<ul", html)
