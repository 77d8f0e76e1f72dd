"""The exact risk curve against Monte Carlo gradient descent that is as accurate."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest

from opgd import OverParameterizedFlow, PowerLaw, expected_risk, gradient_descent
from opgd.stopping import universal_time

TIMES = 25
TRIALS = 16
SUBSTEPS = {0: 8, 1: 64}  # steps of gradient descent between two times; half of them must be stable, too
ACCURACIES = (1e-2, 1e-3, 1e-6)


@pytest.mark.parametrize("depth", [0, 1])
def test_curve(depth: int, record: Any) -> None:
    """25 times up to twice the universal one, N = 10^4, n = 2000.

    Half of the squared error allowed is left to noise, half to the step. Noise: the relative standard
    deviation of one trial, from the exact variance. Step: descent and flow on the same data at two steps; the
    difference is linear in the step.
    """
    problem = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=10_000)
    model, flow = problem.truncated(), OverParameterizedFlow.tuned(depth, problem.epsilon)
    end = 2 * universal_time(depth, problem.epsilon)
    t = end * np.arange(1, TIMES + 1) / TIMES
    expected_risk(flow, problem, t[:1])  # compiles
    exact = min(_seconds(lambda: expected_risk(flow, problem, t)) for _ in range(3))
    curve = expected_risk(flow, problem, t)
    spread = float((curve.std / curve.mean).max())
    z = model.observe(np.random.default_rng(0), TRIALS)
    theta = flow.estimate(z, model.eigenvalues, t)
    truth = np.square(theta - model.signal).sum(axis=2).mean(axis=1)
    bias, cost = [], 0.0
    for substeps in (SUBSTEPS[depth] // 2, SUBSTEPS[depth]):
        step = t[0] / substeps
        found: list[Any] = []
        cost = _seconds(
            lambda: found.append(gradient_descent(flow, z, model.eigenvalues, step=step, t=t))  # noqa: B023
        )
        risk = np.square(found[0] - model.signal).sum(axis=2).mean(axis=1)
        bias.append(float(np.abs(risk / truth - 1).max()))
    assert 1.5 < bias[0] / bias[1] < 2.7  # linear in the step
    for accuracy in ACCURACIES:
        share = accuracy / math.sqrt(2)
        repetitions, finer = math.ceil((spread / share) ** 2), max(1.0, bias[1] / share)
        seconds = cost / TRIALS * repetitions * finer
        record(
            "accuracy", depth=depth, accuracy=accuracy, repetitions=repetitions,
            step=t[0] / SUBSTEPS[depth] / finer, seconds=seconds, extrapolated_from=cost,
            exact_seconds=exact, ratio=seconds / exact,
        )  # fmt: skip


def _seconds(call: Any) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
