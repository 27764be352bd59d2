"""A model with some of its parameters set to numbers or expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from meanfield.averages.scope import substitution
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.model.conditional import ConditionalSymmetry, unconditional
from meanfield.model.exchange import map_expressions


def parameter_named(model: Model, name: str | sp.Symbol) -> sp.Symbol:
    """The parameter of that name; raises `ModelError` with the nearest name."""
    known = {s.name: s for s in model.parameters}
    if str(name) not in known:
        raise ModelError(
            f"{model.name or model.title} has no parameter {str(name)!r}{nearest(str(name), known)} (it has {', '.join(known)})"
        )
    return known[str(name)]


def fix_parameters(model: Model, values: Mapping[str | sp.Symbol, Any]) -> Model:
    """``model`` with parameters replaced by ``values`` (numbers or expressions in the remaining parameters).

    Models that it is seeded from or joined to are changed with it. Symmetries that hold for all parameters stay, and so do those
    that hold where some vanish, unless one of these has become another number or an expression.
    """
    table = {parameter_named(model, name): sp.sympify(value) for name, value in values.items()}
    return _without(map_expressions(model, substitution(table)), table)


def _without(model: Model, table: Mapping[sp.Symbol, sp.Expr]) -> Model:
    always, conditional = _symmetries(model, table)
    return replace(
        model,
        parameters=[s for s in model.parameters if s not in table],
        defaults={s: v for s, v in model.defaults.items() if s not in table},
        seeds=[replace(s, model=_without(s.model, table)) for s in model.seeds],
        junctions=[replace(j, model=j.elsewhere(lambda m: _without(m, table))) for j in model.junctions],
        symmetries=always,
        conditional_symmetries=conditional,
    )


def _symmetries(model: Model, table: Mapping[sp.Symbol, sp.Expr]) -> tuple[list[Any], list[ConditionalSymmetry]]:
    """The symmetries that hold for all parameters that are left, and those for which some of these must vanish."""
    always, conditional = unconditional(model), []
    for one in model.conditional_symmetries:
        if any(s in table and table[s] != 0 for s in one.zero):
            continue
        left = [s for s in one.zero if s not in table]
        if left:
            conditional.append(replace(one, zero=left, held=False))
        else:
            always.append(one.images)
    return always, conditional
