"""Printed numbers: of a project's file, or of the module that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from opgd.paper import reported as printed_here
from press.run import reported

TEXT = '["Table 1"]\n"power 2" = 14.0\n"power 3" = 0.40\n\n[Figure]\n"end" = 200\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "_toc.yml").write_text("root: first\n")
    (tmp_path / "evidence").mkdir()
    (tmp_path / reported.FILE).write_text(TEXT)
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    return tmp_path


@pytest.mark.parametrize(
    ("item", "cell", "value", "unit", "text"),
    [
        ("Table 1", "power 2", 14.0, 0.1, "14.0"),
        ("Table 1", "power 3", 0.4, 0.01, "0.40"),
        ("Figure", "end", 200.0, 1.0, "200"),
    ],
)
def test_digits_are_those_that_are_printed(
    project: Path, item: str, cell: str, value: float, unit: float, text: str
) -> None:
    found = reported.lookup(item, cell)
    assert (found.value, found.unit, str(found)) == (value, pytest.approx(unit), text)
    assert item in reported.items() and cell in reported.cells(item)


def test_what_is_not_printed_is_refused_and_what_is_named(project: Path) -> None:
    with pytest.raises(KeyError, match=r"Table 2.*Table 1, Figure"):
        reported.cells("Table 2")
    with pytest.raises(KeyError, match=r"power 9.*power 2, power 3"):
        reported.lookup("Table 1", "power 9")
    assert reported.stated_cost() is None
    (project / reported.FILE).unlink()
    assert reported.items() == ()


def test_a_notebook_away_from_its_project_is_told_the_module(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "_toc.yml").unlink()
    monkeypatch.setenv(reported.MODULE, "opgd.paper.reported")
    assert reported.items() == printed_here.items()


def test_a_project_may_name_a_module() -> None:
    assert reported.items() == printed_here.items()
    assert reported.cells("Table 1") == printed_here.cells("Table 1")
    assert reported.lookup("Figure 4", "D=1 last frame") == printed_here.lookup("Figure 4", "D=1 last frame")
    assert reported.stated_cost() == printed_here.stated_cost()
