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


def sources(project: Project) -> list[Path]:
    """List all files that a book is made from; those that Python writes beside them are none."""
    roots = [project.root / name for name in project.sources]
    if project.root != HOME:
        roots.append(HOME / "press")
    found = [path for root in roots if root.is_dir() for path in root.rglob("*") if path.is_file()]
    return [p for p in found if "__pycache__" not in p.parts] + [root for root in roots if not root.is_dir()]


def made(project: Project, files: Iterable[Path], *words: str) -> str:
    """Identify the content of files, and of words besides; times do not matter."""
    digest = hashlib.sha256(json.dumps([interpreter(), *words]).encode())
    for path in sorted(set(files)):
        digest.update(f"{os.path.relpath(path, project.root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return digest.hexdigest()
