"""``follow`` and ``steps_along``: from one solution along a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from meanfield.compile import compile
from meanfield.continuation.admission import admitted, check_stops, window_of
from meanfield.continuation.branch import Branch
from meanfield.continuation.field import Field
from meanfield.continuation.forest import Forest, grown, with_partners
from meanfield.continuation.grow import Garden
from meanfield.continuation.path import Path, path_of
from meanfield.continuation.questions import check_remembered, checked
from meanfield.continuation.regrow import RESUMABLE
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject, as_floor, subject_of
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.phases import among
from meanfield.progress import ProgressOption, reporter
from meanfield.solve.families import refuse_family
from meanfield.solve.points import check_parameters
from meanfield.solve.problem import Array, Problem
from meanfield.solve.search import parameters_for
from meanfield.solve.solution import Solution
from meanfield.solve.starts import own_starts, scale_of
from meanfield.solve.status import Status

_PLACES = 9  # of a window at which the parameters are looked at


def follow(
    start: Solution | Problem,
    along: str | Mapping[str, Any],
    to: float,
    *,
    window: tuple[float, float] | None = None,
    at: float | None = None,
    x: ArrayLike | None = None,
    p: ArrayLike | None = None,
    switch: bool = False,
    both: bool = False,
    steps: Steps | None = None,
    stops: Stops | None = None,
    scale: ArrayLike | None = None,
    expressions: Mapping[str, Any] | None = None,
    progress: ProgressOption = None,
) -> Any:
    """Follow a solution along a parameter; returns a `Branch`, or with ``switch`` the `Forest` of all that branches off.

    start: a `Solution` at one parameter point; or a problem (residual, Jacobian and, if it has one, parameter derivative)
    with unknowns x (n,) and parameters p (m,). along: a parameter, or ``{parameter: expression in one common symbol}``, the
    start then being at the coordinate ``at``. to: where to; the window is from the start to there, unless ``window`` says
    more. both: also in the other direction. stops: further rules (see `Stops`). scale (n,): sizes below which unknowns are
    small. expressions: ``{name: SymPy}`` whose zeros are events. The first direction is that in which the parameter
    approaches ``to``. Raises `ParameterError` if start, parameter or window do not fit together.
    """
    expressions = _checked(start, along, expressions)
    task = _task(start, along, to, window, at, x, p, stops, scale, expressions)
    report = reporter(progress)
    garden = Garden(steps or Steps(), task.rules, report)
    first = Start(task.subject, task.u, task.p, towards=None if both else task.towards)
    try:
        if not switch:
            found = garden.grow([first])
            return found[0]
        subjects: dict[int, Subject] = {id(task.subject.model): task.subject}

        def make(other: Model) -> Subject:
            own = task.subject.model
            one = among(other, [s.model for s in subjects.values() if s.model is not None]) or other
            if id(one) not in subjects:
                subjects[id(one)] = _joined_subject(one, own or one, task.path, task.p, float(task.u[-1]), task.span, expressions)
            return subjects[id(one)]

        grown(garden, [first], True, make, task.path.name)
        return Forest(with_partners(garden.branches), garden.interrupted)
    finally:
        report.close()


def steps_along(
    start: Solution | Problem,
    along: str | Mapping[str, Any],
    to: float,
    *,
    window: tuple[float, float] | None = None,
    at: float | None = None,
    x: ArrayLike | None = None,
    p: ArrayLike | None = None,
    steps: Steps | None = None,
    stops: Stops | None = None,
    scale: ArrayLike | None = None,
) -> Iterator[dict[str, float]]:
    """The points of a branch one at a time, as they are found, ``{name: value}``: to look at them, or to leave off, on the way.

    The arguments are those of `follow` that say where from and where to, with the same errors, raised at once; `ParameterError`
    also for ``stops`` at an event, which only a whole branch tells. Between two points nothing is computed. They are
    corrected to `Steps.tol` on the scale of the unknowns; no events are located, nothing is put in between (`Steps.between`), and
    steps that lead over to another curve are not undone: that, and claims, take the whole branch, and `follow`.
    """
    if stops is not None and stops.event is not None:
        raise ParameterError(f"steps_along finds no events, so it cannot stop at {stops.event!r}; use follow")
    task = _task(start, along, to, window, at, x, p, stops, scale, None)
    garden = Garden(steps or Steps(), task.rules)
    points = garden.walked_along(Start(task.subject, task.u, task.p, towards=task.towards))
    return (dict(zip(task.subject.curve.names, u.tolist(), strict=True)) for u in points)


def _checked(start: Any, along: str | Mapping[str, Any], expressions: Any) -> dict[str, Any]:
    """What the user asks for, checked. Raises `ParameterError`; also for a hand-written problem, which has no symbols."""
    model = start.kernel.model if isinstance(start, Solution) else None
    if expressions and model is None:
        raise ParameterError("expressions are of the quantities of a model; a problem of one's own has none")
    return checked(expressions, [model] if model is not None else [], [along] if isinstance(along, str) else ())


class _Task(NamedTuple):
    """u (N,): the start on the curve, its coordinate last; p (m,): the parameters there; span: of the window."""

    subject: Subject
    path: Path
    u: Array
    p: Array
    towards: float
    span: float
    rules: Stops


def _task(
    start: Any,
    along: str | Mapping[str, Any],
    to: float,
    window: tuple[float, float] | None,
    at: float | None,
    x: ArrayLike | None,
    p: ArrayLike | None,
    stops: Stops | None,
    scale: ArrayLike | None,
    expressions: Mapping[str, Any] | None,
) -> _Task:
    problem, x0, p0 = _origin(start, x, p)
    path = _path(start, problem, along, at, to)
    begin = float(p0[path.index[0]]) if path.plain else _begin(path, start, at)
    low, high = window_of(path, begin, float(to), window)
    _check_window(getattr(problem, "model", None), path, p0, (low, high))
    sizes = _sizes(getattr(problem, "model", None), x0, p0, scale)
    subject = subject_of(problem, path, as_floor(sizes, high - low), expressions)
    rules = stops or Stops()
    rules = replace(rules, window={**rules.window, path.name: (low, high)})
    check_stops(subject, rules)
    u = admitted(subject, np.append(x0, begin), p0, rules)
    return _Task(subject, path, u, p0, float(np.sign(to - begin)) or 1.0, high - low, rules)


def _check_window(model: Model | None, path: Path, p: Array, window: tuple[float, float]) -> None:
    """Raises `ParameterError` for a window that is not within the domains of the parameters."""
    if model is not None:
        at = np.linspace(*window, _PLACES)
        check_parameters(model, path.points(np.repeat(p[None], len(at), axis=0), at))


def _origin(start: Any, x: ArrayLike | None, p: ArrayLike | None) -> tuple[Any, Array, Array]:
    if isinstance(start, Solution):
        if x is not None or p is not None:
            raise ParameterError("a solution says itself where it is; x and p are for a problem of one's own")
        if start.shape != () or not start.found:
            raise ParameterError("follow needs a solution at one parameter point; this one is an array, or nothing was found")
        if start.status is Status.FAMILY:
            refuse_family(start.kernel.model, {name: float(value) for name, value in start.unknowns.items()})
        return start.kernel, start.rows.x[0], start.p[0]
    if isinstance(start, Sequence) and not isinstance(start, str):
        raise ParameterError(f"follow needs one solution, got {len(start)}; pick one of them, such as every[0]")
    if isinstance(start, Model):
        raise ParameterError("follow needs a solution, got a Model; solve it first: mf.follow(mf.solve(model, ...), ...)")
    if not hasattr(start, "residual_jacobian"):
        raise ParameterError(f"follow needs a solution, as mf.solve returns it, or a problem; got {start!r}")
    if x is None or p is None:
        raise ParameterError("give the unknowns x=(n,) and the parameters p=(m,) at which a problem is followed from")
    x0, p0 = np.array(x, dtype=float).ravel(), np.array(p, dtype=float).ravel()
    if len(x0) != len(start.names) or len(p0) != len(start.parameter_names):
        raise ParameterError(
            f"got {len(x0)} unknowns and {len(p0)} parameters; expected {len(start.names)} and {len(start.parameter_names)}"
        )
    return start, x0, p0


def _path(start: Any, problem: Any, along: str | Mapping[str, Any], at: float | None, to: float) -> Path:
    """The path in the problem's parameters; that of a solution remembers what it was solved with (Sigma_n, Sigma_perp)."""
    model = getattr(problem, "model", None)
    if not isinstance(start, Solution) or model is None or model.prepare is None:
        return path_of(problem.parameter_names, along)
    moved = {along} if isinstance(along, str) else {str(k) for k in along}
    given = {name: float(values[0]) for name, values in start.given.items()}
    low = at if at is not None or not isinstance(along, str) else given.get(along, to)
    return Field(along, _coordinate(low), float(to), {k: v for k, v in given.items() if k not in moved}).path(model)


