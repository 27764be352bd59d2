"""The symmetries that a model declares: as maps of arrays, partners of solutions, and solutions that are their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.compile import Kernel
from meanfield.model import Model
from meanfield.model.symmetry_group import symmetry_group
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows
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
