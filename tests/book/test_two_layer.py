r"""The identities of the chapter *The two-layer flow*, proved or measured without the chapter.

Equations (7), (8) and (23)-(28), Lemma D.1 and Proposition 3.4 at depth 0. The chapter works with
$T = \tanh(\kappa t / 2)$; here everything is rational in $Y = e^{w_\infty}$ and $e = e^{-\kappa t}$, and
numbers come from mpmath at 40 digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf

from opgd import OverParameterizedFlow, gradient_descent

LAM, Y, E = sp.symbols("lambda Y e", positive=True)
Z = LAM * (Y - 1 / Y) / 4  # 2 z / lambda = sinh(log Y)
KAPPA = LAM * (Y + 1 / Y) / 2  # kappa^2 = lambda^2 + 4 z^2
# exp(w) from (y - Y) / (y + 1/Y) = e (1 - Y) / (1 + 1/Y)
ANGLE = (Y * (Y + 1) - E * (Y - 1)) / ((Y + 1) + E * Y * (Y - 1))
THETA = LAM * (ANGLE - 1 / ANGLE) / 4
A_SQUARED = LAM * (ANGLE + 1 / ANGLE + 2) / 4
BETA_SQUARED = LAM * (ANGLE + 1 / ANGLE - 2) / 4

CASES = [
    ("0.5", "1", "2"),
    ("0.01", "0.3", "12"),
    ("2", "0.1", "1.5"),
    ("0.001", "-0.5", "9"),
    ("0.2", "0.1", "20"),
]


@pytest.fixture(autouse=True)
def forty_digits() -> Iterator[None]:
    with mpmath.workdps(40):
        yield


def rate(expression: sp.Expr) -> sp.Expr:
    """Time derivative of an expression in e = exp(-kappa t)."""
    return -KAPPA * E * expression.diff(E)


def vanishes(expression: sp.Expr) -> bool:
    return sp.cancel(sp.together(expression)) == 0


def exact(lam: mpf, z: mpf, t: mpf) -> tuple[mpf, mpf, mpf]:
    """a, beta, theta as the chapter's theorem prints them."""
    kappa = mpmath.sqrt(lam**2 + 4 * z**2)
    tanh = mpmath.tanh(kappa * t / 2)
    g2 = (kappa + lam * tanh) ** 2 - 4 * z**2 * tanh**2
    a = mpmath.sqrt(lam / g2) * (kappa + lam * tanh)
    beta = mpmath.sqrt(lam / g2) * 2 * z * tanh
    return a, beta, 2 * lam * z * tanh * (kappa + lam * tanh) / g2


def bound(lam: mpf, z: mpf, t: mpf) -> mpf:
    """The comparison estimate of (28)."""
    growth = mpmath.exp((2 * abs(z) + lam) * t)
    return lam * (growth - 1) * z / (2 * abs(z) + lam * growth)


def half_time(lam: mpf, z: mpf) -> mpf:
    """Time at which half of z > 0 is fitted, by the chapter's closed form."""
    end, now = mpmath.asinh(2 * z / lam), mpmath.asinh(z / lam)
    quotient = mpmath.tanh(end / 2) * mpmath.cosh((end + now) / 2) / mpmath.sinh((end - now) / 2)
    return mpmath.log(quotient) / mpmath.sqrt(lam**2 + 4 * z**2)


def random_cases(count: int, seed: int) -> Iterator[tuple[mpf, mpf, mpf]]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        lam, size, scaled = 10.0 ** rng.uniform([-10, -4, -3], [2, 2, 1.5])
        yield mpf(lam), mpf(size * rng.choice([-1, 1])), mpf(scaled / math.hypot(lam, 2 * size))


def test_equations_7_and_8_descend_the_loss() -> None:
    a, beta, z = sp.symbols("a beta z", real=True)
    loss = (z - a * beta) ** 2 / 2
    assert sp.expand(-loss.diff(a) - beta * (z - a * beta)) == 0
    assert sp.expand(-loss.diff(beta) - a * (z - a * beta)) == 0


def test_equation_23_conservation() -> None:
    a, beta, z = sp.symbols("a beta z", real=True)
    velocity = {a: beta * (z - a * beta), beta: a * (z - a * beta)}
    conserved = a**2 - beta**2
    assert sp.expand(sum(conserved.diff(x) * v for x, v in velocity.items())) == 0
    assert vanishes(A_SQUARED - BETA_SQUARED - LAM)


