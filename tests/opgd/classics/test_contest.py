"""The contest between flows and classical rules: exact against simulated, and the flow as a threshold."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from cases import raises

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow, monte_carlo_risk
from opgd.classics import Pinsker, SpectralCutoff
from opgd.classics import contest as module
from opgd.classics.contest import (
    RULES,
    TRIED,
    classical_risks,
    contest,
    flow_risks,
    losses,
    missing,
    stopped_losses,
)
from opgd.stopping import universal_time
from opgd.theory import phi

SMALL = contest(1, 1.5, 1.5, 300)


@pytest.mark.parametrize("p", [0.6, 1.0, 3.0])
@pytest.mark.parametrize("q", [1.0, 1.5, 2.0, 3.0])
def test_the_contest_reaches_past_the_last_significant_signal(p: float, q: float) -> None:
    for n in (1.0, 1e3, 1e7):
        problem = contest(p, q, 2.0, n)
        last = float(problem.positions(phi(PowerLaw(p, q, 2.0, n), n**-0.5)))
        assert 15 * last <= problem.size <= 16 * ((last + 1) ** (1 / q) + 1) ** q
        j = int(problem.signals)
        assert math.floor(float(j) ** q) <= problem.size < math.floor(float(j + 1) ** q)
        assert missing(problem) == pytest.approx(float(mp.zeta(p + 1, j + 1)), rel=1e-13)


class FlowRule:
    """A flow dressed as a rule."""

    def __init__(self, flow: Any, problem: PowerLaw, t: float) -> None:
        self.flow, self.lam, self.t = flow, problem.truncated().eigenvalues, t

    def estimate(self, z: Any, epsilon: float) -> Any:
        return self.flow.estimate(z, self.lam, self.t)


def test_all_see_the_same_data() -> None:
    for flow, t in ((VanillaFlow(), 30.0), (OverParameterizedFlow(1, 0.4), 20.0)):
        plain = monte_carlo_risk(flow, SMALL, [t], repetitions=5, seed=[3, 4])[:, 0] + missing(SMALL)
        ours = losses(SMALL, {"flow": FlowRule(flow, SMALL, t)}, repetitions=5, seed=[3, 4])["flow"]
        np.testing.assert_allclose(ours, plain, rtol=1e-12)


def test_neither_blocks_nor_the_number_of_trials_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    once = losses(SMALL, repetitions=6, seed=2), stopped_losses(SMALL, [0, 1], repetitions=6, seed=2)
    assert set(once[0]) == set(RULES) and set(once[1]) == {"vanilla, SURE", "D = 0, SURE", "D = 1, SURE"}
    monkeypatch.setattr(module, "MEMORY", 2 * SMALL.size)
    again = losses(SMALL, repetitions=3, seed=2), stopped_losses(SMALL, [1, 0], repetitions=3, seed=2)
    for first, second in zip(once, again, strict=True):
        for name, values in second.items():
            np.testing.assert_allclose(values, first[name][:3], rtol=1e-12)


def test_exact_risks_by_simulation() -> None:
    """One pooled test over problems and estimators."""
    score = []
    for k, problem in enumerate((SMALL, contest(3, 2, 1.1, 1e3), contest(0.6, 1, 3, 500))):
        exact = classical_risks(problem) | flow_risks(problem, [0, 1])
        # the oracles' numbers are not returned: find rules with these risks again, by their definitions
        model = problem.truncated()
        tail = np.append(np.cumsum(model.signal[::-1] ** 2)[::-1], 0.0)
        cutoff = SpectralCutoff(int((np.arange(tail.size) * problem.epsilon**2 + tail).argmin()))
        rules = {name: rule for name, rule in RULES.items() if name in exact} | {"cut-off, oracle": cutoff}
        found = losses(problem, rules, repetitions=400, seed=[8, k])
        for depth in (0, 1):
            flow = OverParameterizedFlow.tuned(depth, problem.epsilon)
            t = universal_time(depth, problem.epsilon)
            risks = monte_carlo_risk(flow, problem, [t], repetitions=400, seed=[8, k])
            found[f"D = {depth}, universal"] = risks[:, 0] + missing(problem)
            assert exact[f"D = {depth}, oracle"] <= exact[f"D = {depth}, universal"] * (1 + 1e-9)
        score += [(v.mean() - exact[name]) / (v.std() / 20) for name, v in found.items()]
        assert (
            exact["Pinsker, oracle"] <= losses(problem, {"": Pinsker(1.0, 20.0)}, repetitions=400)[""].mean()
        )
    assert len(score) == 18 and np.abs(score).max() < 4
    assert (np.square(score).sum() - 18) / 6 < 4


def test_stein_with_differences_instead_of_derivatives() -> None:
    problem, model = SMALL, SMALL.truncated()
    found = stopped_losses(problem, [0, 3], repetitions=3, seed=5)
    for trial in range(3):
        rng = np.random.default_rng(np.random.SeedSequence([5], spawn_key=(trial,)))
        z = model.observe(rng)[0]
        for depth in (0, 3):
            flow = OverParameterizedFlow.tuned(depth, model.epsilon)
            t = TRIED * universal_time(depth, model.epsilon)
            theta = flow.estimate(z, model.eigenvalues, t)
            h = 1e-6
            above, below = (flow.estimate(z + s * h, model.eigenvalues, t) for s in (1, -1))
            stein = ((theta - z) ** 2 + model.epsilon**2 * (above - below) / h).sum(axis=1)
            loss = ((theta - model.signal) ** 2).sum(axis=1)[stein.argmin()] + missing(problem)
            assert found[f"D = {depth}, SURE"][trial] == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize(("call", "words"), [
    (lambda: contest(0, 1, 1, 10), ("p", "> 0")),
    (lambda: contest(1, 1, 1, 10, factor=0.5), ("factor", ">= 1")),
    (lambda: contest(0.1, 3, 1, 1e9), ("n", "2^53")),
    (lambda: contest(1, 1, 1, 10, factor=math.nan), ("factor",)),
    (lambda: missing(PowerLaw(1, 2, 1, 10)), ("problem", "finite")),
    (lambda: losses(None), ("problem", "None")),
    (lambda: losses(SMALL, repetitions=0), ("repetitions", ">= 1")),
    (lambda: losses(SMALL, seed=-1), ("seed",)),
    (lambda: stopped_losses(SMALL, [-1]), ("depth", ">= 0")),
    (lambda: stopped_losses(SMALL, [0], repetitions=1.5), ("repetitions", "whole")),
    (lambda: flow_risks(SMALL, [0], constant=0.0), ("constant", "> 0")),
    (lambda: flow_risks(PowerLaw(1, 2, 1, 10), [0]), ("problem", "finite")),
    (lambda: classical_risks(PowerLaw(1, 2, 1, 10)), ("problem", "finite")),
])  # fmt: skip
def test_bad_input(call: Any, words: tuple[str, ...]) -> None:
    raises(call, *words)
