"""Rules that every chapter of the book keeps; the chapters are those of `_toc.yml`."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from click.testing import CliRunner
from papermill.cli import papermill

from press.run.execute import clean_notebook
from press.run.parameters import read_parameters
from press.run.profiles import overrides
from press.run.project import Project, is_notebook

BOOK = Project(Path(__file__).resolve().parents[2])
PAGES = re.findall(r"(?:root|file): *([\w-]+)", (BOOK.root / "_toc.yml").read_text(encoding="utf-8"))
FILES = {page: BOOK.book / f"{page}.md" for page in PAGES}
CHAPTERS = [page for page, path in FILES.items() if path.is_file() and is_notebook(path)]


def code(chapter: str) -> list[str]:
    """Source of the code cells, without IPython's magic."""
    cells = clean_notebook(BOOK.source(chapter)).cells
    return [re.sub(r"^[%!].*$", "", c.source, flags=re.MULTILINE) for c in cells if c.cell_type == "code"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_papermill_lists_every_parameter_with_type_default_and_help(chapter: str, tmp_path: Path) -> None:
    path = tmp_path / f"{chapter}.ipynb"
    nbformat.write(clean_notebook(BOOK.source(chapter)), path)
    done = CliRunner().invoke(papermill, ["--help-notebook", str(path)], catch_exceptions=False)
    assert done.exit_code == 0
    said = " ".join(done.output.split())
    parameters = read_parameters(BOOK.source(chapter))
    assert said.count("(default ") == len(parameters)
    for name, parameter in parameters.items():
        line = re.search(rf" {name}: {re.escape(parameter.annotation)} \(default (.*?)\) ", said)
        assert line is not None, f"{name} is missing in: {said}"
        assert ast.literal_eval(line[1]) == parameter.default
        assert " ".join(parameter.help.split()) in said


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_define_no_functions_and_no_classes(chapter: str) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for source in code(chapter):
        assert [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_its_only_title(page: str) -> None:
    text = (BOOK.book / f"{page}.md").read_text(encoding="utf-8")
    prose = re.sub(
        r"^(```|:::).*?^\1", "", re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL), flags=re.S | re.M
    )
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1
    assert re.match(r"\s*(\([\w-]+\)=\s*)?# ", prose)


def test_glued_names_are_unique() -> None:
    names = [
        name for chapter in CHAPTERS for s in code(chapter) for name in re.findall(r'glue\(\s*"([^"]+)"', s)
    ]
    assert sorted(names) == sorted(set(names))


def test_every_chapter_file_is_in_the_table_of_contents() -> None:
    assert {path.stem for path in BOOK.book.glob("*.md")} == set(BOOK.pages()) == set(PAGES)


@pytest.mark.parametrize("profile", sorted(path.stem for path in (BOOK.root / "profiles").glob("*.yml")))
def test_profiles_name_known_chapters_and_good_values(profile: str) -> None:
    given = yaml.safe_load((BOOK.root / "profiles" / f"{profile}.yml").read_text(encoding="utf-8")) or {}
    for chapter in CHAPTERS:
        assert set(overrides(BOOK, profile, chapter)) == set(given.get(chapter, {}))
    assert set(given) <= set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_clean_notebooks_are_valid_and_hold_no_output(chapter: str) -> None:
    notebook = clean_notebook(BOOK.source(chapter))
    nbformat.validate(notebook)
    assert "outputs" in json.dumps(notebook) and not any(c.get("outputs") for c in notebook.cells)
