"""The exact flows, over the whole range of doubles."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import SMALLEST_NORMAL, TWO_LAYER, VANILLA, assert_close, components, powers, two_layer
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from opgd import FlowState, OverParameterizedFlow, VanillaFlow
from opgd._validate import Array
from opgd.flow.deep import DeepSolution
from opgd.flow.two_layer import BLOCK

EXACT = settings(max_examples=250, deadline=None, derandomize=True)
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


def check_exact(z: float, lam: float, t: float) -> None:
    state = TWO_LAYER.state(z, lam, t)
    for got, reference in zip((state.theta, state.a, state.beta), two_layer(z, lam, t), strict=True):
        assert_close(float(got), reference)
    assert float(TWO_LAYER.estimate(z, lam, t)) == float(state.theta)


def test_reference_satisfies_the_equations() -> None:
    with mp.workdps(60):
        for z, lam, t in [(0.3, 0.01, 7.0), (-2.0, 0.5, 0.4), (0.02, 1e-4, 300.0)]:
            theta, a, beta = two_layer(z, lam, t, dps=90)
            assert mp.almosteq(theta, a * beta, 1e-50)
            assert mp.almosteq(a**2 - beta**2, mp.mpf(lam), 1e-50)
            a_slope = mp.diff(
                lambda s, z=z, lam=lam: two_layer(z, lam, s, dps=90)[1], mp.mpf(t), h=mp.mpf(10) ** -20
            )
            assert mp.almosteq(a_slope, beta * (mp.mpf(z) - theta), 1e-15)
            b_slope = mp.diff(
                lambda s, z=z, lam=lam: two_layer(z, lam, s, dps=90)[2], mp.mpf(t), h=mp.mpf(10) ** -20
            )
            assert mp.almosteq(b_slope, a * (mp.mpf(z) - theta), 1e-15)


@EXACT
@given(components())
@example((1e150, 5e-324, 1e-148))
@example((1e150, 1e6, 1e308))
@example((5e-324, 5e-324, 5e-324))
@example((5e-324, 5e-324, 1e308))
@example((-1e150, 1e-150, math.inf))
@example((1e-162, 1e-162, 1e162))
@example((1e150, 1.0, 1e-157))
@example((1e140, 1e5, 1e-147))
@example((1.0, 1e-200, 231.0))
@example((1.0, 5e-324, 372.5))
def test_exact_over_the_whole_range(case: tuple[float, float, float]) -> None:
    check_exact(*case)


@EXACT
@given(components(300, 300))
def test_exact_beyond_the_promised_range(case: tuple[float, float, float]) -> None:
    check_exact(*case)


@PROPERTY
@given(st.lists(components(), min_size=2, max_size=6))
def test_many_at_once_equal_one_at_a_time(cases: list[tuple[float, float, float]]) -> None:
    z, lam, t = np.array(cases).T
    together = TWO_LAYER.estimate(z, lam, t)
    assert together.shape == (len(cases), len(cases))
    for row, time in enumerate(t):
        for column in range(len(cases)):
            alone = float(TWO_LAYER.estimate(z[column], lam[column], time))
            assert abs(together[row, column] - alone) <= 1e-13 * abs(alone) + 1e-307


@EXACT
@given(components())
def test_vanilla(case: tuple[float, float, float]) -> None:
    z, lam, t = case
    got = float(VANILLA.estimate(z, lam, t))
    if z == 0 or lam == 0 or t == 0:
        assert got == 0
    elif t == math.inf:
        assert got == z
    elif mp.mpf(lam) * t >= SMALLEST_NORMAL:
        with mp.workdps(60):
            assert_close(got, -mp.expm1(max(-mp.mpf(lam) * mp.mpf(t), mp.mpf(-1e4))) * mp.mpf(z), 1e-14)
    else:  # so slow that lambda t is not a normal number
        assert abs(got) <= 2 * SMALLEST_NORMAL * abs(z)


@pytest.mark.parametrize(("z", "lam", "t", "theta"), [
    (0.0, 1.0, 5.0, 0.0), (2.0, 0.0, 5.0, 0.0), (2.0, 0.0, math.inf, 0.0), (2.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0),
    (2.0, 1.0, math.inf, 2.0), (-2.0, 1.0, math.inf, -2.0), (1e150, 1e-300, math.inf, 1e150),
    (0.0, 1.0, math.inf, 0.0), (1e300, 1.0, math.inf, 1e300),
])  # fmt: skip
@pytest.mark.parametrize("flow", [VANILLA, TWO_LAYER])
def test_edges(flow: Any, z: float, lam: float, t: float, theta: float) -> None:
    assert float(flow.estimate(z, lam, t)) == pytest.approx(theta, rel=4e-16, abs=0)


def test_limits_of_the_layers() -> None:
    for lam in (0.0, 1e-300, 0.25, 1e6):
        for z, t in [(0.0, 3.0), (0.0, math.inf), (1.5, 0.0)]:
            state = TWO_LAYER.state(z, lam, t)
            assert float(state.a) == pytest.approx(math.sqrt(lam), rel=4e-16, abs=0)
            assert float(state.beta) == float(state.theta) == 0
    final = TWO_LAYER.state(1.5, 1.0, math.inf)  # a beta = z and a^2 - beta^2 = lambda fix the limit
    a2 = (1 + math.sqrt(1 + 4 * 1.5**2)) / 2
    assert float(final.a) == pytest.approx(math.sqrt(a2), rel=1e-15)
    assert float(final.beta) == pytest.approx(1.5 / math.sqrt(a2), rel=1e-15)


@pytest.mark.parametrize(
    ("z", "lam", "end"), [(0.3, 0.01, 40.0), (-1.0, 0.5, 6.0), (0.02, 1e-3, 300.0), (0.5, 2.0, 5.0)]
)
def test_against_a_general_ode_solver(z: float, lam: float, end: float) -> None:
    def slope(_t: float, y: Array) -> Array:
        a, beta = y
        return np.array([beta, a]) * (z - a * beta)

    t = np.linspace(0, end, 25)
    run = solve_ivp(slope, (0, end), [math.sqrt(lam), 0.0], method="DOP853", rtol=1e-12, atol=1e-14, t_eval=t)
    state = TWO_LAYER.state(z, lam, t)
    np.testing.assert_allclose(state.a, run.y[0], rtol=1e-9)
    np.testing.assert_allclose(state.beta, run.y[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(state.theta, run.y[0] * run.y[1], rtol=1e-9, atol=1e-12)
    straight = VANILLA.estimate(z, lam, t)
    run = solve_ivp(
        lambda _t, y: lam * (z - y), (0, end), [0.0], method="DOP853", rtol=1e-12, atol=1e-14, t_eval=t
    )
    np.testing.assert_allclose(straight, run.y[0], rtol=1e-9, atol=1e-12)


ordinary = st.tuples(powers(-8, 4), powers(-12, 3), powers(-6, 6))


@PROPERTY
@given(ordinary, st.floats(1e-3, 1e3))
def test_invariants(case: tuple[float, float, float], c: float) -> None:
    z, lam, t = case
    state = TWO_LAYER.state(z, lam, t)
    assert abs(state.a**2 - state.beta**2 - lam) <= 1e-13 * state.a**2  # (23)
    assert float(state.theta) == pytest.approx(float(state.a * state.beta), rel=1e-14)
    assert 0 <= state.beta**2 * (1 - 1e-14) <= state.theta <= state.a**2 * (1 + 1e-14)  # (24)
    assert state.theta <= z * (1 + 1e-15)
    mirrored = TWO_LAYER.state(-z, lam, t)
    assert (mirrored.theta, mirrored.a, mirrored.beta) == (-state.theta, state.a, -state.beta)
    scaled = TWO_LAYER.state(c * c * z, c * c * lam, t / (c * c))
    for got, power, want in (
        (scaled.theta, 2, state.theta),
        (scaled.a, 1, state.a),
        (scaled.beta, 1, state.beta),
    ):
        assert float(got) == pytest.approx(float(c**power * want), rel=2e-12)


@PROPERTY
@given(ordinary, st.floats(1.0001, 10))
def test_the_learned_eigenvalue_only_grows(case: tuple[float, float, float], factor: float) -> None:
    z, lam, t = case
    early, late = TWO_LAYER.state(z, lam, [t, factor * t]).learned_eigenvalue
    assert math.sqrt(lam) * (1 - 1e-15) <= early <= late * (1 + 1e-14)


@PROPERTY
@given(ordinary)
def test_sandwich_of_lemma_d1(case: tuple[float, float, float]) -> None:
    z, lam, t = case

    def upper(time: float) -> float:  # (28)
        with mp.workdps(40):
            e = mp.exp(min((2 * mp.mpf(z) + lam) * time, mp.mpf(1e5)))
            return float(lam * (e - 1) * z / (2 * mp.mpf(z) + lam * e))

    theta = float(TWO_LAYER.estimate(z, lam, t))
    assert upper(t / math.sqrt(2)) * (1 - 1e-13) <= theta <= upper(t) * (1 + 1e-13)


def test_shapes() -> None:
    z, lam = np.linspace(-1, 1, 6).reshape(2, 1, 3), np.array([[0.1], [1.0]])
    t = np.array([[3.0, 0.0, math.inf], [1.0, 1e200, 1e-200]])
    for flow in (VANILLA, TWO_LAYER):
        theta = flow.estimate(z, lam, t)
        assert theta.shape == (2, 3, 2, 2, 3)
        assert theta.dtype == np.float64
        for index in np.ndindex(t.shape):
            np.testing.assert_allclose(theta[index], flow.estimate(z, lam, t[index]), rtol=1e-14)
        assert flow.estimate(1.0, 1.0, 1.0).shape == ()
        assert flow.estimate(1.0, [1.0, 2.0], [1.0] * 3).shape == (3, 2)
        assert flow.estimate([], [], 1.0).shape == (0,)
        assert flow.estimate(np.empty((3, 0)), 1.0, [1.0, 2.0]).shape == (2, 3, 0)
        assert flow.estimate([1.0, 2.0], 1.0, []).shape == (0, 2)
        assert flow.estimate([1, 2], 1, 3).dtype == np.float64
    state = TWO_LAYER.state(z, lam, t)
    assert isinstance(state, FlowState)
    assert state.theta.shape == state.a.shape == state.b.shape == state.beta.shape == (2, 3, 2, 2, 3)
    assert (state.b == 1).all()
    assert (OverParameterizedFlow(0, b0=0.25).state(1.0, 1.0, 1.0).b == 0.25).all()
    np.testing.assert_array_equal(state.learned_eigenvalue, state.a)


def test_layers_enter_the_learned_eigenvalue() -> None:
    state = FlowState(np.array(0.0), np.array(3.0), np.array(2.0), np.array(0.0), depth=3)
    assert state.learned_eigenvalue == 24


def test_inputs_are_left_alone() -> None:
    z, lam, t = np.array([1.0, -2.0]), np.array([0.5, 1.0]), np.array([2.0, 0.0])
    for flow in (VANILLA, TWO_LAYER):
        flow.estimate(z, lam, t)
    TWO_LAYER.state(z, lam, t)
    assert (z.tolist(), lam.tolist(), t.tolist()) == ([1.0, -2.0], [0.5, 1.0], [2.0, 0.0])


@pytest.mark.parametrize("extreme", [None, 0, BLOCK + 5])
def test_long_arrays_with_extreme_elements(extreme: int | None) -> None:
    size = 2 * BLOCK + 77
    rng = np.random.default_rng(1)
    z, lam = rng.standard_normal(size), rng.random(size) + 1e-9
    if extreme is not None:
        z[extreme], lam[extreme + 1], z[extreme + 2] = 1e140, 0.0, 0.0
    t = np.array([2.0, 1e-150, math.inf])
    whole = TWO_LAYER.state(z, lam, t)
    for index in {0, 1, 2, size // 2, size - 1} | (
        {extreme + i for i in range(4)} if extreme is not None else set()
    ):
        for row, time in enumerate(t):
            references = two_layer(float(z[index]), float(lam[index]), float(time))
            got = (whole.theta[row, index], whole.a[row, index], whole.beta[row, index])
            for value, reference in zip(got, references, strict=True):
                assert_close(value, reference)
    grid = TWO_LAYER.estimate(z[:, None], lam[:3], 2.0)  # rows of the nditer cross blocks
    assert grid.shape == (size, 3)
    np.testing.assert_allclose(grid[-1], TWO_LAYER.estimate(z[-1], lam[:3], 2.0), rtol=1e-14)
    np.testing.assert_allclose(grid[BLOCK], TWO_LAYER.estimate(z[BLOCK], lam[:3], 2.0), rtol=1e-14)


def test_the_tuned_flow() -> None:
    assert OverParameterizedFlow.tuned(0, 0.04) == OverParameterizedFlow(0, b0=0.2)
    flow = OverParameterizedFlow.tuned(3, 0.01, separate_layers=True)
    assert flow.b0 == pytest.approx(0.01**0.2)
    assert flow.depth == 3
    assert flow.separate_layers


@pytest.mark.parametrize("flow", [
    OverParameterizedFlow(1, 0.3), OverParameterizedFlow(3, 0.5),
    OverParameterizedFlow(3, 0.5, separate_layers=True), OverParameterizedFlow(300, 1.0),
    OverParameterizedFlow(2500, 1.01), OverParameterizedFlow(2500, 0.997, separate_layers=True),
])  # fmt: skip
def test_half_times(flow: OverParameterizedFlow) -> None:
    z, lam = np.array([0.02, 1.0, 30.0]), np.array([0.5, 1e-8, 1e-3])
    solution = DeepSolution(flow.depth, flow.b0, flow.separate_layers, flow.tolerance)
    half, steepness = solution.half_times(z, np.log(lam))
    assert (steepness > 0.5).all()
    for k in range(3):
        step = 1e-4 / steepness[k]
        early, there, late = flow.estimate(z[k], lam[k], half[k] * np.exp([-step, 0, step]))
        assert there == pytest.approx(z[k] / 2, rel=1e-7 + 1e-13 * steepness[k])  # as t within 1e-13
        assert math.log(late / early) == pytest.approx(2e-4, rel=1e-3 + 1e-9 * steepness[k])


def test_the_parameters_are_plain_numbers() -> None:
    flow = OverParameterizedFlow(np.int64(2), np.float32(0.5), tolerance=np.float64(1e-6))  # type: ignore[arg-type]
    assert [type(value) for value in (flow.depth, flow.b0, flow.tolerance)] == [int, float, float]


def test_flows_compare_by_value() -> None:
    assert VanillaFlow() == VanillaFlow()
    assert OverParameterizedFlow(0) == OverParameterizedFlow(np.int64(0), np.float64(1.0))
    assert OverParameterizedFlow(0) != OverParameterizedFlow(1)
    assert hash(OverParameterizedFlow(0)) == hash(OverParameterizedFlow(0, 1))
