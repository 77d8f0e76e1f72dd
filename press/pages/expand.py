"""Directives and roles of evidence in a page's Markdown become plain MyST; Sphinx knows none of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import yaml

from press.chapter.record import Row
from press.evidence import long_runs
from press.evidence.ledger import sentence, tally
from press.evidence.measurements import COMMITTED, read_report
from press.evidence.sources import check_source
from press.evidence.statements import FOLDER, Check, Statement, read_statements
from press.evidence.statements import read_report as read_checks
from press.pages import citation, ledger, speed, statements, status
from press.pages.made_by import reproduced
from press.run.environment import commit
from press.run.project import Project

T = TypeVar("T")
__all__ = ["DIRECTIVES", "ROLES", "Evidence", "expand"]

CHECKS = "checks"
"""The page that shows the source of the checks; where there is none, nothing links to it."""


class Evidence:
    """What a page can ask for; each part is read when it is asked for."""

    def __init__(
        self, project: Project, notebooks: Mapping[str, Mapping[str, Any]], pages: Iterable[str]
    ) -> None:
        self.project, self.notebooks, self.linked = project, notebooks, CHECKS in pages

    @cached_property
    def rows(self) -> list[Row]:
        """The ledger."""
        rows: list[Row] = json.loads(self.project.ledger.read_text(encoding="utf-8"))
        return rows

    @cached_property
    def places(self) -> dict[str, tuple[str, str]]:
        """Where each item of the paper is recomputed."""
        places: dict[str, tuple[str, str]] = {}
        for chapter, notebook in self.notebooks.items():
            for item, name in reproduced(notebook).items():
                places.setdefault(item, (chapter, name))
        return places

    @cached_property
    def guards(self) -> dict[str, str]:
        """The source of each test that guards a number of the ledger."""
        checks = dict.fromkeys(row["check"] for row in self.rows)
        return {check: check_source(self.project.root, check) for check in checks}

    @cached_property
    def statements(self) -> dict[str, Statement]:
        """The statements of the paper."""
        return read_statements(self.project.evidence / "statements.toml")

    @cached_property
    def checks(self) -> list[Check]:
        """What their checks said."""
        return read_checks(self.project.theory, self.statements)

    @cached_property
    def status(self) -> dict[str, Any]:
        """What was executed when, where and how long."""
        root = self.project.root
        return status.measure(self.notebooks, root / "requirements.lock", commit(root))

    @cached_property
    def speed(self) -> dict[str, Any] | None:
        """The committed report of `make bench`, if there is one."""
        path = self.project.evidence / COMMITTED
        return read_report(path) if path.is_file() else None

    @cached_property
    def long_runs(self) -> dict[str, Any]:
        """The kept results of long runs."""
        path = self.project.evidence / long_runs.FILE
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return kept

    def settings(self, name: str) -> dict[str, Any]:
        """A YAML file in the root of the project."""
        found: dict[str, Any] = yaml.safe_load((self.project.root / name).read_text(encoding="utf-8"))
        return found


def _status(e: Evidence, part: str, level: int) -> str:
    return _choose(status.PARTS, part)(e.status)


def _speed(e: Evidence, part: str, level: int) -> str:
    write = _choose(speed.PARTS, part)
    return speed.NOT_MEASURED if e.speed is None else write(e.speed)


def _choose(parts: Mapping[str, T], part: str) -> T:
    if part not in parts:
        raise ValueError(f"{part!r}; allowed: {', '.join(parts)}")
    return parts[part]


def _long(e: Evidence, text: str) -> str:
    chapter, _, name = text.partition(" ")
    return long_runs.show(e.long_runs, chapter, name)


def _tally(e: Evidence, name: str) -> str:
    counts = tally(e.rows)
    return sentence(counts) if name == "sentence" else str(_choose(counts, name))


DIRECTIVES: Mapping[str, Callable[[Evidence, str, int], str]] = {
    "checks": lambda e, _, level: statements.listing_of_checks(
        e.statements, e.checks, e.project.root / FOLDER, level
    ),
    "citation-file": lambda e, *_: citation.citations(e.settings(citation.FILE), e.settings("_config.yml")),
    "ledger": lambda e, *_: ledger.numbers(e.rows, e.places, linked=e.linked),
    "ledger-counts": lambda e, *_: ledger.counts(e.rows, e.places),
    "ledger-figure": lambda e, caption, _: ledger.picture(e.rows, caption),
    "number-checks": lambda e, _, level: ledger.checks(e.rows, e.guards, level),
    "speed": _speed,
    "statements": lambda e, *_: statements.overview(e.statements, e.checks, linked=e.linked),
    "status": _status,
}
"""From the evidence, the directive's argument and the level of headings for sections, to MyST."""
ROLES: Mapping[str, Callable[[Evidence, str], str]] = {
    "long": _long,
    "mark": lambda e, name: statements.badge(name, e.statements, e.checks, linked=e.linked),
    "tally": _tally,
}
_TOKEN = re.compile(
    rf"""
    ^(?P<fence>`{{3,}})\{{(?P<directive>{"|".join(DIRECTIVES)})\}}(?P<argument>[^\n]*)\n(?P=fence)[ ]*$
    | ^[ ]*(?P<code>`{{3,}}|~{{3,}})(?:\{{(?:code|math|raw|literalinclude)|\w).*?\n[ ]*(?P=code)[`~]*[ ]*$
    | ``[^\n]+?``
    | \{{(?P<role>{"|".join(ROLES)})\}}`(?P<text>[^`]+)`
    | ^(?P<heading>\#+)[ ]
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""What is replaced, what is code and stays, and the headings that sections must fit below."""


def expand(text: str, evidence: Evidence, page: str) -> str:
    """Replace what `DIRECTIVES` and `ROLES` name; an unknown argument is a ValueError that names the page."""
    level = 1

    def one(found: re.Match[str]) -> str:
        nonlocal level
        name = found["directive"] or found["role"]
        try:
            if found["directive"]:
                return DIRECTIVES[name](evidence, found["argument"].strip(), level + 1)
            if found["role"]:
                return ROLES[name](evidence, " ".join(found["text"].split()))
        except ValueError as error:
            raise ValueError(f"{page}: {name}: {error}") from None
        level = len(found["heading"] or "#" * level)
        return found[0]

    return _TOKEN.sub(one, text)
