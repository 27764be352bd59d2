"""The verb: solve, classify, trace the zeros of the indicators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from meanfield.diagram.classify import classify
from meanfield.diagram.contours import Contour, contour
from meanfield.diagram.grid import Plane, Sheet, make_plane, solve_plane
from meanfield.diagram.polish import polish
from meanfield.diagram.record import PhaseDiagram
from meanfield.errors import ParameterError
from meanfield.progress import Progress, ProgressOption, reporting

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["diagram"]


def diagram(
    models: Model | Sequence[Model],
    *,
    plane: tuple[str, str],
    window: tuple[tuple[float, float], tuple[float, float]],
    points: int | tuple[int, int] = 61,
    indicators: Sequence[str] | None = None,
    tol: float = 1e-10,
    chunk: int = 2048,
    progress: ProgressOption = None,
    **parameters: float,
) -> PhaseDiagram:
    """The phase diagram of one or several models in the ``plane`` of two parameters.

    window: the ranges ``((from, to), (from, to))`` of the two; points: grid points along each, ends included; indicators:
    names of those whose zeros are traced (default: all); chunk: grid points solved at a time; parameters: the others.
    An interrupt (Ctrl-C) returns what was computed before it, marked ``interrupted``.
    Raises `ParameterError` for a missing, unknown or doubly given parameter.
    """
    several = list(models) if isinstance(models, Sequence) else [models]
    if not several:
        raise ParameterError("diagram needs at least one model, got none")
    grid = make_plane(plane, window, points)
    _check(several, grid, indicators, parameters)
    sheets = [Sheet(model, grid) for model in several]
    result = PhaseDiagram(grid, sheets, np.zeros(grid.shape, int), ("",), [], dict(parameters), tol)
    with reporting(progress) as reporter:
        try:
            for sheet in sheets:
                solve_plane(sheet, parameters, tol=tol, chunk=chunk, progress=reporter)
        except KeyboardInterrupt:
            result.interrupted = True
        result.region, result.labels = classify(sheets)
        try:
            if not result.interrupted:
                _trace(result, indicators, reporter)
        except KeyboardInterrupt:
            result.interrupted = True
    return result


def _trace(result: PhaseDiagram, indicators: Sequence[str] | None, reporter: Progress) -> None:
    wanted = [(s, name) for s in result.sheets for name in s.model.indicators if indicators is None or name in indicators]
    reporter.start(len(wanted), "polishing boundaries")
    for sheet, name in wanted:
        found: Contour = contour(sheet, name, result.region, result.parameters, partial(polish, tol=result.tol))
        if found.points or found.unpolished:
            result.contours.append(found)
        reporter.advance()


def _check(models: Sequence[Model], grid: Plane, indicators: Sequence[str] | None, parameters: dict[str, float]) -> None:
    """Everything wrong with the request is said before the computing starts."""
    for name in grid.names:
        if name in parameters:
            raise ParameterError(f"{name!r} is an axis of the plane and cannot be held fixed too")
    known = [name for model in models for name in model.indicators]
    for name in indicators or ():
        if name not in known:
            raise ParameterError(f"no model has an indicator {name!r}; there are {', '.join(known) or 'none'}")
    for name, value in parameters.items():
        if np.ndim(value):
            raise ParameterError(f"{name!r} must be one number in a diagram, got an array of shape {np.shape(value)}")
    for model in models:
        own = {p.name for p in model.parameters} | set(model.prepare.accepts if model.prepare else ())
        for name in grid.names:
            if name not in own:
                raise ParameterError(f"{name!r} is no parameter of {model.name or model.title}; it has {', '.join(sorted(own))}")
