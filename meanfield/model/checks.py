"""Structural checks of a Model, each with one clear sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from meanfield.averages.variables import random_variables
from meanfield.errors import ModelError, ParameterError

if TYPE_CHECKING:
    from meanfield.model.record import Model


TAKEN = frozenset(
    "model models find free tol digits transfer starts data rounds method scheme progress "
    "plane window points conditions chunk executor along switch sections steps expressions".split()
)
"""Keywords of solve, diagram and bifurcation_diagram: a parameter of such a name could not be given."""


def as_expression(value: Any, where: str) -> Any:
    """Numbers become SymPy; an equation that SymPy has already evaluated to true or false is refused by name."""
    if isinstance(value, bool | BooleanAtom | Relational):
        raise ModelError(
            f"{where}: got {value!r} where an expression was expected; SymPy evaluates comparisons at once, "
            "so write the right side itself in equations={unknown: right side}, or implicit=[left - right]"
        )
    if isinstance(value, int | float):
        return sp.sympify(value)
    return value


def _check_definitions(model: Model, where: str) -> None:
    """A definition may use those before it only."""
    later = list(model.definitions)
    for name, expr in model.definitions.items():
        if used := sorted(s.name for s in expr.free_symbols if s in later):
            raise ModelError(f"{where}, definition of {name}: uses {', '.join(used)}, which must be defined before it")
        later.remove(name)


def _check_dynamics(model: Model, where: str) -> None:
    """With one unknown left out nothing could be said of stability, and nobody would know why."""
    if model.dynamics is None:
        return
    if strange := sorted({s.name for s in set(model.dynamics) - set(model.unknowns)}):
        names = [s.name for s in model.unknowns]
        raise ModelError(
            f"{where}: dynamics of {', '.join(strange)}, which is no unknown{nearest(strange[0], names)} "
            f"(the unknowns are {', '.join(names)})"
        )
    if missing := [s.name for s in model.unknowns if s not in model.dynamics]:
        raise ModelError(
            f"{where}: dynamics leaves out {', '.join(missing)}; give the time derivative of every unknown, or no dynamics "
            "(then no solution is called stable or unstable)"
        )


def nearest(name: str, names: Iterable[str]) -> str:
    """`` did you mean ...?`` or an empty string."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_model(model: Model) -> None:
    """Raise `ModelError` if the parts do not fit together."""
    where = f"model {model.name or model.title!r}"
    count = len(model.equations) + len(model.implicit)
    if count == 0:
        raise ModelError(f"{where} has no equation; give equations={{unknown: right side}}")
    if count != len(model.unknowns):
        raise ModelError(
            f"{where} has {count} equations for {len(model.unknowns)} unknowns "
            f"({', '.join(s.name for s in model.unknowns)}); it needs one equation for each"
            + ("; name them, unknowns=(...)" if model.implicit and not model.unknowns else "")
        )
    _check_definitions(model, where)
    twice = {s.name for s in model.unknowns} & {s.name for s in model.parameters}
    if twice:
        name = min(twice)
        if len({s for s in (*model.unknowns, *model.parameters) if s.name == name}) > 1:
            raise ModelError(
                f"{where}: the unknown {name} and the {name} in the equations are different symbols, since their assumptions "
                f"differ; make every symbol once, by mf.unknown({name!r})"
            )
        raise ModelError(f"{where}: {', '.join(sorted(twice))} is both an unknown and a parameter")
    for name in (s.name for s in model.parameters):
        if name in TAKEN:
            raise ModelError(
                f"{where}: the parameter {name!r} could not be given, since solve or diagram have a keyword of that name; choose "
                f"another one, such as {name}_0"
            )
    known = {*model.unknowns, *model.parameters, *model.definitions}
    for label, expr in _labelled(model):
        if isinstance(expr, sp.Basic):
            _check_expression(expr, known, f"{where}, {label}")
    _check_dynamics(model, where)
    for expr in (*model.equations.values(), *model.implicit):
        for constant, word in ((sp.I, "the imaginary unit"), (sp.oo, "an infinity"), (-sp.oo, "an infinity")):
            if expr.has(constant):
                raise ModelError(f"{where}: an equation holds {word} ({expr})")
    for label, symmetry in (("symmetry", s) for s in model.symmetries):
        if not set(symmetry) <= set(model.unknowns):
            raise ModelError(f"{where}, {label}: maps {set(symmetry) - set(model.unknowns)}, which are not unknowns")
    for conditional in model.conditional_symmetries:
        if strange := sorted(s.name for s in set(conditional.images) - set(model.unknowns)):
            raise ModelError(f"{where}, conditional symmetry: maps {', '.join(strange)}, which is no unknown")
        if strange := sorted(s.name for s in set(conditional.zero) - set(model.parameters)):
            names = [s.name for s in model.parameters]
            raise ModelError(
                f"{where}, conditional symmetry: holds where {', '.join(strange)} vanishes, which is no "
                f"parameter{nearest(strange[0], names)} (the parameters are {', '.join(names)})"
            )
    unknowns = {s.name: model.reports.get(s, s) for s in model.public_unknowns}
    seen: dict[str, Any] = {}
    for name, expr in (
        *unknowns.items(),
        *model.observables.items(),
        *model.on_request.items(),
        *model.indicators.items(),
    ):
        if seen.setdefault(name, expr) != expr:
            raise ModelError(f"{where}: the name {name!r} is used for two quantities")


