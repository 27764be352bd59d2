"""What is asked along a curve: quantities of a model, its own and the user's, whose changes of sign are events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.averages.variables import random_variables
from meanfield.compile import Kernel
from meanfield.continuation.path import Path
from meanfield.errors import ModelError, ParameterError, brief
from meanfield.model import Model
from meanfield.model.checks import as_expression, is_quantity, nearest, quantities_of
from meanfield.model.conditional import needed_zero
from meanfield.model.exchange import keeps
from meanfield.model.phases import reachable
from meanfield.model.symmetry_group import symmetry_group
from meanfield.solve.problem import Array
from meanfield.solve.symmetries import symmetry_maps

EVENTS = ("fold", "pitchfork", "transcritical", "branch point", "hopf", "indicator", "domain", "junction", "window")
_SIGNIFICANT = 2.0  # a value is not zero if it is larger than its claimed error by this factor
_SUBSPACE = 1e-7  # an unknown within this (scaled) of a value has it


@dataclass(frozen=True)
class Question:
    """A quantity whose sign changes are events: ``value(u, p) -> (P,)``, and ``fine(u, p) -> (P,), (P,)`` by the best rules there
    are, with a bound on its error; ``asked(u) -> (P,)`` where it has a meaning at all. tells: of which states a zero is one, of
    those that a state stands for: None is itself, a number its image under that symmetry of the subject. forgotten: that it was
    asked is known from a file, but not what it was. expr: what it asks for, of a state itself."""

    type: str
    name: str
    value: Callable[[Array, Array], Array]
    fine: Callable[[Array, Array], tuple[Array, Array]]
    asked: Callable[[Array], Any] | None = None
    tells: frozenset[int | None] | None = None
    forgotten: bool = False
    expr: sp.Expr | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from the others of a subject."""
        return self.type, self.name, self.tells

    def tells_of(self, image: int | None) -> bool:
        """Whether its zeros are those of the images under that symmetry (None: of the states themselves)."""
        return self.tells is None or image in self.tells

    def signs(self, at: Array, error: Array, base: Array) -> list[float]:
        """Its signs at points (P, N) of some error (P, N): 0 where that may change it."""
        count, size = at.shape
        with np.errstate(all="ignore"):
            value, noise = self.fine(at, base)
            moved = at[None] + error[None] * np.eye(size + 1, size)[:, None, :]  # the last: as they are
            near = self.value(moved.reshape(-1, size), np.tile(base, (size + 1, 1))).reshape(size + 1, count)
            noise = noise + np.abs(near[:-1] - near[-1]).sum(axis=0)
            return list(np.where(np.abs(value) > _SIGNIFICANT * np.where(np.isfinite(noise), noise, np.inf), np.sign(value), 0.0))


def refusals(kernel: Kernel, path: Path) -> list[Question]:
    """The conditions without which a root is no solution."""
    model = kernel.model
    return [_question(kernel, path, "refused", name, model.resolve(e)) for name, e in model.accept.items() if _plain(model, e)]


def own_questions(kernel: Kernel, path: Path, model: Model, floor: Array) -> list[Question]:
    """The indicators of a model (that of the kernel, with those of its symmetries that hold along the path)."""
    out = []
    for name, expr in model.indicators.items():
        asked = _subspace(kernel, model.restrict.get(name, {}), floor)
        out += _for_images(kernel, path, model, name, model.resolve(expr), asked)
    return out


def further_questions(kernel: Kernel, path: Path, model: Model, expressions: Mapping[str, sp.Expr]) -> list[Question]:
    """The user's expressions, those of them of which the model knows all quantities: others are of another phase."""
    out = []
    for name, expr in expressions.items():
        if all(is_quantity(model, s.name) for s in expr.free_symbols):  # type: ignore[attr-defined]
            table = {s: model.named(s.name) for s in expr.free_symbols}  # type: ignore[attr-defined]
            out += _for_images(kernel, path, model, name, substitute(expr, table))
    return out


def forgotten(name: str, tells: Iterable[int | None] | None) -> Question:
    """A question of which only the name is known, and which has no answer."""
    nothing = lambda u, p: np.full(len(u), np.nan)
    only = None if tells is None else frozenset(tells)
    return Question("indicator", name, nothing, lambda u, p: (nothing(u, p),) * 2, None, only, True)


def check_remembered(questions: Iterable[Question]) -> None:
    """Raises `ParameterError` if the zeros of an expression that nobody knows any more could not be found."""
    names = dict.fromkeys(q.name for q in questions if q.forgotten)
    if names:
        shown = ", ".join(f"{name!r}: ..." for name in names)
        raise ParameterError(
            f"the branches were followed with the zeros of {', '.join(names)}, and files do not hold expressions: "
            f"to go on, load them by load_branches(..., expressions={{{shown}}})"
        )


def maps_along(model: Model) -> tuple[Callable[[Array], Array], ...]:
    """The symmetries of a model as maps of points u (P, N) of a curve."""
    return tuple(_with_coordinate(image) for image in symmetry_maps(model))


