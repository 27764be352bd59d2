"""The verb: solve on a grid, follow branches along lines of it, trace what happens on them, and certify that nothing is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.certificate import certified, ends_of
from meanfield.diagram.classify import classify, named
from meanfield.diagram.corners import corners
from meanfield.diagram.curves import curve_of
from meanfield.diagram.grid import Plane, Sheet, make_plane, search_again, solve_between, solve_plane
from meanfield.diagram.ledger import Edge, Ledger
from meanfield.diagram.lines import Lines, first_lines
from meanfield.diagram.record import PhaseDiagram
from meanfield.diagram.regions import refined
from meanfield.diagram.seeds import seeds
from meanfield.diagram.sides import mark_boundaries
from meanfield.diagram.tracer import Tracer
from meanfield.errors import ParameterError
from meanfield.model.forms import as_models
from meanfield.progress import Progress, ProgressOption, reporting

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["diagram"]

_ROUNDS = 3  # in which unexplained edges are looked into
_LINES_A_ROUND = 4  # new rows and as many new columns


def diagram(
    models: Model | Sequence[Model],
    *,
    plane: tuple[str, str],
    window: tuple[tuple[float, float], tuple[float, float]],
    points: int | tuple[int, int] = 16,
    conditions: Sequence[str] | None = None,
    tol: float = 1e-10,
    chunk: int = 2048,
    executor: Any = None,
    progress: ProgressOption = None,
    **parameters: float,
) -> PhaseDiagram:
    """The phase diagram of one or several models in the ``plane`` of two parameters.

    window: the ranges ``((from, to), (from, to))`` of the two. All solutions are found on a coarse grid of ``points`` cells
    along each axis; branches are followed along some of its lines, and every boundary that they cross is traced as a curve. A
    certificate says whether some change between neighbouring grid points is explained by no curve; such edges are looked into
    again. conditions: names of those to be drawn (default: all indicators; observables that are computed on request, such as
    lambda_max, may be named too). chunk: grid points solved at a time; executor: anything
    with ``map``, such as those of `concurrent.futures`, for chunks of the grid. parameters: those held fixed.
    An interrupt (Ctrl-C) returns what was computed before it, marked ``interrupted``.
    Raises `ParameterError` for a missing, unknown or doubly given parameter.
    """
    several = with_followed([_asking(model, conditions or ()) for model in as_models(models, "diagram")])
    if not several:
        raise ParameterError("diagram needs at least one model, got none")
    grid = make_plane(plane, window, points)
    _check(several, grid, parameters)
    sheets = [Sheet(model, grid) for model in several]
    result = PhaseDiagram(grid, sheets, np.zeros(grid.shape, int), ("",), [], dict(parameters), tol)
    with reporting(progress) as reporter:
        try:
            for sheet in sheets:
                solve_plane(sheet, parameters, tol=tol, chunk=chunk, progress=reporter, executor=executor)
            _trace(result, reporter)
        except KeyboardInterrupt:
            result.interrupted = True
        result.region, result.labels = classify(sheets)
        ask = lambda places: _asked(result, places)
        result.pixels, result.fine, result.sure = refined(grid, result.curves, result.region, ask)
        mark_boundaries(result.curves, result.pixels, result.fine, result.sure)
        if not result.interrupted:
            result.corners = corners(result.curves, grid)
        if conditions is not None:
            _only(result, conditions)
    return result


def _asked(result: PhaseDiagram, places: np.ndarray) -> list[int]:
    """The regions at places (k, 2) that no grid point shares a part of the plane with, -1 where there is no telling."""
    nothing = [-1] * len(places)
    if result.interrupted:
        return nothing
    try:
        found = solve_between(result.sheets, places, result.parameters, tol=result.tol)
    except KeyboardInterrupt:
        result.interrupted = True
        return nothing
    words = named(found, len(places))
    result.labels += tuple(dict.fromkeys(word for word in words if word is not None and word not in result.labels))
    result.between, result.regions_between = found, [-1 if word is None else result.labels.index(word) for word in words]
    return result.regions_between


def _asking(model: Model, names: Sequence[str]) -> Model:
    """The model with what it computes on request, and is named, among its indicators."""
    return model.asking(*(n for n in names if n in model.on_request))


def with_followed(models: Sequence[Model]) -> list[Model]:
    """The models and the phases that `solve` hands their points to: in a diagram every phase is a model of its own, once."""
    out = list(models)
    for model in out:  # what is appended is looked at too
        for other in (j.phase for j in model.junctions if j.follow):
            if not any(other is known or (other.name and other.name == known.name) for known in out):
                out.append(other)
    return out


def _trace(result: PhaseDiagram, reporter: Progress) -> None:
    """Curves from the events on the first lines; then from lines through edges that are not explained."""
    plane, sheets, fixed = result.plane, result.sheets, result.parameters
    axes = [Lines(plane, sheets, fixed, axis, reporter) for axis in (0, 1)]
    tracer = Tracer(plane, fixed, reporter)
    ledger = Ledger(sheets, fixed)
    wanted: list[dict[int, set[int]]] = [{k: set() for k in first_lines(n)} for n in (len(plane.y), len(plane.x))]
    for turn in range(_ROUNDS + 1):
        for lines, places in zip(axes, wanted, strict=True):
            reporter.start(None, f"following branches along {lines.moving}")
            found = seeds(plane.names, lines.walk(places))
            reporter.start(None, "tracing boundaries")
            fresh = [curve_of(condition, branch) for condition, branch in tracer.trace(found)]
            result.curves += fresh
            ledger.add(fresh)
        result.certificate, missing = certified(ledger)
        if turn > 0 and missing and search_again(sheets, sorted(ends_of(missing, len(plane.x))), fixed, tol=result.tol):
            result.certificate, missing = certified(ledger)
        if not missing:
            break
        wanted = _through(missing, axes)
    result.failures = list(tracer.failures)


def _through(missing: Sequence[Edge], axes: Sequence[Lines]) -> list[dict[int, set[int]]]:
    """The rows and columns that hold most of the unexplained edges, with the ends of these: the states there may lie on a branch
    that no state elsewhere on the line lies on."""
    out = []
    for axis, lines in enumerate(axes):
        ends: dict[int, set[int]] = {}
        for edge in missing:
            if edge[2] == axis:
                ends.setdefault(edge[axis], set()).update({edge[1 - axis], edge[1 - axis] + 1})
        new = {k: places for k, places in ends.items() if not places <= lines.done.get(k, set())}
        most = sorted(new, key=lambda k: -len(new[k]))[:_LINES_A_ROUND]
        out.append({k: new[k] for k in most})
    return out


def _only(result: PhaseDiagram, conditions: Sequence[str]) -> None:
    known = {c.condition for c in result.curves} | {n for s in result.sheets for n in s.model.indicators}
    for name in conditions:
        if name not in known:
            raise ParameterError(f"no boundary is called {name!r}; there are {', '.join(sorted(known)) or 'none'}")
    result.curves = [c for c in result.curves if c.condition in conditions]


def _check(models: Sequence[Model], grid: Plane, parameters: dict[str, float]) -> None:
    """Everything wrong with the request is said before the computing starts."""
    for name in grid.names:
        if name in parameters:
            raise ParameterError(f"{name!r} is an axis of the plane and cannot be held fixed too")
    for name, value in parameters.items():
        if np.ndim(value):
            raise ParameterError(f"{name!r} must be one number in a diagram, got an array of shape {np.shape(value)}")
    for model in models:
        own = {p.name for p in model.parameters} | set(model.prepare.accepts if model.prepare else ())
        for name in grid.names:
            if name not in own:
                raise ParameterError(f"{name!r} is no parameter of {model.name or model.title}; it has {', '.join(sorted(own))}")
            if name in (model.nonnegative or ()) and (edges := grid.edges[grid.names.index(name)])[0] < 0:
                raise ParameterError(f"{name!r} must not be negative, but its window is from {edges[0]:g} to {edges[1]:g}")
            if name not in {p.name for p in model.parameters}:
                raise ParameterError(
                    f"{model.name or model.title} has {name!r} only to compute others of its parameters from it; the plane needs "
                    f"two of {', '.join(p.name for p in model.parameters)}"
                )
