"""What risk, stopping and theory ask of a flow: scales in the units of theory, and ends of searches."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from numpy.typing import ArrayLike

from opgd import Flow, OverParameterizedFlow, PowerLaw, SequenceModel, VanillaFlow, oracle_stopping
from opgd.flow.interface import Array
from opgd.stopping import universal_time

FLOWS = [
    VanillaFlow(),
    OverParameterizedFlow(0),
    OverParameterizedFlow(1, 0.3),
    OverParameterizedFlow(3, 0.5),
]
DEEP = FLOWS[1:]


class Plain(Flow):
    """A flow that says nothing but its solution."""

    def estimate(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> Array:
        """Jump at once."""
        return np.broadcast_to(np.asarray(z, float), np.shape(t) + np.broadcast(z, eigenvalues).shape)

    def linearize(self, z: ArrayLike, eigenvalues: ArrayLike, t: ArrayLike) -> tuple[Array, Array]:
        """Jump at once."""
        return self.estimate(z, eigenvalues, t), self.estimate(np.ones(np.shape(z)), eigenvalues, t)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("share", (np.zeros(1), 1.0)),
        ("threshold", (np.zeros(1), 1.0)),
        ("start", (np.ones(1),)),
        ("push", ((np.ones(1),), np.ones(1))),
        ("product", ((np.ones(1),),)),
    ],
)
def test_what_a_flow_does_not_say_names_the_flow(method: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(NotImplementedError, match=r"^Plain "):
        getattr(Plain(), method)(*arguments)


@pytest.mark.parametrize(("p", "q", "gamma", "n"), [(1, 2, 1.5, 2e3), (0.5, 1.3, 3, 1e7), (3, 1, 1.1, 50)])
def test_scales_are_the_times_of_the_theory(p: float, q: float, gamma: float, n: float) -> None:
    problem = PowerLaw(p, q, gamma, n)
    assert math.exp(VanillaFlow().time_scale(problem)) == pytest.approx(n ** (q * gamma / (p + q)))
    for depth in (0, 1, 3):
        tuned = OverParameterizedFlow.tuned(depth, problem.epsilon)
        assert math.exp(tuned.time_scale(problem)) == pytest.approx(universal_time(depth, problem.epsilon))
    model = SequenceModel(np.array([0.1, 0.0]), np.array([0.2, 0.05]), 0.1)
    assert math.exp(VanillaFlow().time_scale(model)) == pytest.approx(1 / 0.2)


def test_a_vanilla_search_goes_from_a_hundredth_of_the_fastest_to_the_end_of_the_slowest() -> None:
    low, high = VanillaFlow().time_range(1e-5, 0.7, 1.0, 0.1)
    assert 10**low * 0.7 == pytest.approx(0.01) and 10**high * 1e-5 == pytest.approx(100)


class Growing(Plain):
    """A flow whose components grow like e^(2 |z| t)."""

    growth = 2.0


@pytest.mark.parametrize("flow", [*DEEP, Growing()], ids=["0", "1", "3", "growing"])
@pytest.mark.parametrize(("smallest", "epsilon"), [(1e-3, 0.3), (1e-12, 0.3), (1e-12, 1e-3), (0.7, 30.0)])
def test_a_search_goes_from_a_hundredth_of_the_fastest_to_where_all_noise_is_fitted(
    flow: Flow, smallest: float, epsilon: float
) -> None:
    strongest, largest = 0.8, 0.7
    low, high = flow.time_range(smallest, largest, strongest, epsilon)
    linear = 1 if isinstance(flow, Growing) else flow.growth**2  # rate of a small component, over lambda
    rate = largest * linear + flow.growth * (strongest + 10 * epsilon)
    slowest = min(100 / (smallest * linear), 1000 / (epsilon * flow.growth))
    assert 10**low * rate == pytest.approx(0.01)
    assert 10**high == pytest.approx(max(slowest, 1 / rate))
    assert math.exp(flow.time_scale(PowerLaw(1, 2, 1.5, 100))) == pytest.approx(10 / flow.growth)


@pytest.mark.parametrize("flow", FLOWS, ids=repr)
def test_the_best_time_lies_in_the_range(flow: Flow) -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        signal, eigenvalues = rng.exponential(size=(2, 3)) + 0.01
        epsilon = float(10 ** rng.uniform(-2, 0))
        model = SequenceModel(signal, eigenvalues, epsilon)
        low, high = flow.time_range(eigenvalues.min(), eigenvalues.max(), signal.max(), epsilon)
        assert low < math.log10(oracle_stopping(flow, model).t) <= high * (1 + 1e-12)  # little noise: late


def test_the_horizon_of_a_linear_flow_is_the_logarithm_of_time() -> None:
    assert [Plain().horizon(t, 0.1) for t in (0.5, 1.0, 1e9)] == [math.log(0.5), 0.0, math.log(1e9)]
    assert Plain().horizon(0.0, 0.1) == 0.0 and Plain().horizon(math.inf, 0.1) == 0.0


@pytest.mark.parametrize("t", [1e-3, 1.0, 1e3, 1e250])
def test_the_share_of_a_linear_flow_to_the_last_digits(t: float) -> None:
    logs = np.array([-3000.0, -1200.0, -700.0, -600.0, -3.0, 0.0])
    with np.errstate(divide="ignore"):
        learned, left = VanillaFlow().share(logs, t)
    with mpmath.workdps(400):
        rates = [mpmath.exp(mpmath.mpf(x)) * t for x in logs]
        expected = [float(mpmath.log(-mpmath.expm1(-rate))) for rate in rates]
        np.testing.assert_allclose(learned, expected, rtol=1e-14, atol=1e-16)
        np.testing.assert_allclose(
            left, [float(mpmath.exp(-rate)) for rate in rates], rtol=1e-12, atol=1e-300
        )
