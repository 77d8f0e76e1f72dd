"""Stein's risk estimate: his identity by quadrature and by simulation, the choice of the time, bad input."""

from __future__ import annotations

import math
import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, raises
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, norm

from opgd import OverParameterizedFlow, PowerLaw, SequenceModel, expected_risk, oracle_stopping
from opgd._validate import Array
from opgd.stopping import estimate_noise, loss, split_stopping, stein, sure, sure_stopping

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
FLOWS: list[Any] = [
    VANILLA, TWO_LAYER, OverParameterizedFlow.tuned(1, 0.05), OverParameterizedFlow.tuned(3, 0.05),
    OverParameterizedFlow.tuned(2, 0.05, separate_layers=True),
]  # fmt: skip
MODEL = SequenceModel([0.0, 1.0, 0.0, 0.3, 0.06, 0.0], [1.0, 0.3, 0.1, 0.03, 1e-3, 1e-4], 0.05)
TIMES = np.array([0.2, 0.7, 1.0, 1.6, 4.0, 20.0])


def at(flow: Any, constants: Array) -> Array:
    """Times at which b0^D t epsilon has these values."""
    return constants / (MODEL.epsilon * (1 if flow == VANILLA else flow.b0**flow.depth))


def gaussian_rule(panels: int = 2500) -> tuple[Array, Array]:
    """Nodes and weights of a composite rule for a standard normal variable."""
    x, w = np.polynomial.legendre.leggauss(12)
    centre, half = np.linspace(-11, 11, 2 * panels + 1)[1::2], 11 / panels
    xi = (centre[:, None] + half * x).ravel()
    return xi, np.tile(half * w, panels) * norm.pdf(xi)


@pytest.mark.parametrize("flow", FLOWS)
def test_steins_identity_by_quadrature(flow: Any) -> None:
    """E (z - theta*) theta = epsilon^2 E d theta/dz for each component; E S = E R - |theta*|^2."""
    xi, weight = gaussian_rule()
    t, epsilon = at(flow, TIMES), MODEL.epsilon
    total = np.zeros(t.size)
    for signal, lam in zip(MODEL.signal, MODEL.eigenvalues, strict=True):
        z = signal + epsilon * xi
        theta, slope = flow.linearize(z, lam, t)
        left, right = epsilon * (xi * theta) @ weight, epsilon**2 * slope @ weight
        np.testing.assert_allclose(left, right, rtol=1e-8)
        # `sure` of many data sets of one component each
        some = slice(0, None, 3000)
        values = sure(flow, z[some, None], [lam], epsilon, t)
        np.testing.assert_allclose(
            values.T, (theta**2 - 2 * z * theta + 2 * epsilon**2 * slope)[:, some], rtol=1e-12, atol=1e-15
        )
        total += (theta**2 - 2 * z * theta + 2 * epsilon**2 * slope) @ weight
    risk = expected_risk(flow, MODEL, t).mean
    np.testing.assert_allclose(total + MODEL.signal @ MODEL.signal, risk, rtol=1e-8)


def test_steins_identity_by_simulation() -> None:
    """The estimate less the loss has mean - |theta*|^2: one pooled test over flows and times."""
    problem = PowerLaw(1, 2, 1.5, 400, 500)
    model, score = problem.truncated(), []
    for seed, flow in enumerate(FLOWS):
        for c in (0.5, 1.5):
            z = model.observe(np.random.default_rng([seed, int(8 * c)]), 225)
            t = c / (model.epsilon * (1 if flow == VANILLA else flow.b0**flow.depth))
            values = sure(flow, z, model.eigenvalues, model.epsilon, [t])[:, 0]
            gap = values - loss(flow, z, model.eigenvalues, model.signal, t) + model.signal @ model.signal
            score.append(gap.mean() / (gap.std(ddof=1) / 15))
    assert sum(s * s for s in score) < chi2(len(score)).ppf(0.999)
    assert abs(sum(score)) < 3.3 * math.sqrt(len(score))


@pytest.mark.parametrize("flow", FLOWS)
def test_the_lowest_point_of_a_dense_grid(flow: Any) -> None:
    model = PowerLaw(1, 2, 1.5, 400, 300).truncated()
    z = model.observe(np.random.default_rng(3), 6)
    t, value = sure_stopping(flow, z, model.eigenvalues, model.epsilon)
    dense = at(flow, np.geomspace(1e-3, 1e3 if flow != VANILLA else 1e6, 1500))
    for row in range(6):
        curve = sure(flow, z[row], model.eigenvalues, model.epsilon, dense)
        assert value[row] == pytest.approx(
            float(sure(flow, z[row], model.eigenvalues, model.epsilon, t[row : row + 1])[0]), rel=1e-12
        )
        assert value[row] <= curve.min() + 1e-4 * np.ptp(curve)
        one, two = sure_stopping(flow, z[row], model.eigenvalues, model.epsilon)
        assert one.shape == () and (one, two) == (t[row], value[row])


