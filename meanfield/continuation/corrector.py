"""From a predicted point back to the curve: Newton's method on the bordered system, many points at once.

Written in scaled unknowns w = u / scale,

    [ F_u scale ]        [  -F  ]
    [           ]  dw =  [      ]          so that the point moves in the plane through the prediction, orthogonal to `normal`.
    [  normal^T ]        [   0  ]
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from meanfield.continuation.curve import Curve
from meanfield.solve.problem import Array

_GROWTH = 2.0  # a correction may grow by this factor from one iteration to the next before it counts as lost
# Where the next correction is only expected: the margin for how they grow, the length that the last one may have (and the distance
# from an edge that unknowns must have), in units of the unknowns' scales, and the angle by which tangents may still turn.
_CAUTION, _NEAR, _STRAIGHT = 3.0, 1e-4, 1e-5
_TINY = 1e-300  # the least size of a row, so that one of zeros stays as it is


class Corrected(NamedTuple):
    """u (P, N) and the Jacobian (P, n, N) near it; ahead (P, N): the scaled unit tangent there, oriented like the normal;
    converged (P,); iterations (P,); first, last (P,): sizes of corrections."""

    u: Array
    jacobian: Array
    ahead: Array
    converged: Any
    iterations: Any
    first: Array
    last: Array

    def take(self, rows: Any, part: Corrected, ended: Any) -> Corrected:
        """Those of ``part`` that have ended are the points ``rows``."""
        for name in ("u", "jacobian", "ahead", "converged", "iterations", "last"):
            getattr(self, name)[rows] = getattr(part, name)[ended]
        return self


class _Systems:
    """The bordered systems of points with unit normals (P, N), filled anew at every turn of Newton's method."""

    def __init__(self, normal: Array, scale: Array) -> None:
        self.scale = scale
        self.size: Array | None = None  # (P, n) of the rows of the first Jacobian: on so short a way they hardly change
        self.matrix = np.empty((*normal.shape, normal.shape[1]))
        self.matrix[:, -1] = normal
        self.sides = np.zeros((*normal.shape, 2))
        self.sides[:, -1, 1] = 1.0

    def step_and_tangent(self, slope: Array, residual: Array) -> tuple[Array, Array, Array]:
        """Newton's correction, scaled, to be subtracted, and the scaled unit tangent (P, N) each, two right sides of one system;
        the length of the correction (P,)."""
        if self.size is None:
            self.size = _sizes(slope, self.scale)
        scaled = np.multiply(slope, self.scale[:, None, :], out=self.matrix[:, :-1])
        scaled /= self.size[:, :, None]
        np.divide(residual, self.size, out=self.sides[:, :-1, 0])
        both = solved(self.matrix, self.sides)
        sizes = lengths(both)
        return both[:, :, 0], both[:, :, 1] / sizes[:, 1:], sizes[:, 0]

    def keep(self, rows: Any) -> None:
        """The other points have ended."""
        self.scale, self.matrix, self.sides = self.scale[rows], self.matrix[rows], self.sides[rows]
        self.size = self.size[rows] if self.size is not None else None


def bordered(jacobian: Array, row: Array, scale: Array) -> Array:
    """(P, N, N): the Jacobian in scaled unknowns, each row divided by the sizes of its entries, and ``row`` below it."""
    with np.errstate(all="ignore"):  # of points that have no finite values the system is NaN
        return _equilibrated(jacobian, row, scale)[0]


def _equilibrated(jacobian: Array, row: Array, scale: Array) -> tuple[Array, Array]:
    """The bordered system, and what its rows but the last were divided by (P, n)."""
    matrix, size = np.empty((*row.shape, row.shape[1])), _sizes(jacobian, scale)
    scaled = np.multiply(jacobian, scale[:, None, :], out=matrix[:, :-1])
    scaled /= size[:, :, None]
    matrix[:, -1] = row
    return matrix, size


def _sizes(jacobian: Array, scale: Array) -> Array:
    """(P, n): of the rows of the Jacobian in scaled unknowns."""
    return np.maximum((np.abs(jacobian) @ scale[:, :, None])[:, :, 0], _TINY)  # type: ignore[no-any-return]


def across(jacobian: Array, row: Array, scale: Array) -> Array:
    """(P, N, n): how far a point moves in the plane orthogonal to ``row`` (P, N), scaled, for a residual to grow by 1; NaN where
    the bordered system is singular."""
    with np.errstate(all="ignore"):
        matrix, size = _equilibrated(jacobian, row, scale)
        sides = np.zeros((*row.shape, size.shape[1]))
        every = np.arange(size.shape[1])
        sides[:, every, every] = 1 / size
        return solved(matrix, sides) * scale[:, :, None]


