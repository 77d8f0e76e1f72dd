"""The gate: a notebook with an error, a warning or a figure without words is not published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from press.chapter.record import MIME

__all__ = ["inspect"]

MINIMUM_ALT = 20
_FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif|pdf|webp)$", re.IGNORECASE)


def inspect(notebook: Mapping[str, Any], chapter: str) -> list[str]:
    """List the reasons why an executed notebook must not be published.

    Refused are: error outputs, papermill's record of an exception, anything written to stderr
    (Python's warnings included), code cells that did not run, and images without a numbered caption,
    without alternative text (at least 20 characters, not a file name), or with other output beside them.

    Parameters
    ----------
    notebook : mapping
        An executed notebook, as nbformat or parsed JSON.
    chapter : str
        Its name, for the messages.

    Returns
    -------
    list of str
        One message per fault, each naming chapter and cell; empty if the notebook may pass.
    """
    faults: list[str] = []
    if notebook["metadata"].get("papermill", {}).get("exception"):
        faults.append(f"{chapter}: papermill recorded an exception")
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        where = f"{chapter}, code cell {number}"
        faults += [f"{where}: {fault}" for fault in _cell_faults(cell)]
    return faults


def _cell_faults(cell: Mapping[str, Any]) -> list[str]:
    faults = []
    outputs = [o for o in cell["outputs"] if MIME not in o.get("data", {})]
    if cell["source"] and "".join(cell["source"]).strip() and cell.get("execution_count") is None:
        faults.append("was not executed")
    if cell["metadata"].get("papermill", {}).get("exception"):
        faults.append("papermill recorded an exception")
    for output in outputs:
        if output["output_type"] == "error":
            faults.append(f"error output {output['ename']}: {output['evalue']}")
        elif output["output_type"] == "stream" and output["name"] == "stderr":
            faults.append(f"wrote to stderr: {''.join(output['text']).strip()[:300]}")
    images = [o for o in outputs if any(key.startswith("image/") for key in o.get("data", {}))]
    if images:
        faults += _image_faults(cell["metadata"].get("mystnb", {}), len(images), len(outputs))
    return faults


def _image_faults(options: Mapping[str, Any], images: int, outputs: int) -> list[str]:
    faults = []
    alt = str(options.get("image", {}).get("alt") or "").strip()
    figure = options.get("figure", {})
    if len(alt) < MINIMUM_ALT or _FILE_NAME.match(alt):
        wanted = f"at least {MINIMUM_ALT} characters, not a file name"
        faults.append(f"image without alternative text (mystnb: image: alt: is {alt!r}; {wanted})")
    if not figure.get("name") or not str(figure.get("caption") or "").strip():
        faults.append("image without a numbered caption (mystnb: figure: name: and caption:)")
    if outputs > 1:
        faults.append(
            f"a figure's cell must output one image only; this has {images} images, {outputs} outputs"
        )
    return faults
