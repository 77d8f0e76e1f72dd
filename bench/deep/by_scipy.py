"""scipy's DOP853 on systems of `chunk` lanes; its norm is an average over lanes.

So the tolerance must be far below what is asked of the worst lane, and at rest, where the norm has nothing
left to see, the step of the stiffest lane needs an upper limit: its system is given `steps` or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from paths import Array, PathSet
from scipy.integrate import solve_ivp


def prepare(paths: PathSet, tolerance: float, steps: int, chunk: int) -> Callable[[], Array]:
    depth, b0, t = paths.depth, paths.b0, paths.t

    def product(beta: Array, lam: Array) -> Array:
        """a b^D, from the conserved quantities."""
        b2 = b0 * b0 + depth * beta * beta
        return np.sqrt(lam + beta * beta) * b2 ** (depth // 2) * (np.sqrt(b2) if depth % 2 else 1.0)

    def run() -> Array:
        out = np.empty((t.size, paths.z.size))
        order = paths.by_size()
        for start in range(0, order.size, chunk):
            lanes = order[start : start + chunk]
            z, lam = paths.z[lanes], paths.lam[lanes]

            def slope(_: float, beta: Array, z: Array = z, lam: Array = lam) -> Array:
                g = product(beta, lam)
                return g * (z - g * beta)

            beta = solve_ivp(
                slope,
                (0, t[-1]),
                np.zeros(lanes.size),
                method="DOP853",
                t_eval=t,
                rtol=tolerance,
                atol=1e-6 * tolerance,
                max_step=t[-1] / steps if start + chunk >= order.size else math.inf,
            ).y
            out[:, lanes] = (product(beta, lam[:, None]) * beta).T
        return out

    return run
