from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from press.__main__ import main
from press.evidence.long_runs import FACTS, FILE, keep, show
from press.run import profiles
from press.run.disk.files import write_atomically
from press.run.parameters import read_parameters, resolve
from press.run.project import Project

PREFIX = "application/papermill.record/"
ROOT = Path(__file__).parents[3]


def executed(path: Path, profile: str = "paper", **results: Any) -> Path:
    """A notebook as `press run` leaves it."""
    outputs = [
        {
            "metadata": {"scrapbook": {"name": name, "mime_prefix": PREFIX}},
            "data": {f"{PREFIX}text/plain": repr(value)},
        }
        for name, value in results.items()
    ]
    press = {
        "chapter": "first",
        "profile": profile,
        "parameters": {"repetitions": 32},
        "seconds": 100.0,
        "machine": "x",
        "commit": "abc",
        "started": "2026-01-02T03:04:05+00:00",
    }
    write_atomically(path, json.dumps({"metadata": {"press": press}, "cells": [{"outputs": outputs}]}))
    return path


def test_results_are_kept_and_shown(book: Project, tmp_path: Path) -> None:
    assert keep(book, executed(tmp_path / "old.ipynb", total="1", gone="2")) == 2
    assert keep(book, executed(tmp_path / "new.ipynb", total="γ = 3")) == 1
    kept = json.loads((book.evidence / FILE).read_text(encoding="utf-8"))
    assert kept["first"]["parameters"] == {"repetitions": 32}
    assert [show(kept, "first", name) for name in ("total", *FACTS)] == [
        "γ = 3",
        "paper",
        "2",
        "abc",
        "2026-01-02",
    ]
    with pytest.raises(ValueError, match="no result 'gone'"):
        show(kept, "first", "gone")
    with pytest.raises(ValueError, match="chapter 'second' is kept; there are first"):
        show(kept, "second", "total")


def test_only_notebooks_of_other_profiles_are_kept(book: Project, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'default', as every build does"):
        keep(book, executed(tmp_path / "default.ipynb", profile="default"))
    for text in ("{", "{}", "[]"):
        (tmp_path / "none.ipynb").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"none\.ipynb is no notebook"):
            keep(book, tmp_path / "none.ipynb")
    assert not (book.evidence / FILE).exists()


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keep", str(tmp_path / "missing.ipynb")]) == 2
    assert "missing.ipynb" in capsys.readouterr().err


def test_what_the_chapters_show_is_kept() -> None:
    kept = json.loads((ROOT / "evidence" / FILE).read_text(encoding="utf-8"))
    shown = [
        found
        for path in (ROOT / "book").glob("*.md")
        for found in re.findall(r"\{long\}`(\S+) ([^`]+)`", path.read_text(encoding="utf-8"))
    ]
    assert {chapter for chapter, _ in shown} == set(kept)
    assert all(show(kept, chapter, name) for chapter, name in shown)


def test_a_long_run_had_the_parameters_that_its_profile_has_now() -> None:
    project = Project(ROOT)
    for chapter, run in json.loads((ROOT / "evidence" / FILE).read_text(encoding="utf-8")).items():
        declared = read_parameters(project.source(chapter))
        assert resolve(declared, profiles.overrides(project, run["profile"], chapter)) == run["parameters"]
