"""All solutions of a model over a plane of two parameters, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.working import working_unknowns
from meanfield.errors import NoSolution, ParameterError
from meanfield.records import Record, records
from meanfield.solve.families import refuse_family
from meanfield.solve.points import parameter_points
from meanfield.solve.status import Status

if TYPE_CHECKING:
    from meanfield.model import Model
    from meanfield.progress import Progress

__all__ = ["Plane", "Sheet", "make_plane", "search_again", "solve_between", "solve_plane"]


# Where in its cell a grid point lies: boundaries like to pass through round numbers, where it would be neither here nor there.
_INSIDE = 0.4877
_REACH = 2  # grid steps within which states are starts for one another


@dataclass(frozen=True, repr=False)
class Plane:
    """The grid of two parameters: names (horizontal, vertical); x (nx,) and y (ny,), increasing or decreasing, one value near the
    middle of each of the cells that fill the window ``edges``."""

    names: tuple[str, str]
    x: np.ndarray
    y: np.ndarray
    edges: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))  # of the window, which the grid fills

    def __repr__(self) -> str:
        axes = " and ".join(f"{n} from {e[0]:g} to {e[1]:g}" for n, e in zip(self.names, self.edges, strict=True))
        return f"<Plane: {axes}, {len(self.x)} x {len(self.y)} points>"

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx), the shape of every array over the plane."""
        return len(self.y), len(self.x)

    def flat(self) -> dict[str, np.ndarray]:
        """Both parameters at every point of the grid, (ny * nx,), row by row."""
        x, y = np.meshgrid(self.x, self.y)
        return {self.names[0]: x.ravel(), self.names[1]: y.ravel()}

    def parameters(self, model: Model, fixed: Mapping[str, float]) -> np.ndarray:
        """Parameters (ny * nx, m) of a model at every point of the grid; of those ``fixed`` it takes what it knows."""
        known = {*(s.name for s in model.parameters), *(model.prepare.accepts if model.prepare else ())}
        given = {name: values for name, values in {**fixed, **self.flat()}.items() if name in known}
        return parameter_points(model, given).p


