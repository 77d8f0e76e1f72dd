"""A chapter as a notebook: clean, from its text, and joined to the outputs of a run."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat

__all__ = ["clean_notebook", "dump", "join"]

NOTES = ("kernelspec", "language_info", "papermill", "press")  # what a run says of itself


def clean_notebook(source: Path) -> nbformat.NotebookNode:
    """Turn a chapter's text into an unexecuted notebook.

    The same text gives the same notebook, cell identifiers included.
    """
    notebook = copy.deepcopy(_parsed(source.read_text(encoding="utf-8")))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"{re.sub('[^a-zA-Z0-9_-]', '-', source.stem)[:50]}-{number:03d}"
    return notebook


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> nbformat.NotebookNode:
    """Read a text once; a build needs it four times."""
    notebook: nbformat.NotebookNode = jupytext.reads(text, fmt={"extension": ".md"})
    return notebook


def join(clean: nbformat.NotebookNode, run: Mapping[str, Any]) -> nbformat.NotebookNode:
    """Put the outputs of a run into a clean notebook, code cell by code cell.

    The text, and what cells say of their captions and tables, is that of the clean notebook. The cell with
    injected parameters comes from the run, as do the notes of papermill and press.
    """
    cells: list[Any] = []
    fresh = iter(clean.cells)
    for done in (cell for cell in run["cells"] if cell["cell_type"] == "code"):
        if "injected-parameters" in done["metadata"].get("tags", []):
            cells.append(nbformat.from_dict(done))  # type: ignore[no-untyped-call]
            continue
        for cell in fresh:
            cells.append(cell)
            if cell.cell_type == "code":
                cell["outputs"], cell["execution_count"] = done["outputs"], done["execution_count"]
                cell.metadata["papermill"] = done["metadata"]["papermill"]
                break
    notes = {key: run["metadata"][key] for key in NOTES}
    metadata = nbformat.from_dict(clean.metadata | notes)  # type: ignore[no-untyped-call]
    return nbformat.from_dict(clean | {"cells": [*cells, *fresh], "metadata": metadata})  # type: ignore[no-untyped-call,no-any-return]


def dump(notebook: Mapping[str, Any]) -> str:
    """Write a notebook as JSON, texts as lists of lines."""
    return f"{nbformat.v4.writes(nbformat.from_dict(notebook))}\n"  # type: ignore[no-untyped-call]
