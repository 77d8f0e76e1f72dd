from __future__ import annotations

import math

import numpy as np
import pytest

from opgd.regression.basis import real_features
from opgd.regression.coupled import CoupledFlow, FixedKernelFlow
from opgd.regression.experiments import Design, SobolevEdge, Target, Wave, error_curves
from opgd.regression.frequencies import first_frequencies, lattice

TARGETS = [Wave(), Wave(3.0), Wave(2.2), SobolevEdge(1.0, 5), SobolevEdge(2.0, 30)]


@pytest.mark.parametrize("target", TARGETS)
def test_coefficients_and_energy_by_quadrature(target: Target) -> None:
    m = lattice(2, 90)
    theta = target.coefficients(m)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    values = target.values(np.column_stack([nodes, np.zeros_like(nodes)]))
    assert target.energy == pytest.approx(weights @ values**2 / 2, abs=1e-12)
    axis = m[:, 1] == 0
    features = real_features(np.column_stack([nodes, np.zeros_like(nodes)]), m[axis])
    np.testing.assert_allclose(theta[axis], (weights * values) @ features / 2, atol=1e-12)
    assert (theta[~axis] == 0).all()  # functions of the first coordinate alone


def test_curves_are_the_errors_of_the_flows_on_paired_data() -> None:
    """Repeated by hand from the seed; more repetitions, other flows and `beyond` change nothing."""
    design = Design(Wave(), first_frequencies(2, 80), 1.5, 0.3)
    flows = {"fixed": FixedKernelFlow(), "adaptive": CoupledFlow(1, 0.5)}
    times = {"fixed": np.geomspace(1, 1e5, 9), "adaptive": np.geomspace(1, 3e3, 30)}
    curves = error_curves(design, flows, 100, times, repetitions=3, seed=4)
    rng = np.random.default_rng([4, 100, 2])
    x = rng.uniform(-1, 1, (100, 2))
    y = np.sin(7.5 * math.pi * x[:, 0]) + 0.3 * rng.standard_normal(100)
    root = (1.0 + (design.frequencies**2).sum(axis=1)) ** -0.75
    features = real_features(x, design.frequencies) * root
    values, vectors = np.linalg.eigh(features.T @ features / 100)
    shrink = -np.expm1(-times["fixed"][:, None] * values.clip(0)) / values.clip(1e-14)
    theta = root * ((shrink * (vectors.T @ (features.T @ y / 100))) @ vectors.T)
    truth = design.target.coefficients(design.frequencies)
    missing = 0.5 - truth @ truth
    np.testing.assert_allclose(curves["fixed"][2], np.square(theta - truth).sum(axis=1) + missing, atol=1e-8)
    one = error_curves(
        design, {"adaptive": flows["adaptive"]}, 100, {"adaptive": times["adaptive"]},
        repetitions=1, seed=4, beyond=1.1,
    )["adaptive"][0]  # fmt: skip
    reached = np.isfinite(one)
    assert not reached.all() and one[reached].max() > 1.1 * one.min()
    np.testing.assert_array_equal(one[reached], curves["adaptive"][0][reached])


def test_bad_input() -> None:
    design = Design(Wave(), first_frequencies(2, 20), 1.5, 0.3)
    flows, times = {"fixed": FixedKernelFlow()}, {"fixed": np.ones(1)}
    for bad in ({"repetitions": 0}, {"seed": -1}, {"beyond": 0.5}, {"beyond": math.nan}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            error_curves(design, flows, 30, times, **{"repetitions": 1, "seed": 0, **bad})
    with pytest.raises(ValueError, match="times"):
        error_curves(design, flows, 30, {}, repetitions=1, seed=0)
    with pytest.raises(ValueError, match="n = 0"):
        error_curves(design, flows, 0, times, repetitions=1, seed=0)
    for options, name in (({"r": 0.0}, "r"), ({"sigma": -1.0}, "sigma"), ({"sigma": math.inf}, "sigma")):
        with pytest.raises(ValueError, match=name):
            Design(**{"target": Wave(), "frequencies": design.frequencies, "r": 1.0, "sigma": 0.1, **options})
    for make in (lambda: Wave(0.0), lambda: SobolevEdge(0.0), lambda: SobolevEdge(1.0, 0)):
        with pytest.raises(ValueError, match="not allowed"):
            make()
