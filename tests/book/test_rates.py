"""The printed lines of Figures 1 and 3, by the exact risk and independently of the chapter's simulation."""

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
from opgd.rates import fit_covariance
from opgd.stopping import trial_stopping

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


def test_two_layer_times_under_a_limit() -> None:
    """At gamma = 3 each trial's best time, cut at 2 / epsilon, gives the printed line; others do not."""
    target = np.array(printed(3.0, "opgd_steps"))
    times = []
    for n in SIZES:
        problem = PowerLaw(1, 2, 3, n, N)
        grid = oracle_stopping(FLOWS["opgd"], problem).t * np.geomspace(0.5, 2, 17)
        risks = monte_carlo_risk(FLOWS["opgd"], problem, grid, repetitions=100, seed=[7, int(n)])
        times.append(trial_stopping(grid, risks)[0])
    for c, agrees in ((2.0, True), (1.7, False), (2.4, False)):
        logs = np.minimum(np.log10(times), np.log10(c * np.sqrt(SIZES))[:, None])
        fit = fit_rate(SIZES, 10 ** logs.mean(axis=1))
        cov = fit_covariance(SIZES, logs.std(axis=1, ddof=1)) * (1 / 64 + 1 / 100) + np.eye(2) * 0.01**2 / 12
        off = np.array([fit.slope, fit.intercept]) - target
        assert (off @ np.linalg.solve(cov, off) < 5.99) == agrees
