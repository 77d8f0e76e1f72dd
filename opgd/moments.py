r"""Mean and variance of the squared error of one component, by Gaussian quadrature.

With $z = \theta^* + \varepsilon \xi$ the squared error $(\theta(t; z) - \theta^*)^2$ is a function of one
standard normal variable. For the vanilla flow its moments are elementary. For the two-layer flow
$\theta$ is a smooth threshold in $z$: at late times it jumps within $1/(2t)$ around a point $z_c$, which
may be far narrower than the noise. A Gauss-Hermite rule misses that; here the panels of a composite
Gauss-Legendre rule shrink towards $z_c$.
"""

from __future__ import annotations

import math

import numpy as np

from opgd._validate import Array
from opgd.flows import OverParameterizedFlow, VanillaFlow

__all__ = ["squared_error_moments"]

REACH = 9.5  # standard deviations beyond which the Gaussian weight is dropped
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
SMALLEST_LOG = -650.0  # logarithms of eigenvalues below this take the limit lambda << |z|
CHUNK = 2**21  # quadrature nodes held at once


def squared_error_moments(
    flow: VanillaFlow | OverParameterizedFlow,
    signal: Array,
    log_eigenvalues: Array,
    epsilon: float,
    t: float,
    log_weights: Array,
    *,
    reach: float = REACH,
) -> tuple[Array, Array]:
    r"""Return $e^w$ times the mean and the variance of $(\theta - \theta^*)^2$ of each component.

    Parameters
    ----------
    flow : VanillaFlow or OverParameterizedFlow
        The estimator.
    signal : ndarray, shape (k,)
        $\theta^* \ge 0$.
    log_eigenvalues : ndarray, shape (k,)
        $\ln \lambda$; -inf for an eigenvalue of zero. Logarithms, so that untruncated sums may go where
        $\lambda$ underflows.
    epsilon : float
        Noise level, > 0.
    t : float
        Flow time in [0, inf].
    log_weights : ndarray, shape (k,)
        $w$, the logarithm of a factor on both moments.
    reach : float
        Standard deviations of noise to integrate over.

    Returns
    -------
    mean, variance : ndarray, shape (k,)
    """
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        if t == 0 or t == math.inf:  # theta = 0, or theta = z where the eigenvalue is positive
            moves = (t > 0) & (log_eigenvalues > -math.inf)
            weight = np.exp(log_weights)
            spread = np.where(moves, 2 * epsilon**4, 0.0)
            return weight * np.where(moves, epsilon**2, signal**2), weight * spread
        if isinstance(flow, VanillaFlow):
            return _linear_moments(signal, log_eigenvalues, epsilon, t, log_weights)
        mean, variance = np.empty_like(signal), np.empty_like(signal)
        edges = 10 + 2 * _grades(epsilon * t)
        rows = max(1, CHUNK // (edges * NODES.size))
        noise = np.flatnonzero(signal == 0)
        parts = [noise[i : i + rows] for i in range(0, noise.size, rows)]
        other = np.flatnonzero(signal)
        parts += [other[i : i + rows] for i in range(0, other.size, rows)]
        for part in parts:
            mean[part], variance[part] = _threshold_moments(
                flow, signal[part], log_eigenvalues[part], epsilon, t, log_weights[part], reach
            )
        return mean, variance


def _linear_moments(
    signal: Array, log_lam: Array, epsilon: float, t: float, log_weights: Array
) -> tuple[Array, Array]:
    rate = np.exp(log_lam + math.log(t))
    bias = np.exp(-rate) * signal
    log_spread = np.log(-np.expm1(-rate)) + math.log(epsilon)
    tiny = rate < 1e-290  # keep the product with the weight inside the range of a double
    log_spread[tiny] = log_lam[tiny] + math.log(t) + math.log(epsilon)
    weight = np.exp(log_weights)
    spread2, spread4 = np.exp(2 * log_spread + log_weights), np.exp(4 * log_spread + log_weights)
    return weight * bias**2 + spread2, 2 * spread4 + 4 * bias**2 * spread2


def _grades(tau: float) -> int:
    """Return how many panels beside the threshold it takes to grow from 1/tau to one standard deviation."""
    return max(0, math.ceil(math.log(max(1.0, 1.6 * tau), 2.5))) + 1


def _threshold_moments(
    flow: OverParameterizedFlow,
    signal: Array,
    log_lam: Array,
    epsilon: float,
    t: float,
    log_weights: Array,
    reach: float,
) -> tuple[Array, Array]:
    m = signal / epsilon
    low, high = np.maximum(0.0, m - reach), m + reach  # in standard deviations; z < 0 by symmetry
    panels = math.ceil(float((high - low).max()) / 2.4)
    even = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, panels + 1)
    tau = epsilon * t
    centre = threshold(log_lam, t) / epsilon
    away = np.cumsum(np.r_[2.0, 4 * 2.5 ** np.arange(_grades(tau))]) / (2 * tau)
    edges = np.concatenate([even, centre[:, None] + np.r_[-away[::-1], away]], axis=1)
    np.clip(edges, low[:, None], high[:, None], out=edges)
    edges.sort(axis=1)
    half = np.diff(edges, axis=1) / 2
    u = ((edges[:, 1:] + edges[:, :-1]) / 2)[..., None] + half[..., None] * NODES
    u = u.reshape(len(m), -1)
    weight = (half[..., None] * WEIGHTS).reshape(u.shape) / math.sqrt(2 * math.pi)

    theta = _estimate(flow, epsilon * u, log_lam, t) / epsilon
    lift = log_weights[:, None]
    sides = []
    noise = not signal.any()
    for sign in (1,) if noise else (1, -1):  # z > 0, then z < 0, the same for pure noise
        error2 = (theta - sign * m[:, None]) ** 2
        error2 *= epsilon**2
        exponent = lift - (u - sign * m[:, None]) ** 2 / 2
        np.minimum(exponent, 700, out=exponent)  # larger only where the error is nil
        sides.append((error2, (2 * weight if noise else weight) * np.exp(exponent)))
    mean = np.sum([np.einsum("ij,ij->i", density, error2) for error2, density in sides], axis=0)
    plain = (mean * np.exp(-log_weights))[:, None]
    variance = np.sum(
        [np.einsum("ij,ij->i", density, (error2 - plain) ** 2) for error2, density in sides], axis=0
    )
    return mean, variance