@dataclass(repr=False)
class Sheet:
    """One model over the plane: ``points[i]`` are the solutions at grid point i (row by row), in no special order.

    Points that an interrupt left out are missing at the end.
    """

    model: Model
    plane: Plane
    points: list[list[Record]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Sheet of {self.name}: {self.number_of_solutions} solutions on {self.plane!r}>"

    @property
    def name(self) -> str:
        return self.model.name or self.model.title

    @cached_property
    def alone(self) -> Model:
        """The model without the phases that its points may be handed to: these have sheets of their own."""
        if not any(j.follow for j in self.model.junctions):
            return self.model
        return self.model.changed(junctions=[replace(j, follow=False) for j in self.model.junctions])

    def at(self, row: int, column: int) -> list[Record]:
        """Solutions at a grid point."""
        i = row * len(self.plane.x) + column
        return self.points[i] if i < len(self.points) else []

    @property
    def number_of_solutions(self) -> int:
        return sum(len(point) for point in self.points)


def make_plane(
    plane: tuple[str, str], window: tuple[tuple[float, float], tuple[float, float]], points: int | tuple[int, int]
) -> Plane:
    """The `Plane` of two parameter names, their ranges and the number of points along each."""
    if isinstance(plane, str) or len(plane) != 2 or plane[0] == plane[1]:
        raise ParameterError(f"plane must name two different parameters, got {plane!r}")
    counts = tuple(points) if isinstance(points, Sequence) else (points, points)
    if len(counts) != 2 or not all(isinstance(n, int | np.integer) and n >= 2 for n in counts):
        raise ParameterError(f"points must be a count of at least 2 or a pair of them, got {points!r}")
    if np.shape(window) != (2, 2):
        raise ParameterError(
            f"window must be the ranges of {plane[0]} and {plane[1]}, ((from, to), (from, to)) such as ((0, 3), (0, 3)), "
            f"got {window!r}"
        )
    for name, (low, high) in zip(plane, window, strict=True):
        if not (np.isfinite([low, high]).all() and low != high):
            raise ParameterError(f"the window of {name} must be two different finite numbers, got {(low, high)!r}")
    edges = tuple((float(min(ends)), float(max(ends))) for ends in window)  # 3:0 is the window 0:3
    x, y = (low + (np.arange(n) + _INSIDE) / n * (high - low) for (low, high), n in zip(edges, counts, strict=True))
    return Plane((plane[0], plane[1]), x, y, (edges[0], edges[1]))


def solve_plane(
    sheet: Sheet, fixed: Mapping[str, float], *, tol: float, chunk: int, progress: Progress, executor: Any = None
) -> None:
    """Find all solutions at every point of the sheet's plane that has none yet, ``chunk`` points at a time, and keep them in the
    sheet.

    executor: anything with ``map``; the model then must be one that pickles.
    """
    flat = sheet.plane.flat()
    total = sheet.plane.x.size * sheet.plane.y.size
    solved = len(sheet.points)
    progress.start(total, f"solving {sheet.name}")
    progress.advance(solved)
    jobs = [
        (sheet.alone, tol, {**{name: values[first : first + chunk] for name, values in flat.items()}, **fixed})
        for first in range(solved, total, chunk)
    ]
    for found in (executor.map if executor is not None else map)(_chunk, jobs):
        for state in (one for point in found for one in point if one.status == str(Status.FAMILY)):
            refuse_family(sheet.model, state.unknowns)
        sheet.points.extend(found)
        progress.advance(len(found))


def _chunk(job: tuple[Model, float, dict[str, Any]]) -> list[list[Record]]:
    """The records at some points: one job of an executor."""
    from meanfield.solve import Solutions, solve

    model, tol, parameters = job
    try:
        found = solve(model, find="all", tol=tol, rounds=0, **parameters).points
    except NoSolution:
        found = [Solutions([])] * max(np.size(v) for v in parameters.values())
    return records(found, observables=())


def solve_between(sheet: Sheet, places: np.ndarray, fixed: Mapping[str, float], *, tol: float) -> Sheet:
    """A sheet whose points are not those of the grid but the ``places`` (k, 2), searched thoroughly."""
    from meanfield.solve import solve

    at: dict[str, Any] = {**dict(zip(sheet.plane.names, np.asarray(places, float).T, strict=True)), **fixed}
    found = solve(sheet.alone, find="all", tol=tol, **at).points
    return Sheet(sheet.model, sheet.plane, records(found, observables=()))


def search_again(sheets: Sequence[Sheet], i: int, fixed: Mapping[str, float], *, tol: float) -> None:
    """Search thoroughly at a grid point, where solutions may have been missed: what exists at grid points nearby is a start."""
    from meanfield.solve import solve

    at: dict[str, Any] = {**{name: float(values[i]) for name, values in sheets[0].plane.flat().items()}, **fixed}
    for sheet in sheets:
        found = records([solve(sheet.alone, find="all", tol=tol, starts=_nearby(sheet, i), **at)], observables=())[0]
        if len(found) > len(sheet.points[i]):
            sheet.points[i] = found


def _nearby(sheet: Sheet, i: int) -> np.ndarray | None:
    """The working unknowns (S, n) of all states at grid points at most two steps away; None if there are none."""
    row, column = divmod(i, len(sheet.plane.x))
    rows, columns = sheet.plane.shape
    around = [(r, c) for r in range(row - _REACH, row + _REACH + 1) for c in range(column - _REACH, column + _REACH + 1)]
    states = [one for r, c in around if 0 <= r < rows and 0 <= c < columns for one in sheet.at(r, c)]
    if not states:
        return None
    public = {name: np.array([one.unknowns[name] for one in states]) for name in states[0].unknowns}
    table = working_unknowns(sheet.model, public)
    return np.stack([table[u.name] for u in sheet.model.unknowns], axis=1)
