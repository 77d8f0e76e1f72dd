"""Collect rows of figures, not verdicts, and write them to `_build/bench/report.json`.

A run of some files renews their parts of the report and keeps the others.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from press.evidence.measurements import read_report
from press.run.disk.files import write_atomically
from press.run.project import Project

REPORT = Project(Path(__file__).resolve().parents[1]).build / "bench" / "report.json"
PARTS: dict[str, list[dict[str, Any]]] = {}
Record = Callable[..., None]
collect_ignore = [  # run as scripts
    "cover.py",
    "deep",
    "faults.py",
    "growth.py",
    "hotspots.py",
    "mutate.py",
    "peers.py",
    "soak.py",
]
VERSIONS = ("numpy", "scipy", "numba")
PEERS = ("heyoka", "diffrax", "jax")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the profile of the builds."""
    parser.addoption("--book", default="smoke", choices=("smoke", "default", "none"), help="builds to time")


@pytest.fixture
def record() -> Record:
    """Add one row to a part of the report."""

    def add(part: str, **row: Any) -> None:
        PARTS.setdefault(part, []).append(row)

    return add


@pytest.fixture
def compare(record: Record) -> Record:
    """Record what was timed (in seconds), against what."""

    def add(what: str, seconds: float, against: str, other_seconds: float) -> None:
        ratio = seconds / other_seconds
        row = {"what": what, "seconds": seconds, "against": against, "other_seconds": other_seconds}
        record("comparisons", **row, ratio=ratio)

    return add


@pytest.fixture
def race(record: Record) -> Record:
    """Record one competitor (see deep/run.py); times are scaled to all lanes, and to the steps needed."""

    def add(what: str, competitor: str, result: dict[str, Any]) -> None:
        row: dict[str, Any] = {"race": what, "method": competitor}
        if "missing" in result:
            record("races", **row, missing=result["missing"])
            return
        scale = result["of"] / result["lanes"] * result["steps_scaled"]
        row |= {"cpu": scale * result["seconds"], "wall": scale * result["wall"], "error": result["error"]}
        row |= {"mib": result["mib"], "mib_before": result["mib_before"], "scaled": scale}
        record("races", **row, steps_scaled=result["steps_scaled"], reference=result["errors against"])

    return add


def machine() -> dict[str, str | int]:
    """Describe where the figures were taken."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        processor = next(
            (line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line),
            processor,
        )
    facts: dict[str, str | int] = {"processor": processor, "cores": os.cpu_count() or 1}
    facts |= {"memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"}
    facts |= {"system": platform.platform(terse=True), "python": platform.python_version()}
    facts |= {name: version(name) for name in VERSIONS}
    for name in PEERS:  # in a folder of their own
        found = sorted((REPORT.parent / "peers").glob(f"{name}-*.dist-info"))
        try:
            facts[name] = found[0].name.split("-")[1].removesuffix(".dist") if found else version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    return facts


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the report and print it."""
    if not PARTS:
        return
    try:
        report = read_report(REPORT)
    except ValueError:
        report = {"parts": {}}
    measured = datetime.now(UTC).isoformat(timespec="minutes")
    load = round(os.getloadavg()[0], 1)
    for part, rows in PARTS.items():
        report["parts"][part] = {"measured": measured, "load": load, "rows": rows}
    report["machine"] = machine()
    write_atomically(REPORT, json.dumps(report, indent=1) + "\n")
    terminalreporter.section("one thread each; press/pages/speed.py makes a page of it")
    for key, value in report["machine"].items():
        terminalreporter.write_line(f"{key}: {value}")
    for part, rows in PARTS.items():
        terminalreporter.write_line(f"\n{part}")
        for row in rows:
            terminalreporter.write_line(
                "  " + ", ".join(f"{key} {_show(value)}" for key, value in row.items())
            )


def _show(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) and math.isfinite(value) else str(value)
