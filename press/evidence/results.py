"""What a chapter found: the values that it noted for its text and the numbers that it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from press.run.outputs import LEDGER, Note, notes

__all__ = ["Result", "results"]

Result = Note


def results(notebook: Mapping[str, Any]) -> dict[str, Result]:
    """Collect the results of an executed notebook: notes by name, numbers of the ledger by item and cell.

    A number of the ledger comes with its verdict and its covariance with each number of its fit, so that
    anyone can repeat the verdict.

    >>> row = {"item": "Table 1", "cell": "gamma=2", "ours": 0.5, "verdict": "match", "kind": "prediction"}
    >>> output = {"data": {LEDGER: row | {"covariance": {"gamma=2": 1e-4}}}, "metadata": {}}
    >>> for name, value in results({"cells": [{"outputs": [output]}]}).items():
    ...     print(f"{name}: {value}")
    Table 1, gamma=2: 0.5
    Table 1, gamma=2: verdict: match
    Table 1, gamma=2: kind: prediction
    Table 1, gamma=2: covariance with gamma=2: 0.0001
    """
    found: dict[str, Result] = dict(notes(notebook))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if row := output.get("data", {}).get(LEDGER):
                name = f"{row['item']}, {row['cell']}"
                found[name] = float(row["ours"])
                found |= {f"{name}: {field}": row[field] for field in ("verdict", "kind")}
                for other, value in row["covariance"].items():
                    found[f"{name}: covariance with {other}"] = float(value)
    return found
