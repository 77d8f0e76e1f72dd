"""The tables' rates, by brute force and by simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from opgd import OverParameterizedFlow, PowerLaw, expected_risk, monte_carlo_risk, oracle_stopping
from opgd.paper import reported
from opgd.paper.tables import (
    CELLS,
    NINE,
    SAMPLE_SIZES,
    Cell,
    Rate,
    Setting,
    exact_rate,
    exact_rates,
    limited_rates,
    noise_correlation,
)


def slope(values: np.ndarray) -> float:
    return float(np.polyfit(np.log(SAMPLE_SIZES), np.log(values), 1)[0])


def test_cells_are_those_of_the_tables_in_their_order() -> None:
    names = [(cell.item, cell.name) for cell in CELLS]
    assert names == [(item, cell) for item in ("Table 1", "Table 2") for cell in reported.cells(item)]
    assert len(CELLS) == 81


def test_the_nine_cells_take_each_pair_of_values_once() -> None:
    assert len(NINE) == 9
    assert set(NINE) <= set(CELLS)
    for first, second in itertools.combinations(("depth", "gamma", "p", "q"), 2):
        assert len({(getattr(cell, first), getattr(cell, second)) for cell in NINE}) == 9


def test_flow_and_unit_of_a_setting() -> None:
    cell, setting = Cell(2, 2.0, 1.0, 1.5), Setting(100, b0=0.5, separate_layers=True)
    flow = setting.flow(cell, 2500.0)
    assert flow == OverParameterizedFlow(2, 0.5 * 0.02**0.25, separate_layers=True)
    assert math.isclose(setting.unit(cell, 2500.0), 1 / (0.02 * flow.b0**2))
    assert (setting.problem(cell, 2500.0).gamma, setting.problem(cell, 2500.0).size) == (2.0, 100)


def test_rate_of_a_short_problem_by_adaptive_quadrature() -> None:
    """Depth 0, ten components: scipy's quadrature of the closed form, scipy's minimum over time."""
    cell, size = Cell(0, 2.0, 1.0, 1.5), 10
    j = np.arange(1, size + 1)
    signal = np.zeros(size)
    for k in range(1, 5):
        signal[math.floor(k**1.5) - 1] = 1 / k
    lam = j**-2.0

    def error(x: float, i: int, n: float, t: float) -> float:
        z = signal[i] + x / math.sqrt(n)
        kappa = math.hypot(lam[i], 2 * z)
        tanh = math.tanh(kappa * t / 2)
        theta = 2 * lam[i] * z * tanh * (kappa + lam[i] * tanh)
        theta /= (kappa + lam[i] * tanh) ** 2 - 4 * z * z * tanh * tanh
        return (theta - signal[i]) ** 2 * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    def risk(log_t: float, n: float) -> float:
        parts = [quad(error, -8, 8, args=(i, n, math.exp(log_t)), limit=200)[0] for i in range(size)]
        return math.fsum(parts)

    found = exact_rate(cell, Setting(size))
    for i in (0, 10):
        n = float(SAMPLE_SIZES[i])
        best = minimize_scalar(risk, bracket=(3, 4), args=(n,), tol=1e-6)
        assert math.isclose(found.mean[i], best.fun, rel_tol=1e-6)
        assert math.isclose(found.t[i], math.exp(best.x), rel_tol=2e-3)
    assert math.isclose(found.rate, -slope(found.mean), rel_tol=1e-12)


@pytest.mark.parametrize("cell", NINE, ids=lambda cell: f"D={cell.depth} {cell.name}")
def test_rates_are_those_of_the_oracle_at_every_sample_size(cell: Cell) -> None:
    setting = Setting(3000)
    rate = exact_rate(cell, setting)
    stops = [oracle_stopping(setting.flow(cell, n), setting.problem(cell, n)) for n in SAMPLE_SIZES.tolist()]
    assert abs(rate.rate + slope(np.array([stop.risk for stop in stops]))) < 2e-5
    assert np.allclose(rate.t, [stop.t for stop in stops], rtol=5e-3)
    assert abs(exact_rate(cell, setting, every=False).rate - rate.rate) < 3e-4


def test_interpolated_rates_of_the_untruncated_sequence() -> None:
    for cell in (Cell(0, 1.1, 0.6, 2.0), Cell(1, 3.0, 3.0, 1.5)):
        fast, full = (exact_rate(cell, Setting(math.inf), every=every) for every in (False, True))
        assert abs(fast.rate - full.rate) < 3e-4
        assert math.isclose(fast.sd, full.sd, rel_tol=1e-3)


def test_threads_change_nothing() -> None:
    one, two = (exact_rates(NINE[:3], Setting(500), workers=workers) for workers in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert (a.rate, a.sd) == (b.rate, b.sd)
        assert (a.mean == b.mean).all() and (a.t == b.t).all()


def test_standard_deviation_of_a_run() -> None:
    """Sixty runs of the protocol with 64 trials: their rates scatter by sd, around the rate."""
    cell, setting, runs, trials = Cell(0, 2.0, 1.0, 2.0), Setting(200), 60, 64
    exact = exact_rate(cell, setting)
    exact = Rate.fit(exact.t, exact.mean, exact.std, trials)
    risks = np.array(
        [
            monte_carlo_risk(
                setting.flow(cell, n),
                setting.problem(cell, n),
                [t],
                repetitions=runs * trials,
                seed=[1, int(n)],
            )[:, 0]
            for n, t in zip(SAMPLE_SIZES.tolist(), exact.t.tolist(), strict=True)
        ]
    )
    means = risks.reshape(SAMPLE_SIZES.size, runs, trials).mean(axis=2)
    rates = np.array([-slope(means[:, run]) for run in range(runs)])
    assert abs(rates.std(ddof=1) / exact.sd - 1) < 4 / math.sqrt(2 * runs)
    assert abs(rates.mean() - exact.rate) < 4 * exact.sd / math.sqrt(runs)


@pytest.mark.parametrize("depth", [0, 1])
def test_limits_on_the_time(depth: int) -> None:
    cell, setting = Cell(depth, 3.0, 1.0, 2.0), Setting(1000)
    best = exact_rate(cell, setting)
    binding = best.t * np.geomspace(0.3, 1.2, SAMPLE_SIZES.size)
    never, early = limited_rates(cell, setting, [best.t * 2, binding])
    assert abs(never.rate - best.rate) < 1e-4 and math.isclose(never.sd, best.sd, rel_tol=1e-3)
    assert (early.t <= binding * (1 + 1e-9)).all() and (early.t <= best.t * 1.001).all()
    for i, n in enumerate(SAMPLE_SIZES.tolist()):
        curve = expected_risk(setting.flow(cell, n), setting.problem(cell, n), early.t[i])
        assert math.isclose(early.mean[i], curve.mean, rel_tol=2e-4)
        assert math.isclose(early.std[i], curve.std, rel_tol=2e-3)


def test_correlation_of_cells_with_common_noise() -> None:
    cells, setting = [CELLS[8], CELLS[7], CELLS[35], CELLS[0]], Setting(100)
    rates = exact_rates(cells, setting)
    found = noise_correlation(cells, setting, rates)
    assert np.allclose(found, found.T) and np.allclose(np.diag(found), 1)
    risks = [
        monte_carlo_risk(
            setting.flow(cell, 3000.0), setting.problem(cell, 3000.0), [rate.t[5]], repetitions=20_000, seed=5
        )[:, 0]
        for cell, rate in zip(cells, rates, strict=True)
    ]
    simulated = np.corrcoef(risks)
    assert np.abs(np.arctanh(found[0, 1:]) - np.arctanh(simulated[0, 1:])).max() < 0.05
    assert found[0, 2] > 0.7 > found[0, 3]  # depth changes little, the signal much


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Setting(0), "size = 0"),
        (lambda: Setting(100, b0=0.0), "b0 = 0"),
        (lambda: limited_rates(CELLS[0], Setting(100), [1.0]), "limits"),
        (lambda: limited_rates(CELLS[0], Setting(100), [np.zeros(11)]), "limits"),
        (lambda: exact_rates(CELLS[:1], Setting(100), workers=0), "workers = 0"),
    ],
)
def test_bad_input(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]


def test_untruncated_rates_approach_the_optimal_ones_only_slowly() -> None:
    """Without truncation the printed 0.52 at p = 0.6, q = 2 is out of reach."""
    rate = exact_rate(Cell(0, 2.0, 0.6, 2.0), Setting(math.inf), every=False)
    assert rate.rate < Cell(0, 2.0, 0.6, 2.0).optimal < reported.lookup("Table 1", "gamma=2 p=0.6 q=2").value
    assert PowerLaw(0.6, 2, 2, 3000, 20_000).signals == 141
