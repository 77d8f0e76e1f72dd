from __future__ import annotations

import os
import re
import subprocess

import pytest

from press.run import environment
from press.run.project import Project


def git(book: Project, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(book.root), *identity, *arguments], check=True, capture_output=True)


def test_without_a_repository_the_commit_is_unknown(book: Project) -> None:
    assert environment.commit(book.root) == "unknown"


def test_without_git_the_commit_is_unknown(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert environment.commit(book.root) == "unknown"


def test_the_commit_of_this_repository_only(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    git(book, "init")
    git(book, "add", "book")
    git(book, "commit", "-m", "x")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert re.fullmatch(r"[0-9a-f]{12}\+changes", environment.commit(book.root))
    (book.root / ".gitignore").write_text("*\n")
    assert re.fullmatch(r"[0-9a-f]{12}", environment.commit(book.root))
    assert environment.commit(book.book) == "unknown"  # another project inside a repository


def test_isolation(book: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)
    try:
        for name in (
            "JUPYTER_PATH",
            "IPYTHONDIR",
            "MPLBACKEND",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "MPLCONFIGDIR",
        ):
            os.environ[name] = "/nowhere"
        environment.isolate(book)
        left = {name: value for name, value in os.environ.items() if "/nowhere" in value}
        assert left == {}
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
        inside = str(book.build)
        assert all(
            os.environ[n].startswith(inside) for n in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR")
        )
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_versions_and_machine_name_no_host() -> None:
    assert {"python", "numpy", "scipy", "papermill"} <= set(environment.versions())
    assert os.uname().nodename not in environment.machine()
