r"""Orders of magnitude, proved with explicit constants: Section 2, (10), (11), (49), (52), (53), Section 3.

Where a sequence is of the order of a power, it lies between c1 and c2 times that power; each claim follows
with constants made of c1 and c2. Sums over components are compared with integrals (`inequalities.tail`).
"""

from __future__ import annotations

import sympy as sp
from angle import B0, BETA, LAM, PULL, VELOCITY, A, D, X, Z, bounds_of_noise, fitted_in_time, zero
from angle import FIRST as FIRST_TIME
from inequalities import never_negative, same, tail
from statements import statement

HALF, ONE = sp.S.Half, sp.S.One
P, Q, GAMMA = sp.symbols("p q gamma", positive=True)
EPS, DELTA, C1, C2 = sp.symbols("epsilon delta c1 c2", positive=True)
RATE = 2 / (P + 1)


def whole_part(half: sp.Expr) -> bool:
    """Whether floor(x) >= half * x for all x >= 1: x = 1 + k + f with a whole k >= 0 and 0 <= f <= 1."""
    k, rest = sp.symbols("k rest", nonnegative=True)  # f = 1 - rest; `rest` > 0, or x would be whole
    x = 1 + k + (1 - rest)
    return never_negative((1 + k) - half * x, k, rest)


def scaled_tail(power: sp.Expr, more: sp.Symbol) -> sp.Expr:
    """Upper bound of the sum of (x / j)^power over j >= x, where x = 1 + more."""
    x = sp.symbols("first", positive=True)
    integral = tail(x, power)[1] - x**-power
    assert same(integral * x**power, x / (power - 1))
    return 1 + (1 + more) / (power - 1)


@statement(
    "example2-1",
    "example2-2",
    "example2-3",
    grade="proved",
    covers="the optimal rate n^{-m/(m+1)}, m = s gamma, over balls of [H]^s in the sequence model with normal"
    " noise, eigenvalues between a1 and a2 times j^-gamma: from above and below, all s, gamma > 0, eps <= 1",
    teeth=[{"power": 2}, {"half": sp.Rational(51, 100)}, {"fine": 3}, {"size": sp.Rational(101, 100)}],
)
def test_optimal_rate_always(
    power: int = 1, half: sp.Expr = HALF, fine: int = 2, size: sp.Expr = ONE
) -> None:
    r"""Keep the first components, from above; the hardest cuboid, from below. Let $N = \epsilon^{-2/(m+1)}$.

    *Above.* The ball has $\sum_j a_2^{-s} j^m f_j^2 \le R^2$: to keep the first $\lceil N \rceil \le 2 N$
    costs at most $2 N \epsilon^2 + R^2 a_2^s N^{-m}$.
    *Below.* All $f_j = \pm c \epsilon$, $j \le \lfloor N \rfloor$, are in it, $c^2 = R^2 a_1^s$. With random
    signs, an estimate of $f_j$ has the wrong sign with probability at least P(normal > c), whatever it
    knows of the others, and costs $c^2 \epsilon^2$ then: in total
    $\lfloor N \rfloor \ge N/2$ times a constant.
    """
    m, j, s, a1, a2, radius = sp.symbols("m j s a1 a2 R", positive=True)
    number, rate = EPS ** (-fine / (m + 1)), EPS ** (2 * power * m / (m + 1))
    k = sp.symbols("k", nonnegative=True)
    assert never_negative(2 * (1 + k) - ((1 + k) + 1), k)  # ceil(N) <= N + 1 <= 2 N
    assert same(number * EPS**2, rate)  # noise, and the order of the lower bound
    assert same(number**-m, rate)  # bias
    assert (j**m).diff(j).is_positive
    for a in (a1, a2):  # the weights of (3), lambda_j^-s
        assert same((a * j ** (-m / s)) ** -s, a**-s * j**m)
    # at most N terms of c^2 eps^2 a1^-s j^m, each at most that at N
    cuboid = number * (size * radius**2 * a1**s) * EPS**2 * a1**-s * number**m
    assert (1 - size).is_nonnegative and same(cuboid, size * radius**2)
    assert whole_part(half)


