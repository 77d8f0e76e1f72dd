r"""Gradient flows on real data, where the components are coupled through the design.

The model is $f = \sum_j \theta_j e_j$ and the loss is $L(\theta) = \frac{1}{2n} \sum_i (y_i - f(x_i))^2$.
With the design $E_{ij} = e_j(x_i)$ its negative gradient is $g = c - G \theta$, where $c = E^\top y / n$ and
$G = E^\top E / n$. In the sequence model $G$ is the identity, and every component is on its own; here it is
not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.integrate import DOP853, OdeSolver

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import FlowState, OverParameterizedFlow
from opgd.regression.chebyshev import RKC

__all__ = ["CoupledFlow", "FixedKernelFlow", "LeastSquares"]

ACCURATE = 1e-5
"""Below this tolerance accuracy, not stability, limits the steps, and DOP853 needs fewer evaluations."""


@dataclass(frozen=True)
class LeastSquares:
    r"""The squared loss, by whichever of $E$ (n x K) and $G$ (K x K) is smaller.

    Attributes
    ----------
    correlation : ndarray, shape (K,)
        $c = E^\top y / n$.
    samples : int
        $n$.
    matrix : ndarray, shape (K, K) or (n, K)
        $G$ if $K \le n$, else $E$.
    target : ndarray, shape (n,), or None
        $y$, kept beside $E$.

    Examples
    --------
    >>> loss = LeastSquares.of([[1.0, 1.0], [1.0, -1.0]], [3.0, 1.0])
    >>> loss.matrix.tolist(), loss.descent(np.array([2.0, 0.5])).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.5])
    """

    correlation: Array
    samples: int
    matrix: Array
    target: Array | None = None

    @classmethod
    def of(cls, design: ArrayLike, y: ArrayLike) -> LeastSquares:
        """Return the loss of a design of shape (n, K) and a target of shape (n,).

        Raises
        ------
        ValueError
            If a value is not finite or the shapes do not fit.
        """
        design, y = check.array("design", design), check.array("y", y)
        if design.ndim != 2 or 0 in design.shape or y.shape != design.shape[:1]:
            raise ValueError(
                f"design of shape {design.shape} and y of shape {y.shape} are not allowed: "
                "they must be (n, K) and (n,), n and K at least 1"
            )
        return cls.collect([(design, y)], *design.shape)

    @classmethod
    def collect(cls, blocks: Iterable[tuple[Array, Array]], samples: int, size: int) -> LeastSquares:
        """Return the loss of a design that comes as blocks of rows with their targets.

        Parameters
        ----------
        blocks : iterable of (ndarray, ndarray)
            Blocks of shape (m, size) and (m,), `samples` rows in all. They are kept only if `size` >
            `samples`.
        samples, size : int
            $n$ and $K$.
        """
        if size > samples:
            rows, targets = zip(*blocks, strict=True)
            design, y = (rows[0] if len(rows) == 1 else np.concatenate(rows)), np.concatenate(targets)
            return cls(design.T @ y / samples, samples, design, y)
        gram, correlation = np.zeros((size, size)), np.zeros(size)
        for block, y in blocks:
            gram += block.T @ block
            correlation += block.T @ y
        return cls(correlation / samples, samples, gram / samples)

    def curve(self, theta: Array) -> Array:
        r"""Return $G \theta$ for `theta` of shape (K,)."""
        if self.target is None:
            return np.asarray(self.matrix @ theta)
        return np.asarray((self.matrix @ theta) @ self.matrix) / self.samples

    def descent(self, theta: Array) -> Array:
        r"""Return the negative gradient $g = c - G \theta$, of shape (K,)."""
        return self.correlation - self.curve(theta)

    def diagonal(self) -> Array:
        """Return the diagonal of $G$."""
        if self.target is None:
            return np.diag(self.matrix)
        return np.asarray(np.einsum("ij,ij->j", self.matrix, self.matrix)) / self.samples


def _arguments(loss: LeastSquares, eigenvalues: ArrayLike, times: ArrayLike) -> tuple[Array, Array]:
    lam, t = check.array("eigenvalues", eigenvalues, least=0), check.array("times", times, least=0)
    if lam.shape != loss.correlation.shape:
        raise ValueError(
            f"eigenvalues of shape {lam.shape} are not allowed: the shape must be {loss.correlation.shape}"
        )
    if t.ndim != 1 or not t.size or not (t[1:] > t[:-1]).all():
        raise ValueError(f"times = {t} is not allowed: it must hold increasing numbers along one axis")
    return lam, t


@dataclass(frozen=True)
class FixedKernelFlow:
    r"""Kernel gradient flow (2): only $\beta$ in $\theta_j = \lambda_j^{1/2} \beta_j$ is trained.

    The flow is linear, and one symmetric eigendecomposition solves it for all times. If $K > n$ it is that
    of the kernel matrix $E \Lambda E^\top / n = U \operatorname{diag}(\kappa) U^\top$:

    .. math::

        \theta(t) = \Lambda E^\top U \operatorname{diag}\Bigl(\frac{1 - e^{-\kappa t}}{\kappa}\Bigr)
        U^\top \frac{y}{n} ,

    and otherwise that of $\Lambda^{1/2} G \Lambda^{1/2}$, in the same way.

    Examples
    --------
    With an orthonormal design it is the vanilla flow of the sequence model:

    >>> from opgd import VanillaFlow
    >>> loss = LeastSquares.of([[1.0, 1.0], [1.0, -1.0]], [3.0, 1.0])
    >>> [state] = FixedKernelFlow().path(loss, [1.0, 0.1], [5.0])
    >>> bool(np.allclose(state.theta, VanillaFlow().estimate([2.0, 1.0], [1.0, 0.1], 5.0)))
    True
    """

    def path(self, loss: LeastSquares, eigenvalues: ArrayLike, times: ArrayLike) -> Iterator[FlowState]:
        r"""Return the states at given times.

        Parameters
        ----------
        loss : LeastSquares
            Design and data.
        eigenvalues : array_like, shape (K,)
            $\lambda \ge 0$.
        times : array_like
            Increasing times $\ge 0$.

        Returns
        -------
        iterator of FlowState
            In which $a = \lambda^{1/2}$ and $b = 1$ stay.

        Raises
        ------
        ValueError
            If an argument is not allowed.
        """
        lam, t = _arguments(loss, eigenvalues, times)
        return self._walk(loss, lam, t)

    def _walk(self, loss: LeastSquares, lam: Array, times: Array) -> Iterator[FlowState]:
        root = np.sqrt(lam)
        if loss.target is not None:
            features = loss.matrix * root
            kappa, basis = linalg.eigh(features @ features.T / loss.samples, check_finite=False)
            data = basis.T @ loss.target / loss.samples
        else:
            features = None
            kappa, basis = linalg.eigh(root[:, None] * loss.matrix * root, check_finite=False)
            data = basis.T @ (root * loss.correlation)
        kappa = np.maximum(kappa, 0)
        safe = np.where(kappa > 0, kappa, 1)
        for t in times:
            beta = basis @ (np.where(kappa > 0, -np.expm1(-kappa * t) / safe, t) * data)
            beta = beta if features is None else beta @ features
            yield FlowState(root * beta, root, np.ones_like(root), beta, 0)


@dataclass(frozen=True)
class CoupledFlow:
    r"""Gradient flow of all layers of $\theta_j = a_j b_j^D \beta_j$ on the squared loss: the diagonal
    adaptive kernel.

    .. math::

        \dot a = b^D \beta\, g, \qquad \dot b = D\, a\, b^{D-1} \beta\, g, \qquad \dot\beta = a\, b^D g,
        \qquad g = c - G\, a b^D \beta ,

    from $a(0) = \lambda^{1/2}$, $b(0) = b_0$, $\beta(0) = 0$. The conservation laws
    $a^2 - \beta^2 = \lambda$ and $b^2 - D \beta^2 = b_0^2$ hold for every $g$. With
    $\beta = \lambda^{1/2} \sinh u$ they leave

    .. math:: \dot u = b^D g ,

    which is integrated with a bound on the error of $u$, that is of $\beta$ relative to $a$: absolute while a
    component sleeps, relative once it is awake. The integrator is the Runge-Kutta-Chebyshev method, which
    takes long steps without solving linear systems, or DOP853 if the tolerance is below 1e-5.

    Parameters
    ----------
    depth : int
        $D \ge 0$.
    b0 : float
        Initial value of the extra layers, > 0; without effect at depth 0.
    separate_layers : bool
        $D$ separate layers instead of a shared one, as in `opgd.OverParameterizedFlow`:
        $b^2 = b_0^2 + \beta^2$.
    tolerance : float
        Error of $u$ allowed in a step, in [1e-12, 1e-1].

    Examples
    --------
    With an orthonormal design it is the over-parameterized flow of the sequence model:

    >>> from opgd import OverParameterizedFlow
    >>> loss = LeastSquares.of([[1.0, 1.0], [1.0, -1.0]], [3.0, 1.0])
    >>> [state] = CoupledFlow(depth=1, tolerance=1e-12).path(loss, [1.0, 0.1], [1.5])
    >>> exact = OverParameterizedFlow(depth=1, tolerance=1e-11).estimate([2.0, 1.0], [1.0, 0.1], 1.5)
    >>> bool(np.abs(state.theta - exact).max() < 1e-9)
    True
    """

    depth: int = 0
    b0: float = 1.0
    separate_layers: bool = False
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        OverParameterizedFlow(self.depth, self.b0, self.separate_layers)  # checks the first three
        check.real("tolerance", self.tolerance, least=1e-12, most=1e-1)

    def path(self, loss: LeastSquares, eigenvalues: ArrayLike, times: ArrayLike) -> Iterator[FlowState]:
        r"""Return the states at given times; arguments and errors as for `FixedKernelFlow.path`.

        The flow is followed only as far as the iterator is consumed.

        Raises
        ------
        FloatingPointError
            On the way, if the numbers leave the range of doubles.
        """
        lam, t = _arguments(loss, eigenvalues, times)
        return self._walk(loss, lam, t)

    def _layers(self, root: Array, u: Array) -> tuple[Array, Array, Array | float]:
        """Return beta, a, and b^2 (or 1 at depth 0)."""
        beta = root * np.sinh(u)
        a = np.sqrt(root**2 + beta**2)
        return beta, a, self.b0**2 + self._factor * beta**2 if self.depth else 1.0

    @property
    def _factor(self) -> float:
        return 1.0 if self.separate_layers else float(self.depth)

    def _walk(self, loss: LeastSquares, lam: Array, times: Array) -> Iterator[FlowState]:
        root, power = np.sqrt(lam), self.depth / 2
        moves = (lam > 0).astype(np.float64)
        diagonal = loss.diagonal()
        start = np.random.default_rng(0).standard_normal(lam.size)
        start /= np.linalg.norm(start)
        vector = start.copy()

        def velocity(_: float, u: Array) -> Array:
            beta, a, square = self._layers(root, u)
            outer = square**power
            return np.asarray(outer * loss.descent(a * outer * beta) * moves)

        def spectral_radius(_: float, u: Array) -> float:
            # dv/dt = g in v = int du / b^D has the Jacobian -G S, and S^(1/2) G S^(1/2) is its symmetric form
            nonlocal vector
            beta, a, square = self._layers(root, u)
            metric = a**2 + beta**2 + self.depth * self._factor * (a * beta) ** 2 / square
            half = np.sqrt(metric * square**self.depth)
            rounds = 10 if vector is start else 1
            for _ in range(rounds):
                vector = half * loss.curve(half * (vector + 0.1 * start))
                size = float(np.linalg.norm(vector))
                vector /= max(size, 1e-300)
            return 1.2 * max(size, float((half**2 * diagonal).max()), 1e-300)

        u0 = np.zeros(lam.size)
        solver: OdeSolver
        if self.tolerance < ACCURATE:
            solver = DOP853(velocity, 0.0, u0, times[-1], rtol=3e-14, atol=self.tolerance)
        else:
            solver = RKC(velocity, 0.0, u0, times[-1], atol=self.tolerance, spectral_radius=spectral_radius)
        for t in times:
            with np.errstate(over="ignore", invalid="ignore"):
                while solver.t < t:
                    solver.step()
                    if solver.status == "failed":
                        raise FloatingPointError(
                            f"the flow is too fast for doubles from t = {solver.t:g} on "
                            f"(the largest |c| is {np.abs(loss.correlation).max():g})"
                        )
            beta, a, square = self._layers(root, solver.y if t == solver.t else solver.dense_output()(t))
            b = np.broadcast_to(np.sqrt(square) if self.depth else self.b0, beta.shape).astype(np.float64)
            yield FlowState(a * b**self.depth * beta, a, b, beta, self.depth)
