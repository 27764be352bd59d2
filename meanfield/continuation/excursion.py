"""Steps of which both ends lie in the window while the curve between them does not: it leaves, turns outside, and comes back.

From the ends of a step and the tangents there every coordinate along it is expected to be a cubic. Where that comes near an end of
the window, points of the curve itself tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from meanfield.continuation.between import cubic, turns
from meanfield.continuation.corrector import Corrected, correct, lengths
from meanfield.continuation.curve import Curve
from meanfield.solve.problem import Array

_REACH = 0.5  # of the slope at an end: the parabola goes half as far, the cubic no further than two thirds of it
_LEAST = 0.8  # the cosine between chord and tangents at the ends of a step is larger
_ASIDE = 0.5  # of a step: a point that far from where it is expected does not lie between its ends
_ROUNDS = 8

Bound = tuple[int, float, float]  # place of a coordinate, its least and its largest value


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
    a, b, ta, tb, scale = way
    chord = (b - a) / scale
    length = sqrt(float(chord.dot(chord)))
    normal = chord / length if length > 0 else ta
    ahead, behind = float(ta.dot(normal)), float(tb.dot(normal))
    if rounds == 0 or not min(length, ahead, behind) > 0:
        return None
    slope_a, slope_b = length / ahead * ta * scale, length / behind * tb * scale
    share = _farthest(bounds, a, b, slope_a, slope_b)
    if share is None:
        return None
    guess = cubic(a[None], b[None], slope_a[None], slope_b[None], np.array([[share]]))
    found = correct(curve, base[None], guess, normal[None], scale[None], soon=True)
    if not found.converged[0] or not lengths((found.u - guess) / scale)[0] < _ASIDE * length:
        return None
    u, t = found.u[0], found.ahead[0]
    if not within(bounds, u):
        return found
    before = point_outside(curve, bounds, base, Stretch(a, u, ta, t, scale), rounds - 1)
    return before or point_outside(curve, bounds, base, Stretch(u, b, t, tb, scale), rounds - 1)


def _farthest(bounds: Sequence[Bound], a: Array, b: Array, slope_a: Array, slope_b: Array) -> float | None:
    """The share of a step at which a coordinate that may leave its bounds turns; None if none does."""
    for i, low, high in bounds:
        ends = a.item(i), b.item(i), slope_a.item(i), slope_b.item(i)
        there, back = ends[0] + _REACH * ends[2], ends[1] - _REACH * ends[3]
        for share, bends in turns(*ends):
            if (bends < 0 and max(there, back) > high) or (bends > 0 and min(there, back) < low):
                return share
    return None
