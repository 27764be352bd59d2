"""The average: a node ``(body, measure)`` that binds the measure's variables in the body.

Equality up to renaming of the random variables is ``==``; the node hashes, pickles and differentiates (one derivative rule
per measure, in `meanfield.averages.derivatives`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from meanfield.averages.canonical import canonical_gaussian, expand_shallow, split_factors
from meanfield.averages.given import given
from meanfield.averages.measures import Gaussian, Measure, Uniform
from meanfield.averages.scope import Bound, close, free_symbols, own, shift
from meanfield.averages.variables import Variable, random_variables
from meanfield.errors import AverageError
from meanfield.transfer.lift import lift_body


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
    A variable whose law depends on another one is averaged first. Raises `AverageError` if no random variable is left to
    average (``average(average(f)**2)`` would silently mean ``<f>^2``), or if only part of a joint law is averaged.
    """
    expr = given(expr, "what is averaged")
    present = random_variables(expr)
    if not present:
        raise AverageError(
            f"nothing to average: {expr} holds no free random variable; name the variables of inner averages, "
            "as in average(average(f, x)**2, z)"
        )
    expr = lift_body(expr, present)
    present = random_variables(expr)
    chosen = _chosen(expr, present, variables)
    while chosen:
        held = {_joint(v) for v in chosen if any(v in w.law.free_symbols for w in present if w != v)}
        inner = [v for v in chosen if _joint(v) not in held]
        if not inner:
            raise AverageError(
                f"the law of a random variable in {expr} depends on {', '.join(v.name for v in chosen)}: average over it first"
            )
        expr = _integrate(expr, inner)
        present = random_variables(expr)
        chosen = [v for v in chosen if v in present and v not in inner]
    return expr


def _joint(v: Variable) -> tuple[Measure, tuple[str, ...]]:
    """What components of one joint law have in common."""
    return v.law, v.group


def _chosen(expr: sp.Expr, present: list[Variable], variables: Sequence[Variable]) -> list[Variable]:
    """The variables to average: those named, or all; refused where that would silently mean something else."""
    for v in variables:
        if not isinstance(v, Variable):
            raise AverageError(
                f"{v!r} is not a random variable; declare it with gaussian, gaussian_pair, standard_normal, uniform or tilted"
            )
    chosen = [v for v in variables if v in present] if variables else present
    if not chosen:
        raise AverageError(f"{expr} does not contain {', '.join(v.name for v in variables)}; nothing to average")
    for a, b in zip(chosen, chosen[1:]):  # sorted by name
        if a.name == b.name and _joint(a) != _joint(b):
            raise AverageError(
                f"two random variables in one average are called {a.name!r} and have different laws; variables declared apart are "
                "independent: give them different names, or declare them together with gaussian_pair or gaussian_vector"
            )
    joint = {_joint(v) for v in chosen if v.law.dimension > 1}
    left = [v.name for v in present if _joint(v) in joint and v not in chosen]
    if left:
        names = ", ".join(v.name for v in chosen if _joint(v) in joint)
        raise AverageError(f"{', '.join(left)} and {names} have one joint law: average them together")
    return chosen


def _integrate(expr: sp.Expr, variables: Sequence[Variable]) -> sp.Expr:
    """Average over variables on which no other variable's law depends."""
    gaussians = [v for v in variables if isinstance(v.law, Gaussian)]
    # Laws that are not Gaussian are integrated inside: their bodies may hold the Gaussian variables.
    for v in variables:
        if v not in gaussians:
            expr = Average(close(expr, [v]), v.law)
    return Average(close(expr, gaussians), joint_law(gaussians)) if gaussians else expr


def joint_law(variables: Sequence[Variable]) -> Gaussian:
    """Joint law of the given Gaussian variables: those declared together are correlated, all others independent."""

    def cov(a: Variable, b: Variable) -> sp.Expr:
        return a.law.cov[a.index, b.index] if _joint(a) == _joint(b) else sp.S.Zero

    return Gaussian([v.law.mean[v.index] for v in variables], [[cov(a, b) for b in variables] for a in variables])
