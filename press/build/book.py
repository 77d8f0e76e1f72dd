"""Build the book: execute what the store does not have, then ledger, checks of the statements, and pages."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from press.build.state import made, sources
from press.run.disk.files import write_atomically
from press.run.project import HOME, Project

__all__ = ["build_book", "check_theory"]

WORKERS = 2


def build_book(project: Project, profile: str, *, pages: bool = True) -> int:
    """Build the book, or without `pages` only its numbers; 0 if all went well, 1 if not. The lock is held.

    A chapter that fails stops no other, but the book in place is left as it is.
    """
    begun = time.monotonic()
    lock = project.build / "lock"
    locked = lock.exists()
    stamp, before = project.build / "results" / "book", _state(project, profile)
    if pages and _read(stamp) == before:
        return _end(project, begun, 0, [], pages)
    stamp.unlink(missing_ok=True)
    source = made(project, sources(project))
    notebooks, executed, failures = _chapters(project, profile)
    for what, step in {
        "ledger": lambda: _ledger(project, notebooks),
        "theory": lambda: check_theory(project),
        "pages": lambda: _pages(project) if pages else None,
    }.items():
        failures = failures or _try(what, step)
    if failures and locked and not lock.exists():
        failures = [f"press: error: {project.build} was removed during the build; run it again"]
    if pages and not failures and made(project, sources(project)) == source:  # not if edited meanwhile
        write_atomically(stamp, _state(project, profile))
    return _end(project, begun, executed, failures, pages)


def check_theory(project: Project, *, again: bool = False) -> None:
    """Check the paper's statements, unless that was done with the same code, and read the report."""
    from press.evidence.statements import FOLDER, read_report, read_statements, run_checks
    from press.run.key import library

    listed = project.evidence / "statements.toml"
    checks = [*(project.root / FOLDER).rglob("*.py"), HOME / "press" / "evidence" / "statements.py"]
    stamp = project.build / "results" / "theory"

    def state() -> str:
        return made(project, [*checks, listed, project.theory], library(project.root))

    if again or _read(stamp) != state():
        before = library(project.root)
        print("checking the statements ...", file=sys.stderr)
        run_checks(project.root, project.theory)
        read_report(project.theory, read_statements(listed))
        if library(project.root) == before:
            write_atomically(stamp, state())


def _chapters(project: Project, profile: str) -> tuple[dict[str, Any], int, list[str]]:
    """Bring every chapter's notebook into `_build/executed/`; a chapter that failed has none there."""
    from press.build.display import Progress, announce
    from press.build.plan import plan
    from press.run.execute import keep_partial
    from press.run.notebook import clean_notebook, dump
    from press.sweep.workers import gather

    wanted = plan(project, profile)
    announce(wanted)
    there = {one.point.chapter for one in wanted if not one.why}
    for path in project.executed.glob("*.ipynb"):  # no stale one is ever published
        if path.stem not in there:
            path.unlink()
    progress = Progress(wanted, WORKERS)
    notebooks, executed, failures = {}, 0, []
    try:
        points = [one.point for one in wanted]
        for end in gather(project, points, workers=WORKERS, watch=progress.watch):
            chapter = end.point.chapter
            place, failed = (folder / f"{chapter}.ipynb" for folder in (project.executed, project.failed))
            executed += end.executed
            if end.failure:
                place.unlink(missing_ok=True)
                failures.append(keep_partial(project, chapter, end.failure))
            else:
                notebooks[chapter] = end.notebook
                write_atomically(place, dump(end.notebook))
                failed.unlink(missing_ok=True)
            write_atomically(
                project.notebooks / f"{chapter}.ipynb", dump(clean_notebook(project.source(chapter)))
            )
            progress.ended(end)
    finally:
        progress.close()
    return {name: notebooks[name] for name in project.chapters() if name in notebooks}, executed, failures


def _ledger(project: Project, notebooks: dict[str, Any]) -> None:
    """Collect the ledger; at full scale each row that does not match must say why."""
    from press.evidence.ledger import collect, dump

    strict = all(n["metadata"]["press"]["profile"] in ("default", "paper") for n in notebooks.values())
    write_atomically(project.ledger, dump(collect(notebooks, project.root, strict=strict)))


def _pages(project: Project) -> None:
    """Build the HTML."""
    from press.evidence.statements import unchecked
    from press.site.html import build

    open_ones = unchecked(project.evidence / "statements.toml", project.theory)
    if os.environ.get("CI") and open_ones:
        raise ValueError(f"statements whose check has not run: {', '.join(open_ones)}")
    print("building the pages ...", file=sys.stderr)
    build(project)


def _try(what: str, step: Callable[[], None]) -> list[str]:
    """Take a step; return what went wrong."""
    from press.evidence.statements import ChecksFailed
    from press.site.html import SiteFailed

    try:
        step()
        return []
    except (ValueError, OSError, ChecksFailed, SiteFailed) as error:
        return [f"press: error: {what}: {error}"]


def _end(project: Project, begun: float, executed: int, failures: list[str], pages: bool) -> int:
    seconds = time.monotonic() - begun
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    if failures:
        what = "The book was not built" if pages else "The numbers are not complete"
        print(f"{what} ({seconds:.1f} s); the failures are above.")
        return 1
    what = f"The book is {project.html / 'index.html'}" if pages else f"The ledger is {project.ledger}"
    print(f"{what} ({executed} chapters executed, {seconds:.1f} s).")
    return 0


def _state(project: Project, profile: str) -> str:
    """Identify all that a book is made from, and all that was made."""
    there = [
        path for folder in (project.executed, project.html) for path in folder.rglob("*") if path.is_file()
    ]
    return made(project, [*sources(project), *there, project.ledger, project.theory], profile)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
