"""The simulated protocol against the exact rates; interruption and resumption."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import opgd.paper.simulated
from opgd import monte_carlo_risk
from opgd.paper.simulated import Simulated, simulate
from opgd.paper.tables import SAMPLE_SIZES, Cell, Rate, Setting, exact_rates

CHEAP = [Cell(0, 2.0, 1.0, 2.0), Cell(1, 3.0, 3.0, 1.0)]
SETTING = Setting(300)


@functools.cache
def exact() -> list[Rate]:
    return exact_rates(CHEAP, SETTING)


def times() -> list[np.ndarray]:
    return [rate.t for rate in exact()]


def test_agrees_with_the_exact_rates() -> None:
    found = simulate(CHEAP, SETTING, times(), repetitions=200, seed=3)
    for run, want in zip(found, exact(), strict=True):
        assert abs(run.common.rate - want.rate) < 4 * run.common.sd
        z = (run.common.mean - want.mean) / (want.std / math.sqrt(200))
        assert np.abs(z).max() < 5
        assert math.isclose(run.common.sd, want.sd * math.sqrt(256 / 200), rel_tol=0.3)
        assert (run.own.mean < run.common.mean).all()


def test_best_times_by_a_fine_scan() -> None:
    """The interpolation between seven times against 121 times, simulated with the same noise."""
    (found,) = simulate(CHEAP[:1], SETTING, times()[:1], repetitions=50, seed=1)
    n, t = float(SAMPLE_SIZES[4]), times()[0][4]
    grid = t * np.exp(np.linspace(-0.6, 0.6, 121))
    flow, problem = SETTING.flow(CHEAP[0], n), SETTING.problem(CHEAP[0], n)
    risks = monte_carlo_risk(flow, problem, grid, repetitions=50, seed=[1, int(n)])
    assert math.isclose(found.common.mean[4], risks.mean(axis=0).min(), rel_tol=1e-3)
    assert math.isclose(found.own.mean[4], risks.min(axis=1).mean(), rel_tol=5e-3)
    assert math.isclose(found.common.t[4], grid[risks.mean(axis=0).argmin()], rel_tol=0.03)


def same(a: list[Simulated], b: list[Simulated]) -> bool:
    return all(
        (getattr(x, oracle).mean == getattr(y, oracle).mean).all()
        and getattr(x, oracle).rate == getattr(y, oracle).rate
        for x, y in zip(a, b, strict=True)
        for oracle in ("common", "own")
    )


def test_threads_change_nothing() -> None:
    one, two = (simulate(CHEAP, SETTING, times(), repetitions=8, workers=workers) for workers in (1, 2))
    assert same(one, two)
    assert not same(one, simulate(CHEAP, SETTING, times(), repetitions=8, seed=1))


class Memory(dict[str, bytes]):
    """The simplest store."""

    put = dict.__setitem__


def test_an_interrupted_run_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    run, calls = opgd.paper.simulated._run, []

    def interrupted(cell: Cell, *rest: object) -> np.ndarray:
        calls.append(cell)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(cell, *rest)

    monkeypatch.setattr(opgd.paper.simulated, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate(CHEAP, SETTING, times(), repetitions=8, store=store, workers=1)
    assert len(store) == 1
    done = simulate(CHEAP, SETTING, times(), repetitions=8, store=store, workers=1)
    assert calls == [CHEAP[0], CHEAP[1], CHEAP[1]]
    assert same(done, simulate(CHEAP, SETTING, times(), repetitions=8, store=store))
    assert len(calls) == 3
    monkeypatch.undo()
    assert same(done, simulate(CHEAP, SETTING, times(), repetitions=8))
    simulate(CHEAP, SETTING, times(), repetitions=8, seed=1, store=store)
    assert len(store) == 4  # other arguments, other names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"setting": Setting(math.inf)}, "size = inf"),
        ({"times": [np.ones(SAMPLE_SIZES.size)]}, "times"),
        ({"times": [np.zeros(11)] * 2}, "times"),
        ({"repetitions": 1}, "repetitions = 1"),
        ({"seed": -1}, "seed = -1"),
        ({"workers": 0}, "workers = 0"),
    ],
)
def test_bad_input(change: dict[str, object], message: str) -> None:
    arguments = {
        "cells": CHEAP,
        "setting": SETTING,
        "times": [np.ones(SAMPLE_SIZES.size)] * 2,
        "repetitions": 2,
    } | change
    with pytest.raises(ValueError, match=message):
        simulate(**arguments)  # type: ignore[arg-type]
