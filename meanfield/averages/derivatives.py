"""Derivative rules of an average, one per measure: Price (Gaussian), score (tilted), under the integral (the others)."""

from __future__ import annotations

import sympy as sp

from meanfield.averages.measures import Gaussian, Tilted
from meanfield.averages.node import Average
from meanfield.averages.rectified import in_order
from meanfield.averages.scope import Bound, nodes, own, shift
from meanfield.transfer import Applied


def derivative(node: Average, s: sp.Symbol) -> sp.Expr:
    """``d<f>/ds``: the body's own derivative plus what the law contributes.

    ``s`` may be a bound variable of an outer binder; under this node's binder it has one level more.
    """
    inside = Bound(s.level + 1, s.index) if isinstance(s, Bound) else s
    explicit = Average(node.body.diff(inside), node.measure)
    if isinstance(node.measure, Gaussian):
        return explicit + _price(node.body, node.measure, s)
    if isinstance(node.measure, Tilted):
        return explicit + _score(node, node.measure, s, inside)
    return explicit


def _price(f: sp.Expr, law: Gaussian, s: sp.Symbol) -> sp.Expr:
    """Price's theorem: ``sum_i dm_i <f_i> + 1/2 sum_ij dC_ij <f_ij>``."""
    total, f = sp.S.Zero, in_order(f)
    for i in range(law.dimension):
        f_i = in_order(f.diff(Bound(0, i)))
        total += law.mean[i].diff(s) * Average(f_i, law)
        for j in range(i, law.dimension):
            change = law.cov[i, j].diff(s)
            if change != 0:
                total += (sp.S.Half if i == j else 1) * change * _second(f_i, law, j)
    return total


def _second(f_i: sp.Expr, law: Gaussian, j: int) -> sp.Expr:
    """``<f_ij>``; by Stein's identity, ``<f_i (x - m)>/C``, where phi has a kink and f = phi'^2, say: the sum of phi'' squared and
    phi' times the third derivative has an average, and neither of them has one."""
    f_ij = in_order(f_i.diff(Bound(0, j)))
    if law.dimension == 1 and _squares_a_delta(f_ij):
        return Average(in_order(sp.expand(f_i * (Bound(0, 0) - shift(law.mean[0], 1)))), law) / law.cov[0, 0]
    return Average(f_ij, law)


def _squares_a_delta(body: sp.Expr) -> bool:
    """Whether some term of a body holds a product of delta functions at kinks."""
    if not any(a.token.traits.kinks for a in nodes(body, Applied)):
        return False

    def deltas(factor: sp.Expr) -> sp.Expr:
        base, power = factor.as_base_exp()
        return power if isinstance(base, Applied) and base.token.kink_terms(int(base.order)) else sp.S.Zero

    return any(sum(map(deltas, sp.Mul.make_args(term))) > 1 for term in sp.Add.make_args(sp.expand(body)))


def log_weight_derivative(law: Tilted, s: sp.Symbol, inside: sp.Symbol) -> sp.Expr:
    """Body of ``d log w / ds`` for ``w(y) = N(y; m, v) exp(log_tilt(y))``, the normalised Gaussian included."""
    mean, var = law.base.mean[0], law.base.cov[0, 0]
    total = law.log_tilt.diff(inside)
    deviation = Bound(0, 0) - shift(mean, 1)
    change = mean.diff(s)
    if change != 0:
        total += shift(change / var, 1) * deviation
    change = var.diff(s)
    if change != 0:
        total += shift(change / (2 * var**2), 1) * deviation**2 - shift(change / (2 * var), 1)
    return total


def _score(node: Average, law: Tilted, s: sp.Symbol, inside: sp.Symbol) -> sp.Expr:
    """Score rule: ``d<f> = <df> + <f dlog w> - <f><dlog w>``."""
    # A term of dlog w that does not depend on the variable cancels between the two averages.
    w = sp.Add(*(term for term in sp.Add.make_args(log_weight_derivative(law, s, inside)) if own(term)))
    if w == 0:
        return sp.S.Zero
    return Average(node.body * w, law) - node * Average(w, law)
