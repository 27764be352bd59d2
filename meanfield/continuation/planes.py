"""Where a curve meets a plane in which one coordinate has a given value: the end of a window."""

from __future__ import annotations

import numpy as np

from meanfield.continuation.corrector import across
from meanfield.continuation.curve import Curve
from meanfield.continuation.settle import Special
from meanfield.solve.problem import EPS, Array

_ITERATIONS = 8
_EXACT, _SMALL = 1e-13, 1e-8  # scaled corrections: of rounding; so small that they are rounding if they do not shrink
_SHRINKS = 0.1


def meeting(curve: Curve, u: Array, base: Array, scale: Array, place: int, value: float) -> Special:
    """The points of the curve at which coordinate number ``place`` has the value, from u (P, N) near them: Newton's method within
    that plane, with the exact Jacobian, by the finest rules. Their claimed errors are the residual's through its inverse."""
    u, row = np.array(u), np.zeros(u.shape)
    u[:, place], row[:, place] = value, 1.0
    last, done = np.full(len(u), np.inf), np.zeros(len(u), dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(_ITERATIONS):
            residual, jacobian = curve.fine.residual_jacobian(u, base)
            inverse = across(jacobian, row, scale)
            step = (inverse @ residual[:, :, None])[:, :, 0]
            size = np.abs(step / scale).max(axis=1)
            shrunk = np.where(size < last, size / last, np.where(size > 0, 1.0, 0.0))  # a point of a batch may stand still
            done |= (size <= _EXACT) | ((size <= _SMALL) & (shrunk >= _SHRINKS))
            u, last = u - step, size
            if (done | ~np.isfinite(size)).all():
                break
        noise = (np.abs(inverse) @ curve.fine.claims(u, base)[:, :, None])[:, :, 0]
        error = noise + np.abs(step) * shrunk[:, None] + 2 * EPS * np.abs(u)
    known = done & np.isfinite(error).all(axis=1)
    return Special(u, np.where(known[:, None], error, np.inf), known)
