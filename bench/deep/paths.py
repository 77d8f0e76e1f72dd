"""The path set that every method computes: the lanes of one trial of the paper, all its stages in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opgd import PowerLaw

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PathSet:
    """theta of these lanes at these times is asked for, as an array of shape (times, lanes)."""

    depth: int
    b0: float
    t: Array
    z: Array
    lam: Array

    def by_size(self) -> NDArray[np.intp]:
        """Return the order of speed at rest: neighbours take similar steps, which serves batches.

        It is sqrt(lambda^2 + 4 z^2) at depth 0; at greater depths it grows with |z|.
        """
        return np.argsort(np.abs(self.z) if self.depth else np.hypot(self.lam, 2 * self.z))

    def part(self, lanes: NDArray[np.intp]) -> PathSet:
        return PathSet(self.depth, self.b0, self.t, self.z[lanes], self.lam[lanes])


def path_set(depth: int, lanes: int = 100_000, times: int = 200) -> PathSet:
    """Return p = 1, q = 2, gamma = 1.5, n = 2000, to 10 / (epsilon b0^D): strong lanes are then at rest."""
    problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=lanes)
    model = problem.truncated()
    b0 = problem.epsilon ** (1 / (depth + 2)) if depth else 1.0
    t = np.linspace(0, 10 / (problem.epsilon * b0**depth), times)
    return PathSet(depth, b0, t, model.observe(np.random.default_rng(0))[0], model.eigenvalues)
