r"""Mean and variance of the squared error of one component, by Gaussian quadrature.

With $z = \theta^* + \varepsilon \xi$ the squared error $(\theta(t; z) - \theta^*)^2$ is a function of one
standard normal variable. For the vanilla flow its moments are elementary. For an over-parameterized flow
$\theta$ is a smooth threshold in $z$: at late times it jumps around a point $z_c$ within a width that may be
far narrower than the noise, $1/(2t)$ at depth 0. A Gauss-Hermite rule misses that; here the panels of a
composite Gauss-Legendre rule shrink towards $z_c$.
"""

from __future__ import annotations

import math

import numpy as np

from opgd._validate import Array
from opgd.flow import Flow

__all__ = ["squared_error_moments"]

REACH = 9.5  # standard deviations beyond which the Gaussian weight is dropped
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
CHUNK = 2**20  # quadrature nodes, times those times that share them, held at once
SHARED = 200  # panels between the thresholds of the first and the last time beyond which times share no nodes

FAR = 1e200  # standard deviations of noise beyond which a threshold is never reached
SHARPEST = 1e9  # a threshold that is narrower is a step: its inside adds a share of 1e-9


def squared_error_moments(
    flow: Flow,
    signal: Array,
    log_eigenvalues: Array,
    epsilon: float,
    t: float | Array,
    log_weights: Array,
    *,
    reach: float = REACH,
    coarseness: float = 1.0,
) -> tuple[Array, Array]:
    r"""Return $e^w$ times the mean and the variance of $(\theta - \theta^*)^2$ of each component.

    Memory: at most about 300 MB beside arguments and result, whatever the numbers are.

    Parameters
    ----------
    flow : Flow
        The estimator.
    signal : ndarray, shape (k,)
        $\theta^* \ge 0$.
    log_eigenvalues : ndarray, shape (k,)
        $\ln \lambda$; -inf for an eigenvalue of zero. Logarithms, so that untruncated sums may go where
        $\lambda$ underflows.
    epsilon : float
        Noise level, > 0.
    t : float or ndarray, shape (T,)
        Flow time in [0, inf], or several increasing times in (0, inf), which share the nodes: best a factor
        of two apart at most. Where their thresholds are many widths apart, they are split.
    log_weights : ndarray, shape (k,)
        $w$, the logarithm of a factor on both moments.
    reach : float
        Standard deviations of noise to integrate over.
    coarseness : float
        Factor on the length of all panels: 2 is good to three digits or so.

    Returns
    -------
    mean, variance : ndarray, shape ``np.shape(t) + (k,)``
    """
    times = np.atleast_1d(t)
    coarseness *= flow.coarseness
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        if times[0] == 0 or times[0] == math.inf:  # theta = 0, or theta = z where the eigenvalue is positive
            moves = (times[0] > 0) & (log_eigenvalues > -math.inf)
            weight = np.exp(log_weights)
            spread = np.where(moves, 2 * epsilon**4, 0.0)
            mean, variance = weight * np.where(moves, epsilon**2, signal**2), weight * spread
        elif flow.linear:
            shares = [flow.share(log_eigenvalues, float(time)) for time in times]
            moments = [_linear_moments(signal, *share, epsilon, log_weights) for share in shares]
            mean, variance = (np.array(each) for each in zip(*moments, strict=True))
        else:
            mean, variance = _quadrature(
                flow, signal, log_eigenvalues, epsilon, times, log_weights, reach, coarseness
            )
    shape = np.shape(t) + signal.shape
    return mean.reshape(shape), variance.reshape(shape)


def _linear_moments(
    signal: Array, log_learned: Array, missing: Array, epsilon: float, log_weights: Array
) -> tuple[Array, Array]:
    bias, log_spread = missing * signal, log_learned + math.log(epsilon)
    weight = np.exp(log_weights)
    spread2, spread4 = np.exp(2 * log_spread + log_weights), np.exp(4 * log_spread + log_weights)
    return weight * bias**2 + spread2, 2 * spread4 + 4 * bias**2 * spread2


