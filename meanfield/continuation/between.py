"""Between the points of a curve: the cubic that has their values and their tangents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.solve.problem import Array

if TYPE_CHECKING:
    from meanfield.continuation.branch import Branch

_TURNED = 0.2  # a tangent that is nearly orthogonal to the chord says nothing of the curve between


def cubic(a: Array, b: Array, slope_a: Array, slope_b: Array, share: Array) -> Array:
    """(P, N): from a (P, N) at the share 0 to b at the share 1 with the slopes by the share, at shares (P, 1)."""
    s = share
    return np.asarray(
        (1 + 2 * s) * (1 - s) ** 2 * a + s**2 * (3 - 2 * s) * b + s * (1 - s) ** 2 * slope_a - s**2 * (1 - s) * slope_b
    )


def between(branch: Branch, places: Any) -> Array:
    """Unknowns and coordinate (P, N) at ``places`` (P,) of a branch: 2.5 is half-way between its points 2 and 3.

    Interpolated, hence good enough for a picture; the points themselves are what is claimed.
    """
    u, t, scale = branch.u, branch.tangent, branch.scale
    if len(u) == 1:
        return np.repeat(u, len(places), axis=0)
    k = np.clip(np.floor(places).astype(int), 0, len(u) - 2)
    share = (np.asarray(places, dtype=float) - k)[:, None]
    size = scale[k]
    chord = (u[k + 1] - u[k]) / size
    length = np.sqrt((chord**2).sum(axis=1, keepdims=True))
    normal = chord / np.where(length > 0, length, 1.0)
    slopes = []
    for tangent in (t[k], t[k + 1] * scale[k + 1] / size):
        ahead = (tangent * normal).sum(axis=1, keepdims=True)
        unit = np.sqrt((tangent**2).sum(axis=1, keepdims=True))
        known = ahead > _TURNED * unit
        slopes.append(np.where(known, tangent / np.where(known, ahead, 1.0), normal) * length * size)
    return cubic(u[k], u[k + 1], slopes[0], slopes[1], share)
