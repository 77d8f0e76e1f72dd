"""The ledger: every printed number of the paper beside ours, with a verdict, gathered from the chapters."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from press.chapter.record import Row
from press.run.outputs import LEDGER

__all__ = ["collect", "dump"]


def collect(notebooks: Mapping[str, Mapping[str, Any]], root: Path, *, strict: bool) -> list[Row]:
    """Gather the rows of executed notebooks, sorted by item and cell.

    Raises ValueError if a row occurs twice, names a check that does not exist, or, with `strict`, does not
    match and does not say why. Strict is for the full scale; a smoke run proves nothing.
    """
    rows: dict[tuple[str, str], Row] = {}
    for chapter, notebook in notebooks.items():
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                if LEDGER not in output.get("data", {}):
                    continue
                row = cast(Row, output["data"][LEDGER] | {"chapter": chapter})
                key = (row["item"], row["cell"])
                if key in rows:
                    raise ValueError(f"{chapter} and {rows[key]['chapter']} both record {key[0]}, {key[1]}")
                if strict and row["verdict"] != "match" and not row["why"]:
                    raise ValueError(
                        f"{chapter}: {key[0]}, {key[1]}: ours {row['ours']:.4g} against {row['reported']:g} "
                        f"(z = {row['z']:.1f}) does not match and no `why` is given"
                    )
                _verify_check(row["check"], root)
                rows[key] = row
    return [rows[key] for key in sorted(rows)]


def dump(rows: list[Row]) -> str:
    """Write rows as JSON."""
    return json.dumps(rows, indent=1, allow_nan=False) + "\n"


def _verify_check(node: str, root: Path) -> None:
    """Refuse a pytest node whose file or test function does not exist; nothing is imported."""
    name, *parts = node.split("::")
    path = root / name
    if not parts or ".." in Path(name).parts or not path.is_file():
        raise ValueError(f"check {node!r}: there is no such test file")
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for part in parts:
        wanted = part.split("[", 1)[0]
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        match = next((n for n in body if isinstance(n, kinds) and n.name == wanted), None)
        if match is None:
            raise ValueError(f"check {node!r}: {name} does not define {wanted}")
        body = match.body
