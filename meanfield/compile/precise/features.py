"""What a quadrature rule must know about a body: where it has kinks and how far from the real axis it is analytic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from meanfield.averages.scope import Bound, binds, dangling, own
from meanfield.compile.precise.engine import Goal
from meanfield.compile.precise.field import Number
from meanfield.compile.precise.interpret import Interpreter
from meanfield.transfer import Applied, Transfer


@dataclass(frozen=True)
class Features:
    """Transfer functions of a body that see the binder's own variables, as (token, argument, composite).

    composite: the value goes through a further function, whose singularities may be nearer. other: some function that is
    no transfer function sees the variables. order: of all derivatives in the body together (poles grow with it); count:
    of the factors phi^(k).
    """

    applied: tuple[tuple[Transfer, sp.Expr, bool], ...]
    other: bool
    order: int
    count: int


@lru_cache(maxsize=4096)
def features(body: sp.Expr) -> Features:
    found: dict[tuple[Transfer, sp.Expr, bool], None] = {}
    other = False

    def visit(e: sp.Basic, level: int, composite: bool) -> None:
        nonlocal other
        if not any(b.level == level for b in dangling(e)):
            return
        if isinstance(e, Applied) and level == 0:
            found[e.args[0], e.args[2], composite] = None
            return
        if getattr(e, "binds", None) is not None or isinstance(e, Applied):
            other = True
        opaque = not (e.is_Add or e.is_Mul or e.is_Symbol or (e.is_Pow and e.exp.is_Integer and e.exp > 0))
        if opaque and not e.args:
            return
        if opaque and not any(isinstance(a, Applied) for a in sp.preorder_traversal(e)):
            other = True
        for arg, k in zip(e.args, binds(e), strict=True):
            visit(arg, level + k, composite or opaque)

    visit(body, 0, False)
    order, count = 0, 0
    for factor in sp.Mul.make_args(body):
        base, power = factor.as_base_exp()
        if isinstance(base, Applied):
            times = int(power) if power.is_Integer and power > 0 else 1
            order, count = order + max(int(base.args[1]), 0) * times, count + times
    return Features(tuple(found), other, order, count)


def line_of(run: Interpreter, argument: sp.Expr, means: Sequence[Number], scales: Sequence[Number]) -> tuple[Number, Number] | None:
    """(value at z = 0, slope in z) of an argument affine in the variables ``means + scales z``; None if it is not affine."""
    if isinstance(argument, Bound):
        return means[argument.index], scales[argument.index]
    slopes = {i: argument.diff(Bound(0, i)) for i in own(argument)}
    if any(own(s) for s in slopes.values()):
        return None
    at_zero = Interpreter(run.field, run.symbols, run.binder, (*run.frames, tuple(means)))
    slope = sum((at_zero(s) * scales[i] for i, s in slopes.items()), run.field.constant(sp.S.Zero))
    return at_zero(argument), slope


def kink_positions(
    run: Interpreter,
    bodies: Sequence[sp.Expr],
    means: Sequence[Number],
    scales: Sequence[Number],
    reach: float,
    steep: bool = False,
) -> list[Number]:
    """Sorted z with |z| < reach at which some body has a kink, for variables ``means + scales z``.

    With ``steep`` the zeros of all arguments count as kinks: seen from far, a sigmoid is a step.
    """
    found: list[Number] = []
    for body in bodies:
        for token, argument, _ in features(body).applied:
            points = [k.location for k in token.traits.kinks] + ([0.0] if steep else [])
            line = line_of(run, argument, means, scales) if points else None
            if line is None or not line[1]:
                continue
            found += [(run.field.written(at) - line[0]) / line[1] for at in points]
    distinct: list[Number] = []
    for z in sorted(z for z in found if abs(z) < reach):
        if not distinct or abs(z - distinct[-1]) > run.field.power_of_ten(-0.27 * run.field.bits):
            distinct.append(z)
    return distinct


def strip_width(
    run: Interpreter, bodies: Sequence[sp.Expr], means: Sequence[Number], scales: Sequence[Number], entire: Callable[[float], float]
) -> float:
    """Half width, in z, of the strip where all bodies are analytic: from the traits, a guess for functions of functions.

    ``entire(growth)`` is the width that stands for an entire function of ``|f(x + iy)| ~ exp(growth y^2)``, y in units of z.
    """
    widest = max((abs(float(s)) for s in scales), default=1.0) or 1e-300
    width = math.inf
    for body in bodies:
        seen = features(body)
        if seen.other:
            width = min(width, 1.0 / widest)
        for token, argument, composite in seen.applied:
            line = line_of(run, argument, means, scales)
            slope = abs(float(line[1])) if line else widest
            strip = token.traits.strip if token.traits.strip is not None else 1.0
            # 1 / (1 + z phi'^2) is singular before phi is; a function of an entire phi may be singular anywhere.
            strip = min(strip / 2, 1.0) if composite else strip
            if not slope:
                continue
            growth = max(seen.count, 1) * token.traits.imaginary_growth * slope**2
            width = min(width, strip / slope if strip < math.inf else entire(growth))
    return width


def lattice_width(goal: Goal) -> Callable[[float], float]:
    """For trapezoid sums: an entire function narrows the Fourier transform's decay ``exp(-k^2/2)`` by 1 + 2 growth."""
    return lambda growth: 0.55 * goal.reach / math.sqrt(1 + 2 * growth) if growth else math.inf


def pole_width(growth: float) -> float:
    """For Gauss-Hermite rules: where a pole would make the coefficients fall as fast."""
    return 1 / math.sqrt(2 * growth) if growth else 3.0


def has_kinks(body: sp.Expr) -> bool:
    return any(token.traits.kinks for token, _, _ in features(body).applied)