def test_equation_24_order() -> None:
    for lam, z, t in random_cases(300, seed=24):
        a, beta, theta = exact(lam, z, t)
        assert beta**2 < abs(theta) < a**2
        assert 0 < theta / z < 1


def test_equation_25_estimate_alone() -> None:
    a, beta, z = sp.symbols("a beta z", real=True)
    lam = a**2 - beta**2
    speed = (beta * beta + a * a) * (z - a * beta)  # product rule with (8)
    assert sp.expand(speed**2 - (lam**2 + 4 * (a * beta) ** 2) * (z - a * beta) ** 2) == 0
    # the exact solution satisfies it: the root is lambda cosh w, with cosh w = (y + 1/y) / 2
    root = LAM * (ANGLE + 1 / ANGLE) / 2
    assert vanishes(root**2 - LAM**2 - 4 * THETA**2)
    assert vanishes(rate(THETA) - root * (Z - THETA))


def test_exact_solution_satisfies_both_equations() -> None:
    # (a^2)' = (beta^2)' = 2 theta (z - theta) is (8) multiplied by 2a and 2 beta
    assert vanishes(rate(A_SQUARED) - 2 * THETA * (Z - THETA))
    assert vanishes(rate(BETA_SQUARED) - 2 * THETA * (Z - THETA))
    assert vanishes(A_SQUARED * BETA_SQUARED - THETA**2)
    assert vanishes(ANGLE.subs(E, 1) - 1)
    assert vanishes(A_SQUARED.subs(E, 1) - LAM)


def test_exact_solution_forms_agree() -> None:
    tanh = (1 - E) / (1 + E)
    g2 = (KAPPA + LAM * tanh) ** 2 - 4 * Z**2 * tanh**2
    assert vanishes(THETA - 2 * LAM * Z * tanh * (KAPPA + LAM * tanh) / g2)
    assert vanishes(A_SQUARED - LAM * (KAPPA + LAM * tanh) ** 2 / g2)
    assert vanishes(Z - THETA - Z * KAPPA**2 * (1 - tanh**2) / g2)
    # the factors of G^2 and the second one without a difference
    p = KAPPA + (LAM + 2 * Z) * tanh
    q = LAM**2 / (KAPPA + 2 * Z) + 4 * Z * E / (1 + E) + LAM * tanh
    assert vanishes(p * q - g2)


@pytest.mark.parametrize(("lam", "z", "t"), CASES)
def test_exact_solution_against_taylor_integration(lam: str, z: str, t: str) -> None:
    with mpmath.workdps(25):
        lam_, z_, t_ = mpf(lam), mpf(z), mpf(t)
        path = mpmath.odefun(
            lambda _, x: [x[1] * (z_ - x[0] * x[1]), x[0] * (z_ - x[0] * x[1])],
            0,
            [mpmath.sqrt(lam_), mpf(0)],
        )
        a, beta = path(t_)
        expected_a, expected_beta, expected_theta = exact(lam_, z_, t_)
        assert abs(a - expected_a) < mpf("1e-18")
        assert abs(beta - expected_beta) < mpf("1e-18")
        assert abs(a * beta - expected_theta) < mpf("1e-18")
    estimate = float(OverParameterizedFlow(depth=0).estimate(float(z_), float(lam_), float(t_)))
    assert estimate == pytest.approx(float(expected_theta), rel=1e-14)


def test_limits() -> None:
    lam, z, t = mpf("0.02"), mpf("0.7"), mpf("3")
    tiny = mpf("1e-15")
    kappa = mpmath.sqrt(lam**2 + 4 * z**2)
    assert mpmath.almosteq(exact(lam, z, tiny)[2], lam * z * tiny, rel_eps=1e-14)
    a, beta, theta = exact(lam, z, mpf(60))
    assert mpmath.almosteq(theta, z, rel_eps=1e-20)
    assert mpmath.almosteq(a**2, (kappa + lam) / 2, rel_eps=1e-20)
    assert mpmath.almosteq(beta**2, (kappa - lam) / 2, rel_eps=1e-20)
    a, _, theta = exact(tiny, z, t)
    assert mpmath.almosteq(theta / tiny, mpmath.sinh(2 * z * t) / 2, rel_eps=1e-12)
    assert mpmath.almosteq(a / mpmath.sqrt(tiny), mpmath.cosh(z * t), rel_eps=1e-12)
    assert mpmath.almosteq(exact(lam, tiny, t)[2] / tiny, 1 - mpmath.exp(-lam * t), rel_eps=1e-20)


