"""From the unknowns that results carry to those in which a model is solved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.model import Model

__all__ = ["working_unknowns"]


def working_unknowns(model: Model, public: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """``{working unknown: values (P,)}`` from ``{public unknown: values (P,)}``."""
    if not model.reports:
        return {u.name: np.asarray(public[u.name], float) for u in model.unknowns}
    names, function = _inverse(tuple(model.reports.items()), tuple(model.unknowns))
    columns = [np.asarray(public[name], float) for name in names]
    values = np.broadcast_arrays(*function(columns), columns[0])[:-1]
    return {u.name: np.array(v, float) for u, v in zip(model.unknowns, values, strict=True)}


@lru_cache(maxsize=64)
def _inverse(reports: tuple[tuple[sp.Symbol, sp.Expr], ...], unknowns: tuple[sp.Symbol, ...]) -> tuple[list[str], Any]:
    """Names of the public unknowns that are no constants, and ``f(columns) -> list`` from them to the working ones."""
    outside = {name: (sp.Dummy(name.name, real=True), expr) for name, expr in reports if expr.free_symbols}
    (inverse,) = sp.solve([expr - d for d, expr in outside.values()], list(unknowns), dict=True)
    function = sp.lambdify([[d for d, _ in outside.values()]], [inverse[u] for u in unknowns], "numpy", cse=False)
    return [name.name for name in outside], function
