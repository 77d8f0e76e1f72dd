"""Print ratios, not verdicts: what each benchmark was compared with, on which machine."""

from __future__ import annotations

import json
import math
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPORT = Path(__file__).parent.parent / "_build" / "bench" / "report.json"
ROWS: list[dict[str, Any]] = []
RACES: dict[str, dict[str, dict[str, Any]]] = {}
collect_ignore = ["cover.py", "deep", "mutate.py", "peers.py"]  # run as scripts


@pytest.fixture
def compare() -> Any:
    """Record one line of the report: what was timed (in seconds), against what."""

    def record(what: str, seconds: float, against: str, other_seconds: float) -> None:
        ROWS.append({"what": what, "seconds": seconds, "against": against, "other_seconds": other_seconds,
                     "ratio": seconds / other_seconds})  # fmt: skip

    return record


@pytest.fixture
def race() -> Any:
    """Record the result of one competitor (see deep/run.py); others are held against the first."""

    def record(what: str, competitor: str, result: dict[str, Any]) -> None:
        RACES.setdefault(what, {})[competitor] = result

    return record


def machine() -> dict[str, str | int]:
    """Describe where the timings were taken."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        processor = next(
            (line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line),
            processor,
        )
    return {
        "processor": processor,
        "cores": os.cpu_count() or 1,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables and write them to `_build/bench/report.json`."""
    if not ROWS and not RACES:
        return
    where = machine()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    scratch = REPORT.with_suffix(".tmp")
    report = {"machine": where, "rows": ROWS, "races": RACES}
    scratch.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    os.replace(scratch, REPORT)
    terminalreporter.section("comparisons, one thread")
    terminalreporter.write_line(", ".join(f"{key}: {value}" for key, value in where.items()))
    width = max((len(row["what"]) for row in ROWS), default=0)
    for row in ROWS:
        terminalreporter.write_line(
            f"{row['what']:<{width}}  {1e3 * row['seconds']:9.3f} ms = {row['ratio']:8.3g} x "
            f"{row['against']} ({1e3 * row['other_seconds']:.3f} ms)"
        )
    for what, results in RACES.items():
        terminalreporter.write_line("")
        for line in table(what, results):
            terminalreporter.write_line(line)


def table(what: str, results: dict[str, dict[str, Any]]) -> list[str]:
    """Return one race as lines; times of competitors that ran on fewer lanes are scaled, and marked."""
    heads = ("cpu s", "ratio", "wall s", "worst error", "peak MiB", "(imports)")
    lines = [f"{what:<46}" + "".join(f"{head:>12}" for head in heads)]
    unit = next(iter(results.values())).get("seconds", math.nan)
    for name, result in results.items():
        if "missing" in result:
            lines.append(f"  {name:<44}  not installed: {result['missing']}")
            continue
        scale = result["of"] / result["lanes"]
        cpu, wall = scale * result["seconds"], scale * result["wall"]
        lines.append(
            f"  {name:<44}{cpu:12.2f}{cpu / unit:12.2f}{wall:12.2f}{result['error']:12.1e}"
            f"{result['mib']:12.0f}{result['mib_before']:12.0f}"
            + (f"  ran on {result['lanes']} lanes: times x {scale:.0f}, memory as is" if scale > 1 else "")
        )
    return [
        *lines,
        f"  one core each; worst relative errors against {next(iter(results.values()))['errors against']}",
    ]
