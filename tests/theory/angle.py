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
