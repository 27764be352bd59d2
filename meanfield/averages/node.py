"""The average: a node ``(body, measure)`` that binds the measure's variables in the body.

Equality up to renaming of the random variables is ``==``; the node hashes, pickles and differentiates (one derivative rule
per measure, in `meanfield.averages.derivatives`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from meanfield.averages.canonical import canonical_gaussian, expand_shallow, split_factors
from meanfield.averages.measures import Gaussian, Measure, Uniform
from meanfield.averages.scope import Bound, close, free_symbols, own, shift
from meanfield.averages.variables import Variable, random_variables
from meanfield.errors import AverageError


class Average(sp.Expr):
    """``<body>_measure``. Users write `average`; ``Average(body, measure)`` takes a body that is already bound."""

    binds = (1, 0)
    is_commutative = True
    is_real = True

    def __new__(cls, body: sp.Expr, measure: Measure) -> sp.Expr:
        body = sp.sympify(body)
        if isinstance(measure, Gaussian):
            return canonical_gaussian(body, measure, cls._node, gaussian_parts)
        return _canonical_linear(body, measure)

    @classmethod
    def _node(cls, body: sp.Expr, measure: Measure) -> Average:
        return sp.Expr.__new__(cls, body, measure)

    body: sp.Expr = property(lambda self: self.args[0])  # type: ignore[assignment]
    measure: Measure = property(lambda self: self.args[1])  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return free_symbols(self)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        from meanfield.averages.derivatives import derivative

        return derivative(self, s)

    def _sympystr(self, printer: Any) -> str:
        from meanfield.averages.printing import text

        return text(self, printer)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        from meanfield.averages.printing import latex

        return latex(self, printer, exp)


def gaussian_parts(expr: sp.Expr) -> tuple[sp.Expr, Gaussian] | None:
    """Body and law of a Gaussian average, else None."""
    return (expr.body, expr.measure) if isinstance(expr, Average) and isinstance(expr.measure, Gaussian) else None


def _canonical_linear(body: sp.Expr, measure: Measure) -> sp.Expr:
    """Linearity for measures without further structure; on [0, 1] polynomials are integrated."""
    if not own(body):
        return shift(body, -1, 1)
    body = expand_shallow(body)
    if body.is_Add:
        return sp.Add(*(_canonical_linear(term, measure) for term in body.args))
    free, dependent = split_factors(body)
    if free is not sp.S.One:
        return shift(free, -1, 1) * _canonical_linear(dependent, measure)
    if isinstance(measure, Uniform):
        base, power = dependent.as_base_exp()
        if base == Bound(0, 0) and power.is_Integer and power >= 0:
            return 1 / (power + 1)
    return Average._node(dependent, measure)


def average(expr: Any, *variables: Variable) -> sp.Expr:
    """Average ``expr`` over random variables: all that occur in it, or only those given.

    ``average(phi(x)**2)`` is ``<phi(x)^2>``; ``average(average(phi(a*x + b*z), x)**2, z)`` averages over x inside, z outside.
    Raises `AverageError` if no random variable is left to average (``average(average(f)**2)`` would silently mean
    ``<f>^2``), or if only part of a joint law is averaged.
    """
    expr = sp.sympify(expr)
    present = random_variables(expr)
    if not present:
        raise AverageError(
            f"nothing to average: {expr} holds no free random variable; name the variables of inner averages, as in average(average(f, x)**2, z)"
        )
    for v in variables:
        if not isinstance(v, Variable):
            raise AverageError(
                f"{v!r} is not a random variable; declare it with gaussian, gaussian_pair, standard_normal, uniform or tilted"
            )
    chosen = list(variables) if variables else present
    groups: dict[Measure, list[Variable]] = {}
    for v in chosen:
        if v in present:
            groups.setdefault(v.law, []).append(v)
    for law, members in groups.items():
        left = [v.name for v in present if v.law == law and v not in chosen]
        if left and law.dimension > 1:
            raise AverageError(
                f"{', '.join(left)} and {', '.join(v.name for v in members)} have one joint law: average them together"
            )
    gaussians = [v for v in chosen if v in present and isinstance(v.law, Gaussian)]
    # Laws that are not Gaussian are integrated inside: their bodies may hold the Gaussian variables.
    for v in (v for v in chosen if v in present and not isinstance(v.law, Gaussian)):
        expr = Average(close(expr, [v]), v.law)
    return Average(close(expr, gaussians), joint_law(gaussians)) if gaussians else expr


def joint_law(variables: Sequence[Variable]) -> Gaussian:
    """Joint law of the given Gaussian variables: components of one law are correlated, different laws are independent.

    Scalar laws of different names are different variables even where the laws are equal.
    """
    same = [[a.law == b.law and (a.law.dimension > 1 or a == b) for b in variables] for a in variables]
    cov = [[a.law.cov[a.index, b.index] if same[i][j] else 0 for j, b in enumerate(variables)] for i, a in enumerate(variables)]
    return Gaussian([v.law.mean[v.index] for v in variables], cov)
