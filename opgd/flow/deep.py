r"""The over-parameterized flow at depth $D \ge 1$: quadratures, inverted; the kernels are in `_deep`.

Numba takes a while to load and depth 0 does not need it: the kernels are imported when they are called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from opgd._validate import Array

LAYERS = ("theta", "a", "b", "beta", "slope")  # what can be solved for; slope is d theta / dz
BLOCK = 8192  # components worked on at a time, at most
ELEMENTS = 2**18  # components times times, worked on at a time


@dataclass(frozen=True)
class DeepSolution:
    """The flow with `depth` extra layers, one shared or all separate, that start at `b0`."""

    depth: int
    b0: float
    separate_layers: bool
    tolerance: float
    coarseness = 1.5
    shares_path = True

    def block(self, times: int) -> int:
        """Return how many components are worked on at a time."""
        return max(1, min(BLOCK, ELEMENTS // max(1, times)))

    def solve(self, z: Array, lam: Array, times: Array, out: dict[str, Array], start: int = 0) -> None:
        """Write what `out` names, one time a row, into the columns from `start` on."""
        with np.errstate(divide="ignore"):
            log_lam = np.log(lam)
        self._path(z + 0.0, log_lam, times, out, start)

    def estimate_log(self, z: Array, log_lam: Array, times: Array) -> Array:
        r"""Return $\theta$ at 1-d z > 0 and $\ln \lambda$, one time a row."""
        out = {"theta": np.empty((times.size, z.size))}
        self._path(z, log_lam, times, out, 0)
        return out["theta"]

    def half_times(self, z: Array, log_lam: Array) -> tuple[Array, Array]:
        r"""Return when $\theta = z / 2$, and $d \ln \theta / d \ln t$ there; 1-d z > 0 and $\ln \lambda$."""
        from opgd.flow import _deep as kernel

        half, steepness = np.empty_like(z), np.empty_like(z)
        length = kernel.panel_length(self.depth, self.tolerance)
        kernel.half_times(z, log_lam, self.depth, self._factor, self.b0, length, half, steepness)
        return half, steepness

    def horizon(self, log_t: float, epsilon: float) -> float:
        r"""Return $-\ln \lambda$ from which on no layer has grown: $\beta$ feeds back into a and b."""
        log_b0 = math.log(self.b0)
        log_scale = log_t + 2 * self.depth * log_b0
        return max(log_scale, math.log(self.depth) - 2 * log_b0, self.depth * log_b0 - math.log(epsilon))

    def threshold(self, log_lam: Array, t: float) -> tuple[Array, Array]:
        r"""Return $z_c$ and 1 / width: the half time at $z_c$ is t.

        ln(half time) falls in ln z with a smooth slope between 0 and -2: the secant method.
        """
        rate = t * self.b0**self.depth  # beta grows at first like e^(rate z)
        linear = log_lam + 2 * self.depth * math.log(self.b0) + math.log(t)  # z -> 0: 1 - e^-e^linear of z
        centre, sharpness = np.zeros_like(log_lam), np.full_like(log_lam, rate)
        inside = (linear < math.log(math.log(2))) & (log_lam > -math.inf)
        if not inside.any():
            return centre, sharpness
        lam = log_lam[inside]
        x = np.full_like(lam, -math.log(rate))
        slope = np.full_like(lam, -1.0)
        half, steepness = self.half_times(np.exp(x), lam)
        for _ in range(12):
            gap = math.log(t) - np.log(half)
            step = np.clip(gap / slope, -3.0, 3.0)
            if (np.abs(step) < 1e-2 / steepness).all():
                break
            x, before = x + step, half
            half, steepness = self.half_times(np.exp(x), lam)
            moved = np.abs(step) > 1e-12
            slope[moved] = np.clip((np.log(half) - np.log(before))[moved] / step[moved], -4.0, -1e-3)
        centre[inside], sharpness[inside] = np.exp(x), np.maximum(steepness / np.exp(x), rate)
        return centre, sharpness

    @property
    def _factor(self) -> float:
        r"""The factor of $\beta^2$ in $b^2$, (32)."""
        return 1.0 if self.separate_layers else float(self.depth)

    def _path(self, z: Array, log_lam: Array, times: Array, out: dict[str, Array], start: int) -> None:
        r"""Write some of LAYERS at 1-d z and $\ln \lambda$."""
        from opgd.flow import _deep as kernel

        order = np.argsort(times)
        accuracy = self.tolerance / (100 if "slope" in out else 1)  # its integrand has poles of order two
        length = kernel.panel_length(self.depth, accuracy)
        stretch, steps = kernel.panel_stretch(accuracy), kernel.newton_steps(accuracy)
        arrays = [out.get(name, np.empty((0, 0))) for name in LAYERS]
        kernel.solve(
            z,
            log_lam,
            times[order],
            order,
            self.depth,
            self._factor,
            self.b0,
            length,
            stretch,
            steps,
            start,
            *arrays,
        )
