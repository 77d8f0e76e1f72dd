from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from press.evidence.growth import exponents


def points(power: float, variable: str = "N", **more: Any) -> list[dict[str, Any]]:
    where = {"function": "estimate", "variable": variable}
    return [
        where | {"value": 10**k, "cpu": 1e-6 * 10 ** (power * k), "mib": 8e-3 * 10**k} | more
        for k in range(3, 8)
    ]


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.floats(0, 3))
def test_the_exponent_is_found(power: float) -> None:
    (found,) = exponents(points(power))
    assert found.time is not None and found.time.slope == pytest.approx(power, abs=1e-9)
    assert (found.first, found.last, found.left_out) == (1000, 10**7, "")


def test_memory_has_an_exponent_of_its_own() -> None:
    (found,) = exponents(points(0.5))
    assert found.memory is not None and found.memory.slope == pytest.approx(1)
    (flat,) = exponents(points(1.0, mib=5.0))
    assert flat.memory is not None and flat.memory.slope == pytest.approx(0, abs=1e-12) and flat.mib == 5


def test_values_left_out_are_told_and_depth_has_no_exponent() -> None:
    skipped = {"function": "estimate", "variable": "N", "value": 10**8, "left_out": "too long"}
    assert exponents([*points(1.0), skipped])[0].left_out == "too long"
    assert exponents(points(1.0, "D"))[0].time is None
    assert exponents([skipped]) == []
