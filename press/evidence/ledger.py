"""The ledger: every printed number of the paper beside ours, with a verdict, gathered from the chapters."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from press.chapter.record import Row
from press.run.outputs import LEDGER

__all__ = ["VERDICTS", "collect", "dump", "sentence", "tally"]

VERDICTS = ("match", "explained", "unreproduced")


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
                        f"(squared distance of its fit {row['distance']:.1f}) does not match "
                        "and no `why` is given"
                    )
                _verify_check(row["check"], root)
                rows[key] = row
    return [rows[key] for key in sorted(rows)]


def dump(rows: list[Row]) -> str:
    """Write rows as JSON."""
    return json.dumps(rows, indent=1, allow_nan=False) + "\n"


def tally(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count rows by verdict, and the predictions among them; `all` and `predictions` are the sums.

    >>> rows = [{"verdict": "match", "kind": kind} for kind in ("prediction", "fitted")]
    >>> {name: count for name, count in tally(rows).items() if count}
    {'all': 2, 'match': 2, 'predictions': 1, 'predictions-match': 1}
    """
    found: dict[str, int] = {}
    rows = list(rows)
    own = [row for row in rows if row["kind"] == "prediction"]
    for total, prefix, some in (("all", "", rows), ("predictions", "predictions-", own)):
        verdicts = Counter(row["verdict"] for row in some)
        found |= {total: len(some)} | {f"{prefix}{verdict}": verdicts[verdict] for verdict in VERDICTS}
    return found


def sentence(counts: Mapping[str, int]) -> str:
    """Say what `tally` counted; wherever the counts are stated, they are stated so.

    >>> sentence(tally([{"verdict": "match", "kind": "prediction"}]))[:69]
    'Of 1 printed numbers 1 match, 0 are explained, 0 are unreproduced; of'
    """
    return (
        f"Of {counts['all']} printed numbers {counts['match']} match, {counts['explained']} are explained, "
        f"{counts['unreproduced']} are unreproduced; of the {counts['predictions']} predictions among them "
        f"{counts['predictions-match']} match."
    )


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
