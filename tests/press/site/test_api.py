"""The API reference: what is staged for it, and what Sphinx makes of that for one module."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from press.run.project import Project
from press.site.api import stage_api
from press.site.exports import public_modules

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOK: dict[str, Any] = {
    "cells": [{"cell_type": "code", "metadata": {}, "source": "from opgd import PowerLaw, fit_rate as fit"}]
}
CONTENTS = "format: jb-book\nroot: first\nparts:\n  - caption: More\n    chapters:\n      - file: api\n"
CONFIGURATION = (
    'extensions = ["press.site.sphinx_api"]\nhtml_theme = "basic"\nnumpydoc_xref_param_type = False\n'
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "_toc.yml").write_text(CONTENTS)
    (tmp_path / "api.md").write_text("# API reference\n")
    stage_api(Project(ROOT), tmp_path, {"first": NOTEBOOK})
    return tmp_path


def test_every_module_with_public_names_has_a_page_in_the_contents(site: Path) -> None:
    pages = {f"api/{module.name.replace('.', '-')}" for module in public_modules(ROOT, "opgd")} | {
        "api/press"
    }
    contents = yaml.safe_load((site / "_toc.yml").read_text())
    sections = contents["parts"][0]["chapters"][0]["sections"]
    assert {section["file"] for section in sections} == pages
    assert {f"api/{path.stem}" for path in (site / "api").glob("*.rst")} == pages
    overview = (site / "api.md").read_text()
    assert "| `fit_rate` | `opgd.rates` |" in overview and "| `opgd.rates` |" in overview


def test_names_are_known_where_they_can_mean_nothing_else(site: Path) -> None:
    table = json.loads((site / "names.json").read_text())
    assert table["anywhere"]["fit_rate"] == table["anywhere"]["opgd.fit_rate"] == "opgd.rates.fit_rate"
    assert "fit_covariance" not in table["anywhere"] and "opgd" not in table["anywhere"]
    assert table["pages"]["first"] == {"PowerLaw": "opgd.problem.PowerLaw", "fit": "opgd.rates.fit_rate"}
    assert table["pages"]["api/opgd-rates"]["fit_covariance"] == "opgd.rates.fit_covariance"
    assert table["used in"] == {"opgd.problem.PowerLaw": ["first"], "opgd.rates.fit_rate": ["first"]}


def test_a_page_of_the_reference_and_links_to_it(site: Path, tmp_path: Path) -> None:
    source, html = tmp_path / "source", tmp_path / "html"
    (source / "api").mkdir(parents=True)
    shutil.copy(site / "api" / "opgd-rates.rst", source / "api")
    shutil.copy(site / "names.json", source)
    (source / "conf.py").write_text(CONFIGURATION)
    (source / "index.rst").write_text("Start\n=====\n\n.. toctree::\n\n   first\n   api/opgd-rates\n")
    (source / "first.rst").write_text(
        "First\n=====\n\nA line by ``fit`` and ``fit_rate``, not by ``other``.\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", str(source), str(html)]
    subprocess.run(command, cwd=ROOT, check=True)

    first = (html / "first.html").read_text(encoding="utf-8")
    target = 'href="api/opgd-rates.html#opgd.rates.fit_rate"'
    assert first.count(target) == 2 and not re.search(r"<a[^>]*><code[^>]*><span[^>]*>other", first)
    page = (html / "api" / "opgd-rates.html").read_text(encoding="utf-8")
    for name in ("RateFit", "fit_rate", "fit_covariance"):
        assert f'id="opgd.rates.{name}"' in page
    function = page[page.index('id="opgd.rates.fit_rate"') :]
    assert re.search(r'class="used-in">Used in <a [^>]*href="../first.html"', function)
    assert "$" not in re.sub(r"<pre>.*?</pre>|<script.*?</script>", "", page, flags=re.DOTALL)
