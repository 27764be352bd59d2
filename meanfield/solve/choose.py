"""``find="one"``: a stable solution if there is one, else a physical one, else any; ties go to what the model prefers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.compile import ROUGH, Kernel, compile
from meanfield.model import Model
from meanfield.solve import judge
from meanfield.solve.problem import Array
from meanfield.solve.search import Rows, Search, attempt, find_all, scale_of, start_columns, symmetry_maps
from meanfield.solve.starts import own_starts

_PREFERRED = ("kappa", "Delta_0")  # the largest first, where the model has them


def find_one(model: Model, p: Array, tol: float) -> Search:
    """The solution of interest at every point.

    The starts are tried one after the other, the best first, at the points that have no stable solution yet; the best of what
    they lead to is taken. Points where none of them leads anywhere are searched as for all solutions.
    """
    kernel = compile(model)
    parts: list[Rows] = []
    open_points = np.arange(len(p))
    formulas = own_starts(model, p)
    scale = scale_of(formulas)
    for start in start_columns(model, p, formulas, tol):
        usable = open_points[np.isfinite(start[open_points]).all(axis=1)]
        rows = _partners(kernel, attempt(kernel, p, usable, start[usable], scale, tol))
        parts.append(rows)
        settled: Any = np.ones(len(rows.owner), dtype=bool)  # where stability is the same for all, any solution will do
        if isinstance(model.stable, Mapping):
            settled = judge.stability(kernel, rows.x, p[rows.owner], rows.error, level=ROUGH)
        open_points = np.setdiff1d(open_points, rows.owner[settled])
        if open_points.size == 0:
            break
    found = Rows.joined(parts)
    lost = np.setdiff1d(np.arange(len(p)), found.owner)
    why: dict[int, str] = {}
    if lost.size:
        search = find_all(model, p[lost], tol)
        found = Rows.joined([found, replace(search.rows, owner=lost[search.rows.owner])])
        why = {int(lost[i]): sentence for i, sentence in search.why.items()}
    return Search(best(kernel, found, p), why)


def _partners(kernel: Kernel, rows: Rows) -> Rows:
    """The rows and their symmetric images (the same claims hold for an image)."""
    parts = [rows]
    for image in symmetry_maps(kernel.model):
        moved = image(rows.x)
        differs = np.flatnonzero((np.abs(moved - rows.x) > 2 * rows.error).any(axis=1))
        if differs.size:
            parts.append(replace(rows.take(differs), x=moved[differs]))
    return Rows.joined(parts)


def best(kernel: Kernel, rows: Rows, p: Array) -> Rows:
    """One row per point: stable before physical before others, then by the preferred quantities, the largest first."""
    if len(rows.owner) == 0 or len(np.unique(rows.owner)) == len(rows.owner):
        return rows.take(np.argsort(rows.owner, kind="stable"))
    model, at = kernel.model, p[rows.owner]
    stable: Any = judge.stability(kernel, rows.x, at, rows.error, level=ROUGH)
    physical: Any = judge.holds(kernel, model.physical, rows.x, at, strict=False)
    known = {*model.observables, *(s.name for s in (*model.public_unknowns, *model.definitions))}
    wanted = [model.named(name) for name in _PREFERRED if name in known]
    values = kernel.values(tuple(wanted), rows.x, at, level=ROUGH) if wanted else np.zeros((len(rows.owner), 0))
    none = np.zeros(len(rows.owner), dtype=bool)
    keys = [rows.error.max(axis=1), *(-np.round(values[:, k], 6) for k in reversed(range(values.shape[1])))]
    order = np.lexsort((*keys, ~(none if physical is None else physical), ~(none if stable is None else stable), rows.owner))
    first = np.concatenate([[True], np.diff(rows.owner[order]) != 0])
    return rows.take(order[first])