@statement(
    "example2-2",
    grade="proved",
    covers="the number of lattice points and the j-th eigenvalue, all r > 0 and d, delta < 1, with constants",
    teeth=[{"halves": 1}, {"far": 1}],
)
def test_lattice_counts_always(halves: int = 2, far: int = 2) -> None:
    r"""The number N of m with $\lambda_m > \delta$, |m| < rho, is of the order $y^d$, $y = \delta^{-1/(2r)}$.

    Unit cubes around the points fill a ball up to their half diagonal h: $V (\rho - h)^d \le N \le
    V (\rho + h)^d$, and $\rho = (y^2 - 1)^{1/2}$. So $N \le V (1 + h)^d y^d$, and $N \ge V (y/2)^d$ from
    $y_0 = 2 (1 + h)$ on, before that $N \ge 1 \ge (y / y_0)^d$. If $c y^d \le N \le C y^d$, then
    the j-th eigenvalue lies between $(j/c)^{-2r/d}$ and $(j/C)^{-2r/d}$, by choice of delta.
    """
    d, r, h, c, j = sp.symbols("d r h c j", positive=True)
    more = sp.symbols("more", nonnegative=True)
    y = DELTA ** (-1 / (halves * r))
    assert same((y**2) ** -r, DELTA)  # (1 + rho^2)^-r = delta
    y = 1 + more
    assert never_negative(y**2 - (y**2 - 1), more)  # rho <= y, so rho + h <= (1 + h) y:
    assert never_negative((1 + h) * y - (y + h), more, h)
    assert never_negative((y**2 - 1) - (y - 1) ** 2, more)  # rho >= y - 1
    y = far * (1 + h) + more
    assert never_negative((y - 1 - h) - y / 2, more, h)
    edge = (j / c) ** (-halves * r / d)  # the delta with c y^d = j
    assert same(c * (edge ** (-1 / (halves * r))) ** d, j)


@statement(
    "example2-3",
    grade="proved",
    covers="the risk of the best cut-off in either order, within constants, for (4) with c1, c2 and places "
    "between l1 j^q and l2 j^q: all p, q > 0, eps <= 1",
    teeth=[{"rate": 1}, {"next_term": 0}, {"width": 2}],
)
def test_rates_of_cut_offs_always(rate: int = 2, next_term: int = 1, width: int = 1) -> None:
    r"""To keep J components costs $J \epsilon^2$ and the lost signals, of the order $J^{-p/q}$ or $J^{-p}$.

    In the order of j the lost signals are those with l(k) > J, among $k > (J/l_2)^{1/q}$, and contain those
    with $k > (J/l_1)^{1/q}$; in the order of l they are the k > J. A J with a risk within a constant of the
    rate is of the order $\epsilon^{-2q/(p+q)}$, for both terms must be of the order of the rate.
    """
    more, constant, big = sp.symbols("more c J", positive=True)
    assert same(tail(2 * big - 1, P + 1)[0], (2 * big) ** -P / P)
    assert never_negative((next_term + 1 / P) * (1 + more) - scaled_tail(P + 1, more), more)
    for place in (Q, ONE):
        lost, best = big ** (-width * P / place), EPS ** (-2 * place / (P + place))
        order = EPS ** (rate * P / (P + place))
        for part in (lost, EPS**2 * big):
            assert same(part.subs(big, constant * best) / order, part.subs({big: constant, EPS: 1}))
        # the same as the optimal rate under the largest source condition, s gamma = p / place
        assert sp.simplify(P / place / (P / place + 1) - P / (P + place)) == 0


