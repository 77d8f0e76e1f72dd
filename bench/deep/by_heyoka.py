"""heyoka: Taylor series of order 10 to 13, 16 lanes at a time, compiled for the vector unit.

z and lambda are parameters, so that one integrator serves all lanes. Two forms of the equation are close:
(14) itself, and the angle u of beta = sqrt(lambda) sinh(u), of which cosh(2u) and sinh(2u) are the state.
"""

from __future__ import annotations

from collections.abc import Callable

import heyoka as hy
import numpy as np
from paths import Array, PathSet

BATCH, CHUNK = 16, 2048  # lanes of the integrator; lanes whose theta is evaluated at once


def prepare(paths: PathSet, form: str, tolerance: float) -> Callable[[], Array]:
    depth, b0 = paths.depth, paths.b0
    z, lam = hy.par[0], hy.par[1]
    if form == "layers":
        a, b, beta = hy.make_vars("a", "b", "beta")
        rest = z - a * b**depth * beta
        inner = a * b ** (depth - 1) if depth > 1 else a
        system = [(a, b**depth * beta * rest), (b, depth * (inner * beta * rest)), (beta, inner * b * rest)]
    else:
        cosh, sinh = hy.make_vars("cosh", "sinh")
        power = (b0 * b0 - lam * (depth / 2) + lam * (depth / 2) * cosh) ** (depth / 2)
        speed = 2.0 * power * (z - 0.5 * lam * sinh * power)
        system = [(cosh, sinh * speed), (sinh, cosh * speed)]
    parameters = np.zeros((1 if form == "layers" else 2, BATCH))
    integrator = hy.taylor_adaptive_batch(
        system, np.zeros((len(system), BATCH)), tol=tolerance, pars=parameters
    )
    return lambda: run(paths, integrator, form)


def run(paths: PathSet, integrator: hy.taylor_adaptive_batch_dbl, form: str) -> Array:
    depth, b0, n = paths.depth, paths.b0, paths.z.size
    out = np.empty((paths.t.size, n))
    order = paths.by_size()
    padded = np.concatenate([order, np.repeat(order[-1:], -n % CHUNK)])
    z, lam, root = paths.z[padded], paths.lam[padded], np.sqrt(paths.lam[padded])
    times = np.repeat(paths.t[:, None], BATCH, axis=1)
    state, parameters = integrator.state, integrator.pars
    states = np.empty((state.shape[0], paths.t.size, CHUNK))
    for start in range(0, padded.size, CHUNK):
        for first in range(start, start + CHUNK, BATCH):
            lanes = slice(first, first + BATCH)
            integrator.set_time(0.0)
            parameters[0] = z[lanes]
            if form == "layers":
                state[0], state[1], state[2] = root[lanes], b0, 0
            else:
                parameters[1] = lam[lanes]
                state[0], state[1] = 1, 0
            result = integrator.propagate_grid(times)[1]
            states[:, :, first - start : first - start + BATCH] = result.transpose(1, 0, 2)
        if form == "layers":
            theta = states[0] * states[2]
            for _ in range(depth):
                theta *= states[1]
        else:
            here = lam[start : start + CHUNK]
            b2 = (states[0] - 1) * (depth * here / 2) + b0 * b0
            theta = states[1] * (here / 2) * np.sqrt(b2)
            for _ in range(depth // 2):
                theta *= b2
        lanes = order[start : start + CHUNK]
        out[:, lanes] = theta[:, : lanes.size]
    return out
