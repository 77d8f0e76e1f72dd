"""The flow as a threshold: by its estimate, by hitting times, by its asymptote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import OverParameterizedFlow, VanillaFlow
from opgd.classics import effective_threshold
from opgd.flow.deep import DeepSolution
from opgd.stopping import universal_time


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_effective_threshold_is_where_half_is_learned(depth: int) -> None:
    epsilon, lam = 1e-3, np.geomspace(1, 1e-12, 25)
    flow = OverParameterizedFlow.tuned(depth, epsilon)
    for c in (0.3, 1.0, 3.0):
        t = universal_time(depth, epsilon, c)
        level = effective_threshold(flow, lam, t)
        assert (np.diff(level) >= 0).all() and level[0] == 0 and level[-1] > epsilon
        some = level > 0
        half = flow.estimate(level[some], lam[some], t)
        np.testing.assert_allclose(half, level[some] / 2, rtol=1e-6)
        if depth:  # the other way round: the time at which this observation is half learned
            times, _ = DeepSolution(depth, flow.b0, False, 1e-8).half_times(level[some], np.log(lam[some]))
            np.testing.assert_allclose(times, t, rtol=1e-6)
        unlearned = flow.estimate(1e-9 * epsilon, lam[~some], t) / (1e-9 * epsilon)
        assert (unlearned > 0.49).all()


@pytest.mark.parametrize("depth", [0, 2])
def test_other_fractions_are_learned_at_other_observations(depth: int) -> None:
    flow, lam = OverParameterizedFlow.tuned(depth, 1e-3), np.array([1e-9, 1e-6])
    t = universal_time(depth, 1e-3)
    levels = [effective_threshold(flow, lam, t, fraction) for fraction in (0.1, 0.5, 0.9)]
    for fraction, level in zip((0.1, 0.5, 0.9), levels, strict=True):
        np.testing.assert_allclose(flow.estimate(level, lam, t), fraction * level, rtol=1e-5)
    assert (levels[0] < levels[1]).all() and (levels[1] < levels[2]).all()
    np.testing.assert_array_equal(levels[1], effective_threshold(flow, lam, t))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_is_between_zero_and_one(fraction: float) -> None:
    raises(lambda: effective_threshold(OverParameterizedFlow(0), [0.1], 1.0, fraction), "fraction")


def test_the_level_grows_like_the_logarithm() -> None:
    """Two layers with lambda far below z: theta = z / (1 + (4 z / lambda) e^(-2 z t))."""
    flow, t = OverParameterizedFlow(depth=0), 1e4
    lam = np.geomspace(1e-6, 1e-60, 10)
    level = effective_threshold(flow, lam, t)
    np.testing.assert_allclose(2 * level[1:] * t, np.log(4 * level / lam)[1:], rtol=1e-6)
    growth = np.diff(level) / np.diff(-np.log(lam))
    np.testing.assert_allclose(growth, 1 / (2 * t), rtol=0.1)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.floats(-8, 1), st.floats(-2, 8), st.floats(-3, 3))
def test_levels_scale(log_lam: float, log_t: float, log_c: float) -> None:
    """(z, lambda) -> c (z, lambda), t -> t / c at depth 0."""
    flow, lam, t, c = OverParameterizedFlow(depth=0), 10**log_lam, 10**log_t, 10**log_c
    plain = float(effective_threshold(flow, lam, t))
    scaled = float(effective_threshold(flow, c * lam, t / c))
    assert scaled == pytest.approx(c * plain, rel=1e-5, abs=1e-4 * c / t)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: effective_threshold(VanillaFlow(), [1.0], 1.0), ("flow", "VanillaFlow", "exponentially")),
    (lambda: effective_threshold(OverParameterizedFlow(0), [0.0], 1.0), ("eigenvalues", "> 0")),
    (lambda: effective_threshold(OverParameterizedFlow(0), [1.0], 0.0), ("t", "> 0")),
])  # fmt: skip
def test_bad_input(call: Any, words: tuple[str, ...]) -> None:
    raises(call, *words)
