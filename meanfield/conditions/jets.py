"""Exact directional derivatives of equations: what folds, cusps and normal forms are written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from meanfield.averages.kinked import slope

Table = Mapping[sp.Symbol, sp.Expr]


def directional(expr: sp.Expr, *along: Table) -> sp.Expr:
    """The derivative of ``expr`` in one direction ``{symbol: rate}`` after the other; the rates are taken as constants.

    Derivatives pass through averages by their own rules (Price's theorem, score), so at the edge of the domain where a
    variance vanishes they are the one-sided derivatives there.
    """
    for direction in along:
        # Summed outside the derivative, so that every term is one that SymPy has already differentiated.
        expr = sp.Add(*(rate * slope(expr, s) for s, rate in direction.items() if rate != 0))
    return expr


def jacobian(residuals: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol]) -> sp.Matrix:
    """``d residual_i / d unknown_j``."""
    return sp.Matrix([[slope(r, u) for u in unknowns] for r in residuals])


def linear_map(images: Table, unknowns: Sequence[sp.Symbol]) -> sp.Matrix:
    """The derivative of a symmetry ``{unknown: image}``, with which it acts on vectors."""
    return sp.Matrix([[sp.sympify(images.get(u, u)).diff(w) for w in unknowns] for u in unknowns])
