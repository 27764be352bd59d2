"""Price's theorem read from right to left: antiderivatives in the covariance of a pair."""

from __future__ import annotations

import sympy as sp

from meanfield.averages.node import Average
from meanfield.averages.scope import replace
from meanfield.errors import AverageError
from meanfield.transfer import Applied


def price_backwards(expr: sp.Expr, C: sp.Symbol) -> sp.Expr:
    """An antiderivative of ``expr`` in the covariance C: ``d<Phi(x) Phi(y)>_C / dC = <phi(x) phi(y)>_C``; powers as usual.

    expr: a sum of powers of C and of averages over pairs of covariance C, with factors that do not depend on C.
    Raises `AverageError` for any other dependence on C.
    """
    return sp.Add(*(_integrated(part, C) for part in sp.Add.make_args(sp.expand(expr))))


def _integrated(part: sp.Expr, C: sp.Symbol) -> sp.Expr:
    factors = sp.Mul.make_args(part)
    free = sp.Mul(*(f for f in factors if C not in f.free_symbols))
    moving = [f for f in factors if C in f.free_symbols]
    if not moving:
        return free * C
    if len(moving) == 1:
        base, power = moving[0].as_base_exp()
        if base == C and power.is_number and power != -1:
            return free * C ** (power + 1) / (power + 1)
        if isinstance(base, Average) and power == 1 and _is_pair_in(base, C):
            return free * _raised(base)
    raise AverageError(f"cannot integrate {part} over {C}: only its powers and averages <f(x) h(y)> with covariance {C} are known")


def _is_pair_in(node: Average, C: sp.Symbol) -> bool:
    """Whether the node is ``<phi^(j)(x) phi^(k)(y)>`` over a pair of which only the covariance depends on C, and is C."""
    law, factors = node.measure, sp.Mul.make_args(node.body)
    plain = len(factors) == 2 and all(isinstance(f, Applied) and not f.argument.args for f in factors)
    if not plain or factors[0].argument == factors[1].argument or law.dimension != 2 or law.cov[0, 1] != C:
        return False
    return not any(C in e.free_symbols for e in (*law.mean, law.cov[0, 0], law.cov[1, 1]))


def _raised(node: Average) -> sp.Expr:
    """The average of the antiderivatives."""
    body = replace(node.body, lambda e: Applied(e.token, e.order - 1, e.argument) if isinstance(e, Applied) else None)
    return Average(body, node.measure)


__all__ = ["price_backwards"]
