"""What proofs of inequalities have in common: polynomials without negative terms, sums against integrals."""

from __future__ import annotations

import sympy as sp


def never_negative(form: sp.Expr, *generators: sp.Symbol) -> bool:
    """Whether no coefficient is negative. Then the form is >= 0 at arguments >= 0; if linear, only then."""
    return all(c.is_nonnegative for c in sp.Poly(sp.expand(form), *generators).coeffs())


def tail(first: sp.Expr, power: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Lower and upper bounds of the sum of j^-power over the whole j > first (or >=), for power > 1.

    With k the least such j, first <= k <= first + 1. By the integral test the sum is at least the integral
    from k, and at most that and its first term. Both fall in k: put first + 1 into one, first into the other.
    """
    x, k = sp.symbols("x k", positive=True)
    more = power - 1
    assert more.is_positive
    term, integral = x**-power, k**-more / more
    assert term.diff(x).is_negative  # a term is at least, and the next one at most, the integral between them
    assert sp.simplify(integral.diff(k) + term.subs(x, k)) == 0  # and it vanishes at infinity
    return integral.subs(k, first + 1), first**-power + integral.subs(k, first)


def same(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether two products of powers of positive quantities are equal."""
    return bool(sp.simplify(sp.expand_log(sp.log(one) - sp.log(other), force=True)) == 0)
