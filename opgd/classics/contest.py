r"""The flows against the classics: one problem, one set of data for all, exact risks wherever they exist.

Every estimator sees the first N components of the untruncated sequence and estimates zero beyond. N reaches
well past the last signal above the noise, which is at $n^{q/(p+1)}$; see `contest`. So risks are those of the
untruncated problem.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import zeta

from opgd import _validate as check
from opgd._validate import Array
from opgd.classics import (
    Blockwise,
    EmpiricalBayes,
    FDRThreshold,
    HybridSURE,
    IndexThreshold,
    Shrinkage,
    UniversalThreshold,
    universal_level,
)
from opgd.classics.exact_risk import oracle_cutoff, oracle_pinsker, total_threshold_risk
from opgd.flow import Flow, OverParameterizedFlow, VanillaFlow
from opgd.problem import LARGEST_SIZE, PowerLaw, check_power_law
from opgd.risk import expected_risk, trial_generators
from opgd.stopping import loss, oracle_stopping, sure, universal_time

__all__ = [
    "RULES",
    "TRIED",
    "classical_risks",
    "contest",
    "flow_risks",
    "losses",
    "missing",
    "stopped_losses",
]

RULES: Mapping[str, Shrinkage] = {
    "universal soft": UniversalThreshold("soft"),
    "universal hard": UniversalThreshold("hard"),
    "index hard": IndexThreshold(),
    "FDR": FDRThreshold(),
    "hybrid SURE": HybridSURE(),
    "hybrid SURE, dyadic": Blockwise(HybridSURE()),
    "empirical Bayes": EmpiricalBayes(),
    "empirical Bayes, dyadic": Blockwise(EmpiricalBayes()),
}
"""The rules that need no oracle, by name."""

TRIED = np.geomspace(1 / 64, 4, 25)
"""The times among which Stein's estimate chooses, in units of the universal time."""

MEMORY = 2**21  # observations held at once


def contest(p: float, q: float, gamma: float, n: float, *, factor: float = 16.0) -> PowerLaw:
    r"""Return the problem with as many components as the estimators see.

    Parameters
    ----------
    p, q, gamma, n : float
        As for `PowerLaw`.
    factor : float
        $N = \lfloor f\, n^{q/(p+1)} \rfloor$ with $f$ = `factor` >= 1: so many times as far as the last
        signal that exceeds the noise level.

    Returns
    -------
    PowerLaw
        Of finite size.

    Raises
    ------
    ValueError
        If an argument is outside its range or N would exceed $2^{53}$.

    Examples
    --------
    >>> from opgd.classics.contest import contest
    >>> contest(p=1, q=2, gamma=1.5, n=2500).size
    40000
    """
    problem, factor = PowerLaw(p, q, gamma, n), check.real("factor", factor, least=1)
    log_last = problem.q / (problem.p + 1) * math.log(problem.n)
    if math.log(factor) + log_last > math.log(LARGEST_SIZE):
        raise ValueError(
            f"p = {p:g}, q = {q:g}, n = {n:g} and factor = {factor:g} are not allowed together: they ask for "
            "more than 2^53 components"
        )
    size = math.floor(factor * problem.n ** (problem.q / (problem.p + 1)) * (1 + 1e-12))  # what rounding took
    return PowerLaw(p, q, gamma, n, size)


def missing(problem: PowerLaw) -> float:
    r"""Sum $\theta^{*2}_j$ over the components beyond those of a finite problem.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size.

    Returns
    -------
    float
        What an estimator loses that estimates them as zero.

    Examples
    --------
    >>> from opgd.classics.contest import contest, missing
    >>> round(missing(contest(p=1, q=2, gamma=1.5, n=2500)), 6)
    0.004988
    """
    check_power_law(problem, finite=True)
    return float(zeta(problem.p + 1, problem.signals + 1))


def flow_risks(problem: PowerLaw, depths: Sequence[int], *, constant: float = 1.0) -> dict[str, float]:
    r"""Compute the exact risk of the flows that need no data to stop.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size; see `contest`.
    depths : sequence of int
        $D \ge 0$ of the flows, with $b_0 = \varepsilon^{1/(D+2)}$.
    constant : float
        $c$ of the universal time.

    Returns
    -------
    dict
        Of "vanilla, oracle" and for each depth of "D = 0, oracle" (the best time of the expected risk) and
        "D = 0, universal".

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd.classics.contest import contest, flow_risks
    >>> risks = flow_risks(contest(p=1, q=2, gamma=1.5, n=1000), depths=[0])
    >>> {name: round(risk, 4) for name, risk in risks.items()}
    {'vanilla, oracle': 0.1548, 'D = 0, oracle': 0.1175, 'D = 0, universal': 0.118}
    """
    beyond, epsilon = missing(problem), problem.epsilon
    flows = {depth: OverParameterizedFlow.tuned(depth, epsilon) for depth in depths}
    times = {depth: universal_time(depth, epsilon, constant) for depth in flows}
    risks = {"vanilla, oracle": oracle_stopping(VanillaFlow(), problem).risk + beyond}
    for depth, flow in flows.items():
        risks[f"D = {depth}, oracle"] = oracle_stopping(flow, problem).risk + beyond
        at = float(expected_risk(flow, problem, times[depth]).mean)
        risks[f"D = {depth}, universal"] = at + beyond
    return risks


