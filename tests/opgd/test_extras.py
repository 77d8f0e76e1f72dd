"""What an installation without extras can do, and what it says where it cannot."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest

import opgd

ROOT = Path(__file__).resolve().parents[2]


def without(monkeypatch: pytest.MonkeyPatch, package: str, *rooms: str) -> None:
    """Import as if a package were not installed: these rooms of opgd are imported anew, and forgotten."""
    for name in list(sys.modules):
        if name.startswith(rooms) or name.partition(".")[0] == package:
            monkeypatch.delitem(sys.modules, name)
    for room in rooms:
        parent, _, child = room.rpartition(".")
        monkeypatch.delattr(sys.modules[parent], child, raising=False)
    monkeypatch.setitem(sys.modules, package, None)


def test_depth_0_and_the_classics_work_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "numba", "opgd.flow._deep", "opgd.flow._compile", "opgd.classics")
    importlib.import_module("opgd.classics.contest")
    problem = opgd.PowerLaw(1, 2, 1.5, 2000)
    assert 0 < opgd.oracle_stopping(opgd.OverParameterizedFlow(0), problem).risk < 0.1
    with pytest.raises(ImportError, match=r"opgd-book\[deep\]") as caught:
        opgd.expected_risk(opgd.OverParameterizedFlow(1), problem, 1.0)
    assert caught.value.name == "numba"


def test_regression_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "sklearn", "opgd.regression")
    with pytest.raises(ImportError, match=r"opgd-book\[regression\]") as caught:
        importlib.import_module("opgd.regression")
    assert caught.value.name.startswith("sklearn")


def test_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert opgd.__version__ == project["version"]
