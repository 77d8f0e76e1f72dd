r"""Sums over the components of a power-law problem, at a cost that does not depend on their number.

The first components are summed one by one. Beyond them the summand is smooth in the index, and a sum is the
integral from half a step before its first index to half a step after its last, up to the Euler-Maclaurin
correction $-[f']/24$; the integral is a composite Gauss-Legendre rule in the logarithm of the index.
Signals sit at $l(j) = \lfloor j^q \rfloor$; far out the floor is replaced by its average, $j^q - 1/2$.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from opgd._validate import Array
from opgd.problem import LARGEST_SIZE, PowerLaw

__all__ = ["Components", "power_law_components"]

HEAD = 64  # positions summed one by one
ROUGH = 1000.0  # from this position on, what the floor changes is small enough to be interpolated
NARROW = 0.8  # largest length of a panel in ln j, times p + 1, for signals above the noise level
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)
PANELS = 5000  # in all of an integral, at most; hardly any problem takes 2000
TO_LEGENDRE = np.linalg.inv(np.polynomial.legendre.legvander(NODES, NODES.size - 1))  # values -> coefficients


class Components(NamedTuple):
    r"""A weighted set of components whose sum stands for the whole sequence.

    Attributes
    ----------
    signal, log_eigenvalues : ndarray, shape (k,)
        $\theta^*$ and $\ln \lambda$.
    sign : ndarray, shape (k,)
        Sign of the weight: noise at the positions of signals is counted with the noise and taken out again.
    log_weights : ndarray, shape (k,)
        Logarithm of the absolute weight.
    constant : float
        What the signals beyond the last node add to the expected risk; nothing there has been learned.
    """

    signal: Array
    log_eigenvalues: Array
    sign: Array
    log_weights: Array
    constant: float


def power_law_components(
    problem: PowerLaw, *, last: float, panel: float, growth: float = 0.0, coarseness: float = 1.0
) -> Components:
    r"""Return components and weights that stand for all of `problem`.

    Parameters
    ----------
    problem : PowerLaw
        Finite or untruncated.
    last : float
        $\gamma \ln j$ beyond which nothing has been learned, so that the expected noise term decays like
        $\lambda_j^2$.
    panel : float
        Length of the panels for the noise, in units of $\gamma \ln j$; it grows with $t$, since late flows
        vary slowly with $j$.
    growth : float
        A signal helps its own eigenvalue to grow: it may have been learned up to
        $\gamma \ln l(j) = \text{last} + \text{growth} \cdot \theta^*_{l(j)}$.
    coarseness : float
        Factor on the length of all panels: 2 is good to three digits or so.

    Returns
    -------
    Components
        At most 300,000 or so.

    Raises
    ------
    ValueError
        If a part of the sequence takes more panels than are allowed.
    """
    gamma, size = problem.gamma, problem.size
    head = int(size) if size <= 2 * HEAD else HEAD
    first = problem.truncated(head)
    parts = [(first.signal, -gamma * np.log(np.arange(1.0, head + 1)), np.ones(head), np.zeros(head))]
    constant = 0.0
    if head < size:
        signals, constant = _signals(problem, head, last, panel, growth, coarseness)
        parts += [signals[0]]
        if problem.q > 1 or size == math.inf:  # else every position beyond the head is that of a signal
            parts += [*_noise(head, size, gamma, last, panel * coarseness), signals[1]]
    signal, log_lam, sign, log_weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Components(signal, log_lam, sign, log_weights, constant)


Part = tuple[Array, Array, Array, Array]


def _edges(start: float, stop: float, panel: float) -> Array:
    """Return the ends of panels of an integral over ln j; too many are refused."""
    count = (stop - start) / panel
    if not count <= PANELS:
        raise ValueError(
            "problem is not allowed at this time: its signals or eigenvalues decay so fast, or so much of "
            f"its noise is learned, that the risk takes {count:.3g} panels in ln j, and at most {PANELS} are "
            "allowed; p, q, gamma or t must be smaller"
        )
    return np.linspace(start, stop, max(1, math.ceil(count)) + 1)


def _integral(start: float, stop: float, panel: float) -> tuple[Array, Array]:
    """Return nodes x and log weights, including the factor e^x, of an integral over x = ln j."""
    edges = _edges(start, stop, panel)
    half = np.diff(edges) / 2
    x = ((edges[1:] + edges[:-1]) / 2)[:, None] + half[:, None] * NODES
    return x.ravel(), (x + np.log(half[:, None] * WEIGHTS)).ravel()


def _noise(head: int, size: float, gamma: float, last: float, panel: float) -> list[Part]:
    """Pure noise at the positions head + 1, ..., size."""
    start = math.log(head + 0.5)
    stop = math.log(size + 0.5) if size < math.inf else max(last / gamma, start + 1)
    x, log_weights = _integral(start, stop, min(4.0, panel / gamma))
    j, sign = np.array([head, head + 1.0]), np.array([-1.0, 1.0])  # f'(head + 1/2), weight 1/24
    if size < math.inf:
        j, sign = np.r_[j, size, size + 1], np.r_[sign, 1.0, -1.0]
    x, sign = np.r_[x, np.log(j)], np.r_[np.ones(x.size), sign]
    log_weights = np.r_[log_weights, np.full(j.size, -math.log(24))]
    if size == math.inf and gamma > 0.5:  # f is proportional to j^(-2 gamma) from here on; or t = 0 and f = 0
        x, sign = np.r_[x, stop], np.r_[sign, 1.0]
        log_weights = np.r_[log_weights, stop - math.log(2 * gamma - 1)]
    return [(np.zeros_like(x), -gamma * x, sign, log_weights)]


def _signals(
    problem: PowerLaw, head: int, last: float, panel: float, growth: float, coarseness: float
) -> tuple[list[Part], float]:
    """Return the signals beyond `head`, the noise counted at their places (to be taken out), their tail."""
    p, q, gamma = problem.p, problem.q, problem.gamma
    done = int(PowerLaw(p, q, gamma, 1, head).signals)
    count = problem.signals
    exact = min(count, max(done, _exact_signals(q)))
    end = math.log(count + 0.5)
    constant = 0.0
    if count == math.inf:
        end = _end_of_learning(problem, math.log(exact + 0.5), last, growth)
        constant = math.exp(-p * end) / p
    # Signals near the noise level are learned or not within a narrow range of j.
    middle = math.log(30 / problem.epsilon) * 2 / (p + 1)
    narrow = min(NARROW / (p + 1), 0.75 / (q * gamma))
    wide = min(max(1.0, panel / 3), 3.2 * panel / (2 * q * gamma + p), 4.0)
    y, log_l, sign, log_weights = _power_sum(
        q, done, exact, count, end, [(middle, narrow * coarseness), (end, wide * coarseness)]
    )
    signals = (np.exp(-(p + 1) / 2 * y), -gamma * log_l, sign, log_weights)
    y, log_l, sign, log_weights = _power_sum(
        q, done, exact, count, end, [(end, coarseness * min(4.0, panel / (q * gamma)))]
    )
    noise = (np.zeros_like(y), -gamma * log_l, -sign, log_weights)
    return [signals, noise], constant


def _power_sum(
    q: float, done: int, exact: float, count: float, end: float, pieces: list[tuple[float, float]]
) -> Part:
    """Return ln j, ln l(j), signs and log weights of a sum over the signals done < j <= count.

    One by one, then by interpolation, with the floor in l(j) up to j = `exact`; from there to ln j = `end` as
    an integral without. Both in panels: `pieces` holds up to where, and how long.
    """
    single = exact if q == int(q) else min(exact, max(done, math.ceil(ROUGH ** (1 / q))))
    j = np.arange(done + 1.0, single + 1.0)
    parts: list[Part] = [(np.log(j), _log_floor(q, j), np.ones_like(j), np.zeros_like(j))]
    start = math.log(single + 0.5)
    for limit, floored in ((math.log(exact + 0.5), True), (end, False)):
        for stop, length in pieces:
            stop = min(stop, limit)
            if stop > start and floored:
                parts.append(_floored(q, start, stop, length))
            elif stop > start:
                y, log_weights = _integral(start, stop, length)
                parts.append((y, _log_position(q, y), np.ones_like(y), log_weights))
            start = max(start, stop)
    if exact < count:
        ends, sign = np.array([exact, exact + 1.0]), np.array([-1.0, 1.0])  # f'(exact + 1/2), weight 1/24
        if count < math.inf:
            ends, sign = np.r_[ends, count, count + 1.0], np.r_[sign, 1.0, -1.0]
        y = np.log(ends)
        parts.append((y, _log_position(q, y), sign, np.full(y.size, -math.log(24))))
    y, log_l, sign, log_weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return y, log_l, sign, log_weights


def _log_floor(q: float, j: Array) -> Array:
    """Return the logarithm of l(j), which may be beyond the range of a double."""
    log_l = q * np.log(j)
    exact = log_l < math.log(LARGEST_SIZE)
    log_l[exact] = np.log(np.floor(j[exact] ** q))
    return log_l


def _log_position(q: float, y: Array) -> Array:
    """Return the logarithm of l(j), j = e^y, without the steps of the floor."""
    offset = 0.0 if q == int(q) else 0.5
    return np.asarray(q * y + np.log1p(-offset * np.exp(-q * y)))


def _floored(q: float, start: float, stop: float, panel: float) -> Part:
    """Stand for the whole numbers j between e^start and e^stop, each at its floor(j^q).

    The summand is interpolated: in ln j at the nodes of each panel, in ln l, which the floor moves by at most
    1 / (2 l), linearly between two places.
    """
    parts = []
    for left, right in itertools.pairwise(_edges(start, stop, panel)):
        j = np.arange(math.ceil(math.exp(left)), math.ceil(math.exp(right)), dtype=float)
        y = (left + right) / 2 + (right - left) / 2 * NODES
        step = max(0.55 * math.exp(-q * left), 1e-11)  # above the rounding of ln l
        moved = (_log_floor(q, j) - _log_position(q, np.log(j))) / step
        x = (2 * np.log(j) - left - right) / (right - left)
        basis = np.polynomial.legendre.legvander(x, NODES.size - 1) @ TO_LEGENDRE
        weights = np.stack([(1 - moved) @ basis / 2, (1 + moved) @ basis / 2])
        log_l = _log_position(q, y) + step * np.array([[-1.0], [1.0]])
        used = weights != 0
        y = np.tile(y, (2, 1))
        parts.append((y[used], log_l[used], np.sign(weights[used]), np.log(np.abs(weights[used]))))
    y, log_l, sign, log_weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return y, log_l, sign, log_weights


def _end_of_learning(problem: PowerLaw, start: float, last: float, growth: float) -> float:
    """Return ln j, at least one beyond `start`, from which no signal has been learned."""

    def distance(y: float) -> float:
        return problem.q * problem.gamma * y - last - growth * math.exp(-(problem.p + 1) / 2 * y)

    if distance(start) >= 0:
        return start + 1
    end: float = brentq(distance, start, start + 1 - distance(start) / (problem.q * problem.gamma))
    return max(end, start + 1)


def _exact_signals(q: float) -> int:
    """Return up to which j the floor in l(j) is kept: it changes the rest by about j^-(q + 1/2)."""
    return 64 if q == int(q) else int(min(20_000, max(100, 3e6 ** (1 / (q + 0.5)))))
