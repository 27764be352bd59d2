"""The symmetries that a model declares: as maps of arrays, partners of solutions, solutions that are their own; and those that hold
only where some parameters vanish: each parameter point is searched with those that hold there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.compile import Kernel
from meanfield.model import Model
from meanfield.model.conditional import where_zero
from meanfield.model.symmetry_group import symmetry_group
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows, Search
from meanfield.solve.starts import evaluate

_ROUNDED, _ASIDE = 1e-12, 1e-8  # relative distance of a root from its image that is rounding, and beyond which it is never the same


def symmetry_maps(model: Model) -> list[Callable[[Array], Array]]:
    """The model's symmetries, and what they generate, as maps of arrays (P, n)."""
    unknowns = tuple(model.unknowns)

    def as_map(images: Mapping[sp.Symbol, sp.Expr]) -> Callable[[Array], Array]:
        table = {u: images.get(u, u) for u in unknowns}
        return lambda x: evaluate(table, unknowns, {u: x[:, i] for i, u in enumerate(unknowns)})

    return [as_map(s) for s in symmetry_group(unknowns, model.symmetries)]


def partners(kernel: Kernel, rows: Rows) -> Rows:
    """The rows and their symmetric images (the same claims hold for an image)."""
    parts = [rows]
    for image in symmetry_maps(kernel.model):
        moved = image(rows.x)
        differs = np.flatnonzero((np.abs(moved - rows.x) > 2 * rows.error).any(axis=1))
        if differs.size:
            parts.append(replace(rows.take(differs), x=moved[differs]))
    return Rows.joined(parts)


def exactly_symmetric(kernel: Kernel, x: Array, error: Array, size: Array) -> tuple[Array, NDArray[np.bool_]]:
    """A root that its own image equals within the claim lies on the symmetric subspace: such roots put there, and (Q, n) which of
    their unknowns are 0 because the symmetry turns their sign. size: of the unknowns (Q, n)."""
    exact = np.zeros(x.shape, dtype=bool)
    for image in symmetry_maps(kernel.model):
        other = image(x)
        distance = np.abs(other - x)
        own: Any = ((distance <= np.maximum(2 * error, _ROUNDED * size)) & (distance < _ASIDE * size)).all(axis=1)
        x = np.where(own[:, None], (x + other) / 2, x)
        exact |= own[:, None] & (image(np.ones((1, x.shape[1]))) == -1)
    return x, exact


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
