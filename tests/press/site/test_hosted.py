from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from press.run.parameters import read_parameters
from press.run.project import Project
from press.site.hosted import publish

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def configured(book: Project) -> Project:
    shutil.copy(ROOT / "pyproject.toml", book.root)
    with (book.root / "_config.yml").open("a", encoding="utf-8") as config:
        config.write("\nrepository:\n  url: https://example.org/someone/book\n  branch: notebooks\n")
    return book


def test_off_unless_a_repository_is_configured(book: Project, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"_config\.yml configures no repository"):
        publish(book, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_everything_a_hosted_service_needs(configured: Project, tmp_path: Path) -> None:
    files = publish(configured, tmp_path / "out")
    names = {"requirements.txt", "runtime.txt", "first.ipynb", "second.ipynb"}
    assert {path.name for path in files} == {path.name for path in (tmp_path / "out").iterdir()} == names
    lines = (tmp_path / "out" / "requirements.txt").read_text().splitlines()
    wanted = {Requirement(line).name: Requirement(line) for line in lines}
    assert wanted["opgd-book"].url == "git+https://example.org/someone/book"
    assert str(wanted["matplotlib"].specifier) and {"sympy", "tabulate", "myst-nb"} <= set(wanted)
    notebook = nbformat.read(tmp_path / "out" / "first.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert '%pip install --quiet "matplotlib' in notebook.cells[0].source
    assert 'find_spec("opgd")' in notebook.cells[0].source
    assert list(read_parameters(notebook)) == ["count", "power", "names", "seed"]
