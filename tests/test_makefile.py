"""The front door: what the Makefile says and passes on, with stand-ins for the environment and for Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """A directory with the Makefile; making the environment leaves a trace, and nothing else."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "environment").write_text("touch made\n")
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def make(door: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("MAKE")} | variables
    return subprocess.run(
        ["make", *arguments], cwd=door, capture_output=True, text=True, env=environment, check=False
    )


def test_a_chapter_without_its_name_makes_no_environment(door: Path) -> None:
    done = make(door, "chapter")
    assert done.returncode == 2 and done.stderr.startswith("usage: make chapter C=rates")
    assert not (door / "made").exists()


def test_a_list_is_no_pattern_for_names_of_files(door: Path) -> None:
    (door / "1").touch()
    done = make(door, "chapter", "C=rates", "P=-p gammas [1.1,2.0] -p p *", "PY=echo")
    assert done.stdout.splitlines() == ["-m press run rates --profile default -p gammas [1.1,2.0] -p p *"]
    assert done.returncode == 0 and (door / "made").exists()


def test_settings_of_the_caller_are_not_passed_on(door: Path) -> None:
    (door / ".ci" / "environment").write_text("env\n")
    hostile = ("PYTHONOPTIMIZE", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "DASK_X", "MPLBACKEND", "JUPYTER_PATH")
    done = make(door, "environment", **dict.fromkeys(hostile, "1"), PYTHON="python3.12", PIP_INDEX_URL="x")
    seen = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert not seen.keys() & set(hostile)
    assert (seen["PYTHON"], seen["PIP_INDEX_URL"], seen["PYTHONNOUSERSITE"]) == ("python3.12", "x", "1")
