"""Bodies of averages as polynomials in few generators: one pass over the nodes gives every moment that is needed.

``phi'' phi`` of tanh is ``-2 t^2 q`` with ``t = tanh x`` and ``q = 1 - t^2``: a handful of monomials serves residual and
Jacobian together. Generators are the functions of the variable that are left once the transfer functions are written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from meanfield.averages.scope import replace
from meanfield.transfer import Applied, Transfer, tanh
from meanfield.transfer.functions import logistic

Monomial = tuple[tuple[sp.Symbol, int], ...]
MAX_TERMS = 400
_T, _Q = sp.Symbol("t", real=True), sp.Symbol("q", real=True)


@dataclass
class Generators:
    """Generators of one law, in the order in which they must be computed: ``{symbol: expression}``.

    An expression may use the variable, parameters and generators above it.
    """

    variable: sp.Symbol
    table: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)

    def symbol(self, expr: sp.Expr, hint: str = "f") -> sp.Symbol:
        """The generator that stands for ``expr``."""
        if expr not in self.table:
            self.table[expr] = sp.Symbol(f"{hint}{len(self.table)}", real=True)
        return self.table[expr]

    @property
    def symbols(self) -> list[sp.Symbol]:
        return list(self.table.values())

    def lower(self, body: sp.Expr) -> sp.Expr:
        """``body``, written out in the generators and the variable."""
        return self._abstract(replace(body, self._write_out))

    def _write_out(self, e: sp.Basic) -> sp.Basic | None:
        if not isinstance(e, Applied):
            return None
        token, order, x = e.args
        return self._tanh(int(order), x) if token == tanh and int(order) >= 0 else token.explicit(int(order), x)

    def _tanh(self, order: int, x: sp.Expr) -> sp.Expr:
        """Derivatives of tanh in t and q = 1 - t^2, which keeps the relative accuracy of small and of saturated arguments."""
        t = self.symbol(sp.tanh(x), "t")
        if order == 0:
            return t
        q = self.symbol(1 - t**2, "q")
        return _tanh_polynomial(order).xreplace({_T: t, _Q: q})

    def _abstract(self, e: sp.Expr) -> sp.Expr:
        if e == self.variable or e in self.table.values() or not e.has(self.variable, *self.table.values()):
            return e
        if isinstance(e, sp.Add | sp.Mul):
            return e.func(*(self._abstract(a) for a in e.args))
        if isinstance(e, sp.Pow) and e.exp.is_Rational:
            base = self._abstract(e.base)
            if e.exp.is_Integer and e.exp > 0:
                return base**e.exp
            root = self.symbol(sp.Pow(base, sp.Rational(-1 if e.exp < 0 else 1, e.exp.q)), "r")
            return root ** abs(e.exp.p)
        if isinstance(e, sp.Piecewise):  # its arguments are pairs, not expressions
            return self.symbol(e)
        return self.symbol(e.func(*(self._abstract(a) for a in e.args)))


def _tanh_polynomial(order: int) -> sp.Expr:
    expr = _T
    for _ in range(order):
        expr = sp.expand(sp.diff(expr, _T) * _Q + sp.diff(expr, _Q) * (-2 * _T * _Q))
    return expr


def monomials(lowered: sp.Expr, generators: Generators) -> dict[Monomial, sp.Expr] | None:
    """``{monomial: coefficient}`` of a lowered body, coefficients free of the variable; None if it is no short polynomial."""
    symbols = {generators.variable, *generators.symbols}
    expanded = sp.expand(lowered)
    terms: dict[Monomial, sp.Expr] = {}
    if len(sp.Add.make_args(expanded)) > MAX_TERMS:
        return None
    for term in sp.Add.make_args(expanded):
        powers: dict[sp.Symbol, int] = {}
        coefficient = sp.S.One
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if base in symbols and power.is_Integer and power > 0:
                powers[base] = powers.get(base, 0) + int(power)
            elif factor.free_symbols & symbols:
                return None
            else:
                coefficient *= factor
        key = tuple(sorted(powers.items(), key=lambda item: item[0].name))
        terms[key] = terms.get(key, sp.S.Zero) + coefficient
    return terms


@dataclass(frozen=True)
class Analyticity:
    """What the choice of a rule needs to know about a set of bodies.

    strip: half width of the common strip of analyticity in the variable's own units (None: not known).
    pole_order: largest order of the pole at its edge. growth: c of ``exp(c y^2)`` along the imaginary direction, summed
    over factors. kinks: where a derivative jumps. rate: of exponential growth along the real axis, ``exp(rate |x|)``, which
    moves the bulk of the integrand out to rate times the variance.
    """

    strip: float
    pole_order: float
    growth: float
    kinks: tuple[float, ...]
    certain: bool
    rate: float = 0.0


def analyticity(bodies: Sequence[sp.Expr], variable: sp.Symbol) -> Analyticity:
    """Analyticity of bodies (functions of ``variable``) from the traits of the transfer functions in them."""
    strip, order, growth, rate, certain = float("inf"), 1.0, 0.0, 0.0, True
    kinks: set[float] = set()
    for body in bodies:
        body_order, body_growth, body_rate, composite = 0.0, 0.0, 0.0, False
        for factor in sp.Mul.make_args(body):
            base, power = factor.as_base_exp()
            times = float(power) if power.is_Integer and power > 0 else 1.0
            if isinstance(base, Applied) and base.args[2] == variable:
                token: Transfer = base.args[0]
                traits = token.traits
                kinks |= {k.location for k in traits.kinks}
                strip = min(strip, traits.strip if traits.strip is not None else 1.0)
                certain &= traits.strip is not None
                body_order += times * max(traits.pole_order + int(base.args[1]), 0.0)
                body_growth += times * traits.imaginary_growth
                body_rate += times * (traits.growth == "exponential")
            elif factor.has(Applied):
                inner = analyticity(list(_applied_inside(factor)), variable)
                # A function of phi may be singular before phi is (log(1 + z phi'^2)); half the strip is a working guess.
                # An entire phi leaves no strip to halve: the composite function is singular where 1 + alpha phi'^2 vanishes.
                strip, certain = min(strip, inner.strip / 2, 0.75), False
                composite = True
                kinks |= set(inner.kinks)
            elif isinstance(factor, sp.exp) and factor.args[0].diff(variable).is_number:
                body_rate += abs(float(factor.args[0].diff(variable)))
            elif factor.has(variable) and not factor.is_polynomial(variable):
                strip, certain = min(strip, 1.0), False
        # The nearer singularities of a composite function are simple; those of phi itself lie further out.
        order, growth = max(order, 1.0 if composite else body_order), max(growth, body_growth)
        rate = max(rate, body_rate)
    return Analyticity(strip, order, growth, tuple(sorted(kinks)), certain, rate)


def _applied_inside(expr: sp.Basic) -> list[sp.Expr]:
    from meanfield.averages.scope import nodes

    return list(nodes(expr, Applied, inside=True))


__all__ = ["Analyticity", "Generators", "Monomial", "analyticity", "logistic", "monomials"]
