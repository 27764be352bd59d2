"""Equations whose bifurcations are known exactly, as models."""

from __future__ import annotations

import sympy as sp

import meanfield as mf

u, y = mf.unknown("u"), mf.unknown("y")
p, q, epsilon = mf.parameters("p q epsilon")
mirror = {u: -u}
ANY_SIGN: frozenset[str] = frozenset()  # said here, since another module may declare a variance of the same name


def scalar(title: str, equation: sp.Expr, **parts: object) -> mf.Model:
    return mf.Model(title, unknowns=(u,), implicit=[equation], nonnegative=ANY_SIGN, **parts)


def cubic_fold() -> mf.Model:
    """Folds at u = +-1, p = -+2/3."""
    return scalar("cubic fold", p + u - u**3 / 3)


def pitchfork() -> mf.Model:
    """Supercritical, at 0."""
    return scalar("pitchfork", p * u - u**3, symmetries=[mirror])


def transcritical() -> mf.Model:
    """At 0: branches u = 0 and u = p."""
    return scalar("transcritical", p * u - u**2)


def imperfect_pitchfork() -> mf.Model:
    """Cusp at 0; folds where 27 epsilon^2 = 4 p^3."""
    return scalar("imperfect pitchfork", epsilon + p * u - u**3)


def quintic() -> mf.Model:
    """Pitchfork at p = 0, subcritical for q > 0: degenerate at q = 0."""
    return scalar("quintic pitchfork", p * u + q * u**3 - u**5, symmetries=[mirror])


def imperfect_in_two() -> mf.Model:
    """The imperfect pitchfork with u^2 as a second unknown: cusp at 0, the null vector not known beforehand."""
    return mf.Model("imperfect pitchfork in two", unknowns=(u, y), implicit=[epsilon + p * u - u * y, y - u**2])


def feedback() -> mf.Model:
    """Pitchfork whose cubic coefficient is made by a second unknown, y = (1 - q) u^2 + ...: -(1 - q), degenerate at q = 1."""
    return mf.Model("feedback", unknowns=(u, y), implicit=[p * u - u * y, y - u**2 * (1 - q) - q * u**4], symmetries=[mirror])


def competition() -> mf.Model:
    """Two equal units that inhibit each other: the symmetry of exchange is broken at u = y = 0, p = -q, and at u^2 = q, p = 2 q."""
    return mf.Model(
        "competition",
        unknowns=(u, y),
        implicit=[p * u - u**3 - q * y, p * y - y**3 - q * u],
        symmetries=[{u: y, y: u}],
        nonnegative=ANY_SIGN,
    )


def brusselator() -> mf.Model:
    """Stationary at (A, B/A); Hopf bifurcation at B = 1 + A^2 with omega = A."""
    A, B = mf.parameters("A B")
    rates = {u: A - (B + 1) * u + u**2 * y, y: B * u - u**2 * y}
    return mf.Model("Brusselator", unknowns=(u, y), implicit=list(rates.values()), dynamics=rates)
