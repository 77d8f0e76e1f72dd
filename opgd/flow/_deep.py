r"""The deep flow, $D \ge 1$: one scalar quadrature per component, inverted at the times asked for.

With $m = D$ (one shared $b$) or $m = 1$ (separate layers) the conserved quantities (31), (32) leave one
equation: $a^2 = \lambda + \beta^2$, $b^2 = b_0^2 + m \beta^2$, $\beta' = a b^D (z - \theta)$. Let
$s = \min(\lambda^{1/2}, b_0 m^{-1/2})$ and $\beta = s \sinh w$. In units of the first slope,
$\tau = t \, \lambda^{1/2} b_0^D z / s$,

.. math::

    \frac{d\tau}{dw} = G(w) = \frac{\cosh w}{A B^D (1 - \Theta)}, \qquad
    A = \frac{a}{\lambda^{1/2}}, \quad B = \frac{b}{b_0}, \quad
    \Theta = \frac{\theta}{z} = \rho \sinh w \, A B^D, \quad \rho = \frac{s \lambda^{1/2} b_0^D}{z},

so that $A^2 = 1 + \alpha^2 \sinh^2 w$ and $B^2 = 1 + \eta^2 \sinh^2 w$ with $\max(\alpha, \eta) = 1$. $G$ is
analytic in a strip around the real axis but for the pole at $w_\infty$, where $\Theta = 1$. $[0, w_\infty]$
is cut into panels, $G$ (in the last one less its pole, whose integral is a logarithm) is interpolated at
Gauss-Legendre nodes and integrated, and $\tau(w) = \tau$ is solved by Newton's method. The chapter *Deeper*
derives it.

The derivative of $\theta$ with respect to $z$ at a fixed time is a second integral along the same path: the
variational equation of $\beta' = a b^D (z - \theta)$ gives

.. math::

    \frac{\partial \theta}{\partial z} = \frac{1 - \Theta}{K} \int_0^w \frac{G}{1 - \Theta} \, dw', \qquad
    \frac1K = \rho \, (A B^D)^2 \, \frac{d \ln \Theta}{d \ln \sinh w} .

In the last panel the integrand has a double pole. As $G = K \Theta'/(1 - \Theta)$, integration by parts
leaves a simple one, $-K'/(1 - \Theta)$. The chapter *Stopping without an oracle* derives it.

Components are worked on in lanes, a block at a time, and the equations of all their times wait in two queues
(one for last panels) until there are enough for the vector unit. The first guess is the inverse at the nodes,
interpolated; the number of Newton steps is the same for all. No component and no time depends on another:
those with extreme numbers, which need logarithms, take their own way.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import Legendre, Polynomial
from numpy.typing import NDArray

from opgd._validate import Array
from opgd.flow._compile import compiled

__all__ = ["half_times", "newton_steps", "panel_length", "panel_stretch", "solve"]

NODES = 12
_x, _weights = np.polynomial.legendre.leggauss(NODES)
XI, WEIGHTS = (1 + _x) / 2, _weights / 2
REMAINING = 1 - XI
LATE_NODES = -np.log1p(-XI)
TERMS = 11
SINH = np.array([1 / math.factorial(2 * k + 1) for k in range(TERMS)])
COSH = np.array([1 / math.factorial(2 * k) for k in range(TERMS)])
EXP = np.array([1 / math.factorial(k) for k in range(14)])
LOG = np.array([2 / (2 * k + 1) for k in range(11)])
LONGEST = 1.75  # panel for which the series of sinh and cosh are good to the last digit
LINEAR = 40.0  # ln(rho) beyond which the end is reached before a or b has changed
SMALLEST, LARGEST = 1e-30, 1e17  # rho between which no stage is left out and the path is not linear
MODERATE = 1e60  # magnitudes, and their inverses, whose products stay in the range of a double
START = 17.5  # where sinh w = cosh w = e^w / 2 to the last digit
REST = 45.0  # y from which on 1 - Theta is negligible
# Values at the nodes -> Legendre coefficients -> powers of x in the average of the interpolant over [-1, x].
TO_LEGENDRE = np.array([(2 * k + 1) * Legendre.basis(k)(_x) * WEIGHTS for k in range(NODES)])
AVERAGES = np.zeros((NODES, NODES))
for _k in range(NODES):
    _integral = Legendre.basis(_k).integ(lbnd=-1).convert(kind=Polynomial)
    AVERAGES[: _k + 1, _k] = (_integral // Polynomial([1, 1])).coef
# Values at the nodes -> these powers, the integrals from 0 to the nodes, the values at 0 and 1.
INTEGRALS, VALUES, FITTED = NODES, 2 * NODES, 2 * NODES + 4
_to_nodes = XI[:, None] * np.vander(_x, NODES, increasing=True) @ AVERAGES
_to_ends = np.array([[(-1.0) ** k for k in range(NODES)], [1.0] * NODES])
FIT = np.concatenate([AVERAGES, _to_nodes, _to_ends, np.zeros((2, NODES))]) @ TO_LEGENDRE
FIT = FIT.T.ravel().copy()
# Rows of flat scratch arrays. By constant distances the compiler sees that rows do not overlap, and works on
# several elements at a time; for the same reason polynomials with such coefficients are written out.
LANES, JOBS, WIDTH = 144, 80, 16
Z, ROOT, S, RHO, ALPHA2, ETA2, RATE, END, POLE, X_END, PRODUCT, SQUARE, CHANGE, LANE_ROWS = (
    LANES * row for row in range(14)
)
TARGET, PLACE, SINH_LEFT, COSH_LEFT, LENGTH, POLES, POWERS = (JOBS * row for row in range(7))
QUEUE = POWERS + JOBS * NODES
SINH_STEP, COSH_STEP, G, X, B2, WEIGHED, KNOTS, SPEEDS, FITS = (WIDTH * row for row in range(9))
SCRATCH = FITS + FITTED
FOUND_X, FOUND_W, FOUND_Y, FOUND_SLOPE, MISSING, STIFFNESS, FOUND = range(7)
TILE = 2**15  # components times times worked on at a time
MAGIC = 1.5 * 2.0**52  # added to a number, it leaves the nearest integer in the lowest bits
LOG2_E, LN2_HIGH, LN2_LOW = 1 / math.log(2), 0.6931471803691238, 1.9082149292705877e-10
ONE, ROOT_HALF = 1023 << 52, int(np.float64(math.sqrt(0.5)).view(np.int64))  # bits
contracted = compiled("contract")
inlined = compiled("contract", inline=True)
# sums in any order, for speed; elsewhere an order can matter (two factors, each within range)
reordered = compiled("contract", "reassoc", inline=True)


def panel_length(depth: int, tolerance: float) -> float:
    r"""Return the length of a panel for which interpolation at the nodes is accurate to `tolerance`.

    The nearest singularities of $G$ off the real axis lie at distance $\pi/2$ ($A$ or $B$ vanish) or
    $2 \pi / (D + 2)$ ($\Theta = 1$); the error falls like $\varrho^{-n}$ where $\varrho$ is the sum of the
    half-axes of the ellipse through them.
    """
    distance = min(math.pi / 2, 2 * math.pi / (depth + 2))
    ellipse = (0.3 / min(tolerance, 1e-7)) ** (1 / NODES)
    return float(min(LONGEST, 4 * distance / (ellipse - 1 / ellipse)))


def panel_stretch(tolerance: float) -> float:
    """Return how many times as long as the others the last panel is: its pole is near the others, too."""
    return 2.0 if tolerance < 1e-8 else 1.0


def newton_steps(tolerance: float) -> int:
    """Return how many steps of Newton's method bring the first guess, good to 1e-2, within `tolerance`."""
    return 3 if tolerance < 1e-8 else 2


