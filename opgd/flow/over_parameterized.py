r"""The over-parameterized flow at every depth: its parameters, its layers, its scales.

At depth 0 the solution is elementary (`opgd.flow.two_layer`), at depth $D \ge 1$ it is a quadrature
(`opgd.flow.deep`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.deep import DeepSolution
from opgd.flow.interface import Flow, Layers, arguments
from opgd.flow.two_layer import TwoLayerSolution
from opgd.problem import PowerLaw, SequenceModel

__all__ = ["FlowState", "OverParameterizedFlow", "tuned_b0"]


def tuned_b0(depth: int, epsilon: float) -> float:
    r"""Return $b_0 = \varepsilon^{1/(D+2)}$, the choice of Theorem 3.2.

    Parameters
    ----------
    depth : int
        $D \ge 0$.
    epsilon : float
        Noise level, > 0.

    Examples
    --------
    >>> from opgd.flow import tuned_b0
    >>> round(tuned_b0(depth=1, epsilon=0.001), 9)
    0.1
    """
    depth = check.whole("depth", depth, least=0)
    epsilon = check.real("epsilon", epsilon, above=0)
    return float(epsilon ** (1 / (depth + 2)))


@dataclass(frozen=True)
class FlowState:
    r"""The layers of an over-parameterized flow; all arrays have the shape of `theta`.

    Attributes
    ----------
    theta : ndarray
        The estimate $a b^D \beta$.
    a, b, beta : ndarray
        The layers.
    depth : int
        $D$.
    """

    theta: Array
    a: Array
    b: Array
    beta: Array
    depth: int

    @property
    def learned_eigenvalue(self) -> Array:
        r"""The trained counterpart $a b^D$ of $\lambda^{1/2}$ (Proposition 3.4)."""
        return self.a * self.b**self.depth


@dataclass(frozen=True)
class OverParameterizedFlow(Flow):
    r"""Gradient flow of $\theta = a b^D \beta$, all layers trained: equations (8), (14) and (30).

    Starts from $a(0) = \lambda^{1/2}$, $b(0) = b_0$, $\beta(0) = 0$. At depth 0 the solution is elementary.
    With $\kappa = \sqrt{\lambda^2 + 4 z^2}$, $T = \tanh(\kappa t / 2)$,

    .. math::

        \theta = z \, \frac{X}{P} \, \frac{2 T}{Q}, \qquad
        X = \kappa + \lambda T, \quad P = X + 2 |z| T, \quad
        Q = \frac{\lambda}{\kappa + 2 |z|} + \frac{4 |z|}{\lambda (1 + e^{\kappa t})} + T,

    $a = X / \sqrt{P Q}$ and $\beta = 2 z T / \sqrt{P Q}$: sums of non-negative terms, so nothing cancels.
    The chapter *The two-layer flow* derives it. At depth $D \ge 1$ time is a quadrature in $\beta$, which
    `opgd.flow.deep` evaluates and inverts; the chapter *Deeper* explains how. Memory of every method: at most
    about 50 MB beside arguments and results, whatever the numbers are.

    Parameters
    ----------
    depth : int
        $D \ge 0$, the number of extra layers.
    b0 : float
        Initial value of the extra layers, > 0; without effect at depth 0.
    separate_layers : bool
        False: the $D$ extra layers are one shared $b$, as in (14). True: $D$ separate equal layers, for which
        $b^2 = b_0^2 + \beta^2$ instead of $b_0^2 + D \beta^2$; the same flow at $D \le 1$ only.
    tolerance : float
        Bound on the relative error of every component at every time for $D \ge 1$, in [1e-11, 1e-3]; at depth
        0 all are right to about 1e-13. Where a solution shoots up within a tiny fraction of $t$, rounding $t$
        alone moves it by more.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> flow = OverParameterizedFlow(depth=0)
    >>> round(float(flow.estimate(1.0, 0.5, t=1.0)), 6)
    0.526863
    >>> state = flow.state(1.0, 0.5, t=1.0)
    >>> round(float(state.a**2 - state.beta**2), 12)
    0.5
    >>> deep = OverParameterizedFlow(depth=2, b0=0.5)
    >>> round(float(deep.estimate(1.0, 0.5, t=1.0)), 6)
    0.045305
    """

    depth: int
    b0: float = 1.0
    separate_layers: bool = False
    tolerance: float = 1e-8

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", check.whole("depth", self.depth, least=0))
        object.__setattr__(self, "b0", check.real("b0", self.b0, above=0))
        if not isinstance(self.separate_layers, bool):
            raise ValueError(
                f"separate_layers = {self.separate_layers!r} is not allowed: it must be True or False"
            )
        object.__setattr__(self, "tolerance", check.real("tolerance", self.tolerance, least=1e-11, most=1e-3))

    @classmethod
    def tuned(cls, depth: int, epsilon: float, *, separate_layers: bool = False) -> OverParameterizedFlow:
        r"""Return the flow with $b_0 = \varepsilon^{1/(D+2)}$, the choice of Theorem 3.2.

        Parameters
        ----------
        depth : int
            $D \ge 0$.
        epsilon : float
            Noise level, > 0.
        separate_layers : bool
            As for the class.
        """
        return cls(depth, tuned_b0(depth, epsilon), separate_layers)

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        r"""Return $\theta(t)$.

        Parameters
        ----------
        z : array_like
            Observations.
        eigenvalues : array_like
            $\lambda \ge 0$, broadcastable against `z`.
        t : array_like
            Flow times $\ge 0$ in any order; inf is allowed. Components with $\lambda = 0$ never move.

        Returns
        -------
        ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``

        Raises
        ------
        ValueError
            If an argument is NaN, has a forbidden sign, or the shapes do not broadcast.
        """
        (theta,) = self._solve(z, eigenvalues, t, ("theta",))
        return theta

    def state(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> FlowState:
        r"""Return all layers at the times `t`; arguments and errors as for `estimate`.

        Returns
        -------
        FlowState
        """
        theta, a, b, beta = self._solve(z, eigenvalues, t, ("theta", "a", "b", "beta"))
        return FlowState(theta, a, b, beta, self.depth)

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and $\partial\theta(t) / \partial z$, which Stein's risk estimate needs.

        Arguments and errors are those of `estimate`. At depth 0, in the notation above with
        $r = \lambda / \kappa$, $s = 2 |z| / \kappa$, $h = \kappa t$ and with $A = X / \kappa$,

        .. math::

            \frac{\partial \theta}{\partial z} = \frac{\kappa^2}{P^2 Q^2} \Bigl(
            \frac{s^2 h (1 - T^2)(A^2 + s^2 T^2)}{r} + 2 T (r + T) (1 + 2 r T + T^2) \Bigr) ,

        again a sum of non-negative terms. At depth $D \ge 1$ it is a second quadrature, in `opgd.flow.deep`.

        Returns
        -------
        theta, slope : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
            $\theta(t)$, and $\partial\theta / \partial z \ge \theta / z$, right to about 1e-12 at depth 0 and
            to `tolerance` at $D \ge 1$, as far as rounding $t$ allows.

        Examples
        --------
        >>> from opgd import OverParameterizedFlow
        >>> theta, slope = OverParameterizedFlow(depth=0).linearize(1.0, 0.5, t=1.0)
        >>> round(float(slope), 6)
        0.774533
        """
        theta, slope = self._solve(z, eigenvalues, t, ("theta", "slope"))
        return theta, slope

    @cached_property
    def _exact(self) -> TwoLayerSolution | DeepSolution:
        """The solution at this depth."""
        if self.depth == 0:
            return TwoLayerSolution(self.b0)
        return DeepSolution(self.depth, self.b0, self.separate_layers, self.tolerance)

    def _solve(
        self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike, names: tuple[str, ...]
    ) -> list[Array]:
        """Return what is named, of components that are worked on in blocks."""
        z, lam, t, shape = arguments(z, eigenvalues, t)
        results = {name: np.empty((t.size, math.prod(shape))) for name in names}
        start = 0
        for z_block, lam_block in np.nditer(
            [np.broadcast_to(z, shape), np.broadcast_to(lam, shape)],
            flags=["external_loop", "buffered", "zerosize_ok"],
            order="C",
            buffersize=self._exact.block(t.size),
        ):
            self._exact.solve(z_block, lam_block, t.ravel(), results, start)
            start += z_block.size
        return [r.reshape(t.shape + shape) for r in results.values()]

    @property
    def coarseness(self) -> float:  # type: ignore[override]
        """How long panels in z may be, in units of those at depth 0."""
        return self._exact.coarseness

    @property
    def shares_path(self) -> bool:  # type: ignore[override]
        """Whether many times cost about as much as one: at depth 1 and more."""
        return self._exact.shares_path

    @property
    def growth(self) -> float:
        r"""Return $b_0^D$: a small $\beta$ grows like $e^{b_0^D |z| t}$."""
        return self.b0**self.depth

    def horizon(self, t: float, epsilon: float) -> float:
        r"""Return $h$ such that eigenvalues below $e^{-h - 2 b_0^D |z| t}$ are at rest at time t."""
        return self._exact.horizon(super().horizon(t, epsilon), epsilon)

    def threshold(self, log_eigenvalues: Array, t: float) -> tuple[Array, Array]:
        r"""Return $z_c$, where the flow at time t has about half of $z$, and 1 / width of the jump there."""
        return self._exact.threshold(log_eigenvalues, t)

    def estimate_log(self, z: Array, log_eigenvalues: Array, t: Array) -> Array:
        r"""Return $\theta(t)$ of 1-d $z > 0$ and $\ln \lambda$, shape (times, size of z)."""
        return self._exact.estimate_log(z, log_eigenvalues, t)

    def time_scale(self, problem: PowerLaw | SequenceModel) -> float:
        r"""Return $\ln t$ of the universal time, $b_0^D t = 1 / \varepsilon$."""
        return -math.log(problem.epsilon) - self.depth * math.log(self.b0)

    def time_range(
        self, smallest: float, largest: float, strongest: float, epsilon: float
    ) -> tuple[float, float]:
        r"""Return powers of ten between which the best time must lie."""
        log_b = self.depth * math.log10(self.b0)
        fastest = math.log10(largest * 10**log_b + strongest + 10 * epsilon) + log_b
        # noise alone drives a component out by t ~ ln(1/lambda) / (b0^D epsilon)
        last = min(-math.log10(smallest) - 2 * log_b + 2, 3 - math.log10(epsilon) - log_b)
        return -fastest - 2, max(last, -fastest)

    def start(self, eigenvalues: Array) -> Layers:
        r"""Return $a = \lambda^{1/2}$, $b = b_0$ and $\beta = 0$."""
        shape = eigenvalues.shape
        return np.sqrt(eigenvalues), np.full(shape, self.b0), np.zeros(shape)

    def push(self, layers: Layers, pull: Array) -> Layers:
        r"""Move all layers; $b' = D\, a b^{D-1} \beta (z - \theta)$ when $b$ is shared."""
        a, b, beta = layers
        gain, power = pull * beta, b**self.depth
        if self.depth == 0:
            return a + gain, b, beta + pull * a
        feedback = 1 if self.separate_layers else self.depth
        grown = b + feedback * gain * a * b ** (self.depth - 1)
        return a + gain * power, grown, beta + pull * (a * power)

    def product(self, layers: Layers) -> Array:
        r"""Return $a b^D \beta$."""
        a, b, beta = layers
        return a * b**self.depth * beta