def _coordinate(at: float | None) -> float:
    if at is None:
        raise ParameterError("several parameters move together: give at=, the coordinate of the start on that path")
    return float(at)


def _begin(path: Path, start: Any, at: float | None) -> float:
    """The coordinate at which a solution was found: its name may be one that was given for it."""
    known = start.given.get(path.name) if isinstance(start, Solution) else None
    return _coordinate(at) if known is None else float(known[0])


def _sizes(model: Model | None, x: Array, p: Array, scale: ArrayLike | None) -> Array:
    if scale is not None:
        return np.broadcast_to(np.asarray(scale, dtype=float), x.shape).copy()
    if model is None or not model.starts:
        return np.maximum(np.abs(x), 1.0)
    return scale_of(own_starts(model, p[None]))[0]


def _joined_subject(
    other: Model, model: Model, path: Path, p: Array, at: float, width: float, expressions: Mapping[str, Any]
) -> Subject:
    """Another phase along the same path."""
    kernel = compile(other)
    moved = path.points(p[None], np.array([at]))
    inner = parameters_for(other, model, moved)
    names = kernel.parameter_names
    own = path_of(names, path.name) if path.plain else path_of(names, _table(path, [s.name for s in model.parameters]))
    floor = as_floor(_sizes(other, np.ones(len(kernel.names)), inner[0], None), width)
    return subject_of(kernel, own, floor, expressions)


def _table(path: Path, names: Sequence[str]) -> dict[str, Any]:
    return {names[i]: value for i, value in zip(path.index, path.values, strict=True)}


def resume(branch: Branch, window: tuple[float, float], *, stops: Stops | None = None, progress: ProgressOption = None) -> Branch:
    """Go on where a branch ended, in a larger window: the same points, bit for bit, as if it had not ended there.

    Raises `ParameterError` for an end beyond which there is nothing to go on to.
    """
    if branch.ends not in RESUMABLE or len(branch.pieces) != 1 or branch.image is not None:
        reason = branch.ends.value if branch.ends else "it has not been followed"
        raise ParameterError(f"this branch cannot be resumed: {reason}, or it was followed in both directions")
    check_remembered(branch.subject.questions)
    rules = stops or Stops()
    rules = replace(rules, window={**rules.window, branch.along: (float(window[0]), float(window[1]))})
    _check_window(branch.model, branch.subject.curve.path, branch.base, rules.window[branch.along])
    garden = Garden(branch.steps, rules, reporter(progress))
    return garden.continued(branch)
