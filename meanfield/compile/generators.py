"""Bodies of averages as polynomials in few generators: one pass over the nodes gives every moment that is needed.

``phi'' phi`` of tanh is ``-2 t^2 q`` with ``t = tanh x`` and ``q = 1 - t^2``: a handful of monomials serves residual and
Jacobian together. Generators are the functions of the variable that are left once the transfer functions are written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from math import inf

import sympy as sp

from meanfield.averages.scope import replace
from meanfield.transfer import Applied, tanh
from meanfield.transfer.functions import logistic
from meanfield.transfer.traits import Traits

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

    @property
    def sech2(self) -> sp.Expr | None:
        """The entry for ``1 - tanh(x)^2``, if tanh of the variable itself is there."""
        t = self.table.get(sp.tanh(self.variable))
        return None if t is None else 1 - t**2

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
        # Of the variable itself both come at once, see `Grid.tanh_slope`.
        q = self.symbol(1 - t**2, "q") if x == self.variable else self.symbol(sp.sech(x), "s") ** 2
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
    moves the bulk of the integrand out to rate times the variance. degree: of the polynomial growth that comes with it.
    centre: the real part that all singularities have in common, if they have.
    """

    strip: float
    pole_order: float
    growth: float
    kinks: tuple[float, ...]
    certain: bool
    rate: float = 0.0
    degree: float = 0.0
    centre: float | None = None


def analyticity(bodies: Sequence[sp.Expr], variable: sp.Symbol) -> Analyticity:
    """Analyticity of bodies (functions of ``variable``): what holds for all of them at once."""
    known = [_of_body(body, variable) for body in bodies]
    return Analyticity(
        strip=min((k.strip for k in known), default=inf),
        pole_order=max((k.pole_order for k in known), default=1.0),
        growth=max((k.growth for k in known), default=0.0),
        kinks=tuple(sorted({location for k in known for location in k.kinks})),
        certain=all(k.certain for k in known),
        rate=max((k.rate for k in known), default=0.0),
        degree=max((k.degree for k in known), default=0.0),
        centre=_common([k for k in known if k.strip < inf]),
    )


def _common(parts: Sequence[Analyticity]) -> float | None:
    """The centre that all parts have, if they do."""
    found = {k.centre for k in parts}
    return found.pop() if len(found) == 1 else None


def _of_body(body: sp.Expr, variable: sp.Symbol) -> Analyticity:
    """One product: strips intersect, orders and growths add up."""
    total = {"pole_order": 0.0, "growth": 0.0, "rate": 0.0, "degree": 0.0}
    strip, certain, composite = inf, True, False
    kinks: set[float] = set()
    singular: list[Analyticity] = []
    for factor in sp.Mul.make_args(body):
        base, power = factor.as_base_exp()
        times = float(power) if power.is_Integer and power > 0 else 1.0
        if isinstance(base, Applied) and (line := _line(base.args[2], variable)) is not None:
            here = _of_token(base.args[0].traits, int(base.args[1]), *line)
        elif factor.has(Applied):
            inner = analyticity([a for a in _applied_inside(factor) if _line(a.args[2], variable) is not None], variable)
            # A function of phi may be singular before phi is (log(1 + z phi'^2)); half the strip is a working guess.
            # An entire phi leaves no strip to halve: the composite function is singular where 1 + alpha phi'^2 vanishes.
            here = with_changes(inner, strip=min(inner.strip / 2, 0.75), pole_order=0.0, certain=False, centre=None)
            composite, times = True, 1.0
        else:
            here, times = _of_plain(factor, variable), 1.0
        strip, certain, kinks = min(strip, here.strip), certain and here.certain, kinks | set(here.kinks)
        if here.strip < inf:
            singular.append(here)
        for name in total:
            total[name] += times * getattr(here, name)
    # The nearer singularities of a composite function are simple; those of phi itself lie further out.
    total["pole_order"] = 1.0 if composite else max(total["pole_order"], 1.0)
    return Analyticity(strip=strip, kinks=tuple(sorted(kinks)), certain=certain, centre=_common(singular), **total)


def _line(argument: sp.Expr, variable: sp.Symbol) -> tuple[float, float] | None:
    """``(a, b)`` of an argument ``a x + b`` with numbers a, b; else None."""
    if argument == variable:
        return 1.0, 0.0
    slope = argument.diff(variable)
    shift = sp.expand(argument - slope * variable)
    return (float(slope), float(shift)) if slope.is_number and slope != 0 and shift.is_number else None


def _of_token(traits: Traits, order: int, slope: float = 1.0, shift: float = 0.0) -> Analyticity:
    exponential = traits.growth == "exponential"
    return Analyticity(
        strip=(1.0 if traits.strip is None else traits.strip) / abs(slope),
        pole_order=max(traits.pole_order + order, 0.0),
        growth=traits.imaginary_growth * slope**2,
        kinks=tuple((k.location - shift) / slope for k in traits.kinks),
        certain=traits.strip is not None,
        rate=float(exponential) * abs(slope),
        degree=0.0 if exponential else max(traits.degree - order, 0.0),
        centre=None if traits.centre is None else (traits.centre - shift) / slope,
    )


def _of_plain(factor: sp.Expr, variable: sp.Symbol) -> Analyticity:
    """A factor without transfer functions: powers of the variable, exponentials and waves are known, others are guessed."""
    if factor.is_polynomial(variable):
        return Analyticity(inf, 0.0, 0.0, (), True, degree=float(sp.degree(factor, variable)) if factor.has(variable) else 0.0)
    slope = factor.args[0].diff(variable) if isinstance(factor, (sp.exp, sp.sinh, sp.cosh, sp.sin, sp.cos)) else sp.nan
    if not slope.is_number or slope is sp.nan:
        return Analyticity(1.0, 0.0, 0.0, (), False)
    if isinstance(factor, (sp.sin, sp.cos)):  # exp(|a y|) is at most e exp(a^2 y^2/4)
        return Analyticity(inf, 0.0, float(slope) ** 2 / 4, (), True)
    return Analyticity(inf, 0.0, 0.0, (), True, rate=abs(float(slope)))


def _applied_inside(expr: sp.Basic) -> list[sp.Expr]:
    from meanfield.averages.scope import nodes

    return list(nodes(expr, Applied, inside=True))


__all__ = ["Analyticity", "Generators", "Monomial", "analyticity", "logistic", "monomials"]
