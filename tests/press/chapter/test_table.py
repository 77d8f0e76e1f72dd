from __future__ import annotations

import pytest

from press.chapter import table


def test_cells_are_shown_as_they_are() -> None:
    lines = table([["a", None, "1.50"], ["b", 2, 3e-7]], ["x", "y", "$z$"], left=2).data.splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0] == ["x", "y", "$z$"] and rows[2:] == [["a", "", "1.50"], ["b", "2", "3e-07"]]
    assert [rule.endswith(":") for rule in rows[1]] == [False, False, True]


def test_a_table_without_rows_has_its_titles() -> None:
    assert "x" in table([], ["x", "y"]).data


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="headers"):
        table([["a"]], ["x", "y"])
