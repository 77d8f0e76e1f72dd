"""The book: what its chapters took, where the time of the slowest goes, and what a build takes again.

The builds run in a copy of the checkout: `--book smoke` (the default), `--book default` or `--book none`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from press.run.project import Project

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(
    "_build", ".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", ".benchmarks"
)


def executed() -> dict[str, Mapping[str, Any]]:
    """What each executed chapter noted about itself."""
    book = Project(ROOT)
    paths = {name: book.executed / f"{name}.ipynb" for name in book.chapters()}
    if missing := [name for name, path in paths.items() if not path.is_file()]:
        pytest.skip(f"not executed: {', '.join(missing)}; run `make book` before")
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    return {name: json.loads(text)["metadata"]["press"] for name, text in texts.items()}


def test_chapters(record: Any) -> None:
    for name, press in executed().items():
        facts = {key: press[key] for key in ("seconds", "processors", "profile", "machine")}
        record("chapters", chapter=name, **facts)


def test_profile(record: Any) -> None:
    """The two slowest chapters, sampled."""
    chapters = executed()
    for name in sorted(chapters, key=lambda name: -float(chapters[name]["seconds"]))[:2]:
        command = [sys.executable, str(ROOT / "bench" / "hotspots.py"), name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        for function, share in found["shares"].items():
            record(
                "profile", chapter=name, function=function, share=share, cpu=found["cpu"], wall=found["wall"]
            )


def test_builds(request: pytest.FixtureRequest, tmp_path: Path, record: Any) -> None:
    """Cold, unchanged, with a line more in one chapter, and with a cell changed in one."""
    profile = request.config.getoption("--book")
    if profile == "none":
        pytest.skip("--book none")
    copy = tmp_path / "book"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)

    def build(what: str) -> None:
        used, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "press", "book", "--profile", profile],
            cwd=copy, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        record("book", what=what, profile=profile, wall=time.perf_counter() - wall, cpu=cpu)

    build("cold")
    build("unchanged")
    chapter = copy / "book" / "welcome.md"
    text = chapter.read_text(encoding="utf-8") + "\nOne line more.\n"
    chapter.write_text(text, encoding="utf-8")
    build("one line of prose more")
    chapter.write_text(text.replace("\nimport ", "\nimport math as _\nimport ", 1), encoding="utf-8")
    build("one chapter changed")
