"""What delta functions at kinks contribute to an average: jump times density of the law there, in closed form."""

from __future__ import annotations

import sympy as sp

from meanfield.averages.scope import nodes
from meanfield.errors import AverageError
from meanfield.transfer import Applied
from meanfield.transfer.probabilities import gauss_density

_S = sp.Symbol("s", real=True)  # the way along a jump


def kink_terms(body: sp.Expr, x: sp.Symbol, mean: sp.Expr, var: sp.Expr) -> sp.Expr:
    """Contribution to ``<body>`` of the delta functions in derivatives across kinks.

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
            weighted = sp.diff(along * density, x, m).xreplace({x: at})
            mean_value = sp.integrate(sp.expand(weighted), (_S, 0, 1)) if weighted.has(_S) else weighted
            total += (-1) ** m * sp.nsimplify(weight) * mean_value / (sp.Abs(slope) * slope**m)
    return total


def _order(factor: sp.Expr) -> int:
    return int(factor.as_base_exp()[0].args[1])


def _along_jump(rest: sp.Expr, x: sp.Symbol, at: sp.Expr) -> sp.Expr:
    """``rest`` near ``at``, with every step function that jumps there on its way from one side (s = 0) to the other (s = 1)."""
    from meanfield.averages.passes import explicit
    from meanfield.transfer.functions import heaviside0

    written = explicit(rest)
    for step in written.atoms(heaviside0):
        argument = step.args[0]
        if sp.expand(argument.xreplace({x: at})) == 0:
            rises = argument.diff(x).is_nonnegative is not False
            written = written.xreplace({step: _S if rises else 1 - _S})
    return written
