"""Empirical coefficients on the lattice of Figure 6: products of half-tables against plain sums."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from opgd.regression.coefficients import coefficients
from opgd.regression.frequencies import lattice

SOME = 500
"""Frequencies that the plain sums run over; their times are scaled to the whole lattice."""


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def test_coefficients(benchmark: Any, compare: Any) -> None:
    """As many points and frequencies as in the figure; the values of the points do not matter."""
    rng = np.random.default_rng(0)
    x, y, m = rng.uniform(-1, 1, (20_640, 8)), rng.uniform(0, 5, 20_640), lattice(8, 13)
    some = rng.choice(len(m), SOME, replace=False)
    plain, blocks = np.empty(SOME, complex), np.empty(SOME, complex)

    def one_frequency_at_a_time() -> None:
        for k, frequency in enumerate(m[some]):
            phase = np.pi * (x @ frequency)
            plain[k] = complex(y @ np.cos(phase), -(y @ np.sin(phase))) / len(x)

    def one_matrix() -> None:
        blocks[:] = y @ np.exp(-1j * np.pi * (x @ m[some].T)) / len(x)

    found = benchmark.pedantic(coefficients, (x, y, m), rounds=3)
    ours = min(seconds(lambda: coefficients(x, y, m)) for _ in range(3))
    scale = len(m) / SOME
    what = f"coefficients, {len(x):,} points, {len(m):,} frequencies"
    for call, result, name in (
        (one_frequency_at_a_time, plain, "sums one by one"),
        (one_matrix, blocks, "a matrix of exponentials"),
    ):
        compare(what, ours, f"{name}, scaled from {SOME}", scale * seconds(call))
        assert np.abs(found[some] - result).max() < 1e-13 * np.abs(found).max()
    tracemalloc.start()
    coefficients(x, y, m)
    assert tracemalloc.get_traced_memory()[1] < 2**29
    tracemalloc.stop()
