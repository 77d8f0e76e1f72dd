"""The build graph: chapter -> executed notebook -> ledger -> staged site -> HTML.

Run it with `make book`, or with `python -m doit` in the environment. Everything is decided by content
(md5), not by time. Each step is a command of its own, so that it runs the code as it is now.
"""

from __future__ import annotations

import hashlib
import math
import sys
from pathlib import Path

from doit import get_var
from doit.action import CmdAction
from doit.dependency import MD5Checker
from doit.tools import config_changed

from press.build import lock as guard
from press.build.progress import BookReporter
from press.evidence.reference import read_reference
from press.run import profiles
from press.run.environment import interpreter, isolate
from press.run.parameters import read_parameters, resolve
from press.run.project import Project

PROJECT = Project(Path(__file__).resolve().parent)
PROFILE = get_var("profile", profiles.DEFAULT)


class ContentChecker(MD5Checker):
    """Decide by content alone: doit's own checker takes a file with an old time stamp for unchanged."""

    def check_modified(self, file_path, file_stat, state):
        return list(state[1:]) != list(self.get_state(file_path, None)[1:])

    def get_state(self, dep, current_state):
        return super().get_state(dep, None)


try:
    isolate(PROJECT)
    LOCK = guard.enter(PROJECT)  # until this process and the commands it begins have ended
except OSError as error:
    sys.exit(f"press: error: {error}")

DOIT_CONFIG = {
    "default_tasks": ["html"],
    "reporter": BookReporter,
    "dep_file": str(PROJECT.build / guard.STATE),
    "backend": "sqlite3",
    "num_process": 2,
    "par_type": "thread",
    "check_file_uptodate": ContentChecker,
    "continue": True,
    "verbosity": 0,
}


def command(*arguments: str) -> CmdAction:
    """An action: a command of press, inside the lock."""
    return CmdAction([sys.executable, "-m", "press", *arguments], shell=False, pass_fds=(LOCK,))


def as_written(task, values):
    """Whether a task's result is what it wrote: not damaged, and not left by a build that was killed."""
    result = Path(task.targets[0])

    def digest():
        whole = result.parent == PROJECT.html
        paths = sorted(p for p in PROJECT.html.rglob("*") if p.is_file()) if whole else [result]
        return [hashlib.md5(path.read_bytes()).hexdigest() for path in paths if path.is_file()]

    task.value_savers.append(lambda: {"written": digest()})
    return values.get("written") == digest()


def files(directory: str, pattern: str = "*") -> list[str]:
    """Files below a directory of the project, without caches."""
    found = (PROJECT.root / directory).rglob(pattern)
    return sorted(str(p) for p in found if p.is_file() and "__pycache__" not in p.parts)


def executed(chapter: str) -> str:
    return str(PROJECT.executed / f"{chapter}.ipynb")


def seconds(chapter: str) -> float:
    """How long a chapter ran where the reference was made; a new one counts as long."""
    try:
        return float(read_reference(PROJECT)["chapters"][chapter]["seconds"])
    except (KeyError, ValueError):
        return math.inf


def longest_first() -> list[str]:
    """The tasks of the chapters in an order that matters for time only."""
    return [f"chapter:{name}" for name in sorted(PROJECT.chapters(), key=seconds, reverse=True)]


def task_chapter():
    """Execute each chapter whose text, parameters, mathematics, press or environment changed."""
    sources = [str(path) for path in PROJECT.inputs()]
    for name in PROJECT.chapters():
        text = PROJECT.source(name)
        given = profiles.overrides(PROJECT, PROFILE, name)
        values = resolve(read_parameters(text), given)
        yield {
            "name": name,
            # A stale page is never published. Commands only: doit swaps sys.stderr for the whole process
            # around a Python action, and two of them at a time would leave the progress bar mute.
            "actions": [
                ["rm", "-f", executed(name)],
                command("run", name, "--profile", PROFILE, "-o", executed(name)),
            ],
            "file_dep": [str(text), *sources],
            "targets": [executed(name), str(PROJECT.notebooks / f"{name}.ipynb")],
            "uptodate": [
                config_changed({"profile": PROFILE, "values": values, "python": interpreter()}),
                as_written,
            ],
        }


def task_ledger():
    """Collect the ledger; every check it names must exist."""
    return {
        "actions": [command("ledger")],
        "task_dep": longest_first(),
        "file_dep": [executed(name) for name in PROJECT.chapters()] + files("tests", "*.py"),
        "targets": [str(PROJECT.ledger)],
        "uptodate": [as_written],
    }


def task_theory():
    """Check the statements of the paper; the report makes the badges of the book."""
    statements = [
        str(PROJECT.evidence / "statements.toml"),
        str(PROJECT.root / "press" / "evidence" / "statements.py"),
    ]
    return {
        "actions": [command("theory")],
        "task_dep": ["ledger"],  # not beside the chapters: both use all processors
        "file_dep": [
            *files("opgd"),
            *files("tests/theory", "*.py"),
            *statements,
            str(PROJECT.root / "requirements.lock"),
        ],
        "targets": [str(PROJECT.theory)],
        "uptodate": [config_changed(interpreter()), as_written],
    }


def task_html():
    """Build the pages."""
    root = PROJECT.root
    settings = [str(root / name) for name in ("_config.yml", "_toc.yml", "CITATION.cff", "requirements.lock")]
    prose = [str(PROJECT.book / f"{name}.md") for name in PROJECT.pages()]
    return {
        "actions": [command("site")],
        "task_dep": longest_first(),
        "file_dep": [
            *(executed(name) for name in PROJECT.chapters()),
            *(settings + prose + files("book/assets") + files("book", "*.bib") + files("press", "*.py")),
            *(str(PROJECT.ledger), str(PROJECT.theory), str(PROJECT.evidence / "statements.toml")),
            *(files("evidence", "bench.json") + files("evidence", "long-runs.json")),
            *(files("opgd", "*.py") + files("tests", "*.py")),  # the reference, and the source of the checks
        ],
        "targets": [str(PROJECT.html / "index.html")],
        "uptodate": [as_written],
    }
