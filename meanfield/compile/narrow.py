"""Where bodies of averages are steep, and how narrow they are there, if that depends on parameters or is no known strip.

``b phi'(b (x - theta))`` is a peak of width 1/b at theta, ``exp(-c (x - a)^2)`` one at a. Rules whose step knows nothing of b
may step over such a peak, and two of them then agree on a wrong value. So the places and widths are read off the bodies, and
nodes are crowded there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi, sin, sqrt

import numpy as np
import sympy as sp

from meanfield.averages.scope import nodes
from meanfield.compile.source import array_names, code, function
from meanfield.transfer import Applied

Array = np.ndarray
_HIGHEST = 12  # power up to which the zeros of c + x^n are places of their own; beyond, they crowd like those of a kink
_WAVES = 2.0  # half-waves on the half width of a panel that its nodes resolve with ease


@dataclass(frozen=True)
class Narrow:
    """Functions of the number P of points and the parameters: ``where`` gives centres (K, P) and half widths (K, P) of steep
    places (0: a kink, whose place depends on parameters), ``wavelength`` (P,) the length over which the fastest wave changes (inf
    if there is none)."""

    where: Callable[..., tuple[Array, Array]]
    wavelength: Callable[..., Array]


def narrow_places(bodies: Sequence[sp.Expr], variable: sp.Symbol, parameters: Sequence[sp.Symbol]) -> Narrow | None:
    """What is steep in ``bodies``; None if there is nothing whose width could be read off."""
    found: dict[tuple[sp.Expr, sp.Expr], None] = {}
    waves: dict[sp.Expr, None] = {}
    allowed = {variable, *parameters}
    for body in bodies:
        for node in nodes(body, (Applied, sp.Pow, sp.Function), inside=True):
            if not node.free_symbols <= allowed:
                continue
            if isinstance(node, (sp.sin, sp.cos)):
                waves |= {abs(a): None for a, _ in _affine(node.args[0], variable)}
            else:
                found |= dict.fromkeys(_places(node, variable))
        found |= {(pole, pole - kink): None for pole in _real_poles(body, variable) for kink in _kinks(body, variable)}
    if not found and not waves:
        return None
    centres, widths = [c for c, _ in found], [sp.Abs(w) for _, w in found]
    run = _function(parameters, centres, widths, list(waves))

    def rows(which: int, size: int, values: Sequence[Array]) -> Array:
        with np.errstate(all="ignore"):
            columns = run(*values)[which]
        return np.array([np.broadcast_to(np.asarray(c, dtype=float), size) for c in columns]).reshape(-1, size)

    def where(size: int, *values: Array) -> tuple[Array, Array]:
        return rows(0, size, values), rows(1, size, values)

    def wavelength(size: int, *values: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(_WAVES * pi / rows(2, size, values).max(axis=0, initial=0.0))

    return Narrow(where, wavelength)


def _function(parameters: Sequence[sp.Symbol], *lists: Sequence[sp.Expr]) -> Callable[..., tuple[list[Array], ...]]:
    """Generated code for lists of expressions in the parameters."""
    rows = ", ".join("[" + ", ".join(map(code, exprs)) + "]" for exprs in lists)
    return function(f"def places({', '.join(map(code, parameters))}):\n    return {rows}\n", "places", array_names())


def _places(node: sp.Basic, variable: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr]]:
    """(centre, half width) of the steep places of one function; empty if they are not known."""
    if isinstance(node, Applied):
        traits = node.args[0].traits
        width = traits.strip if traits.strip is not None and isfinite(traits.strip) else 1.0
        if traits.imaginary_growth:
            width = min(width, 1 / sqrt(traits.imaginary_growth))
        found = _affine(node.args[2], variable)
        kinks = [((k.location - b) / a, sp.S.Zero) for k in traits.kinks for a, b in found if a.free_symbols | b.free_symbols]
        return [*(((traits.centre or 0) / a - b / a, width / a) for a, b in found), *kinks]
    if isinstance(node, sp.exp):
        return [(-b / (2 * a), 1 / sp.sqrt(sp.Abs(a))) for a, b, _ in _quadratic(node.args[0], variable)]
    if isinstance(node, sp.Pow):
        if node.base == sp.E or not (node.exp.is_number and not (node.exp.is_Integer and node.exp > 0)):
            return []
        return _zeros(node.base, variable)
    if isinstance(node, sp.log):
        return _zeros(node.args[0], variable)
    if len(node.args) == 1 and isinstance(node.args[0], sp.Expr):
        return [(-b / a, 1 / a) for a, b in _affine(node.args[0], variable)]
    return []


def _real_poles(body: sp.Expr, variable: sp.Symbol) -> list[sp.Expr]:
    """Real poles of simple quotients, which must lie where a step in ``body`` vanishes: beyond a kink, and perhaps close to it."""
    powers = (p for p in nodes(body, sp.Pow, inside=True) if p.exp.is_negative)
    return [-b / a for p in powers for a, b in _affine(p.base, variable)]


def _kinks(body: sp.Expr, variable: sp.Symbol) -> list[sp.Expr]:
    kinked = (a for a in nodes(body, Applied, inside=True) if a.token.traits.kinks)
    return [(k.location - b) / a for f in kinked for k in f.token.traits.kinks for a, b in _affine(f.argument, variable)]


def _zeros(base: sp.Expr, variable: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr]]:
    """Real parts of the zeros of ``base``, and their distances from the real axis: poles of its inverse, branch points of its
    logarithm."""
    zeros = [(-b / (2 * a), sp.sqrt(sp.Abs(4 * a * c - b**2)) / (2 * a)) for a, b, c in _quadratic(base, variable)]
    zeros += [(-b / a, sp.S.One / a) for a, b in _affine(base, variable)]
    constant, varying = base.as_independent(variable, as_Add=True)
    factor, power = varying.as_independent(variable, as_Add=False)
    if constant == 0 or zeros:
        return zeros
    if isinstance(power, sp.exp):  # c + f exp(a x + b), the inverse of a logistic function
        return [((sp.log(sp.Abs(constant / factor)) - b) / a, pi / a) for a, b in _affine(power.args[0], variable)]
    steep, n = power.as_base_exp()
    rectified = isinstance(steep, Applied) and bool(steep.args[0].traits.kinks)
    if isinstance(n, sp.Integer) and 0 < n <= _HIGHEST:  # c + f (a x + b)^n, of a Hill function; rectified or not
        size = sp.Abs(constant / factor) ** (1 / n)
        angles = [(2 * k + 1) * pi / int(n) for k in range((int(n) + 1) // 2)]
        zeros = [(size * cos(t), size * max(sin(t), 1 / n)) for t in angles]
        return [((re - b) / a, im / a) for a, b in _affine(steep.args[2] if rectified else steep, variable) for re, im in zeros]
    return []


def _affine(argument: sp.Expr, variable: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr]]:
    """``[(a, b)]`` of an argument ``a x + b``, else empty."""
    found = _coefficients(argument, variable)
    return [(found[1], found[0])] if found is not None and len(found) == 2 else []


def _quadratic(argument: sp.Expr, variable: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """``[(a, b, c)]`` of an argument ``a x^2 + b x + c``, else empty."""
    found = _coefficients(argument, variable)
    return [(found[2], found[1], found[0])] if found is not None and len(found) == 3 else []


def _coefficients(argument: sp.Expr, variable: sp.Symbol) -> list[sp.Expr] | None:
    """Coefficients of a polynomial of low degree in ``variable``, by rising powers."""
    if not argument.has(variable) or argument.has(Applied) or not argument.is_polynomial(variable):
        return None
    poly = sp.Poly(argument, variable)
    return [poly.coeff_monomial(variable**k) for k in range(poly.degree() + 1)] if poly.degree() <= 2 else None