@statement(
    "eq10",
    grade="proved",
    covers="signals between c1 and c2 times j^{-(p+1)/2}, all p > 0 and delta <= c1, with constants",
    teeth=[
        {"half": sp.Rational(51, 100)}, {"count": 1}, {"remainder": 1}, {"next_term": 0},
        {"least": sp.Rational(101, 100)}, {"most": sp.Rational(99, 100)},
    ],
)  # fmt: skip
def test_orders_of_phi_and_psi_always(
    half: sp.Expr = HALF, count: int = 2, remainder: int = 2, least: sp.Expr = ONE, most: sp.Expr = ONE,
    next_term: int = 1,
) -> None:  # fmt: skip
    r"""Phi is of the order delta^(-2/(p+1)), and Psi of the order delta^(2p/(p+1)).

    The significant signals contain those with $c_1 j^{-(p+1)/2} \ge \delta$, $j \le X$, and are among those
    with $c_2 j^{-(p+1)/2} \ge \delta$, $j \le Y$. So $X/2 \le \Phi \le Y$. The other ones contain all j > Y,
    each at least $c_1^2 j^{-(p+1)}$, and are among j >= X, each at most $c_2^2 j^{-(p+1)}$:
    $c_1^2 (2Y)^{-p}/p \le \Psi \le c_2^2 (1 + 1/p) X^{-p}$.
    """
    x, y = (C1 / DELTA) ** RATE, (C2 / DELTA) ** RATE  # X, Y >= 1
    assert same(C1 * x ** (-(P + 1) / 2), DELTA) and same(C2 * y ** (-(P + 1) / 2), DELTA)
    assert whole_part(half)  # Phi >= floor(X); and floor(Y) <= Y
    order = DELTA ** (-count / (P + 1))
    assert same(x / order, C1**RATE) and same(y / order, C2**RATE)

    more = sp.symbols("more", nonnegative=True)
    assert never_negative(2 * (1 + more) - ((1 + more) + 1), more)  # Y + 1 <= 2 Y
    assert same(tail(2 * y - 1, P + 1)[0], (2 * y) ** -P / P) and (1 - least).is_nonnegative
    assert never_negative(most * (next_term + 1 / P) * (1 + more) - scaled_tail(P + 1, more), more)
    order = DELTA ** (remainder * P / (P + 1))
    assert same(y**-P / order, C2 ** (-RATE * P)) and same(x**-P / order, C1 ** (-RATE * P))


@statement(
    "eq11",
    grade="proved",
    covers="kappa = 2q/(p+1), signals between c1 and c2 times j^{-(p+1)/2} at places between l1 j^q and "
    "l2 j^q: all p, q > 0 and delta <= c1, with constants; no smaller kappa",
    teeth=[{"kappa": 1}, {"kappa": 3}, {"half": sp.Rational(51, 100)}],
)
def test_reach_of_the_significant_set_always(kappa: int = 2, half: sp.Expr = HALF) -> None:
    r"""The last significant place is at most $l_2 Y^q$ and at least $l_1 (X/2)^q$, X and Y as in (10).

    A significant signal has j <= Y, and its place is at most $l_2 j^q$. And the signal number floor(X) is
    significant, at a place of at least $l_1 \lfloor X \rfloor^q$.
    """
    x, y = (C1 / DELTA) ** RATE, (C2 / DELTA) ** RATE
    assert same(C1 * x ** (-(P + 1) / 2), DELTA) and same(C2 * y ** (-(P + 1) / 2), DELTA)
    assert whole_part(half)
    order = DELTA ** (-kappa * Q / (P + 1))
    assert same(y**Q / order, C2 ** (RATE * Q))
    assert same((half * x) ** Q / order, (half * C1**RATE) ** Q)


@statement(
    "eq52",
    grade="proved",
    covers="lambda_j between c1 and c2 times j^-gamma, all gamma, D > 0 and b0 <= 1, with constants",
    teeth=[{"power": 1}, {"power": 3}, {"of_depth": 2}, {"next_one": 0}],
)
def test_first_small_eigenvalue_always(power: int = 2, of_depth: int = 1, next_one: int = 1) -> None:
    r"""J lies between $(c_1 D)^{1/\gamma} b_0^{-2/\gamma}$ and $(c_2 D)^{1/\gamma} b_0^{-2/\gamma} + 1$.

    Below the first bound $\lambda_j \ge c_1 j^{-\gamma} > b_0^2 / D$: not small. From the second one on
    $\lambda_j \le c_2 j^{-\gamma} \le b_0^2 / D$: small, and a whole j follows within 1.
    """
    b0, depth, gap, most, j = sp.symbols("b0 D gap most j", positive=True)
    order = b0 ** (-power / GAMMA)
    for c in (C1, C2):
        edge = (c * depth**of_depth) ** (1 / GAMMA) * order
        assert same(c * edge**-GAMMA, b0**2 / depth)
        assert (c * j**-GAMMA).diff(j).is_negative
    # 1 <= order, since b0 <= 1: the upper bound is at most ((c2 D)^(1/gamma) + 1) order
    assert never_negative(most * (1 + gap) + next_one * (1 + gap) - (most * (1 + gap) + 1), gap)


