"""Printed rates under common noise, by drawing them."""

from typing import Any

import numpy as np
import pytest

from opgd.paper.common_noise import fit_scatter, given_others, rate_covariance, revealed

SD, ROUNDING = np.array([0.02, 0.03, 0.05, 0.04]), np.full(4, 0.003)
CORRELATION = 0.8 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
COVARIANCE = rate_covariance(CORRELATION, SD, ROUNDING, 0.01)


def drawn(count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    shared = rng.multivariate_normal(np.zeros(4), CORRELATION, count) * SD
    own = rng.standard_normal((2, count, 4))
    return np.asarray(shared + own[0] * ROUNDING + own[1] * 0.01)


def test_the_covariance_is_that_of_draws() -> None:
    assert np.allclose(np.cov(drawn(100_000).T), COVARIANCE, rtol=0.03, atol=1e-5)


def test_the_scatter_is_found() -> None:
    scatters = [0.0, 0.005, 0.01, 0.02, 0.04]
    likelihoods = sum(fit_scatter(d, CORRELATION, SD, ROUNDING, scatters)[1] for d in drawn(300))
    assert scatters[int(np.argmax(likelihoods))] == 0.01
    one, values = fit_scatter(drawn(1)[0], CORRELATION, SD, ROUNDING, scatters)
    assert one == scatters[int(values.argmax())]


def test_other_cells_predict_a_cell() -> None:
    """Regression on draws gives the same weights and the same scatter."""
    found, some, others = drawn(100_000), np.array([1]), np.array([0, 2, 3])
    weights, *_ = np.linalg.lstsq(found[:, others], found[:, 1])
    left = (found[:, 1] - found[:, others] @ weights).std()
    mean, variance = revealed(found[0], COVARIANCE, some, others)
    assert mean[0] == pytest.approx(weights @ found[0, others], abs=0.02 * SD[1])
    assert variance[0, 0] ** 0.5 == pytest.approx(left, rel=0.02)
    exact = np.array([0.5, 0.4, 0.3, 0.2])
    rate, sd = given_others(exact, found[0], COVARIANCE, np.arange(4))
    assert (rate[1], sd[1]) == (pytest.approx(0.4 - mean[0]), pytest.approx(variance[0, 0] ** 0.5))
    alone, _ = given_others(exact, found[0], COVARIANCE, np.array([0, 2, 3]))
    assert alone[1] == rate[1] and alone[0] != rate[0]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((CORRELATION[:3], SD, ROUNDING), "correlation"),
        ((CORRELATION, -SD, ROUNDING), "sd"),
        ((CORRELATION, SD, ROUNDING, -1.0), "scatter"),
        ((CORRELATION, SD, ROUNDING[:3]), "correlation"),
    ],
)
def test_bad_arguments(arguments: tuple[Any, ...], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        rate_covariance(*arguments)
