"""What a chapter found: the values that it noted for its text and the numbers that it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from press.run.outputs import LEDGER, Note, notes

__all__ = ["Result", "results"]

Result = Note


def results(notebook: Mapping[str, Any]) -> dict[str, Result]:
    """Collect the results of an executed notebook: notes by name, numbers of the ledger by item and cell.

    >>> row = {"item": "Table 1", "cell": "gamma=2", "ours": 0.5}
    >>> output = {"data": {LEDGER: row}, "metadata": {}}
    >>> results({"cells": [{"outputs": [output]}]})
    {'Table 1, gamma=2': 0.5}
    """
    found: dict[str, Result] = dict(notes(notebook))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if row := output.get("data", {}).get(LEDGER):
                found[f"{row['item']}, {row['cell']}"] = float(row["ours"])
    return found
