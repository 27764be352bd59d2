"""What delta functions at kinks contribute to an average: jump times density of the law there, in closed form."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import sympy as sp

from meanfield.averages.scope import nodes, replace
from meanfield.errors import AverageError
from meanfield.transfer import Applied
from meanfield.transfer.functions import heaviside0
from meanfield.transfer.probabilities import gauss_density
from meanfield.transfer.token import X

_S = sp.Symbol("s", real=True)  # the way along a jump
_SAME = 1e-12


Beside = Callable[[sp.Expr, int], sp.Expr]


def _alone(at: sp.Expr, order: int) -> sp.Expr:
    return sp.S.Zero if order else sp.S.One


def kink_terms(body: sp.Expr, x: sp.Symbol, mean: sp.Expr, var: sp.Expr, beside: Beside = _alone) -> sp.Expr:
    """Contribution to ``<body>`` of the delta functions in derivatives across kinks; to ``<body G>``, if ``beside(at, k)`` is the
    k-th derivative at a place of a smooth function G.

    ``weight delta^(m)(x - a)`` times the rest of the body gives ``weight (-1)^m d^m/dx^m [rest(x) N(x; mean, var)]`` at a;
    where the rest jumps at a it counts by its mean along the jump (``theta^n delta = delta/(n+1)``: the rule for derivatives
    of products). An argument ``c x + d`` of the transfer function scales the delta functions.
    """
    if not any(a.args[0].kink_terms(int(a.args[1])) for a in nodes(body, Applied)):
        return sp.S.Zero
    density = gauss_density(x - mean, var)  # 0 where the variance vanishes and the kink is elsewhere
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(body)):
        factors = list(sp.Mul.make_args(term))
        singular = [
            f for f in factors if isinstance(f.as_base_exp()[0], Applied) and f.as_base_exp()[0].args[0].kink_terms(_order(f))
        ]
        if not singular:
            continue
        if len(singular) > 1 or singular[0].as_base_exp()[1] != 1:
            raise AverageError(
                f"the product {term} of derivatives across a kink is not defined; the average needs a smoother transfer function"
            )
        rest = sp.Mul(*(f for f in factors if f is not singular[0]))
        token, order, argument = singular[0].args
        slope = argument.diff(x)
        if slope.has(x):
            edge = f"{token.traits.kinks[0].location:g}"
            raise AverageError(
                f"derivatives of {token.name}({argument}) hold a delta function where {argument} = {edge}, which is not known; "
                "write the whole as one transfer function (meanfield.transfer.custom)"
            )
        for location, m, weight in token.kink_terms(int(order)):
            edge = sp.nsimplify(location) if float(location).is_integer() else sp.Float(location)
            at = sp.expand((edge - argument.xreplace({x: sp.S.Zero})) / slope)
            along = sp.expand(_along_jump(rest, x, at))
            for k in range(m + 1):
                other = beside(at, k)
                if other != 0:
                    here = _mean_value(sp.diff(along * density, x, m - k).xreplace({x: at}))
                    total += (-1) ** m * sp.binomial(m, k) * sp.nsimplify(weight) * here * other / (sp.Abs(slope) * slope**m)
    return total


def _mean_value(along: sp.Expr) -> sp.Expr:
    return sp.integrate(sp.expand(along), (_S, 0, 1)) if along.has(_S) else along


def _order(factor: sp.Expr) -> int:
    return int(factor.as_base_exp()[0].args[1])


def _along_jump(rest: sp.Expr, x: sp.Symbol, at: sp.Expr) -> sp.Expr:
    """``rest`` near ``at``, with everything that jumps there on its way from one side (s = 0) to the other (s = 1)."""
    from meanfield.averages.passes import explicit

    # One by one, since SymPy draws powers into the pieces of a function.
    written = explicit(replace(rest, lambda e: _jumping(e, x, at) if isinstance(e, Applied) else None))
    for step in written.atoms(heaviside0):
        if sp.expand(step.args[0].xreplace({x: at})) == 0:
            written = written.xreplace({step: _way(step.args[0], x)})
    return written


def _jumping(e: Applied, x: sp.Symbol, at: sp.Expr) -> sp.Expr | None:
    """``e`` with its pieces on either side of ``at`` joined along the jump; None if it has no kink there."""
    place = sp.expand(e.argument.xreplace({x: at}))
    if not place.is_number or all(abs(k.location - place) > _SAME for k in e.token.traits.kinks):
        return None
    written = e.token.explicit(e.order, X)
    for pieces in written.atoms(sp.Piecewise):
        for (low, edge), (high, _) in itertools.pairwise(pieces.args):
            if isinstance(edge, sp.Le) and edge.lhs == X and abs(edge.rhs - place) <= _SAME:
                written = written.xreplace({pieces: low + _way(e.argument, x) * (high - low)})
    return written.xreplace({X: e.argument})


def _way(argument: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """The step of ``argument``, on its way up or down."""
    return _S if argument.diff(x).is_nonnegative is not False else 1 - _S
