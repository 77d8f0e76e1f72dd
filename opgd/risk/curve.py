r"""The risk of a flow: exact, and by Monte Carlo.

The risk of one trial is $\sum_j (\theta_j(t) - \theta^*_j)^2$. Its components are independent, so the
expected risk and its variance are sums of one-dimensional Gaussian integrals: no simulation is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opgd import _validate as check
from opgd._validate import Array
from opgd.flow.over_parameterized import OverParameterizedFlow, VanillaFlow
from opgd.problem import PowerLaw, SequenceModel
from opgd.risk._moments import REACH, squared_error_moments
from opgd.risk._sums import Components, power_law_components

__all__ = ["RiskCurve", "expected_risk", "monte_carlo_risk", "trial_generators"]


PIECE = 2**18  # components simulated at a time
MEMORY = 2**22  # estimates held at a time, by each worker
SPAN = 2.0  # times within this factor share their quadrature
LATE = 20.0  # beyond this b0^D t epsilon each time has its own


@dataclass(frozen=True)
class RiskCurve:
    """Expected risk along a flow.

    Attributes
    ----------
    t : ndarray
        Flow times.
    mean : ndarray
        Expected risk at each time.
    std : ndarray
        Standard deviation of the risk of one trial, over the noise.
    """

    t: Array
    mean: Array
    std: Array


def expected_risk(
    flow: VanillaFlow | OverParameterizedFlow, problem: PowerLaw | SequenceModel, t: ArrayLike
) -> RiskCurve:
    r"""Compute the expected risk $\mathbb{E} \sum_j (\theta_j(t) - \theta^*_j)^2$ and its spread.

    Deterministic; the relative error of the mean is at most 1e-6 for $t$ from 0 to $10^3 / \varepsilon$. The
    cost for a `PowerLaw` does not depend on its size. For the vanilla flow this is equation (6).

    Parameters
    ----------
    flow : VanillaFlow or OverParameterizedFlow
        The estimator.
    problem : PowerLaw or SequenceModel
        The problem, of finite size or untruncated.
    t : array_like
        Flow times $\ge 0$, any shape.

    Returns
    -------
    RiskCurve
        Its arrays have the shape of `t`.

    Raises
    ------
    ValueError
        If an argument is outside its range, or the risk is infinite or beyond the range of a double: the
        untruncated sequence with $\gamma \le 1/2$, with t = inf, or with $t$ so late that the noise of its
        far tail is learned.

    Examples
    --------
    >>> from opgd import PowerLaw, VanillaFlow, expected_risk
    >>> curve = expected_risk(VanillaFlow(), PowerLaw(p=1, q=2, gamma=1.5, n=100), [0.0, 50.0])
    >>> curve.mean.round(6).tolist()
    [1.644934, 0.337397]
    """
    return risk_curve(flow, problem, t)


def risk_curve(
    flow: VanillaFlow | OverParameterizedFlow,
    problem: PowerLaw | SequenceModel,
    t: ArrayLike,
    coarseness: float = 1.0,
) -> RiskCurve:
    """Compute `expected_risk` with longer panels: twice as long is good to three digits or so, and faster."""
    t = check.array("t", t, least=0, infinite=True)
    _check(flow, problem)
    if isinstance(problem, PowerLaw) and problem.size == math.inf:
        if problem.gamma <= 0.5 and (t > 0).any():
            raise ValueError(
                f"size = inf with gamma = {problem.gamma:g} is not allowed: the risk is infinite; "
                "gamma must be > 0.5, or size finite"
            )
        if np.isinf(t).any():
            raise ValueError(
                "size = inf with t = inf is not allowed: the risk is infinite; make one of them finite"
            )
    mean, variance = np.empty((2, t.size))
    for some in _groups(flow, problem, t.ravel()):
        mean[some], variance[some] = _moments(flow, problem, t.ravel()[some], coarseness)
    if not np.isfinite(mean).all():
        worst = t.ravel()[~np.isfinite(mean)].min()
        raise ValueError(
            f"size = inf with t = {worst:g} is not allowed: the expected risk exceeds the range of a double, "
            "since that late the flow has learned the noise of astronomically many components"
        )
    return RiskCurve(t, mean.reshape(t.shape), np.sqrt(np.maximum(variance, 0)).reshape(t.shape))


def monte_carlo_risk(
    flow: VanillaFlow | OverParameterizedFlow,
    problem: PowerLaw | SequenceModel,
    t: ArrayLike,
    *,
    repetitions: int = 64,
    seed: int | Sequence[int] = 0,
    workers: int = 1,
    progress: bool = False,
) -> Array:
    r"""Simulate the risk of independent trials.

    Trial r draws its noise from ``SeedSequence(seed, spawn_key=(r,))``: the same noise for every flow,
    time and number of repetitions (paired comparisons), and the first components of a longer sequence get
    the same noise. The result does not depend on `workers`, bit for bit; each needs about 200 MB at most.

    Parameters
    ----------
    flow : VanillaFlow or OverParameterizedFlow
        The estimator.
    problem : PowerLaw or SequenceModel
        The problem, of finite size.
    t : array_like, shape (k,)
        Flow times $\ge 0$.
    repetitions : int
        Number of trials, >= 1.
    seed : int or sequence of int
        Seed(s), >= 0.
    workers : int
        Number of threads, >= 1.
    progress : bool
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    ndarray, shape (repetitions, k)

    Raises
    ------
    ValueError
        If an argument is outside its range, or `problem` is untruncated.

    Examples
    --------
    >>> from opgd import OverParameterizedFlow, PowerLaw, monte_carlo_risk
    >>> problem = PowerLaw(p=1, q=2, gamma=1.5, n=100, size=1000)
    >>> monte_carlo_risk(OverParameterizedFlow(depth=0), problem, [1.0, 10.0], repetitions=3).shape
    (3, 2)
    """
    t = check.array("t", t, least=0, infinite=True)
    if t.ndim != 1:
        raise ValueError(f"t of shape {t.shape} is not allowed: it must have one axis")
    repetitions = check.whole("repetitions", repetitions, least=1)
    trial_generators(seed, range(0))  # a bad seed is refused before any work
    workers = check.whole("workers", workers, least=1)
    _check(flow, problem)
    if problem.size == math.inf:
        raise ValueError(
            "size = inf is not allowed in a simulation: give a finite size, or use expected_risk"
        )
    piece = min(int(problem.size), PIECE)
    rows = max(1, MEMORY // (piece * max(1, t.size)))
    risks = np.zeros((repetitions, t.size))

    def simulate(trials: range) -> None:
        rngs = trial_generators(seed, trials)
        columns = max(1, MEMORY // (piece * len(trials)))
        for start in range(0, int(problem.size), piece):
            signal, eigenvalues = _window(problem, start, min(start + piece, int(problem.size)))
            z = np.stack([rng.standard_normal(signal.size) for rng in rngs])
            z *= problem.epsilon
            z += signal
            for column in range(0, t.size, columns):
                some = slice(column, column + columns)
                error = flow.estimate(z, eigenvalues, t[some])
                error -= signal
                risks[trials.start : trials.stop, some] += np.einsum("trj,trj->rt", error, error)

    blocks = [range(start, min(start + rows, repetitions)) for start in range(0, repetitions, rows)]
    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(simulate, blocks)
        if progress:
            from tqdm.auto import tqdm

            done = tqdm(done, total=len(blocks), desc="trials", unit="block")
        for _ in done:
            pass
    return risks


def trial_generators(seed: int | Sequence[int], trials: range) -> list[np.random.Generator]:
    """Return the source of the noise of each trial: with the same seed, the same for every method.

    Parameters
    ----------
    seed : int or sequence of int
        Seed(s), >= 0.
    trials : range
        Which trials.

    Returns
    -------
    list of numpy.random.Generator
        Trial r has that of ``SeedSequence(seed, spawn_key=(r,))``, whatever the others are.

    Raises
    ------
    ValueError
        If a seed is not a whole number >= 0.

    Examples
    --------
    >>> from opgd.risk.curve import trial_generators
    >>> one, many = trial_generators(0, range(1, 2)), trial_generators([0], range(5))
    >>> one[0].random() == many[1].random()
    True
    """
    seeds = [check.whole("seed", s, least=0) for s in (seed if isinstance(seed, Sequence) else [seed])]
    return [np.random.default_rng(np.random.SeedSequence(seeds, spawn_key=(r,))) for r in trials]


def _window(problem: PowerLaw | SequenceModel, start: int, stop: int) -> tuple[Array, Array]:
    if isinstance(problem, PowerLaw):
        return problem.window(start, stop)
    return problem.signal[start:stop], problem.eigenvalues[start:stop]


def _check(flow: object, problem: object) -> None:
    if not isinstance(flow, VanillaFlow | OverParameterizedFlow):
        raise ValueError(
            f"flow = {flow!r} is not allowed: it must be a VanillaFlow or an OverParameterizedFlow"
        )
    if not isinstance(problem, PowerLaw | SequenceModel):
        raise ValueError(f"problem = {problem!r} is not allowed: it must be a PowerLaw or a SequenceModel")


def _groups(
    flow: VanillaFlow | OverParameterizedFlow, problem: PowerLaw | SequenceModel, times: Array
) -> Iterator[NDArray[np.intp]]:
    """Yield indices of increasing times that share their quadrature: close, and none of them late."""
    order = np.argsort(times)
    latest = 0.0  # at depth 0 sharing would save nothing
    if isinstance(flow, OverParameterizedFlow) and flow.depth:
        latest = LATE / (problem.epsilon * flow.b0**flow.depth)
    start = 0
    for stop in range(1, times.size + 1):
        first, following = times[order[start]], times[order[min(stop, times.size - 1)]]
        if stop == times.size or first == 0 or following > min(SPAN * first, latest):
            yield order[start:stop]
            start = stop


def _moments(
    flow: VanillaFlow | OverParameterizedFlow,
    problem: PowerLaw | SequenceModel,
    times: Array,
    coarseness: float,
) -> tuple[Array, Array]:
    """Return mean and variance of the risk of one trial at times that are close to each other."""
    epsilon = problem.epsilon
    if isinstance(problem, SequenceModel):
        with np.errstate(divide="ignore"):
            log_lam = np.log(problem.eigenvalues)
        zero = np.zeros(problem.size)
        parts, reach = Components(np.abs(problem.signal), log_lam, zero + 1, zero, 0.0), REACH
    else:
        t = float(times[-1])
        # An over-parameterized beta grows at first like e^(rate z), rate = b0^D t; tau is that for one sd.
        rate, log_scale = 0.0, math.log(t) if 0 < t < math.inf else 0.0
        if isinstance(flow, OverParameterizedFlow):
            rate = t * flow.b0**flow.depth
            if flow.depth:
                log_b0 = math.log(flow.b0)
                log_scale += 2 * flow.depth * log_b0
                log_scale = max(
                    log_scale, math.log(flow.depth) - 2 * log_b0, flow.depth * log_b0 - math.log(epsilon)
                )
        tau = epsilon * rate
        untruncated = problem.size == math.inf
        if untruncated and 2 * (tau / problem.gamma) ** 2 > 720:
            infinite = np.full(times.size, math.inf)  # the noise alone adds e^{2 (tau / gamma)^2} eps^2
            return infinite, infinite
        # theta is linear in lambda once lambda e^{2 rate |z|} is small; the noise that matters reaches 4 tau
        # deviations
        reach = REACH + (4 * tau if untruncated else 0.0)
        last = 21 + max(0.0, log_scale) + 2 * tau * reach
        panel = 2.5 * max(1.0, tau / 2)
        parts = power_law_components(problem, last=last, panel=panel, growth=2 * rate, coarseness=coarseness)
    mean, variance = squared_error_moments(
        flow,
        *(parts.signal, parts.log_eigenvalues, epsilon),
        *(times, parts.log_weights),
        reach=reach,
        coarseness=coarseness,
    )
    return mean @ parts.sign + parts.constant, variance @ parts.sign
