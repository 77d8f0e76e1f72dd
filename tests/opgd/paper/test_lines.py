"""Printed lines, lines through trials, and the distance between them."""

import numpy as np
import pytest

from opgd import OverParameterizedFlow, PowerLaw, fit_rate, monte_carlo_risk
from opgd.paper import reported
from opgd.paper.lines import REPETITIONS, TrialFit, likely_size, mean_log_risk, printed_line
from opgd.rates import RateFit

N = np.array([2000.0, 4000.0, 10_000.0])


def test_a_line_through_trials_has_the_spread_that_it_states() -> None:
    rng, true = np.random.default_rng(1), -0.5 * np.log10(N) + 0.3
    sd = np.array([0.02, 0.03, 0.05])
    runs = true[:, None, None] + sd[:, None, None] * rng.standard_normal((3, 1000, REPETITIONS))
    fits = [TrialFit.of(N, runs[:, r]) for r in range(1000)]
    found = np.array([[fit.line.slope, fit.line.intercept] for fit in fits])
    stated = np.mean([fit.one_run for fit in fits], axis=0)
    assert np.allclose(np.cov(found.T), stated, rtol=0.15)
    assert np.array_equal(fits[0].one_run, fits[0].error)
    assert np.allclose(TrialFit.of(N, runs[:, 0, :16]).error, fits[0].error * 4, rtol=0.9)


def test_the_distance_of_a_pair_is_a_chi_square() -> None:
    """Drawn from the covariance and rounded, the pair exceeds 5.99 in one case of twenty."""
    printed = printed_line(1.5, "opgd_error")
    covariance = np.array([[1e-4, -3.6e-4], [-3.6e-4, 1.31e-3]])
    rng = np.random.default_rng(2)
    unit = np.array([printed.slope.unit, printed.intercept.unit])
    off = rng.multivariate_normal([0, 0], covariance, 4000) + unit * rng.uniform(-0.5, 0.5, (4000, 2))
    far = [printed.distance(_line(printed.values + one), covariance) > 5.99 for one in off]
    assert abs(np.mean(far) - 0.05) < 0.012


def test_a_printed_line_moves_by_its_last_digits() -> None:
    printed = printed_line(3, "vanilla_steps")
    assert printed.slope == reported.lookup("Figure 3", "gamma=3 vanilla_steps slope")
    up = printed.predict(N, moved=(1, 0)) / printed.predict(N)
    assert np.allclose(np.log10(up), printed.slope.unit * np.log10(N))
    up = printed.predict(N, moved=(0, -1)) / printed.predict(N)
    assert np.allclose(np.log10(up), -printed.intercept.unit)


def test_the_mean_log_risk_is_that_of_trials() -> None:
    flow, problem = OverParameterizedFlow(0), PowerLaw(1, 2, 1.5, 500, 500)
    trials = np.log10(monte_carlo_risk(flow, problem, [50.0], repetitions=10_000, seed=3)[:, 0])
    (exact,) = mean_log_risk(flow, [problem], [50.0])
    error = trials.std() / 100
    assert abs(exact - trials.mean()) < 4 * error
    assert abs(exact - np.log10((10**trials).mean())) > 4 * error  # not the log of the mean


def test_the_likely_size_of_a_parabola() -> None:
    """Where the distance is a parabola in ln N, its minimum and interval are known."""
    sizes = np.geomspace(1000, 100_000, 9)
    best, low, high, least = likely_size(sizes, 7 + 50 * np.log(sizes / 9000) ** 2)
    width = np.sqrt(3.84 / 50)
    assert least == pytest.approx(7, abs=1e-6)
    assert np.log([best, low, high]) == pytest.approx(np.log(9000) + np.array([0, -width, width]), abs=1e-3)


@pytest.mark.parametrize(
    ("sizes", "distances", "name"),
    [([100], [1.0], "sizes"), ([100, 100], [1, 2], "sizes"), ([1, 2, 3], [1, 2], "distances")],
)
def test_what_is_no_scan_is_refused(sizes: list[int], distances: list[float], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        likely_size(sizes, distances)


def test_one_trial_has_no_spread() -> None:
    with pytest.raises(ValueError, match=r"^logs"):
        TrialFit.of(N, np.ones((3, 1)))


def _line(values: np.ndarray) -> RateFit:
    return fit_rate(N, 10 ** (values[1] + values[0] * np.log10(N)))
