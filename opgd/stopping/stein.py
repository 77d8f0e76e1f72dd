r"""When to stop, from the data alone: Stein's unbiased risk estimate, and a split of the data.

For Gaussian noise Stein's lemma,
$\mathbb{E}\, (z_j - \theta^*_j)\, \theta_j = \varepsilon^2\, \mathbb{E}\, \partial\theta_j / \partial z_j$,
turns the unknown part of the risk into a derivative, which every flow knows (`linearize`). What is to be
minimised over $t$ is

.. math::

    S(t) = \sum_j \theta_j(t)^2 - 2 z_j \theta_j(t)
    + 2 \varepsilon^2 \frac{\partial \theta_j(t)}{\partial z_j} , \qquad
    \mathbb{E}\, S(t) = \mathbb{E}\, R(t) - \sum_j \theta_j^{*2} .

The usual form of the estimate adds $\sum_j z_j^2 - N \varepsilon^2$, whose expectation is
$\sum_j \theta_j^{*2}$. It does not depend on $t$ and only adds a variance that grows with $N$.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow import Flow

__all__ = ["estimate_noise", "loss", "split_stopping", "sure", "sure_stopping"]

PIECE = 2**20  # estimates held at a time
STEP = math.log(2) / 4  # of ln t during the scan
TIMES = 10.0 ** np.arange(-300, 300.5, 0.5)  # where to look for the ends of the scan


def sure(flow: Flow, z: ArrayLike, eigenvalues: ArrayLike, epsilon: ArrayLike, t: ArrayLike) -> Array:
    r"""Return Stein's unbiased estimate of the risk less $\sum_j \theta_j^{*2}$, at several times.

    Parameters
    ----------
    flow : Flow
        The estimator.
    z : array_like, shape (..., N)
        Observations, N >= 1; leading axes are data sets.
    eigenvalues : array_like, shape (N,)
        $\lambda \ge 0$.
    epsilon : array_like, shape () or (...)
        Noise level, > 0; one for all data sets, or one for each.
    t : array_like, shape (k,)
        Flow times $\ge 0$; inf is allowed.

    Returns
    -------
    ndarray, shape (..., k)
        Computed in pieces: besides the arguments it needs a few dozen megabytes whatever N is.

    Raises
    ------
    ValueError
        If an argument is outside its range or the shapes do not fit.

    References
    ----------
    C. M. Stein, *Estimation of the mean of a multivariate normal distribution*, Annals of Statistics 9
    (1981).

    Examples
    --------
    >>> from opgd import VanillaFlow
    >>> from opgd.stopping import sure
    >>> sure(VanillaFlow(), [2.0, 0.5], [1.0, 1.0], 1.0, [0.0, float("inf")]).tolist()
    [0.0, -0.25]
    """
    _methods(flow)
    z, lam, epsilons = _data(z, eigenvalues, epsilon)
    t = check.array("t", t, least=0, infinite=True)
    if t.ndim != 1:
        raise ValueError(f"t of shape {t.shape} is not allowed: it must have one axis")
    rows = [_sure(flow, row, lam, e, t) for row, e in _rows(z, epsilons)]
    return np.array(rows).reshape(*z.shape[:-1], t.size)


def sure_stopping(
    flow: Flow, z: ArrayLike, eigenvalues: ArrayLike, epsilon: ArrayLike
) -> tuple[Array, Array]:
    r"""Find the time in [0, inf] at which `sure` is smallest.

    The times scanned are a factor of $2^{1/4}$ apart, from when the fastest component has moved by 1 % to
    when the slowest would have fitted an observation of size $\varepsilon$; 0 and inf are tried as well.
    (What is not fitted by then is smaller than the noise, and fitting it only raises the estimate.) On one
    data set the estimate may have many local minima, the more the deeper the flow. So the neighbourhood of
    the lowest point, a factor of $\sqrt 2$ to either side, is searched in steps of 9 %, and the lowest point
    there is refined on a finer grid and by a parabola in $\ln t$. Elsewhere, a dip narrower than the step of
    the scan can be missed.

    Parameters
    ----------
    flow, z, eigenvalues, epsilon
        As for `sure`.

    Returns
    -------
    t, value : ndarray, shape (...)
        The time for each data set, and the estimate there.

    Raises
    ------
    ValueError
        As `sure`, or if all eigenvalues are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from opgd import OverParameterizedFlow, PowerLaw
    >>> from opgd.stopping import loss, sure_stopping
    >>> model = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000).truncated()
    >>> z, flow = model.observe(np.random.default_rng(0)), OverParameterizedFlow(depth=0)
    >>> t, _ = sure_stopping(flow, z, model.eigenvalues, model.epsilon)
    >>> t.round().tolist(), loss(flow, z, model.eigenvalues, model.signal, t).round(3).tolist()
    ([46.0], [0.072])
    """
    _methods(flow)
    z, lam, epsilons = _data(z, eigenvalues, epsilon)
    found = [
        _minimise(partial(_sure, flow, row, lam, e), _scan(flow, row, lam, e))
        for row, e in _rows(z, epsilons)
    ]
    return _unpack(found, z.shape[:-1])


def split_stopping(
    flow: Flow,
    z: ArrayLike,
    eigenvalues: ArrayLike,
    epsilon: ArrayLike,
    rng: np.random.Generator,
    *,
    ratio: float = 0.5,
) -> tuple[Array, Array]:
    r"""Find the time at which the flow on one part of the data predicts an independent part best.

    With fresh noise $\xi'$ of level $\varepsilon$, $z^+ = z + c\, \xi'$ and $z^- = z - \xi'/c$ are
    independent, and $\sum_j \theta_j(t; z^+)^2 - 2 z^-_j \theta_j(t; z^+)$ is an unbiased estimate of the
    risk (less $\sum_j \theta_j^{*2}$) of the flow at the noise level $\varepsilon \sqrt{1 + c^2}$. No
    derivative is needed. At $c = 1$ the two parts are distributed like the coefficients of two half samples.

    Parameters
    ----------
    flow, z, eigenvalues, epsilon
        As for `sure`.
    rng : numpy.random.Generator
        Source of the fresh noise.
    ratio : float
        $c > 0$: small for little extra noise in the flow and a poor judge, large for the opposite.

    Returns
    -------
    t, value : ndarray, shape (...)
        The time for each data set, found as by `sure_stopping`, and the estimate there. The time is meant for
        the flow on all the data, `z`; it is chosen at a noise level somewhat too high.

    Raises
    ------
    ValueError
        As `sure_stopping`, or if `rng` is no Generator or `ratio` is not > 0.

    References
    ----------
    N. L. Oliveira, J. Lei and R. J. Tibshirani, *Unbiased risk estimation in the normal means problem via
    coupled bootstrap techniques*, arXiv 2111.09447 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from opgd import OverParameterizedFlow, PowerLaw
    >>> from opgd.stopping import split_stopping
    >>> model, rng = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000).truncated(), np.random.default_rng(0)
    >>> flow, z = OverParameterizedFlow(depth=0), model.observe(rng)
    >>> split_stopping(flow, z, model.eigenvalues, model.epsilon, rng)[0].shape
    (1,)
    """
    _methods(flow)
    z, lam, epsilons = _data(z, eigenvalues, epsilon)
    ratio = check.real("ratio", ratio, above=0)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r} is not allowed: it must be a numpy.random.Generator")
    found = []
    for row, e in _rows(z, epsilons):
        fresh = e * rng.standard_normal(row.size)
        train, test = row + ratio * fresh, row - fresh / ratio
        scan = _scan(flow, train, lam, e)
        found.append(_minimise(partial(_prediction, flow, train, lam, test), scan))
    return _unpack(found, z.shape[:-1])


def loss(flow: Flow, z: ArrayLike, eigenvalues: ArrayLike, signal: ArrayLike, t: ArrayLike) -> Array:
    r"""Return the loss $\sum_j (\theta_j(t) - \theta^*_j)^2$ of each data set at its time.

    Parameters
    ----------
    flow, z, eigenvalues
        As for `sure`.
    signal : array_like, shape (N,)
        $\theta^*$.
    t : array_like, shape () or (...)
        One time for all data sets, or one for each.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If an argument is outside its range or the shapes do not fit.

    Examples
    --------
    >>> from opgd import VanillaFlow
    >>> from opgd.stopping import loss
    >>> loss(VanillaFlow(), [[2.0, 0.5]], [1.0, 0.0], [1.5, 1.0], float("inf")).tolist()
    [1.25]
    """
    _methods(flow)
    z, lam, times = _data(z, eigenvalues, t, name="t")
    signal = check.array("signal", signal, largest=check.SQUARABLE)
    if signal.shape != lam.shape:
        raise ValueError(f"signal of shape {signal.shape} is not allowed: it must be {lam.shape}")
    constant = float(signal @ signal)
    rows = [
        constant + float(_prediction(flow, row, lam, signal, np.array([time]))[0])
        for row, time in _rows(z, times)
    ]
    return np.array(rows).reshape(z.shape[:-1])


def estimate_noise(z: ArrayLike, *, tail: float = 0.5) -> Array:
    r"""Estimate the noise level from the components of high index: their median absolute value / 0.6745.

    Signals there make it too large: where a share $\pi < 1/2$ of these components carries signals far above
    the noise, the estimate tends to
    $\varepsilon\, \Phi^{-1}(\tfrac12 + \tfrac{1}{4 (1 - \pi)}) / \Phi^{-1}(\tfrac34)$.

    Parameters
    ----------
    z : array_like, shape (..., N)
        Observations, in the order of the eigenvalues.
    tail : float
        The share of the components, the last ones, that are used; in (0, 1].

    Returns
    -------
    ndarray, shape (...)
        Zero if more than half of the components are.

    Raises
    ------
    ValueError
        If an argument is outside its range or `z` is empty.

    Examples
    --------
    >>> from opgd.stopping import estimate_noise
    >>> estimate_noise([50.0, 3.0, -0.6745, 0.2, 0.9]).round(3).tolist()
    1.0
    """
    z = _observations(z)
    tail = check.real("tail", tail, above=0, most=1)
    used = z[..., z.shape[-1] - math.ceil(tail * z.shape[-1]) :]
    return np.asarray(np.median(np.abs(used), axis=-1) / ndtri(0.75))


def _observations(z: ArrayLike) -> Array:
    z = check.array("z", z, largest=check.SQUARABLE)
    if not z.ndim or not z.shape[-1]:
        raise ValueError(f"z of shape {z.shape} is not allowed: its last axis must hold N >= 1 components")
    return z


def _data(
    z: ArrayLike, eigenvalues: ArrayLike, each: ArrayLike, name: str = "epsilon"
) -> tuple[Array, Array, Array]:
    """Check what all functions share; return z, eigenvalues and a value for each data set."""
    z = _observations(z)
    lam = check.array("eigenvalues", eigenvalues, least=0)
    if lam.shape != z.shape[-1:]:
        raise ValueError(f"eigenvalues of shape {lam.shape} is not allowed: it must be {z.shape[-1:]}")
    largest = math.inf if name == "t" else check.SQUARABLE
    values = check.array(name, each, least=0, largest=largest, infinite=name == "t")
    if name == "epsilon" and values.size and values.min() <= 0:
        raise ValueError(f"epsilon holds {values.min()} and must hold finite real numbers > 0")
    if values.shape not in ((), z.shape[:-1]):
        raise ValueError(f"{name} of shape {values.shape} is not allowed: it must be () or {z.shape[:-1]}")
    return z, lam, np.broadcast_to(values, z.shape[:-1])


def _methods(flow: Flow) -> None:
    """Refuse what is no flow before it is asked to be one."""
    if not (hasattr(flow, "estimate") and hasattr(flow, "linearize")):
        raise ValueError(f"flow = {flow!r} is not allowed: it must have the methods estimate and linearize")


def _rows(z: Array, values: Array) -> Iterator[tuple[Array, float]]:
    """Yield each data set with its value."""
    yield from zip(z.reshape(-1, z.shape[-1]), values.ravel().tolist(), strict=True)


def _unpack(found: list[tuple[float, float]], shape: tuple[int, ...]) -> tuple[Array, Array]:
    t, value = np.array(found, dtype=float).reshape(-1, 2).T
    return t.reshape(shape), value.reshape(shape)


def _pieces(size: int, times: int) -> Iterator[slice]:
    length = max(1, PIECE // max(1, times))
    for start in range(0, size, length):
        yield slice(start, start + length)


def _sure(flow: Flow, z: Array, lam: Array, epsilon: float, t: Array) -> Array:
    total = np.zeros(t.size)
    for some in _pieces(z.size, t.size):
        theta, slope = flow.linearize(z[some], lam[some], t)
        slope *= 2 * epsilon**2
        slope += (theta - 2 * z[some]) * theta
        total += slope.sum(axis=1)
    return total


def _prediction(flow: Flow, z: Array, lam: Array, target: Array, t: Array) -> Array:
    """Return the squared distance of theta(t) from the target, less that of zero."""
    total = np.zeros(t.size)
    for some in _pieces(z.size, t.size):
        theta = flow.estimate(z[some], lam[some], t)
        total += np.einsum("tj,tj->t", theta - 2 * target[some], theta)
    return total


def _scan(flow: Flow, z: Array, lam: Array, epsilon: float) -> Array:
    """Return times to scan: from the first move of the fastest component to the last of the slowest."""
    moving = lam[lam > 0]
    if not moving.size:
        raise ValueError(
            "eigenvalues are all zero: the flow never moves, and every stopping time is the same"
        )
    largest = max(float(np.abs(z).max()), epsilon)
    first = TIMES[max(_fitted(flow, largest, float(moving.max()), 0.01) - 1, 0)]
    last = TIMES[min(_fitted(flow, epsilon, float(moving.min()), 0.99), TIMES.size - 1)]
    steps = max(4, math.ceil((math.log(last) - math.log(first)) / STEP))
    return np.geomspace(first, last, steps + 1)


def _fitted(flow: Flow, z: float, lam: float, share: float) -> int:
    """Return the index in TIMES at which the flow reaches a share of an observation."""
    return bisect.bisect_left(TIMES, share, key=lambda t: float(flow.estimate(z, lam, t)) / z)


def _minimise(criterion: Callable[[Array], Array], t: Array) -> tuple[float, float]:
    """Return where the criterion is smallest, and its value there; it is 0 at time 0."""
    value = criterion(t)
    for reach in (2, 1):  # first look at the valleys next to the lowest, then zoom in
        best = int(value.argmin())
        t = np.geomspace(t[max(best - reach, 0)], t[min(best + reach, t.size - 1)], 9)
        value = criterion(t)
    candidates = [(0.0, 0.0), *zip(t.tolist(), value.tolist(), strict=True)]
    centre = min(max(int(value.argmin()), 1), t.size - 2)
    y = value[centre - 1 : centre + 2]
    bend = float(y[0] - 2 * y[1] + y[2])
    if bend > 0:  # the vertex of a parabola in ln t
        vertex = t[centre] * (t[1] / t[0]) ** np.clip((y[0] - y[2]) / (2 * bend), -1, 1)
        candidates.append((float(vertex), float(criterion(np.array([vertex]))[0])))
    candidates.append((math.inf, float(criterion(np.array([math.inf]))[0])))
    return min(candidates, key=lambda candidate: candidate[1])
