"""Parameters and unknowns that an equation gives at once, so that no Newton iteration is needed for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.model.conditional import unconditional
from meanfield.model.exchange import quantities


def explicit(model: Model, name: str | sp.Symbol) -> sp.Expr:
    """The parameter or unknown ``name`` as an expression of everything else, from an equation linear in it or in its square.

    The mean input M_I enters only ``mu = M_m kappa + M_I``: it is ``mu - M_m kappa`` along every branch and boundary. Of several
    such equations one with a constant coefficient is taken, else the last, which is the condition's own; the expression holds
    where its coefficient does not vanish. For a symbol that must not be negative, such as g, an equation in its square will do:
    the positive root is returned. Raises `ModelError` if there is no such symbol or equation.
    """
    symbol, found = _candidates(model, name)
    if not found:
        raise ModelError(f"{model.name or model.title}: no equation is linear in {symbol}; solve for it instead")
    return found[0][1]


def without(model: Model, name: str | sp.Symbol) -> Model:
    """``model`` with one unknown less: ``name`` is replaced by its `explicit` expression, and still reported.

    Raises `ModelError` if it is no unknown or no equation gives it.
    """
    symbol, found = _candidates(model, name)
    if symbol not in model.unknowns or not found:
        raise ModelError(f"{model.name or model.title}: {symbol} is not an unknown that an equation gives explicitly")
    index, value = found[0]
    table = {symbol: value}
    residuals = [substitute(r, table) for i, r in enumerate(model.residuals) if i != index]
    reports = {u: substitute(e, table) for u, e in (model.reports or {u: u for u in model.unknowns}).items()}
    parts = quantities(model, lambda e: substitute(e, table))
    lower = {f"{symbol} is not negative": value} if symbol.name in (model.nonnegative or ()) else {}
    return replace(
        model,
        unknowns=[u for u in model.unknowns if u != symbol],
        equations={},
        dynamics=None,  # the unknown that is gone moves too
        implicit=residuals,
        reports=reports,
        starts=_distinct({u: _settled(e, s, symbol) for u, e in s.items() if u != symbol} for s in model.starts),
        seeds=[replace(s, start={u: e for u, e in s.start.items() if u != symbol}) for s in model.seeds],
        symmetries=[{u: e for u, e in s.items() if u != symbol} for s in unconditional(model)],
        conditional_symmetries=(),
        best_first=False,
        **{**parts, "accept": {**parts["accept"], **lower}},
    )


def _candidates(model: Model, name: str | sp.Symbol) -> tuple[sp.Symbol, list[tuple[int, sp.Expr]]]:
    """The symbol, and what equations give for it, index and value: a constant coefficient first, then the last equation."""
    known = {s.name: s for s in (*model.unknowns, *model.parameters)}
    if str(name) not in known:
        where = model.name or model.title
        raise ModelError(
            f"{where} has no unknown or parameter {str(name)!r}{nearest(str(name), known)} (it has {', '.join(known)})"
        )
    symbol = known[str(name)]
    found = []
    for index, residual in enumerate(model.residuals):
        if symbol not in residual.free_symbols:
            continue
        slope = sp.expand(residual.diff(symbol))
        rest = substitute(residual, {symbol: sp.S.Zero})
        curved = sp.expand(slope / (2 * symbol))
        if symbol not in slope.free_symbols:
            found.append((slope, index, sp.expand(-rest / slope)))
        elif symbol not in curved.free_symbols and symbol.name in (model.nonnegative or ()):
            found.append((curved, index, sp.sqrt(-rest / curved)))
    found.sort(key=lambda f: (not f[0].is_number, -f[1]))
    return symbol, [(index, value) for _, index, value in found]


def _settled(start: sp.Expr, values: Mapping[sp.Symbol, sp.Expr], gone: sp.Symbol) -> sp.Expr:
    """A start that used the number at which ``gone`` started."""
    return substitute(start, {gone: values[gone]}) if gone in values else start


def _distinct(starts: Iterable[Mapping[sp.Symbol, sp.Expr]]) -> list[dict[sp.Symbol, sp.Expr]]:
    return [dict(items) for items in dict.fromkeys(tuple(s.items()) for s in starts)]
