"""What numba keeps on disk may be damaged, or impossible to keep; results are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = """
from opgd.flow._compile import compiled

@compiled("contract")
def twice(x):
    return 2 * x
"""
CALL = "import kept; print(kept.twice(21.0))"


def call(directory: Path) -> str:
    variables = os.environ | {"PYTHONPATH": str(directory), "NUMBA_CACHE_DIR": ""}
    command = [sys.executable, "-W", "error", "-c", CALL]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    return done.stdout.strip() + done.stderr


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "kept.py").write_text(SOURCE)
    return tmp_path


def test_damaged_files_are_made_again(directory: Path) -> None:
    assert call(directory) == "42.0"
    kept = sorted((directory / "__pycache__").glob("kept.*.nb?"))
    assert [path.suffix for path in kept] == [".nbc", ".nbi"]
    sizes = [path.stat().st_size for path in kept]
    for path, damage in zip(kept, (b"\x80\x04nonsense", b""), strict=True):
        path.write_bytes(damage)
        assert call(directory) == "42.0"
        assert [path.stat().st_size for path in kept] == sizes


def test_where_nothing_can_be_kept(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "__pycache__").write_text("not a directory")
    monkeypatch.setenv("HOME", str(directory / "kept.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory / "kept.py"))
    assert call(directory) == "42.0"
