"""Phase boundaries: the model together with ``indicator = 0``, one parameter having become an unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, overload

import sympy as sp

from meanfield.conditions.condition import Condition
from meanfield.conditions.released import released
from meanfield.conditions.subspace import restricted
from meanfield.conditions.switched_off import switched_off
from meanfield.errors import ModelError, ParameterError
from meanfield.model import Model
from meanfield.model.checks import requested


@overload
def indicator_zero(
    model: Model, indicator: str | sp.Expr, free: str | sp.Symbol, window: tuple[float, float] | None = ...
) -> Model: ...


@overload
def indicator_zero(
    model: Model, indicator: str | sp.Expr, free: None = ..., window: tuple[float, float] | None = ...
) -> Condition: ...


def indicator_zero(
    model: Model, indicator: str | sp.Expr, free: str | sp.Symbol | None = None, window: tuple[float, float] | None = None
) -> Model | Condition:
    """The boundary where ``indicator`` (a name, or an expression) vanishes, with the parameter ``free`` as an unknown.

    Without ``free`` it is a `Condition`, which ``solve(indicator_zero(model, name), free="g", ...)`` completes.
    The name may be that of an observable that is computed on request, such as lambda_max.
    It starts from the model's own starts at values of ``free`` spread over ``window`` (default: 0 or -4 to 4, and some
    larger ones) and, where the model is itself seeded by another one, from its solutions at such values.
    Solutions carry the model's unknowns, then ``free``. An indicator that the model restricts to an invariant
    subspace (``model.restrict``) is solved for in that subspace, without those parameters of default 0, such as inputs, that
    lead out of it. Conditions that say the same as the indicator are dropped, since on the boundary they are neither true nor
    false. Raises `ModelError` if there is no such indicator or parameter, and for one that is a number.
    """
    name, expr = _indicator(model, indicator)
    if (value := model.resolve(expr)).is_number:
        raise ModelError(f"{name} is {value} for all states of {model.name or model.title}: it has no boundary there")
    if free is None:
        return Condition(model, f"{name} = 0", partial(indicator_zero, model, indicator, window=window))
    subspace = model.restrict.get(name, {})
    windows = {str(free): window} if window else {}
    base = switched_off(replace(model, seeds=()), subspace, but=[str(free)]) if subspace else model
    _, expr = _indicator(base, indicator)
    out = released(base, [expr], [free], label=name, title=f"{name} = 0", windows=windows)
    out = replace(out, **_other_conditions(base, expr))
    return restricted(out, subspace) if subspace else out


def _indicator(model: Model, indicator: str | sp.Expr) -> tuple[str, sp.Expr]:
    if isinstance(indicator, sp.Expr):
        return str(indicator), indicator
    try:
        return indicator, requested(model, indicator)
    except ParameterError as error:
        raise ModelError(str(error)) from None


def _other_conditions(model: Model, indicator: sp.Expr) -> dict[str, Any]:
    """``accept``, ``refuse``, ``physical`` and ``stable`` without the conditions that vanish with the indicator."""
    zero = model.resolve(indicator)

    def independent(expr: sp.Expr) -> bool:
        return all(sp.expand(model.resolve(expr) + sign * zero) != 0 for sign in (1, -1))

    def kept(table: Any) -> Any:
        return {s: e for s, e in table.items() if independent(e)} if isinstance(table, Mapping) else table

    return {name: kept(getattr(model, name)) for name in ("accept", "refuse", "physical", "stable")}
