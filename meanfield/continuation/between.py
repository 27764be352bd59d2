"""Between the points of a curve: the cubic that has their values and their tangents."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import copysign, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.solve.problem import EPS, Array

if TYPE_CHECKING:
    from meanfield.continuation.branch import Branch

_HALVINGS = 60  # of what encloses a zero, at most
_TURNED = 0.2  # a tangent that is nearly orthogonal to the chord says nothing of the curve between


def cubic(a: Array, b: Array, slope_a: Array, slope_b: Array, share: Array) -> Array:
    """(P, N): from a (P, N) at the share 0 to b at the share 1 with the slopes by the share, at shares (P, 1)."""
    s = share
    return np.asarray(
        (1 + 2 * s) * (1 - s) ** 2 * a + s**2 * (3 - 2 * s) * b + s * (1 - s) ** 2 * slope_a - s**2 * (1 - s) * slope_b
    )


def hermite(a: Array, b: Array, ta: Array, tb: Array, scale: Array) -> tuple[Array, Array, Array, Array] | None:
    """The points a and b (N,) with the slopes of the cubic between them by the share of its chord, from tangents ta and tb (N,) of
    any lengths in units of ``scale``; None where these do not lead along it."""
    chord = (b - a) / scale
    square, ahead, behind = (float(x.dot(chord)) for x in (chord, ta, tb))
    if not min(square, ahead, behind) > 0:
        return None
    return a, b, square / ahead * ta * scale, square / behind * tb * scale


def direction(a: Array, b: Array, slope_a: Array, slope_b: Array, share: Any) -> Array:
    """(..., N): the derivative by the share of such cubics from a to b (..., N), at shares that go with them."""
    s = share
    return np.asarray(6 * s * (1 - s) * (b - a) + (1 - s) * (1 - 3 * s) * slope_a + s * (3 * s - 2) * slope_b)


def turns(a: float, b: float, slope_a: float, slope_b: float) -> list[tuple[float, float]]:
    """The shares between 0 and 1 at which one coordinate of such a cubic turns, in order, with its second derivatives there."""
    square, linear = 3 * (slope_a + slope_b - 2 * (b - a)), 6 * (b - a) - 4 * slope_a - 2 * slope_b
    inside = linear * linear - 4 * square * slope_a
    if not inside > 0:
        return []
    half = -0.5 * (linear + copysign(sqrt(inside), linear))
    both = sorted(up / down for up, down in ((slope_a, half), (half, square)) if down != 0)
    return [(share, 2 * square * share + linear) for share in both if 0 < share < 1]


def first_at(value: float, a: float, b: float, slope_a: float, slope_b: float) -> float:
    """The least share between 0 and 1 at which one coordinate of such a cubic has a value; NaN if there is none."""
    rise = b - a
    cubed, squared = slope_a + slope_b - 2 * rise, 3 * rise - 2 * slope_a - slope_b
    inside = [share for share, _ in turns(a, b, slope_a, slope_b)]  # between two turns it only rises, or only falls
    off = [a - value, *(((cubed * s + squared) * s + slope_a) * s + a - value for s in inside), b - value]
    for (low, below), (high, above) in pairwise(zip([0.0, *inside, 1.0], off, strict=True)):
        if below == 0:
            return low
        if below * above <= 0:
            return _only_zero(cubed, squared, slope_a, a - value, low, high, rises=above > below)
    return nan


def _only_zero(cubed: float, squared: float, linear: float, constant: float, low: float, high: float, *, rises: bool) -> float:
    """The zero of a cubic that only rises, or only falls, between two places where its signs differ: Newton's method, or half-way
    where that leaves them."""
    share = 0.5 * (low + high)
    for _ in range(_HALVINGS):
        value = ((cubed * share + squared) * share + linear) * share + constant
        if (value < 0) == rises:
            low = share
        else:
            high = share
        slope = (3 * cubed * share + 2 * squared) * share + linear
        nearer = share - value / slope if slope != 0 else low
        if not low <= nearer <= high:
            nearer = 0.5 * (low + high)
        if abs(nearer - share) <= EPS:
            return nearer
        share = nearer
    return share


def between(branch: Branch, places: Any) -> Array:
    """Unknowns and coordinate (P, N) at ``places`` (P,) of a branch: 2.5 is half-way between its points 2 and 3.

    Interpolated, hence good enough for a picture; the points themselves are what is claimed.
    """
    u, t, scale = branch.u, branch.tangent, branch.scale
    if len(u) == 1:
        return np.repeat(u, len(places), axis=0)
    k = np.clip(np.floor(places).astype(int), 0, len(u) - 2)
    return stretches(u, t, scale)[2](np.asarray(places, dtype=float) - k, k)


def stretches(u: Array, t: Array, scale: Array) -> tuple[Array, Array, Callable[..., Array]]:
    """The steps between points u (L, N), with tangents t (L, N) in units of ``scale`` (L, N): their scaled directions (L - 1, N)
    and lengths (L - 1,), and the cubics: points (P, N) at shares (P,) of the steps k (P,), by default of all, one of each."""
    size = scale[:-1]
    chord = (u[1:] - u[:-1]) / size
    length = np.sqrt((chord**2).sum(axis=1, keepdims=True))
    normal = chord / np.where(length > 0, length, 1.0)
    slopes = []
    for tangent in (t[:-1], t[1:] * scale[1:] / size):
        ahead = (tangent * normal).sum(axis=1, keepdims=True)
        unit = np.sqrt((tangent**2).sum(axis=1, keepdims=True))
        known = ahead > _TURNED * unit
        slopes.append(np.where(known, tangent / np.where(known, ahead, 1.0), normal) * length * size)

    def at(share: Array, k: Any = slice(None)) -> Array:
        return cubic(u[:-1][k], u[1:][k], slopes[0][k], slopes[1][k], share[:, None])

    return normal, length[:, 0], at
