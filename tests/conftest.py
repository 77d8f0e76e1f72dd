"""A small book, shared by the tests of press and of the build."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from press.build.new import create
from press.run.project import Project

ROOT = Path(__file__).resolve().parents[1]

collect_ignore = ["small_book"]  # a project of its own, and the template of `press new`


def small_book(root: Path) -> Project:
    """Write the small book, with a copy of this press for `python -m press` there."""
    project = create(root)
    # compiled, too: times of files are kept; what Python is just writing is left out
    shutil.copytree(ROOT / "press", root / "press", ignore=shutil.ignore_patterns("*.pyc.*"))
    return project


@pytest.fixture
def book(tmp_path: Path) -> Project:
    """The small book, not built, in a directory with a space in its name."""
    return small_book(tmp_path / "a small book")


class Fresh(NamedTuple):
    """A book that was built from nothing, and what the build said."""

    project: Project
    said: str
    told: str


@pytest.fixture(scope="session")
def fresh_book(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    """The small book, built once in all processes of the tests: for the one test that builds it further."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    project, said = Project(place / "fresh" / "a small book"), place / "fresh.json"
    with (place / "fresh.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            small_book(project.root)
            done = subprocess.run(
                [sys.executable, "-m", "press", "book"],
                cwd=project.root, env=os.environ | {"CI": ""}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            shutil.copytree(project.root, place / "built" / "a small book")
            said.write_text(json.dumps([done.stdout, done.stderr]))
    return Fresh(project, *json.loads(said.read_text()))


@pytest.fixture(scope="session")
def built_book(fresh_book: Fresh) -> Project:
    """A copy of the small book, built: leave it as it is."""
    return Project(fresh_book.project.root.parents[1] / "built" / "a small book")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--site", type=Path, help="a built book, such as _build/html: examine all its pages")
