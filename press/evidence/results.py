"""What a chapter found: the values that it glued into its text and the numbers that it recorded."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from press.run.outputs import LEDGER

__all__ = ["Result", "results"]

Result = float | int | str | bool


def results(notebook: Mapping[str, Any]) -> dict[str, Result]:
    """Collect the results of an executed notebook by the glued name, or by item and cell of the ledger.

    Glued objects that are neither numbers nor strings, such as figures, are left out.

    >>> glued = {"scrapbook": {"name": "rates-slope", "mime_prefix": "application/papermill.record/"}}
    >>> output = {"metadata": glued, "data": {"application/papermill.record/text/plain": "-0.373"}}
    >>> results({"cells": [{"outputs": [output]}]})
    {'rates-slope': -0.373}
    """
    found: dict[str, Result] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if LEDGER in data:
                row = data[LEDGER]
                found[f"{row['item']}, {row['cell']}"] = float(row["ours"])
            elif glued := output.get("metadata", {}).get("scrapbook"):
                text = "".join(data.get(f"{glued['mime_prefix']}text/plain", ""))
                value = _literal(text)
                if value is not None:
                    found[glued["name"]] = value
    return found


def _literal(text: str) -> Result | None:
    """Read what Python shows of a number or a string; None for anything else."""
    if text in ("nan", "inf", "-inf"):
        return float(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, float | int | str | bool) else None
