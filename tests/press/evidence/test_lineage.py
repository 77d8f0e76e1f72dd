from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from press.evidence.lineage import code_cells, imported_names, trace

PUBLIC = {
    "opgd.fit_rate": "opgd.rates.fit_rate",
    "opgd.rates.fit_rate": "opgd.rates.fit_rate",
    "opgd.Flow": "opgd.flow.over_parameterized.Flow",
    "opgd.theory.bound": "opgd.theory.bounds.bound",
}
IMPORTS = "import numpy as np\nfrom opgd import Flow, fit_rate\nfrom opgd import theory\n%matplotlib inline"


def needs(*sources: str) -> tuple[int, ...]:
    return trace([IMPORTS, *sources], PUBLIC)[-1].cells


@pytest.mark.parametrize(
    ("sources", "cells"),
    [
        (["x = 1", "y = 2", "x"], (1, 3)),
        (["x = 1", "y = x", "z = 3", "y"], (1, 2, 4)),
        (["x = 1", "x = 2", "x"], (2, 3)),  # overwritten
        (["x = 1", "if x:\n    x = 2", "x"], (1, 2, 3)),  # perhaps overwritten
        (["x = {}", "x['a'] = 1", "x"], (1, 2, 3)),
        (["x = []", "x.append(1)", "len(x)"], (1, 2, 3)),
        (["x = 1", "x += 1", "x"], (1, 2, 3)),
        (["x = Flow()", "x.t = 1", "x"], (1, 2, 3)),
        (["x = 1", "[x for x in range(3)]"], (2,)),  # a comprehension has its own names
        (["x = [1]", "[x for x in x]"], (1, 2)),
        (["x = 1", "f = lambda x: x"], (2,)),
        (["x = 1", "f = lambda y=x: y"], (1, 2)),
        (["x = 1", "x = 2\nx"], (2,)),  # set before it is used
        (["x = 1", "for x in range(3):\n    x"], (2,)),
        (["x = 1", "f'{x:.2f}'"], (1, 2)),
        (["a, (b, *c) = 1, (2, 3)", "c"], (1, 2)),
        (["x = 1", "(y := x)", "y"], (1, 2, 3)),
        (["with open('a') as x:\n    pass", "x"], (1, 2)),
        (["np.linspace(0, 1)"], (1,)),
        (["x = {}", "i = 1", "x[i] += 1", "x"], (1, 2, 3, 4)),
        (["x = 1", "x: int", "x"], (1, 3)),  # no value
        (["y = 1", "x: int = y", "x"], (1, 2, 3)),
        (["x = 1", "while x < 3:\n    x += 1", "x"], (1, 2, 3)),
        (["x = 1", "try:\n    x = 2\nexcept ValueError:\n    pass", "x"], (1, 2, 3)),  # perhaps overwritten
        (["x = 1", "{x for x in range(3)}"], (2,)),
        (["x = 1", "y = 2", "{x: y for x in range(3)}"], (2, 3)),
        (["x = 1", "y = 2", "lambda x, *y, **z: (x, y, z)"], (3,)),
    ],
)
def test_the_cells_on_which_a_cell_depends(sources: list[str], cells: tuple[int, ...]) -> None:
    assert needs(*sources) == cells


def test_functions_in_order_of_use_and_parameters() -> None:
    sources = [
        IMPORTS,
        "x = Flow.tuned(size)",
        "y = fit_rate(x, theory.bound(x))",
        "fit_rate(seed, seed)",
        "print(y)",
    ]
    last = trace(sources, PUBLIC, ["seed", "size"])[-1]
    assert last.names == (
        "opgd.flow.over_parameterized.Flow",
        "opgd.rates.fit_rate",
        "opgd.theory.bounds.bound",
    )
    assert last.parameters == ("size",)
    assert trace(sources, PUBLIC, ["seed", "size"])[3].parameters == ("seed",)
    assert imported_names(sources, PUBLIC) == {
        "Flow": "opgd.flow.over_parameterized.Flow",
        "fit_rate": "opgd.rates.fit_rate",
    }


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=1, max_size=7))
def test_straight_line_code_depends_on_what_running_it_reads(reads: list[list[int]]) -> None:
    """Against execution: each variable carries the set of cells that went into it."""
    known: dict[int, set[int]] = {}
    sources, truth = [], []
    for cell, wanted in enumerate(reads):
        used = [variable for variable in wanted if variable in known]
        sources.append(f"v{cell % 6} = [{', '.join(f'v{variable}' for variable in used)}]")
        truth.append({cell}.union(*(known[variable] for variable in used)))
        known[cell % 6] = truth[-1]
    assert [set(lineage.cells) for lineage in trace(sources, {})] == truth


def test_cells_that_set_parameters_are_empty() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "text"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["x: int = 1"]},
        {"cell_type": "code", "metadata": {"papermill": {"duration": 1.5}}, "source": ["y = x\n", "y"]},
    ]
    assert [(c.position, c.source, c.seconds) for c in code_cells({"cells": cells})] == [
        (1, "", 0.0), (2, "y = x\ny", 1.5),
    ]  # fmt: skip
