"""The same model in other unknowns, such as ``delta = Delta_0 - Delta_inf`` in the place of Delta_0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.declarations import declared_nonnegative
from meanfield.errors import ModelError
from meanfield.model import Junction, Model, Seed
from meanfield.model.exchange import quantities

Table = Mapping[sp.Symbol, sp.Expr]


def change_unknowns(model: Model, table: Table, unknowns: Sequence[sp.Symbol], *, inverse: Table | None = None) -> Model:
    """``model`` written in the new ``unknowns``; results still carry the old ones (they become the model's ``reports``).

    table: ``{old unknown: expression in the new ones}``; an old unknown that it leaves out must be among the new ones and
    stays what it is. inverse: ``{new unknown: expression in the old ones}``, by which starts and symmetries are carried
    over; solved for if not given. The equation of an unknown that stays keeps its fixed-point form; the others become
    residuals. Raises `ModelError` if the numbers of unknowns differ, an old unknown is lost, or no unique inverse is found.
    """
    unknowns = tuple(unknowns)
    where = f"change of unknowns of {model.name or model.title!r}"
    old_in_new = {old: sp.sympify(table.get(old, old)) for old in model.unknowns}
    _check(table, old_in_new, unknowns, where)
    new_in_old = _inverse(old_in_new, unknowns, inverse or {}, where)

    def change(expr: sp.Basic) -> sp.Basic:
        return substitute(expr, old_in_new)

    def start(values: Table) -> dict[sp.Symbol, sp.Expr]:
        return {new: substitute(new_in_old[new], values) for new in unknowns}

    def symmetry(images: Table) -> dict[sp.Symbol, sp.Expr]:
        moved = {new: change(substitute(new_in_old[new], images)) for new in unknowns}
        return {new: image for new, image in moved.items() if _differs(image, new, unknowns)}

    stays = {old for old, expr in old_in_new.items() if expr == old}
    replaced = [change(old - rhs) for old, rhs in model.equations.items() if old not in stays]
    return replace(
        model,
        unknowns=unknowns,
        equations={old: change(rhs) for old, rhs in model.equations.items() if old in stays},
        implicit=[*replaced, *(change(e) for e in model.implicit)],
        dynamics=None if model.dynamics is None else {new: change(_rate(new_in_old[new], model.dynamics)) for new in unknowns},
        reports={name: change(expr) for name, expr in (model.reports or old_in_new).items()} if model.reports else old_in_new,
        symmetries=[symmetry(s) for s in model.symmetries],
        conditional_symmetries=[replace(c, images=symmetry(c.images)) for c in model.conditional_symmetries],
        starts=[start(s) for s in model.starts],
        seeds=[Seed(s.model, start(s.start), s.where) for s in model.seeds],
        junctions=[
            Junction(j.model, change(j.condition), {k: change(v) for k, v in j.arrive.items()}, j.follow) for j in model.junctions
        ],
        restrict={name: _restriction(values, stays, where) for name, values in model.restrict.items()},
        nonnegative=frozenset(model.nonnegative or ()) | declared_nonnegative(s.name for s in unknowns),
        meanings={**model.meanings},
        **quantities(model, change),
    )


def _rate(expr: sp.Expr, rates: Table) -> sp.Expr:
    """The time derivative of an expression in the unknowns, by the chain rule."""
    return sp.Add(*(expr.diff(u) * rate for u, rate in rates.items()))


def _differs(image: sp.Expr, new: sp.Symbol, unknowns: tuple[sp.Symbol, ...]) -> bool:
    difference = sp.expand(image - new)
    return bool(difference != 0 and (difference.is_polynomial(*unknowns) or sp.simplify(difference) != 0))


def _check(table: Table, old_in_new: Table, unknowns: tuple[sp.Symbol, ...], where: str) -> None:
    strange = set(table) - set(old_in_new)
    if strange:
        raise ModelError(
            f"{where}: {', '.join(sorted(map(str, strange)))} is not an unknown (it has {', '.join(map(str, old_in_new))})"
        )
    if len(unknowns) != len(old_in_new):
        raise ModelError(f"{where}: {len(unknowns)} new unknowns for {len(old_in_new)} old ones; give as many")
    lost = [old for old, expr in old_in_new.items() if not expr.free_symbols & set(unknowns)]
    if lost:
        names = ", ".join(map(str, lost))
        raise ModelError(f"{where}: {names} does not depend on a new unknown; map it, or keep it among the unknowns")


def _inverse(old_in_new: Table, unknowns: tuple[sp.Symbol, ...], given: Table, where: str) -> dict[sp.Symbol, sp.Expr]:
    """New unknowns in terms of the old ones. Unknowns of one name on both sides are told apart while solving."""
    if given:
        return {new: given.get(new, new) for new in unknowns}
    olds = {old: sp.Dummy(old.name, real=True) for old in old_in_new}
    equations = [expr - olds[old] for old, expr in old_in_new.items()]
    solutions = sp.solve(equations, list(unknowns), dict=True)
    if len(solutions) != 1 or set(solutions[0]) != set(unknowns):
        raise ModelError(f"{where}: found {len(solutions)} inverses; give inverse={{new unknown: expression in the old ones}}")
    names = {dummy: old for old, dummy in olds.items()}
    return {new: expr.xreplace(names) for new, expr in solutions[0].items()}


def _restriction(values: Table, stays: set[sp.Symbol], where: str) -> Table:
    if not set(values) <= stays:
        moved = ", ".join(str(s) for s in set(values) - stays)
        raise ModelError(f"{where}: an indicator is restricted to a value of {moved}, which must stay an unknown")
    return values
