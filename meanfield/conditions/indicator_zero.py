"""Phase boundaries: the model together with ``indicator = 0``, one parameter having become an unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from meanfield.averages.passes import mirror
from meanfield.averages.scope import substitute
from meanfield.conditions.fix_parameters import fix_parameters, parameter_named
from meanfield.errors import ModelError
from meanfield.model import Model, Seed
from meanfield.model.checks import nearest
from meanfield.model.exchange import drop_broken_symmetries, quantities

_SPREAD = (0.02, 0.1, 0.25, 0.5, 0.75, 0.95)  # where, between the ends of the window, solving begins
_WINDOWS = {True: (0.0, 4.0), False: (-4.0, 4.0)}  # of a parameter that must not be negative, and of any other
_FAR = (16.0, 64.0, 256.0)  # further starts where the caller names no window


def indicator_zero(
    model: Model, indicator: str | sp.Expr, free: str | sp.Symbol, window: tuple[float, float] | None = None
) -> Model:
    """The boundary where ``indicator`` (a name, or an expression) vanishes, with the parameter ``free`` as an unknown.

    It starts from the model's own starts at values of ``free`` spread over ``window`` (default: 0 or -4 to 4, and some
    larger ones) and, where the model is itself seeded by another one, from its solutions at such values.
    Solutions carry the model's unknowns, then ``free``. An indicator that the model restricts to an invariant
    subspace (``model.restrict``) is solved for in that subspace. Conditions that say the same as the indicator are dropped,
    since on the boundary they are neither true nor false. Raises `ModelError` if there is no such indicator or parameter.
    """
    parameter = parameter_named(model, free)
    name, expr = _indicator(model, indicator)
    lo, hi = window or _WINDOWS[parameter.name in (model.nonnegative or ())]
    spread = [sp.Float(lo + f * (hi - lo)) for f in _SPREAD]
    values = spread if window else [*spread, *map(sp.Float, _FAR)]
    subspace = model.restrict.get(name, {})
    seeding = spread[1::2] if model.seeds and not subspace else []
    carried = {u: u for u in (*model.unknowns, parameter)}
    reports = {**(model.reports or {u: u for u in model.unknowns}), parameter: parameter}
    out = replace(
        model,
        name=f"{model.name}/{name}" if model.name else "",
        title=f"{model.title}: {name} = 0",
        unknowns=tuple(carried),
        parameters=[s for s in model.parameters if s != parameter],
        defaults={s: v for s, v in model.defaults.items() if s != parameter},
        implicit=[*model.implicit, expr],
        reports=reports if model.reports else {},
        starts=[{**start, parameter: v} for start in model.starts for v in values],
        seeds=[Seed(fix_parameters(model, {parameter: v}), {**carried, parameter: v}) for v in seeding],
        junctions=(),
        prepare=None if model.prepare and parameter.name in model.prepare.accepts else model.prepare,
        restrict={},
        **_other_conditions(model, expr),
    )
    return drop_broken_symmetries(_restricted(out, subspace) if subspace else out)


def _indicator(model: Model, indicator: str | sp.Expr) -> tuple[str, sp.Expr]:
    if isinstance(indicator, sp.Expr):
        return str(indicator), indicator
    if indicator not in model.indicators:
        raise ModelError(
            f"{model.name or model.title} has no indicator {indicator!r}{nearest(indicator, model.indicators)} "
            f"(it has {', '.join(model.indicators) or 'none'})"
        )
    return indicator, model.indicators[indicator]


def _other_conditions(model: Model, indicator: sp.Expr) -> dict[str, Any]:
    """``accept``, ``refuse``, ``physical`` and ``stable`` without the conditions that vanish with the indicator."""
    zero = model.resolve(indicator)

    def independent(expr: sp.Expr) -> bool:
        return all(sp.expand(model.resolve(expr) + sign * zero) != 0 for sign in (1, -1))

    def kept(table: Any) -> Any:
        return {s: e for s, e in table.items() if independent(e)} if isinstance(table, Mapping) else table

    return {name: kept(getattr(model, name)) for name in ("accept", "refuse", "physical", "stable")}


def _restricted(model: Model, values: Mapping[sp.Symbol, sp.Expr]) -> Model:
    """The model inside an invariant subspace: unknowns at ``values``, and the equations that hold there by symmetry left out."""

    def inside(expr: sp.Basic) -> sp.Basic:
        return mirror(substitute(expr, values))

    residuals = [r for r in (inside(e) for e in model.residuals) if sp.expand(r) != 0]
    unknowns = [u for u in model.unknowns if u not in values]
    if len(residuals) != len(unknowns):
        fixed = ", ".join(f"{u} = {v}" for u, v in values.items())
        raise ModelError(
            f"{model.title} is asked for where {fixed}, but these are not solutions for this transfer function "
            f"({len(residuals)} equations remain for {len(unknowns)} unknowns)"
        )
    reports = model.reports or {u: u for u in model.unknowns}
    parts = quantities(model, lambda e: substitute(e, values))
    for name in ("accept", "refuse"):
        parts[name] = {sentence: e for sentence, e in parts[name].items() if e.free_symbols}
    return replace(
        model,
        unknowns=unknowns,
        equations={},
        implicit=residuals,
        reports={name: substitute(e, values) for name, e in reports.items()},
        starts=[{u: e for u, e in s.items() if u in unknowns} for s in model.starts],
        seeds=[replace(s, start={u: e for u, e in s.start.items() if u in unknowns}) for s in model.seeds],
        symmetries=(),
        **parts,
    )
