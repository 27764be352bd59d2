"""Why there is no solution, in the model's own words, where none was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from meanfield.model import Model
from meanfield.solve.problem import Array
from meanfield.solve.rows import Search
from meanfield.solve.starts import at_parameters

__all__ = ["explained"]


def explained(model: Model, p: Array, search: Search) -> Search:
    """``search`` at the points p (P, m), with the sentences of ``model.absent`` where they hold."""
    told = {sentence: e for sentence, e in model.absent.items() if e.free_symbols <= set(model.parameters)}
    if not told or not search.why:
        return search
    rows = np.array(sorted(search.why), dtype=np.intp)
    holds = at_parameters(model, tuple(told.values()), p[rows]) >= 0
    why = dict(search.why)
    for row, here in zip(rows, holds, strict=True):
        for sentence in [s for s, says in zip(told, here, strict=True) if says][:1]:
            why[int(row)] = f"no solution: {sentence}"
    return replace(search, why=why)
