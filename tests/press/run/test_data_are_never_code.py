"""What would run data as code is refused by `ruff check`, in the library and in press."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("exec(x)", "S102"),
        ("import pickle\npickle.loads(x)", "S301"),
        ("import pandas\npandas.read_pickle(x)", "S301"),
        ("import marshal\nmarshal.loads(x)", "S302"),
        ("eval(x)", "S307"),
        ("import yaml\nyaml.load(x, Loader=yaml.Loader)", "S506"),
        ("import subprocess\nsubprocess.run(x, shell=True)", "S602"),
        ("import os\nos.system(x)", "S605"),
    ],
)
@pytest.mark.parametrize("package", ["opgd", "press"])
def test_the_rule_is_on(package: str, code: str, rule: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", f"{package}/x.py", "-"], cwd=ROOT, input=code, capture_output=True,
        text=True,
    )  # fmt: skip
    assert f" {rule} " in done.stdout
