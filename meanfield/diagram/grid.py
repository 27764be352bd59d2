"""All solutions of a model over a plane of two parameters, in batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import NoSolution, ParameterError
from meanfield.records import Record, records

if TYPE_CHECKING:
    from meanfield.model import Model
    from meanfield.progress import Progress

__all__ = ["Plane", "Sheet", "solve_plane"]


@dataclass(frozen=True)
class Plane:
    """The grid of two parameters: names (horizontal, vertical), x (nx,) and y (ny,) increasing or decreasing."""

    names: tuple[str, str]
    x: np.ndarray
    y: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx), the shape of every array over the plane."""
        return len(self.y), len(self.x)

    def flat(self) -> dict[str, np.ndarray]:
        """Both parameters at every point of the grid, (ny * nx,), row by row."""
        x, y = np.meshgrid(self.x, self.y)
        return {self.names[0]: x.ravel(), self.names[1]: y.ravel()}


@dataclass
class Sheet:
    """One model over the plane: ``points[i]`` are the solutions at grid point i (row by row), in no special order.

    Points that an interrupt left out are missing at the end.
    """

    model: Model
    plane: Plane
    points: list[list[Record]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name or self.model.title

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
    if len(plane) != 2 or plane[0] == plane[1]:
        raise ParameterError(f"plane must name two different parameters, got {plane!r}")
    counts = (points, points) if isinstance(points, int) else tuple(points)
    if len(counts) != 2 or min(counts) < 2:
        raise ParameterError(f"points must be a count of at least 2 or a pair of them, got {points!r}")
    for name, (low, high) in zip(plane, window, strict=True):
        if not (np.isfinite([low, high]).all() and low != high):
            raise ParameterError(f"the window of {name} must be two different finite numbers, got {(low, high)!r}")
    axes = [np.linspace(low, high, count) for (low, high), count in zip(window, counts, strict=True)]
    return Plane((plane[0], plane[1]), *axes)


def solve_plane(sheet: Sheet, fixed: Mapping[str, float], *, tol: float, chunk: int, progress: Progress) -> None:
    """Find all solutions at every point of the sheet's plane, ``chunk`` points at a time, and keep them in the sheet."""
    from meanfield.solve import Solutions, solve

    flat = sheet.plane.flat()
    total = sheet.plane.x.size * sheet.plane.y.size
    progress.start(total, f"solving {sheet.name}")
    for first in range(len(sheet.points), total, chunk):
        part = {name: values[first : first + chunk] for name, values in flat.items()}
        parameters: dict[str, Any] = {**part, **fixed}
        count = min(chunk, total - first)
        try:
            found = solve(sheet.model, find="all", tol=tol, rounds=0, **parameters).points
        except NoSolution:
            found = [Solutions([])] * count
        sheet.points.extend(records(found, observables=()))
        progress.advance(count)
    doubtful = _unlike_neighbours(sheet)
    if doubtful.size:
        again_at: dict[str, Any] = {**{name: values[doubtful] for name, values in flat.items()}, **fixed}
        again = solve(sheet.model, find="all", tol=tol, rounds=1, **again_at).points
        for i, found_again in zip(doubtful.tolist(), records(again, observables=()), strict=True):
            sheet.points[i] = found_again


def _unlike_neighbours(sheet: Sheet) -> np.ndarray:
    """Grid points with another number of solutions than a neighbour: next to a boundary, or a solution was missed. They are
    searched again thoroughly."""
    counts = np.array([len(p) for p in sheet.points]).reshape(sheet.plane.shape)
    differs = np.zeros(counts.shape, dtype=bool)
    for axis in (0, 1):
        change = np.diff(counts, axis=axis) != 0
        if axis == 0:
            differs[:-1] |= change
            differs[1:] |= change
        else:
            differs[:, :-1] |= change
            differs[:, 1:] |= change
    return np.flatnonzero(differs.ravel())
