r"""The over-parameterized flow at depth 0, whose solution is elementary; the kernels are in `_two_layer`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from opgd._validate import Array
from opgd.flow import _two_layer as kernel

BLOCK = 8192  # elements worked on at a time: temporaries stay in the processor's cache
SMALLEST_LOG = -650.0  # logarithms of eigenvalues below this take the limit lambda << |z|


@dataclass(frozen=True)
class TwoLayerSolution:
    """The two-layer flow; an extra layer stays at `b0`."""

    b0: float
    coarseness = 1.0
    shares_path = False

    def block(self, times: int) -> int:
        """Return how many components are worked on at a time."""
        return BLOCK

    def solve(self, z: Array, lam: Array, times: Array, out: dict[str, Array], start: int = 0) -> None:
        """Write what `out` names, one time a row, into the columns from `start` on."""
        out = {name: array[:, start : start + z.size] for name, array in out.items()}
        with np.errstate(over="ignore"):  # a quotient by inf is the right 0
            kernel.solve(z, lam, times, [out[name] for name in ("theta", "a", "beta") if name in out])
            if "slope" in out:
                kernel.slopes(z, lam, times, out["slope"])
        if "b" in out:
            out["b"][:] = self.b0

    def estimate_log(self, z: Array, log_lam: Array, times: Array) -> Array:
        r"""Return $\theta$ at 1-d z > 0 and $\ln \lambda$, one time a row."""
        small = log_lam < SMALLEST_LOG
        if not small.any():
            return self._estimate(z, np.exp(log_lam), times)
        theta, t = np.empty((times.size, z.size)), times[:, None]
        theta[:, ~small] = self._estimate(z[~small], np.exp(log_lam[~small]), times)
        z = np.maximum(z[small], 1e-290)
        tanh = np.tanh(z * t)
        q = np.exp(np.log(4 * z) - log_lam[small] - (2 * z * t + np.log1p(np.exp(-2 * z * t)))) + tanh
        theta[:, small] = z * 2 * tanh / ((1 + tanh) * q)
        return theta

    def _estimate(self, z: Array, lam: Array, times: Array) -> Array:
        theta = np.empty((times.size, z.size))
        for start in range(0, z.size, BLOCK):
            block = slice(start, start + BLOCK)
            self.solve(z[block], lam[block], times, {"theta": theta}, start)
        return theta

    def horizon(self, log_t: float, epsilon: float) -> float:
        """Return the time's logarithm: until then an eigenvalue below its inverse is at rest."""
        return log_t

    def threshold(self, log_lam: Array, t: float) -> tuple[Array, Array]:
        r"""Return $z_c$ and 1 / width.

        $z_c$ is where the upper solution (28) of Lemma D.1 equals $z/2$, $(2z + \lambda) t =
        \ln(2 + 2z/\lambda)$, found by Newton's method from above, monotone since the equation is convex.
        """
        log_rate = np.maximum(log_lam, -1e9) + math.log(t)  # an eigenvalue of zero: a threshold out of reach
        rate = np.exp(log_rate)
        v = 2 + 2 * np.logaddexp(math.log(2), -log_rate)  # v = 2 z t
        for _ in range(12):
            gap = v + rate - np.logaddexp(math.log(2), np.log(v) - log_rate)
            v = np.maximum(v - gap / (1 - 1 / (2 * rate + v)), 1e-3)
        v = np.where((rate < math.log(2)) & (v > 1e-3), v, 0.0)
        return v / (2 * t), np.full_like(v, t)
