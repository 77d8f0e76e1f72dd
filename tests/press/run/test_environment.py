from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from press.run import environment
from press.run.project import Project


def git(book: Project, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    identity += [
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.hooksPath=/dev/null",
    ]  # whatever the developer has set
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


def test_only_sources_count_as_changes(book: Project) -> None:
    git(book, "init")
    git(book, "add", ".")
    git(book, "commit", "-m", "x")
    (book.root / "grid.yml").write_text("points: [{}]\n")
    (book.root / "placing" / "points").mkdir(parents=True)
    (book.root / "placing" / "points" / "x.ipynb").write_text("{}")
    ignored = (book.root / ".gitignore").read_text()
    (book.root / ".gitignore").write_text(f"{ignored}*.swp\n")
    (book.book / "x.swp").write_text("")
    assert re.fullmatch(r"[0-9a-f]{12}", environment.commit(book.root))
    for path in (book.root / "pytest.ini", book.book / "first.md", book.root / "press" / "new.py"):
        before = path.read_bytes() if path.exists() else None
        path.write_text("# changed\n")
        assert environment.commit(book.root).endswith("+changes"), path
        path.unlink() if before is None else path.write_bytes(before)
    assert re.fullmatch(r"[0-9a-f]{12}", environment.commit(book.root))


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


HOSTILE = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONDEVMODE": "1",
    "PYTHONPROFILEIMPORTTIME": "1",
    "PYTHONINSPECT": "1",
    "PYTHON_JIT": "1",
    "PYTEST_ADDOPTS": "-x",
    "PYTEST_PLUGINS": "nothing",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "HYPOTHESIS_PROFILE": "none",
    "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
    "JUPYTER_PREFER_ENV_PATH": "0",
    "PRESS_REPORTED": "other.numbers",
}


@pytest.fixture
def restored() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_what_can_change_a_result_is_shut_out_or_part_of_the_key(book: Project, restored: None) -> None:
    environment.isolate(book)
    clean, key = dict(os.environ), environment.interpreter()
    os.environ.update(HOSTILE)
    assert environment.interpreter() == key
    environment.isolate(book)
    assert dict(os.environ) == clean
    for name in ("NUMBA_DISABLE_JIT", "SCIPY_ARRAY_API", "OPENBLAS_CORETYPE", "LD_PRELOAD"):
        os.environ[name] = "1"
        environment.isolate(book)
        assert f" {name}=1" in environment.interpreter()
    os.environ["PYTHONPYCACHEPREFIX"] = "elsewhere"
    environment.isolate(book)
    assert os.environ["PYTHONPYCACHEPREFIX"] == "elsewhere"


def test_a_kernel_checks_assertions_whatever_the_caller_has_set(book: Project) -> None:
    path = book.book / "second.md"
    path.write_text(path.read_text().replace("import math\n", "import math\nassert base < 0\n"))
    command = [sys.executable, "-OO", "-m", "press", "run", "second", "-o", "out.ipynb"]
    done = subprocess.run(command, cwd=book.root, capture_output=True, text=True, env=os.environ | HOSTILE)
    assert done.returncode == 1 and "AssertionError" in done.stderr and not (book.root / "out.ipynb").exists()


def test_versions_and_machine_name_no_host() -> None:
    assert {"python", "numpy", "scipy", "papermill"} <= set(environment.versions())
    assert os.uname().nodename not in environment.machine()
