"""Antiderivatives, found by quick rules and checked before they are believed."""

from __future__ import annotations

import mpmath
import sympy as sp

from meanfield.transfer.analysis import FAILURES, evaluator
from meanfield.transfer.functions import lncosh, logistic, softplus, softplus_integral
from meanfield.transfer.pieces import Pieces
from meanfield.transfer.token import X

__all__ = ["antiderivative"]

_TABLE = {sp.tanh: lncosh, logistic: softplus, softplus: softplus_integral}
_LONGEST = 40
"""Operations in a term beyond which the rules might search for minutes."""


def antiderivative(pieces: Pieces) -> sp.Expr | None:
    """Phi of every piece, continuous across the edges; None if it is not found quickly."""
    parts: list[sp.Expr] = []
    edges = [-sp.oo, *pieces.edges, sp.oo]
    for i, part in enumerate(pieces.parts):
        Phi = _primitive(part, _samples(edges[i], edges[i + 1]))
        if Phi is None:
            return None
        if parts:
            edge = {X: edges[i]}
            Phi += parts[-1].xreplace(edge) - Phi.xreplace(edge)
        parts.append(Phi)
    return Pieces(tuple(parts), pieces.edges).joined()


def _samples(low: sp.Expr, high: sp.Expr) -> list[float]:
    a, b = max(float(low), -20.0), min(float(high), 20.0)
    return [a + (b - a) * t for t in (0.01, 0.17, 0.38, 0.52, 0.55, 0.8, 0.99)]


def _primitive(part: sp.Expr, samples: list[float]) -> sp.Expr | None:
    terms = [_term(term, samples) for term in sp.Add.make_args(sp.expand_mul(part))]
    return None if None in terms else sp.Add(*terms)


def _term(term: sp.Expr, samples: list[float]) -> sp.Expr | None:
    # Imported here because these two modules are slow to load.
    from sympy.integrals.manualintegrate import manualintegrate
    from sympy.integrals.meijerint import meijerint_indefinite

    factor, core = term.as_independent(X, as_Add=False)
    tabulated = _tabulated(core)
    if tabulated is not None:
        return factor * tabulated
    if term.count_ops() > _LONGEST:
        return None
    for rule in (manualintegrate, meijerint_indefinite):
        try:
            found = rule(term, X)
        except FAILURES:
            continue
        if found is None or found.has(sp.Integral):
            continue
        # Rules forget the modulus in ln|u|.
        for Phi in (found, found.replace(sp.log, lambda u: sp.log(u**2) / 2)):
            if _holds(Phi, term, samples):
                return Phi
    return None


def _tabulated(core: sp.Expr) -> sp.Expr | None:
    """Of safe functions with affine argument, and of powers of tanh: `tanh^n = tanh^(n-2) (1 - tanh')`."""
    base, n = core.as_base_exp()
    if base.func not in _TABLE or not base.args[0].is_polynomial(X) or sp.degree(base.args[0], X) != 1:
        return None
    slope = sp.Poly(base.args[0], X).LC()
    if n == 1:
        return _TABLE[base.func](base.args[0]) / slope
    if base.func is sp.tanh and n.is_Integer and n > 1:
        rest = X if n == 2 else _tabulated(base ** (n - 2))
        return rest - base ** (n - 1) / ((n - 1) * slope)
    return None


def _holds(Phi: sp.Expr, phi: sp.Expr, samples: list[float]) -> bool:
    """Whether `Phi` is real and its derivative is `phi`, at the samples."""
    try:
        value, slope, exact = evaluator(Phi), evaluator(sp.diff(Phi, X)), evaluator(phi)
        return all(
            mpmath.isfinite(value(x)) and mpmath.im(value(x)) == 0 and abs(slope(x) - exact(x)) <= 1e-9 * (1 + abs(exact(x)))
            for x in samples
        )
    except FAILURES:
        return False
