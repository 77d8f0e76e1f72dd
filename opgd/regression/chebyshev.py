r"""A stabilised explicit integrator for gradient flows: Runge, Kutta and Chebyshev.

A gradient flow is stiff, but in the gentlest way: its Jacobian has a real, non-positive spectrum. An explicit
method with $s$ stages can then be stable for steps of length $0.65 s^2 / \rho$, with $\rho$ the spectral
radius; $s$ steps of Euler's method reach only $2 s / \rho$. Each stage costs one evaluation of the gradient,
and nothing is factorised. The formulas are those of Sommeijer, Shampine and Verwer, *RKC: an explicit solver
for parabolic PDEs*, J. Comput. Appl. Math. 88 (1998), 315-326.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import OdeSolver
from scipy.interpolate import CubicHermiteSpline

from opgd._validate import Array

__all__ = ["RKC"]

DAMPING = 2 / 13
SAFETY = 0.8


class RKC(OdeSolver):
    r"""The second-order Runge-Kutta-Chebyshev method, as a solver for ``scipy.integrate.solve_ivp``.

    Parameters
    ----------
    fun : callable
        Right-hand side $f(t, u)$.
    t0 : float
        Initial time.
    y0 : array_like, shape (n,)
        Initial state.
    t_bound : float
        Final time, > `t0`.
    spectral_radius : callable
        An upper bound of the spectral radius of the Jacobian of `fun` at ``(t, u)``, > 0. Its spectrum must
        be real and not positive, or close to that.
    atol : float
        Bound on the estimated error of a step, the same for every component, > 0.

    Raises
    ------
    ValueError
        If `atol` is not positive or time would run backwards.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.integrate import solve_ivp
    >>> rates = np.geomspace(1, 1e5, 6)
    >>> solution = solve_ivp(lambda t, u: -rates * (u - np.cos(t)), (0, 1), np.zeros(6), method=RKC,
    ...                      spectral_radius=lambda t, u: 1e5, atol=1e-4)
    >>> bool(abs(solution.y[-1, -1] - np.cos(1)) < 1e-4), solution.nfev < 10_000
    (True, True)
    """

    def __init__(
        self,
        fun: Callable[[float, Array], Array],
        t0: float,
        y0: Array,
        t_bound: float,
        *,
        spectral_radius: Callable[[float, Array], float],
        atol: float = 1e-3,
        vectorized: bool = False,
        **unknown: Any,
    ) -> None:
        if not (0 < atol < math.inf):
            raise ValueError(f"atol = {atol!r} is not allowed: it must be a finite real number > 0")
        if t_bound < t0:
            raise ValueError(f"t_bound = {t_bound!r} is not allowed: it must be >= t0 = {t0!r}")
        if unknown.pop("rtol", None) is not None or unknown:
            raise ValueError(f"options {sorted(unknown) or ['rtol']} are not known to RKC")
        super().__init__(fun, t0, y0, t_bound, vectorized)
        self.atol, self.spectral_radius = atol, spectral_radius
        self.f: Array = self.fun(self.t, self.y)
        self.radius = spectral_radius(self.t, self.y)
        self.h = 0.1 / self.radius
        self.last: tuple[float, float] | None = None  # length and error of the last accepted step

    def _step_impl(self) -> tuple[bool, str | None]:
        shortest = 10 * abs(np.nextafter(self.t, math.inf) - self.t)
        while True:
            h = min(self.h, self.t_bound - self.t)
            if self.h < shortest:
                return False, self.TOO_SMALL_STEP
            stages = max(2, 1 + math.isqrt(int(1 + 1.54 * h * self.radius)))
            with np.errstate(over="ignore", invalid="ignore"):
                new = self._chebyshev(h, stages)
                f_new = self.fun(self.t + h, new)
                error = float(np.abs(0.8 * (self.y - new) + 0.4 * h * (self.f + f_new)).max()) / self.atol
            if not math.isfinite(error):
                self.h = h / 4
            elif error > 1:
                self.h = h * max(0.1, SAFETY * error ** (-1 / 3))
            else:
                break
        growth = SAFETY * max(error, 1e-9) ** (-1 / 3)
        if self.last is not None:  # the error's own trend, a predictive controller
            growth = min(growth, growth * h / self.last[0] * (self.last[1] / max(error, 1e-9)) ** (1 / 3))
        self.last = h, max(error, 1e-9)
        self.old, self.f_old = self.y, self.f
        self.t = self.t_bound if h == self.t_bound - self.t else self.t + h
        self.y, self.f = new, f_new
        self.radius = self.spectral_radius(self.t, new)
        self.h = h * min(10.0, max(0.1, growth))
        return True, None

    def _chebyshev(self, h: float, stages: int) -> Array:
        """Take one step with the given number of stages; the names are those of the article."""
        w0 = 1 + DAMPING / stages**2
        root = math.sqrt(w0**2 - 1)
        angle = stages * math.log(w0 + root)
        w1 = math.sinh(angle) * root**2 / (math.cosh(angle) * stages * root - w0 * math.sinh(angle))
        t_old, t_now = 1.0, w0  # Chebyshev polynomials at w0, with their first two derivatives
        d_old, d_now, dd_old, dd_now = 0.0, 1.0, 0.0, 0.0
        b_old = b_now = 1 / (4 * w0**2)
        y, f = self.y, self.f
        older, newer = y, y + (h * w1 * b_now) * f
        c_old, c_now = 0.0, w1 * b_now  # fraction of the step at which a stage stands
        for _ in range(2, stages + 1):
            t_next = 2 * w0 * t_now - t_old
            d_next = 2 * w0 * d_now - d_old + 2 * t_now
            dd_next = 2 * w0 * dd_now - dd_old + 4 * d_now
            b_next = dd_next / d_next**2
            mu, nu = 2 * w0 * b_next / b_now, -b_next / b_old
            slope = mu * w1 / w0
            gamma = -slope * (1 - b_now * t_now)
            stage = (h * slope) * self.fun(self.t + c_now * h, newer)
            stage += (h * gamma) * f + (1 - mu - nu) * y + mu * newer + nu * older
            c_old, c_now = c_now, mu * c_now + nu * c_old + slope + gamma
            older, newer = newer, stage
            t_old, t_now, d_old, d_now, dd_old, dd_now = t_now, t_next, d_now, d_next, dd_now, dd_next
            b_old, b_now = b_now, b_next
        return newer

    def _dense_output_impl(self) -> CubicHermiteSpline:
        values, slopes = np.stack([self.old, self.y], axis=1), np.stack([self.f_old, self.f], axis=1)
        return CubicHermiteSpline([self.t_old, self.t], values, slopes, axis=1)