@statement(
    "eq6",
    grade="proved",
    covers="time and rate for (4) within constant factors, lambda_j between a1 and a2 times j^-gamma, and so "
    "at the signals, all p, q > 0 and gamma > 1/2, below an explicit eps, with constants",
    teeth=[
        {"time": 1}, {"time": 3}, {"rate": 1}, {"rate": 3}, {"half": sp.Rational(51, 100)},
        {"kept": sp.Rational(7, 10)}, {"hump": sp.Rational(99, 100)}, {"next_term": 0},
    ],
)  # fmt: skip
def test_vanilla_time_and_rate_always(
    time: int = 2, rate: int = 2, half: sp.Expr = HALF, kept: sp.Expr = 1 - 1 / sp.E,
    hump: sp.Expr = ONE, next_term: int = 1,
) -> None:  # fmt: skip
    r"""For t >= max(1, 1/a1) bias and noise are of the orders t^(-p/(q gamma)) and eps^2 t^(1/gamma).

    *Noise.* With $F_i = (a_i t)^{1/\gamma} \ge 1$, $1 - e^{-x}$ is at least $1 - 1/e$ for the
    $\lfloor F_1 \rfloor$ components with $a_1 j^{-\gamma} t \ge 1$, at most 1, and at most
    $x \le (F_2/j)^\gamma$.
    *Bias.* Let $a_1 k^{-q \gamma} \le \lambda_{l(k)} \le a_2 k^{-q \gamma}$ and $T = t^{1/(q \gamma)}$. For
    k > T the factor $e^{-2 \lambda t}$ is at least $e^{-2 a_2}$, and at most 1; up to T it is at most
    $(r / (2 e a_1))^r (k/T)^{p+1}$, $r = (p+1)/(q \gamma)$: at most T terms, with the same bound each.

    At the claimed time both are of the claimed order. A time with a risk within any constant of that is of
    the same order, for bias and noise must both be; before max(1, 1/a1) the bias is larger than there.
    """
    x, t, a1, k = sp.symbols("x t a1 k", positive=True)
    more = sp.symbols("more", nonnegative=True)
    # noise
    assert (1 - sp.exp(-x)).diff(x).is_positive and ((1 - 1 / sp.E) - kept).is_nonnegative
    assert (1 - sp.exp(-x)).subs(x, 0) == 0 and sp.exp(-x).diff(x, 2).is_positive  # concave: below x
    assert whole_part(half)
    excess = sp.symbols("excess", positive=True)  # 2 gamma - 1
    # the sum of (F_2 / j)^(2 gamma) from F_2 on: at most (1 + 1/(2 gamma - 1)) F_2
    assert never_negative((next_term + 1 / excess) * (1 + more) - scaled_tail(1 + excess, more), more)
    # bias
    power = sp.symbols("r", positive=True)
    bump = sp.log(x**power * sp.exp(-2 * x))  # x^r e^(-2x), largest at r / 2
    assert sp.expand_log(bump, force=True).diff(x).subs(x, power / 2) == 0
    assert sp.expand_log(bump, force=True).diff(x, 2).is_negative
    top = (power / (2 * sp.E)) ** power
    assert same((x**power * sp.exp(-2 * x)).subs(x, power / 2), hump * top)
    big = t ** (1 / (Q * GAMMA))  # T
    r = (P + 1) / (Q * GAMMA)
    argument = a1 * k ** (-Q * GAMMA) * t
    assert same(k ** -(P + 1) * argument**-r, a1**-r * big ** -(P + 1))  # the same for every k
    # beyond T: at least (2 T)^-p / p, at most (1 + 1/p) T^-p
    assert same(tail(2 * big - 1, P + 1)[0], (2 * big) ** -P / P)
    assert never_negative((next_term + 1 / P) * (1 + more) - scaled_tail(P + 1, more), more)
    # both at the time
    best, constant = EPS ** (-time * Q * GAMMA / (P + Q)), sp.symbols("c", positive=True)
    order = EPS ** (rate * P / (P + Q))
    for part in (big**-P, EPS**2 * t ** (1 / GAMMA)):
        assert same(part.subs(t, constant * best) / order, part.subs({t: constant, EPS: 1}))


def moment(s: sp.Expr, factor: sp.Expr = ONE) -> sp.Expr:
    """Bound of E cosh(s g), the mean of e^(s g) and e^(-s g), for sub-Gaussian noise eps g."""
    return sp.exp(factor * s**2 / 2)


