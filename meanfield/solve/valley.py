"""Roots on the floor of a valley: where a continuous symmetry is slightly broken, |F| is tiny all along what was a ring of roots.

Newton's steps along the floor lead to the roots, but they leave it by their curvature: |F| grows, and a globalised iteration stands
still where it came down, anywhere on the ring. Here the steps are followed nevertheless, as far as the floor is nearly straight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meanfield.solve.linear import solve
from meanfield.solve.problem import Array, Problem

_ADRIFT = 1e-5  # relative size of a correction that an iterate still has which counts as converged: it lies on a floor
_STRIDE = 0.1  # the longest step along it, relative
_STEPS = 60
_ARRIVED = 1e-6  # relative size of the last step, which the noise of a weakly broken symmetry must not exceed


def adrift(x: Array, step: Array, scale: Array) -> NDArray[np.bool_]:
    """(Q,) which converged iterates (Q, n) with Newton's correction ``step`` there lie on the floor of a valley."""
    with np.errstate(invalid="ignore"):
        size = _relative(step, x, scale)
        return np.asarray((size > _ADRIFT) & (size < np.inf))


def along_the_floor(problem: Problem, p: Array, x: Array, scale: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Where Newton's method with steps of limited length leads from x (Q, n), and (Q,) whether it comes to an end there."""
    x, arrived = np.array(x), np.zeros(len(x), dtype=bool)
    rows = np.arange(len(x))
    for _ in range(_STEPS):
        with np.errstate(all="ignore"):
            r, jacobian = problem.residual_jacobian(x[rows], p[rows])
            step = solve(jacobian, -r)
            size = _relative(step, x[rows], scale[rows])
            step *= np.minimum(1.0, _STRIDE / size)[:, None]
        on_its_way = np.isfinite(step).all(axis=1)
        rows, step, size = rows[on_its_way], step[on_its_way], size[on_its_way]
        x[rows] += step
        arrived[rows[size <= _ARRIVED]] = True
        rows = rows[size > _ARRIVED]
        if rows.size == 0:
            break
    return x, arrived


def _relative(step: Array, x: Array, scale: Array) -> Array:
    return np.asarray((np.abs(step) / (np.abs(x) + np.minimum(scale, 1.0))).max(axis=1))