def solved(matrix: Array, rhs: Array) -> Array:
    """Solutions of small linear systems for right sides (P, N) or (P, N, k), NaN for those that are singular or not finite.

    To be called where warnings of floating-point numbers are ignored: it is called at every step, and to ignore them takes as
    long as a division."""
    columns = rhs if rhs.ndim == 3 else rhs[:, :, None]
    try:
        if isfinite(np.add.reduce(matrix, axis=None)):
            return np.asarray(np.linalg.solve(matrix, columns).reshape(rhs.shape))
    except np.linalg.LinAlgError:
        pass  # one of them is singular
    out = np.full(columns.shape, np.nan)
    for k in np.flatnonzero(np.isfinite(matrix).all(axis=(1, 2))):
        try:
            out[k] = np.linalg.solve(matrix[k], columns[k])
        except np.linalg.LinAlgError:
            continue
    return out.reshape(rhs.shape)


def correct(
    curve: Curve,
    p: Array,
    start: Array,
    normal: Array,
    scale: Array,
    *,
    tol: float = 1e-9,
    max_iterations: int = 6,
    soon: bool = False,
) -> Corrected:
    """Newton from ``start`` (P, N) in the planes with the scaled unit ``normal`` (P, N), until a correction is below ``tol``.

    The last correction is applied: with quadratic convergence the point is better than ``tol`` by far. soon: end already where
    the correction that would come next is expected to be below ``tol``; the Jacobian is then as far from the curve as the last
    correction is long.
    """
    rows: Any = slice(None)  # of the points that still move; what follows is theirs
    u, before, first = start, normal, np.zeros(0)
    last = [inf] * len(start)  # of what is decided point by point there are lists: of few points they are faster
    out: Corrected | None = None
    systems = _Systems(normal, scale)
    with np.errstate(all="ignore"):
        for turn in range(1, max_iterations + 1):
            residual, slope = curve.at.residual_jacobian(u, p)
            step, ahead, length = systems.step_and_tangent(slope, residual)
            u = u - step * scale
            sizes = length.tolist()
            done = [size <= tol for size in sizes]
            if turn == 1:
                first = length
            elif soon:
                settled = zip(done, _settling(sizes, last, ahead, before, tol), _off_edges(u, curve, scale), strict=True)
                done = [small or soon_small and off for small, soon_small, off in settled]
            ended = [small or not size <= _GROWTH * old for small, size, old in zip(done, sizes, last, strict=True)]  # or NaN
            if turn == max_iterations or any(ended):
                part = Corrected(u, slope, ahead, np.array(done), np.array([turn] * len(u)), first[rows], length)
                if turn == max_iterations or all(ended):
                    return part if out is None else out.take(rows, part, slice(None))
                if out is None:
                    out, rows = _nothing(first, slope), np.arange(len(u))
                out.take(rows[ended], part, ended)
                on = [not one for one in ended]
                rows, u, p, scale, length, ahead = (a[on] for a in (rows, u, p, scale, length, ahead))
                systems.keep(on)
                sizes = length.tolist()
            before, last = ahead, sizes
    raise AssertionError("the last turn ends all")


def lengths(vectors: Array) -> Array:
    """(P,) of vectors (P, N), or (P, k) of columns (P, N, k)."""
    return np.asarray(np.sqrt(np.add.reduce(vectors * vectors, axis=1)))


def _nothing(first: Array, slope: Array) -> Corrected:
    """What is not known yet of points (P,)."""
    count, size = len(first), slope.shape[2]
    u, ahead, jacobian = (np.full((count, *shape), np.nan) for shape in ((size,), (size,), slope.shape[1:]))
    return Corrected(u, jacobian, ahead, np.zeros(count, dtype=bool), np.zeros(count, dtype=int), first, np.full(count, np.inf))


def _settling(length: list[float], last: list[float], ahead: Array, before: Array, tol: float) -> list[bool]:
    """(P,) whether the correction that would come next is below ``tol``, as corrections grow like the square of the last one; and
    the tangent, which converges like the points do, no longer turns."""
    turned = np.maximum.reduce(np.abs(ahead - before), axis=1).tolist()
    return [
        now <= _NEAR and _CAUTION * max(now, old * old) * now * now <= tol * old * old and turn * now <= _STRAIGHT * old
        for now, old, turn in zip(length, last, turned, strict=True)
    ]


def _off_edges(u: Array, curve: Curve, scale: Array) -> list[bool]:
    """(P,) whether no unknown is so near to its edge that it may have to lie on it: that takes all the digits there are."""
    if not curve.edged:
        return [True] * len(u)
    room = np.abs(u - curve.lower)
    return ((room > _NEAR * scale) | (room == 0)).all(axis=1).tolist()  # type: ignore[no-any-return]
