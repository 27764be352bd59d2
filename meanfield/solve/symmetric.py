"""Symmetries that hold only where some parameters vanish: each parameter point is searched with those that hold there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from meanfield.model import Model
from meanfield.model.conditional import where_zero
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows, Search


def model_at(model: Model, p: Array) -> Model:
    """``model`` with the symmetries that hold at all of the points p (P, m), see `where_zero`."""
    zero = (p == 0).all(axis=0)
    return where_zero(model, (s.name for s, is_zero in zip(model.parameters, zero, strict=True) if is_zero))


def each_with_its_symmetries(search: Callable[[Model, Array], Search], model: Model, p: Array) -> Search:
    """``search`` of all points p (P, m): together those at which the same symmetries hold."""
    if not model.conditional_symmetries:
        return search(model, p)
    place = {s: i for i, s in enumerate(model.parameters)}
    holds = np.stack([(p[:, [place[s] for s in c.zero]] == 0).all(axis=1) for c in model.conditional_symmetries], axis=1)
    kinds, kind = np.unique(holds, axis=0, return_inverse=True)
    if len(kinds) < 2:
        return search(model_at(model, p), p)
    parts: list[Rows] = []
    why: dict[int, str] = {}
    for k in range(len(kinds)):
        points = np.flatnonzero(kind.ravel() == k)
        found = search(model_at(model, p[points]), p[points])
        parts.append(replace(found.rows, owner=points[found.rows.owner]))
        why |= {int(points[i]): sentence for i, sentence in found.why.items()}
    rows = Rows.joined(parts)
    return replace(found, rows=rows.take(np.argsort(rows.owner, kind="stable")), why=dict(sorted(why.items())))
