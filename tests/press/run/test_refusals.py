from __future__ import annotations

from typing import Any

import nbformat.v4 as v4
import pytest

from press.run.outputs import LEDGER
from press.run.refusals import inspect

ALT = "Two falling lines, the lower one steeper."


def image(**extra: Any) -> Any:
    return v4.new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"} | extra)


def options(alt: object = ALT, name: str = "fig-x", caption: str = "Two lines.") -> dict[str, Any]:
    return {"mystnb": {"figure": {"name": name, "caption": caption}, "image": {"alt": alt}}}


def faults(*outputs: Any, metadata: dict[str, Any] | None = None, count: int | None = 1) -> list[str]:
    cell = v4.new_code_cell("1", execution_count=count, outputs=list(outputs), metadata=metadata or {})
    first = v4.new_code_cell("0", execution_count=1)
    return inspect(v4.new_notebook(cells=[v4.new_markdown_cell("# x"), first, cell]), "rates")


def test_a_good_notebook_passes() -> None:
    row = v4.new_output("display_data", data={LEDGER: {}, "text/plain": "x"})
    assert faults(row, image(), metadata=options()) == []
    assert faults(v4.new_output("stream", name="stdout", text="printed")) == []
    assert faults(v4.new_output("execute_result", data={"text/plain": "1"}, execution_count=1)) == []


@pytest.mark.parametrize("alt", [None, "", "   ", "Two lines.", "figures/figure-of-the-risk.png", "a" * 19])
def test_images_need_alternative_text(alt: object) -> None:
    (fault,) = faults(image(), metadata=options(alt))
    assert fault.startswith("rates, code cell 2: image without alternative text")


@pytest.mark.parametrize("changes", [{"name": ""}, {"caption": ""}, {"caption": " "}])
def test_images_need_a_numbered_caption(changes: dict[str, str]) -> None:
    (fault,) = faults(image(), metadata=options(**changes))
    assert fault.startswith("rates, code cell 2: image without a numbered caption")


def test_images_without_any_metadata() -> None:
    assert len(faults(image())) == 2


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (image(), "outputs an image, an image:"),
        (v4.new_output("stream", name="stdout", text="stray"), "outputs an image, stdout 'stray':"),
        (v4.new_output("display_data", data={}), "outputs an image, a value '':"),
        (v4.new_output("execute_result", data={"text/plain": "[3]"}), "outputs an image, a value '[3]':"),
    ],
)
def test_one_image_and_nothing_else(other: Any, named: str) -> None:
    (fault,) = [fault for fault in faults(image(), other, metadata=options()) if "one image" in fault]
    assert named in fault


def test_errors_are_refused() -> None:
    error = v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=[])
    (fault,) = faults(error)
    assert fault == "rates, code cell 2: error output ZeroDivisionError: division by zero"


def test_warnings_are_refused() -> None:
    (fault,) = faults(v4.new_output("stream", name="stderr", text="x.py:1: RuntimeWarning: overflow\n"))
    assert "wrote to stderr: x.py:1: RuntimeWarning: overflow" in fault


def test_papermill_exceptions_are_refused() -> None:
    (fault,) = faults(metadata={"papermill": {"exception": True}})
    assert "papermill recorded an exception" in fault
    notebook = v4.new_notebook(metadata={"papermill": {"exception": True}})
    assert inspect(notebook, "rates") == ["rates: papermill recorded an exception"]


def test_unexecuted_cells_are_refused() -> None:
    (fault,) = faults(count=None)
    assert fault == "rates, code cell 2: was not executed"


@pytest.mark.parametrize(
    ("cell", "faulty"), [("nan", True), ("**-nan**", True), ("nano", False), ("0.1", False)]
)
def test_tables_with_nan_are_refused(cell: str, faulty: bool) -> None:
    table = v4.new_output("display_data", data={"text/markdown": f"| a | b |\n| --- | --- |\n| x | {cell} |"})
    assert len(faults(table)) == faulty
