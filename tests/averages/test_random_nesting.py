"""Random nested averages against brute force: the canonical form, derivatives and substitution keep the value."""

import pickle

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings

from meanfield.averages import Average, DividedDifference, E, LogNorm
from meanfield.averages.scope import nodes, substitute
from meanfield.symbols import gaussian
from meanfield.transfer import tanh as phi
from tests.averages.nesting import SYMBOLS, VALUES, Both, a, averages, mu, p
from tests.averages.reference import Reference

reference = Reference(nodes=16)


def axes(expr: sp.Expr) -> int:
    """Axes that the brute-force evaluation of ``expr`` needs."""
    if isinstance(expr, Average | DividedDifference | LogNorm):
        own = expr.measure.dimension if isinstance(expr, Average) else 1
        return own + max(axes(arg) for arg in expr.args)
    return max((axes(arg) for arg in expr.args), default=0)


def affordable(expr: sp.Expr) -> bool:
    return axes(expr) <= 4


@given(averages())
@settings(max_examples=150)
def test_canonical_form_keeps_the_value(case: Both) -> None:
    assume(affordable(case.expr))
    assert reference(case.expr, VALUES) == pytest.approx(case.at(), rel=1e-6, abs=1e-7)
    assert case.expr.free_symbols <= set(SYMBOLS)


@given(averages())
@settings(max_examples=40)
def test_derivative_is_the_limit_of_differences(case: Both) -> None:
    for s in (mu, a, p):
        derivative = case.expr.diff(s)
        assume(affordable(derivative))
        h = 1e-3
        steps = [(case.at(**{s.name: VALUES[s] + k * h}) - case.at(**{s.name: VALUES[s] - k * h})) / (2 * k * h) for k in (1, 2)]
        assert reference(derivative, VALUES) == pytest.approx((4 * steps[0] - steps[1]) / 3, rel=2e-5, abs=2e-6)


@given(averages())
@settings(max_examples=40)
def test_substituted_averages_are_not_captured(case: Both) -> None:
    inner = E(phi(gaussian("x", mu, sp.Rational(1, 5))))
    expected = case.at(p=reference(inner, VALUES))
    for replaced in (substitute(case.expr, {p: inner}), case.expr.subs(p, inner)):
        assume(affordable(replaced))
        assert reference(replaced, VALUES) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@given(averages())
@settings(max_examples=40)
def test_nodes_rebuild_and_pickle_to_themselves(case: Both) -> None:
    expr = case.expr
    assert pickle.loads(pickle.dumps(expr)) == expr
    for node in nodes(expr, Average, inside=True):
        assert not np.isnan(hash(node))
    rebuilt = expr.func(*expr.args) if expr.args else expr
    assert rebuilt == expr
