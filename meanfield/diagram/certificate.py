"""Is any boundary missing? Between neighbouring grid points that differ a curve must pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.diagram.classify import signs, symmetric
from meanfield.diagram.grid import Plane, Sheet

Edge = tuple[int, int, int]  # row, column, axis: to the neighbour in the next column (0) or row (1)


@dataclass(frozen=True)
class Certificate:
    """edges: how many were looked at; differing: at whose ends different states exist; unexplained: those that no curve crosses,
    as pairs of places ((x, y), (x, y))."""

    edges: int
    differing: int
    unexplained: tuple[tuple[tuple[float, float], tuple[float, float]], ...]

    def __bool__(self) -> bool:
        """True if nothing is unexplained."""
        return not self.unexplained

    def __str__(self) -> str:
        if not self.unexplained:
            return f"all {self.differing} of {self.edges} grid edges with different states at their ends are crossed by a curve"
        return f"{len(self.unexplained)} of {self.differing} changes between grid points are explained by no curve"


def signatures(sheets: Sequence[Sheet]) -> list[Counter[Any]]:
    """What exists at every grid point: how many states of which model, symmetric or not, stable, physical."""
    tables = [symmetric(sheet) for sheet in sheets]
    size = len(sheets[0].plane.x) * len(sheets[0].plane.y)
    out = []
    for i in range(size):
        here: Counter[Any] = Counter()
        for sheet, even in zip(sheets, tables, strict=True):
            if i >= len(sheet.points):
                continue
            for one, flag in zip(sheet.points[i], even[i], strict=True):
                if one.physical is not False:
                    here[(sheet.name, flag, one.stable, signs(sheet.model, one))] += 1
        out.append(here)
    return out


def unlike_edges(sheets: Sequence[Sheet]) -> tuple[int, list[Edge]]:
    """How many edges the grid has, and those whose ends have different signatures."""
    plane = sheets[0].plane
    rows, columns = plane.shape
    here = signatures(sheets)
    found, count = [], 0
    for row in range(rows):
        for column in range(columns):
            for axis in (0, 1):
                other = (row, column + 1) if axis == 0 else (row + 1, column)
                if other[0] >= rows or other[1] >= columns:
                    continue
                count += 1
                if here[row * columns + column] != here[other[0] * columns + other[1]]:
                    found.append((row, column, axis))
    return count, found


def crossed_edges(plane: Plane, lines: Sequence[np.ndarray]) -> dict[Edge, list[tuple[int, int]]]:
    """For every grid edge the curves that cross it: (index of the line, index of its piece)."""
    out: dict[Edge, list[tuple[int, int]]] = {}
    xs, ys = plane.x, plane.y
    for n, line in enumerate(lines):
        for k in range(len(line) - 1):
            a, b = line[k], line[k + 1]
            for axis, (moving, held) in enumerate(((xs, ys), (ys, xs))):
                # Edges of this axis lie on the lines where the other coordinate has a value of the grid.
                lo, hi = sorted((a[1 - axis], b[1 - axis]))
                for j in np.flatnonzero(
                    (held >= lo - _TOUCH * abs(held[1] - held[0])) & (held <= hi + _TOUCH * abs(held[1] - held[0]))
                ):
                    width = b[1 - axis] - a[1 - axis]
                    share = 0.5 if width == 0 else float(np.clip((held[j] - a[1 - axis]) / width, 0.0, 1.0))
                    at = a[axis] + share * (b[axis] - a[axis])
                    for i in _cells(moving, at):
                        edge = (int(j), i, 0) if axis == 0 else (i, int(j), 1)
                        out.setdefault(edge, []).append((n, k))
    return out


_TOUCH = 1e-6


def _cells(values: np.ndarray, at: float) -> list[int]:
    """The intervals of the grid that hold a value; both neighbours where it is on a grid point."""
    step = values[1] - values[0]
    place = (at - values[0]) / step
    low, high = int(np.floor(place - _TOUCH)), int(np.floor(place + _TOUCH))
    return sorted({i for i in (low, high) if 0 <= i < len(values) - 1})


def certify(sheets: Sequence[Sheet], lines: Sequence[np.ndarray]) -> tuple[Certificate, list[Edge]]:
    """The certificate, and the edges that are not explained."""
    plane = sheets[0].plane
    count, unlike = unlike_edges(sheets)
    crossed = crossed_edges(plane, lines)
    missing = [edge for edge in unlike if edge not in crossed]
    return Certificate(count, len(unlike), tuple(_ends(plane, edge) for edge in missing)), missing


def ends_of(edges: Sequence[Edge], columns: int) -> set[int]:
    """The grid points at the ends of edges, as indices row by row."""
    return {r * columns + c for r, c, _ in edges} | {(r + (a == 1)) * columns + c + (a == 0) for r, c, a in edges}


def _ends(plane: Plane, edge: Edge) -> tuple[tuple[float, float], tuple[float, float]]:
    row, column, axis = edge
    other = (row, column + 1) if axis == 0 else (row + 1, column)
    return (float(plane.x[column]), float(plane.y[row])), (float(plane.x[other[1]]), float(plane.y[other[0]]))
