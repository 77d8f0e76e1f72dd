from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from press.run.project import Project
from press.sweep.grid import LIMIT, Point, points_of


def read(book: Project, text: str, chapter: str = "first", **options: Any) -> list[Point]:
    settings: dict[str, Any] = {"profile": "default", "given": {}, "limit": LIMIT}
    return points_of(book, chapter, text, "grid.yml", **(settings | options))


def test_combinations_then_single_points(book: Project) -> None:
    text = "fixed: {power: 1e-1}\nproduct: {count: [2, 3], seed: [0, 1]}\npoints: [{count: 9, power: 3}]\n"
    found = [(p.values["count"], p.values["seed"], p.values["power"]) for p in read(book, text)]
    assert found == [(2, 0, 0.1), (2, 1, 0.1), (3, 0, 0.1), (3, 1, 0.1), (9, 0, 3.0)]


def test_lists_are_values(book: Project) -> None:
    points = read(book, "product: {names: [[a], [b, c]]}")
    assert [p.values["names"] for p in points] == [["a"], ["b", "c"]]


def test_equal_points_count_once_however_they_are_written(book: Project) -> None:
    assert len(read(book, "product: {power: [2, 2.0, '2e0']}\npoints: [{}, {power: 2}]")) == 1


def test_the_profile_holds_where_the_grid_says_nothing(book: Project) -> None:
    (point,) = read(book, "points: [{seed: 1}]", profile="smoke", given={"count": 2, "power": 0.1})
    assert point.values == {"count": 2, "power": 0.1, "names": ["a", "b"], "seed": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no point"),
        ("fixed: {count: 2}", "names no point"),
        ("grid: {count: [1]}", "unknown part 'grid'; a grid has the parts fixed, product, points"),
        ("product: [count]", "product: not a mapping"),
        ("product: {count: 3}", "product: count is not a list with at least one value"),
        ("product: {count: []}", "product: count is not a list with at least one value"),
        ("product: {count: [1, 0]}", "product: parameter count = 0: out of range; allowed: int in"),
        ("product: {cuont: [1]}", "product: unknown parameter 'cuont' = 1"),
        ("product: {count: [1]}\nfixed: {count: 2}", "count stands in both fixed and product"),
        ("fixed: {count: true}\npoints: [{}]", "fixed: parameter count = True: not a number"),
        ("points: {count: 1}", "points: not a list of mappings"),
        ("points: [{}, {power: .nan}]", "points, number 2: parameter power = nan"),
        ("points: [3]", "points, number 1: not a mapping"),
        ("- count", "not a mapping of names to values"),
        ("product: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_bad_grids(book: Project, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^grid\.yml: ") as caught:
        read(book, text)
    assert message in str(caught.value)


def test_a_large_grid_asks_first_and_is_never_unfolded(book: Project) -> None:
    axis = f"[{', '.join(map(str, range(1, 101)))}]"
    text = f"product: {{count: {axis}, power: {axis}, seed: {axis}}}"
    with pytest.raises(ValueError, match=r"1000000 points are more than 500; .* --limit 1000000"):
        read(book, text)
    assert len(read(book, f"product: {{count: {axis}, seed: [1, 2, 3, 4, 5, 6]}}", limit=600)) == 600


def test_names_of_points_hold_content_not_place(book: Project, tmp_path: Path) -> None:
    text = "product: {count: [2, 3]}"
    keys = [point.key for point in read(book, text)]
    other = Project(tmp_path / "elsewhere")
    shutil.copytree(book.root, other.root)
    assert [point.key for point in read(other, text)] == keys
    assert {p.key for p in read(book, text, profile="smoke")}.isdisjoint(keys)
    (other.root / "requirements.lock").write_text("another")
    assert {point.key for point in read(other, text)}.isdisjoint(keys)