@contracted
def solve(
    z: Array,
    log_lam: Array,
    times: Array,
    rows: NDArray[np.intp],
    depth: int,
    m: float,
    b0: float,
    length: float,
    stretch: float,
    steps: int,
    column: int,
    theta: Array,
    a: Array,
    b: Array,
    beta: Array,
    slope: Array,
) -> None:
    """Write theta, unless they are empty a, b and beta, and d theta / dz, from `column` of the results on.

    `z`, `log_lam` = ln(lambda) and the increasing `times` are 1-d; each time has its row of the results.
    `m` is the factor of beta^2 in b^2, `steps` are those of Newton's method.
    """
    count, slopes = times.size, slope.size > 0
    width = max(1, min(LANES, TILE // max(count, 1)))
    tile, lane, ordinary = np.zeros(width * count), np.empty(LANE_ROWS), np.empty(LANES, np.bool_)
    scratch, slot = np.zeros(SCRATCH), np.zeros(2 * JOBS, np.int64)
    queue, queue_last = np.ones(QUEUE), np.ones(QUEUE)
    found = np.empty((FOUND, count))
    for begin in range(0, z.size, width):
        lanes = min(width, z.size - begin)
        _normal_forms(z, log_lam, begin, lanes, depth, m, b0, lane, ordinary)
        if not slopes:
            _walk(
                times, lane, ordinary, 0, lanes, False, False, depth, length, stretch, steps, 0.0, 1.0,
                tile, found, scratch, queue, queue_last, slot,
            )  # fmt: skip
            _finish(tile, lanes, times, rows, lane, ordinary, depth, b0, column + begin, theta, a, b, beta)
        for j in range(lanes):
            if slopes or not ordinary[j]:
                _solve_alone(
                    z[begin + j], log_lam[begin + j], times, rows, depth, m, b0, length, stretch, steps,
                    j, column + begin + j, theta, a, b, beta, slope, lane, found, scratch,
                    queue, queue_last, slot,
                )  # fmt: skip


@contracted
def _normal_forms(
    z: Array,
    log_lam: Array,
    begin: int,
    lanes: int,
    depth: int,
    m: float,
    b0: float,
    lane: Array,
    ordinary: NDArray[np.bool_],
) -> None:
    """Write the rows of `lane`, and which lanes are `ordinary`: free of extreme numbers and zeros."""
    scale, power, odd = b0 / math.sqrt(m), b0**depth, depth % 2 == 1
    moderate = max(b0, 1 / b0) < MODERATE and power < MODERATE and power > 1 / MODERATE
    padded = _padded(lanes)
    for j in range(padded):
        lane[Z + j], lane[ROOT + j] = 1.0, 0.0
    for j in range(lanes):
        lane[Z + j], lane[ROOT + j] = z[begin + j], min(max(0.5 * log_lam[begin + j], -400.0), 400.0)
    for j in range(padded):
        size, root = max(abs(lane[Z + j]), 1 / MODERATE), _exp(lane[ROOT + j])
        s = min(root, scale)
        rho = s * root * (power / size)
        inside = (rho > SMALLEST) & (rho < LARGEST) & (size < MODERATE) & (size > 1 / MODERATE)
        inside = inside & (root < MODERATE) & (root > 1 / MODERATE) & moderate
        lane[ROOT + j] = root if inside else scale
        lane[S + j] = s if inside else scale
        lane[RHO + j] = rho if inside else 1.0
        lane[RATE + j] = root / s * power * size if inside else 0.0
        lane[CHANGE + j], lane[POLE + j] = 1.0, 1.0
    for j in range(lanes):
        ordinary[j] = lane[RATE + j] > 0
    for j in range(padded):
        alpha, eta = lane[S + j] / lane[ROOT + j], lane[S + j] / scale
        lane[ALPHA2 + j], lane[ETA2 + j] = alpha * alpha, eta * eta
        log_rho, log_alpha, log_eta = _log(lane[RHO + j]), _log(alpha), _log(eta)
        log_x = min(-log_rho, -0.5 * (log_rho + log_alpha))
        log_x = min(log_x, -(log_rho + depth * log_eta) / (depth + 1))
        log_x = min(log_x, -(log_rho + log_alpha + depth * log_eta) / (depth + 2))
        lane[X_END + j] = _exp(log_x)
    moving = True
    while moving:  # as in _equilibrium
        for j in range(padded):
            x2 = lane[X_END + j] * lane[X_END + j]
            a2, b2 = 1 + lane[ALPHA2 + j] * x2, 1 + lane[ETA2 + j] * x2
            lane[PRODUCT + j] = lane[RHO + j] * lane[X_END + j] * math.sqrt(a2 * b2 if odd else a2)
            lane[SQUARE + j] = b2
        for _ in range(depth // 2):
            for j in range(padded):
                lane[PRODUCT + j] *= lane[SQUARE + j]
        for j in range(padded):
            x, share = lane[X_END + j], min(lane[PRODUCT + j], 1e300)
            a2, b2 = lane[ALPHA2 + j] * x * x, lane[ETA2 + j] * x * x
            elasticity = 1 + a2 / (1 + a2) + depth * (b2 / (1 + b2))
            change = 2 * (share - 1) / ((share + 1) * elasticity)
            settled = abs(lane[CHANGE + j]) < 1e-12  # before: what others need must not show
            change = 0.0 if settled else change
            x -= x * change
            lane[CHANGE + j], lane[X_END + j] = change, x
            lane[POLE + j] = lane[POLE + j] if settled else lane[RHO + j] * x * x / elasticity
        moving = False
        for j in range(padded):
            moving |= abs(lane[CHANGE + j]) >= 1e-12
    for j in range(padded):
        x = lane[X_END + j]
        lane[END + j] = _log1p(x + x * x / (1 + math.sqrt(1 + x * x)))


@contracted
def _finish(
    tile: Array,
    lanes: int,
    times: Array,
    rows: NDArray[np.intp],
    lane: Array,
    ordinary: NDArray[np.bool_],
    depth: int,
    b0: float,
    column: int,
    theta: Array,
    a: Array,
    b: Array,
    beta: Array,
) -> None:
    """Write the layers of all ordinary lanes from their x = sinh w, and nonsense for others."""
    odd, state, padded = depth % 2 == 1, a.size > 0, _padded(lanes)
    for j in range(padded):
        lane[X_END + j] = 0.0
    for i in range(times.size):
        row, first = rows[i], i * lanes
        for j in range(lanes):
            lane[X_END + j] = tile[first + j] if ordinary[j] else 0.0
        for j in range(padded):
            x = lane[X_END + j]
            a2, b2 = 1 + lane[ALPHA2 + j] * (x * x), 1 + lane[ETA2 + j] * (x * x)
            lane[PRODUCT + j] = lane[RHO + j] * x * math.sqrt(a2 * b2 if odd else a2)
            lane[SQUARE + j] = b2
            if state:
                lane[POLE + j], lane[END + j] = lane[ROOT + j] * math.sqrt(a2), b0 * math.sqrt(b2)
        for _ in range(depth // 2):
            for j in range(padded):
                lane[PRODUCT + j] *= lane[SQUARE + j]
        if times[i] < math.inf:
            for j in range(lanes):
                theta[row, column + j] = lane[Z + j] * min(lane[PRODUCT + j], 1.0)
        else:
            for j in range(lanes):
                theta[row, column + j] = lane[Z + j]
        if state:
            for j in range(lanes):
                a[row, column + j], b[row, column + j] = lane[POLE + j], lane[END + j]
                beta[row, column + j] = math.copysign(lane[S + j] * lane[X_END + j], lane[Z + j])


@contracted
def _solve_alone(
    z: float,
    log_lam: float,
    times: Array,
    rows: NDArray[np.intp],
    depth: int,
    m: float,
    b0: float,
    length: float,
    stretch: float,
    steps: int,
    j: int,
    column: int,
    theta: Array,
    a: Array,
    b: Array,
    beta: Array,
    slope: Array,
    lane: Array,
    found: Array,
    scratch: Array,
    queue: Array,
    queue_last: Array,
    slot: NDArray[np.int64],
) -> None:
    """Do as `solve` for one component, by logarithms; j is its lane."""
    count, state, slopes = times.size, a.size > 0, slope.size > 0
    size, log_root, log_b0 = abs(z), 0.5 * log_lam, math.log(b0)  # log_root: ln sqrt(lambda)
    root = math.exp(log_root)
    if size == 0 or log_root == -math.inf:
        for i in range(count):
            theta[rows[i], column] = 0
            if state:
                a[rows[i], column], b[rows[i], column], beta[rows[i], column] = root, b0, 0
            if slopes:
                rate = math.exp(log_root + depth * log_b0)
                slope[rows[i], column] = -math.expm1(-times[i] * rate * rate) if rate > 0 else 0.0
        return
    log_z, first_power = math.log(size), b0**depth
    log_s, log_rate, log_rho, log_alpha, log_eta, skip, gap_b, from_b, gap_ab, from_ab = _normal_form(
        log_z, log_root, depth, m, log_b0
    )
    if log_rho > LINEAR:
        rate = math.exp(0.5 * (log_rate + log_rho))
        for i in range(count):
            share = -math.expm1(-times[i] * rate * rate)
            theta[rows[i], column] = z * share
            if state:
                a[rows[i], column], b[rows[i], column] = root, b0
                beta[rows[i], column] = math.copysign(math.exp(log_s - log_rho) * share, z)
            if slopes:
                slope[rows[i], column] = share
        return
    rate, rest = root / math.exp(log_s) * first_power * size, 1.0  # more exact than logarithms
    if not (1e-290 < rate < 1e290 and 1e-290 < first_power < 1e290):
        rate = rest = math.exp(0.5 * log_rate)
    careful = skip > 0 or gap_b > 0 or gap_ab > 0
    x_end, elasticity = _equilibrium(log_rho, log_alpha, log_eta, depth)
    rho, alpha2, eta2 = math.exp(log_rho), math.exp(2 * log_alpha), math.exp(2 * log_eta)
    lane[RHO + j], lane[ALPHA2 + j], lane[ETA2 + j], lane[RATE + j] = rho, alpha2, eta2, rate
    lane[X_END + j], lane[END + j], lane[POLE + j] = (
        x_end,
        math.asinh(x_end),
        rho * x_end * x_end / elasticity,
    )
    nobody = np.zeros(j + 1, np.bool_)
    _walk(
        times, lane, nobody, j, j + 1, True, slopes, depth, length, stretch, steps, skip, rest,
        found[FOUND_X], found, scratch, queue, queue_last, slot,
    )  # fmt: skip
    for i in range(count):
        row, tau, x, w = rows[i], times[i] * rate * rest, found[FOUND_X, i], found[FOUND_W, i]
        short = w - skip
        if slopes:
            slope[row, column] = found[FOUND_SLOPE, i]
            if skip > 0 and tau <= skip + START:  # one of the layers grows like e^w, the other not yet
                log_cosh = tau + math.log(0.5 + 0.5 * math.exp(-2 * tau))
                log_slope = log_rho - 2 * skip + 2 * log_cosh + math.log(1 + math.tanh(tau) ** 2)
                slope[row, column] = tau * math.exp(log_slope)
            elif careful:  # b, or a and b, have grown meanwhile, and K has fallen; the time passed before
                fall = (depth - 1) * gap_b * (short > from_b) + depth * gap_ab * (short > from_ab)
                waited = found[MISSING, i] * min(tau, 1e300)
                slope[row, column] += waited * found[STIFFNESS, i] * math.expm1(min(fall, 300.0))
        if careful and w == 0:
            theta[row, column] = 0
            if state:
                a[row, column], b[row, column], beta[row, column] = root, b0, 0
            continue
        if careful:
            w += gap_b * (short > from_b) + gap_ab * (short > from_ab)
            log_beta = log_s + w + math.log(-0.5 * math.expm1(-2 * w))
            log_a = log_root + _log_hypot(log_beta - log_root)
            log_b = log_b0 + _log_hypot(log_beta - log_b0 + 0.5 * math.log(m))
            size_now = math.exp(min(log_beta + log_a + depth * log_b, log_z))
            if state:
                a[row, column], b[row, column] = math.exp(log_a), math.exp(log_b)
                beta[row, column] = math.copysign(math.exp(log_beta), z)
        else:
            grown_a, grown_b = math.sqrt(1 + alpha2 * x * x), math.sqrt(1 + eta2 * x * x)
            share = rho * x * grown_a
            for _ in range(depth):
                share *= grown_b
            size_now = size * min(share, 1.0)
            if state:
                a[row, column], b[row, column] = root * grown_a, b0 * grown_b
                beta[row, column] = math.copysign(math.exp(log_s) * x, z)
        theta[row, column] = math.copysign(size_now, z) if times[i] < math.inf else z


@contracted
def half_times(
    z: Array, log_lam: Array, depth: int, m: float, b0: float, length: float, half: Array, steepness: Array
) -> None:
    """Write when theta = z / 2, and d ln(theta) / d ln(t) there; all arrays are 1-d, z > 0."""
    scratch = np.zeros(SCRATCH)
    for j in range(z.size):
        _, log_rate, log_rho, log_alpha, log_eta, skip, _, _, _, _ = _normal_form(
            math.log(z[j]), 0.5 * log_lam[j], depth, m, math.log(b0)
        )
        if log_rho > LINEAR:
            half[j], steepness[j] = math.log(2) * math.exp(-log_rate - log_rho), math.log(2)
            continue
        rho, alpha2, eta2 = math.exp(log_rho), math.exp(2 * log_alpha), math.exp(2 * log_eta)
        x, elasticity = _equilibrium(log_rho, log_alpha, log_eta, depth)
        end, pole = math.asinh(x), rho * x * x / elasticity
        x, elasticity = _equilibrium(log_rho + math.log(2), log_alpha, log_eta, depth)
        w, start = math.asinh(x), START if skip > 0 else 0.0
        panels = max(1, math.ceil((w - start) / length))
        h = (w - start) / panels
        _steps(h, scratch)
        tau = skip + start + pole * math.log((end - start) / (end - w))
        for panel in range(panels):
            left = start + panel * h
            tau += h * _slopes(math.sinh(left), math.cosh(left), rho, alpha2, eta2, depth, scratch)
            for k in range(NODES):
                tau -= h * WEIGHTS[k] * (pole / (end - left - h * XI[k]))
        half[j] = tau * math.exp(-log_rate)
        steepness[j] = tau * elasticity / (4 * rho * x * x)  # G = 4 rho x cosh w there


@contracted
def _normal_form(
    log_z: float, log_root: float, depth: int, m: float, log_b0: float
) -> tuple[float, float, float, float, float, float, float, float, float, float]:
    """Return ln s, ln(tau / t), ln rho, ln alpha, ln eta, and the stages left out.

    Very long stages without structure are left out, lest powers leave the range of a double: `skip` at the
    start, where w = tau; `gap_b` and `gap_ab`, from `from_b` and `from_ab` on, where b grows, or a and b grow
    by powers, in next to no time.
    """
    log_scale_b = log_b0 - 0.5 * math.log(m)
    log_s = min(log_root, log_scale_b)
    log_alpha, log_eta = log_s - log_root, log_s - log_scale_b
    log_rho = log_s + log_root + depth * log_b0 - log_z
    log_rate = log_root + depth * log_b0 + log_z - log_s
    skip, gap_b = 0.0, 0.0
    if log_alpha == 0 or depth == 1:
        skip = max(0.0, min(-log_alpha - log_eta, -0.5 * log_rho) - 2 * START)
        log_rho += 2 * skip
        if log_alpha == 0:
            log_eta += skip
        else:
            log_alpha += skip
    margin = min(START, 330 / (2 * depth + 3))  # large depths: sinh w to the power D must not overflow
    from_b = max(margin, 2 * START / max(depth - 1, 1))
    if log_alpha < 0 and depth > 1:
        gap_b = max(0.0, min(-log_alpha, -log_rho / (depth + 1)) - from_b - margin)
        log_rho += (depth + 1) * gap_b
        log_alpha += gap_b
    from_ab = max(margin, 2 * START / depth) - min(log_alpha, log_eta)
    gap_ab = max(0.0, -(log_rho + log_alpha + depth * log_eta) / (depth + 2) - from_ab - margin)
    log_rho += (depth + 2) * gap_ab
    return log_s, log_rate, log_rho, log_alpha, log_eta, skip, gap_b, from_b, gap_ab, from_ab


@contracted
def _log_hypot(log_x: float) -> float:
    """Return ln sqrt(1 + x^2)."""
    return log_x if log_x > START else 0.5 * math.log1p(math.exp(2 * log_x))


@contracted
def _equilibrium(log_rho: float, log_alpha: float, log_eta: float, depth: int) -> tuple[float, float]:
    """Return x = sinh w where Theta = 1, and the elasticity d ln(Theta) / d ln(x) there.

    Newton's method in logarithms, with ln y ~ 2 (y - 1) / (y + 1), from the least of the four asymptotes.
    """
    rho, alpha2, eta2 = math.exp(log_rho), math.exp(2 * log_alpha), math.exp(2 * log_eta)
    log_x = min(-log_rho, -(log_rho + log_alpha) / 2)
    log_x = min(log_x, -(log_rho + depth * log_eta) / (depth + 1))
    log_x = min(log_x, -(log_rho + log_alpha + depth * log_eta) / (depth + 2))
    x, elasticity = math.exp(log_x), 1.0
    for _ in range(50 + depth):  # far above 1, a step divides Theta by e^2 at most
        a2, b2 = alpha2 * x * x, eta2 * x * x
        share, root_b = rho * x * math.sqrt(1 + a2), math.sqrt(1 + b2)
        for _ in range(depth):
            share *= root_b
        share = min(share, 1e300)  # with inf, change would be NaN
        elasticity = 1 + a2 / (1 + a2) + depth * (b2 / (1 + b2))
        change = 2 * (share - 1) / ((share + 1) * elasticity)
        x -= x * change
        if abs(change) < 1e-12:
            break
    return x, elasticity


@inlined
def _sinh_cosh(x: float) -> tuple[float, float]:
    """Return sinh and cosh of x in [0, LONGEST] by their series, for loops without branches."""
    x2, odd, even = x * x, 0.0, 0.0
    for term in range(TERMS - 1, -1, -1):
        odd = odd * x2 + SINH[term]
        even = even * x2 + COSH[term]
    return odd * x, even


@inlined
def _exp_parts(x: float) -> tuple[float, float]:
    """Return 2^k and e^x / 2^k - 1, small, for |x| < 700."""
    shifted = x * LOG2_E + MAGIC
    k = shifted - MAGIC
    r = x - k * LN2_HIGH - k * LN2_LOW
    total = 0.0
    for term in range(13, 0, -1):
        total = total * r + EXP[term]
    return np.int64((np.float64(shifted).view(np.int64) << 52) + ONE).view(np.float64), total * r


@inlined
def _expm1(x: float) -> float:
    """Return e^x - 1, for loops without calls."""
    power, rest = _exp_parts(x)
    return power * rest + (power - 1)


@inlined
def _exp(x: float) -> float:
    """Return e^x, for loops without calls."""
    power, rest = _exp_parts(x)
    return power + power * rest


@inlined
def _log(x: float) -> float:
    """Return ln(x) of a positive normal number, for loops without calls."""
    bits = np.float64(x).view(np.int64)
    k = (bits - ROOT_HALF) >> 52
    r = np.int64(bits - (k << 52)).view(np.float64)
    r = (r - 1) / (r + 1)
    total = 0.0
    for term in range(10, -1, -1):
        total = total * (r * r) + LOG[term]
    return total * r + k * LN2_LOW + k * LN2_HIGH


@inlined
def _log1p(x: float) -> float:
    """Return ln(1 + x) for x >= 0, for loops without calls."""
    return _log(1 + x) + (x - ((1 + x) - 1)) / (1 + x)


@inlined
def _steps(h: float, scratch: Array) -> None:
    """Write sinh and cosh of the distances of the nodes of a panel from its left end."""
    for k in range(NODES):
        scratch[SINH_STEP + k], scratch[COSH_STEP + k] = _sinh_cosh(h * XI[k])


@reordered
def _slopes(
    sinh: float, cosh: float, rho: float, alpha2: float, eta2: float, depth: int, scratch: Array
) -> float:
    """Write G and x = sinh w at the nodes of a panel, given sinh and cosh at its left; return G's mean."""
    odd = depth % 2 == 1
    for k in range(NODES):
        x = sinh * scratch[COSH_STEP + k] + cosh * scratch[SINH_STEP + k]
        a2, b2 = 1 + alpha2 * x * x, 1 + eta2 * x * x
        scratch[X + k], scratch[B2 + k] = x, b2
        scratch[G + k] = math.sqrt(a2 * b2 if odd else a2)
    for _ in range(depth // 2):
        for k in range(NODES):
            scratch[G + k] *= scratch[B2 + k]
    mean = 0.0
    for k in range(NODES):  # row G holds A B^D
        scratch[G + k] = (cosh * scratch[COSH_STEP + k] + sinh * scratch[SINH_STEP + k]) / (
            scratch[G + k] * (1 - rho * scratch[X + k] * scratch[G + k])
        )
        mean += WEIGHTS[k] * scratch[G + k]
    return mean


@contracted
def _walk(
    times: Array,
    lane: Array,
    ordinary: NDArray[np.bool_],
    first_lane: int,
    last_lane: int,
    alone: bool,
    slopes: bool,
    depth: int,
    length: float,
    stretch: float,
    steps: int,
    skip: float,
    rest: float,
    tile: Array,
    found: Array,
    scratch: Array,
    queue: Array,
    queue_last: Array,
    slot: NDArray[np.int64],
) -> None:
    """Write x = sinh w of some lanes into `tile`: panel by panel until the last time is reached.

    Of one lane `alone` write also w and, if `slopes`, y, d theta / dz, 1 - Theta and 1 / K into `found`; with
    a stage to skip, w is right and the others stand for the shortened path.
    """
    count, pitch = times.size, last_lane - first_lane
    waiting, waiting_last = 0, 0  # for the solution in two queues
    for j in range(first_lane, last_lane):
        if ordinary[j] == alone:
            continue
        rho, alpha2, eta2 = lane[RHO + j], lane[ALPHA2 + j], lane[ETA2 + j]
        end, pole, rate = lane[END + j], lane[POLE + j], lane[RATE + j]
        first, here = 0, j - first_lane
        start = START if skip > 0 else 0.0
        done = skip + start  # the time at the left end of a panel
        weighted = done  # the integral of G / (1 - Theta)
        while skip > 0 and first < count and times[first] * rate * rest <= done:
            found[FOUND_W, first] = times[first] * rate * rest
            first += 1
        panels = max(2 if slopes else 1, math.ceil(stretch * (end - start) / length - stretch + 1))
        base = (end - start) / (panels - 1 + stretch)  # the last panel is longer: its pole is near the others
        h = base if panels > 1 else end - start
        _steps(h, scratch)
        sinh_h, cosh_h = _sinh_cosh(h)
        sinh, cosh = (math.sinh(start), math.cosh(start)) if skip > 0 else (0.0, 1.0)
        for panel in range(panels):
            if first == count:
                break
            last = panel == panels - 1
            if last and panel > 0 and stretch > 1:
                h = stretch * base
                _steps(h, scratch)
            gain = h * _slopes(sinh, cosh, rho, alpha2, eta2, depth, scratch)
            weighted_gain = 0.0
            if slopes:
                weighted_gain = h * _weigh(sinh, cosh, last, rho, alpha2, eta2, depth, scratch)
            stop = first
            if last:
                gain = 0.0
                for k in range(NODES):
                    scratch[G + k] -= pole / (h * REMAINING[k])
                    gain += h * WEIGHTS[k] * scratch[G + k]
            limit = gain + REST * pole if last else gain
            if stop < count and times[stop] * rate * rest - done < limit:
                _knots(h, gain, pole, last, scratch)
            knot, c0, c1, c2, c3, since = -1, 0.0, 0.0, 0.0, 0.0, 0.0
            while stop < count:
                target = times[stop] * rate * rest - done
                if not target < limit:
                    break
                if knot < 0 or target > scratch[KNOTS + knot + 1]:
                    knot = max(knot, 0)
                    while target > scratch[KNOTS + knot + 1]:
                        knot += 1
                    since, c0, c1, c2, c3 = _guess(knot, last, scratch)
                u = target - since
                place = c0 + u * (c1 + u * (c2 + u * c3))
                if last:
                    if knot == NODES:
                        place = max(c0, (target - gain) / pole)  # between two bounds
                    _wait(queue_last, waiting_last, place, target / h, sinh, cosh, h, pole / h, scratch)
                    slot[JOBS + waiting_last] = stop * pitch + here
                    waiting_last += 1
                else:
                    _wait(queue, waiting, place, target / h, sinh, cosh, h, 0.0, scratch)
                    slot[waiting] = stop * pitch + here
                    waiting += 1
                stop += 1
                if waiting == JOBS or waiting_last == JOBS:
                    _settle(queue, queue_last, slot, waiting, waiting_last, steps, alone, tile, found)
                    waiting, waiting_last = 0, 0
            if alone:
                _settle(queue, queue_last, slot, waiting, waiting_last, steps, alone, tile, found)
                waiting, waiting_last = 0, 0
                for i in range(first, stop):
                    found[FOUND_W, i] += start + panel * base + skip
            if slopes and stop > first:
                _sensitivities(
                    first, stop, start + panel * base, h, last, weighted, skip, rho, alpha2, eta2, depth,
                    found, scratch,
                )  # fmt: skip
            if last:  # at rest
                for i in range(stop, count):
                    tile[i * pitch + here] = lane[X_END + j]
                    if alone:
                        found[FOUND_W, i] = end + skip
                        found[FOUND_SLOPE, i], found[MISSING, i], found[STIFFNESS, i] = 1.0, 0.0, 0.0
            first = stop
            done += gain
            weighted += weighted_gain
            sinh, cosh = sinh * cosh_h + cosh * sinh_h, cosh * cosh_h + sinh * sinh_h
    _settle(queue, queue_last, slot, waiting, waiting_last, steps, alone, tile, found)


@inlined
def _fit(scratch: Array, row: int) -> None:
    """Write powers, integrals and values (see FIT) of the interpolant of a row of scratch."""
    for k in range(FITTED):
        total = FIT[k] * scratch[row] + FIT[FITTED + k] * scratch[row + 1]
        total += FIT[2 * FITTED + k] * scratch[row + 2] + FIT[3 * FITTED + k] * scratch[row + 3]
        total += FIT[4 * FITTED + k] * scratch[row + 4] + FIT[5 * FITTED + k] * scratch[row + 5]
        total += FIT[6 * FITTED + k] * scratch[row + 6] + FIT[7 * FITTED + k] * scratch[row + 7]
        total += FIT[8 * FITTED + k] * scratch[row + 8] + FIT[9 * FITTED + k] * scratch[row + 9]
        total += FIT[10 * FITTED + k] * scratch[row + 10] + FIT[11 * FITTED + k] * scratch[row + 11]
        scratch[FITS + k] = total


@inlined
def _knots(h: float, gain: float, pole: float, last: bool, scratch: Array) -> None:
    """Fit G; write the times when the nodes (and the ends) are reached, and the speeds d xi / d tau there.

    In the last panel, where G is without its pole, the speeds are d y / d tau.
    """
    _fit(scratch, G)
    scratch[KNOTS], scratch[KNOTS + NODES + 1] = 0.0, math.inf if last else gain
    first, final = scratch[FITS + VALUES], scratch[FITS + VALUES + 1]
    if last:
        for k in range(NODES):
            scratch[KNOTS + 1 + k] = h * scratch[FITS + INTEGRALS + k] + pole * LATE_NODES[k]
            scratch[SPEEDS + 1 + k] = 1 / (h * scratch[G + k] * REMAINING[k] + pole)
        scratch[SPEEDS] = 1 / (h * first + pole)
    else:
        for k in range(NODES):
            scratch[KNOTS + 1 + k] = h * scratch[FITS + INTEGRALS + k]
            scratch[SPEEDS + 1 + k] = 1 / (h * scratch[G + k])
        scratch[SPEEDS], scratch[SPEEDS + NODES + 1] = 1 / (h * first), 1 / (h * final)


@inlined
def _guess(knot: int, last: bool, scratch: Array) -> tuple[float, float, float, float, float]:
    """Return a time, and xi, in the last panel y, as a cubic polynomial of the time since then."""
    if last:
        left, right = LATE_NODES[knot - 1] if knot > 0 else 0.0, LATE_NODES[min(knot, NODES - 1)]
    else:
        left, right = XI[knot - 1] if knot > 0 else 0.0, XI[knot] if knot < NODES else 1.0
    span, step = scratch[KNOTS + knot + 1] - scratch[KNOTS + knot], right - left
    first, final, inverse = scratch[SPEEDS + knot], scratch[SPEEDS + knot + 1], 1 / span
    mean = step * inverse
    second = (3 * mean - 2 * first - final) * inverse
    return scratch[KNOTS + knot], left, first, second, (first + final - 2 * mean) * inverse * inverse


@inlined
def _wait(
    queue: Array,
    job: int,
    place: float,
    target: float,
    sinh: float,
    cosh: float,
    h: float,
    pole: float,
    scratch: Array,
) -> None:
    """Put a job into its queue."""
    queue[PLACE + job], queue[TARGET + job], queue[LENGTH + job], queue[POLES + job] = place, target, h, pole
    queue[SINH_LEFT + job], queue[COSH_LEFT + job] = sinh, cosh
    for k in range(NODES):
        queue[POWERS + JOBS * k + job] = scratch[FITS + k]


@inlined
def _average(queue: Array, i: int, x: float) -> tuple[float, float]:
    """Return the average of the interpolant of job i over [-1, x], and its value at x."""
    i += POWERS
    value, slope = queue[i + 11 * JOBS] * x + queue[i + 10 * JOBS], queue[i + 11 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 9 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 8 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 7 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 6 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 5 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 4 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 3 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + 2 * JOBS]
    slope, value = slope * x + value, value * x + queue[i + JOBS]
    slope, value = slope * x + value, value * x + queue[i]
    return value, value + (1 + x) * slope


@inlined
def _padded(count: int) -> int:
    """Return the next multiple of 16: all elements go the vector's way, whose last digits may differ."""
    return (count + 15) & ~15


@contracted
def _settle(
    queue: Array,
    queue_last: Array,
    slot: NDArray[np.int64],
    waiting: int,
    waiting_last: int,
    steps: int,
    alone: bool,
    tile: Array,
    found: Array,
) -> None:
    """Solve for the places of all jobs that wait, by Newton's method; write x = sinh w into `tile`.

    Of one component `alone` write also w, from the left end of the panel on, and y into `found`.
    """
    jobs, jobs_last = _padded(waiting), _padded(waiting_last)
    for _ in range(steps):
        for i in range(jobs):  # xi average(xi) = target / h
            xi = queue[PLACE + i]
            average, slope = _average(queue, i, 2 * xi - 1)
            queue[PLACE + i] = xi + (queue[TARGET + i] - xi * average) / slope
    for i in range(jobs):
        queue[TARGET + i] = queue[LENGTH + i] * max(queue[PLACE + i], 0.0)
    for _ in range(steps):
        for i in range(jobs_last):  # xi average(xi) + pole / h y = target / h, where xi = 1 - e^-y
            y = queue_last[PLACE + i]
            xi = -_expm1(-y)
            average, slope = _average(queue_last, i, 2 * xi - 1)
            change = queue_last[TARGET + i] - xi * average - queue_last[POLES + i] * y
            queue_last[PLACE + i] = y + change / (slope * (1 - xi) + queue_last[POLES + i])
    for i in range(jobs_last):
        y = max(queue_last[PLACE + i], 0.0)
        queue_last[PLACE + i], queue_last[TARGET + i] = y, queue_last[LENGTH + i] * -_expm1(-y)
    _advance(queue, jobs)
    _advance(queue_last, jobs_last)
    for i in range(waiting):
        tile[slot[i]] = queue[SINH_LEFT + i]
        if alone:
            found[FOUND_W, slot[i]], found[FOUND_Y, slot[i]] = queue[TARGET + i], queue[PLACE + i]
    for i in range(waiting_last):
        place = slot[JOBS + i]
        tile[place] = queue_last[SINH_LEFT + i]
        if alone:
            found[FOUND_W, place], found[FOUND_Y, place] = queue_last[TARGET + i], queue_last[PLACE + i]


@inlined
def _advance(queue: Array, jobs: int) -> None:
    """Write sinh w into row SINH_LEFT; row TARGET is w from the left end of the panel on."""
    for i in range(jobs):
        odd, even = _sinh_cosh(queue[TARGET + i])
        queue[SINH_LEFT + i] = queue[SINH_LEFT + i] * even + queue[COSH_LEFT + i] * odd


@contracted
def _layers(
    x: float, rho: float, alpha2: float, eta2: float, depth: int
) -> tuple[float, float, float, float]:
    """Return Theta, 1 / K, and the first two derivatives of ln(Theta) with respect to ln(x) at x = sinh w."""
    a2, b2 = alpha2 * x * x, eta2 * x * x
    learned, root_b = math.sqrt(1 + a2), math.sqrt(1 + b2)
    for _ in range(depth):
        learned *= root_b
    a_share, b_share = a2 / (1 + a2), b2 / (1 + b2)
    elasticity = 1 + a_share + depth * b_share
    bend = 2 * (a_share / (1 + a2) + depth * b_share / (1 + b2))
    return rho * x * learned, rho * learned * learned * elasticity, elasticity, bend


@contracted
def _weigh(
    sinh: float, cosh: float, last: bool, rho: float, alpha2: float, eta2: float, depth: int, scratch: Array
) -> float:
    """Write G / (1 - Theta), in the last panel -K' / (1 - Theta), at the nodes; return its mean."""
    mean = 0.0
    for k in range(NODES):
        theta, stiffness, elasticity, bend = _layers(scratch[X + k], rho, alpha2, eta2, depth)
        weighted = scratch[G + k]
        if last:
            coth = (cosh * scratch[COSH_STEP + k] + sinh * scratch[SINH_STEP + k]) / scratch[X + k]
            weighted = (2 * (elasticity - 1) + bend / elasticity) * coth / stiffness
        scratch[WEIGHED + k] = weighted / (1 - theta)
        mean += WEIGHTS[k] * scratch[WEIGHED + k]
    return mean


@contracted
def _sensitivities(
    first: int,
    stop: int,
    left: float,
    h: float,
    last: bool,
    weighted: float,
    skip: float,
    rho: float,
    alpha2: float,
    eta2: float,
    depth: int,
    found: Array,
    scratch: Array,
) -> None:
    """Write d theta / dz, 1 - Theta and 1 / K on a panel; in the last one w = end - h e^-y."""
    end, pole, coth, elasticity, bend = left + h, 0.0, 0.0, 0.0, 0.0
    if last:
        x_end, x_left = math.sinh(end), math.sinh(left)
        coth = math.cosh(end) / x_end
        _, end_stiffness, elasticity, bend = _layers(x_end, rho, alpha2, eta2, depth)
        pole = (2 * (elasticity - 1) + bend / elasticity) / (end_stiffness * elasticity)
        for k in range(NODES):
            scratch[WEIGHED + k] -= pole / (h * REMAINING[k])
        theta, left_stiffness, _, _ = _layers(x_left, rho, alpha2, eta2, depth)
        weighted -= 1 / (left_stiffness * (1 - theta))
    _fit(scratch, WEIGHED)
    for i in range(first, stop):
        done = (found[FOUND_W, i] - skip - left) / h
        theta, found[STIFFNESS, i], _, _ = _layers(found[FOUND_X, i], rho, alpha2, eta2, depth)
        missing, average = 1 - theta, 0.0
        for k in range(NODES - 1, -1, -1):
            average = average * (2 * done - 1) + scratch[FITS + k]
        integral = weighted + h * done * average
        if last:
            late = found[FOUND_Y, i]
            d = h * math.exp(-late)
            if d < 1e-5 * min(end, 1.0):  # by the series of ln(Theta) at the end
                bent = bend * coth * coth - elasticity * (coth * coth - 1)
                missing = -math.expm1(d * (bent * d / 2 - elasticity * coth))
            integral += pole * late
        found[MISSING, i] = missing
        found[FOUND_SLOPE, i] = missing * found[STIFFNESS, i] * integral
        if last:
            found[FOUND_SLOPE, i] += 1
