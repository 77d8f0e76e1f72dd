r"""The exact solution of the two-layer flow, on blocks of components.

With $\kappa = \sqrt{\lambda^2 + 4 z^2}$, $T = \tanh(\kappa t / 2)$ and

.. math::

    X = \kappa + \lambda T, \quad P = X + 2 |z| T, \quad
    Q = \frac{\lambda}{\kappa + 2 |z|} + \frac{4 |z|}{\lambda (1 + e^{\kappa t})} + T,

the layers are $a = X / \sqrt{P Q}$ and $\beta = 2 z T / \sqrt{P Q}$, and the estimate is
$\theta = z (X / P) (2 T / Q)$.
"""

from __future__ import annotations

import math

import numpy as np

from opgd._validate import Array

__all__ = ["slopes", "solve"]


def solve(z: Array, lam: Array, times: Array, out: list[Array]) -> None:
    """Write theta (and a, beta, if `out` has them) of 1-d `z`, `lam` at each time into the rows of `out`."""
    if not z.size:
        return
    z2 = 2 * np.abs(z)
    kappa = z2 * z2
    kappa += lam * lam
    # One pass over ordinary numbers; whatever could overflow or underflow takes the careful way.
    ordinary = kappa.min() > 1e-260 and kappa.max() < 1e260 and lam.min() > 1e-150
    if ordinary:
        np.sqrt(kappa, out=kappa)
        fixed = lam / (kappa + z2)
    for row, t in enumerate(times):
        if t == 0:
            zero = np.zeros_like(z)
            for result, value in zip(out, (zero, np.sqrt(lam), zero), strict=False):
                result[row] = value
            continue
        if not (ordinary and t > 1e-140 and (t < 1e170 or t == math.inf)):
            for result, value in zip(out, _solve_carefully(z, lam, t), strict=False):
                result[row] = value
            continue
        growth = kappa * t
        np.minimum(growth, 690, out=growth)  # beyond, exp(-kappa t) is negligible and T = 1
        np.expm1(growth, out=growth)
        wide = growth + 2
        tanh = growth
        tanh /= wide
        x = lam * tanh
        x += kappa
        p = z2 * tanh
        p += x
        q = 2 * z2
        wide *= lam
        q /= wide
        q += fixed
        q += tanh
        if len(out) == 3:
            root = np.sqrt(p) * np.sqrt(q)
            np.divide(x, root, out=out[1][row])
            np.multiply(2 * tanh / root, z, out=out[2][row])
        tanh /= q
        x /= p
        x *= tanh
        x *= z
        np.add(x, x, out=out[0][row])


