"""A flow of one's own: theta = (u^2 - v^2) / 2 from u = v = alpha, the two-layer flow in other variables.

With a = (u + v) / sqrt 2 and beta = (u - v) / sqrt 2 it is theta = a beta, and lambda = 2 alpha^2. Here it is
solved on its own: u = alpha e^phi, v = alpha e^-phi, and w = e^(2 phi) obeys the Riccati equation
w' = -alpha^2 (w - w_plus) (w - w_minus).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from opgd import Flow
from opgd._validate import Array


class SquaresFlow(Flow):
    growth = 1.0

    def _solve(self, z: Any, lam: Array, t: Array) -> Any:
        """Return theta for z > 0, which may be complex."""
        alpha2 = lam / 2
        s = np.sqrt(z * z + alpha2 * alpha2)
        plus, minus = (z + s) / alpha2, -alpha2 / (z + s)
        c = (1 - plus) / (1 - minus) * np.exp(-2 * s * t)
        w = (plus - minus * c) / (1 - c)
        return alpha2 * (w - 1 / w) / 2

    def _shaped(self, z: ArrayLike, lam: ArrayLike, t: ArrayLike, step: complex) -> Any:
        z, lam = np.broadcast_arrays(np.asarray(z, float), np.asarray(lam, float))
        times = np.asarray(t, float).reshape(np.shape(t) + (1,) * z.ndim)
        moves = lam > 0
        sign = np.where(moves, np.where(z < 0, -1.0, 1.0), 0.0)
        return sign, self._solve(np.abs(z) + step, np.where(moves, lam, 1.0), np.minimum(times, 1e9))

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        sign, theta = self._shaped(z, eigenvalues, t, 0.0)
        return np.asarray(sign * theta)

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        sign, theta = self._shaped(z, eigenvalues, t, 1e-30j)  # the derivative by a complex step
        return sign * theta.real, np.abs(sign) * theta.imag / 1e-30

    def threshold(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        """Half is learned where alpha^2 e^(2 z t) = z, about."""
        log_rate = log_eigenvalues + math.log(t)
        v = 2 + 2 * np.maximum(-log_rate, 0.0)  # 2 z t
        for _ in range(50):
            v = np.maximum(np.log(np.maximum(v, 1e-9)) - log_rate, 1e-3)
        v = np.where(log_rate < math.log(math.log(2)), v, 0.0)
        return v / (2 * t), np.full_like(v, t)

    def start(self, eigenvalues: Array) -> tuple[Array, ...]:
        return np.sqrt(eigenvalues / 2), np.sqrt(eigenvalues / 2)

    def push(self, layers: tuple[Array, ...], pull: Array) -> tuple[Array, ...]:
        u, v = layers
        return u + pull * u, v - pull * v

    def product(self, layers: tuple[Array, ...]) -> Array:
        u, v = layers
        return (u**2 - v**2) / 2
