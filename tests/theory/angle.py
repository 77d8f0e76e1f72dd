"""The deep flow in symbols, z > 0, and what bounds its angle."""

from __future__ import annotations

import sympy as sp
from inequalities import never_negative

D, LAM, B0, Z = sp.symbols("D lambda b0 z", positive=True)
A, B, BETA = sp.symbols("a b beta", positive=True)
THETA = A * B**D * BETA
PULL = Z - THETA
VELOCITY = {A: B**D * BETA * PULL, B: D * A * B ** (D - 1) * BETA * PULL, BETA: A * B**D * PULL}  # (30)


def slope(quantity: sp.Expr, velocity: dict[sp.Symbol, sp.Expr] | None = None) -> sp.Expr:
    """Time derivative along the flow."""
    return sum(sp.diff(quantity, x) * v for x, v in (velocity or VELOCITY).items())


def zero(expression: sp.Expr) -> bool:
    return bool(sp.simplify(sp.expand(sp.powsimp(expression))) == 0)


X, S = sp.symbols("x s", positive=True)  # t / T1_ and b0 / (D lambda)^(1/2)
FIRST = 1 / (2 ** ((D + 1) / 2) * B0**D * Z)  # T1_


def bounds_of_noise(width: sp.Expr | int = 2) -> tuple[sp.Expr, sp.Expr]:
    r"""What beta and theta are at most at t = x T1_, for all $x \le \sqrt 2$ arsinh s.

    While $\beta \le b_0 / \sqrt D$, $b^2 = b_0^2 + D \beta^2 \le 2 b_0^2$. So $u' = b^D (z - \theta)$ is at
    most $2^{D/2} b_0^D z$, and $u \le x / \sqrt 2$. Then $\beta \le \lambda^{1/2} \sinh(x / \sqrt 2)$, which
    is at most $b_0 / \sqrt D$ for these x; by continuity the condition cannot fail earlier.
    """
    assert zero(VELOCITY[BETA] / A - B**D * PULL)  # u' = beta' / a, since a = lambda^(1/2) cosh u by (31)
    gap = sp.symbols("gap", nonnegative=True)  # b0^2 / D - beta^2
    assert never_negative(width * B0**2 - (B0**2 + D * (B0**2 / D - gap)), gap)
    u = width ** (D / 2) * B0**D * Z * X * FIRST
    assert zero(u - X / sp.sqrt(2))
    assert zero(sp.sqrt(LAM) * sp.sinh(sp.asinh(S)) - sp.sqrt(LAM) * S)  # beta = b0 / D^(1/2) at the last x
    u = X / sp.sqrt(2)
    return sp.sqrt(LAM) * sp.sinh(u), LAM / 2 * sp.sinh(2 * u) * (sp.sqrt(width) * B0) ** D


def fitted_in_time(enough: sp.Expr, share: sp.Expr) -> bool:
    r"""Whether T_sig <= share * t if b0^D t >= B1/eps and |z| >= C eps L / 2, with L = ln(1/eps).

    Here C = enough (kappa gamma + 1) / B1, L is at least 2 (1 + ln K), 1/eps at least 2 / (share B1), and
    $\lambda^{-1/2}$ at most $K \epsilon^{-\kappa \gamma / 2}$, K >= 1. By (40) T_sig b0^D |z| is at most
    $2 (1 + \ln^+(\beta_* / \lambda^{1/2}))$, with $\beta_* \le |z|^{1/(D+2)}$ for D >= 1. As $\ln^+ x \le x$,
    that is at most $2 (1 + \ln K) + \kappa \gamma L + |z|$. For D = 0 T_sig |z| is at most
    arsinh(|z| / lambda), by $\theta = (\lambda/2) \sinh(2 u)$ and $u' \ge z/2$, so at most
    $1 + \ln^+(|z| / \lambda)$, which is no more either.
    """
    assert zero((X - sp.log(X)).diff(X) - (X - 1) / X)  # X - ln X is least at 1, and positive there
    assert (D * sp.log(D) / 2).subs(D, 1) == 0 and sp.log(D).diff(D).is_positive  # D^(-D/2) <= 1
    log_k, kappa_gamma, b1 = sp.symbols("ln_K kappa_gamma B1", positive=True)
    more = sp.symbols("more:4", nonnegative=True)
    inverse = 2 / (share * b1) + more[0]  # 1 / eps
    logarithm = 2 * (1 + log_k) + more[1]  # L
    constant = enough * (kappa_gamma + 1) / b1 + more[2]  # C
    z = constant * logarithm / (2 * inverse) + more[3]
    rest = sp.together(share * b1 * z * inverse - (2 * (1 + log_k) + kappa_gamma * logarithm + z))
    assert sp.denom(rest).is_positive
    return never_negative(sp.numer(rest), b1, log_k, kappa_gamma, *more)
