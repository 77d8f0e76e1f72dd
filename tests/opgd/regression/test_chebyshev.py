from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from opgd.regression.chebyshev import RKC

Array = NDArray[np.float64]


def prothero_robinson(rates: Array, t: Array) -> Array:
    """Solution of u' = -k (u - cos t), u(0) = 0, shape (len(t), len(rates))."""
    k, t = rates, t[:, None]
    return (k**2 * np.cos(t) + k * np.sin(t) - k**2 * np.exp(-k * t)) / (1 + k**2)


def test_stiff_problem_against_its_solution() -> None:
    rates, t = np.geomspace(1, 1e5, 6), np.linspace(0.01, 1, 34)
    errors, work = [], []
    for atol in (1e-2, 1e-4, 1e-6):
        run = solve_ivp(
            lambda t, u: -rates * (u - np.cos(t)), (0, 1), np.zeros(6), RKC, t,
            spectral_radius=lambda t, u: 1e5, atol=atol,
        )  # fmt: skip
        errors.append(np.abs(run.y.T - prothero_robinson(rates, t)).max())
        work.append(run.nfev)
    assert errors[0] < 1e-2 and errors[1] < 1e-3 and errors[2] < 1e-4
    assert work[2] < 10_000  # explicit Euler is stable with 50,000 steps only


@pytest.mark.parametrize("stages", [2, 3, 5, 12, 40])
def test_second_order_with_any_number_of_stages(stages: int) -> None:
    """Local error of one step is O(h^3), on a problem that depends on time."""

    def f(t: float, u: Array) -> Array:
        return np.array([-u[0] * np.cos(t) * u[1], -np.sin(t) * u[1] ** 2])

    exact = solve_ivp(f, (0.3, 0.5), [1.0, 0.7], "DOP853", dense_output=True, rtol=1e-13, atol=1e-14).sol
    local = []
    for h in (0.1, 0.05):
        solver = RKC(f, 0.3, [1.0, 0.7], 1.0, spectral_radius=lambda t, u: 1.0)
        local.append(np.abs(solver._chebyshev(h, stages) - exact(0.3 + h)).max())
    assert 6.5 < local[0] / local[1] < 9.5


@pytest.mark.parametrize("stages", [2, 7, 30])
def test_stable_up_to_the_promised_length(stages: int) -> None:
    """One step multiplies exp(-k t) by less than one for h k up to 0.65 s^2, and not far beyond."""
    reach = 2 / 3 * (stages**2 - 1) * (1 - 2 / 15 * 2 / 13)
    for h_k, stable in ((np.linspace(0.05, reach, 400), True), (np.array([1.1 * reach]), False)):
        solver = RKC(
            lambda t, u, k=h_k: -k * u, 0.0, np.ones(h_k.size), 1.0, spectral_radius=lambda t, u: 1.0
        )
        assert (np.abs(solver._chebyshev(1.0, stages)) < 1).all() == stable


def test_the_end_is_hit_and_steps_interpolated() -> None:
    run = solve_ivp(
        lambda t, u: -u, (0, 3), [1.0], RKC, spectral_radius=lambda t, u: 1.0, atol=1e-7, dense_output=True
    )
    t = np.linspace(0, 3, 301)
    assert run.t[-1] == 3
    assert np.abs(run.sol(t)[0] - np.exp(-t)).max() < 1e-5


def test_overflow_inside_a_step_is_survived() -> None:
    """A first step that overflows is repeated with a shorter one."""
    run = solve_ivp(
        lambda t, u: -np.sinh(u), (0, 1), [700.0], RKC, spectral_radius=lambda t, u: np.cosh(u[0]), atol=1e-3
    )
    assert run.success and np.isclose(run.y[0, -1], 2 * np.arctanh(np.exp(-1)), atol=1e-2)


def test_a_solution_that_ends_is_reported() -> None:
    run = solve_ivp(lambda t, u: u**2, (0, 2), [1.0], RKC, spectral_radius=lambda t, u: 1.0, atol=1e-3)
    assert not run.success and 0.9 < run.t[-1] < 1.1


@pytest.mark.parametrize(
    ("options", "name"), [({"atol": 0.0}, "atol"), ({"rtol": 1e-3}, "rtol"), ({"color": 1}, "color")]
)
def test_bad_options(options: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        RKC(lambda t, u: -u, 0.0, np.ones(1), 1.0, spectral_radius=lambda t, u: 1.0, **options)  # type: ignore[arg-type]


def test_time_runs_forward() -> None:
    with pytest.raises(ValueError, match="t_bound"):
        RKC(lambda t, u: -u, 0.0, np.ones(1), -1.0, spectral_radius=lambda t, u: 1.0)
