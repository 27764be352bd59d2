"""Steps of which both ends lie in the window while the curve between them does not: it leaves, turns outside, and comes back. And
steps from an end of the window that lead inwards, turn, and leave it.

From the ends of a step and the tangents there every coordinate along it is expected to be a cubic. Where that comes near an end of
the window, points of the curve itself tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from meanfield.continuation.between import cubic, hermite, turns
from meanfield.continuation.corrector import Corrected, correct, lengths
from meanfield.continuation.curve import Curve
from meanfield.solve.problem import Array

_REACH = 0.5  # of the slope at an end: the parabola goes half as far, the cubic no further than two thirds of it
_LEAST = 0.7  # the cosine between chord and tangents at the ends of a step is larger
_ASIDE = 0.5  # of a step: a point that far from where it is expected does not lie between its ends
_SHORT_OF = 0.9  # of the way to where a coordinate turns, if no point is found there
_NEAR_END, _BEYOND = 0.2, 3.0  # of a step: a turn so near to an end of it is enclosed in a stretch so much longer
_ROUNDS = 12

Bound = tuple[int, float, float]  # place of a coordinate, its least and its largest value
Cubic = tuple[Array, Array, Array, Array]  # the points at its ends, and its slopes there


class Stretch(NamedTuple):
    """The curve between the points a and b (N,) of it, with the tangents ta and tb (N,) there, both in units of ``scale`` (N,)."""

    a: Array
    b: Array
    ta: Array
    tb: Array
    scale: Array


def within(bounds: Sequence[Bound], u: Array) -> bool:
    """Whether the point u (N,) lies in the bounds."""
    return all(low <= u.item(i) <= high for i, low, high in bounds)


def may_leave(bounds: Sequence[Bound], way: Stretch, length: float) -> bool:
    """Whether the curve may leave the bounds on its way between two points a scaled distance ``length`` apart; to ask costs no
    more than a few products."""
    a, b, ta, tb, scale = way
    reach = _REACH / _LEAST * length
    for i, low, high in bounds:
        far = reach * scale.item(i)
        there, back = a.item(i) + far * ta.item(i), b.item(i) - far * tb.item(i)
        if there > high or back > high or there < low or back < low:
            return True
    return False


def point_outside(curve: Curve, bounds: Sequence[Bound], base: Array, way: Stretch, rounds: int = _ROUNDS) -> Corrected | None:
    """A point of the curve outside of the bounds, near where it turns back on its way from one point within to another; None if
    there is none. base (m,): parameters."""
    step = hermite(*way)
    share = _farthest(bounds, step) if step is not None and rounds > 0 else None
    if step is None or share is None:
        return None
    # Where two curves cross just there, the plane through the turn holds one of them, or nearly so.
    found = _at(curve, base, way, step, share) or _at(curve, base, way, step, _SHORT_OF * share)
    if found is None or not within(bounds, found.u[0]):
        return found
    u, t = found.u[0], found.ahead[0]
    before = point_outside(curve, bounds, base, way._replace(b=u, tb=t), rounds - 1)
    return before or point_outside(curve, bounds, base, way._replace(a=u, ta=t), rounds - 1)


def point_inside(curve: Curve, bounds: Sequence[Bound], base: Array, way: Stretch) -> Corrected | None:
    """A point of the curve within the bounds, where it turns back on its way from an end of them to a point outside; None if it
    does not lead inwards where it begins."""
    step = hermite(*way)
    for i, low, high in bounds if step is not None else ():
        assert step is not None
        a, b, slope_a, slope_b = (x.item(i) for x in step)
        for share, bends in turns(a, b, slope_a, slope_b):
            if (bends < 0 and slope_a > 0 and b < low) or (bends > 0 and slope_a < 0 and b > high):
                found = _at(curve, base, way, step, share)
                return found if found is not None and within(bounds, found.u[0]) else None
    return None


def _at(curve: Curve, base: Array, way: Stretch, step: Cubic, share: float) -> Corrected | None:
    """The point of the curve at a share of the chord, None if there is none near where the cubic leads."""
    chord = (way.b - way.a) / way.scale
    length = sqrt(float(chord.dot(chord)))
    guess = cubic(*step, np.array([[share]]))
    found = correct(curve, base[None], guess, (chord / length)[None], way.scale[None], soon=True)
    near = found.converged[0] and lengths((found.u - guess) / way.scale)[0] < _ASIDE * length
    return found if near else None


def _farthest(bounds: Sequence[Bound], step: Cubic) -> float | None:
    """The share of a step at which a coordinate that may leave its bounds turns, or just beyond; None if none does."""
    for i, low, high in bounds:
        a, b, slope_a, slope_b = (x.item(i) for x in step)
        there, back = a + _REACH * slope_a, b - _REACH * slope_b
        for share, bends in turns(a, b, slope_a, slope_b):
            if (bends < 0 and max(there, back) > high) or (bends > 0 and min(there, back) < low):
                return _inner(share)
    return None


def _inner(share: float) -> float:
    """A share of a step not near its ends: one beyond ``share`` where that is, which then lies in a short stretch."""
    near = min(share, 1 - share)
    if near >= _NEAR_END:
        return share
    return _BEYOND * near if share < 0.5 else 1 - _BEYOND * near
