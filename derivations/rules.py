"""Rules that several derivations apply: pure functions from expressions to expressions."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from meanfield.averages import E, divided_difference
from meanfield.averages.scope import substitute
from meanfield.symbols import gaussian_pair


def at(expr: sp.Expr, table: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Put values in; laws become degenerate or independent there, and averages collapse by themselves."""
    return sp.expand(substitute(expr, table))


def minus_slope(potential: sp.Expr, C: sp.Symbol, point: sp.Expr) -> sp.Expr:
    """``-dV/dC`` at a point: what vanishes where the motion comes to rest."""
    return sp.expand(-substitute(potential.diff(C), {C: point}))


def difference(potential: sp.Expr, C: sp.Symbol, start: sp.Expr, end: sp.Expr) -> sp.Expr:
    """``V(start) - V(end)``: zero for a motion from rest to rest."""
    return sp.expand(substitute(potential, {C: start}) - substitute(potential, {C: end}))


def regular_energy(potential: sp.Expr, C: sp.Symbol, rest: sp.Expr, start: sp.Expr) -> sp.Expr:
    """``2 V[rest, rest, start]``: V(start) = V(rest) divided by (start - rest)^2, given ``V'(rest) = 0``."""
    return 2 * divided_difference(lambda s: substitute(potential, {C: s}), rest, rest, start)


def correlation(phi: Callable[[sp.Expr], sp.Expr], mean: sp.Expr, variance: sp.Expr, covariance: sp.Expr) -> sp.Expr:
    """``C_phi = <phi(x) phi(y)>`` of a jointly normal pair with equal mean and variance."""
    x, y = gaussian_pair("x y", mean=mean, var=variance, cov=covariance)
    return E(phi(x) * phi(y))


def normal_average(f: sp.Expr, normals: list[sp.Symbol]) -> sp.Expr:
    """Average of a polynomial in independent standard normal symbols (Wick)."""
    polynomial = sp.Poly(f, *normals)
    total = sp.S.Zero
    for powers, coefficient in polynomial.terms():
        if all(k % 2 == 0 for k in powers):
            total += coefficient * sp.Mul(*(sp.factorial2(k - 1) if k else 1 for k in powers))
    return sp.expand(total)


def law_of(form: sp.Expr, normals: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """Mean and variance of a linear form in independent standard normal symbols."""
    mean = normal_average(form, normals)
    return mean, sp.expand(normal_average(sp.expand((form - mean) ** 2), normals))