def classical_risks(problem: PowerLaw) -> dict[str, float]:
    """Compute the exact risk of those classical estimators for which there is a formula.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size; see `contest`.

    Returns
    -------
    dict
        Of the thresholds at fixed levels (names as in `RULES`), "cut-off, oracle" and "Pinsker, oracle".

    Raises
    ------
    ValueError
        If `problem` is not a finite `PowerLaw`.

    Examples
    --------
    >>> from opgd.classics.contest import classical_risks, contest
    >>> risks = classical_risks(contest(p=1, q=2, gamma=1.5, n=1000))
    >>> round(risks["index hard"], 4), round(risks["cut-off, oracle"], 4)
    (0.1336, 0.1815)
    """
    beyond, level = missing(problem), universal_level(int(problem.size))
    return {
        "universal soft": total_threshold_risk(problem, level, "soft") + beyond,
        "universal hard": total_threshold_risk(problem, level, "hard") + beyond,
        "index hard": total_threshold_risk(problem, IndexThreshold().levels, "hard") + beyond,
        "cut-off, oracle": oracle_cutoff(problem)[1] + beyond,
        "Pinsker, oracle": oracle_pinsker(problem)[1] + beyond,
    }


def losses(
    problem: PowerLaw,
    rules: Mapping[str, Shrinkage] = RULES,
    *,
    repetitions: int = 64,
    seed: int | Sequence[int] = 0,
) -> dict[str, Array]:
    r"""Simulate the loss of rules on the same data.

    Trial r draws its noise as `opgd.monte_carlo_risk` does, so that flows simulated there with the same seed
    see the same data as well.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size; see `contest`.
    rules : mapping of str to Shrinkage
        By name.
    repetitions : int
        Number of trials, >= 1.
    seed : int or sequence of int
        Seed(s), >= 0.

    Returns
    -------
    dict of ndarray, shape (repetitions,)
        $\sum_j (\hat\theta_j - \theta^*_j)^2$ over all components, those beyond the N that are seen included.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd.classics.contest import contest, losses
    >>> found = losses(contest(p=1, q=2, gamma=1.5, n=1000), repetitions=4)
    >>> found["FDR"].shape
    (4,)
    """
    beyond = missing(problem)
    repetitions = check.whole("repetitions", repetitions, least=1)
    model = problem.truncated()
    found = {name: np.empty(repetitions) for name in rules}
    rows = max(1, MEMORY // model.size)
    for start in range(0, repetitions, rows):
        trials = range(start, min(start + rows, repetitions))
        z = np.concatenate([model.observe(rng) for rng in trial_generators(seed, trials)])
        for name, rule in rules.items():
            error = rule.estimate(z, model.epsilon)
            error -= model.signal
            found[name][trials.start : trials.stop] = np.einsum("rj,rj->r", error, error) + beyond
    return found


def stopped_losses(
    problem: PowerLaw, depths: Sequence[int], *, repetitions: int = 64, seed: int | Sequence[int] = 0
) -> dict[str, Array]:
    r"""Simulate flows that stop where Stein's unbiased estimate of the risk is smallest (`sure`).

    Over-parameterized flows choose among the times `TRIED` in units of the universal time, the vanilla flow
    among times a factor of 1.5 apart, from the one that learns 1 % of the first component to the one that
    learns the last.

    Parameters
    ----------
    problem : PowerLaw
        Of finite size; see `contest`.
    depths : sequence of int
        $D \ge 0$ of the flows, with $b_0 = \varepsilon^{1/(D+2)}$.
    repetitions : int
        Number of trials, >= 1; they see the data of `losses` with the same seed.
    seed : int or sequence of int
        Seed(s), >= 0.

    Returns
    -------
    dict of ndarray, shape (repetitions,)
        Losses of "vanilla, SURE" and, for each depth, "D = 0, SURE", all components included.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> from opgd.classics.contest import contest, stopped_losses
    >>> found = stopped_losses(contest(p=1, q=2, gamma=1.5, n=1000), depths=[0], repetitions=2)
    >>> sorted(found), found["D = 0, SURE"].shape
    (['D = 0, SURE', 'vanilla, SURE'], (2,))
    """
    beyond, epsilon = missing(problem), problem.epsilon
    repetitions = check.whole("repetitions", repetitions, least=1)
    last = problem.gamma * math.log(problem.size)
    steps = max(2, math.ceil((last + math.log(100)) / math.log(1.5)) + 1)
    entrants: dict[str, tuple[Flow, Array]] = {
        "vanilla, SURE": (VanillaFlow(), np.exp(np.linspace(-math.log(100), last, steps)))
    }
    for depth in depths:
        deep = OverParameterizedFlow.tuned(depth, epsilon)
        entrants[f"D = {depth}, SURE"] = deep, TRIED * universal_time(depth, epsilon)
    found = {name: np.empty(repetitions) for name in entrants}
    model = problem.truncated()
    for trial, rng in enumerate(trial_generators(seed, range(repetitions))):
        z = model.observe(rng)[0]
        for name, (flow, t) in entrants.items():
            best = t[sure(flow, z, model.eigenvalues, epsilon, t).argmin()]
            found[name][trial] = beyond + loss(flow, z, model.eigenvalues, model.signal, best)
    return found
