"""``find="one"``: a stable solution if there is one, else a physical one, else any; ties go to what the model prefers."""

from __future__ import annotations

import numpy as np

from meanfield.compile import ROUGH, Kernel, compile
from meanfield.model import Model
from meanfield.solve import judge
from meanfield.solve.problem import Array
from meanfield.solve.search import Rows, Search, find_all, find_first, symmetry_maps

_PREFERRED = ("kappa", "Delta_0")  # the largest first, where the model has them


def find_one(model: Model, p: Array, tol: float) -> Search:
    """The solution of interest at every point.

    First a root from the model's best start; where that is not stable, all solutions are sought and the best is taken.
    """
    kernel = compile(model)
    quick = find_first(model, p, tol)
    rows = _partners(kernel, quick.rows)
    at = p[rows.owner]
    stable = judge.stability(kernel, rows.x, at, rows.error)
    if stable is None:
        return Search(best(kernel, rows, p), quick.why)
    open_points = np.setdiff1d(np.arange(len(p)), rows.owner[stable])
    rows = rows.take(np.flatnonzero(stable))
    if open_points.size == 0:
        return Search(best(kernel, rows, p), {})
    search = find_all(model, p[open_points], tol, rounds=0)
    more = search.rows
    more = Rows(open_points[more.owner], *(getattr(more, f) for f in ("x", "error", "condition", "residual", "status", "jacobian")))
    why = {int(open_points[i]): sentence for i, sentence in search.why.items()}
    return Search(best(kernel, Rows.joined([rows, more]), p), why)


def _partners(kernel: Kernel, rows: Rows) -> Rows:
    """The rows and their symmetric images (the same claims hold for an image)."""
    parts = [rows]
    for image in symmetry_maps(kernel.model):
        moved = image(rows.x)
        differs = np.flatnonzero((np.abs(moved - rows.x) > 2 * rows.error).any(axis=1))
        if differs.size:
            other = rows.take(differs)
            parts.append(Rows(other.owner, moved[differs], *(getattr(other, f) for f in ("error", "condition", "residual", "status", "jacobian"))))
    return Rows.joined(parts)


def best(kernel: Kernel, rows: Rows, p: Array) -> Rows:
    """One row per point: stable before physical before others, then by the preferred quantities, the largest first."""
    if len(rows.owner) == 0 or len(np.unique(rows.owner)) == len(rows.owner):
        return rows.take(np.argsort(rows.owner, kind="stable"))
    model, at = kernel.model, p[rows.owner]
    stable = judge.stability(kernel, rows.x, at, rows.error)
    physical = judge.holds(kernel, model.physical, rows.x, at, strict=False)
    known = {*model.observables, *(s.name for s in (*model.public_unknowns, *model.definitions))}
    wanted = [model.named(name) for name in _PREFERRED if name in known]
    values = kernel.values(tuple(wanted), rows.x, at, level=ROUGH) if wanted else np.zeros((len(rows.owner), 0))
    none = np.zeros(len(rows.owner), dtype=bool)
    keys = [*(-np.round(values[:, k], 6) for k in reversed(range(values.shape[1])))]
    order = np.lexsort((*keys, ~(none if physical is None else physical), ~(none if stable is None else stable), rows.owner))
    first = np.concatenate([[True], np.diff(rows.owner[order]) != 0])
    return rows.take(order[first])

