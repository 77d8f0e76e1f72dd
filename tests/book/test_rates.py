"""The printed lines of Figures 1 and 3, by the exact risk and independently of the chapter's simulation."""

import numpy as np
import pytest

from opgd import OverParameterizedFlow, PowerLaw, VanillaFlow, expected_risk, fit_rate, oracle_stopping, reported

N = 10_000
SIZES = np.geomspace(2000, 10_000, 5)
FLOWS = {"vanilla": VanillaFlow(), "opgd": OverParameterizedFlow(depth=0)}
CASES = [(gamma, flow) for gamma in (1.5, 3.0) for flow in FLOWS]


def printed(gamma: float, curve: str) -> tuple[float, float]:
    slope, intercept = (reported.lookup("Figure 3", f"gamma={gamma:g} {curve} {part}") for part in ("slope", "intercept"))
    return slope.value, intercept.value


@pytest.mark.parametrize(("gamma", "flow"), CASES)
def test_risk_lines(gamma: float, flow: str) -> None:
    """At N = 10^4 the exact risk at the printed stopping times gives the four printed lines of Figure 1."""
    slope, intercept = printed(gamma, f"{flow}_steps")
    risks = [expected_risk(FLOWS[flow], PowerLaw(1, 2, gamma, n, N), 10**intercept * n**slope).mean for n in SIZES]
    fit = fit_rate(SIZES, risks)
    error_slope, error_intercept = printed(gamma, f"{flow}_error")
    assert fit.slope == pytest.approx(error_slope, abs=0.005)
    assert fit.intercept == pytest.approx(error_intercept, abs=0.02)
    # ... and a wrong truncation is noticed
    risks = [expected_risk(FLOWS[flow], PowerLaw(1, 2, gamma, n, 2 * N), 10**intercept * n**slope).mean for n in SIZES]
    fit = fit_rate(SIZES, risks)
    assert abs(fit.slope - error_slope) > 0.005 or abs(fit.intercept - error_intercept) > 0.02


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
        late = PowerLaw(1, 2, gamma, SIZES[-1], N)
        at_print = expected_risk(FLOWS[flow], late, 10**intercept * SIZES[-1] ** slope).mean
        assert at_print > 1.03 * stops[-1].risk  # ... and paid for it
