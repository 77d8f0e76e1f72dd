from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from opgd import FlowState, OverParameterizedFlow, VanillaFlow
from opgd.regression.coupled import CoupledFlow, FixedKernelFlow, LeastSquares

Array = NDArray[np.float64]
TIMES = np.array([0.0, 0.3, 2.0, 9.0, 30.0])


def random_problem(n: int, size: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """Design, y and eigenvalues."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, size)), rng.standard_normal(n), (1.0 + np.arange(size)) ** -1.5


def full_system(design: Array, y: Array, lam: Array, depth: int, b0: float, separate: bool) -> Array:
    """(a, b, beta) by DOP853 without conservation laws; layers of the separate kind all written out."""
    n, size = design.shape
    copies = depth if separate else 1

    def velocity(_: float, state: Array) -> Array:
        a, beta, *layers = state.reshape(-1, size)
        b = np.array(layers)
        outer = b.prod(axis=0) if separate else b[0] ** depth
        g = design.T @ (y - design @ (a * outer * beta)) / n
        if separate:
            inner = [np.delete(b, k, axis=0).prod(axis=0) for k in range(copies)]
        else:
            inner = [depth * b[0] ** (depth - 1)] if depth else [np.zeros(size)]
        return np.concatenate([outer * beta * g, a * outer * g, *[a * part * beta * g for part in inner]])

    start = np.concatenate([np.sqrt(lam), np.zeros(size), np.full(copies * size, b0)])
    run = solve_ivp(velocity, (0, TIMES[-1]), start, "DOP853", TIMES, rtol=1e-12, atol=1e-13)
    return run.y.T.reshape(len(TIMES), -1, size)


def walk(flow: CoupledFlow | FixedKernelFlow, problem: tuple[Array, Array, Array], times: Array) -> FlowState:
    """All states of a path in one, with time as the first axis."""
    design, y, lam = problem
    states = list(flow.path(LeastSquares.of(design, y), lam, times))
    layers = [np.stack([getattr(state, name) for state in states]) for name in ("theta", "a", "b", "beta")]
    return FlowState(*layers, states[0].depth)


@pytest.mark.parametrize("shape", [(30, 8), (8, 20)])
@pytest.mark.parametrize(
    ("depth", "b0", "separate"), [(0, 1.0, False), (1, 0.3, False), (2, 0.6, False), (3, 0.9, True)]
)
def test_against_the_full_system(shape: tuple[int, int], depth: int, b0: float, separate: bool) -> None:
    """The reduction to u loses nothing: DOP853 on all layers gives the same a, b, beta and theta."""
    problem = random_problem(*shape, seed=depth)
    problem[1][:] *= 2
    a, beta, b, *_ = full_system(*problem, depth, b0, separate).transpose(1, 0, 2)
    state = walk(CoupledFlow(depth, b0, separate, tolerance=1e-12), problem, TIMES)
    for ours, reference in (
        (state.a, a),
        (state.beta, beta),
        (state.b, b),
        (state.theta, a * b**depth * beta),
    ):
        assert np.abs(ours - reference).max() < 2e-9


@pytest.mark.parametrize(("tolerance", "allowed"), [(1e-2, 0.1), (1e-3, 0.03), (1e-4, 0.006), (1e-5, 2e-3)])
@pytest.mark.parametrize("depth", [0, 2])
def test_tolerance_is_kept(depth: int, tolerance: float, allowed: float) -> None:
    """RKC against DOP853: the global error falls with the tolerance, relative to the size of theta."""
    problem = random_problem(60, 150)
    problem[1][:] *= 2
    exact = walk(CoupledFlow(depth, 0.5, tolerance=1e-11), problem, TIMES).theta
    ours = walk(CoupledFlow(depth, 0.5, tolerance=tolerance), problem, TIMES).theta
    assert np.linalg.norm(ours - exact, axis=1).max() < allowed * np.linalg.norm(exact, axis=1).max()


def orthonormal(size: int, n: int) -> Array:
    return np.linalg.qr(np.random.default_rng(5).standard_normal((n, size)))[0] * math.sqrt(n)


@pytest.mark.parametrize(("depth", "b0", "separate"), [(0, 1.0, False), (1, 0.4, False), (2, 0.7, True)])
def test_orthonormal_design_is_the_sequence_model(depth: int, b0: float, separate: bool) -> None:
    """With E'E = n I each component moves on its own, as Appendix B.1 says; all layers to 1e-8."""
    design = orthonormal(12, 40)
    rng = np.random.default_rng(1)
    y, lam = 2 * rng.standard_normal(40), (1.0 + np.arange(12)) ** -2.0
    lam[-1] = 0
    ours = walk(CoupledFlow(depth, b0, separate, tolerance=1e-12), (design, y, lam), TIMES)
    flow = OverParameterizedFlow(depth, b0, separate, tolerance=1e-11)
    exact = flow.state(design.T @ y / 40, lam, TIMES)
    for name in ("theta", "a", "b", "beta"):
        assert np.abs(getattr(ours, name) - getattr(exact, name)).max() < 1e-8, name


def test_fixed_orthonormal_design_is_the_vanilla_flow() -> None:
    design, y, lam = (
        orthonormal(12, 40),
        np.random.default_rng(1).standard_normal(40),
        np.geomspace(1, 1e-8, 12),
    )
    times = np.array([0.0, 1.0, 1e3, 1e9])
    ours = walk(FixedKernelFlow(), (design, y, lam), times).theta
    np.testing.assert_allclose(ours, VanillaFlow().estimate(design.T @ y / 40, lam, times), atol=1e-8)


@pytest.mark.parametrize("shape", [(30, 8), (9, 9), (8, 20)])
def test_fixed_kernel_against_the_matrix_exponential(shape: tuple[int, int]) -> None:
    """theta = (I - exp(-t Lambda G)) z with G z = c, by both decompositions."""
    design, y, lam = random_problem(*shape)
    operator = lam[:, None] * (design.T @ design) / len(y)
    z = np.linalg.lstsq(design, y, rcond=None)[0]
    expected = [z - expm(-t * operator) @ z for t in TIMES]
    np.testing.assert_allclose(walk(FixedKernelFlow(), (design, y, lam), TIMES).theta, expected, atol=1e-10)


def test_blocks_give_the_same_loss() -> None:
    for n, size in ((30, 7), (7, 30)):
        design, y, _ = random_problem(n, size)
        parts = [(design[i : i + 4], y[i : i + 4]) for i in range(0, n, 4)]
        whole, blocks = LeastSquares.of(design, y), LeastSquares.collect(iter(parts), n, size)
        assert (whole.target is None) == (size <= n)
        theta = np.random.default_rng(2).standard_normal(size)
        gradient = design.T @ (y - design @ theta) / n
        for loss in (whole, blocks):
            np.testing.assert_allclose(loss.descent(theta), gradient, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(loss.diagonal(), (design**2).sum(axis=0) / n)


problems = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6))


