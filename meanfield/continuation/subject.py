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
from meanfield.continuation.questions import Question, further_questions, inside, maps_along, own_questions, refusals
from meanfield.model import Model
from meanfield.model.conditional import needed_zero, where_zero
from meanfield.solve import judge
from meanfield.solve.extension import extended
from meanfield.solve.problem import EPS, Array, Problem

_BESIDE = 1e-3  # how far beside a point it is looked whether the domain goes on
_ON_EDGE = 1e-7  # what lies this near to an edge lies on it


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
    model = _along(problem.model, path)
    questions = [*refusals(problem, path)]
    if asking:
        questions += own_questions(problem, path, model, floor)
    questions += further_questions(problem, path, model, expressions or {})
    matrix = _dynamics(problem)
    return Subject(
        curve,
        floor,
        tuple(questions),
        maps_along(model),
        _label(problem, path, judge.stability) if model.labels_stability else _by_dynamics(matrix, path),
        _label(problem, path, lambda k, x, p, error: judge.holds(k, model.physical, x, p, strict=False))
        if model.physical
        else None,
        _of_u(matrix, path),
        _of_u(_dynamics(problem, TIGHT), path),
        problem.model,
    )


def _along(model: Model, path: Path) -> Model:
    """The model with those of its symmetries that hold all along a path: it may move parameters that are 0 where it begins."""
    moved = {model.parameters[i].name for i in path.index}
    return where_zero(model, needed_zero(model) - moved)


def _label(kernel: Kernel, path: Path, function: Callable[..., Any]) -> Callable[[Array, Array, Array], Any]:
    def label(u: Array, p: Array, error: Array) -> Any:
        x, q = inside(kernel, path, u, p)
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


def leads_inside(subject: Subject, u: Array, direction: Array) -> bool:
    """Whether a direction (N,), in units of the unknowns, leads from u into the domain or along its edge."""
    length = room(subject, u, direction)
    return bool(inside_domain(subject.curve, (u + length * direction)[None], slack=max(1e-4 * length, 1e-9))[0])


def room(subject: Subject, u: Array, direction: Array) -> float:
    """How far, at most ``_BESIDE``, one may look along a direction (N,), in units of the unknowns: not as far as to edges of the
    domain on which u (N,) does not lie already. Next to a triple point branches may be shorter than any fixed length."""
    left = u - subject.curve.lower
    towards = (direction < 0) & (left > _ON_EDGE * np.maximum(1.0, np.abs(u)))
    return float(min([_BESIDE, *(0.5 * left[towards] / -direction[towards])]))


def as_floor(sizes: Sequence[float] | Array, width: float) -> Array:
    """(N,) floors: sizes of the unknowns, and the width of the window for the coordinate of the path."""
    return np.append(np.maximum(np.asarray(sizes, dtype=float), 64 * EPS), width)


__all__ = ["Question", "Subject", "as_floor", "extended", "inside_domain", "leads_inside", "room", "subject_of"]
