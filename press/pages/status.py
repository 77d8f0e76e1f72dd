"""The status page: what was executed when, where, with which versions, and what it cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from opgd.paper import reported

__all__ = ["StatusPage", "measure", "setup"]

STAGED = "status.json"


def measure(notebooks: Mapping[str, Mapping[str, Any]], lock: Path, commit: str) -> dict[str, Any]:
    """Collect what the status page says.

    Parameters
    ----------
    notebooks : mapping of str to notebook
        The executed chapters, as parsed JSON.
    lock : pathlib.Path
        The file that fixes the versions of all packages.
    commit : str
        Commit of the project whose pages are built.

    Returns
    -------
    dict
        JSON data: `chapters` (what each execution noted about itself), `lock` (its SHA-256), `commit` and
        `built` (UTC).
    """
    return {
        "chapters": {name: dict(notebook["metadata"]["press"]) for name, notebook in notebooks.items()},
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest(),
        "commit": commit,
        "built": datetime.now(UTC).isoformat(timespec="minutes"),
    }


class StatusPage(SphinxDirective):
    """`{status}` with one of `chapters`, `environment` or `cost` as its argument."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar[dict[str, Any] | None] = {}

    def run(self) -> list[nodes.Node]:
        """Build a table or a paragraph.

        Returns
        -------
        list of docutils.nodes.Node
        """
        parts = {"chapters": _chapters, "environment": _environment, "cost": _cost}
        wanted = self.arguments[0]
        if wanted not in parts:
            raise self.error(f"status: {wanted!r}; allowed: {', '.join(parts)}")
        path = Path(self.env.srcdir) / STAGED
        self.env.note_dependency(str(path))
        return [parts[wanted](json.loads(path.read_text(encoding="utf-8")))]


def _chapters(status: Mapping[str, Any]) -> nodes.Node:
    header = ("Chapter", "Executed (UTC)", "Seconds", "Profile", "Commit")
    rows = []
    for name, press in status["chapters"].items():
        link = addnodes.pending_xref(
            "", nodes.inline(text=name),
            refdomain="std", reftype="doc", reftarget=f"/{name}", refexplicit=False, refwarn=True,
        )  # fmt: skip
        started = press["started"][:16].replace("T", " ")
        plain = (started, f"{press['seconds']:.1f}", press["profile"], press["commit"])
        rows.append([link, *map(nodes.Text, plain)])
    total = f"{sum(press['seconds'] for press in status['chapters'].values()):.1f}"
    rows.append(
        [nodes.strong(text="all"), nodes.Text(""), nodes.strong(text=total), nodes.Text(""), nodes.Text("")]
    )
    return _table(header, rows)


def _environment(status: Mapping[str, Any]) -> nodes.Node:
    """One line for each fact; where chapters differ, all values."""
    chapters = status["chapters"].values()
    facts: dict[str, list[str]] = {
        "machine": [press["machine"] for press in chapters],
        "profile": [press["profile"] for press in chapters],
    }
    for press in chapters:
        for name, version in press["versions"].items():
            facts.setdefault(name, []).append(version)
    rows = [[name, ", ".join(dict.fromkeys(values))] for name, values in facts.items()]
    rows += [
        ["commit of the pages", status["commit"]],
        ["pages built (UTC)", status["built"][:16].replace("T", " ")],
        ["SHA-256 of requirements.lock", status["lock"]],
    ]
    return _table(("What", "Value"), [[nodes.Text(name), nodes.Text(value)] for name, value in rows])


def _cost(status: Mapping[str, Any]) -> nodes.Node:
    """The authors' stated cost beside an upper bound of ours."""
    cores, hours = reported.stated_cost()
    chapters = status["chapters"].values()
    seconds = sum(press["seconds"] for press in chapters)
    ours = sum(press["seconds"] * press["processors"] for press in chapters) / 3600
    processors = _span([press["processors"] for press in chapters])
    rows = [
        ["the paper, as stated", f"{cores}", f"at most {hours} h", f"at most {cores * hours:,}"],
        ["this book, as measured", processors, f"{seconds / 60:.1f} min", f"at most {ours:.2f}"],
    ]
    header = ("What", "Processor cores", "Time", "Core hours")
    return _table(header, [[nodes.Text(text) for text in row] for row in rows])


def _span(counts: list[int]) -> str:
    return " to ".join(dict.fromkeys(str(count) for count in (min(counts), max(counts))))


def _table(header: tuple[str, ...], rows: list[list[nodes.Node]]) -> nodes.container:
    table = nodes.table(classes=["ledger", "status"])
    group = nodes.tgroup(cols=len(header))
    table += group
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += nodes.thead("", _line([nodes.Text(title) for title in header]))
    group += nodes.tbody("", *map(_line, rows))
    return nodes.container("", table, classes=["ledger-scroll"])


def _line(contents: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", content)) for content in contents))


def setup(app: Sphinx) -> None:
    """Register the directive.

    Parameters
    ----------
    app : sphinx.application.Sphinx
        The application.
    """
    app.add_directive("status", StatusPage)
