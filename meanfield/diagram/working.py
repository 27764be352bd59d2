"""From the unknowns that results carry to those in which a model is solved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp

from meanfield.model import Model

__all__ = ["working_unknowns"]


def working_unknowns(model: Model, public: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """``{working unknown: values (P,)}`` from ``{public unknown: values (P,)}``."""
    if not model.reports:
        return {u.name: np.asarray(public[u.name], float) for u in model.unknowns}
    outside = {name: sp.Dummy(name.name, real=True) for name in model.reports if model.reports[name].free_symbols}
    (inverse,) = sp.solve([model.reports[n] - d for n, d in outside.items()], list(model.unknowns), dict=True)
    function = sp.lambdify([list(outside.values())], [inverse[u] for u in model.unknowns], "numpy", cse=False)
    columns = [np.asarray(public[name.name], float) for name in outside]
    values = np.broadcast_arrays(*function(columns), columns[0])[:-1]
    return {u.name: np.array(v, float) for u, v in zip(model.unknowns, values, strict=True)}
