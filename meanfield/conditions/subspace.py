"""A model inside an invariant subspace: some unknowns known, and the equations that hold there by symmetry left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from meanfield.averages import Average, DividedDifference
from meanfield.averages.passes import explicit, mirror
from meanfield.averages.scope import nodes, substitute
from meanfield.errors import AverageError, ModelError
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.model.exchange import keeps, quantities
from meanfield.transfer import Applied


def inside(expr: sp.Basic, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Basic:
    """``expr`` at ``values``, with averages that vanish there by parity gone, and values such as phi''(0) written out."""
    return _at_rest(mirror(substitute(expr, values)))


def _at_rest(expr: sp.Basic) -> sp.Basic:
    """An expression in which nothing is left to average, written out: it may be zero."""
    if list(nodes(expr, (Average, DividedDifference))) or not list(nodes(expr, Applied)):
        return expr
    try:
        return sp.expand(explicit(expr))
    except AverageError:  # phi jumps there
        return expr


def independent(exprs: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The expressions that are not zero, nor equal to an earlier one or to its negative."""
    kept: list[sp.Expr] = []
    for expr in exprs:
        if all(sp.expand(expr - sign * other) != 0 for other in (*kept, sp.S.Zero) for sign in (1, -1)):
            kept.append(expr)
    return kept


def fix_unknowns(model: Model, values: Mapping[str | sp.Symbol, Any]) -> Model:
    """``model`` with unknowns set to ``values`` (numbers, or expressions in the other unknowns), on an invariant subspace.

    States that form a ring, because nothing tells kappa_1 from kappa_2, become single states where kappa_2 = 0. Raises `ModelError`
    for a name that is no unknown, and where more equations than unknowns would remain.
    """
    known = {s.name: s for s in model.unknowns}
    for name in map(str, values):
        if name not in known:
            raise ModelError(f"{model.title} has no unknown {name!r}{nearest(name, known)} (it has {', '.join(known)})")
    return restricted(model, {known[str(name)]: sp.sympify(value, strict=True) for name, value in values.items()})


def restricted(model: Model, values: Mapping[sp.Symbol, sp.Expr]) -> Model:
    """``model`` where the unknowns in ``values`` have these values (numbers, or expressions in the unknowns that remain).

    Results still carry the old unknowns. Raises `ModelError` if the subspace is not invariant: if more equations remain than
    unknowns.
    """
    residuals = independent(inside(e, values) for e in model.residuals)
    unknowns = [u for u in model.unknowns if u not in values]
    if len(residuals) != len(unknowns):
        fixed = ", ".join(f"{u} = {v}" for u, v in values.items())
        raise ModelError(
            f"{model.title} is asked for where {fixed}, but these do not solve the equations for this transfer "
            "function and all values of the parameters; fix those, such as inputs, for which they do by fix_parameters "
            f"({len(residuals)} equations remain for {len(unknowns)} unknowns)"
        )
    reports = model.reports or {u: u for u in model.unknowns}

    def left(symmetry: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        images = {u: substitute(e, values) for u, e in symmetry.items() if u in unknowns}
        return {u: e for u, e in images.items() if e != u}

    parts = quantities(model, lambda e: substitute(e, values))
    for name in ("accept", "refuse"):
        parts[name] = {sentence: e for sentence, e in parts[name].items() if e.free_symbols}
    return replace(
        model,
        unknowns=unknowns,
        equations={},
        dynamics=None,  # those inside the subspace say nothing of what leads out of it
        implicit=residuals,
        reports={name: substitute(e, values) for name, e in reports.items()},
        starts=[{u: e for u, e in s.items() if u in unknowns} for s in model.starts],
        seeds=[replace(s, start={u: e for u, e in s.start.items() if u in unknowns}) for s in model.seeds],
        symmetries=[moved for moved in map(left, model.symmetries) if moved and keeps(residuals, moved)],
        conditional_symmetries=(),
        best_first=False,
        **parts,
    )
