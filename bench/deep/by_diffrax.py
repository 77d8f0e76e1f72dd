"""diffrax: Dopri8 mapped over lanes with vmap and compiled by XLA; lanes of similar |z| together."""

from __future__ import annotations

from collections.abc import Callable

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from paths import Array, PathSet

jax.config.update("jax_enable_x64", True)


def prepare(paths: PathSet, tolerance: float, chunk: int) -> Callable[[], Array]:
    depth, b0, t = paths.depth, paths.b0, jnp.asarray(paths.t)

    def product(beta: jax.Array, lam: jax.Array) -> jax.Array:
        """a b^D, from the conserved quantities."""
        b2 = b0 * b0 + depth * beta * beta
        return jnp.sqrt(lam + beta * beta) * b2 ** (depth // 2) * (jnp.sqrt(b2) if depth % 2 else 1.0)

    def slope(_: object, beta: jax.Array, lane: tuple[jax.Array, jax.Array]) -> jax.Array:
        z, lam = lane
        g = product(beta, lam)
        return g * (z - g * beta)

    def path(z: jax.Array, lam: jax.Array) -> jax.Array:
        beta = diffrax.diffeqsolve(
            diffrax.ODETerm(slope),
            diffrax.Dopri8(),
            0.0,
            t[-1],
            0.05 / (1e-3 + jnp.abs(z)),
            jnp.zeros(()),
            args=(z, lam),
            saveat=diffrax.SaveAt(ts=t),
            stepsize_controller=diffrax.PIDController(tolerance, 1e-6 * tolerance, pcoeff=0.3, icoeff=0.4),
            adjoint=diffrax.ForwardMode(),
            max_steps=None,
        ).ys
        return product(beta, lam) * beta

    solve = jax.jit(jax.vmap(path))

    def run() -> Array:
        out = np.empty((paths.t.size, paths.z.size))
        order = paths.by_size()
        for start in range(0, order.size, chunk):
            lanes = order[start : start + chunk]
            padded = np.concatenate([lanes, np.repeat(lanes[-1:], chunk - lanes.size)])
            out[:, lanes] = np.asarray(solve(paths.z[padded], paths.lam[padded]))[: lanes.size].T
        return out

    jax.block_until_ready(solve(paths.z[:chunk], paths.lam[:chunk]))  # compiles
    return run
