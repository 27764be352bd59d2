"""Averages that one standard normal variable z carries: scalar laws, tilted laws, and pairs of correlation one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import sympy as sp

from meanfield.compile.precise.engine import Estimate, Goal, checked_step, half_line, segment, whole_line
from meanfield.compile.precise.features import features, kink_positions, lattice_width, strip_width
from meanfield.compile.precise.field import Field, Number, Values
from meanfield.compile.precise.interpret import Interpreter
from meanfield.errors import AverageError

STEEP = 0.05
"""Strip half width, in z, below which the trapezoid rule is given up for rules that refine at the steep points."""

Integrand = Callable[[Values], list[Values]]
"""``z -> [body(z)]`` without the normal density."""


def integrate_normal(
    field: Field, bodies: Integrand, goal: Goal, kinks: Sequence[Number] = (), strip: float = 1.0, order: int = 0
) -> list[Estimate]:
    """``int Dz body(z)``: trapezoid on the line, or doubly exponential rules between the kinks."""
    norm = 1 / field.call("sqrt", 2 * field.constant(sp.pi))

    def weighted(z: Values, dz: Values | None = None) -> list[Values]:
        w = field.call("exp", -(z * z) / 2) * norm
        w = w if dz is None else w * dz
        return [b * w for b in bodies(z)]

    def shifted(by: Number, r: Values, dr: Values) -> list[Values]:
        return weighted(by + r, dr)

    if not kinks:
        return whole_line(field, weighted, goal, min(4 * checked_step(strip, goal, order), 0.5))
    step, reach = min(0.25, 4 * checked_step(strip, goal, order)), goal.reach + 5
    if not strip > 0:
        raise AverageError("a law is so wide, or so far off, that its integrand has no width left beside it")
    if strip < STEEP:
        # Towards its end points a doubly exponential rule refines itself; structure at distance d has width 1/ln(1/d) in t.
        step = 0.2 / (1 - math.log(strip))
    first, last = kinks[0], kinks[-1]
    parts = [
        half_line(field, lambda r, dr: weighted(first - r, dr), goal, step, reach + float(first)),
        half_line(field, partial(shifted, last), goal, step, reach - float(last)),
    ]
    for a, b in zip(kinks, kinks[1:]):
        parts.append(segment(field, partial(shifted, a), goal, step, b - a))
    return [added(pieces) for pieces in zip(*parts, strict=True)]


def added(parts: Sequence[Estimate]) -> Estimate:
    """Sum of estimates; errors add up."""
    value, error, scale = parts[0].value, parts[0].error, parts[0].scale
    for p in parts[1:]:
        value, error, scale = value + p.value, error + p.error, scale + p.scale
    return Estimate(value, error, scale)


def line_averages(
    run: Interpreter,
    bodies: Sequence[sp.Expr],
    means: Sequence[Number],
    scales: Sequence[Number],
    goal: Goal,
    tilt: sp.Expr | None = None,
) -> tuple[list[Estimate], Estimate]:
    """``[<body>]`` for variables ``means + scales z`` and the norm ``<exp(tilt)>``, by which a tilted average is divided."""
    field = run.field
    one = field.constant(sp.S.One)

    def at(z: Values) -> list[Values]:
        frame = tuple(m + z * s if s else m for m, s in zip(means, scales, strict=True))
        here = Interpreter(field, run.symbols, run.binder, (*run.frames, frame))
        values = [here(b) for b in bodies]
        if tilt is None:
            return values
        weight = field.call("exp", here(tilt))
        return [weight, *(v * weight for v in values)]

    if tilt is None and not any(scales):
        return [Estimate(v, abs(v) * field.noise, abs(v)) for v in at(one)], Estimate(one, 0 * one, one)
    seen = [*bodies, *([tilt] if tilt is not None else [])]
    strip = strip_width(run, seen, means, scales, lattice_width(goal))
    kinks = kink_positions(run, seen, means, scales, goal.reach + 5, strip < STEEP)
    found = integrate_normal(field, at, goal, kinks, strip, max(features(b).order for b in seen))
    if tilt is None:
        return found, Estimate(one, 0 * one, one)
    norm = found[0]
    return [_ratio(f, norm) for f in found[1:]], norm


def _ratio(part: Estimate, norm: Estimate) -> Estimate:
    value = part.value / norm.value
    return Estimate(value, (part.error + abs(value) * norm.error) / norm.value, part.scale / norm.value)