@statement(
    "eq49",
    grade="proved",
    covers="all t <= B2/eps, lambda_j <= c2 j^-gamma, gamma > 1/2, eps <= c2, sub-Gaussian noise, not "
    "necessarily independent; C = c2^{1/gamma} (9 + (e^{72 B2^2} - 1)/8 (1 + 1/(2 gamma - 1)))",
    teeth=[
        {"noise": 1}, {"noise": 3}, {"extra": 2}, {"outside": 2}, {"next_term": 0},
        {"exponent": sp.Integer(71)},
    ],
)  # fmt: skip
def test_fitted_noise_always(
    noise: int = 2, extra: int = 1, outside: int = 3, next_term: int = 1, exponent: sp.Expr = 72 * ONE
) -> None:
    r"""Off the events |z| <= 3 eps g, and both |theta| <= |z| and |theta| <= (lambda/2) sinh(2 |z| t).

    The second bound, since $u' = z - \theta \le z$. With it for j > X, $c_2 X^{-\gamma} = \epsilon$, and the
    first for the others, the sum is at most
    $9 \epsilon^2 X + \frac14 \mathbb{E} \sinh^2(6 B_2 g) \sum_{j > X} c_2^2 j^{-2\gamma}$.
    """
    g, b2, y = sp.symbols("g B2 y", positive=True)
    more = sp.symbols("more", nonnegative=True)
    assert zero(VELOCITY[BETA].subs(D, 0) / A - PULL.subs(D, 0))  # u' = beta' / a = z - theta
    angle = 2 * (3 * EPS * g) * b2 / EPS  # at most 2 |z| t
    assert zero(sp.sinh(y) ** 2 - (sp.cosh(2 * y) - 1) / 2)
    square = (moment(2 * angle / g) - 1) / 2  # bounds E sinh^2
    assert zero(square - (sp.exp(exponent * b2**2) - 1) / 2)
    edge = (C2 / EPS) ** (1 / GAMMA)  # X
    assert same(C2 * edge**-GAMMA, EPS)
    # the sum over j > X is eps^2 times that of (X/j)^(2 gamma)
    excess = sp.symbols("excess", positive=True)  # 2 gamma - 1
    rest = next_term + 1 / excess
    assert never_negative(rest * (1 + more) - scaled_tail(1 + excess, more), more)
    constant = C2 ** (1 / GAMMA) * (outside**2 + (sp.exp(exponent * b2**2) - 1) / 8 * rest)
    total = EPS**2 * edge * (9 + square / 4 * (1 + 1 / excess))
    assert same(total / (constant * EPS ** (noise - extra / GAMMA)), ONE)


