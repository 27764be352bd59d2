"""Roots that are not alone: under a continuous symmetry they form rings, spheres and the like.

At every root of such a family the Jacobian is singular, and next to it there is another root. A search for all roots would never
end, so it keeps one of each family, and says so; its claims are distances from the family, not along it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from meanfield.compile import FINE, Kernel
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.solve.extension import extended
from meanfield.solve.linear import eigenvalues
from meanfield.solve.problem import EPS, Array, Problem

_DOUBTFUL = 1e-3  # singular values, relative to the largest, up to which that of a rough root may be zero,
_SINGULAR = 1e-6  # and up to which that of a root is
_LENGTHS = (0.1, 0.01, 0.001)  # relative distances at which another root is looked for, both ways
_SHORTEST = 1e-6  # largest of the unknowns' sizes along a family
_STEPS = 8  # of Gauss-Newton's method towards it
_ZERO = 1e-12  # relative residual of a root; that of one of multiplicity 3 is 1e-9 at the shortest of the distances
_WEAK = 1e-3  # least sum of a row of the Jacobian, relative to the largest, by which its residual is measured
_ALIKE = 1e-3  # relative difference of the eigenvalues of Jacobians: they are the same all along a family


def on_family(problem: Problem, p: Array, x: Array, jacobian: Array, scale: Array) -> NDArray[np.bool_]:
    """(Q,) whether roots x (Q, n) have others at any small distance: looked for along the weakest direction, both ways."""
    found: NDArray[np.bool_] = np.zeros(len(x), dtype=bool)
    extent = _extent(x, scale)
    rows, _ = _weakest(jacobian, extent, _DOUBTFUL)
    if rows.size == 0:
        return found
    x = np.array(x)
    for _ in range(_STEPS):
        x[rows], _ = _nearest(problem, p[rows], x[rows], extent[rows])
    weak, direction = _weakest(problem.residual_jacobian(x[rows], p[rows])[1], extent[rows], _SINGULAR)
    rows = rows[weak]
    # What moves nothing by more than that is a root next to x = 0, where all equations hold within rounding.
    wide = (extent[rows] * np.abs(direction)).max(axis=1, initial=0.0) > _SHORTEST
    rows, direction = rows[wide], direction[wide]
    for length in _LENGTHS if rows.size else ():
        ways = [
            _reached(problem, p[rows], x[rows], x[rows] + sign * length * extent[rows] * direction, extent[rows], length)
            for sign in (1, -1)
        ]
        found[rows] |= ways[0] & ways[1]
    return found


def _extent(x: Array, scale: Array) -> Array:
    """Sizes of the unknowns. (Those of starts may be far larger than the scale of transfer functions, 1.)"""
    return np.abs(x) + np.minimum(scale, 1.0)


def _weakest(jacobian: Array, extent: Array, below: float) -> tuple[NDArray[np.intp], Array]:
    """Rows whose Jacobian has a relative singular value ``below`` that, and its direction."""
    matrix, _ = _in_units(jacobian, extent)
    rows = np.flatnonzero(np.isfinite(matrix).all(axis=(1, 2)))
    _, size, right = np.linalg.svd(matrix[rows])
    singular: NDArray[np.bool_] = np.asarray(size[:, -1] <= below * size[:, 0])
    return rows[singular], right[singular, -1]


def _in_units(jacobian: Array, extent: Array) -> tuple[Array, Array]:
    """Jacobians in units of the unknowns' sizes and of the sizes (Q, n) of the residuals, which are returned too."""
    with np.errstate(invalid="ignore"):  # infinite slopes make rows that callers leave out
        scaled = jacobian * extent[:, None, :]
        size = np.abs(scaled).sum(axis=2)
        size = np.maximum(size, _WEAK * size.max(axis=1, keepdims=True))
        size = np.where(size > 0, size, 1.0)
        return scaled / size[:, :, None], size


def _reached(problem: Problem, p: Array, x: Array, start: Array, extent: Array, length: float) -> NDArray[np.bool_]:
    """(Q,) whether the shortest steps lead from a start to another root than x, as far away as the start was."""
    y = start
    for _ in range(_STEPS):
        y, left = _nearest(problem, p, y, extent)
    away = (np.abs(y - x) / extent).max(axis=1)
    return np.asarray((left <= _ZERO) & (away > 0.5 * length) & (away < 2 * length))


def _nearest(problem: Problem, p: Array, x: Array, extent: Array) -> tuple[Array, Array]:
    """The shortest step towards a root; directions of a family are left alone. And the relative residual (Q,) before it."""
    r, jacobian = problem.residual_jacobian(x, p)
    matrix, size = _in_units(jacobian, extent)
    usable: Array = np.asarray(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(r).all(axis=1))
    matrix, r = np.where(usable[:, None, None], matrix, 0.0), np.where(usable[:, None], r / size, np.inf)
    inverted = np.linalg.pinv(matrix, rcond=_DOUBTFUL)
    step = (inverted * np.where(usable[:, None], r, 0.0)[:, None, :]).sum(axis=2)
    return x - extent * step, np.abs(r).max(axis=1)