def _solve_carefully(z: Array, lam: Array, t: float) -> tuple[Array, Array, Array]:
    """Return theta, a, beta for any finite z, lam >= 0 and t in (0, inf].

    The same formulas after scaling by the power of two next to max(|z|, lam), so that kappa neither
    overflows nor underflows; quotients beyond the range of a double go through logarithms.
    """
    size = np.abs(z)
    power = np.frexp(np.maximum(size, lam))[1]
    z2, lam_s = np.ldexp(size, 1 - power), np.ldexp(lam, -power)
    half = power * (math.log(2) / 2)  # a and beta scale back by 2^(power / 2)
    (lam_m, lam_e), (z_m, z_e) = np.frexp(lam), np.frexp(z)
    root_m, root_e = np.frexp(np.sqrt(lam))
    t_m, t_e = math.frexp(t) if t < math.inf else (1.0, 9999)
    with np.errstate(all="ignore"):
        kappa = np.hypot(lam_s, z2)
        h = kappa * np.ldexp(t, power)
        tanh = np.tanh(h / 2)
        x = kappa + lam_s * tanh
        p = x + z2 * tanh
        rest = lam_s / (kappa + z2) + tanh
        log_q = np.log(size) + math.log(4) - np.log(lam) - (h + np.log1p(np.exp(-h)))
        q = np.exp(log_q) + rest
        root = np.sqrt(p) * np.sqrt(q)
        sign, log_p, log_2t = np.sign(z), np.log(p), np.log(2 * tanh)
        cases = [(lam == 0) | (z == 0), h < 1e-20, log_q > 300]
        # at rest, or z = 0: a stays. Early: first order in t. Far: q is beyond the range of a double.
        theta = np.select(
            cases,
            [
                np.zeros_like(z),
                np.ldexp(lam_m * z_m * t_m, lam_e + z_e + t_e),
                sign * np.exp(np.log(x) - log_p + log_2t - log_q + np.log(size)),
            ],
            z * (x / p) * (2 * tanh / q),
        )
        a = np.select(
            cases,
            [np.sqrt(lam), np.sqrt(lam), np.exp(np.log(x) - (log_p + log_q) / 2 + half)],
            np.ldexp(x / root * np.sqrt(np.ldexp(1.0, power % 2)), power // 2),
        )
        beta = np.select(
            cases,
            [
                np.zeros_like(z),
                np.ldexp(root_m * z_m * t_m, root_e + z_e + t_e),
                sign * np.exp(np.log(z2 / 2) + log_2t - (log_p + log_q) / 2 + half),
            ],
            z * np.ldexp(2 * tanh / root / np.sqrt(np.ldexp(1.0, power % 2)), -(power // 2)),
        )
    return theta, a, beta


def slopes(z: Array, lam: Array, times: Array, out: Array) -> None:
    r"""Write $\partial\theta / \partial z$ of 1-d `z`, `lam` at each time into the rows of `out`.

    With $r = \lambda / \kappa$, $s = 2 |z| / \kappa$, $h = \kappa t$ and $A, P, Q$ in units of $\kappa$,

    .. math::

        P^2 Q^2 \, \frac{\partial \theta}{\partial z} = \frac{s^2 h (1 - T^2)(A^2 + s^2 T^2)}{r}
        + 2 T (r + T) (1 + 2 r T + T^2) .
    """
    if not z.size:
        return
    # powers of two next to max(|z|, lam) are taken out, so that kappa neither overflows nor underflows
    power = np.frexp(np.maximum(np.abs(z), lam))[1]
    s, r = np.ldexp(np.abs(z), 1 - power), np.ldexp(lam, -power)
    kappa = np.hypot(r, s)
    moves = kappa > 0
    s, r = (np.divide(part, kappa, out=np.zeros_like(z), where=moves) for part in (s, r))
    far = not r.min() > 1e-140  # then Q may be beyond the range of a double
    with np.errstate(all="ignore"):
        for row, t in zip(out, times, strict=True):
            h = kappa * np.ldexp(t, power) if t else np.zeros_like(z)
            growth = np.expm1(np.minimum(h, 690))  # beyond, exp(-h) is negligible and T = 1
            wide = growth + 2
            tanh = growth / wide
            a, st2 = 1 + r * tanh, (s * tanh) ** 2
            p, q = a + s * tanh, r / (1 + s) + 2 * s / (r * wide) + tanh
            late = 2 * tanh * (r + tanh) * (1 + tanh * (2 * r + tanh))
            jump = s * s * np.minimum(h, 690) * (4 / wide * (1 - 1 / wide)) * (a * a + st2)
            row[:] = (jump / r + late) / (p * q) ** 2
            early = h < 1e-20  # first order in t
            if early.any():
                lam_m, lam_e = np.frexp(lam[early])
                t_m, t_e = math.frexp(t)
                row[early] = np.ldexp(lam_m * t_m, lam_e + t_e)
            if far:
                h = np.minimum(h, 1e6)  # lest inf - inf
                log_r, decay = np.log(lam) - np.log(kappa) - power * math.log(2), np.log1p(np.exp(-h))
                log_q = np.logaddexp(math.log(2) + np.log(s) - log_r - h - decay, np.log(r / (1 + s) + tanh))
                log_jump = 2 * np.log(s) + np.log(4 * h) - h - 2 * decay + np.log(a * a + st2)
                log_slope = np.logaddexp(log_jump - log_r, np.log(late)) - 2 * (np.log(p) + log_q)
                use = ~(r > 1e-140) & ~early
                row[use] = np.exp(log_slope[use])
            row[lam == 0] = 0
