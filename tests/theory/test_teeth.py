"""Each check has teeth: with a mutated statement it fails."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import pytest
import statements

for path in sorted(Path(__file__).parent.glob("test_*.py")):
    if path.stem != "test_teeth":
        spec = importlib.util.spec_from_file_location(f"teeth_{path.stem}", path)
        assert spec and spec.loader
        spec.loader.exec_module(importlib.util.module_from_spec(spec))

MUTATIONS = list(
    itertools.chain.from_iterable(((check, change) for change in check.teeth) for check in statements.CHECKS)
)


@pytest.mark.parametrize(
    ("check", "change"), MUTATIONS, ids=[f"{check.function.__name__}-{change}" for check, change in MUTATIONS]
)
def test_a_mutated_statement_fails(check: statements.Check, change: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        check.function(**change)
