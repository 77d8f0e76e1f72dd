"""The universal time and its constant."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from opgd import OverParameterizedFlow, PowerLaw, SequenceModel, expected_risk, oracle_stopping
from opgd.stopping import constant_profile, universal_time

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


@PROPERTY
@given(st.integers(0, 9), st.floats(1e-8, 10), st.floats(0.01, 100))
def test_the_time_of_the_theorems(depth: int, epsilon: float, constant: float) -> None:
    flow = OverParameterizedFlow.tuned(depth, epsilon)
    t = universal_time(depth, epsilon, constant)
    assert flow.b0**depth * t == pytest.approx(constant / epsilon, rel=1e-12)
    assert universal_time(depth, epsilon) == pytest.approx(t / constant, rel=1e-12)


def test_a_profile() -> None:
    problems = [
        PowerLaw(1, 2, 1.5, 2000, 50),
        PowerLaw(1, 2, 3, 2000, 50),
        SequenceModel([1.0, 0.1], [1.0, 0.2], 0.05),
    ]
    constants = [0.5, 0.9, 1.3, 2.0]
    for depth in (0, 1):
        profile = constant_profile(depth, problems, constants)
        np.testing.assert_array_equal(profile.constants, constants)
        assert profile.risk.shape == profile.regret.shape == (3, 4)
        for row, problem in enumerate(problems):
            flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
            t = universal_time(depth, problem.epsilon) * np.array(constants)
            np.testing.assert_allclose(profile.risk[row], expected_risk(flow, problem, t).mean, rtol=2e-3)
            assert profile.oracle[row] == oracle_stopping(flow, problem).risk
            np.testing.assert_allclose(
                profile.regret[row], profile.risk[row] / profile.oracle[row] - 1, rtol=1e-12
            )
        largest = [max(profile.regret[:, k]) for k in range(4)]
        assert largest[profile.best] == min(largest)
        assert profile.regret[profile.worst, profile.best] == largest[profile.best]
        assert profile.regret.min() > -2e-3


@pytest.mark.parametrize(("call", "word"), [
    (lambda: universal_time(-1, 0.1), "depth"), (lambda: universal_time(0, 0.0), "epsilon"),
    (lambda: universal_time(0, math.nan), "epsilon"), (lambda: universal_time(0, 0.1, 0.0), "constant"),
    (lambda: constant_profile(0, [], [1.0]), "problems"),
    (lambda: constant_profile(0, [3], [1.0]), "problems"),
    (lambda: constant_profile(0.5, [PowerLaw(1, 2, 2, 10)], [1.0]), "depth"),
    (lambda: constant_profile(0, [PowerLaw(1, 2, 2, 10)], []), "constants"),
    (lambda: constant_profile(0, [PowerLaw(1, 2, 2, 10)], [0.0, 1.0]), "constants"),
    (lambda: constant_profile(0, [PowerLaw(1, 2, 2, 10)], [1.0, 1.0]), "constants"),
    (lambda: constant_profile(0, [PowerLaw(1, 2, 2, 10)], [1.0, math.inf]), "constants"),
    (lambda: constant_profile(0, [PowerLaw(1, 2, 2, 10)], [[1.0]]), "constants"),
])  # fmt: skip
def test_bad_input(call: Any, word: str) -> None:
    raises(call, word, "must")
