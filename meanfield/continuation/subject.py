"""What is followed: a curve together with the questions that are asked along it (signs, symmetries, stability)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import FINE, TIGHT, Kernel
from meanfield.continuation.curve import Curve
from meanfield.continuation.path import Path
from meanfield.model import Model
from meanfield.model.conditional import needed_zero, where_zero
from meanfield.solve import judge
from meanfield.solve.extension import extended
from meanfield.solve.problem import EPS, Array, Problem
from meanfield.solve.symmetries import symmetry_maps

_SUBSPACE = 1e-7  # an unknown within this (scaled) of a value has it


@dataclass(frozen=True)
class Question:
    """A quantity whose sign changes are events: ``value(u, p) -> (P,)``, and ``fine(u, p) -> (P,), (P,)`` by the best rules there
    are, with a bound on its error; ``asked(u) -> (P,)`` where it has a meaning at all."""

    type: str
    name: str
    value: Callable[[Array, Array], Array]
    fine: Callable[[Array, Array], tuple[Array, Array]]
    asked: Callable[[Array], Any] | None = None


@dataclass(frozen=True)
class Subject:
    """curve; floor (N,): the size below which an unknown is small; questions; symmetries of u; stability and physical:
    ``f(u, p, error) -> (P,)`` or None; matrix: Jacobian of the dynamics, for Hopf points, check: the same by
    coarser rules; model, if there is one."""

    curve: Curve
    floor: Array
    questions: tuple[Question, ...] = ()
    symmetries: tuple[Callable[[Array], Array], ...] = ()
    stability: Callable[[Array, Array, Array], Any] | None = None
    physical: Callable[[Array, Array, Array], Any] | None = None
    matrix: Callable[[Array, Array], Array] | None = None
    check: Callable[[Array, Array], Array] | None = None
    model: Model | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def same_line(self, base: Array, other: Array) -> bool:
        """Whether two base points (m,) say the same of the parameters that stay."""
        stays = [i for i in range(len(base)) if i not in self.curve.path.index]
        return bool((base[stays] == other[stays]).all())


def subject_of(
    problem: Problem, path: Path, floor: Array, expressions: Mapping[str, sp.Expr] | None = None, *, asking: bool = True
) -> Subject:
    """The subject that a kernel or a hand-written problem is, along a path.

    expressions: further quantities of a model, ``{name: SymPy}``, whose zeros are events. asking=False leaves out the
    model's indicators (of a condition, which is only followed).
    """
    curve = Curve(problem, path)
    if not isinstance(problem, Kernel):
        matrix = getattr(problem, "dynamics", None)
        return Subject(curve, floor, matrix=_of_u(matrix, path), stability=_by_dynamics(matrix, path))
    model = problem.model
    questions = [
        *(
            _question(problem, path, "refused", sentence, model.resolve(e))
            for sentence, e in model.accept.items()
            if _plain(model, e)
        ),
    ]
    if asking:
        questions += [
            _question(problem, path, "indicator", name, model.resolve(e), _subspace(problem, model.restrict.get(name, {}), floor))
            for name, e in model.indicators.items()
        ]
    questions += [_question(problem, path, "indicator", name, model.resolve(e)) for name, e in (expressions or {}).items()]
    matrix = _dynamics(problem)
    return Subject(
        curve,
        floor,
        tuple(questions),
        tuple(_with_parameter(image) for image in symmetry_maps(_along(model, path))),
        _label(problem, path, judge.stability) if model.labels_stability else _by_dynamics(matrix, path),
        _label(problem, path, lambda k, x, p, error: judge.holds(k, model.physical, x, p, strict=False))
        if model.physical
        else None,
        _of_u(matrix, path),
        _of_u(_dynamics(problem, TIGHT), path),
        model,
    )


def _along(model: Model, path: Path) -> Model:
    """The model with those of its symmetries that hold all along a path: it may move parameters that are 0 where it begins."""
    moved = {model.parameters[i].name for i in path.index}
    return where_zero(model, needed_zero(model) - moved)


def _plain(model: Model, expr: sp.Expr) -> bool:
    """That what may not be negative is not is the domain's business; conditions with a coordinate hold for a range and have no
    simple zero."""
    in_domain = expr.is_Symbol and expr.name in (model.nonnegative or ())
    return not in_domain and not {s.name for s in expr.free_symbols} & {"s"} and _varies(model, expr)


def _varies(model: Model, expr: sp.Expr) -> bool:
    return bool(model.resolve(expr).free_symbols)


def _question(
    kernel: Kernel, path: Path, type_: str, name: str, expr: sp.Expr, asked: Callable[[Array], Any] | None = None
) -> Question:
    value = lambda u, p: kernel.values((expr,), *_inside(kernel, path, u, p))[:, 0]

    def fine(u: Array, p: Array) -> tuple[Array, Array]:
        values, claims = kernel.quantities((expr,), *_inside(kernel, path, u, p))
        return values[:, 0], claims[:, 0]

    return Question(type_, name, value, fine, asked)


def _inside(kernel: Kernel, path: Path, u: Array, p: Array) -> tuple[Array, Array]:
    return np.maximum(u[:, :-1], kernel.lower), path.points(p, u[:, -1])


def _subspace(kernel: Kernel, values: Mapping[sp.Symbol, sp.Expr], floor: Array) -> Callable[[Array], Any] | None:
    """Where the unknowns have the values that an indicator is restricted to."""
    if not values:
        return None
    at = [(kernel.unknowns.index(s), float(v)) for s, v in values.items()]
    return lambda u: np.all([np.abs(u[:, i] - v) <= _SUBSPACE * floor[i] for i, v in at], axis=0)


def _with_parameter(image: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda u: np.concatenate([image(u[:, :-1]), u[:, -1:]], axis=1)


def _label(kernel: Kernel, path: Path, function: Callable[..., Any]) -> Callable[[Array, Array, Array], Any]:
    def label(u: Array, p: Array, error: Array) -> Any:
        x, q = _inside(kernel, path, u, p)
        return function(kernel, x, q, error[:, :-1])

    return label


def _dynamics(kernel: Kernel, level: int = FINE) -> Callable[[Array, Array], Array] | None:
    """The Jacobian (P, n, n) of declared time derivatives ``{unknown: expression}``."""
    exprs = kernel.model.rates
    return None if exprs is None else lambda x, p: kernel.gradients(exprs, x, p, level=level)


def _of_u(matrix: Callable[[Array, Array], Array] | None, path: Path) -> Callable[[Array, Array], Array] | None:
    if matrix is None:
        return None
    return lambda u, p: np.asarray(matrix(np.ascontiguousarray(u[:, :-1]), path.points(p, u[:, -1])), dtype=float)


def _by_dynamics(matrix: Callable[[Array, Array], Array] | None, path: Path) -> Callable[[Array, Array, Array], Any] | None:
    of_u = _of_u(matrix, path)
    if of_u is None:
        return None
    return lambda u, p, error: (np.linalg.eigvals(of_u(u, p)).real < 0).all(axis=1)


def inside_domain(curve: Curve, u: Array, slack: float = 1e-9) -> Any:
    """(P,) whether no unknown is below its edge by more than rounding."""
    return (u >= curve.lower - slack * np.maximum(1.0, np.abs(u))).all(axis=1)


def as_floor(sizes: Sequence[float] | Array, width: float) -> Array:
    """(N,) floors: sizes of the unknowns, and the width of the window for the coordinate of the path."""
    return np.append(np.maximum(np.asarray(sizes, dtype=float), 64 * EPS), width)


__all__ = ["Question", "Subject", "as_floor", "extended", "inside_domain", "subject_of"]