def _labelled(model: Model) -> Iterable[tuple[str, Any]]:
    yield from ((f"equation of {u}", e) for u, e in model.equations.items())
    yield from (("implicit equation", e) for e in model.implicit)
    yield from ((f"definition of {s}", e) for s, e in model.definitions.items())
    yield from ((f"observable {n}", e) for n, e in model.observables.items())
    yield from ((f"observable {n}", e) for n, e in model.on_request.items())
    yield from ((f"indicator {n}", e) for n, e in model.indicators.items())
    yield from ((f"reported unknown {s}", e) for s, e in model.reports.items())
    yield from ((f"dynamics of {u}", e) for u, e in (model.dynamics or {}).items())
    yield from ((f"absent ({sentence})", e) for sentence, e in model.absent.items())
    if model.motion is not None:
        motion = model.motion
        known = {*model.unknowns, *model.parameters, *model.definitions}
        if motion.delay in known:
            raise ModelError(f"the motion's delayed covariance {motion.delay} is also an unknown, a parameter or a definition")
        placed = motion.acceleration_at(motion.end)
        yield from ((f"motion, {n}", e) for n, e in (("acceleration", placed), ("start", motion.start), ("noise", motion.noise)))


def _check_expression(expr: sp.Basic, known: set[sp.Symbol], where: str) -> None:
    loose = random_variables(expr)
    if loose:
        names = ", ".join(v.name for v in loose)
        raise ModelError(f"{where}: the random variable {names} is not averaged; wrap it in average(...)")
    strange = {s for s in expr.free_symbols if s not in known}
    if strange:
        first = min(strange, key=str)
        raise ModelError(
            f"{where}: unknown symbol {first}{nearest(str(first), (s.name for s in known))}; declare it as an unknown, a "
            "parameter or a definition (two symbols of the same name are different if their assumptions differ)"
        )
    if expr.has(sp.nan, sp.zoo):
        raise ModelError(f"{where}: the expression is not a number ({expr})")


def lookup(model: Model, name: str) -> sp.Expr:
    """The expression called ``name`` in ``model``; raises `ParameterError` with the nearest name."""
    quantities = quantities_of(model)
    if name not in quantities:
        raise ParameterError(
            f"{model.name or model.title} has no quantity {name!r}{nearest(name, quantities)} (it has {', '.join(quantities)})"
        )
    return quantities[name]


def name_of(key: object) -> str:
    """The name of a quantity that is asked for by its name or symbol; raises `ParameterError` for anything else."""
    if isinstance(key, sp.Symbol):
        return str(key.name)
    if not isinstance(key, str):
        raise ParameterError(f"quantities of a solution have names, such as solution['Delta_0']; got {key!r}")
    return key


def is_quantity(model: Model, name: str) -> bool:
    """Whether something in ``model`` is called ``name``."""
    return name in quantities_of(model)


def quantities_of(model: Model) -> dict[str, sp.Expr]:
    """Everything in ``model`` that has a name, by name; of two of one name the first one that users see."""
    symbols = {s.name: s for s in (*model.definitions, *model.parameters, *model.unknowns)}
    reports = {s.name: e for s, e in model.reports.items()}
    tables = (model.observables, model.on_request, model.indicators, reports, symbols)
    quantities: dict[str, sp.Expr] = {}
    for table in tables:
        quantities |= {name: expr for name, expr in table.items() if name not in quantities}
    return quantities


def requested(model: Model, name: str) -> sp.Expr:
    """What is called ``name`` among the indicators of ``model`` and the observables that it computes on request; raises
    `ParameterError` with the nearest name."""
    for table in (model.indicators, model.on_request):
        if name in table:
            return table[name]
    every = [*model.indicators, *model.on_request]
    where = model.name or model.title
    raise ParameterError(f"{where} has no indicator {name!r}{nearest(name, every)} (it has {', '.join(every) or 'none'})")
