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
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import Legendre, Polynomial

from opgd._validate import Array
from opgd.flow._compile import compiled

__all__ = ["half_times", "panel_length", "solve"]

NODES = 16
_x, _weights = np.polynomial.legendre.leggauss(NODES)
XI, WEIGHTS = (1 + _x) / 2, _weights / 2
TERMS = 12
SINH = np.array([1 / math.factorial(2 * k + 1) for k in range(TERMS)])
COSH = np.array([1 / math.factorial(2 * k) for k in range(TERMS)])
LONGEST = 2.0  # panel for which these series are good to the last digit
LINEAR = 40.0  # ln(rho) beyond which the end is reached before a or b has changed
START = 17.5  # where sinh w = cosh w = e^w / 2 to the last digit
# Values at the nodes -> Legendre coefficients -> powers of x in the average of the interpolant over [-1, x].
TO_LEGENDRE = np.array([(2 * k + 1) * Legendre.basis(k)(_x) * WEIGHTS for k in range(NODES)])
AVERAGES = np.zeros((NODES, NODES))
for _k in range(NODES):
    _integral = Legendre.basis(_k).integ(lbnd=-1).convert(kind=Polynomial)
    AVERAGES[: _k + 1, _k] = (_integral // Polynomial([1, 1])).coef
# Rows of the scratch of a panel. The kernels index it: of a slice, or of an array given to another function,
# numba counts the references with atomic operations, which take as long as the arithmetic.
SINH_STEP, COSH_STEP, G, X, B2, WEIGHED, LEGENDRE, AVERAGE, ROWS = range(9)
contracted = compiled("contract")
inlined = compiled("contract", inline=True)
# sums in any order, for speed; elsewhere an order can matter (two factors, each within range)
reordered = compiled("contract", "reassoc")


def panel_length(depth: int, tolerance: float) -> float:
    r"""Return the length of a panel for which interpolation at the nodes is accurate to `tolerance`.

    The nearest singularities of $G$ off the real axis lie at distance $\pi/2$ ($A$ or $B$ vanish) or
    $2 \pi / (D + 2)$ ($\Theta = 1$); the error falls like $\varrho^{-n}$ where $\varrho$ is the sum of the
    half-axes of the ellipse through them.
    """
    distance = min(math.pi / 2, 2 * math.pi / (depth + 2))
    ellipse = (30 / tolerance) ** (1 / NODES)
    return float(min(LONGEST, 4 * distance / (ellipse - 1 / ellipse)))


@contracted
def solve(
    z: Array,
    log_lam: Array,
    times: Array,
    depth: int,
    m: float,
    b0: float,
    length: float,
    theta: Array,
    a: Array,
    b: Array,
    beta: Array,
    slope: Array,
) -> None:
    """Write theta (and a, b, beta unless `a` is empty), one component a row, one time a column.

    `z` >= 0, `log_lam` = ln(lambda) and the increasing `times` are 1-d; `m` is the factor of beta^2 in b^2.
    Unless `slope` is empty, d theta / dz goes there.
    """
    count, layers, slopes = times.size, a.size > 0, slope.size > 0
    tau, w, x, change = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    missing, stiffness = np.empty(count), np.empty(count)  # 1 - Theta and 1 / K
    scratch = np.empty((ROWS, NODES))
    log_b0, first_power = math.log(b0), b0**depth
    for j in range(z.size):
        log_root = 0.5 * log_lam[j]  # ln sqrt(lambda)
        root = math.exp(log_root)
        if z[j] == 0 or log_root == -math.inf:
            theta[j] = 0
            if layers:
                a[j], b[j], beta[j] = root, b0, 0
            if slopes:
                rate = math.exp(log_root + depth * log_b0)
                for i in range(count):
                    slope[j, i] = -math.expm1(-times[i] * rate * rate) if rate > 0 else 0.0
            continue
        log_z = math.log(z[j])
        log_s, log_rate, log_rho, log_alpha, log_eta, skip, gap_b, from_b, gap_ab, from_ab = _normal_form(
            log_z, log_root, depth, m, log_b0
        )
        if log_rho > LINEAR:
            rate = math.exp(0.5 * (log_rate + log_rho))
            for i in range(count):
                share = -math.expm1(-times[i] * rate * rate)
                theta[j, i] = z[j] * share
                if layers:
                    a[j, i], b[j, i], beta[j, i] = root, b0, math.exp(log_s - log_rho) * share
                if slopes:
                    slope[j, i] = share
            continue
        rate, rest = root / math.exp(log_s) * first_power * z[j], 1.0  # more exact than logarithms
        if not (1e-290 < rate < 1e290 and 1e-290 < first_power < 1e290):
            rate = rest = math.exp(0.5 * log_rate)
        for i in range(count):
            tau[i] = times[i] * rate * rest
        careful = skip > 0 or gap_b > 0 or gap_ab > 0
        x_end, elasticity = _equilibrium(log_rho, log_alpha, log_eta, depth)
        rho, alpha2, eta2 = math.exp(log_rho), math.exp(2 * log_alpha), math.exp(2 * log_eta)
        pole = rho * x_end * x_end / elasticity
        _path(
            tau, skip, math.asinh(x_end), pole, rho, alpha2, eta2, depth, length,
            w, x, change, slope, j, missing, stiffness, scratch,
        )  # fmt: skip
        if slopes and careful:
            for i in range(count):
                short = w[i] - skip
                if skip > 0 and tau[i] <= skip + START:  # one of the layers grows like e^w, the other not yet
                    log_cosh = tau[i] + math.log(0.5 + 0.5 * math.exp(-2 * tau[i]))
                    log_slope = log_rho - 2 * skip + 2 * log_cosh + math.log(1 + math.tanh(tau[i]) ** 2)
                    slope[j, i] = tau[i] * math.exp(log_slope)
                else:  # b, or a and b, have grown meanwhile, and K has fallen; the time passed before
                    fall = (depth - 1) * gap_b * (short > from_b) + depth * gap_ab * (short > from_ab)
                    waited = missing[i] * min(tau[i], 1e300)
                    slope[j, i] += waited * stiffness[i] * math.expm1(min(fall, 300.0))
        if careful:
            for i in range(count):
                if w[i] == 0:
                    theta[j, i] = 0
                    if layers:
                        a[j, i], b[j, i], beta[j, i] = root, b0, 0
                    continue
                short = w[i] - skip
                w[i] += gap_b * (short > from_b) + gap_ab * (short > from_ab)
                log_beta = log_s + w[i] + math.log(-0.5 * math.expm1(-2 * w[i]))
                log_a = log_root + _log_hypot(log_beta - log_root)
                log_b = log_b0 + _log_hypot(log_beta - log_b0 + 0.5 * math.log(m))
                theta[j, i] = math.exp(min(log_beta + log_a + depth * log_b, log_z))
                if times[i] == math.inf:
                    theta[j, i] = z[j]
                if layers:
                    a[j, i], b[j, i], beta[j, i] = math.exp(log_a), math.exp(log_b), math.exp(log_beta)
            continue
        s = math.exp(log_s)
        for i in range(count):  # tau and w are free now
            tau[i] = math.sqrt(1 + alpha2 * x[i] * x[i])
            w[i] = math.sqrt(1 + eta2 * x[i] * x[i])
        if layers:
            for i in range(count):
                a[j, i], b[j, i], beta[j, i] = root * tau[i], b0 * w[i], s * x[i]
        for i in range(count):
            tau[i] *= rho * x[i]
        for _ in range(depth):
            for i in range(count):
                tau[i] *= w[i]
        for i in range(count):
            theta[j, i] = z[j] * min(tau[i], 1.0) if times[i] < math.inf else z[j]


@contracted
def half_times(
    z: Array, log_lam: Array, depth: int, m: float, b0: float, length: float, half: Array, steepness: Array
) -> None:
    """Write when theta = z / 2, and d ln(theta) / d ln(t) there; all arrays are 1-d, z > 0."""
    scratch = np.empty((ROWS, NODES))
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
            _slopes(left, rho, alpha2, eta2, depth, scratch)
            for k in range(NODES):
                tau += h * WEIGHTS[k] * (scratch[G, k] - pole / (end - left - h * XI[k]))
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


@contracted
def _sinh_cosh(x: float) -> tuple[float, float]:
    """Return sinh and cosh of x in [0, LONGEST] by their series, for loops without branches."""
    x2, odd, even = x * x, 0.0, 0.0
    for term in range(TERMS - 1, -1, -1):
        odd = odd * x2 + SINH[term]
        even = even * x2 + COSH[term]
    return odd * x, even


@reordered
def _steps(h: float, scratch: Array) -> None:
    """Write sinh and cosh of the distances of the nodes of a panel from its left end."""
    for k in range(NODES):
        scratch[SINH_STEP, k], scratch[COSH_STEP, k] = _sinh_cosh(h * XI[k])


@reordered
def _slopes(left: float, rho: float, alpha2: float, eta2: float, depth: int, scratch: Array) -> float:
    """Write G and x = sinh w at the nodes of the panel that begins at `left`; return the mean of G."""
    sinh, cosh = math.sinh(left), math.cosh(left)
    for k in range(NODES):
        scratch[X, k] = sinh * scratch[COSH_STEP, k] + cosh * scratch[SINH_STEP, k]
        scratch[G, k] = math.sqrt(1 + alpha2 * scratch[X, k] * scratch[X, k])
        scratch[B2, k] = 1 + eta2 * scratch[X, k] * scratch[X, k]
    for _ in range(depth // 2):
        for k in range(NODES):
            scratch[G, k] *= scratch[B2, k]
    if depth % 2:
        for k in range(NODES):
            scratch[G, k] *= math.sqrt(scratch[B2, k])
    mean = 0.0
    for k in range(NODES):  # row G holds A B^D
        scratch[G, k] = (cosh * scratch[COSH_STEP, k] + sinh * scratch[SINH_STEP, k]) / (
            scratch[G, k] * (1 - rho * scratch[X, k] * scratch[G, k])
        )
        mean += WEIGHTS[k] * scratch[G, k]
    return mean


@inlined
def _path(
    tau: Array,
    skip: float,
    end: float,
    pole: float,
    rho: float,
    alpha2: float,
    eta2: float,
    depth: int,
    length: float,
    w: Array,
    x: Array,
    change: Array,
    slope: Array,
    row: int,
    missing: Array,
    stiffness: Array,
    scratch: Array,
) -> None:
    """Write w and x = sinh w at the increasing times tau: panel by panel until the last time is reached.

    With a stage to skip, w is right and x stands for the shortened path. Unless `slope` is empty, write
    d theta / dz (into its row `row`), 1 - Theta and 1 / K there, for the shortened path.
    """
    count, first, slopes = tau.size, 0, slope.size > 0
    start = START if skip > 0 else 0.0
    done = skip + start  # the time at the left end of a panel
    weighted = done  # the integral of G / (1 - Theta)
    while skip > 0 and first < count and tau[first] <= done:
        w[first] = tau[first]
        first += 1
    panels = max(2 if slopes else 1, math.ceil((end - start) / length))
    h = (end - start) / panels
    _steps(h, scratch)
    for panel in range(panels):
        if first == count:
            break
        left, last = start + panel * h, panel == panels - 1
        gain = h * _slopes(left, rho, alpha2, eta2, depth, scratch)
        weighted_gain = h * _weigh(left, last, rho, alpha2, eta2, depth, scratch) if slopes else 0.0
        if last:
            gain = 0.0
            for k in range(NODES):
                scratch[G, k] -= pole / (h * (1 - XI[k]))
                gain += h * WEIGHTS[k] * scratch[G, k]
        stop = first
        while stop < count and (last or tau[stop] < done + gain):
            stop += 1
        if stop > first:
            _interpolate(scratch, G)
            if last:
                _invert_last(tau, first, stop, done, gain, h, pole, scratch, w, change)
            else:
                _invert(tau, first, stop, done, gain, h, scratch, w, change)
            sinh, cosh = math.sinh(left), math.cosh(left)
            for i in range(first, stop):
                odd, even = _sinh_cosh(w[i])
                x[i] = sinh * even + cosh * odd
                w[i] += left + skip
            if slopes:
                _sensitivities(
                    first, stop, left, h, last, weighted, skip, rho, alpha2, eta2, depth,
                    w, x, change, slope, row, missing, stiffness, scratch,
                )  # fmt: skip
            first = stop
        done += gain
        weighted += weighted_gain


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
    left: float, last: bool, rho: float, alpha2: float, eta2: float, depth: int, scratch: Array
) -> float:
    """Write G / (1 - Theta), in the last panel -K' / (1 - Theta), at the nodes; return its mean."""
    mean, sinh, cosh = 0.0, math.sinh(left), math.cosh(left)
    for k in range(NODES):
        theta, stiffness, elasticity, bend = _layers(scratch[X, k], rho, alpha2, eta2, depth)
        weighted = scratch[G, k]
        if last:
            coth = (cosh * scratch[COSH_STEP, k] + sinh * scratch[SINH_STEP, k]) / scratch[X, k]
            weighted = (2 * (elasticity - 1) + bend / elasticity) * coth / stiffness
        scratch[WEIGHED, k] = weighted / (1 - theta)
        mean += WEIGHTS[k] * scratch[WEIGHED, k]
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
    w: Array,
    x: Array,
    y: Array,
    slope: Array,
    row: int,
    missing: Array,
    stiffness: Array,
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
            scratch[WEIGHED, k] -= pole / (h * (1 - XI[k]))
        theta, left_stiffness, _, _ = _layers(x_left, rho, alpha2, eta2, depth)
        weighted -= 1 / (left_stiffness * (1 - theta))
    _interpolate(scratch, WEIGHED)
    for i in range(first, stop):
        done = (w[i] - skip - left) / h
        theta, stiffness[i], _, _ = _layers(x[i], rho, alpha2, eta2, depth)
        missing[i] = 1 - theta
        integral = weighted + h * done * _average(scratch, 2 * done - 1)[0]
        if last:
            late = min(y[i], 700.0)
            d = h * math.exp(-late)
            if d < 1e-5 * min(end, 1.0):  # by the series of ln(Theta) at the end
                bent = bend * coth * coth - elasticity * (coth * coth - 1)
                missing[i] = -math.expm1(d * (bent * d / 2 - elasticity * coth))
            integral += pole * late
        slope[row, i] = missing[i] * stiffness[i] * integral
        if last:
            slope[row, i] += 1


@reordered
def _interpolate(scratch: Array, values: int) -> None:
    """Write the average over [-1, x] of the interpolant of row `values` of scratch, as powers of x."""
    for k in range(NODES):
        total = 0.0
        for i in range(NODES):
            total += TO_LEGENDRE[k, i] * scratch[values, i]
        scratch[LEGENDRE, k] = total
    for k in range(NODES):
        total = 0.0
        for i in range(NODES):
            total += AVERAGES[k, i] * scratch[LEGENDRE, i]
        scratch[AVERAGE, k] = total


@contracted
def _average(scratch: Array, x: float) -> tuple[float, float]:
    """Return the average of the interpolant over [-1, x], and its value at x."""
    value, slope = scratch[AVERAGE, NODES - 1], 0.0
    for k in range(NODES - 2, -1, -1):
        slope = slope * x + value
        value = value * x + scratch[AVERAGE, k]
    return value, value + (1 + x) * slope


@contracted
def _invert(
    tau: Array,
    first: int,
    stop: int,
    done: float,
    gain: float,
    h: float,
    scratch: Array,
    w: Array,
    change: Array,
) -> None:
    """Solve h xi average(xi) = tau - done for xi in [0, 1]; write h xi."""
    decay = math.log(_average(scratch, -1.0)[1] / _average(scratch, 1.0)[1])
    for i in range(first, stop):  # a first guess: G is about e^(-decay xi)
        w[i] = (tau[i] - done) / gain
        if abs(decay) > 0.3:
            w[i] = -math.log1p(w[i] * math.expm1(-decay)) / decay
        else:
            w[i] *= 1 - decay / 2 * (1 - w[i])
    for _ in range(30):
        for i in range(first, stop):
            average, slope = _average(scratch, 2 * w[i] - 1)
            change[i] = ((tau[i] - done) / h - w[i] * average) / slope
            w[i] = min(max(w[i] + change[i], 0.0), 1.0)
        settled = True
        for i in range(first, stop):
            settled &= abs(change[i]) <= 1e-7 * w[i]
        if settled:
            break
    for i in range(first, stop):
        w[i] *= h


@contracted
def _invert_last(
    tau: Array,
    first: int,
    stop: int,
    done: float,
    gain: float,
    h: float,
    pole: float,
    scratch: Array,
    w: Array,
    late: Array,
) -> None:
    """Solve h xi average(xi) + pole y = tau - done with xi = 1 - e^-y, y in [0, inf]; write h xi and y."""
    y, speed = 0.0, 1 / (gain + pole)
    for i in range(first, stop):
        if i > first and tau[i] == tau[i - 1]:
            w[i], late[i] = w[i - 1], y
            continue
        target = tau[i] - done
        bound = (target - gain) / pole
        y += (target if i == first else tau[i] - tau[i - 1]) * speed
        y = max(bound, y) if gain > 0 else min(bound, y)  # a bound: the left side is concave or convex
        xi = 1.0
        for _ in range(60):
            if not y < 45:
                xi, speed = 1.0, 1 / pole
                break
            xi = -math.expm1(-y)
            average, slope = _average(scratch, 2 * xi - 1)
            speed = 1 / (h * slope * (1 - xi) + pole)
            change = (target - h * xi * average - pole * y) * speed
            y = max(y + change, 0.0)
            if not change * change * (1 - xi) > 1e-14 * y * y:
                xi += change * (1 - xi) * (1 - change / 2)
                break
        w[i], late[i] = h * xi, y
