"""The status page: what was executed when, where, with which versions, and what it cost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from press.pages.markup import escape, table
from press.run import reported

__all__ = ["PARTS", "measure"]

Status = Mapping[str, Any]


def measure(notebooks: Mapping[str, Mapping[str, Any]], lock: Path, commit: str) -> dict[str, Any]:
    """Collect what each execution noted about itself, the SHA-256 of the lock, the commit, the time (UTC)."""
    return {
        "chapters": {name: dict(notebook["metadata"]["press"]) for name, notebook in notebooks.items()},
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest(),
        "commit": commit,
        "built": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _chapters(status: Status) -> str:
    rows = [
        [f"{{doc}}`{name}`", *map(escape, (_minute(press["started"]), f"{press['seconds']:.1f}")),
         escape(press["profile"]), escape(press["commit"])]
        for name, press in status["chapters"].items()
    ]  # fmt: skip
    total = sum(press["seconds"] for press in status["chapters"].values())
    rows.append(["**all**", "", f"**{total:.1f}**", "", ""])
    return _table(("Chapter", "Executed (UTC)", "Seconds", "Profile", "Commit"), rows)


def _environment(status: Status) -> str:
    """One line for each fact; where chapters differ, all values."""
    facts: dict[str, list[str]] = {}
    for press in status["chapters"].values():
        for name in ("machine", "profile"):
            facts.setdefault(name, []).append(press[name])
    for press in status["chapters"].values():
        for name, version in press["versions"].items():
            facts.setdefault(name, []).append(version)
    rows = [[name, ", ".join(dict.fromkeys(values))] for name, values in facts.items()]
    rows += [
        ["commit of the pages", status["commit"]],
        ["pages built (UTC)", _minute(status["built"])],
        ["SHA-256 of requirements.lock", status["lock"]],
    ]
    return _table(("What", "Value"), [list(map(escape, row)) for row in rows])


def _cost(status: Status) -> str:
    """An upper bound of our cost, and the authors' stated one if there is one."""
    chapters = status["chapters"].values()
    seconds = sum(press["seconds"] for press in chapters)
    ours = sum(press["seconds"] * press["processors"] for press in chapters) / 3600
    counts = [press["processors"] for press in chapters]
    processors = " to ".join(dict.fromkeys(str(count) for count in (min(counts), max(counts))))
    rows = [["this book, as measured", processors, f"{seconds / 60:.1f} min", f"at most {ours:.2f}"]]
    if stated := reported.stated_cost():
        cores, hours = stated
        told = ["the paper, as stated", f"{cores}", f"at most {hours} h", f"at most {cores * hours:,}"]
        rows.insert(0, told)
    header = ("What", "Processor cores", "Time", "Core hours")
    return _table(header, [list(map(escape, row)) for row in rows])


PARTS: Mapping[str, Callable[[Status], str]] = {
    "chapters": _chapters,
    "environment": _environment,
    "cost": _cost,
}


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def _table(header: tuple[str, ...], rows: list[list[str]]) -> str:
    return table(header, rows, classes="ledger status", numbers=())
