"""Exchange of the transfer function of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from meanfield.averages.passes import mirror
from meanfield.averages.passes import with_transfer as exchange_in
from meanfield.averages.scope import substitute
from meanfield.errors import ModelError, brief
from meanfield.model.conditional import ConditionalSymmetry
from meanfield.model.record import Junction, Model, Seed, Spectrum
from meanfield.transfer import Transfer, by_name


def with_transfer(model: Model, table: Mapping[Transfer, Transfer] | Transfer | str) -> Model:
    """See `Model.with_transfer`."""
    if isinstance(table, str):
        table = by_name(table)
    if isinstance(table, Transfer):
        tokens = model.transfers
        if len(tokens) != 1:
            names = ", ".join(t.name for t in tokens) or "none"
            raise ModelError(f"{model.title} has {len(tokens)} transfer functions ({names}); say which to exchange: {{old: new}}")
        table = {tokens[0]: table}
    if not isinstance(table, Mapping) or not all(isinstance(t, Transfer) for t in (*table, *table.values())):
        raise ModelError(f"with_transfer takes a transfer function, or {{old: new}} of transfer functions, got {brief(table)}")
    for new in table.values():
        for requirement in model.requires:
            if not requirement.holds(new):
                raise ModelError(f"{model.name or model.title} with the transfer function {new.name}: {requirement.sentence}")
    return drop_broken_symmetries(map_expressions(model, lambda e: exchange_in(e, table)))


def map_expressions(model: Model, change: Callable[[sp.Basic], sp.Basic]) -> Model:
    """The model with ``change`` applied to every expression in it, joined models included."""
    seeds = [Seed(map_expressions(s.model, change), _values(s.start, change), _optional(s.where, change)) for s in model.seeds]
    junctions = [
        Junction(j.elsewhere(lambda m: _mapped(m, change)), change(j.condition), _values(j.arrive, change), j.follow)
        for j in model.junctions
    ]
    return replace(
        model,
        equations=_values(model.equations, change),
        implicit=[change(e) for e in model.implicit],
        reports=_values(model.reports, change),
        starts=[_values(s, change) for s in model.starts],
        absent=_values(model.absent, change),
        dynamics=None if model.dynamics is None else _values(model.dynamics, change),
        seeds=seeds,
        junctions=junctions,
        network=_network(model.network, change),
        **quantities(model, change),
    )


def _network(network: Any, change: Callable[[sp.Basic], sp.Basic]) -> Any:
    """The network goes with the equations; all that is known about it here is that it may say how (``mapped``)."""
    return network.mapped(change) if hasattr(network, "mapped") else network


def _mapped(model: Model, change: Callable[[sp.Basic], sp.Basic]) -> Model:
    return drop_broken_symmetries(map_expressions(model, change))


def quantities(model: Model, change: Callable[[sp.Basic], sp.Basic]) -> dict[str, Any]:
    """The fields that name quantities at a solution (all but equations, starts and joined models), with ``change`` applied."""

    def spectrum(s: Spectrum) -> Spectrum:
        at_zero = s.at_zero and (change(s.at_zero[0]), s.at_zero[1].applyfunc(change))
        return Spectrum(s.matrix.applyfunc(change), at_zero)

    labels = {
        name: _values(table, change) if isinstance(table, Mapping) else table
        for name, table in (("physical", model.physical), ("stable", model.stable))
    }
    return {
        "definitions": _values(model.definitions, change),
        "observables": _values(model.observables, change),
        "on_request": _values(model.on_request, change),
        "motion": model.motion and model.motion.changed(change),
        "profiles": {k: (c, change(e)) for k, (c, e) in model.profiles.items()},
        "spectra": {k: spectrum(s) for k, s in model.spectra.items()},
        "indicators": _values(model.indicators, change),
        "accept": _values(model.accept, change),
        "refuse": _values(model.refuse, change),
        **labels,
    }


def _optional(expr: sp.Basic | None, change: Callable[[sp.Basic], sp.Basic]) -> sp.Basic | None:
    return None if expr is None else change(expr)


def _values(table: Mapping[Any, sp.Basic], change: Callable[[sp.Basic], sp.Basic]) -> dict[Any, sp.Basic]:
    return {k: change(v) for k, v in table.items()}


def drop_broken_symmetries(model: Model) -> Model:
    """Keep the symmetries that the residuals really have (odd phi gives mu -> -mu; others do not)."""
    return replace(
        model,
        symmetries=[s for s in model.symmetries if is_symmetry(model, s)],
        conditional_symmetries=[c for c in model.conditional_symmetries if is_symmetry(model, c)],
    )


def is_symmetry(model: Model, symmetry: Mapping[sp.Symbol, sp.Expr] | ConditionalSymmetry) -> bool:
    """True if every residual goes into plus or minus itself under the map (parity of phi used); under a conditional symmetry where
    its parameters are 0."""
    if not isinstance(symmetry, ConditionalSymmetry):
        return keeps(model.residuals, symmetry)
    zero = dict.fromkeys(symmetry.zero, sp.S.Zero)
    return keeps((substitute(r, zero) for r in model.residuals), symmetry.images)


def keeps(exprs: Iterable[sp.Expr], symmetry: Mapping[sp.Symbol, sp.Expr]) -> bool:
    """True if every expression, definitions resolved, goes into plus or minus itself under the map (parity of phi used)."""
    for expr in exprs:
        image = mirror(substitute(expr, symmetry))
        plain = mirror(expr)
        if sp.expand(image - plain) != 0 and sp.expand(image + plain) != 0:
            return False
    return True
