"""The verb: solve on a grid, follow branches along lines of it, trace what happens on them, and certify that nothing is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.classify import classify, named
from meanfield.diagram.corners import corners
from meanfield.diagram.grid import Plane, Sheet, make_plane, solve_between, solve_plane
from meanfield.diagram.record import PhaseDiagram
from meanfield.diagram.regions import refined
from meanfield.diagram.seeds import BRANCHINGS, edge
from meanfield.diagram.sides import mark_boundaries
from meanfield.diagram.work import work_of
from meanfield.errors import ParameterError, brief
from meanfield.model.forms import as_models
from meanfield.model.phases import among
from meanfield.progress import ProgressOption, reporting
from meanfield.solve.symmetries import model_at

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["diagram", "resume_diagram"]


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
    An interrupt (Ctrl-C) returns what was computed before it, marked ``interrupted``; `resume_diagram` goes on with that.
    Raises `ParameterError` for a missing, unknown or doubly given parameter, and for a condition that no boundary can have.
    """
    _check_chunk(chunk)
    several = [_asking(model, conditions or ()) for model in with_followed(as_models(models, "diagram"))]
    if not several:
        raise ParameterError("diagram needs at least one model, got none")
    grid = make_plane(plane, window, points)
    _check(several, grid, parameters)
    _check_conditions(several, conditions)
    result = empty(several, grid, parameters, tol, conditions)
    return _gone_on(result, chunk, executor, progress)


def resume_diagram(
    diagram: PhaseDiagram, *, chunk: int = 2048, executor: Any = None, progress: ProgressOption = None
) -> PhaseDiagram:
    """Go on with a diagram that was interrupted, from `meanfield.diagram` or `meanfield.store.load_diagram`; returns that diagram.

    Nothing that is finished is computed again, and the result is the one that an uninterrupted run gives. chunk, executor,
    progress: as there. One that is finished comes back as it is. Raises `ParameterError` for anything that is no diagram.
    """
    if not isinstance(diagram, PhaseDiagram):
        raise ParameterError(
            f"resume_diagram needs a PhaseDiagram, got {brief(diagram)}; open a file by mf.store.load_diagram(file)"
        )
    _check_chunk(chunk)
    if diagram.work.stage.done and not diagram.interrupted:
        return diagram
    return _gone_on(diagram, chunk, executor, progress)


def empty(
    models: Sequence[Model], grid: Plane, parameters: Mapping[str, float], tol: float, conditions: Sequence[str] | None
) -> PhaseDiagram:
    """A diagram of which nothing is computed yet; ``models``: with the phases that they are followed into."""
    sheets = [Sheet(model_at(model, grid.parameters(model, parameters)), grid) for model in models]
    asked = None if conditions is None else tuple(conditions)
    work = work_of(grid, sheets, parameters, tol)
    return PhaseDiagram(grid, sheets, np.zeros(grid.shape, int), ("",), work, [], dict(parameters), tol, asked)


def _gone_on(result: PhaseDiagram, chunk: int, executor: Any, progress: ProgressOption) -> PhaseDiagram:
    result.interrupted = False
    with reporting(progress) as reporter:
        try:
            for sheet in result.sheets:
                solve_plane(sheet, result.parameters, tol=result.tol, chunk=chunk, progress=reporter, executor=executor)
            result.work.go_on(reporter)
            describe(result)
        except KeyboardInterrupt:
            result.interrupted = True
            describe(result)
    return result


def describe(result: PhaseDiagram) -> None:
    """Work out what the solutions and curves say: regions, which parts of the curves bound them, corners. Nothing is solved for if
    the diagram is ``interrupted``."""
    result.curves, result.certificate = [curve for _, curve in result.work.tracer.traced], result.work.certificate
    result.failures, result.corners = list(result.work.tracer.failures), []
    result.region, result.labels = classify(result.sheets)
    result.pixels, result.fine, result.sure = refined(
        result.plane, result.curves, result.region, lambda places: _asked(result, places)
    )
    result.__dict__.pop("_areas", None)
    mark_boundaries(result.curves, result.pixels, result.fine, result.sure)
    if not result.interrupted:
        result.work.corners = corners(result.curves, result.plane) if result.work.corners is None else result.work.corners
        result.corners = list(result.work.corners)
    if result.conditions is not None:
        result.curves = [c for c in result.curves if c.condition in result.conditions]


def _asked(result: PhaseDiagram, places: np.ndarray) -> list[int]:
    """The regions at places (k, 2) that no grid point shares a part of the plane with, -1 where there is no telling."""
    for sheet in result.sheets[len(result.between) :]:
        if result.interrupted:
            result.regions_between = []
            return [-1] * len(places)
        result.between.append(solve_between(sheet, places, result.parameters, tol=result.tol))
    words = named(result.between, len(places))
    result.labels += tuple(dict.fromkeys(word for word in words if word is not None and word not in result.labels))
    result.regions_between = [-1 if word is None else result.labels.index(word) for word in words]
    return result.regions_between


def _asking(model: Model, names: Sequence[str]) -> Model:
    """The model with what it computes on request, and is named, among its indicators."""
    return model.asking(*(n for n in names if n in model.on_request))


def with_followed(models: Sequence[Model]) -> list[Model]:
    """The models and the phases that `solve` hands their points to: in a diagram every phase is a model of its own, once."""
    out = list(models)
    for model in out:  # what is appended is looked at too
        for other in (j.phase for j in model.junctions if j.follow):
            if among(other, out) is None:
                out.append(other)
    return out


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


def _check_conditions(models: Sequence[Model], conditions: Sequence[str] | None) -> None:
    """A misspelt condition is told before the computing starts; one that is met nowhere has no curves."""
    if isinstance(conditions, str):
        raise ParameterError(f"conditions must be a list of names, got the text {conditions!r}; write [{conditions!r}]")
    own = {name for model in models for name in model.indicators}
    known = {*BRANCHINGS, *own, *(edge(u.name) for model in models for u in model.unknowns)}
    for name in conditions or ():
        if name not in known:
            raise ParameterError(f"no boundary is called {name!r}; there are {', '.join((*sorted(own), *BRANCHINGS))}")


def _check_chunk(chunk: int) -> None:
    if not isinstance(chunk, int | np.integer) or chunk < 1:
        raise ParameterError(f"chunk must be a positive number of grid points, got {brief(chunk)}")