def threshold(log_lam: Array, t: float) -> Array:
    r"""Return $z_c$, where the two-layer flow at time t has about half of its observation, 0 if all have.

    It is where the upper solution (28) of Lemma D.1 equals $z/2$:
    $(2z + \lambda) t = \ln(2 + 2z/\lambda)$. Newton's method from above, monotone since the equation is
    convex.
    """
    log_rate = np.maximum(log_lam, -1e9) + math.log(t)  # an eigenvalue of zero: a threshold out of reach
    rate = np.exp(log_rate)
    v = 2 + 2 * np.logaddexp(math.log(2), -log_rate)  # v = 2 z t
    for _ in range(12):
        gap = v + rate - np.logaddexp(math.log(2), np.log(v) - log_rate)
        v = np.maximum(v - gap / (1 - 1 / (2 * rate + v)), 1e-3)
    return np.asarray(np.where((rate < math.log(2)) & (v > 1e-3), v, 0.0) / (2 * t))


def _estimate(flow: OverParameterizedFlow, z: Array, log_lam: Array, t: float) -> Array:
    small = log_lam < SMALLEST_LOG
    if not small.any():
        return flow.estimate(z, np.exp(log_lam)[:, None], t)
    theta = np.zeros_like(z)
    theta[~small] = flow.estimate(z[~small], np.exp(log_lam[~small])[:, None], t)
    z = np.maximum(z[small], 1e-290)
    tanh = np.tanh(z * t)
    q = np.exp(np.log(4 * z) - log_lam[small][:, None] - (2 * z * t + np.log1p(np.exp(-2 * z * t)))) + tanh
    theta[small] = z * 2 * tanh / ((1 + tanh) * q)
    return theta
