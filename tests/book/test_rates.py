"""The printed lines of Figures 1 and 3, by the exact risk and independently of the chapter's simulation."""

import math

import numpy as np
import pytest

from opgd import (
    OverParameterizedFlow,
    PowerLaw,
    VanillaFlow,
    expected_risk,
    fit_rate,
    monte_carlo_risk,
    oracle_stopping,
)
from opgd.paper import reported

N = 10_000
SIZES = np.geomspace(2000, 10_000, 5)
FLOWS = {"vanilla": VanillaFlow(), "opgd": OverParameterizedFlow(depth=0)}
CASES = [(gamma, flow) for gamma in (1.5, 3.0) for flow in FLOWS]


def printed(gamma: float, curve: str) -> tuple[float, float]:
    """Return slope and intercept as printed in Figure 3."""
    cells = [f"gamma={gamma:g} {curve} {part}" for part in ("slope", "intercept")]
    slope, intercept = (reported.lookup("Figure 3", cell).value for cell in cells)
    return slope, intercept


def at_printed_times(gamma: float, flow: str, size: int) -> np.ndarray:
    """Return the exact risk at the stopping times that the paper prints."""
    slope, intercept = printed(gamma, f"{flow}_steps")
    problems = [PowerLaw(1, 2, gamma, n, size) for n in SIZES]
    return np.array([float(expected_risk(FLOWS[flow], p, 10**intercept * p.n**slope).mean) for p in problems])


@pytest.mark.parametrize(("gamma", "flow"), CASES)
def test_risk_lines(gamma: float, flow: str) -> None:
    """At N = 10^4 the exact risk at the printed stopping times gives the four printed lines of Figure 1."""
    target = np.array(printed(gamma, f"{flow}_error"))
    for size, agrees in ((N, True), (2 * N, False)):  # a wrong truncation is noticed
        fit = fit_rate(SIZES, at_printed_times(gamma, flow, size))
        near = np.abs(target - [fit.slope, fit.intercept]) < [0.005, 0.02]
        assert near.all() == agrees


@pytest.mark.parametrize(("gamma", "flow"), CASES)
def test_time_lines(gamma: float, flow: str) -> None:
    """The best times agree with the printed ones for gamma = 1.5 and contradict them for gamma = 3."""
    stops = [oracle_stopping(FLOWS[flow], PowerLaw(1, 2, gamma, n, N)) for n in SIZES]
    slope, intercept = printed(gamma, f"{flow}_steps")
    ratio = np.array([stop.t for stop in stops]) / (10**intercept * SIZES**slope)
    if gamma == 1.5:
        assert np.all(np.abs(ratio - 1) < 0.25)
    else:
        assert ratio[-1] > 1.2  # the paper stopped too early ...
        assert at_printed_times(gamma, flow, N)[-1] > 1.03 * stops[-1].risk  # ... and paid for it


LIMITS = {
    "opgd": [(2.0, 0.5, True), (1.7, 0.5, False), (2.4, 0.5, False), (math.inf, 0.5, False)],
    "vanilla": [(480.0, 1.0, True), (480.0 * 4500, 0.0, False), (math.inf, 1.0, False)],
}


@pytest.mark.parametrize("flow", FLOWS)
def test_flows_under_a_limit(flow: str) -> None:
    """At gamma = 3 a limit c n^s on the time of each trial gives all printed numbers; others do not.

    The best time up to the limit is the lowest point of a grid that ends there, without a parabola.
    """
    targets = np.concatenate([printed(3.0, f"{flow}_{kind}") for kind in ("error", "steps")])
    units = np.array([0.001, 0.01, 0.01, 0.01])
    weights = np.linalg.pinv(np.stack([np.log10(SIZES), np.ones(len(SIZES))], axis=1))
    mean = {limit: np.zeros(4) for limit in LIMITS[flow]}
    cov = {limit: np.diag(units**2) / 12 for limit in LIMITS[flow]}
    for n, weight in zip(SIZES, weights.T, strict=True):
        problem = PowerLaw(1, 2, 3, n, N)
        best = oracle_stopping(FLOWS[flow], problem).t
        ends = {limit: min(limit[0] * n ** limit[1], 4 * best) for limit in LIMITS[flow]}
        grid = np.union1d(np.geomspace(best / 12, 4 * best, 91), list(ends.values()))
        risks = monte_carlo_risk(FLOWS[flow], problem, grid, repetitions=100, seed=[7, int(n)])
        for limit, end in ends.items():
            allowed = risks[:, grid <= end]
            logs = np.log10([allowed.min(axis=1), grid[allowed.argmin(axis=1)]])
            mean[limit] += np.kron(logs.mean(axis=1), weight)
            cov[limit] += np.kron(np.cov(logs), np.outer(weight, weight)) * (1 / 64 + 1 / 100)
    for limit in LIMITS[flow]:
        off = mean[limit] - targets
        agrees = off @ np.linalg.solve(cov[limit], off) < 14.16  # chi-square, three degrees, 0.9973
        assert agrees == limit[2], limit
