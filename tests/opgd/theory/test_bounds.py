"""The quantities of the theorems, by independent routes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from cases import raises
from mpmath import mp
from scipy.stats import norm

from opgd import OverParameterizedFlow, PowerLaw, SequenceModel, expected_risk
from opgd.theory import bounds
from opgd.theory.bounds import risk_split

PROBLEM = PowerLaw(p=1, q=2, gamma=1.5, n=2500)


@pytest.mark.parametrize(("p", "q"), [(0.6, 1.0), (1.0, 2.0), (3.0, 1.5)])
def test_finite_problem_against_the_definitions(p: float, q: float) -> None:
    problem = PowerLaw(p, q, gamma=1.5, n=2500, size=5000)
    model = problem.truncated()
    marks = model.signal[model.signal > 0]
    deltas = np.concatenate([np.geomspace(1e-3, 2, 41), marks[:30], np.nextafter(marks[:30], 2)])
    large = np.abs(model.signal) >= deltas[:, None]
    count, rest = large.sum(axis=1), np.where(large, 0, model.signal**2).sum(axis=1)
    for case in (problem, model):
        np.testing.assert_array_equal(bounds.phi(case, deltas), count)
        np.testing.assert_allclose(bounds.psi(case, deltas), rest, rtol=1e-10, atol=1e-14)
        ideal = np.minimum(model.signal**2, problem.epsilon**2).sum()
        assert bounds.ideal_risk(case) == pytest.approx(ideal, rel=1e-12)


def test_untruncated_problem() -> None:
    for p in (0.1, 1.0, 4.0):
        problem = PowerLaw(p, 2, 1.5, n=2500)
        for delta in (1.5, 1.0, 0.3, 1e-2, 1e-6):
            with mp.workdps(30):
                count = int(mp.floor(mp.mpf(delta) ** (-2 / (mp.mpf(p) + 1)) * (1 + mp.mpf(10) ** -16)))
                rest = mp.zeta(mp.mpf(p) + 1, count + 1)
            assert bounds.phi(problem, delta) == count
            assert bounds.psi(problem, delta) == pytest.approx(float(rest), rel=1e-13)


def test_thresholds_that_let_in_more_than_a_double_can_count() -> None:
    assert bounds.phi(PowerLaw(0.1, 2, 1.5, n=2500), 1e-300) == math.inf


def test_signs_do_not_matter() -> None:
    model = SequenceModel(signal=[-0.5, 0.0, 0.2, -0.1], eigenvalues=[1, 1, 1, 1], epsilon=0.2)
    assert bounds.phi(model, [[0.1, 0.2], [0.3, 0.6]]).tolist() == [[3, 2], [1, 0]]
    np.testing.assert_allclose(bounds.psi(model, [0.1, 0.2, 0.6]), [0, 0.01, 0.3])
    assert bounds.ideal_risk(model) == pytest.approx(0.04 + 0.04 + 0.01)


def test_bounds_of_the_risk() -> None:
    for depth in (0, 1, 3):
        epsilon, bound = 0.02, bounds.risk_bound(PROBLEM, depth)
        k = np.arange(1.0, 1e6)
        signal2 = k**-2.0
        assert bound.significant == pytest.approx(epsilon**2 * np.sum(signal2 >= epsilon**2 * (1 - 1e-12)))
        assert bound.extra == pytest.approx(epsilon**2 * epsilon ** (-2 / ((depth + 2) * 1.5)))
        missed = signal2[signal2 < (epsilon * math.log(1 / epsilon)) ** 2].sum() + 1 / (1e6 - 0.5)
        assert bound.missed == pytest.approx(missed, rel=1e-9)
        assert bound.total == bound.significant + bound.extra + bound.missed


BAD: list[tuple[Callable[[], object], tuple[str, ...]]] = [
    (lambda: bounds.phi(PROBLEM, 0.0), ("delta", "0.0", "> 0")),
    (lambda: bounds.psi(PROBLEM, [0.1, -1.0]), ("delta", "-1.0")),
    (lambda: bounds.phi("problem", 0.1), ("problem", "PowerLaw", "SequenceModel")),  # type: ignore[arg-type]
    (lambda: bounds.ideal_risk(None), ("problem", "None")),  # type: ignore[arg-type]
    (lambda: bounds.risk_bound(PROBLEM, -1), ("depth", "-1", ">= 0")),
    (lambda: bounds.risk_bound(PROBLEM.truncated(9), 0), ("problem", "PowerLaw")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_bad_input(call: Callable[[], object], words: tuple[str, ...]) -> None:
    raises(call, *words)


@pytest.mark.parametrize("depth", [0, 2])
def test_split_of_the_risk_by_simulation(depth: int) -> None:
    problem = PowerLaw(1, 1.5, 1.5, 400, 60).truncated()
    flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
    t = 1.3 / (problem.epsilon * flow.b0**depth)
    split = risk_split(flow, problem, t)
    z = problem.observe(np.random.default_rng(3), 40_000)
    noise, theta = z - problem.signal, flow.estimate(z, problem.eigenvalues, t)
    event = np.abs(noise) < np.abs(problem.signal) / 2
    for found, values in (
        (split.events, np.where(event, noise**2, problem.signal**2)),
        (split.fitted_noise, np.where(event, 0, theta**2)),
        (split.unfitted, np.where(event, (theta - z) ** 2, 0)),
    ):
        error = 2 * values.std(axis=0) / math.sqrt(len(z))
        assert (np.abs(found - 2 * values.mean(axis=0)) <= 5 * error + 1e-6).all()
    total = float(expected_risk(flow, problem, t).mean)
    assert total <= split.total <= 4 * total


@pytest.mark.parametrize("t", [1e-3, 0.5])
def test_split_at_early_times(t: float) -> None:
    problem, flow = PowerLaw(1, 1.5, 1.5, 400, 60).truncated(), OverParameterizedFlow(0)
    split, total = risk_split(flow, problem, t), float(expected_risk(flow, problem, t).mean)
    assert total <= split.total <= 4 * total


def test_split_without_signal_is_twice_the_risk() -> None:
    problem = SequenceModel(np.zeros(3), [1.0, 0.1, 0.001], 0.05)
    flow = OverParameterizedFlow.tuned(1, 0.05)
    split = risk_split(flow, problem, 60.0)
    assert (split.events == 0).all() and (split.unfitted == 0).all()
    assert math.isclose(split.total, 2 * float(expected_risk(flow, problem, 60.0).mean), rel_tol=1e-6)


@pytest.mark.parametrize("ratio", [0.01, 0.5, 3.0, 30.0])
def test_events_by_the_normal_distribution(ratio: float) -> None:
    epsilon = 0.1
    problem, edge = SequenceModel([ratio * epsilon], [0.3], epsilon), ratio / 2
    inside = 2 * norm.cdf(edge) - 1
    noise = inside - 2 * edge * norm.pdf(edge)  # of the squared noise, in the event
    (events,) = risk_split(OverParameterizedFlow(0), problem, 1.0).events
    assert events == pytest.approx(2 * epsilon**2 * (noise + ratio**2 * (1 - inside)), rel=1e-9)


@pytest.mark.parametrize("t", [0.0, math.inf, -1.0])
def test_split_refuses_bad_times(t: float) -> None:
    problem = SequenceModel([1.0], [1.0], 0.1)
    with pytest.raises(ValueError, match="t = "):
        risk_split(OverParameterizedFlow(0), problem, t)
    with pytest.raises(ValueError, match="SequenceModel"):
        risk_split(OverParameterizedFlow(0), PowerLaw(1, 1, 1, 10), 1.0)  # type: ignore[arg-type]
