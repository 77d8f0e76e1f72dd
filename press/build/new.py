"""A project of one's own: the small book of the tests, with what every book needs from this one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from press.run.project import HOME, Project

__all__ = ["TEMPLATE", "create"]

TEMPLATE = HOME / "tests" / "small_book"
"""The small book, as files."""
SHARED = (
    *(".gitignore", "requirements.lock", "book/assets"),
    *("tests/theory/conftest.py", "tests/theory/statements.py"),
)


def create(directory: Path) -> Project:
    """Write a small executable paper into a directory, which is made.

    ValueError if it is there and not empty, or if this package was installed without its checkout.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ValueError(f"directory {str(directory)!r} is there already, and not empty")
    if not TEMPLATE.is_dir():
        raise ValueError(f"{TEMPLATE} is missing: press new needs the checkout that press comes from")
    leave = shutil.ignore_patterns("__pycache__", "_build", ".*")
    shutil.copytree(TEMPLATE, directory, dirs_exist_ok=True, ignore=leave)
    for name in SHARED:
        source, place = HOME / name, directory / name
        shutil.copytree(source, place, ignore=leave) if source.is_dir() else shutil.copy(source, place)
    settings = (HOME / "_config.yml").read_text(encoding="utf-8")
    for line in ("title: A small book", "author: the authors"):
        settings = re.sub(rf"^{line.split(':')[0]}:.*$", line, settings, flags=re.MULTILINE)
    (directory / "_config.yml").write_text(settings, encoding="utf-8")
    return Project(directory)