@statement(
    "eq53",
    grade="proved",
    covers="all b0^D t <= B2/eps, b0 = c eps^{1/(D+2)} <= c2^{1/2}, lambda_j <= c2 j^-gamma, gamma > 1, "
    "D > 0 a symbol, sub-Gaussian noise that need not be independent; with an explicit C",
    teeth=[
        {"noise": 1}, {"noise": 3}, {"extra": 1}, {"extra": 3}, {"layers": 1}, {"layers": 3},
        {"next_term": 0}, {"width": sp.Rational(19, 10)}, {"mixed": sp.Rational(99, 100)},
    ],
)  # fmt: skip
def test_fitted_noise_deep_always(
    noise: int = 2, extra: int = 2, layers: int = 2, next_term: int = 1, width: sp.Expr = 2 * ONE,
    mixed: sp.Expr = ONE,
) -> None:  # fmt: skip
    r"""Off the events |z| <= 3 eps g, so x of Lemma D.2 has $x / \sqrt 2 \le m g$, $m = 2^{D/2} 3 B_2$.

    The j <= X, where $c_2 X^{-\gamma} = b_0^2$, add at most $9 \epsilon^2 g^2$ each. For the others either
    $\sinh(m g) \le b_0 / \sqrt{D \lambda}$, and `bounds_of_noise` holds, or 1 is less than
    $(D \lambda / b_0^2) \sinh^2(m g)$, and $\theta^2 \le 9 \epsilon^2 g^2$ times that. Finally
    $g^2 \sinh^2(m g) \le \cosh((2m + 1) g)$.
    """
    g, b2, y, m, of_b0 = sp.symbols("g B2 y m c", positive=True)
    more = sp.symbols("more", nonnegative=True)
    beta, theta = bounds_of_noise(width)
    x = b2 / (EPS * B0**D) / FIRST_TIME.subs(Z, 3 * EPS * g)  # the largest one
    assert same(x / sp.sqrt(2), 2 ** (D / 2) * 3 * b2 * g)
    assert zero(beta - sp.sqrt(LAM) * sp.sinh(X / sp.sqrt(2)))
    assert same(theta.subs(X, sp.sqrt(2) * y), 2 ** (D / 2 - 1) * LAM * B0**D * sp.sinh(2 * y))  # y = m g
    # moments: sinh^2(2 m g), and g^2 sinh^2(m g) <= 2 cosh(g) cosh(2 m g) / 2 <= cosh((2 m + 1) g)
    assert zero(sp.sinh(y) ** 2 - (sp.cosh(2 * y) - 1) / 2)
    square = (moment(4 * m) - 1) / 2
    series = sp.series(2 * sp.cosh(g), g, 0, 4).removeO()  # all terms of cosh are positive
    assert never_negative(mixed * series - g**2, g)
    product = sp.cosh((2 * m + 1) * g) + sp.cosh((2 * m - 1) * g)
    assert zero((sp.cosh(g) * sp.cosh(2 * m * g) - product / 2).rewrite(sp.exp))
    both = moment(2 * m + 1)
    # sums over j > X: lambda_j <= b0^2 (X/j)^gamma
    edge = (C2 / B0**2) ** (1 / GAMMA)
    assert same(C2 * edge**-GAMMA, B0**2)
    excess = sp.symbols("excess", positive=True)  # gamma - 1
    first, second = next_term + 1 / excess, next_term + 1 / (1 + 2 * excess)
    assert never_negative(first * (1 + more) - scaled_tail(1 + excess, more), more)
    assert never_negative(second * (1 + more) - scaled_tail(2 + 2 * excess, more), more)
    at = {B0: of_b0 * EPS ** (1 / (D + 2))}
    grown = (theta.subs(X, sp.sqrt(2) * y) / sp.sinh(2 * y)) ** 2 * (B0**2 / LAM) ** 2  # at lambda = b0^2
    assert same(grown.subs(at), EPS**2 * 2 ** (D - 2) * of_b0 ** (2 * D + 4))
    constant = 9 + 2 ** (D - 2) * of_b0 ** (2 * D + 4) * square * second + 9 * D * both * first
    # as the book prints it
    printed = 9 + 2 ** (D - 3) * of_b0 ** (2 * D + 4) * (sp.exp(8 * m**2) - 1) * (2 + 2 * excess) / (
        1 + 2 * excess
    )
    printed += 9 * D * sp.exp((2 * m + 1) ** 2 / 2) * (1 + excess) / excess
    assert zero(constant - printed)
    total = EPS**2 * edge.subs(at) * constant
    order = EPS ** (noise - extra / ((D + layers) * GAMMA))
    assert same(total / order, (C2 / of_b0**2) ** (1 / GAMMA) * constant)