def test_logistic_limit() -> None:
    z = mpf("0.5")
    for x in (-2, 0, 3):
        gaps = []
        for lam in (mpf("1e-4"), mpf("1e-8")):
            kappa = mpmath.sqrt(lam**2 + 4 * z**2)
            fraction = exact(lam, z, (x + mpmath.log(4 * z / lam)) / kappa)[2] / z
            gaps.append(abs(fraction - 1 / (1 + mpmath.exp(-x))))
        assert gaps[0] < 1e-3
        assert gaps[1] < 1e-3 * gaps[0]


def test_time_to_reach_a_level() -> None:
    # e^{kappa t} = (Y - 1)(Y y + 1) / ((Y + 1)(Y - y))
    assert vanishes((Y - 1) * (Y * ANGLE + 1) / ((Y + 1) * (Y - ANGLE)) - 1 / E)
    for lam, z, _ in random_cases(200, seed=8):
        moment = half_time(lam, abs(z))
        assert mpmath.almosteq(exact(lam, abs(z), moment)[2], abs(z) / 2, rel_eps=1e-20)
        scale = mpmath.asinh(abs(z) / lam) / abs(z)
        assert scale / 2 < moment < scale


def test_equations_26_and_28_comparison_estimate() -> None:
    z, growth = sp.symbols("z E", positive=True)
    tilde = LAM * (growth - 1) * z / (2 * z + LAM * growth)
    velocity = (2 * z + LAM) * growth * tilde.diff(growth)
    assert vanishes(velocity - (LAM + 2 * tilde) * (z - tilde))
    assert tilde.subs(growth, 1) == 0
    assert sp.limit(tilde, growth, sp.oo) == z


def test_equation_27_sandwich() -> None:
    v = sp.symbols("v", positive=True)
    assert sp.expand(2 * (LAM**2 + 4 * v**2) - (LAM + 2 * v) ** 2 - (LAM - 2 * v) ** 2) == 0
    assert sp.expand((LAM + 2 * v) ** 2 - (LAM**2 + 4 * v**2) - 4 * LAM * v) == 0
    for lam, z, t in random_cases(1000, seed=27):
        sign = mpmath.sign(z)
        low, high = sign * bound(lam, z, t / mpmath.sqrt(2)), sign * bound(lam, z, t)
        assert 0 < low < sign * exact(lam, z, t)[2] < high < abs(z)


def test_equation_27_constants_are_sharp() -> None:
    z = mpf(1)
    # lambda = 2 z at late times: the lower bound decays at the rate of the exact error
    late = mpf(400)
    exact_rate = -mpmath.log(z - exact(2 * z, z, mpf(20))[2]) / 20
    lower_rate = -mpmath.log(z - bound(2 * z, z, mpf(20) / mpmath.sqrt(2))) / 20
    assert exact_rate / lower_rate == pytest.approx(1, abs=0.02)
    with mpmath.workdps(700):
        ratio = mpmath.log(1 - exact(mpf(2), mpf(1), late)[2]) / mpmath.log(1 - bound(mpf(2), mpf(1), late))
    assert ratio == pytest.approx(1 / math.sqrt(2), abs=2e-3)
    # large lambda: the upper bound is the solution
    lam = mpf("1e6")
    assert mpmath.almosteq(exact(lam, z, 1 / lam)[2], bound(lam, z, 1 / lam), rel_eps=1e-5)


def test_formula_as_printed_cancels_and_opgd_does_not() -> None:
    z, lam = 0.5, 1e-13
    kappa = math.hypot(lam, 2 * z)
    for t in (30.0, 40.0, 60.0):
        truth = exact(mpf(lam), mpf(z), mpf(t))[2]
        tanh = math.tanh(kappa * t / 2)
        x = kappa + lam * tanh
        naive = 2 * lam * z * tanh * x / (x * x - 4 * z * z * tanh * tanh)
        assert 1e-5 < abs(naive / truth - 1) < 1
        assert abs(float(OverParameterizedFlow(depth=0).estimate(z, lam, t)) / truth - 1) < 2e-15


