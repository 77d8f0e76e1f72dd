"""A flow of one's own: theta = u^3 - v^3 from u = v = alpha, which the paper does not have.

With phi the integral of z - theta, u = alpha / (1 - x) and v = alpha / (1 + x) where x = 3 alpha phi; theta
starts like lambda z t with lambda = 18 alpha^4. Time is the integral of dphi / (z - theta). The limit is
x_end; in y = -ln(1 - x / x_end) the integrand is smooth and tends to a constant.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from opgd import Flow
from opgd._validate import Array
from opgd.problem import PowerLaw, SequenceModel

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
PANELS, PANEL = 23, 2.0  # y up to 46


def equilibrium(alpha: Array, z: Array) -> Array:
    """Return 1 - x where theta = z, by bisection in its logarithm."""
    low, high = np.full(z.shape, -250.0), np.zeros(z.shape)
    for _ in range(70):
        middle = (low + high) / 2
        gap = np.exp(middle)
        theta = alpha**3 * (gap**-3.0 - (2 - gap) ** -3.0)
        low, high = np.where(theta > z, middle, low), np.where(theta > z, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def state(y: Array, alpha: Array, z: Array, gap: Array) -> tuple[Array, Array]:
    """Return theta and dt/dy; near the end z - theta is linear in what is left."""
    left = (1 - gap) * np.exp(-y)  # x_end - x
    theta = alpha**3 * ((gap + left) ** -3.0 - (2 - gap - left) ** -3.0)
    slope = 3 * alpha**3 * (gap**-4.0 + (2 - gap) ** -4.0)
    rest = np.maximum(z - theta, 1e-300)
    return theta, np.where(left < 1e-7 * gap, 1 / slope, left / rest) / (3 * alpha)


def time_since(start: float, length: Array, alpha: Array, z: Array, gap: Array) -> Array:
    """Return the integral of dt/dy from y = start on."""
    parts = [
        w * state(start + length * (1 + x) / 2, alpha, z, gap)[1] for x, w in zip(NODES, WEIGHTS, strict=True)
    ]
    return np.asarray(length / 2 * sum(parts))


def path(alpha: Array, z: Array, times: Array) -> Array:
    """Return theta for 1-d alpha > 0 and z > 0, shape (times, size of z)."""
    gap = equilibrium(alpha, z)
    out, done = np.tile(z, (times.size, 1)), np.zeros(z.size)
    for panel in range(PANELS):
        y0 = panel * PANEL
        gain = time_since(y0, np.full(z.size, PANEL), alpha, z, gap)
        for i, t in enumerate(times):
            here = np.flatnonzero((done <= t) & (t < done + gain))
            data, length = (alpha[here], z[here], gap[here]), np.full(here.size, PANEL / 2)
            for _ in range(8 if here.size else 0):  # Newton's method
                excess = done[here] + time_since(y0, length, *data) - t
                length = np.clip(length - excess / state(y0 + length, *data)[1], 0.0, PANEL)
            out[i, here] = state(y0 + length, *data)[0]
        done = done + gain
    return out


class CubesFlow(Flow):
    def _flat(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        z, lam = np.broadcast_arrays(np.asarray(z, float), np.asarray(eigenvalues, float))
        times = np.asarray(t, float)
        out = np.zeros((times.size, z.size))
        moves = ((z != 0) & (lam > 0)).ravel()
        alpha = (lam.ravel()[moves] / 18) ** 0.25
        out[:, moves] = path(alpha, np.abs(z.ravel()[moves]), times.ravel())
        return np.asarray(np.sign(z) * out.reshape(times.shape + z.shape))

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        return self._flat(z, eigenvalues, t)

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        z = np.asarray(z, float)
        step = 1e-4 * np.maximum(np.abs(z), 1e-9)
        after, before = (self._flat(z + sign * step, eigenvalues, t) for sign in (1, -1))
        return self._flat(z, eigenvalues, t), (after - before) / (2 * step)

    def horizon(self, t: float, epsilon: float) -> float:
        """At rest while 3 alpha z t < 1, for signals up to 1 and ten deviations of noise."""
        return 4 * math.log(3 * t * (1 + 10 * epsilon)) if 0 < t < math.inf else 0.0

    def threshold(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        """The path blows up at 3 alpha z t = 1, and reaches z / 2 shortly before."""
        alpha = np.exp((np.maximum(log_eigenvalues, -600.0) - math.log(18)) / 4)
        z = 1 / (3 * alpha * t)
        for _ in range(30):
            z = (1 - np.minimum((2 / z) ** (1 / 3) * alpha, 0.9)) / (3 * alpha * t)
        sharp = 3 / z * np.maximum((z / 2) ** (1 / 3) / alpha, 1.0)
        learned = log_eigenvalues + math.log(t) > math.log(math.log(2))
        return np.where(learned, 0.0, z), np.where(learned, t, sharp)

    def time_scale(self, problem: PowerLaw | SequenceModel) -> float:
        return -math.log(problem.epsilon)

    def time_range(
        self, smallest: float, largest: float, strongest: float, epsilon: float
    ) -> tuple[float, float]:
        return -3.0, 1 - math.log10(epsilon) - math.log10(smallest) / 4

    def start(self, eigenvalues: Array) -> tuple[Array, ...]:
        return (eigenvalues / 18) ** 0.25, (eigenvalues / 18) ** 0.25

    def push(self, layers: tuple[Array, ...], pull: Array) -> tuple[Array, ...]:
        u, v = layers
        return u + 3 * pull * u**2, v - 3 * pull * v**2

    def product(self, layers: tuple[Array, ...]) -> Array:
        u, v = layers
        return u**3 - v**3
