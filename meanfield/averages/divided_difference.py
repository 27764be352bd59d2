"""Confluent divided differences ``f[c_0, ..., c_n]``: the regular form of energy conservation at the onset of chaos.

With ``V'(Delta_inf) = 0`` the equation ``V(Delta_0) = V(Delta_inf)`` has a double root at ``Delta_0 = Delta_inf``;
``V[Delta_inf, Delta_inf, Delta_0] = 0`` does not, and says ``g^2 <phi'^2> = 1`` there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from meanfield.averages.canonical import expand_shallow, split_factors
from meanfield.averages.measures import Uniform
from meanfield.averages.names import as_in_papers
from meanfield.averages.node import Average
from meanfield.averages.scope import Bound, close, free_symbols, open_body, own, replace, shift
from meanfield.errors import AverageError


class DividedDifference(sp.Expr):
    """``f[points]`` with ``f`` given as a body under a binder of one variable. Users write `divided_difference`."""

    binds = (1, 0)
    is_commutative = True
    is_real = True

    def __new__(cls, body: sp.Expr, points: Sequence[sp.Expr]) -> sp.Expr:
        points = sp.Tuple(*sorted(map(sp.sympify, points), key=sp.default_sort_key))
        body = expand_shallow(sp.sympify(body))
        if not own(body):
            return shift(body, -1, 1) if len(points) == 1 else sp.S.Zero
        if body.is_Add:
            return sp.Add(*(cls(term, points) for term in body.args))
        free, body = split_factors(body)
        if free is not sp.S.One:
            return shift(free, -1, 1) * cls(body, points)
        order = len(points) - 1
        if len(set(points)) == 1:
            return open_body(body.diff((Bound(0, 0), order)), [points[0]]) / sp.factorial(order)
        base, power = body.as_base_exp()
        if base == Bound(0, 0) and power.is_Integer and power > 0:
            return _complete_homogeneous(int(power) - order, points)
        return sp.Expr.__new__(cls, body, points)

    body: sp.Expr = property(lambda self: self.args[0])  # type: ignore[assignment]
    points: sp.Tuple = property(lambda self: self.args[1])  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return free_symbols(self)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        inside = Bound(s.level + 1, s.index) if isinstance(s, Bound) else s
        total = DividedDifference(self.body.diff(inside), self.points)
        for point in self.points:
            total += point.diff(s) * DividedDifference(self.body, (*self.points, point))
        return total

    def _sympystr(self, printer: Any) -> str:
        f = printer._print(open_body(self.body, [sp.Symbol("C")]))
        return f"[C -> {f}][{', '.join(printer._print(p) for p in self.points)}]"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        with as_in_papers(self, printer):
            f = printer._print(open_body(self.body, [sp.Symbol("C")]))
            points = ", ".join(printer._print(p) for p in self.points)
        out = rf"\left[C \mapsto {f}\right]\left[{points}\right]"
        return out if exp is None else rf"{{{out}}}^{{{exp}}}"


def _complete_homogeneous(degree: int, points: sp.Tuple) -> sp.Expr:
    """Complete homogeneous symmetric polynomial: the divided difference of ``C^(degree + n)`` at n + 1 points."""
    if degree < 0:
        return sp.S.Zero
    sums = [sp.S.One] + [sp.S.Zero] * degree
    for point in points:
        for k in range(1, degree + 1):
            sums[k] += point * sums[k - 1]
    return sp.expand(sums[degree])


def divided_difference(function: Callable[[sp.Symbol], sp.Expr], *points: Any) -> sp.Expr:
    """``f[c_0, ..., c_n]`` of ``function`` (symbol -> expression) at points that may coincide; ``f^(n)/n!`` if all do."""
    c = sp.Dummy("C", real=True)
    return DividedDifference(close(sp.sympify(function(c)), [c]), points)


def hermite_genocchi(expr: sp.Expr) -> sp.Expr:
    """Every divided difference in ``expr`` as an integral over [0, 1], for two distinct points: ``a`` p times and ``b`` q
    times give ``int ds (1-s)^(p-1) s^(q-1) f^(p+q-1)(a + s (b - a)) / ((p-1)! (q-1)!)``.

    Raises `AverageError` if a node has more distinct points.
    """
    return replace(expr, lambda e: _integral(e) if isinstance(e, DividedDifference) else None)


def _integral(node: DividedDifference) -> sp.Expr:
    return Average(integrand(node), Uniform())


def integrand(node: DividedDifference) -> sp.Expr:
    """The integrand of `hermite_genocchi` for one node, under a binder of one variable s in [0, 1]."""
    distinct = sorted(set(node.points), key=sp.default_sort_key)
    if len(distinct) != 2:
        raise AverageError(f"the integral over [0, 1] is for two distinct points, got {len(distinct)} in {node}")
    a, b = distinct
    p, q = (list(node.points).count(c) for c in distinct)
    s = Bound(0, 0)
    derivative = node.body.diff((Bound(0, 0), p + q - 1))
    at_s = open_body(shift(derivative, 1, 1), [shift(a, 1) + s * shift(b - a, 1)])
    weight = (1 - s) ** (p - 1) * s ** (q - 1) / (sp.factorial(p - 1) * sp.factorial(q - 1))
    return weight * at_s
