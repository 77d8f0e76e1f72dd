"""The committed reference is that of the chapters as they are; what it lacks, `make verify` asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from press.evidence.reference import read_reference
from press.run.parameters import read_parameters
from press.run.project import Project

BOOK = Project(Path(__file__).resolve().parents[2])
CHAPTERS = read_reference(BOOK)["chapters"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_reference_was_made_with_the_parameters_of_the_chapter(chapter: str) -> None:
    declared = {name: p.default for name, p in read_parameters(BOOK.source(chapter)).items()}
    assert CHAPTERS[chapter]["parameters"] == declared, f"python -m press verify --renew {chapter}"


def test_what_the_reference_holds_is_a_chapter_and_no_time_and_no_machine() -> None:
    assert set(CHAPTERS) <= set(BOOK.chapters())
    assert {key for chapter in CHAPTERS.values() for key in chapter} == {"parameters", "seconds", "results"}
