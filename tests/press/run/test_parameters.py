from __future__ import annotations

import math
from typing import Any

import nbformat.v4 as v4
import pytest
from hypothesis import given
from hypothesis import strategies as st

from press.run.parameters import Contract, Parameter, coerce, read_parameters, resolve
from press.run.project import Project
from press.run.ranges import Interval

CELL = """
repetitions: int = 64  # [1, 1000] repetitions
p: float = 1  # (0, inf) decay
horizon: float = 10.0  # [0, inf] time
gammas: list[float] = [1.5, 3]  # (0, inf) decays
depths: list[int] = [0, 1]  # [0, 9] depths
convention: str = "mean"  # {mean, trial} oracle convention
title: str = "x # y"  # a title
draw: bool = True  # whether to draw
"""


def notebook(source: str, tags: tuple[str, ...] = ("parameters",)) -> Any:
    return v4.new_notebook(cells=[v4.new_code_cell(source, metadata={"tags": list(tags)})])


@pytest.fixture
def declared() -> Contract:
    return read_parameters(notebook(CELL))


def test_reading(declared: Contract) -> None:
    assert list(declared) == [
        "repetitions",
        "p",
        "horizon",
        "gammas",
        "depths",
        "convention",
        "title",
        "draw",
    ]
    assert declared["p"] == Parameter("p", "float", 1.0, Interval(0, math.inf, False, False), "decay")
    assert isinstance(declared["p"].default, float)
    assert declared["gammas"].default == [1.5, 3.0]
    assert declared["title"].default == "x # y" and declared["title"].help == "a title"


def test_reading_a_chapter(book: Project) -> None:
    assert list(read_parameters(book.source("first"))) == ["count", "power", "names", "seed"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1  # [0, 2] help", "not of the form"),
        ("x: int = 1  # [0, 2] a = b", "no '='"),
        ("x: int | None = 1  # [0, 2] help", "type int | None"),
        ("x: int = 1  # [0, 2] a | b", "no '='"),
        ("x: int = 2 * 3  # [0, 9] help", "not a plain literal"),
        ("x: int = len([])  # [0, 9] help", "not a plain literal"),
        ("x: int = 1", "must begin with its range"),
        ("x: int = 1  # help only", "must begin with its range"),
        ("x: int = 1  # [0, 2]", "no help"),
        ("x: int = 5  # [0, 2] help", "out of range"),
        ("x: int = 1.5  # [0, 2] help", "not an integer"),
        ('x: float = "1"  # [0, 2] help', "string as value"),
        ("x: int = 1  # [0, 2] help\nx: int = 1  # [0, 2] help", "twice"),
        ("x: list[int] = [\n 1]  # [0, 2] help", "one line"),
        ("x: list[int] = []  # [0, 2] help", "at least one"),
        ("import os", "not of the form"),
        ("x: int = ", "invalid syntax"),
    ],
)
def test_bad_cells_are_refused(source: str, message: str) -> None:
    with pytest.raises(ValueError, match="parameters cell") as caught:
        read_parameters(notebook(source))
    assert message in str(caught.value)


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_cell(count: int) -> None:
    cells = [v4.new_code_cell("", metadata={"tags": ["parameters"]}) for _ in range(count)]
    with pytest.raises(ValueError, match=f"found {count}"):
        read_parameters(v4.new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("repetitions", "8", 8),
        ("repetitions", 8.0, 8),
        ("repetitions", "1e2", 100),
        ("p", "1e-3", 1e-3),
        ("p", 2, 2.0),
        ("horizon", "inf", math.inf),
        ("gammas", "[1e-1, 2]", [0.1, 2.0]),
        ("gammas", (1, 2), [1.0, 2.0]),
        ("depths", "[3]", [3]),
        ("convention", "trial", "trial"),
        ("title", "null", "null"),
        ("title", "!!python/object/apply:os.system [x]", "!!python/object/apply:os.system [x]"),
        ("draw", "false", False),
        ("draw", True, True),
    ],
)
def test_good_values(declared: Contract, name: str, given: object, value: object) -> None:
    found = resolve(declared, {name: given})[name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("repetitions", v)
            for v in [0, -1, 1001, 1.5, "1.5", True, "true", None, "", "x", "nan", math.nan, [8]]
        ),
        *(
            ("repetitions", v)
            for v in [math.inf, "inf", "8; import os", "__import__('os')", "9" * 5000, 10**400]
        ),
        *(
            ("p", v)
            for v in [0, -1.0, "0", math.nan, "nan", ".nan", math.inf, "-inf", True, False, None, 10**400]
        ),
        *(("horizon", v) for v in [-1e-300, "-inf", math.nan]),
        *(
            ("gammas", v)
            for v in [[], "[]", 1.5, "1.5", "[0]", "[1, nan]", "[1, true]", "[1, [2]]", "{a: 1}"]
        ),
        *(("gammas", v) for v in ["[1", "!!python/object/apply:os.system ['x']", "[.inf]", None]),
        *(("depths", v) for v in ["[1.5]", "[10]", [True]]),
        *(("convention", v) for v in ["median", "", 1, None, True]),
        *(("title", v) for v in [1, None, ["x"]]),
        *(("draw", v) for v in [0, 1, "1", "yes", None]),
    ],
)
def test_bad_values_name_parameter_value_and_what_is_allowed(
    declared: Contract, name: str, value: object
) -> None:
    with pytest.raises(ValueError) as caught:
        resolve(declared, {name: value})
    message = str(caught.value)
    assert message.startswith(f"parameter {name} = ") and f"allowed: {declared[name].allowed}" in message


def test_unknown_name(declared: Contract) -> None:
    with pytest.raises(ValueError, match=r"unknown parameter 'repetition' = 8; .*repetitions, p"):
        resolve(declared, {"repetition": 8})


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none() | st.lists(st.floats()))
def test_what_is_accepted_has_the_type_and_lies_in_the_range(value: object) -> None:
    parameter = Parameter("x", "float", 1.0, Interval(0, 10, False, True), "help")
    try:
        result = coerce(parameter, value)
    except ValueError:
        return
    assert type(result) is float and 0 < result <= 10


RELATED = """
n_min: float = 10.0  # [1, inf) smallest
n_max: float = 100.0  # [1, inf) largest
# require: n_min < n_max
gammas: list[float] = [1.5, 3]  # (0, inf) decays
# require: increasing(gammas)
"""


def test_relations_are_checked_with_all_values() -> None:
    related = read_parameters(notebook(RELATED))
    assert [relation.names for relation in related.relations] == [("n_min", "n_max"), ("gammas",)]
    assert resolve(related, {"n_min": 1000, "n_max": "1e4"})["n_max"] == 1e4
    for given_values, named in (
        ({"n_min": 1e3}, "n_min = 1000.0, n_max = 100.0"),
        ({"gammas": [3, 1]}, "gammas"),
    ):
        with pytest.raises(ValueError, match=named) as error:
            resolve(related, given_values)
        assert any(relation.text in str(error.value) for relation in related.relations)


@pytest.mark.parametrize("relation", ["n_max < n_min", "n_max < n", "n_max"[:3]])
def test_relations_of_the_cell_must_be_readable_and_hold_for_the_defaults(relation: str) -> None:
    with pytest.raises(ValueError, match="parameters cell"):
        read_parameters(notebook(f"{RELATED}# require: {relation}\n"))
