"""What must not be published: a notebook with an error, a warning or a figure without words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from press.run.outputs import LEDGER

__all__ = ["inspect", "went_wrong"]

MINIMUM_ALT = 20
_NAN = re.compile(r"\|[ *$]*[+-]?nan\b")
_FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif|pdf|webp)$", re.IGNORECASE)


def inspect(notebook: Mapping[str, Any], chapter: str) -> list[str]:
    """List the reasons why an executed notebook must not be published.

    Refused are: error outputs, papermill's record of an exception, anything written to stderr
    (Python's warnings included), code cells that did not run, tables with nan, and images without a
    numbered caption, without alternative text (at least 20 characters, not a file name), or with other
    output beside them.
    """
    return _faults(notebook, chapter, [_run_faults, _image_faults])


def went_wrong(notebook: Mapping[str, Any], chapter: str) -> list[str]:
    """List only the faults that are the execution's; the others can be mended in the text."""
    return _faults(notebook, chapter, [_run_faults])


def _faults(
    notebook: Mapping[str, Any], chapter: str, looks: list[Callable[[Mapping[str, Any]], list[str]]]
) -> list[str]:
    faults: list[str] = []
    if notebook["metadata"].get("papermill", {}).get("exception"):
        faults.append(f"{chapter}: papermill recorded an exception")
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        where = f"{chapter}, code cell {number}"
        faults += [f"{where}: {fault}" for look in looks for fault in look(cell)]
    return faults


def _shown(cell: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [output for output in cell["outputs"] if LEDGER not in output.get("data", {})]


def _run_faults(cell: Mapping[str, Any]) -> list[str]:
    faults = []
    if cell["source"] and "".join(cell["source"]).strip() and cell.get("execution_count") is None:
        faults.append("was not executed")
    if cell["metadata"].get("papermill", {}).get("exception"):
        faults.append("papermill recorded an exception")
    for output in _shown(cell):
        if output["output_type"] == "error":
            faults.append(f"error output {output['ename']}: {output['evalue']}")
        elif output["output_type"] == "stream" and output["name"] == "stderr":
            faults.append(f"wrote to stderr: {''.join(output['text']).strip()[:300]}")
        elif _NAN.search("".join(output.get("data", {}).get("text/markdown", ""))):
            faults.append("its table shows nan, which says nothing to a reader")
    return faults


def _image_faults(cell: Mapping[str, Any]) -> list[str]:
    outputs = _shown(cell)
    images = sum(any(key.startswith("image/") for key in output.get("data", {})) for output in outputs)
    if not images:
        return []
    faults = []
    options = cell["metadata"].get("mystnb", {})
    alt = str(options.get("image", {}).get("alt") or "").strip()
    figure = options.get("figure", {})
    if len(alt) < MINIMUM_ALT or _FILE_NAME.match(alt):
        wanted = f"at least {MINIMUM_ALT} characters, not a file name"
        faults.append(f"image without alternative text (mystnb: image: alt: is {alt!r}; {wanted})")
    if not figure.get("name") or not str(figure.get("caption") or "").strip():
        faults.append("image without a numbered caption (mystnb: figure: name: and caption:)")
    if len(outputs) > 1:
        faults.append(
            f"a figure's cell must output one image and nothing else; this outputs "
            f"{', '.join(map(_named, outputs))}: put the rest into a cell of its own, or end its line with ;"
        )
    return faults


def _named(output: Mapping[str, Any]) -> str:
    """Say what an output is, with the beginning of its text."""
    data = output.get("data", {})
    if any(key.startswith("image/") for key in data):
        return "an image"
    text = "".join(data.get("text/plain", output.get("text", ""))).strip()
    kind = output.get("name", "a value")
    return f"{kind} {text[:40]!r}"
