"""A sum of powers, added up and estimated."""

from __future__ import annotations

import numpy as np

__all__ = ["estimate", "power_sum"]


def power_sum(count: int, power: float) -> float:
    """Add the powers of 0, 1, ..., count - 1.

    >>> power_sum(4, 2)
    14.0
    """
    return float(sum(k**power for k in range(count)))


def estimate(count: int, power: float, seed: int, draws: int = 1000) -> float:
    """Estimate the sum from terms that are drawn at random."""
    terms = np.random.default_rng(seed).integers(count, size=draws).astype(float) ** power
    return float(count * terms.mean())
