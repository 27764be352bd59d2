"""What all conditions share: a model with further equations, parameters that have become unknowns, and companions of these."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sympy as sp

from meanfield.conditions.fix_parameters import fix_parameters, parameter_named
from meanfield.errors import ModelError, ParameterError
from meanfield.model import Model, Preparation, Requirement, Seed
from meanfield.model.conditional import unconditional
from meanfield.model.exchange import keeps
from meanfield.transfer import Transfer

Table = Mapping[sp.Symbol, sp.Expr]
Window = tuple[float, float]

_SPREAD = (0.02, 0.1, 0.25, 0.5, 0.75, 0.95)  # where, between the ends of the window, solving begins
_WINDOWS: dict[bool, Window] = {True: (0.0, 4.0), False: (-4.0, 4.0)}  # of a parameter that must not be negative, and of any other
_FAR = (16.0, 64.0, 256.0)  # further starts where the caller names no window
_REACH = 512.0  # how far, in units of the largest start, the boundary may be then: D_c of the Kac-Rice phases is 44872 at g = 20


@dataclass(frozen=True)
class Companions:
    """Unknowns that a condition brings along, such as a null vector.

    starts: values of all of them where solving begins. images: for each of the model's symmetries, where it sends them (None
    if it is not known to keep the conditions; by default it leaves the companions alone, and the conditions are checked).
    own: further symmetries, which move only them. accept, refuse: see `Model`.
    """

    unknowns: Sequence[sp.Symbol] = ()
    starts: Sequence[Table] = ({},)
    images: Sequence[Table | None] | None = None
    own: Sequence[Table] = ()
    accept: Mapping[str, sp.Expr] | None = None
    refuse: Mapping[str, sp.Expr] | None = None
    meanings: Mapping[sp.Symbol, str] | None = None


def released(
    model: Model,
    conditions: Sequence[sp.Expr],
    free: Sequence[str | sp.Symbol],
    *,
    label: str,
    title: str,
    companions: Companions | None = None,
    windows: Mapping[str, Window] | None = None,
    differentiated: bool = False,
) -> Model:
    """``model`` with ``conditions`` = 0 and the parameters ``free`` as unknowns: first the model's, then companions, then ``free``.

    It starts from the model's own starts at values of ``free`` spread over ``windows`` (by name; default: 0 or -4 to 4, and
    some larger values if one parameter is free) and, where the model is itself seeded, from its solutions at such values.
    Of its symmetries those are kept that hold for all parameters; where others have to vanish, fix these before (`fix_parameters`).
    differentiated: the conditions hold derivatives, in which the transfer function can no longer be exchanged if it has kinks.
    Raises `ModelError` for a parameter that the model does not have or that is named twice, and for a name of a companion
    that is taken.
    """
    extra = companions or Companions()
    chosen = [parameter_named(model, name) for name in free]
    _check_names(model, extra.unknowns, chosen)
    values, some = _values_of(model, chosen, windows or {})
    carried = {u: u for u in model.unknowns}
    known = dict(model.reports) or carried
    seeded = [(fix_parameters(model, v), v) for v in some]
    return replace(
        model,
        name=f"{model.name}/{label}" if model.name else "",
        title=f"{model.title}: {title}",
        unknowns=(*model.unknowns, *extra.unknowns, *chosen),
        parameters=[s for s in model.parameters if s not in chosen],
        defaults={s: v for s, v in model.defaults.items() if s not in chosen},
        implicit=[*model.implicit, *conditions],
        reports={**known, **{p: p for p in chosen}} if model.reports or extra.unknowns else {},
        starts=[{**start, **own, **v} for start in model.starts for own in extra.starts for v in values],
        seeds=[Seed(at, {**carried, **own, **v}) for at, v in seeded for own in extra.starts],
        symmetries=[*_symmetries(model, conditions, extra.images), *extra.own],
        conditional_symmetries=(),
        junctions=(),
        dynamics=None,
        reach=model.reach if windows else max(model.reach, _REACH),
        prepare=_preparation(model, chosen),
        restrict={},
        accept={**model.accept, **(extra.accept or {})},
        refuse={**model.refuse, **(extra.refuse or {})},
        meanings={**model.meanings, **(extra.meanings or {})},
        requires=[*model.requires, *(_kept(phi) for phi in model.transfers if differentiated and phi.traits.kinks)],
    )


def _kept(phi: Transfer) -> Requirement:
    sentence = f"this condition is written in closed forms of {phi.name}; exchange the transfer function of the model first"
    return Requirement(partial(operator.eq, phi), sentence)


def _symmetries(model: Model, conditions: Sequence[sp.Expr], images: Sequence[Table | None] | None) -> list[Table]:
    """Symmetries of the model that the conditions share."""
    always = unconditional(model)
    if images is None:
        return [s for s in always if keeps([model.resolve(c) for c in conditions], s)]
    found = zip(model.symmetries, images, strict=True)
    return [{**s, **image} for s, image in found if image is not None and s in always]


def _check_names(model: Model, extra: Sequence[sp.Symbol], chosen: Sequence[sp.Symbol]) -> None:
    where = model.name or model.title
    if len(set(chosen)) != len(chosen):
        raise ModelError(f"{where}: each free parameter must be named once, got {', '.join(map(str, chosen))}")
    taken = {s.name for s in (*model.unknowns, *model.parameters, *model.definitions)} & {s.name for s in extra}
    if taken:
        raise ModelError(f"{where}: the condition needs the name {min(taken)}, which the model uses already; rename it there")


def _values_of(model: Model, chosen: Sequence[sp.Symbol], windows: Mapping[str, Window]) -> tuple[list[Table], list[Table]]:
    """Values of the free parameters for starts, and the fewer ones at which models that seed this one are solved."""
    columns, few = [], []
    for parameter in chosen:
        window = windows.get(parameter.name)
        lo, hi = window or _WINDOWS[parameter.name in (model.nonnegative or ())]
        spread = [sp.Float(lo + f * (hi - lo)) for f in (_SPREAD if len(chosen) == 1 else _SPREAD[1::2])]
        far = map(sp.Float, _FAR) if window is None and len(chosen) == 1 else ()
        columns.append([*spread, *far])
        few.append(spread[1::2] if len(chosen) == 1 else spread[1:2])
    grid = [[dict(zip(chosen, point, strict=True)) for point in itertools.product(*axes)] for axes in (columns, few)]
    return list(grid[0]), list(grid[1]) if model.seeds else []


def _preparation(model: Model, chosen: Sequence[sp.Symbol]) -> Preparation | None:
    """The model's preparation; where it computes something from a parameter that is no longer given, one that says so."""
    prepare, freed = model.prepare, {s.name for s in chosen}
    if prepare is None:
        return None
    computed = {s.name for s, e in prepare.formulas.items() if freed & {f.name for f in e.free_symbols}}
    if not computed and not freed & set(prepare.accepts):
        return prepare
    return Preparation(prepare.accepts, partial(_held, prepare.accepts, tuple(sorted(computed)), ", ".join(sorted(freed))))


def _held(accepts: Sequence[str], computed: Sequence[str], freed: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as given: what would be computed from an unknown must be given itself."""
    extra = [name for name in accepts if name in given]
    missing = [name for name in computed if name not in given]
    if extra or missing:
        raise ParameterError(
            f"{', '.join(extra or computed)} cannot be prepared, since {freed} is an unknown of this condition; "
            f"give {', '.join(computed)} to hold it constant, or use conditions.written_out(model) before the condition"
        )
    return dict(given)