def one_of_each(owner: NDArray[np.intp], jacobian: Array) -> NDArray[np.intp]:
    """Rows, the first of each family of each point: along a family the eigenvalues of the Jacobian are the same."""
    values = eigenvalues(jacobian)
    kept: list[int] = []
    for row in range(len(owner)):
        if not any(owner[k] == owner[row] and _same(values[k], values[row]) for k in kept):
            kept.append(row)
    return np.array(kept, dtype=np.intp)


def _representative(problem: Problem, p: Array, x: Array, extent: Array) -> Array:
    """The member (n,) of the family of x (n,) of which as many as possible of the unknowns are zero, the last ones first, and the
    first of those that are not is positive; x where the family has no such member, or it is not found.

    Which member a search comes upon hangs on its last digits.
    """
    fixed: list[int] = []
    if not np.isfinite(problem.residual_jacobian(x[None], p[None])[1]).all():
        return x
    values = _invariants(problem, p, x)
    free = _directions(problem, p, x, extent, fixed)
    moved = np.flatnonzero(np.abs(free).max(axis=1, initial=0.0) > _SINGULAR)
    for j in reversed(moved.tolist()):
        if np.abs(free[j]).max(initial=0.0) <= _SINGULAR:
            continue
        y = _fixed(problem, p, x, extent, [*fixed, j])
        if y is not None and _same(values, _invariants(problem, p, y)):
            x, fixed = y, [*fixed, j]
            free = _directions(problem, p, x, extent, fixed)
    first = next((j for j in moved.tolist() if j not in fixed), None)
    if first is not None and x[first] < 0:
        mirrored = np.array(x)
        mirrored[moved] *= -1.0
        y = _fixed(problem, p, mirrored, extent, fixed)
        if y is not None and y[first] > 0 and _same(values, _invariants(problem, p, y)):
            x = y
    return x


def _fixed(problem: Problem, p: Array, x: Array, extent: Array, fixed: list[int]) -> Array | None:
    """A root (n,) near x (n,) whose unknowns ``fixed`` (places) are zero, if the shortest steps lead to one."""
    y = np.array(x)
    for _ in range(2 * _STEPS):
        y[fixed] = 0.0
        r, jacobian = problem.residual_jacobian(y[None], p[None])
        matrix, size = _in_units(jacobian, extent[None])
        if not (np.isfinite(matrix).all() and np.isfinite(r).all()):
            return None
        matrix[:, :, fixed] = 0.0
        y = y - extent * (np.linalg.pinv(matrix[0], rcond=_DOUBTFUL) @ (r / size)[0])
    y[fixed] = 0.0
    r, jacobian = problem.residual_jacobian(y[None], p[None])
    return y if (np.abs(r) <= _ZERO * _in_units(jacobian, extent[None])[1]).all() else None


def _directions(problem: Problem, p: Array, x: Array, extent: Array, fixed: list[int]) -> Array:
    """(n, d) directions in units of ``extent`` in which the family goes on while the unknowns ``fixed`` stay."""
    matrix, _ = _in_units(problem.residual_jacobian(x[None], p[None])[1], extent[None])
    pinned = np.concatenate([matrix[0], np.eye(len(x))[fixed]])
    _, size, right = np.linalg.svd(pinned)
    return np.asarray(right[size <= _SINGULAR * size[0]].T)


def _invariants(problem: Problem, p: Array, x: Array) -> Array:
    return eigenvalues(problem.residual_jacobian(x[None], p[None])[1])[0]


def _same(one: Array, other: Array) -> bool:
    """Whether eigenvalues of Jacobians are the same, as they are all along a family."""
    return bool((np.abs(one - other) <= _ALIKE * np.abs(one).max()).all())


def settled(kernel: Kernel, p: Array, x: Array, scale: Array) -> tuple[Array, Array]:
    """Where the shortest corrections lead from roots of families, and the distance (Q, n) from the family that is claimed."""
    problem, extent = extended(kernel.at(FINE)), _extent(x, scale)
    for _ in range(_STEPS):
        x, _ = _nearest(problem, p, x, extent)
    x = np.stack([_representative(problem, *row) for row in zip(p, x, extent, strict=True)])
    fine, bound = kernel.refined(np.maximum(x, kernel.lower), p)
    _, jacobian = problem.residual_jacobian(x, p)
    matrix, size = _in_units(jacobian, extent)
    inverted = np.abs(np.linalg.pinv(matrix, rcond=_DOUBTFUL))
    uncertain = (np.abs(fine) + bound) / size
    return x, extent * (inverted * uncertain[:, None, :]).sum(axis=2) + 4 * EPS * np.abs(x)


def refuse_family(model: Model, unknowns: Mapping[str, float]) -> None:
    """Raise `ModelError`: a state (its unknowns) that is one of a continuous family can be neither followed nor have a boundary."""
    free = [name for name, value in unknowns.items() if value == 0]
    advice = ", ".join(f"{name!r}: 0" for name in free) or "...: ..."
    raise ModelError(
        f"{model.name or model.title} has a continuous family of states, such as a ring, of which none can be followed alone; fix "
        f"what is free along it, in Python by meanfield.conditions.fix_unknowns(model, {{{advice}}})"
    )