def checked(expressions: Any, models: Sequence[Model], names: Iterable[str] = ()) -> dict[str, sp.Expr]:
    """What a user asks for, ``{name: SymPy}``, in quantities of the models and of the phases that join them.

    names: further ones that are taken. Raises `ParameterError` for anything else, for a name that has a meaning already, and for
    a quantity that none of the models has.
    """
    if expressions is None:
        return {}
    if not isinstance(expressions, Mapping):
        raise ParameterError(f"expressions must be a dictionary {{'name': expression}}, got {brief(expressions)}")
    phases = reachable(models) if expressions else []
    known = dict.fromkeys(name for model in phases for name in quantities_of(model))
    taken = {*EVENTS, *names, *known, "supercritical pitchfork", "subcritical pitchfork", *(m.name or m.title for m in phases)}
    out: dict[str, sp.Expr] = {}
    for name, entry in expressions.items():
        where = f"expressions: {name}"
        if not isinstance(name, str):
            raise ParameterError(f"expressions must be a dictionary {{'name': expression}}, got the key {name!r}")
        if name in taken:
            raise ParameterError(f"{where} has the name of an event or of a quantity of the model; choose another one")
        if isinstance(entry, str):
            raise ParameterError(f"{where} is given as the text {entry!r}; text is never evaluated, write the expression itself")
        try:
            expr = as_expression(entry, where)
        except ModelError as error:
            raise ParameterError(str(error)) from None
        if not isinstance(expr, sp.Expr) or expr.has(sp.nan, sp.zoo, sp.oo, sp.I):
            raise ParameterError(f"{where}: expected an expression, got {brief(entry)}")
        if loose := random_variables(expr):
            raise ParameterError(
                f"{where}: the random variable {', '.join(v.name for v in loose)} is not averaged; wrap it in average(...)"
            )
        for s in sorted(expr.free_symbols, key=str):
            if s.name not in known:  # type: ignore[attr-defined]
                raise ParameterError(f"{where}: there is no quantity {s}{nearest(str(s), known)} (there are {', '.join(known)})")
        if not any(all(is_quantity(m, s.name) for s in expr.free_symbols) for m in phases):  # type: ignore[attr-defined]
            raise ParameterError(f"{where} = {expr}: no model has all of these quantities")
        out[name] = expr
    return out


def _for_images(
    kernel: Kernel, path: Path, model: Model, name: str, expr: sp.Expr, asked: Callable[[Array], Any] | None = None
) -> list[Question]:
    """The question whether an expression vanishes; and, for images under symmetries that it does not have, the same of them: what
    has been followed stands for them, too."""
    plain = _question(kernel, path, "indicator", name, expr, asked)
    own = _symmetric_under(model, expr)
    if all(own):
        return [plain]
    shared = frozenset([None, *(i for i, keeps_it in enumerate(own) if keeps_it)])
    seen = [_through(plain, image, i) for i, image in enumerate(maps_along(model)) if not own[i]]
    return [replace(plain, tells=shared), *seen]


def _through(question: Question, image: Callable[[Array], Array], number: int) -> Question:
    """The same question of the images of states."""
    asked = question.asked
    return replace(
        question,
        value=lambda u, p: question.value(image(u), p),
        fine=lambda u, p: question.fine(image(u), p),
        asked=None if asked is None else lambda u: asked(image(u)),
        tells=frozenset([number]),
    )


@lru_cache(maxsize=1024)
def _symmetric_under(model: Model, expr: sp.Expr) -> tuple[bool, ...]:
    """For each of the symmetries of a model whether an expression vanishes for the image where it does for a state."""
    zero = {s: sp.S.Zero for s in model.parameters if s.name in needed_zero(model)}
    return tuple(keeps([substitute(expr, zero)], images) for images in symmetry_group(model.unknowns, model.symmetries))


def _plain(model: Model, expr: sp.Expr) -> bool:
    """That what may not be negative is not is the domain's business; conditions with a coordinate hold for a range and have no
    simple zero."""
    in_domain = expr.is_Symbol and expr.name in (model.nonnegative or ())
    return not in_domain and not {s.name for s in expr.free_symbols} & {"s"} and bool(model.resolve(expr).free_symbols)


def _question(
    kernel: Kernel, path: Path, type_: str, name: str, expr: sp.Expr, asked: Callable[[Array], Any] | None = None
) -> Question:
    value = lambda u, p: kernel.values((expr,), *inside(kernel, path, u, p))[:, 0]

    def fine(u: Array, p: Array) -> tuple[Array, Array]:
        values, claims = kernel.quantities((expr,), *inside(kernel, path, u, p))
        return values[:, 0], claims[:, 0]

    return Question(type_, name, value, fine, asked, expr=expr)


def inside(kernel: Kernel, path: Path, u: Array, p: Array) -> tuple[Array, Array]:
    """Unknowns and parameters at points u (P, N) of a curve, those beyond an edge of the domain put onto it."""
    return np.maximum(u[:, :-1], kernel.lower), path.points(p, u[:, -1])


def _subspace(kernel: Kernel, values: Mapping[sp.Symbol, sp.Expr], floor: Array) -> Callable[[Array], Any] | None:
    """Where the unknowns have the values that an indicator is restricted to."""
    if not values:
        return None
    at = [(kernel.unknowns.index(s), float(v)) for s, v in values.items()]
    return lambda u: np.all([np.abs(u[:, i] - v) <= _SUBSPACE * floor[i] for i, v in at], axis=0)


def _with_coordinate(image: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda u: np.concatenate([image(u[:, :-1]), u[:, -1:]], axis=1)
