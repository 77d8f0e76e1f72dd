"""The committed reference is that of the chapters as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from press.evidence.reference import read_reference
from press.run.parameters import read_parameters
from press.run.project import Project

BOOK = Project(Path(__file__).resolve().parents[2])
HINT = "after `make book`, run `.venv/bin/python -m press verify --renew` and look at the difference"


@pytest.mark.parametrize("chapter", BOOK.chapters())
def test_the_reference_was_made_with_the_parameters_of_the_chapter(chapter: str) -> None:
    reference = read_reference(BOOK)["chapters"]
    assert chapter in reference, HINT
    declared = {name: p.default for name, p in read_parameters(BOOK.source(chapter)).items()}
    assert reference[chapter]["parameters"] == declared, HINT
    assert reference[chapter]["profile"] == "default", HINT


def test_the_reference_holds_no_other_chapter() -> None:
    assert set(read_reference(BOOK)["chapters"]) == set(BOOK.chapters()), HINT
