"""From the unknowns that results carry to those in which a model is solved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import sympy as sp

from meanfield.model import Model
from meanfield.solve.starts import evaluate

__all__ = ["working_unknowns"]

_PUBLIC = "public_"  # before the names of public unknowns, which may be those of working ones


def working_unknowns(model: Model, public: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """``{working unknown: values (P,)}`` from ``{public unknown: values (P,)}``."""
    if not model.reports:
        return {u.name: np.asarray(public[u.name], float) for u in model.unknowns}
    inverse = _inverse(tuple(model.reports.items()), tuple(model.unknowns))
    used = {s for expr in inverse.values() for s in expr.free_symbols}
    values = evaluate(inverse, list(inverse), {s: np.asarray(public[s.name.removeprefix(_PUBLIC)], float) for s in used})
    return {u.name: column for u, column in zip(inverse, values.T.copy(), strict=True)}


@lru_cache(maxsize=64)
def _inverse(reports: tuple[tuple[sp.Symbol, sp.Expr], ...], unknowns: tuple[sp.Symbol, ...]) -> dict[sp.Symbol, sp.Expr]:
    """Working unknowns as expressions in the public ones."""
    outside = {sp.Dummy(name.name, real=True): (name, expr) for name, expr in reports if expr.free_symbols}
    (inverse,) = sp.solve([expr - d for d, (_, expr) in outside.items()], list(unknowns), dict=True)
    names = {d: sp.Symbol(f"{_PUBLIC}{name.name}", real=True) for d, (name, _) in outside.items()}
    return {u: inverse[u].xreplace(names) for u in unknowns}
