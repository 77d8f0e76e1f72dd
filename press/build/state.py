"""Whether there is anything to do: the content of what a book is made from, and of what was made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from press.run.environment import interpreter
from press.run.project import HOME, Project

__all__ = ["made", "sources"]

READ = ("book", "evidence", "press", "profiles", "tests")
ALONE = ("_config.yml", "_toc.yml", "CITATION.cff", "pytest.ini", "pyproject.toml", "requirements.lock")


def sources(project: Project) -> list[Path]:
    """List all files that a book is made from; those that Python writes beside them are none."""
    folders = {*READ, project.setting("library") or "book"}
    found = [path for name in folders for path in (project.root / name).rglob("*") if path.is_file()]
    if project.root != HOME:
        found += (HOME / "press").rglob("*.py")
    return [p for p in found if "__pycache__" not in p.parts] + [project.root / name for name in ALONE]


def made(project: Project, files: Iterable[Path], *words: str) -> str:
    """Identify the content of files, and of words besides; times do not matter."""
    digest = hashlib.sha256(json.dumps([interpreter(), *words]).encode())
    for path in sorted(set(files)):
        digest.update(f"{os.path.relpath(path, project.root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return digest.hexdigest()
