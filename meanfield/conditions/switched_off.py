"""Parameters that are 0 unless they are given, such as inputs, where a state exists only without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.conditions.subspace import independent, inside
from meanfield.errors import ParameterError
from meanfield.model import Model, Preparation


def switched_off(model: Model, values: Mapping[sp.Symbol, sp.Expr], but: Collection[str]) -> Model:
    """``model`` without those parameters of default 0 for which the unknowns cannot have these ``values``: as few as possible, and
    none of ``but`` (names). Their names may still be given, for 0; anything else raises `ParameterError`.

    The model itself where no parameter is in the way, or where 0 for all of them would not help.
    """
    off = [s for s, v in model.defaults.items() if v == 0 and s.name not in but]
    if _invariant(model, values, ()) or not _invariant(model, values, off):
        return model
    for s in list(off):
        rest = [t for t in off if t != s]
        off = rest if _invariant(model, values, rest) else off
    given, names = model.prepare or Preparation((), dict), [s.name for s in off]
    formulas = {s: e for s, e in given.formulas.items() if s not in off}
    state = ", ".join(f"{u} = {v}" for u, v in values.items())
    accepting = Preparation((*given.accepts, *names), partial(_without, given.function, names, state), formulas)
    return replace(fix_parameters(model, dict.fromkeys(off, 0)), prepare=accepting)


def _invariant(model: Model, values: Mapping[sp.Symbol, sp.Expr], off: Sequence[sp.Symbol]) -> bool:
    """Whether no more equations than unknowns are left inside the subspace."""
    table = {**values, **dict.fromkeys(off, sp.S.Zero)}
    return len(independent(inside(e, table) for e in model.residuals)) <= len(set(model.unknowns) - set(values))


def _without(prepare: Callable[..., dict[str, Any]], names: Sequence[str], state: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the model prepares them, without those that are 0 here."""
    prepared = dict(prepare(given))
    for name in names:
        if np.any(np.asarray(prepared.pop(name, 0.0)) != 0):
            raise ParameterError(f"{name} must be 0 for this condition: with {name} there is no state that has {state}")
    return prepared
