"""How time and memory grow with N, times, repetitions and depth; see growth.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("variable", ["N", "times", "repetitions", "D"])
@pytest.mark.parametrize("function", ["estimate", "expected_risk", "monte_carlo_risk", "sure"])
def test_growth(function: str, variable: str, record: Any) -> None:
    if function == "expected_risk" and variable == "repetitions":
        pytest.skip("expected_risk has no repetitions")
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "growth.py"), function, variable],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for row in json.loads(done.stdout):
        record("growth", **row)
