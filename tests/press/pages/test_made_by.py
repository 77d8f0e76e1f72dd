from __future__ import annotations

import copy
from typing import Any

import pytest

from press.pages.made_by import annotate, reproduced

NAMES = {"opgd.fit_rate": "opgd.rates.fit_rate", "press.chapter.style.STYLES": "press.chapter.style.STYLES"}
PIPE = "| a | b |\n|---|---|\n| 1 | 2 |\n"


def code(source: str, seconds: float = 0.5, **metadata: Any) -> dict[str, Any]:
    outputs = metadata.pop("outputs", [])
    return {
        "cell_type": "code", "source": source, "outputs": outputs,
        "metadata": {"papermill": {"duration": seconds}} | metadata,
    }  # fmt: skip


def notebook() -> dict[str, Any]:
    table = [{"output_type": "execute_result", "data": {"text/markdown": ["Numbers.\n\n", PIPE, "\nEnd."]}}]
    cells = [
        code("size: int = 4", tags=["parameters"]),
        code("from opgd import fit_rate, plotting", tags=["remove-input"]),
        code("fit = fit_rate([1, size], [1, 2])", 12.0),
        code("other = 5", 99.0),
        code("fit.slope, plotting.STYLES", mystnb={"figure": {"name": "fig-a"}}, reproduces=["Figure 1"]),
        code("fit", table={"name": "tab-a"}, outputs=table, reproduces=["Table 1"]),
    ]
    return {
        "cells": cells,
        "metadata": {"press": {"parameters": {"seed": 1, "size": 4}}},
    }


def annotated(book: dict[str, Any], parameters: list[str], **options: bool) -> dict[str, Any]:
    annotate(book, "first", NAMES, parameters, **options)
    return book


def lines(book: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in book["cells"] if cell["cell_type"] == "markdown"]


def test_the_line_names_cells_functions_time_and_parameters() -> None:
    text = "\n".join(lines(annotated(notebook(), ["size", "seed"])))
    assert (
        "Made by {doc}`first`, {ref}`cell 5 <code-first-5>` with the results of {ref}`3 <code-first-3>`, "
        "which call {py:obj}`fit_rate <opgd.rates.fit_rate>`, in 12.5 s; parameters `` size = 4 ``; "
        "{download}`executed notebook <downloads/first.ipynb>`."
    ) in text
    assert "99" not in text and "plotting" not in text and "seed" not in text


def test_targets_stand_before_the_cells_that_are_linked() -> None:
    cells = annotated(notebook(), ["size"])["cells"]
    targets = [i for i, cell in enumerate(cells) if cell["source"].startswith("(code-first-")]
    assert [cells[i]["source"] for i in targets] == [f"(code-first-{n})=" for n in (3, 5, 6)]
    assert all(cells[i + 1]["cell_type"] == "code" for i in targets)


def test_without_a_reference_functions_are_named_only() -> None:
    text = "\n".join(lines(annotated(notebook(), [], linked=False)))
    assert "which call `fit_rate`" in text and "py:obj" not in text and "parameters" not in text


def test_a_named_table_is_numbered_and_captioned() -> None:
    book = notebook()
    data = annotated(book, [])["cells"][-2]["outputs"][0]["data"]
    assert data["text/markdown"] == f":::{{table}} Numbers.\n:name: tab-a\n\n{PIPE}:::\n\nEnd."
    book = notebook()
    book["cells"][-1]["metadata"]["table"]["caption"] = "Some\n numbers.\n"
    data = annotated(book, [])["cells"][-2]["outputs"][0]["data"]
    assert data["text/markdown"].startswith("Numbers.\n\n:::{table} Some numbers.\n")


def test_a_table_without_a_name_keeps_its_text_and_gets_its_line() -> None:
    book = notebook()
    del book["cells"][-1]["metadata"]["table"]
    before = copy.deepcopy(book["cells"][-1]["outputs"])
    cells = annotated(book, [])["cells"]
    assert cells[-2]["outputs"] == before and cells[-1]["source"].startswith(":::{container} made-by")


def test_items_of_the_paper_lead_to_their_figure_or_table() -> None:
    assert reproduced(notebook()) == {"Figure 1": "fig-a", "Table 1": "tab-a"}
    book = notebook()
    del book["cells"][-1]["metadata"]["table"]
    with pytest.raises(ValueError, match="reproduces Table 1 has no named figure or table"):
        reproduced(book)