def test_descent_shrinks_what_the_flow_conserves() -> None:
    a, beta, z, eta = sp.symbols("a beta z eta", real=True)
    pull = eta * (z - a * beta)
    a_next, beta_next = a + beta * pull, beta + a * pull
    assert sp.expand(a_next**2 - beta_next**2 - (1 - pull**2) * (a**2 - beta**2)) == 0
    assert sp.expand(a_next + beta_next - (1 + pull) * (a + beta)) == 0
    assert sp.expand(a_next - beta_next - (1 - pull) * (a - beta)) == 0


def test_descent_shrinkage_over_a_run() -> None:
    z, lam, eta = 0.5, 1e-3, 1e-3
    layers = np.array([math.sqrt(lam), 0.0])
    for _ in range(40_000):
        layers = layers + eta * (z - layers[0] * layers[1]) * layers[::-1]
    kappa = math.hypot(lam, 2 * z)
    predicted = -eta * (z / 2 * math.asinh(2 * z / lam) - (kappa - lam) / 4)
    assert math.log((layers[0] ** 2 - layers[1] ** 2) / lam) == pytest.approx(predicted, rel=2e-3)


def test_descent_is_of_first_order_and_late() -> None:
    z, lam = 0.5, 1e-3
    flow = OverParameterizedFlow(depth=0)
    moment = float(half_time(mpf(lam), mpf(z)))
    errors, delays = [], []
    for step in (0.02, 0.01):
        times = np.arange(0, 2 * moment, step)
        path = gradient_descent(flow, z, lam, step=step, t=times)
        errors.append(np.max(np.abs(path - flow.estimate(z, lam, times))))
        delays.append((np.interp(z / 2, path, times) - moment) / step)
    assert math.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.01)
    assert delays[1] == pytest.approx(math.log(z / (2 * lam)) / 4, rel=2e-3)


def test_threshold_is_the_lower_branch_of_lambert() -> None:
    for product, tolerance in ((1e-2, 5e-3), (1e-4, 1e-5), (1e-8, 1e-9)):
        lam, guess = mpf(product), -mpmath.lambertw(-mpf(product) / 2, -1).real / 2
        jump = mpmath.findroot(lambda x, lam=lam: exact(lam, x, mpf(1))[2] / x - mpf(1) / 2, guess)
        assert abs(jump / guess - 1) < tolerance
    # no threshold from lambda t = ln 2 on: even the smallest observation is fitted by one half
    assert exact(mpf("0.694"), mpf("1e-12"), mpf(1))[2] > mpf("0.5e-12")
    assert exact(mpf("0.692"), mpf("1e-12"), mpf(1))[2] < mpf("0.5e-12")


def test_proposition_3_4_layer_never_decreases() -> None:
    tanh = (1 - E) / (1 + E)
    g2 = sp.factor((KAPPA + LAM * tanh) ** 2 - 4 * Z**2 * tanh**2)
    # a' = 2 lambda^{1/2} z^2 kappa^2 T (1 - T^2) / G^3, and a' = beta (z - theta); here both squared
    closed_squared = 4 * LAM * Z**4 * KAPPA**4 * tanh**2 * (1 - tanh**2) ** 2 / g2**3
    remaining = sp.factor(Z - THETA)
    assert sp.factor(closed_squared) == sp.factor(sp.factor(BETA_SQUARED) * remaining**2)
    # positive for Y > 1 (z > 0) and 0 < e < 1 (t > 0)
    above, below = sp.symbols("above below", positive=True)
    inside = {Y: 1 + above, E: 1 / (1 + below)}
    assert all(sp.factor(factor.subs(inside)).is_positive for factor in (tanh, g2, remaining))


def test_proposition_3_4_noise_stays_small() -> None:
    for lam, z, t in random_cases(500, seed=18):
        a, beta, theta = exact(lam, z, t)
        assert mpmath.sqrt(lam) < a < mpmath.sqrt(lam) * mpmath.cosh(z * t)
        assert abs(beta) < mpmath.sqrt(lam) * mpmath.sinh(abs(z) * t)
        assert abs(theta) < lam / 2 * mpmath.sinh(2 * abs(z) * t)


def test_proposition_3_4_signal_is_learned() -> None:
    rng = np.random.default_rng(17)
    for lam, signal, _ in random_cases(500, seed=17):
        z = signal * (1 + mpf(rng.uniform(-0.5, 0.5)))  # noise at most half the signal
        t = mpmath.asinh(abs(z) / lam) / abs(z) * (1 + mpf(rng.exponential()))
        a, _, theta = exact(lam, z, t)
        assert abs(theta) > abs(z) / 2
        assert a > mpmath.sqrt(abs(signal)) / 2