@pytest.mark.parametrize("flow", FLOWS[:3])
def test_the_time_and_the_value_by_another_search(flow: Any) -> None:
    data = (flow, MODEL.observe(np.random.default_rng(2), 20), MODEL.eigenvalues, MODEL.epsilon)
    found = 0
    for t, value, z in zip(*sure_stopping(*data), data[1], strict=True):
        if 0 < t < math.inf:

            def at_time(log_t: float, z: Array = z) -> float:
                return float(sure(flow, z, *data[2:], [math.exp(log_t)])[0])

            bounds = math.log(t) - 0.03, math.log(t) + 0.03
            best = minimize_scalar(at_time, bounds=bounds, options={"xatol": 1e-6})
            bend = (at_time(best.x - 0.01) + at_time(best.x + 0.01) - 2 * best.fun) / 1e-4
            assert value == pytest.approx(at_time(math.log(t)), rel=1e-12)
            assert value <= best.fun + bend * 2e-3**2 / 2  # the time, to 2e-3
            found += 1
    assert found > 9


def test_all_signal_and_no_noise() -> None:
    """The estimate falls until everything is fitted."""
    for flow in (VANILLA, TWO_LAYER):
        t, value = sure_stopping(flow, [5.0, 5.0], [1.0, 0.5], 1e-3)
        assert value == pytest.approx(-50 + 4e-6, rel=1e-12)
        np.testing.assert_allclose(flow.estimate(5.0, [1.0, 0.5], t), 5.0, rtol=1e-6)
    t, value = sure_stopping(VANILLA, [5.0], [1e-304], 1e-3)  # beyond the last time of the scan
    assert (t, value) == (math.inf, pytest.approx(-25 + 2e-6))


def test_never_and_always() -> None:
    lam = np.array([1.0, 0.1, 1e-3])
    for flow in FLOWS:
        assert [float(x) for x in sure_stopping(flow, np.zeros(3), lam, 0.1)] == [0.0, 0.0]
        t, value = sure_stopping(flow, [5.0, -4.0, 3.0], lam, 0.1)
        assert value == pytest.approx(3 * 2 * 0.01 - 50, rel=1e-6)
        assert t == math.inf or t > 1
        np.testing.assert_allclose(
            sure(flow, [5.0, -4.0, 3.0], [1.0, 0.0, 1e-3], 0.1, [0.0, math.inf]), [0, 4 * 0.01 - 34]
        )


def test_the_vanilla_estimate_in_closed_form() -> None:
    z, lam, t = np.array([[2.0, 0.5, -1.0]]), np.array([1.0, 0.2, 1e-3]), np.array([0.1, 3.0])
    u = -np.expm1(-lam * t[:, None])
    expected = ((u**2 - 2 * u) * z**2 + 2 * 0.09 * u).sum(axis=1)
    np.testing.assert_allclose(sure(VANILLA, z, lam, 0.3, t)[0], expected, rtol=1e-13)
    each = sure(VANILLA, [[z[0], 2 * z[0]]], lam, [[0.3, 0.6]], t)
    assert each.shape == (1, 2, 2)
    np.testing.assert_allclose(each[0], [expected, 4 * expected], rtol=1e-13)


def test_the_loss_by_hand() -> None:
    z, lam, signal = np.array([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]]), [1.0, 0.2, 0.0], np.array([1.5, 1.0, 2.0])
    for t in (0.0, 3.0, math.inf, [0.7, math.inf]):
        theta = [VANILLA.estimate(row, lam, time) for row, time in zip(z, np.broadcast_to(t, 2), strict=True)]
        expected = ((np.array(theta) - signal) ** 2).sum(axis=1)
        np.testing.assert_allclose(loss(VANILLA, z, lam, signal, t), expected, rtol=1e-13)


