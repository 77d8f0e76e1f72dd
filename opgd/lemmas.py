r"""When a component leaves its initial state and when it is learned: Lemmas D.1 to D.3.

The comparison flow (28), the hitting times (35), computed exactly, and the bounds (36) to (42) with the
constants of the paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import wrightomega

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.over_parameterized import OverParameterizedFlow
from opgd.theory.bounds import stopping_exponent

__all__ = [
    "HittingTimes",
    "NoiseTimes",
    "comparison_solution",
    "early_noise_bounds",
    "hitting_times",
    "late_noise_bounds",
    "noise_times",
    "remaining_error_bound",
    "signal_time_bound",
]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
PANEL = 0.5  # length of a panel in the variable of the quadrature for hitting times
NEWTON_STEPS = 100  # far more than are needed


def comparison_solution(z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
    r"""Solve the comparison flow (26), $\tilde\theta' = (\lambda + 2 |\tilde\theta|)(z - \tilde\theta)$.

    Its solution (28) from $\tilde\theta(0) = 0$ encloses the two-layer flow in Lemma D.1, equation (27):

    .. math::

        \tilde\theta(t) = \frac{\lambda (E - 1) z}{2 |z| + \lambda E}, \qquad E = e^{(2 |z| + \lambda) t}.

    Parameters
    ----------
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`.
    t : array_like
        Times $\ge 0$; inf is allowed. A component with $\lambda = 0$ never moves.

    Returns
    -------
    ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``

    Examples
    --------
    >>> from opgd.lemmas import comparison_solution
    >>> comparison_solution(1.0, 0.5, [0.0, 1.0, float("inf")]).round(6).tolist()
    [0.0, 0.691024, 1.0]
    """
    z, lam, t = _component(z, eigenvalues, t)
    size = 2 * np.abs(z)
    with np.errstate(invalid="ignore", over="ignore"):  # 0 * inf where nothing moves
        exponent = -(size + lam) * t
    moves = (z != 0) & (lam > 0)
    exponent = np.where(moves, exponent, 0.0)
    return np.asarray(z * (lam * -np.expm1(exponent) / np.where(moves, size * np.exp(exponent) + lam, 1.0)))


@dataclass(frozen=True)
class HittingTimes:
    r"""When a component reaches the marks of (35); inf if it never does. Arrays of one shape.

    Attributes
    ----------
    first : ndarray
        $T^{(1)} = \inf\{t : |\beta| \ge \lambda^{1/2}\}$, when a starts to grow.
    second : ndarray
        $T^{(2)} = \inf\{t : |\beta| \ge b_0 D^{-1/2}\}$, when b starts to grow.
    signal : ndarray
        $T^{sig} = \inf\{t : |\theta| \ge |z| / 2\}$.
    """

    first: Array
    second: Array
    signal: Array

    @property
    def escape(self) -> Array:
        r"""Time $T^{esc} = \min(T^{(1)}, T^{(2)})$ until which the component is as at the start."""
        return np.minimum(self.first, self.second)


def hitting_times(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> HittingTimes:
    r"""Compute the times of (35), to a relative error of about 1e-12.

    (Where a mark lies just below the limit, rounding z moves its time by more.) The flow is one equation,
    $\beta' = a b^D (|z| - \theta)$ with the conserved quantities (32), so that

    .. math::

        T = \int_0^{\beta(T)} \frac{d\beta}{a b^D (|z| - \theta)}.

    With $\beta = \min(\lambda^{1/2}, b_0 D^{-1/2}) \sinh w$ the integrand varies over lengths of order 1, but
    for its pole at the equilibrium $w_\infty$; in $x = w - \ln(1 - w / w_\infty)$ there is none.

    Parameters
    ----------
    flow : OverParameterizedFlow
        Any depth; $T^{(2)}$ is inf at depth 0. With separate layers its mark is $\beta = b_0$, where they and
        beta balance.
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`. By their definitions $T^{sig} = 0$ for z = 0 and
        $T^{(1)} = 0$ for $\lambda = 0$.

    Returns
    -------
    HittingTimes
        Arrays of shape ``broadcast(z, eigenvalues)``.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.lemmas import hitting_times
    >>> times = hitting_times(OverParameterizedFlow(depth=1, b0=0.5), z=[1.0, 0.001], eigenvalues=0.04)
    >>> times.first.round(6).tolist(), times.second.round(6).tolist(), times.signal.round(6).tolist()
    ([1.743183, inf], [3.13376, inf], [3.824881, 69.275244])
    """
    if not isinstance(flow, OverParameterizedFlow):
        raise ValueError(f"flow = {flow!r} is not allowed: it must be an OverParameterizedFlow")
    z, lam, _ = _component(z, eigenvalues, 0.0, check.SQUARABLE)
    z, lam = np.broadcast_arrays(np.abs(z), lam)
    root, m = np.sqrt(lam), 1.0 if flow.separate_layers and flow.depth else float(flow.depth)
    moves = (z > 0) & (lam > 0)
    if not moves.any():
        first, signal = np.where(lam > 0, math.inf, 0.0), np.where(z > 0, math.inf, 0.0)
        return HittingTimes(first, np.full(z.shape, math.inf), signal)
    safe_root = np.where(moves, root, 1.0)
    # far below this z the flow is linear: half of z comes at a time that does not depend on z, the rest never
    small = np.minimum(safe_root, flow.b0 / math.sqrt(m) if m else math.inf) * safe_root * flow.b0**flow.depth
    safe_z = np.maximum(np.where(moves, z, 1.0), 1e-12 * small)
    end = _inverse(flow.depth, m, flow.b0, safe_root, np.log(safe_z))
    half = _inverse(flow.depth, m, flow.b0, safe_root, np.log(safe_z) - math.log(2))
    second = np.full(z.shape, flow.b0 / math.sqrt(m) if m else math.inf)
    times = [
        _time(flow.depth, m, flow.b0, safe_root, safe_z, end, mark) for mark in (safe_root, second, half)
    ]
    first, second, signal = (np.where(moves, time, math.inf) for time in times)
    return HittingTimes(np.where(lam > 0, first, 0.0), second, np.where(z > 0, signal, 0.0))


@dataclass(frozen=True)
class NoiseTimes:
    r"""The times of Lemma D.2, arrays of one shape; inf at z = 0.

    Attributes
    ----------
    first : ndarray
        $\underline{T}^{(1)} = (2^{(D+1)/2} b_0^D |z|)^{-1}$.
    second : ndarray
        $\underline{T}^{(2)} = (2^{(D+1)/2} D^{1/2} \lambda^{1/2} b_0^{D-1} |z|)^{-1}$.
    late : ndarray
        $\underline{T}^{(1,2)} = (1 + \ln[b_0 D^{-1/2} \lambda^{-1/2}]) \underline{T}^{(1)}$; NaN unless
        $\lambda^{1/2} \le b_0 D^{-1/2}$, for the lemma makes no such claim then.
    """

    first: Array
    second: Array
    late: Array


def noise_times(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> NoiseTimes:
    r"""Return the times of Lemma D.2 before which a component of noise stays small.

    The lemma claims $\min(\underline{T}^{(1)}, \underline{T}^{(2)}) \le T^{esc}$, and
    $\underline{T}^{(1)} \le T^{(1)}$ if $\lambda^{1/2} \le b_0 D^{-1/2}$.

    Parameters
    ----------
    flow : OverParameterizedFlow
        Of depth $D \ge 1$, with shared layers.
    z : array_like
        Observations.
    eigenvalues : array_like
        $\lambda \ge 0$, broadcastable against `z`.

    Returns
    -------
    NoiseTimes

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.lemmas import noise_times
    >>> times = noise_times(OverParameterizedFlow(depth=1, b0=0.5), z=0.1, eigenvalues=0.01)
    >>> round(float(times.first), 6), round(float(times.second), 6), round(float(times.late), 6)
    (10.0, 50.0, 26.094379)
    """
    depth, b0 = _deep(flow)
    z, lam, _ = _component(z, eigenvalues, 0.0)
    z, root = np.broadcast_arrays(np.abs(z), np.sqrt(lam))
    balance = b0 / math.sqrt(depth)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first = 1 / (2 ** ((depth + 1) / 2) * b0**depth * z)
        second = first * balance / root
        late = np.where(root <= balance, 1 + np.log(balance / root), np.nan) * first
    return NoiseTimes(first, second, late)


def early_noise_bounds(
    flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    r"""Bound $|\beta|$ and $|\theta|$ until $\min(\underline{T}^{(1)}, \underline{T}^{(2)})$, (36) and (37).

    .. math::

        |\beta| \le 2^{(D+1)/2} \lambda^{1/2} b_0^D |z| t, \qquad |\theta| \le 2^{D+1} \lambda b_0^{2D} |z| t.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.
    t : array_like
        Times $\ge 0$.

    Returns
    -------
    beta, theta : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        The bounds; inf at later times, for which nothing is claimed.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.lemmas import early_noise_bounds
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> beta, theta = early_noise_bounds(flow, z=0.1, eigenvalues=0.01, t=[5.0, 11.0])
    >>> beta.round(6).tolist(), theta.round(6).tolist()
    ([0.05, inf], [0.005, inf])
    """
    times = noise_times(flow, z, eigenvalues)
    z, lam, t = _component(z, eigenvalues, t)
    grown = t / times.first  # 2^((D + 1) / 2) b0^D |z| t
    valid = t <= np.minimum(times.first, times.second)
    beta = np.where(valid, np.sqrt(lam) * grown, np.inf)
    return beta, np.where(valid, 2 ** ((flow.depth + 1) / 2) * flow.b0**flow.depth * lam * grown, np.inf)


def late_noise_bounds(
    flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike
) -> tuple[Array, Array]:
    r"""Bound $|\beta|$ and $|\theta|$ until $\underline{T}^{(1,2)}$, (38) and (39).

    If $\lambda^{1/2} \le b_0 D^{-1/2}$,

    .. math::

        |\beta| \le \lambda^{1/2} e^{s}, \qquad |\theta| \le 2^{(D+1)/2} \lambda b_0^D e^{2 s}, \qquad
        s = 2^{(D+1)/2} b_0^D |z| (t - \underline{T}^{(1)})^+.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.
    t : array_like
        Times $\ge 0$.

    Returns
    -------
    beta, theta : ndarray, shape ``np.shape(t) + broadcast(z, eigenvalues)``
        The bounds; inf where nothing is claimed.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.lemmas import late_noise_bounds
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> beta, theta = late_noise_bounds(flow, z=0.1, eigenvalues=0.01, t=[9.0, 20.0])
    >>> beta.round(6).tolist(), theta.round(6).tolist()
    ([0.1, 0.271828], [0.01, 0.073891])
    """
    times = noise_times(flow, z, eigenvalues)
    z, lam, t = _component(z, eigenvalues, t)
    valid = t <= times.late  # not where it is NaN
    s = np.where(valid & (lam > 0), np.maximum(t / times.first - 1, 0.0), 0.0)
    beta = np.where(valid, np.sqrt(lam) * np.exp(s), np.inf)
    theta = 2 ** ((flow.depth + 1) / 2) * flow.b0**flow.depth * lam * np.exp(2 * s)
    return beta, np.where(valid, theta, np.inf)


def signal_time_bound(flow: OverParameterizedFlow, z: ArrayLike, eigenvalues: ArrayLike) -> Array:
    r"""Bound $T^{sig}$ by Lemma D.3: (40) if $\lambda^{1/2} \le b_0 D^{-1/2}$, otherwise (41).

    .. math::

        T^{sig} \le \frac{2}{b_0^D |z|} \left(1 + \left(\ln \frac{(D^{-D/2} |z| / 2)^{1/(D+2)}}{\lambda^{1/2}}
        \right)^+\right), \qquad
        T^{sig} \le \frac{2}{D^{1/2} \lambda^{1/2} b_0^{D-1} |z|} (1 + R^+),

    where $R = \ln[(D |z| / 2)^{1/(D+2)} / b_0]$ for D = 1 and $1/(D-1)$ for larger D.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `noise_times`.

    Returns
    -------
    ndarray, shape ``broadcast(z, eigenvalues)``
        The bound; inf at z = 0 and at $\lambda = 0$.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow
    >>> from opgd.lemmas import signal_time_bound
    >>> flow = OverParameterizedFlow(depth=1, b0=0.5)
    >>> signal_time_bound(flow, z=2.0, eigenvalues=[0.04, 1.0]).round(6).tolist()
    [5.218876, 1.693147]
    """
    depth, b0 = _deep(flow)
    z, lam, _ = _component(z, eigenvalues, 0.0)
    z, root = np.broadcast_arrays(np.abs(z), np.sqrt(lam))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_small = (np.log(z / 2) - depth / 2 * math.log(depth)) / (depth + 2) - np.log(root)
        small = 2 / (b0**depth * z) * (1 + np.maximum(log_small, 0.0))
        log_large = np.log(z / 2) / 3 - math.log(b0) if depth == 1 else np.full(z.shape, 1 / (depth - 1))
        large = 2 / (math.sqrt(depth) * root * b0 ** (depth - 1) * z) * (1 + np.maximum(log_large, 0.0))
    bound = np.where(root <= b0 / math.sqrt(depth), small, large)
    return np.where((z > 0) & (root > 0), bound, np.inf)


def remaining_error_bound(depth: int, z: ArrayLike, elapsed: ArrayLike) -> Array:
    r"""Bound $|z - \theta(t)|$ at $t = T^{sig} + {}$ `elapsed`, equation (42) of Lemma D.3.

    .. math::

        |z - \theta(t)| \le \frac{|z|}{2} e^{-s}, \qquad
        s = \tfrac14 D^{D/(D+2)} |z|^{(2D+2)/(D+2)} (t - T^{sig}).

    Parameters
    ----------
    depth : int
        $D \ge 1$, with shared layers.
    z : array_like
        Observations.
    elapsed : array_like
        $t - T^{sig} \ge 0$; inf is allowed. Broadcastable against `z`.

    Returns
    -------
    ndarray, shape ``broadcast(z, elapsed)``

    Examples
    --------
    >>> from opgd.lemmas import remaining_error_bound
    >>> remaining_error_bound(1, 8.0, [0.0, 0.5]).round(6).tolist()
    [4.0, 0.541341]
    """
    depth = check.whole("depth", depth, least=1)
    z = np.abs(check.array("z", z))
    elapsed = check.array("elapsed", elapsed, least=0, infinite=True)
    check.broadcast(z=z, elapsed=elapsed)
    with np.errstate(invalid="ignore"):  # 0 * inf at z = 0, where there is no error
        exponent = depth ** (depth / (depth + 2)) / 4 * z ** stopping_exponent(depth) * elapsed
    return np.asarray(z / 2 * np.exp(-np.where(z > 0, exponent, 0.0)))


def _inverse(depth: int, m: float, b0: float, root: Array, log_theta: Array) -> Array:
    """Return beta where theta has the given logarithm.

    Newton's method for ln(theta) in y = ln(beta): convex, with slopes between 1 and D + 2, from the right.
    """
    log_root, log_b0 = np.log(root), math.log(b0)
    log_m = math.log(m) if m else -math.inf
    y = log_theta - log_root - depth * log_b0
    for _ in range(NEWTON_STEPS):
        log_a2, log_b2 = np.logaddexp(2 * log_root, 2 * y), np.logaddexp(2 * log_b0, log_m + 2 * y)
        slope = 1 + np.exp(2 * y - log_a2) + depth * np.exp(log_m + 2 * y - log_b2)
        step = (y + log_a2 / 2 + depth / 2 * log_b2 - log_theta) / slope
        y = y - step
        if np.abs(step).max() < 1e-14:
            break
    return np.asarray(np.exp(y))


def _time(depth: int, m: float, b0: float, root: Array, z: Array, end: Array, mark: Array) -> Array:
    """Return when beta reaches `mark`, inf unless its limit `end` is beyond; Gauss-Legendre panels in x."""
    reached = mark < end * (1 - 1e-13)  # any closer, and rounding of z decides
    scale = np.minimum(root, b0 / math.sqrt(m)) if m else root
    w_end, w_mark = np.arcsinh(end / scale), np.arcsinh(np.where(reached, mark, end / 2) / scale)
    x_mark = w_mark - np.log1p(-w_mark / w_end)
    panels = math.ceil(x_mark.max() / PANEL)
    h = x_mark / panels
    nodes, weights = (v.reshape((-1,) + (1,) * z.ndim) for v in ((1 + NODES) / 2, WEIGHTS / 2))
    total = np.zeros(z.shape)
    for panel in range(panels):
        left = wrightomega(w_end + np.log(w_end) - h * (panel + nodes))  # w_end - w: x(w), solved
        beta = scale * np.sinh(w_end - left)
        learned = np.hypot(root, beta) * (b0**2 + m * beta**2) ** (depth / 2)  # a b^D
        slope = np.hypot(scale, beta) / (learned * (1 - learned * (beta / z)))  # z dt/dw
        total += h * np.sum(weights * slope * left / (1 + left), axis=0)  # dx/dw = (1 + left) / left
    with np.errstate(over="ignore"):  # a time beyond the largest double is inf
        return np.where(reached, total / z, math.inf)


def _deep(flow: OverParameterizedFlow) -> tuple[int, float]:
    """Return depth and b0 of a flow of which the lemmas speak."""
    if not isinstance(flow, OverParameterizedFlow):
        raise ValueError(f"flow = {flow!r} is not allowed: it must be an OverParameterizedFlow")
    if flow.depth < 1 or (flow.separate_layers and flow.depth > 1):
        raise ValueError(f"flow = {flow!r} is not allowed: it must have depth >= 1 and shared layers")
    return flow.depth, flow.b0


def _component(
    z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike, largest: float = 1e300
) -> tuple[Array, Array, Array]:
    """Return checked arrays, the axes of t ahead of the others."""
    z = check.array("z", z, largest=largest)
    lam = check.array("eigenvalues", eigenvalues, least=0, largest=largest)
    t = check.array("t", t, least=0, infinite=True)
    axes = len(check.broadcast(z=z, eigenvalues=lam))
    return z, lam, t.reshape(t.shape + (1,) * axes)