@statement(
    "theorem3-1",
    "theorem3-2",
    grade="proved",
    covers="D = 0, and D >= 1 a symbol: all B1 <= b0^D t eps <= B2, b0 = c eps^{1/(D+2)}, below an explicit "
    "eps, with an explicit constant and Psi(C eps ln(1/eps)), C = 8 (kappa gamma + 1) / B1, so as printed if "
    "B1 is that large; sub-Gaussian noise, not necessarily independent",
    teeth=[
        {"enough": sp.Rational(79, 10)}, {"missed": sp.Rational(224, 100)}, {"power": 1}, {"power": 3},
        {"events": sp.Rational(79, 10)}, {"halves": 3}, {"top": sp.Rational(101, 100)}, {"fitted": 1},
    ],
)  # fmt: skip
def test_risk_at_the_universal_time_always(
    enough: sp.Expr = 8 * ONE, missed: sp.Expr = 9 * ONE / 4, power: int = 2, events: sp.Expr = 8 * ONE,
    halves: int = 2, top: sp.Expr = ONE, fitted: int = 2,
) -> None:  # fmt: skip
    r"""The split (46)-(48), with (55) for the first term and (49), (53) for the second.

    The third one, E (theta^ - z)^2 on the events, where $|\theta^*|/2 \le |z| \le \frac32 |\theta^*|$:
    signals below $C \epsilon L$ add at most $z^2 \le \frac94 \theta^{*2}$. The others, at most Phi(eps) of
    them, have $T_{sig} \le t/2$, so that by (42) their error is at most $\frac z2 e^{-r t/2}$,
    $r t / 2 = h (z/\epsilon)^a$ with $a = (2D+2)/(D+2)$; and $w^2 e^{-2 h w^a}$ is bounded. At D = 0 the
    speed $\sqrt{\lambda^2 + 4 \theta^2}$ is at least $2 \theta \ge z$. Together, since $C L \ge 1$ and so
    $\Psi(\epsilon) \le \Psi(C \epsilon L)$: (15) with the constant
    $8 + \frac92 + 2 C_{53} + \frac12 \sup_w w^2 e^{-2 h w^a}$.
    """
    assert fitted_in_time(enough, 1 / sp.Integer(halves))
    signal, gap = sp.symbols("signal gap", nonnegative=True)
    assert never_negative(missed * (signal + gap) ** 2 - (3 * (signal + gap) / 2) ** 2, signal, gap)

    # after T_sig
    z, b1, of_b0, h, y, theta = sp.symbols("z B1 c h y theta", positive=True)
    a = (2 * D + 2) / (D + 2)
    t = b1 / EPS / B0**D
    exponent = (D ** (D / (D + 2)) / 4 * z ** ((power * D + 2) / (D + 2)) * t / 2).subs(
        B0, of_b0 * EPS ** (1 / (D + 2))
    )
    assert same(exponent, b1 * D ** (D / (D + 2)) / (8 * of_b0**D) * (z / EPS) ** a)  # h w^a
    assert never_negative((LAM**2 + 4 * theta**2) - (2 * theta) ** 2, LAM, theta)  # D = 0: h = B1 / 2, a = 1
    # with y = w^a: y^(2/a) e^(-2 h y) is largest at y = 1 / (a h)
    bump = sp.expand_log(sp.log(y ** (2 / a) * sp.exp(-2 * h * y)), force=True)
    assert sp.simplify(bump.diff(y).subs(y, top / (a * h))) == 0 and sp.simplify(bump.diff(y, 2)).is_negative

    assert same((y ** (2 / a) * sp.exp(-2 * h * y)).subs(y, 1 / (a * h)), (a * h * sp.E) ** (-2 / a))

    # the three terms, each a multiple of eps^2 Phi(eps), of the extra term, and of Psi(C eps L)
    phi, extra, psi, each, c53 = sp.symbols("phi extra psi each C53", nonnegative=True)
    risk = 2 * 4 * (phi + psi) + 2 * c53 * extra + 2 * (psi * 9 / 4 + each / 4 * phi)
    assert zero(
        risk - (8 + each / 2) * phi - 2 * c53 * extra - sp.Rational(25, 2) * psi
    )  # as the book has it
    constant = events + 2 * missed + fitted * c53 + each / 2
    assert never_negative(constant * (phi + extra + psi) - risk, phi, extra, psi, each, c53)


@statement(
    "corollary3-3",
    grade="proved",
    covers="from Theorem 3.2, (10) and (11), signals between c1 and c2 times j^{-(p+1)/2}: all p > 0, q >= 1,"
    " B > 0, D >= 0, gamma > 1 with gamma >= (p+1)/(D+2); the vanilla rate from (6)",
    teeth=[{"rate": 1}, {"rate": 3}, {"log": 1}, {"layers": 1}, {"time": 1}],
)
def test_rate_at_the_universal_time_always(
    rate: int = 2, log: int = 2, layers: int = 2, time: int = 2
) -> None:
    r"""Each of the three terms of (15) is of the claimed order, or smaller; b0^D t is of the order 1/eps."""
    depth, more, level, logarithm = sp.symbols("D more C L", positive=True)
    order = EPS ** (rate * P / (P + 1))
    assert same(EPS**2 * EPS**-RATE, order)  # eps^2 Phi(eps) by (10)
    missed = (level * EPS * logarithm) ** (2 * P / (P + 1))  # Psi(C eps L) by (10)
    assert same(missed / order, level ** (RATE * P) * logarithm ** (log * P / (P + 1)))
    # the exponent of the extra term less the claimed one, at gamma = (p + 1 + more) / (D + 2): not negative
    extra = 2 - 2 / ((depth + layers) * ((P + 1 + more) / (depth + 2)))
    assert sp.factor(extra - rate * P / (P + 1)).is_nonnegative
    t = EPS ** (-(time * depth + 2) / (depth + 2))
    assert same(EPS ** (depth / (depth + 2)) * t, 1 / EPS)
