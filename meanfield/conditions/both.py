"""Crossings of two boundaries: two conditions on one model at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from meanfield.conditions.jets import Table
from meanfield.conditions.subspace import restricted
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.model.exchange import drop_broken_symmetries

_STARTS = 120  # at most, of all combinations of starts


def both(first: Model, second: Model) -> Model:
    """Solutions of two conditions on the same model, such as the crossing of a fold curve and the onset of chaos.

    Each is the result of a rewrite with its own free parameter, ``both(indicator_zero(m, "chaos", free="g"), singular(m,
    free="M_n"))``; a parameter that is free in one is an unknown of the result. Where one is confined to a subspace
    (`symmetry_breaking`), so is the other. Conditions may be written in the same companions (the null vector v) if these mean the
    same. Raises `ModelError` if the free parameters are not different or the equations do not match.
    """
    first, second = _confined(first, second), _confined(second, first)
    unknowns = [*first.unknowns, *(u for u in second.unknowns if u not in first.unknowns)]
    residuals = list(dict.fromkeys((*first.residuals, *second.residuals)))
    where = f"{first.name or first.title!r} and {second.name or second.title!r}"
    if len(residuals) != len(unknowns):
        raise ModelError(
            f"{where} together have {len(residuals)} equations for {len(unknowns)} unknowns ({', '.join(map(str, unknowns))}); "
            "they must be conditions on one model, each with a free parameter of its own"
        )
    known = {**(first.reports or {u: u for u in first.unknowns}), **(second.reports or {u: u for u in second.unknowns})}
    out = replace(
        first,
        name=f"{first.name}&{second.name.rpartition('/')[2]}" if first.name and second.name else "",
        title=f"{first.title}, and {second.title.rpartition(': ')[2]}",
        unknowns=unknowns,
        parameters=[s for s in first.parameters if s not in unknowns],
        defaults={s: v for s, v in first.defaults.items() if s not in unknowns},
        equations={},
        implicit=residuals,
        reports=known,
        starts=_joined(first, second, unknowns),
        seeds=(),
        symmetries=_shared(first, second),
        conditional_symmetries=(),
        best_first=False,
        prepare=first.prepare if first.prepare == second.prepare else None,
        accept=_kept(first, second, "accept"),
        refuse=_kept(first, second, "refuse"),
        physical=_kept(first, second, "physical"),
        stable=_kept(first, second, "stable"),
        meanings={**first.meanings, **second.meanings},
    )
    return drop_broken_symmetries(out)


def _confined(model: Model, other: Model) -> Model:
    """``model`` in the subspace to which ``other`` is confined."""
    values = {u: e for u, e in other.reports.items() if u in model.unknowns and u not in other.unknowns}
    return restricted(replace(model, seeds=()), values) if values else model


def _joined(first: Model, second: Model, unknowns: Sequence[sp.Symbol]) -> list[Table]:
    """Starts of the first with the values at which the second starts what the first does not have; an even choice of them."""
    mine = set(first.unknowns)
    further = list(dict.fromkeys(tuple((u, e) for u, e in s.items() if u not in mine) for s in second.starts))
    every: list[Table] = [{**start, **dict(extra)} for start in first.starts for extra in further]
    every = [start for start in every if set(start) == set(unknowns)]
    return [every[(k * len(every)) // _STARTS] for k in range(_STARTS)] if len(every) > _STARTS else every


def _shared(first: Model, second: Model) -> list[Table]:
    """Maps of one model that move nothing of the other, and pairs of maps that agree on what both have."""
    common = set(first.unknowns) & set(second.unknowns)

    def on_common(s: Table) -> dict[sp.Symbol, sp.Expr]:
        return {u: e for u, e in s.items() if u in common}

    alone: list[Table] = [s for s in (*first.symmetries, *second.symmetries) if not on_common(s)]
    pairs: list[Table] = [
        {**s, **t} for s in first.symmetries for t in second.symmetries if on_common(s) and on_common(s) == on_common(t)
    ]
    distinct: list[Table] = [dict(items) for items in dict.fromkeys(tuple(s.items()) for s in (*pairs, *alone))]
    return distinct


def _kept(first: Model, second: Model, name: str) -> Any:
    """Rules that both models keep, and those about companions that only one has. What one has dropped is zero on it."""
    tables = [getattr(m, name) for m in (first, second)]
    if not all(isinstance(t, Mapping) for t in tables):
        return None if None in tables else all(t for t in tables if isinstance(t, bool))
    out = {sentence: e for sentence, e in tables[0].items() if sentence in tables[1]}
    for table, other in zip(tables, reversed((first, second)), strict=True):
        known = {*other.unknowns, *other.parameters, *other.definitions}
        out |= {sentence: e for sentence, e in table.items() if not e.free_symbols <= known}
    return out
