from __future__ import annotations

import re
from collections.abc import Callable

import pytest


def _cells(text: str) -> list[list[str]]:
    rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [
        [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell) for cell in row] for row in rows if "---" not in row[0]
    ]


@pytest.fixture
def cells() -> Callable[[str], list[list[str]]]:
    """Read the tables in MyST text: their rows, heads included, escapes undone."""
    return _cells
