"""Trials under a limit, and the joint distance of several lines."""

import numpy as np
import pytest

from opgd import PowerLaw, VanillaFlow, monte_carlo_risk
from opgd.paper.limits import joint_distance, stopped_by
from opgd.paper.lines import REPETITIONS, PrintedLine, TrialFit, printed_line
from opgd.paper.reported import Reported

N = np.array([2000.0, 4000.0, 10_000.0])


def test_a_limit_stops_a_flow_where_its_risk_is_that_of_the_limit() -> None:
    flow, problem = VanillaFlow(), PowerLaw(1, 2, 1.5, 500, 500)
    options = {"repetitions": 5, "seed": 3}
    grid, limits = np.geomspace(10, 4000, 40), np.array([50.0, 77.0, 1e5])
    log_t, log_risk = stopped_by(grid, monte_carlo_risk(flow, problem, grid, **options), limits)
    exact = monte_carlo_risk(flow, problem, limits[:2], **options)
    assert np.allclose(log_t[:2], np.log10(limits[:2])[:, None], rtol=1e-12)  # before every best time
    assert np.allclose(log_risk[:2], np.log10(exact.T), atol=1e-5)
    assert (log_risk[2] < log_risk[:2]).all() and (log_t[2] < 5).all()


def test_what_lies_before_the_first_time_is_unknown() -> None:
    log_t, log_risk = stopped_by([1.0, 2.0, 3.0, 4.0], [[4.0, 3.0, 2.0, 1.0]], [0.5])
    assert np.isnan(log_t).all() and np.isnan(log_risk).all()
    assert joint_distance([printed_line(3, "opgd_steps")], [10.0], [[[np.nan, 1.0]]]) == np.inf


@pytest.mark.parametrize("limits", [[0.0], [-1.0], [[1.0]], [np.nan]])
def test_bad_limits(limits: list[float]) -> None:
    with pytest.raises(ValueError, match="limits"):
        stopped_by([1.0, 2.0, 3.0, 4.0], [[4.0, 3.0, 2.0, 3.0]], limits)


def test_one_line_has_the_distance_of_a_pair() -> None:
    line = printed_line(1.5, "opgd_error")
    logs = np.log10(line.predict(N))[:, None] + np.random.default_rng(1).normal(0.01, 0.05, (3, 30))
    fit = TrialFit.of(N, logs)
    assert joint_distance([line], N, [logs]) == pytest.approx(
        line.distance(fit.line, fit.one_run + fit.error)
    )


def test_the_joint_distance_is_a_chi_square() -> None:
    """Two lines of trials whose logs correlate: four degrees of freedom, 9.49 in one case of twenty."""
    rng, exact = np.random.default_rng(4), Reported(0.0, 1e-9)
    lines, far = [PrintedLine(exact, exact)] * 2, []
    noise = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], (2000, 2, 3, REPETITIONS))
    for ours, theirs in np.moveaxis(noise, -1, 2):  # the printed lines, at zero, were another run
        far.append(joint_distance(lines, N, ours - theirs.mean(axis=2, keepdims=True)) > 9.49)
    assert abs(np.mean(far) - 0.05) < 0.02


@pytest.mark.parametrize(
    "logs", [np.zeros((2, 3, 4)), np.zeros((1, 2, 4)), np.zeros((1, 3, 1)), np.zeros((3, 4))]
)
def test_bad_shapes(logs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="logs"):
        joint_distance([printed_line(3, "opgd_steps")], N, logs)
