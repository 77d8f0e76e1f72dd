"""The API reference: what is staged for it, its notation, and what Sphinx makes of a module and a chapter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from press.run.project import Project
from press.site.api import FOR_CHAPTERS, notation, stage_api
from press.site.exports import public_modules

ROOT = Path(__file__).resolve().parents[3]
CONTENTS = "format: jb-book\nroot: first\nparts:\n  - caption: More\n    chapters:\n      - file: api\n"
CONFIGURATION = (
    'extensions = ["press.site.api"]\nhtml_theme = "basic"\nnumpydoc_xref_param_type = False\n'
    'exclude_patterns = ["api/[!o]*", "api/opgd.rst", "api/opgd-[!r]*", "api/opgd-r[!a]*"]\n'
)
FIRST = """First
=====

Cells
-----

A line by ``fit`` and ``fit_rate``, by ``opgd.rates.RateFit``, not by ``other``.

.. code-block:: ipython3

   from opgd import fit_rate as fit

.. code-block:: ipython3

   %matplotlib inline
   fit([1, 2], [3, 4]).slope

.. code-block:: python

   from opgd.rates import fit_covariance
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    (site / "_toc.yml").write_text(CONTENTS)
    (site / "api.md").write_text("# API reference\n")
    stage_api(Project(ROOT), site)
    return site


def test_every_module_with_public_names_has_a_page_in_the_contents(site: Path) -> None:
    modules = public_modules(ROOT, "opgd")
    pages = {f"api/{module.name.replace('.', '-')}" for module in modules} | {"api/press"}
    contents = yaml.safe_load((site / "_toc.yml").read_text())
    sections = contents["parts"][0]["chapters"][0]["sections"]
    assert {section["file"] for section in sections} == pages
    assert {f"api/{path.stem}" for path in (site / "api").glob("*.rst")} == pages
    overview = (site / "api.md").read_text().splitlines()
    assert "   ~opgd.rates.fit_rate" in overview and "   opgd.rates" in overview


def test_a_name_of_a_private_module_is_documented_where_its_room_exports_it(site: Path) -> None:
    page = (site / "api" / "opgd-risk.rst").read_text()
    assert (
        re.search(r":members: squared_error_moments\n", page)
        and "   ~opgd.risk.curve.expected_risk\n" in page
    )
    assert not list((site / "api").glob("*_moments*"))


def test_of_press_there_is_what_chapters_use(site: Path) -> None:
    page = (site / "api" / "press.rst").read_text()
    assert re.findall(r"automodule:: (\S+)", page) == list(FOR_CHAPTERS)
    assert re.search(r":members: .*\brecord\b", page)


def test_a_page_of_the_reference_and_links_to_it(site: Path, tmp_path: Path) -> None:
    source, html = tmp_path / "source", tmp_path / "html"
    shutil.copytree(site / "api", source / "api")
    (source / "conf.py").write_text(CONFIGURATION)
    (source / "index.rst").write_text("Start\n=====\n\n.. toctree::\n\n   first\n   api\n   api/opgd-rates\n")
    (source / "api.rst").write_text("Reference\n=========\n")
    (source / "first.rst").write_text(FIRST)
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", str(source), str(html)]
    subprocess.run(command, cwd=ROOT, check=True)

    first = (html / "first.html").read_text(encoding="utf-8")
    target = 'href="api/opgd-rates.html#opgd.rates.fit_rate"'
    prose, cells = first.split("highlight-ipython3", 1)
    assert prose.count(target) == 2 and not re.search(r"<a[^>]*><code[^>]*><span[^>]*>other", first)
    assert 'href="api/opgd-rates.html#opgd.rates.RateFit"' in prose
    assert cells.count(target) == 2 and "fit_covariance</a>" not in cells
    page = (html / "api" / "opgd-rates.html").read_text(encoding="utf-8")
    for name in ("RateFit", "fit_rate", "fit_covariance"):
        assert f'id="opgd.rates.{name}"' in page
    used = re.findall(r"<details><summary>.*?</details>", page, re.DOTALL)
    assert any("fit_rate" in text and 'href="../first.html">First</a>' in text for text in used)
    assert "$" not in re.sub(r"<pre>.*?</pre>|<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the $j$-th of `size`", r"the :math:`j`-th of ``size``"),
        ("all $x$s and a$y$", r"all :math:`x`\ s and a\ :math:`y`"),
        ("over $a +\n    b$ lines", ":math:`a + b`"),
        ("``$HOME`` and ``a `b` c``", "``$HOME`` and ``a `b` c``"),
        (":math:`x`, :ref:`a`, `link <x>`_", ":math:`x`, :ref:`a`, `link <x>`_"),
        (">>> f(`$x$`)\n'$y$'", ">>> f(`$x$`)\n'$y$'"),
        (r"costs 5 \$ or $x$", r"costs 5 \$ or :math:`x`"),
    ],
)
def test_notation(text: str, expected: str) -> None:
    assert expected in notation(text)


def test_a_doctest_does_not_stop_the_paragraphs_around_it() -> None:
    assert notation("$a$\n\n>>> '$b$'\n\n`c`") == ":math:`a`\n\n>>> '$b$'\n\n``c``"
