"""A model in the parameters that its preparation accepts, so that they can be varied and freed like any other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import sympy as sp

from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.errors import ModelError
from meanfield.model import Model


def written_out(model: Model) -> Model:
    """``model`` with what its preparation computes written as formulas of the parameters from which it is computed.

    The input of a rank-one network has the variance ``Sigma_mI^2/Sigma_m^2 + Sigma_nI^2/Sigma_n^2 + Sigma_perp^2``. Along
    Sigma_nI at given Sigma_n it changes, and only the model that is written out knows; in the other one ``Sigma_I_squared`` is a
    parameter of its own. Deviations by which a formula divides must then be positive. Returns ``model`` itself if it prepares
    nothing. Raises `ModelError` if the preparation has no formulas.
    """
    prepare = model.prepare
    if prepare is None:
        return model
    if not prepare.formulas:
        raise ModelError(f"{model.name or model.title}: how its parameters are prepared is not given as formulas")
    used = set().union(*(e.free_symbols for e in prepare.formulas.values()))
    new = sorted((s for s in used if s.name in prepare.accepts), key=lambda s: s.name)
    return fix_parameters(_wider(model, new, set(prepare.formulas)), dict(prepare.formulas))


def _wider(model: Model, new: list[sp.Symbol], computed: set[sp.Symbol]) -> Model:
    """The model, and those it is joined to, with further parameters and no preparation."""
    if not computed & set(model.parameters):
        return model
    return replace(
        model,
        parameters=[*model.parameters, *new],
        prepare=None,
        nonnegative=frozenset(model.nonnegative or ()) | {s.name for s in new},
        seeds=[replace(s, model=_wider(s.model, new, computed)) for s in model.seeds],
        junctions=[replace(j, model=j.elsewhere(partial(_wider, new=new, computed=computed))) for j in model.junctions],
    )
