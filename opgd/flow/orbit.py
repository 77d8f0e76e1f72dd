"""One component of the deep flow by its angle in place of time: what the solver can be checked against."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from opgd import _validate as check

__all__ = ["Orbit"]


@dataclass(frozen=True)
class Orbit:
    r"""A component of the deep flow with shared layers as a function of its angle $u$.

    With $\beta = \lambda^{1/2} \sinh u$ and $b^2 = b_0^2 + D \beta^2$ the flow is one equation,

    .. math::

        u' = b^D (z - \theta), \qquad \theta = \tfrac{\lambda}{2} \sinh(2u)\, b^D ,

    so that everything is elementary in the angle, and the time is an integral. It is computed adaptively,
    which is slow and makes this a reference beside `OverParameterizedFlow`.

    Parameters
    ----------
    depth : int
        $D \ge 0$.
    b0 : float
        $b_0 > 0$; this and the next two may be numbers of mpmath.
    eigenvalue : float
        $\lambda > 0$.
    observation : float
        $z > 0$.
    numeric : module
        Where square roots and hyperbolic functions come from: numpy, or mpmath for more digits.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.flow.orbit import Orbit
    >>> orbit = Orbit(depth=2, b0=0.4, eigenvalue=1e-4, observation=0.5)
    >>> t = orbit.time(orbit.angle(0.5))
    >>> round(t, 3), round(float(OverParameterizedFlow(2, b0=0.4).estimate(0.5, 1e-4, t)), 6)
    (49.863, 0.25)
    """

    depth: int
    b0: float
    eigenvalue: float
    observation: float
    numeric: ModuleType = np

    def __post_init__(self) -> None:
        check.whole("depth", self.depth, least=0)
        for name in ("b0", "eigenvalue", "observation"):
            check.real(name, getattr(self, name), above=0)

    def layer(self, angle: Any) -> Any:
        """Return the value $b$ of the extra layers at an angle."""
        beta = self.numeric.sqrt(self.eigenvalue) * self.numeric.sinh(angle)
        return self.numeric.sqrt(self.b0 * self.b0 + self.depth * beta * beta)

    def estimate(self, angle: Any) -> Any:
        r"""Return the estimate $\theta$ at an angle."""
        return self.eigenvalue * self.numeric.sinh(2 * angle) / 2 * self.layer(angle) ** self.depth

    def speed(self, angle: Any) -> Any:
        """Return the speed $u'$ at an angle."""
        return self.layer(angle) ** self.depth * (self.observation - self.estimate(angle))

    def pace(self, angle: Any) -> Any:
        """Return the time that the flow takes for each unit of the angle, the inverse of its speed."""
        return 1 / self.speed(angle)

    def angle(self, fraction: float = 1.0) -> float:
        r"""Return the angle at which $\theta$ is this fraction of the observation, in (0, 1]; 1 is rest."""
        fraction = check.real("fraction", fraction, above=0, most=1)
        plain = self._in_doubles()
        level = plain.observation * fraction
        beyond = float(np.arcsinh(2 * level / (plain.eigenvalue * plain.b0**self.depth))) / 2 + 1e-3
        return float(brentq(lambda u: plain.estimate(u) / level - 1, 0, beyond))

    def time(self, angle: float) -> float:
        """Return the flow time at an angle short of rest."""
        plain = self._in_doubles()
        return float(quad(plain.pace, 0, angle, limit=200)[0])

    def time_without_feedback(self, angle: float) -> float:
        r"""Return the time at an angle if the flow did not slow down as $\theta$ nears $z$."""
        plain = self._in_doubles()
        return float(
            quad(lambda u: plain.layer(u) ** -self.depth, 0, angle, limit=200)[0] / plain.observation
        )

    def _in_doubles(self) -> Orbit:
        """Return this orbit in double precision."""
        return Orbit(self.depth, float(self.b0), float(self.eigenvalue), float(self.observation))
