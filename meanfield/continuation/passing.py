"""Whether a branch comes by a given point."""

from __future__ import annotations

import numpy as np

from meanfield.continuation.between import stretches
from meanfield.continuation.corrector import correct, lengths
from meanfield.continuation.curve import Curve
from meanfield.solve.problem import Array

SAME = 1e-6  # scaled distance below which two points are one
_ASIDE = 0.3  # of a step: a point farther from where the curve is expected does not lie on it
_BEFORE = 0.01  # of a step: so far before its beginning or after its end the curve is followed


def passes(curve: Curve, base: Array, u: Array, t: Array, scale: Array, at: Array) -> bool:
    """Whether the curve through the points u (L, N), with tangents t (L, N) in units of ``scale`` (L, N), comes by the point ``at``
    (N,): looked at in the plane through that point which is orthogonal to a step, so that it may be just where the curve turns.
    """
    if (np.abs((u - at) / scale).max(axis=1) < SAME).any():
        return True
    if len(u) == 1:
        return False
    with np.errstate(all="ignore"):
        normal, length, at_share = stretches(u, t, scale)
        a, size = u[:-1], scale[:-1]
        share = ((at - a) / size * normal).sum(axis=1) / length
        guess = at_share(share)
        ahead = share * length - ((guess - a) / size * normal).sum(axis=1)
        guess += ahead[:, None] * normal * size
        near = (share > -_BEFORE) & (share < 1 + _BEFORE) & (lengths((at - guess) / size) < _ASIDE * length)
        rows = np.flatnonzero(near)
        if not len(rows):
            return False
        found = correct(curve, np.repeat(base[None], len(rows), axis=0), guess[rows], normal[rows], size[rows])
        return bool((found.converged & (np.abs((found.u - at) / size[rows]).max(axis=1) < SAME)).any())
