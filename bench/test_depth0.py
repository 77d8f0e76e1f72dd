"""What exactness costs: the closed-form flow against one np.exp."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from opgd import OverParameterizedFlow, VanillaFlow

TWO_LAYER = OverParameterizedFlow(depth=0)


def alternate(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Return the shortest wall time of each call in seconds; the calls take turns, to share the noise."""
    times = [[0.0] * repeats for _ in calls]
    for turn in range(repeats):
        for row, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            row[turn] = time.perf_counter() - start
    return [min(row) for row in times]


@pytest.mark.parametrize("size", [10_000, 1_000_000])
@pytest.mark.parametrize("flow", [VanillaFlow(), TWO_LAYER], ids=["vanilla", "two-layer"])
def test_estimate(benchmark: Any, compare: Any, flow: Any, size: int) -> None:
    """Validation included. The exponential runs over negative numbers, as in exp(-lambda t)."""
    rng = np.random.default_rng(0)
    z, lam = 0.1 * rng.standard_normal(size), np.arange(1.0, size + 1) ** -1.5
    exponent = -10 * rng.random(size)
    ours, plain = alternate(
        [lambda: flow.estimate(z, lam, 45.0), lambda: np.exp(exponent)], 20_000_000 // size
    )
    benchmark.pedantic(flow.estimate, (z, lam, 45.0), rounds=5)
    name = "vanilla" if isinstance(flow, VanillaFlow) else "two-layer"
    compare(f"{name} estimate, {size:.0e} components", ours, "np.exp", plain)
