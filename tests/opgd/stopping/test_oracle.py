"""The oracle time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, raises

from opgd import (
    OverParameterizedFlow,
    PowerLaw,
    SequenceModel,
    Stop,
    expected_risk,
    fit_rate,
    oracle_stopping,
)
from opgd.classics.contest import contest
from opgd.stopping import trial_stopping

PROBLEMS = [
    PowerLaw(1, 2, 1.5, 2000, 10_000), PowerLaw(1, 2, 3, 2000, 1000), PowerLaw(0.6, 1, 0.4, 500, 3000),
    PowerLaw(3, 1.5, 1.1, 1e5),
    PowerLaw(1, 2, 1.5, 2000), PowerLaw(1, 1, 1, 1, 3),
    SequenceModel([0.3, 0.0, -0.2], [2.0, 0.5, 1e-4], 0.05),
    SequenceModel([0.3, 0.1, 1.0], [2e3, 0.0, 1e-2], 0.05),
]  # fmt: skip


@pytest.mark.parametrize(
    "flow", [VANILLA, TWO_LAYER, OverParameterizedFlow(1, 0.3), OverParameterizedFlow(3, 0.5, True)]
)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_against_a_dense_grid(flow: Any, problem: Any) -> None:
    stop = oracle_stopping(flow, problem)
    assert isinstance(stop, Stop)
    assert stop.risk == float(expected_risk(flow, problem, stop.t).mean)
    around = expected_risk(flow, problem, stop.t * np.geomspace(0.9, 1 / 0.9, 5)).mean
    assert around.min() >= stop.risk * (1 - 1e-9)
    far = expected_risk(
        flow, problem, stop.t * np.geomspace(1e-3, 2 if problem.size == math.inf else 1e3, 13)
    ).mean
    assert far.min() >= stop.risk * (1 - 1e-9)
    assert float(expected_risk(flow, problem, 1e-6 * stop.t).mean) > stop.risk
    if around[0] > stop.risk * (1 + 1e-6) and around[-1] > stop.risk * (
        1 + 1e-6
    ):  # not at infinity: it is flat there
        before, after = expected_risk(flow, problem, stop.t * np.array([0.999, 1.001])).mean
        curvature = (before + after - 2 * stop.risk) / 1e-6
        assert abs((after - before) / 2e-3) <= 1e-3 * curvature  # the time is right to about 1e-3


def test_when_everything_should_be_learned() -> None:
    """Without pure noise the best time can be infinite: the search ends where nothing is left to gain."""
    model = SequenceModel([5.0, 5.0], [1.0, 0.01], 0.01)
    for flow in (VANILLA, TWO_LAYER):
        assert oracle_stopping(flow, model).risk == pytest.approx(2e-4, rel=0.01)


@pytest.mark.parametrize("signal", np.geomspace(1, 4, 9))
def test_wherever_the_valley_lies_between_two_times_of_the_scan(signal: float) -> None:
    model = SequenceModel([signal, 0.0], [1e-6, 1.0], 1e-3)
    for flow in (TWO_LAYER, OverParameterizedFlow(1, 0.5)):
        stop = oracle_stopping(flow, model)
        grid = expected_risk(flow, model, stop.t * np.geomspace(1e-2, 1e2, 801)).mean
        assert stop.risk <= grid.min() * (1 + 1e-9)


@pytest.mark.parametrize("shift", np.arange(0, 1, 0.125))
def test_the_lower_of_two_valleys(monkeypatch: pytest.MonkeyPatch, shift: float) -> None:
    """Wherever the scan begins; the other valley is 13 % higher."""
    problem = contest(p=3, q=3, gamma=2, n=1000)
    flow = OverParameterizedFlow.tuned(3, problem.epsilon)
    guess = flow.time_scale(problem) + shift * math.log(2)
    monkeypatch.setattr(OverParameterizedFlow, "time_scale", lambda flow, problem: guess)
    stop = oracle_stopping(flow, problem)
    risks = expected_risk(flow, problem, stop.t * np.geomspace(0.2, 3, 200)).mean
    assert stop.risk <= risks.min() * (1 + 1e-9)
    turns = np.diff(np.sign(np.diff(risks)))
    assert (turns > 0).sum() == 2


def test_without_a_signal_the_best_time_is_the_first() -> None:
    """That is when the fastest component, with ten deviations of noise, has moved by about 1 %."""
    lam, epsilon = np.array([20.0, 0.1]), 0.3
    model = SequenceModel(np.zeros(2), lam, epsilon)
    for flow, rate in (
        (VANILLA, 20.0),
        (TWO_LAYER, 20.0 + 10 * epsilon),
        (OverParameterizedFlow(2, 0.5), (20.0 * 0.5**2 + 10 * epsilon) * 0.5**2),
    ):
        stop = oracle_stopping(flow, model)
        assert stop.t == pytest.approx(0.01 / rate)
        assert stop.risk == float(expected_risk(flow, model, stop.t).mean)


def test_times_scale() -> None:
    """Two layers: (lambda, z) -> c (lambda, z), t -> t / c. Vanilla: lambda -> c lambda, t -> t / c."""
    signal, lam = np.array([0.3, 0.0, -0.2, 0.0]), np.array([1.0, 0.5, 0.1, 0.05])
    for c in (8.0, 1e-3, 1e-140):
        small, large = (
            oracle_stopping(TWO_LAYER, SequenceModel(s * signal, s * lam, s * 0.05)) for s in (1.0, c)
        )
        assert large.t * c == pytest.approx(small.t, rel=1e-3)
        assert large.risk / c**2 == pytest.approx(small.risk, rel=1e-9)
        small, large = (oracle_stopping(VANILLA, SequenceModel(signal, s * lam, 0.05)) for s in (1.0, c))
        assert large.t * c == pytest.approx(small.t, rel=1e-3)
        assert large.risk == pytest.approx(small.risk, rel=1e-9)


def test_the_fits_of_figure_1() -> None:
    """gamma = 1.5, N = 10^4: the printed slopes and intercepts."""
    n = np.geomspace(2000, 10_000, 9)
    for flow, slope, intercept, steps in ((VANILLA, -0.374, 0.29, 1.0), (TWO_LAYER, -0.533, 0.65, 0.56)):
        stops = [oracle_stopping(flow, PowerLaw(1, 2, 1.5, float(k), 10_000)) for k in n]
        fit = fit_rate(n, [stop.risk for stop in stops])
        assert fit.slope == pytest.approx(slope, abs=0.005)
        assert fit.intercept == pytest.approx(intercept, abs=0.02)
        assert fit_rate(n, [stop.t for stop in stops]).slope == pytest.approx(steps, abs=0.01)


def test_risks_known_from_the_notes() -> None:
    """p = 1, q = 2, n = 2000, N = 2e5, at t = 1/eps and 2/eps."""
    for gamma, tau, risk in ((1.5, 1, 0.0849), (1.5, 2, 0.541), (3, 2, 0.0866), (3, 1, 0.125)):
        problem = PowerLaw(1, 2, gamma, 2000, 200_000)
        assert float(expected_risk(TWO_LAYER, problem, tau / problem.epsilon).mean) == pytest.approx(
            risk, abs=6e-4
        )


def test_bad_input() -> None:
    raises(lambda: oracle_stopping(VANILLA, SequenceModel([1.0], [0.0], 1.0)), "eigenvalues", "zero")
    raises(lambda: oracle_stopping(VANILLA, PowerLaw(1, 2, 0.5, 100)), "size = inf", "gamma")
    for bad in (None, "vanilla", 3):
        raises(lambda bad=bad: oracle_stopping(bad, PROBLEMS[0]), "flow", "must be")
        raises(lambda bad=bad: oracle_stopping(VANILLA, bad), "problem", "must be")


def test_each_trial_has_its_own_best_time() -> None:
    t = np.geomspace(1, 100, 21)
    centre, depth = np.array([3.3, 20.0, 7.0]), np.array([0.5, 0.1, 2.0])
    risks = depth[:, None] * np.exp(0.7 * (np.log(t) - np.log(centre)[:, None]) ** 2)
    best, risk = trial_stopping(t, risks)
    np.testing.assert_allclose(best, centre, rtol=1e-12)
    np.testing.assert_allclose(risk, depth, rtol=1e-12)
    uneven = np.array([1.0, 2.0, 9.0])
    best, risk = trial_stopping(uneven, [0.4 * np.exp((np.log(uneven) - 0.9) ** 2)])
    assert (best[0], risk[0]) == (pytest.approx(math.exp(0.9)), pytest.approx(0.4))


def test_the_best_of_a_coarse_grid_is_a_risk() -> None:
    best, risk = trial_stopping([1.0, 10.0, 20.0], [[1000.0, 0.1, 0.2], [1.0, 0.0, 0.5]])
    assert 10 < best[0] < 20 and 0 < risk[0] < 0.1
    assert (best[1], risk[1]) == (10, 0)


def test_a_minimum_at_an_end_is_taken_if_wanted() -> None:
    t = [1.0, 10.0, 20.0]
    best, risk = trial_stopping(t, [[0.1, 0.1, 0.2], [1.0, 0.3, 0.2], [1.0, 0.3, 0.5]], ends=True)
    assert (best[:2].tolist(), risk[:2].tolist()) == ([1.0, 20.0], [0.1, 0.2])
    alone = trial_stopping(t, [[1.0, 0.3, 0.5]])
    assert (best[2], risk[2]) == (alone[0][0], alone[1][0])


@pytest.mark.parametrize(("t", "risks", "word"), [
    ([1.0, 2.0], [[1.0, 2.0]], "t = "), ([0.0, 1.0, 2.0], [[2.0, 1.0, 2.0]], "t = "),
    ([1.0, 1.0, 2.0], [[2.0, 1.0, 2.0]], "t = "), ([-1.0, 1.0, 2.0], [[2.0, 1.0, 2.0]], "t = "),
    ([[1.0, 2.0, 3.0]], [[2.0, 1.0, 2.0]], "t = "), ([1.0, math.nan, 2.0], [[2.0, 1.0, 2.0]], "t"),
    ([1.0, 2.0, 3.0], [2.0, 1.0, 2.0], "risks"), ([1.0, 2.0, 3.0], [[2.0, 1.0]], "risks"),
    ([1.0, 2.0, 3.0], [[2.0, -1.0, 2.0]], "risks"),
    ([1.0, 2.0, 3.0], [[2.0, math.nan, 2.0]], "risks"), ([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]], "widen"),
    ([1.0, 2.0, 3.0], [[3.0, 2.0, 1.0]], "widen"),
])  # fmt: skip
def test_bad_trials(t: Any, risks: Any, word: str) -> None:
    raises(lambda: trial_stopping(t, risks), word)
