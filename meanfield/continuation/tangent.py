"""The tangent of the curve, and predictions along it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from meanfield.continuation.corrector import bordered, lengths, solved
from meanfield.solve.problem import Array

Predictor = Literal["tangent", "secant", "natural"]


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


def by_tangent(u: Array, before: Array, direction: Array, step: Array, scale: Array) -> Array:
    """u + h t."""
    return u + step[:, None] * direction * scale


def by_secant(u: Array, before: Array, direction: Array, step: Array, scale: Array) -> Array:
    """Along the line through the last two points; the tangent where there is only one."""
    chord = (u - before) / scale
    length = np.sqrt((chord**2).sum(axis=1, keepdims=True))
    unit = np.where(length > 0, chord / np.where(length > 0, length, 1.0), direction)
    return u + step[:, None] * unit * scale


def by_parameter(u: Array, before: Array, direction: Array, step: Array, scale: Array) -> Array:
    """Only the parameter moves, as far as it would along the tangent (it cannot pass a fold)."""
    out = np.array(u)
    out[:, -1] += step * direction[:, -1] * scale[:, -1]
    return out


PREDICTORS: dict[str, Callable[[Array, Array, Array, Array, Array], Array]] = {
    "tangent": by_tangent,
    "secant": by_secant,
    "natural": by_parameter,
}
