"""What the chapter says about flows and thresholds, by routes that the chapter does not take."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow, expected_risk, oracle_stopping
from opgd.classics import effective_threshold
from opgd.classics.contest import RULES, contest, losses, stopped_losses
from opgd.theory.bounds import ideal_risk


@pytest.mark.parametrize(("p", "gamma"), [(1.0, 2.0), (3.0, 3.0)])
def test_the_best_constant(p: float, gamma: float) -> None:
    """The slope of c^2 in ln n rises towards that of the heuristic, on the untruncated sequence."""
    squares = []
    logs = np.array([7, 13, 20]) * math.log(10)
    for log_n in logs.tolist():
        problem = PowerLaw(p, 2, gamma, math.exp(log_n))
        squares.append((oracle_stopping(OverParameterizedFlow(0), problem).t * problem.epsilon) ** 2)
    slopes = np.diff(squares) / np.diff(logs) / (gamma**2 / 2 * (1 / (p + 1) - 1 / (2 * gamma)))
    assert 0.6 < slopes[0] < slopes[1] < 1


def test_how_much_noise_is_let_in() -> None:
    """2 n^(1/(2 gamma)) e^(2 c^2 / gamma^2) components, up to a factor that stays within bounds."""
    gamma, flow = 2.0, OverParameterizedFlow(depth=0)
    log_j = np.linspace(0, 60, 6001)
    for n in (1e5, 1e9, 1e13):
        for c in (1.0, 2.0, 3.0):
            level = effective_threshold(flow, np.exp(-gamma * log_j), c * n**0.5) * n**0.5
            count = np.trapezoid(2 * norm.sf(level) * np.exp(log_j), log_j)
            assert 0.3 < count / (2 * n ** (1 / (2 * gamma)) * math.exp(2 * c**2 / gamma**2)) < 3


def test_powers_of_the_logarithm() -> None:
    """p = 1, q = 2: about ln n at the universal time and its root at the oracle time; no truncation here."""
    ns = [1e9, 1e13]
    flow, regrets = OverParameterizedFlow(0), []
    for n in ns:
        problem = PowerLaw(1, 2, 2, n)
        universal = float(expected_risk(flow, problem, n**0.5).mean)
        regrets.append(np.array([universal, oracle_stopping(flow, problem).risk]) / ideal_risk(problem))
    powers = np.log(regrets[1] / regrets[0]) / math.log(math.log(ns[1]) / math.log(ns[0]))
    assert 0.9 < powers[0] < 1.3 and 0.3 < powers[1] < 0.6


def test_who_wins_in_one_cell_of_each_kind() -> None:
    """Fresh noise. Misaligned: the flow beats rules without order. Aligned: the vanilla flow beats all."""
    options = {"repetitions": 48, "seed": 77}
    for q, winner, beaten in (
        (
            2.0,
            "D = 0, SURE",
            ["universal soft", "universal hard", "FDR", "hybrid SURE", "empirical Bayes", "vanilla, SURE"],
        ),
        (1.0, "vanilla, SURE", [*RULES, "D = 0, SURE"]),
    ):
        problem = contest(1.0, q, 2.0, 1000.0, factor=4.0)
        found = losses(problem, **options) | stopped_losses(problem, [0], **options)
        for name in beaten:
            gap = found[name] - found[winner]
            assert gap.mean() > 2.5 * gap.std(ddof=1) / math.sqrt(gap.size), name


def test_stein_is_nearly_the_oracle() -> None:
    problem = contest(1.0, 2.0, 2.0, 1000.0, factor=4.0)
    found = stopped_losses(problem, [0, 1], repetitions=48, seed=5)
    missing = float(sum(j**-2.0 for j in range(int(problem.signals) + 1, 2_000_000))) + 5e-7
    for name, flow in (
        ("vanilla, SURE", VanillaFlow()),
        ("D = 0, SURE", OverParameterizedFlow(0)),
        ("D = 1, SURE", OverParameterizedFlow.tuned(1, problem.epsilon)),
    ):
        best = oracle_stopping(flow, problem).risk + missing
        error = found[name].std(ddof=1) / math.sqrt(48)
        assert best - 3 * error < found[name].mean() < 1.1 * best + 3 * error
