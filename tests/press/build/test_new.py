"""A project of one's own: what is written, and that it knows nothing of this book."""

from __future__ import annotations

from pathlib import Path

import pytest

from press.__main__ import main
from press.build.new import TEMPLATE, create
from press.evidence.statements import read_statements
from press.run.parameters import read_parameters


def test_it_is_a_book_that_knows_nothing_of_this_one(tmp_path: Path) -> None:
    project = create(tmp_path / "mine")
    assert project.chapters() == ["first", "second"]
    assert all(read_parameters(project.source(chapter)) for chapter in project.chapters())
    assert list(read_statements(project.evidence / "statements.toml")) == ["sum"]
    assert project.setting("library") == "sums" and project.setting("reported") == ""
    assert (project.book / "assets" / "book.css").is_file() and (project.root / "requirements.lock").is_file()
    assert "_build/" in (project.root / ".gitignore").read_text().split()
    assert "title: A small book\nauthor: the authors\n" in (project.root / "_config.yml").read_text()
    for path in TEMPLATE.rglob("*.*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert "opgd" not in path.read_text(encoding="utf-8"), path


def test_an_empty_directory_is_filled_and_another_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "."]) == 0
    assert "make book PYTHON=" in capsys.readouterr().out
    before = sorted(tmp_path.rglob("*"))
    assert main(["new", "."]) == 2
    assert "directory '.' is there already" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