def test_pieces_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    model = PowerLaw(1, 2, 1.5, 1e4, 150_000).truncated()
    z, t = model.observe(np.random.default_rng(0))[0], np.geomspace(1, 1e3, 40)
    tracemalloc.start()
    whole = sure(TWO_LAYER, z, model.eigenvalues, 0.01, t)
    found = loss(TWO_LAYER, z, model.eigenvalues, model.signal, 100.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6 < 8 * z.size * t.size
    assert found == pytest.approx(
        ((TWO_LAYER.estimate(z, model.eigenvalues, 100.0) - model.signal) ** 2).sum(), rel=1e-11
    )
    monkeypatch.setattr(stein, "PIECE", 3001)
    few = slice(0, 5000)
    small = sure(TWO_LAYER, z[few], model.eigenvalues[few], 0.01, t)
    monkeypatch.undo()
    np.testing.assert_allclose(small, sure(TWO_LAYER, z[few], model.eigenvalues[few], 0.01, t), rtol=1e-12)
    data = (TWO_LAYER, z[few], model.eigenvalues[few])
    whole_loss = loss(*data, model.signal[few], 100.0)
    monkeypatch.setattr(stein, "PIECE", 3001)
    assert loss(*data, model.signal[few], 100.0) == pytest.approx(float(whole_loss), rel=1e-12)
    assert whole.shape == (40,)


@pytest.mark.parametrize("depth", [0, 1])
@pytest.mark.parametrize(("p", "q", "gamma"), [(1, 1, 1.5), (1, 2, 1.5), (1, 2, 3), (0.6, 1.5, 2)])
def test_close_to_the_oracle(depth: int, p: float, q: float, gamma: float) -> None:
    """The mean loss at the chosen time exceeds the oracle's risk by 15 % at most, on n = 1000."""
    problem = PowerLaw(p, q, gamma, 1000, int(4 * 1000 ** (q / (p + 1))))
    model, flow = problem.truncated(), OverParameterizedFlow.tuned(depth, problem.epsilon)
    z = model.observe(np.random.default_rng(5), 12)
    stop = oracle_stopping(flow, problem)
    t, _ = sure_stopping(flow, z, model.eigenvalues, model.epsilon)
    data = flow, z, model.eigenvalues, model.signal
    assert loss(*data, t).mean() < 1.15 * max(stop.risk, loss(*data, stop.t).mean())
    assert (t / stop.t).min() > 0.4 and (t / stop.t).max() < 2.5


def test_the_split() -> None:
    model, flow = PowerLaw(1, 2, 1.5, 400, 500).truncated(), TWO_LAYER
    z = model.observe(np.random.default_rng(0), 2)
    t, value = split_stopping(flow, z, model.eigenvalues, 0.05, np.random.default_rng(1), ratio=0.7)
    again = split_stopping(flow, z, model.eigenvalues, 0.05, np.random.default_rng(1), ratio=0.7)
    assert (t.tolist(), value.tolist()) == (again[0].tolist(), again[1].tolist())
    fresh = 0.05 * np.random.default_rng(1).standard_normal(z.shape)
    train, test = z + 0.7 * fresh, z - fresh / 0.7
    dense = np.geomspace(1e-2, 1e4, 2000)
    for row in range(2):
        theta = flow.estimate(train[row], model.eigenvalues, np.r_[t[row], dense])
        curve = (theta**2).sum(axis=1) - 2 * theta @ test[row]
        assert curve[0] == pytest.approx(value[row], rel=1e-12)
        assert value[row] <= curve.min() + 1e-4 * np.ptp(curve)


def test_the_split_of_many_data_sets() -> None:
    z = MODEL.observe(np.random.default_rng(1), 6).reshape(2, 3, -1)
    rows = z.reshape(6, -1)
    found, values = (
        split_stopping(TWO_LAYER, some, MODEL.eigenvalues, MODEL.epsilon, np.random.default_rng(5))
        for some in (z, rows)
    )
    assert found[0].shape == found[1].shape == (2, 3)
    np.testing.assert_array_equal(np.ravel(found), np.ravel(values))
    half = split_stopping(TWO_LAYER, z, MODEL.eigenvalues, MODEL.epsilon, np.random.default_rng(5), ratio=0.5)
    np.testing.assert_array_equal(found, half)  # the default
    times = found[0]
    losses = loss(TWO_LAYER, z, MODEL.eigenvalues, MODEL.signal, times)
    assert losses.shape == (2, 3)
    one = loss(TWO_LAYER, z[1, 2], MODEL.eigenvalues, MODEL.signal, times[1, 2])
    assert losses[1, 2] == pytest.approx(float(one), rel=1e-12)


def test_the_split_is_unbiased_for_a_noisier_flow() -> None:
    """Its parts are independent, and each has the variance that the documentation says."""
    rng, ratio, size = np.random.default_rng(2), 0.6, 400_000
    xi, fresh = rng.standard_normal((2, size))
    cov = np.cov(xi + ratio * fresh, xi - fresh / ratio)
    np.testing.assert_allclose(cov, np.diag([1 + ratio**2, 1 + ratio**-2]), atol=5 * 4 / math.sqrt(size))
    noisy = SequenceModel(MODEL.signal, MODEL.eigenvalues, MODEL.epsilon * math.hypot(1, ratio))
    risk = float(expected_risk(TWO_LAYER, noisy, 30.0).mean) - MODEL.signal @ MODEL.signal
    z = MODEL.observe(rng, 20_000)
    more = MODEL.epsilon * rng.standard_normal(z.shape)
    theta = TWO_LAYER.estimate(z + ratio * more, MODEL.eigenvalues, 30.0)
    values = (theta * (theta - 2 * (z - more / ratio))).sum(axis=1)
    assert abs(values.mean() - risk) < 4 * values.std() / math.sqrt(20_000)


@PROPERTY
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(1e-3, 1e3), st.floats(0.01, 1))
def test_the_noise_level_scales(z: list[float], c: float, tail: float) -> None:
    one = float(estimate_noise(z, tail=tail))
    assert float(estimate_noise([c * x for x in z], tail=tail)) == pytest.approx(c * one, rel=1e-12)
    assert float(estimate_noise([-x for x in z], tail=tail)) == one


