"""The tangent of the curve, and predictions along it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    null = np.linalg.svd(np.nan_to_num(jacobian * scale[:, None, :]))[2][:, -1, :]
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
    chord, before = (u - behind.u) / scale, behind.tangent * behind.scale / scale
    length = lengths(chord)  # 0 where there is only one point, and what follows is not finite
    length *= 4 / 3 - np.add.reduce((before + direction) * chord, axis=1) / (6 * length)  # of the curve, if it is a circle
    share = (step / length)[:, None]
    both = before + direction - (2 / length)[:, None] * chord
    bend = share * (direction - chord / length[:, None] + (1 + share) * both)
    aside = lengths(bend)
    believed = (aside <= _BENT) & (aside * step > _NOISE)
    return u + step[:, None] * np.where(believed[:, None], direction + bend, direction) * scale


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
