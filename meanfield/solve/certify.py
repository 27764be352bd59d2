"""From the end of a Newton run to a judged point: claimed error, place in the domain, status."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.claims import claim
from meanfield.solve.newton import NewtonResult, newton
from meanfield.solve.problem import Array, Problem, points_of
from meanfield.solve.status import Status, found_mask
from meanfield.solve.table import Table


@dataclass(frozen=True)
class Points(Table):
    """Judged points, one per row: what every solver here returns.

    x (P, n); error (P, n), claimed bound on |x - root| (inf where there is no root); condition (P,), of the
    equilibrated Jacobian; residual (P, n) and jacobian (P, n, n) at x; status (P,), codes; iterations (P,).
    Where no root was found, x is the last iterate.
    """

    x: Array
    error: Array
    condition: Array
    residual: Array
    jacobian: Array
    status: NDArray[np.int8]
    iterations: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def found(self) -> NDArray[np.bool_]:
        """(P,) mask of the rows that are roots."""
        return found_mask(self.status)

    def statuses(self) -> list[Status]:
        """The status of each row."""
        return [Status.from_code(code) for code in self.status]


def above_tolerance(x: Array, error: Array, tol: float) -> NDArray[np.bool_]:
    """(P,) mask: the claimed error of some unknown exceeds tol * max(1, |x|)."""
    return np.asarray(~(error <= tol * np.maximum(1.0, np.abs(x))).all(axis=1))


def certify(problem: Problem, p: ArrayLike, result: NewtonResult, *, scale: ArrayLike = 1.0, tol: float = 1e-10) -> Points:
    """Claim the error of every converged point and judge it.

    A root below a lower edge of the domain by no more than its claim is put on the edge; farther out it has the status
    LEFT_DOMAIN. Above `tol` (absolute, or relative for |x| > 1) the status is CLAIM_ABOVE_TOLERANCE.
    """
    parameters, x = points_of(problem, p, result.x)
    size = np.broadcast_to(np.asarray(scale, dtype=float), x.shape)
    points = Points(
        x,
        np.full(x.shape, np.inf),
        np.full(len(x), np.inf),
        result.residual.copy(),
        result.jacobian.copy(),
        result.status.copy(),
        result.iterations.copy(),
    )
    rows = np.flatnonzero(result.converged)
    if rows.size == 0:
        return points
    lower = np.asarray(problem.lower, dtype=float)
    known = (result.residual[rows], result.jacobian[rows])
    first = claim(problem, parameters[rows], x[rows], scale=size[rows], evaluated=known)
    outside = x[rows] < lower
    left = (x[rows] + first.error < lower).any(axis=1)
    points.error[rows], points.condition[rows] = first.error, first.condition
    settle = np.flatnonzero(outside.any(axis=1) & ~left)
    if settle.size:
        at = rows[settle]
        distance = np.where(outside[settle], lower - x[at], 0.0)
        x[at] = np.maximum(x[at], lower)
        again = claim(problem, parameters[at], x[at], scale=size[at])
        points.error[at], points.condition[at] = np.maximum(again.error, distance), again.condition
        points.residual[at], points.jacobian[at] = again.residual, again.jacobian
    above = above_tolerance(x[rows], points.error[rows], tol)
    points.status[rows[above]] = Status.CLAIM_ABOVE_TOLERANCE.code
    points.status[rows[left]] = Status.LEFT_DOMAIN.code
    points.error[rows[left]] = np.inf
    return points


def first_roots(
    problem: Problem, p: ArrayLike, starts: ArrayLike, *, scale: ArrayLike = 1.0, tol: float = 1e-10
) -> tuple[Points, NDArray[np.int64]]:
    """One root per parameter point: from the first start, or the next one where that finds none.

    p (P, m); starts (P, S, n), or (S, n) shared by all points; a start with NaN is skipped. Returns the points and
    (P,) the start that led to each (-1: none; then the row is the end of the last start that was tried).
    """
    parameters, grid = starts_of(problem, p, starts)
    winner = np.full(len(parameters), -1, dtype=np.int64)
    size = np.broadcast_to(np.asarray(scale, dtype=float), (len(parameters), grid.shape[2]))
    points: Points | None = None
    for k in range(grid.shape[1]):
        open_rows = np.flatnonzero((winner < 0) & (np.isfinite(grid[:, k]).all(axis=1) | (points is None)))
        if open_rows.size == 0:
            continue
        run = newton(problem, parameters[open_rows], grid[open_rows, k], scale=size[open_rows])
        judged = certify(problem, parameters[open_rows], run, scale=size[open_rows], tol=tol)
        if points is None:
            points = judged
        else:
            for f in fields(Points):
                getattr(points, f.name)[open_rows] = getattr(judged, f.name)
        winner[open_rows[judged.found]] = k
    if points is None:
        raise ValueError("no starts were given; expected starts of shape (points, starts, unknowns) with starts >= 1")
    return points, winner


def starts_of(problem: Problem, p: ArrayLike, starts: ArrayLike) -> tuple[Array, Array]:
    """Parameters (P, m) and starts (P, S, n); starts (S, n) are shared by all points. Raises ValueError on misfits."""
    n, m = len(problem.names), len(problem.parameter_names)
    grid = np.asarray(starts, dtype=float)
    parameters = np.array(p, dtype=float, ndmin=2)
    if grid.ndim not in (2, 3) or grid.shape[-1] != n:
        raise ValueError(f"starts of shape {grid.shape}; expected (points, starts, {n}) or (starts, {n})")
    if m == 0 and parameters.size == 0:
        parameters = np.zeros((grid.shape[0] if grid.ndim == 3 else 1, 0))
    if parameters.ndim != 2 or parameters.shape[1] != m:
        raise ValueError(f"parameters of shape {np.shape(p)}; expected (points, {m}) for {problem.parameter_names}")
    if grid.ndim == 2:
        grid = np.broadcast_to(grid, (len(parameters), *grid.shape))
    elif grid.shape[0] != len(parameters):
        raise ValueError(f"starts for {grid.shape[0]} points but {len(parameters)} parameter points")
    return parameters, grid