def test_the_noise_level_and_its_bias() -> None:
    rng, size = np.random.default_rng(0), 400_000
    z = 0.3 * rng.standard_normal((2, size))
    z[:, : size // 2] += 100  # not looked at
    z[1, size // 2 :: 10] += 50
    plain, biased = estimate_noise(z)
    assert plain == pytest.approx(0.3, rel=0.01)
    share = 0.1
    factor = norm.ppf(0.5 + 0.25 / (1 - share)) / norm.ppf(0.75)
    assert factor > 1.1
    assert biased == pytest.approx(0.3 * factor, rel=0.01)
    assert estimate_noise([1.0, 0.0, 0.0, 0.0]) == 0


GOOD = {"z": [1.0, 0.2], "eigenvalues": [1.0, 0.5], "epsilon": 0.1}


@pytest.mark.parametrize(("name", "value"), [
    ("z", []), ("z", 1.0), ("z", [1.0, math.nan]), ("z", [1.0, math.inf]), ("z", np.empty((2, 0))),
    ("eigenvalues", [1.0]), ("eigenvalues", [1.0, -0.5]), ("eigenvalues", [1.0, math.nan]),
    ("epsilon", 0.0), ("epsilon", -1.0), ("epsilon", math.nan), ("epsilon", math.inf),
    ("epsilon", [0.1, 0.1]), ("epsilon", "0.1"),
    ("z", [1.0, 1e200]), ("epsilon", 1e200),  # what cannot be squared
])  # fmt: skip
def test_bad_data(name: str, value: Any) -> None:
    given = [*(GOOD | {name: value}).values()]
    raises(lambda: sure(TWO_LAYER, *given, [1.0]), name, "must")
    raises(lambda: sure_stopping(TWO_LAYER, *given), name, "must")
    raises(lambda: split_stopping(TWO_LAYER, *given, np.random.default_rng(0)), name, "must")
    if name == "z":
        raises(lambda: estimate_noise(value), "z", "must")


@pytest.mark.parametrize(("call", "word"), [
    (lambda: sure(TWO_LAYER, **GOOD, t=1.0), "t"), (lambda: sure(TWO_LAYER, **GOOD, t=[-1.0]), "t"),
    (lambda: sure(TWO_LAYER, **GOOD, t=[math.nan]), "t"),
    (lambda: loss(TWO_LAYER, [1.0], [1.0], [1.0, 2.0], 1.0), "signal"),
    (lambda: loss(TWO_LAYER, [1.0], [1.0], [math.nan], 1.0), "signal"),
    (lambda: loss(TWO_LAYER, [1.0], [1.0], [1e200], 1.0), "signal"),
    (lambda: loss(SimpleNamespace(estimate=None), [1.0], [1.0], [1.0], 1.0), "flow"),  # type: ignore[arg-type]
    (lambda: loss(SimpleNamespace(linearize=None), [1.0], [1.0], [1.0], 1.0), "flow"),  # type: ignore[arg-type]
    (lambda: loss(TWO_LAYER, [1.0], [1.0], [1.0], -1.0), "t"),
    (lambda: loss(TWO_LAYER, [1.0], [1.0], [1.0], [1.0, 2.0]), "t"),
    (lambda: split_stopping(TWO_LAYER, **GOOD, rng=3), "rng"),
    (lambda: split_stopping(TWO_LAYER, **GOOD, rng=np.random.default_rng(0), ratio=0.0), "ratio"),
    (lambda: estimate_noise([1.0], tail=0.0), "tail"), (lambda: estimate_noise([1.0], tail=1.1), "tail"),
])  # fmt: skip
def test_bad_input(call: Any, word: str) -> None:
    raises(call, word, "must")


def test_flows_that_never_move() -> None:
    raises(lambda: sure_stopping(TWO_LAYER, [1.0], [0.0], 0.1), "eigenvalues", "zero")