def _quadrature(
    flow: Flow,
    signal: Array,
    log_eigenvalues: Array,
    epsilon: float,
    times: Array,
    log_weights: Array,
    reach: float,
    coarseness: float,
) -> tuple[Array, Array]:
    """Return the moments, shape (T, k), in pieces of bounded size; times share nodes if that saves any."""
    bends = _bends(flow, log_eigenvalues, epsilon, times)
    between = _between(*bends, signal / epsilon, reach)
    nodes = NODES.size * (_even(reach, coarseness) + 2 * _grades(bends[1]) + between)
    if times.size > 1 and (between > SHARED or nodes * times.size > CHUNK):
        early, late = (
            _quadrature(flow, signal, log_eigenvalues, epsilon, half, log_weights, reach, coarseness)
            for half in np.array_split(times, 2)
        )
        return np.concatenate([early[0], late[0]]), np.concatenate([early[1], late[1]])
    mean, variance = np.empty((2, times.size, signal.size))
    rows = max(1, CHUNK // (nodes * times.size))
    noise = np.flatnonzero(signal == 0)
    parts = [noise[i : i + rows] for i in range(0, noise.size, rows)]
    other = np.flatnonzero(signal)
    parts += [other[i : i + rows] for i in range(0, other.size, rows)]
    for part in parts:
        u, weight = _nodes(signal[part] / epsilon, bends[0][:, part], bends[1][:, part], reach, coarseness)
        theta = np.zeros((times.size, *u.shape))
        used = weight > 0  # panels beyond the reach have no width
        log_lam = log_eigenvalues[part][np.nonzero(used)[0]]
        theta[:, used] = flow.estimate_log(epsilon * u[used], log_lam, times)
        mean[:, part], variance[:, part] = _integrate(
            theta, signal[part], epsilon, u, weight, log_weights[part]
        )
    return mean, variance


def _bends(flow: Flow, log_eigenvalues: Array, epsilon: float, times: Array) -> tuple[Array, Array]:
    """Return places and sharpness of the thresholds at the last and the first time, in units of the noise."""
    late, late_sharpness = flow.threshold(log_eigenvalues, times[-1])  # moves towards zero
    early, sharpness = flow.threshold(log_eigenvalues, times[0])
    late = np.where(late > 0, late, early * (times[0] / times[-1]))
    return (
        np.minimum(np.array([late, early]) / epsilon, FAR),
        np.minimum(epsilon * np.array([late_sharpness, sharpness]), SHARPEST),
    )


def _limits(m: Array, reach: float) -> tuple[Array, Array]:
    """Return between which u > 0 the weight of a component counts."""
    return np.maximum(0.0, m - reach), m + reach


def _even(reach: float, coarseness: float) -> int:
    """Return how many panels the weight alone asks for, on both sides of the signal."""
    return math.ceil(2 * reach / (2.4 * coarseness))


def _grades(sharpness: Array, growth: float = 2.5) -> int:
    """Return how many panels it takes to grow from the width of the threshold to one standard deviation."""
    return max(0, math.ceil(math.log(max(1.0, 1.6 * sharpness.max(initial=0.0)), 2.5))) + 1


def _between(centre: Array, sharpness: Array, m: Array, reach: float) -> int:
    """Return how many panels of about the threshold's width its way from the last to the first time takes.

    What lies beyond the reach does not count.
    """
    low, high = _limits(m, reach)
    late, early = np.maximum(centre[0], low), np.minimum(centre[1], high)
    moves = (late < early) & (late > 0)
    widths = np.log(early[moves] / late[moves]) * (centre * sharpness).max(axis=0)[moves]
    return math.ceil(float(widths.max(initial=0.0)) / 2)


def _nodes(m: Array, centre: Array, sharpness: Array, reach: float, coarseness: float) -> tuple[Array, Array]:
    """Return nodes u = z / epsilon and weights, shape (k, nodes), of integrals over u > 0 near `m`.

    `m` is the signal; `centre` and `sharpness`, shape (2, k), tell where the threshold is at the last and the
    first time. All in standard deviations of the noise.
    """
    low, high = _limits(m, reach)
    panels = math.ceil(float((high - low).max()) / (2.4 * coarseness))
    even = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, panels + 1)
    growth = 2.5 * coarseness
    away = np.cumsum(np.r_[1.0, 2 * growth ** np.arange(_grades(sharpness, growth))]) / sharpness[..., None]
    edges = [even, centre[0, :, None] - away[0], centre[1, :, None] + away[1]]
    between = math.ceil(_between(centre, sharpness, m, reach) / coarseness)
    if between:
        late, early = (np.clip(each, low, high) for each in centre)
        ratio = np.divide(early, late, out=np.ones_like(m), where=late > 0)
        edges.append(late[:, None] * ratio[:, None] ** np.linspace(0, 1, between + 1))
    bounds = np.concatenate(edges, axis=1)
    np.clip(bounds, low[:, None], high[:, None], out=bounds)
    bounds.sort(axis=1)
    half = np.diff(bounds, axis=1) / 2
    u = ((bounds[:, 1:] + bounds[:, :-1]) / 2)[..., None] + half[..., None] * NODES
    weight = half[..., None] * WEIGHTS / math.sqrt(2 * math.pi)
    return u.reshape(len(m), -1), weight.reshape(len(m), -1)


def _integrate(
    theta: Array, signal: Array, epsilon: float, u: Array, weight: Array, log_weights: Array
) -> tuple[Array, Array]:
    """Return weighted mean and variance of the squared errors; theta has shape (T, k, nodes)."""
    lift, noise = log_weights[:, None], not signal.any()
    sides = []
    for sign in (1,) if noise else (1, -1):  # z > 0, then z < 0, the same for pure noise
        error2 = (theta - sign * signal[:, None]) ** 2
        exponent = lift - (u - sign * signal[:, None] / epsilon) ** 2 / 2
        np.minimum(exponent, 700, out=exponent)  # larger only where the error is nil
        sides.append((error2, (2 * weight if noise else weight) * np.exp(exponent)))
    mean = np.sum([np.einsum("ij,tij->ti", density, error2) for error2, density in sides], axis=0)
    plain = (mean * np.exp(-log_weights))[..., None]
    variance = np.sum(
        [np.einsum("ij,tij->ti", density, (error2 - plain) ** 2) for error2, density in sides], axis=0
    )
    return mean, variance
