"""Print ratios, not verdicts: what each benchmark was compared with, on which machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPORT = Path(__file__).parent.parent / "_build" / "bench" / "report.json"
ROWS: list[dict[str, Any]] = []


@pytest.fixture
def compare() -> Any:
    """Record one line of the report: what was timed (in seconds), against what."""

    def record(what: str, seconds: float, against: str, other_seconds: float) -> None:
        ROWS.append({"what": what, "seconds": seconds, "against": against, "other_seconds": other_seconds,
                     "ratio": seconds / other_seconds})  # fmt: skip

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
    """Print the table and write it to `_build/bench/report.json`."""
    if not ROWS:
        return
    where = machine()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    scratch = REPORT.with_suffix(".tmp")
    scratch.write_text(json.dumps({"machine": where, "rows": ROWS}, indent=2) + "\n", encoding="utf-8")
    os.replace(scratch, REPORT)
    terminalreporter.section("comparisons, one thread")
    terminalreporter.write_line(", ".join(f"{key}: {value}" for key, value in where.items()))
    width = max(len(row["what"]) for row in ROWS)
    for row in ROWS:
        terminalreporter.write_line(
            f"{row['what']:<{width}}  {1e3 * row['seconds']:9.3f} ms = {row['ratio']:8.3g} x "
            f"{row['against']} ({1e3 * row['other_seconds']:.3f} ms)"
        )
