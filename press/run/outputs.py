"""Outputs of cells by which a chapter tells the press something; pages do not show them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ["LEDGER", "RECORD", "SECONDS", "Note", "notes"]

LEDGER = "application/vnd.opgd.ledger+json"
"""A number of the paper beside ours (`press.chapter.record`)."""
RECORD = "application/papermill.record/"
"""What the MIME types of noted values begin with, in scrapbook's form (`press.chapter.note`)."""
SECONDS = "application/vnd.opgd.seconds+json"
"""How long a result took that was kept from an earlier run (`press.chapter.keep`)."""

Note = float | int | str | bool


def notes(notebook: Mapping[str, Any]) -> dict[str, Note]:
    """Collect what the cells of an executed notebook noted; objects such as figures are left out.

    A name that is noted twice is a ValueError.

    >>> glued = {"scrapbook": {"name": "slope", "mime_prefix": RECORD}}
    >>> output = {"metadata": glued, "data": {f"{RECORD}text/plain": "-0.373"}}
    >>> notes({"cells": [{"outputs": [output]}]})
    {'slope': -0.373}
    """
    found: dict[str, Note] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if glued := output.get("metadata", {}).get("scrapbook"):
                text = "".join(output["data"].get(f"{glued['mime_prefix']}text/plain", ""))
                value = _literal(text)
                if value is None:
                    continue
                if glued["name"] in found:
                    raise ValueError(f"{glued['name']!r} is noted twice")
                found[glued["name"]] = value
    return found


def _literal(text: str) -> Note | None:
    """Read what Python shows of a number or a string; None for anything else."""
    if text in ("nan", "inf", "-inf"):
        return float(text)
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, float | int | str | bool) else None