@settings(derandomize=True, deadline=None, max_examples=25)
@given(problems, st.integers(0, 3), st.floats(0.05, 2), st.booleans())
def test_invariants(sizes: tuple[int, int, int], depth: int, b0: float, separate: bool) -> None:
    """Conservation, the loss falls, y -> -y turns all signs, and a b^D grows where |beta| does."""
    n, size, seed = sizes
    design, y, lam = random_problem(n, size, seed)
    flow, times = CoupledFlow(depth, b0, separate, tolerance=1e-3), np.array([0.0, 0.1, 1.0, 10.0])
    state = walk(flow, (design, y, lam), times)
    factor = min(depth, 1) if separate else depth
    np.testing.assert_allclose(state.a**2 - state.beta**2, np.broadcast_to(lam, state.a.shape), atol=1e-9)
    np.testing.assert_allclose(state.b**2 - factor * state.beta**2, b0**2, atol=1e-9)
    np.testing.assert_allclose(state.theta, state.a * state.b**depth * state.beta, rtol=1e-12)
    assert (state.learned_eigenvalue >= np.sqrt(lam) * b0**depth * (1 - 1e-12)).all()
    losses = np.square(y - state.theta @ design.T).mean(axis=1)
    assert (np.diff(losses) <= 1e-3 * losses[0]).all()
    mirrored = walk(flow, (design, -y, lam), times)
    np.testing.assert_allclose(mirrored.theta, -state.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("c", [0.5, 3.0])
def test_scaling(depth: int, c: float) -> None:
    """(a, b, beta) -> c (a, b, beta) if lambda -> c^2 lambda, y -> c^(D+2) y and t -> c^-(2D+2) t."""
    design, y, lam = random_problem(20, 10)
    state = walk(CoupledFlow(depth, 0.5, tolerance=1e-11), (design, y, lam), TIMES)
    scaled = walk(
        CoupledFlow(depth, 0.5 * c, tolerance=1e-11),
        (design, c ** (depth + 2) * y, c**2 * lam),
        TIMES * c ** -(2 * depth + 2),
    )
    np.testing.assert_allclose(scaled.theta, c ** (depth + 2) * state.theta, atol=1e-8 * c ** (depth + 2))


def test_components_without_eigenvalue_never_move() -> None:
    design, y, lam = random_problem(20, 10)
    lam[3] = 0
    for flow in (CoupledFlow(1, 0.5), FixedKernelFlow()):
        assert (walk(flow, (design, y, lam), TIMES).theta[:, 3] == 0).all()


def test_extremes() -> None:
    """Eigenvalues near the ends of the doubles, a design of zeros, one sample."""
    design, y, _ = random_problem(20, 4)
    for tolerance in (1e-3, 1e-10):
        flow = CoupledFlow(1, 0.5, tolerance=tolerance)
        theta = walk(flow, (design, y, np.array([1.0, 1e-30, 1e-300, 5e-324])), np.array([1.0, 1e4])).theta
        assert np.isfinite(theta).all() and abs(theta[-1, 1]) > 1e-3
        assert (walk(flow, (0 * design, y, np.ones(4)), TIMES).theta == 0).all()
    (end,) = walk(CoupledFlow(0), (np.ones((1, 1)), np.array([2.0]), np.ones(1)), np.array([50.0])).theta
    assert np.isclose(end[0], 2, atol=1e-3)


def test_a_path_is_followed_only_as_far_as_it_is_read() -> None:
    design, y, lam = random_problem(20, 10)
    path = CoupledFlow(2, 0.5).path(LeastSquares.of(design, y), lam, [1.0, 1e14])
    assert next(path).theta.shape == (10,)


def test_values_too_large_for_doubles() -> None:
    design, y, lam = random_problem(20, 10)
    path = CoupledFlow(2, 0.5).path(LeastSquares.of(design, 1e200 * y), lam, [1.0])
    with pytest.raises(FloatingPointError, match="too fast"):
        next(path)


def test_bad_input() -> None:
    design, y, lam = random_problem(20, 10)
    loss = LeastSquares.of(design, y)
    for flow in (CoupledFlow(), FixedKernelFlow()):  # before the iterator is read
        with pytest.raises(ValueError, match="times"):
            flow.path(loss, lam, [1.0, 1.0])
        with pytest.raises(ValueError, match="times"):
            flow.path(loss, lam, [])
        with pytest.raises(ValueError, match="times"):
            flow.path(loss, lam, [math.inf])
        with pytest.raises(ValueError, match="eigenvalues"):
            flow.path(loss, lam[1:], [1.0])
        with pytest.raises(ValueError, match="eigenvalues"):
            flow.path(loss, -lam, [1.0])
    for bad in ({"depth": -1}, {"depth": 1, "b0": 0.0}, {"tolerance": 0.5}, {"separate_layers": 1}):
        with pytest.raises(ValueError, match=[*bad][-1]):
            CoupledFlow(**bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="design"):
        LeastSquares.of(design, y[1:])
    with pytest.raises(ValueError, match="y holds nan"):
        LeastSquares.of(design, y * np.nan)
