"""The tangent of the curve, and predictions along it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from meanfield.continuation.corrector import bordered, lengths, solved
from meanfield.solve.problem import Array

_BENT = 0.5  # of the length of a step: a cubic that leads so far aside from the tangent is not believed,
_NOISE = 1e-8  # scaled: nor one that leads no further aside than points may be off
Predictor = Literal["cubic", "tangent", "secant", "natural"]


def tangent(jacobian: Array, along: Array, scale: Array) -> Array:
    """Scaled unit tangents (P, N), oriented like ``along`` (P, N): the null vectors of the scaled Jacobian."""
    rhs = np.zeros(along.shape)
    rhs[:, -1] = 1.0
    with np.errstate(all="ignore"):
        found = solved(bordered(jacobian, along, scale), rhs)
        return found / lengths(found)[:, None]


def first_tangent(jacobian: Array, direction: Array, scale: Array) -> Array:
    """Scaled unit tangents (P, N) where none is known yet: from the singular value decomposition, along ``direction`` (P, N)."""
    scaled = jacobian * scale[:, None, :]
    null = np.linalg.svd(np.where(np.isfinite(scaled), scaled, 0.0))[2][:, -1, :]
    turn = np.sign((null * direction).sum(axis=1, keepdims=True))
    return null * np.where(turn == 0, 1.0, turn)


@dataclass(frozen=True)
class Behind:
    """Of the points before the last ones: u (P, N), and the unit tangents there (P, N), in units of ``scale`` (P, N)."""

    u: Array
    tangent: Array
    scale: Array


def by_tangent(u: Array, behind: Behind, direction: Array, step: Array, scale: Array) -> Array:
    """u + h t."""
    return u + step[:, None] * direction * scale


def by_cubic(u: Array, behind: Behind, direction: Array, step: Array, scale: Array) -> Array:
    """Along the cubic in the length of the curve that has the last two points with their tangents: its error grows like h^4, that
    of the tangent like h^2. Along the tangent where there is only one point, or where the cubic bends too much or hardly at all."""
    known = np.empty((len(u), 3, u.shape[1]))
    np.subtract(u, behind.u, out=known[:, 0])
    np.multiply(behind.tangent, behind.scale, out=known[:, 1])
    known[:, :2] /= scale[:, None]
    known[:, 2] = direction
    products = (known @ known.transpose(0, 2, 1)).tolist()
    shares = np.array([_shares(of, h) for of, h in zip(products, step.tolist(), strict=True)])
    return u + (shares[:, None] @ known)[:, 0] * scale


def _shares(products: list[list[float]], step: float) -> tuple[float, float, float]:
    """What of the chord, the tangent behind and the tangent here, whose inner products are given, the step on the cubic is."""
    (cc, cb, ch), (_, bb, bh), (_, _, hh) = products
    if not cc > 0:
        return 0.0, 0.0, step
    length = 4 / 3 * sqrt(cc) - (cb + ch) / 6  # of the curve, if it is a circle
    share = step / length
    chord, behind, here = -share * (3 + 2 * share) / length, share * (1 + share), share * (2 + share)
    square = chord * (chord * cc + 2 * behind * cb + 2 * here * ch) + behind * (behind * bb + 2 * here * bh) + here * here * hh
    if not _NOISE / step < sqrt(max(square, 0.0)) <= _BENT:
        return 0.0, 0.0, step
    return step * chord, step * behind, step * (1 + here)


def by_secant(u: Array, behind: Behind, direction: Array, step: Array, scale: Array) -> Array:
    """Along the line through the last two points; the tangent where there is only one."""
    chord = (u - behind.u) / scale
    length = np.sqrt((chord**2).sum(axis=1, keepdims=True))
    unit = np.where(length > 0, chord / np.where(length > 0, length, 1.0), direction)
    return u + step[:, None] * unit * scale


def by_parameter(u: Array, behind: Behind, direction: Array, step: Array, scale: Array) -> Array:
    """Only the parameter moves, as far as it would along the tangent (it cannot pass a fold)."""
    out = np.array(u)
    out[:, -1] += step * direction[:, -1] * scale[:, -1]
    return out


PREDICTORS: dict[str, Callable[[Array, Behind, Array, Array, Array], Array]] = {
    "cubic": by_cubic,
    "tangent": by_tangent,
    "secant": by_secant,
    "natural": by_parameter,
}
