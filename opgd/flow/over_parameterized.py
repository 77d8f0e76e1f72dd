r"""Gradient flows of one component, solved exactly.

Every component of the sequence model evolves on its own: from its observation $z$ and its eigenvalue
$\lambda$ alone. A flow maps $(z, \lambda, t)$ to the estimate $\theta(t)$; arrays broadcast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import _two_layer as two_layer

__all__ = ["Flow", "FlowState", "OverParameterizedFlow", "VanillaFlow"]

LAYERS = ("theta", "a", "b", "beta", "slope")  # what can be solved for; slope is d theta / dz
BLOCK = 8192  # elements worked on at a time: temporaries stay in the processor's cache


class Flow(Protocol):
    """What risk and stopping need of a flow: its estimate, an odd function of z, and its derivative."""

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        r"""Return $\theta(t)$, shape ``np.shape(t) + broadcast(z, eigenvalues)``."""
        ...

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and $\partial\theta(t) / \partial z$, each of that shape."""
        ...


@dataclass(frozen=True)
class VanillaFlow:
    r"""Gradient flow with fixed eigenvalues, $\theta(t) = (1 - e^{-\lambda t}) z$.

    Only $\beta$ in $\theta = \lambda^{1/2} \beta$ is trained (section 3 of the paper, before (6)).

    Examples
    --------
    >>> from opgd import VanillaFlow
    >>> VanillaFlow().estimate(2.0, [1.0, 0.1], t=[0.0, float("inf")]).tolist()
    [[0.0, 0.0], [2.0, 2.0]]
    """

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        r"""Return $\theta(t)$.

        Parameters
        ----------
        z : array_like
            Observations.
        eigenvalues : array_like
            $\lambda \ge 0$, broadcastable against `z`.
        t : array_like
            Flow times $\ge 0$ in any order; inf is allowed.

        Returns
        -------
        ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``

        Raises
        ------
        ValueError
            If an argument is NaN, has a forbidden sign, or the shapes do not broadcast.
        """
        z, lam, t, shape = _inputs(z, eigenvalues, t)
        out = np.empty(t.shape + shape)
        with np.errstate(invalid="ignore", over="ignore"):  # 0 * inf: an eigenvalue of zero never moves
            np.multiply(lam, t.reshape(t.shape + (1,) * len(shape)), out=out)
        if np.isinf(t).any():
            out[np.isnan(out)] = 0
        np.negative(out, out=out)
        np.expm1(out, out=out)
        out *= -z
        return out

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and its derivative $\partial\theta(t) / \partial z = 1 - e^{-\lambda t}$.

        Arguments and errors are those of `estimate`.

        Returns
        -------
        theta, slope : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        """
        theta = self.estimate(z, eigenvalues, t)
        return theta, self.estimate(np.ones(np.shape(z)), eigenvalues, t)


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
class OverParameterizedFlow:
    r"""Gradient flow of $\theta = a b^D \beta$, all layers trained: equations (8), (14) and (30).

    Starts from $a(0) = \lambda^{1/2}$, $b(0) = b_0$, $\beta(0) = 0$. At depth 0 the solution is elementary.
    With $\kappa = \sqrt{\lambda^2 + 4 z^2}$, $T = \tanh(\kappa t / 2)$,

    .. math::

        \theta = z \, \frac{X}{P} \, \frac{2 T}{Q}, \qquad
        X = \kappa + \lambda T, \quad P = X + 2 |z| T, \quad
        Q = \frac{\lambda}{\kappa + 2 |z|} + \frac{4 |z|}{\lambda (1 + e^{\kappa t})} + T,

    $a = X / \sqrt{P Q}$ and $\beta = 2 z T / \sqrt{P Q}$: sums of non-negative terms, so nothing cancels.
    The chapter *The two-layer flow* derives it. At depth $D \ge 1$ time is a quadrature in $\beta$, which
    ``opgd.flow._deep`` evaluates and inverts; the chapter *Deeper* explains how.

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
        depth = check.whole("depth", depth, least=0)
        epsilon = check.real("epsilon", epsilon, above=0)
        return cls(depth, epsilon ** (1 / (depth + 2)), separate_layers)

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
        theta, a, b, beta = self._solve(z, eigenvalues, t, LAYERS[:4])
        return FlowState(theta, a, b, beta, self.depth)

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        r"""Return $\theta(t)$ and $\partial\theta(t) / \partial z$, which Stein's risk estimate needs.

        Arguments and errors are those of `estimate`. At depth 0, in the notation above with
        $r = \lambda / \kappa$, $s = 2 |z| / \kappa$, $h = \kappa t$ and with $A = X / \kappa$,

        .. math::

            \frac{\partial \theta}{\partial z} = \frac{\kappa^2}{P^2 Q^2} \Bigl(
            \frac{s^2 h (1 - T^2)(A^2 + s^2 T^2)}{r} + 2 T (r + T) (1 + 2 r T + T^2) \Bigr) ,

        again a sum of non-negative terms. At depth $D \ge 1$ it is a second quadrature, in `opgd.flow._deep`.

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

    def _solve(
        self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike, names: tuple[str, ...]
    ) -> list[Array]:
        z, lam, t, shape = _inputs(z, eigenvalues, t)
        results = {name: np.empty((t.size, math.prod(shape))) for name in names}
        solve = self._two_layers if self.depth == 0 else self._more_layers
        start = 0
        for z_block, lam_block in np.nditer(
            [np.broadcast_to(z, shape), np.broadcast_to(lam, shape)],
            flags=["external_loop", "buffered", "zerosize_ok"],
            order="C",
            buffersize=BLOCK if self.depth == 0 else max(1, min(BLOCK, 2**18 // max(1, t.size))),
        ):
            block = slice(start, start + z_block.size)
            start += z_block.size
            solve(z_block, lam_block, t.ravel(), {name: r[:, block] for name, r in results.items()})
        return [r.reshape(t.shape + shape) for r in results.values()]

    def _two_layers(self, z: Array, lam: Array, times: Array, out: dict[str, Array]) -> None:
        with np.errstate(over="ignore"):  # a quotient by inf is the right 0
            two_layer.solve(z, lam, times, [out[name] for name in ("theta", "a", "beta") if name in out])
            if "slope" in out:
                two_layer.slopes(z, lam, times, out["slope"])
        if "b" in out:
            out["b"][:] = self.b0

    def _more_layers(self, z: Array, lam: Array, times: Array, out: dict[str, Array]) -> None:
        with np.errstate(divide="ignore"):
            log_lam = np.log(lam)
        solution = solve_deep(self, np.abs(z), log_lam, times, tuple(out))
        for name, value in zip(out, solution, strict=True):
            out[name][:] = value.T
            if name in ("theta", "beta"):  # odd functions of z
                out[name] *= np.sign(z)


def solve_deep(
    flow: OverParameterizedFlow, z: Array, log_lam: Array, times: Array, names: tuple[str, ...] = ("theta",)
) -> list[Array]:
    r"""Return some of LAYERS at depth >= 1 of 1-d z >= 0, ln(lambda); shape (components, times)."""
    from opgd.flow import _deep as deep  # numba takes a while to load, and depth 0 does not need it

    order = np.argsort(times)
    factor = 1.0 if flow.separate_layers else float(flow.depth)
    out = {name: np.empty((z.size, times.size)) for name in names}
    length = deep.panel_length(flow.depth, flow.tolerance)
    arrays = [out.get(name, np.empty((0, 0))) for name in LAYERS]
    deep.solve(z, log_lam, times[order], flow.depth, factor, flow.b0, length, *arrays)
    results = list(out.values())
    return results if (order[1:] > order[:-1]).all() else [r[:, np.argsort(order)] for r in results]


def half_times(flow: OverParameterizedFlow, z: Array, log_lam: Array) -> tuple[Array, Array]:
    r"""Return when theta = z / 2 at depth >= 1, and d ln(theta) / d ln(t) there; 1-d z > 0 and ln(lambda)."""
    from opgd.flow import _deep as deep

    half, steepness = np.empty_like(z), np.empty_like(z)
    factor = 1.0 if flow.separate_layers else float(flow.depth)
    length = deep.panel_length(flow.depth, flow.tolerance)
    deep.half_times(z, log_lam, flow.depth, factor, flow.b0, length, half, steepness)
    return half, steepness


def _inputs(
    z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array, Array, tuple[int, ...]]:
    z = check.array("z", z)
    lam = check.array("eigenvalues", eigenvalues, least=0)
    t = check.array("t", t, least=0, infinite=True)
    return z, lam, t, check.broadcast(z=z, eigenvalues=lam)
