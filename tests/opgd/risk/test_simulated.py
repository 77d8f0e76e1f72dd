"""Simulated risk: its noise, and that memory and workers do not matter."""

from __future__ import annotations

import math
import re
import threading
from typing import Any

import numpy as np
import pytest
from cases import TWO_LAYER, VANILLA, raises

from opgd import OverParameterizedFlow, PowerLaw, monte_carlo_risk
from opgd.risk import simulated

PROBLEM = PowerLaw(p=1, q=2, gamma=1.5, n=2000, size=400)


def test_noise_is_paired() -> None:
    t = np.array([3.0, 40.0])
    whole = monte_carlo_risk(TWO_LAYER, PROBLEM, t, repetitions=9, seed=4)
    assert whole.shape == (9, 2)
    np.testing.assert_array_equal(monte_carlo_risk(TWO_LAYER, PROBLEM, t, repetitions=5, seed=4), whole[:5])
    np.testing.assert_array_equal(monte_carlo_risk(TWO_LAYER, PROBLEM, t, seed=4)[:9], whole)
    assert monte_carlo_risk(TWO_LAYER, PROBLEM, t).shape == (64, 2)  # the paper's count
    np.testing.assert_array_equal(
        monte_carlo_risk(TWO_LAYER, PROBLEM, t[1:], repetitions=9, seed=4), whole[:, 1:]
    )
    np.testing.assert_array_equal(
        monte_carlo_risk(TWO_LAYER, PROBLEM.truncated(), t, repetitions=9, seed=4), whole
    )
    # at t = inf every flow returns z: the same noise for both flows
    end = [
        monte_carlo_risk(flow, PROBLEM, [math.inf], repetitions=9, seed=4) for flow in (VANILLA, TWO_LAYER)
    ]
    np.testing.assert_allclose(end[0], end[1], rtol=1e-13)
    assert np.unique(end[0]).size == 9


def test_simulated_risk_by_hand() -> None:
    model, t = PROBLEM.truncated(), [0.0, 0.5, 20.0]
    z = model.observe(np.random.default_rng(np.random.SeedSequence([4], spawn_key=(2,))))[0]
    want = ((TWO_LAYER.estimate(z, model.eigenvalues, t) - model.signal) ** 2).sum(axis=1)
    found = monte_carlo_risk(TWO_LAYER, PROBLEM, t, repetitions=3, seed=4)
    np.testing.assert_allclose(found[2], want, rtol=1e-13)
    np.testing.assert_array_equal(monte_carlo_risk(TWO_LAYER, PROBLEM, t, repetitions=1, seed=4), found[:1])


@pytest.mark.parametrize("flow", [TWO_LAYER, OverParameterizedFlow(2, 0.4)])
def test_workers_and_memory_do_not_change_the_result(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    t = [3.0, 40.0]
    whole = monte_carlo_risk(flow, PROBLEM, t, repetitions=9, seed=4)
    for trials, workers in [(1, 1), (1, 3), (4, 2), (9, 2)]:
        monkeypatch.setattr(simulated, "MEMORY", trials * 2 * int(PROBLEM.size))
        got = monte_carlo_risk(flow, PROBLEM, t, repetitions=9, seed=4, workers=workers)
        np.testing.assert_array_equal(got, whole)
    monkeypatch.setattr(simulated, "MEMORY", 10)  # not even two times of one trial
    np.testing.assert_array_equal(monte_carlo_risk(flow, PROBLEM, t, repetitions=9, seed=4), whole)
    for problem in (PROBLEM, PROBLEM.truncated()):
        monkeypatch.setattr(simulated, "PIECE", 77)  # the same noise, though drawn in pieces
        pieces = monte_carlo_risk(flow, problem, t, repetitions=9, seed=4)
        np.testing.assert_allclose(pieces, whole, rtol=1e-12)


def test_progress_is_shown_when_wanted(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # neither a thread nor a lock between processes: `make mutate` forks
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    monkeypatch.setattr("tqdm.std.tqdm._lock", threading.RLock(), raising=False)
    silent = monte_carlo_risk(TWO_LAYER, PROBLEM, [3.0], repetitions=2)
    assert capfd.readouterr().err == ""
    shown = monte_carlo_risk(TWO_LAYER, PROBLEM, [3.0], repetitions=2, progress=True)
    told = capfd.readouterr().err
    assert "trials: 100%" in told and re.search(r"[\d?](block/s|s/block)\]", told)
    np.testing.assert_array_equal(shown, silent)


def test_seeds_differ() -> None:
    runs = [monte_carlo_risk(VANILLA, PROBLEM, [40.0], repetitions=4, seed=seed) for seed in (0, 1, 2)]
    runs += [
        monte_carlo_risk(VANILLA, PROBLEM, [40.0], repetitions=4, seed=seed)
        for seed in ([0, 1], (1, 2), (2, 1))
    ]
    assert np.unique(np.concatenate(runs)).size == 24
    np.testing.assert_array_equal(
        monte_carlo_risk(VANILLA, PROBLEM, [40.0], repetitions=4, seed=[1]), runs[1]
    )
    np.testing.assert_array_equal(monte_carlo_risk(VANILLA, PROBLEM, [40.0], repetitions=4), runs[0])


@pytest.mark.parametrize(("name", "value"), [
    ("repetitions", 0), ("repetitions", -3), ("repetitions", 2.0), ("repetitions", True),
    ("repetitions", "8"), ("repetitions", math.nan), ("workers", 0), ("workers", 1.5),
    ("seed", -1), ("seed", 0.5), ("seed", None), ("seed", [0, -1]), ("seed", "abc"), ("seed", True),
    ("t", 1.0), ("t", [[1.0]]), ("t", [1.0, -1.0]),
])  # fmt: skip
def test_bad_simulations(name: str, value: Any) -> None:
    good: dict[str, Any] = {"flow": TWO_LAYER, "problem": PROBLEM, "t": [1.0]}
    raises(lambda: monte_carlo_risk(**{**good, name: value}), name, "must")


def test_the_untruncated_sequence_cannot_be_simulated() -> None:
    raises(lambda: monte_carlo_risk(VANILLA, PowerLaw(1, 2, 1.5, 100), [1.0]), "size = inf", "finite size")


def test_no_time_no_work() -> None:
    assert monte_carlo_risk(TWO_LAYER, PROBLEM, [], repetitions=2).shape == (2, 0)
