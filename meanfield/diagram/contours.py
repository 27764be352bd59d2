"""Zeros of an indicator in the plane: bracketed on the grid's edges, polished one by one, joined to lines.

An edge joins two neighbouring grid points. Solutions at its ends are matched (nearest in the unknowns, mutually); where the
indicator of a matched pair changes sign there is a zero on the edge. A solution that has no match may have ended at a zero
(chaos is born with Delta_T = 0 and is not returned beyond), so it starts a search too. Every start is polished by solving
the model together with "indicator = 0", the parameter along the edge being one more unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from meanfield.averages.scope import substitute
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.polish import Polished
from meanfield.model.printing import latex_expression
from meanfield.records import Record

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["Contour", "Edge", "Start", "contour", "edge_starts", "join"]

Edge = tuple[int, int, int]  # row and column of the lower end, axis that varies along it (0: horizontal, 1: vertical)
Polish = Callable[["Model", str, str, Mapping[str, np.ndarray], Mapping[str, np.ndarray]], Polished]


@dataclass(frozen=True)
class Start:
    """Where a zero is looked for: on which edge, from which parameters and unknowns; bracketed by a change of sign or not."""

    edge: Edge
    position: tuple[float, float]
    unknowns: dict[str, float]
    bracketed: bool


@dataclass(frozen=True)
class _Zero:
    """A polished zero on an edge: its place (x, y), claimed error, and which unknowns vanish (curves of different branches
    are not joined where they cross)."""

    edge: Edge
    place: np.ndarray
    error: float
    branch: tuple[bool, ...]


@dataclass
class Contour:
    """The curve ``indicator = 0`` of a model.

    lines: polished points (k, 2) as (x, y), each line in order; errors: (k,) claimed absolute error of the coordinate that was
    solved for; boundary: (k,) whether the labels of the two grid points around it differ.
    """

    model: str
    indicator: str
    equation: str
    latex: str = ""
    lines: list[np.ndarray] = field(default_factory=list)
    errors: list[np.ndarray] = field(default_factory=list)
    boundary: list[np.ndarray] = field(default_factory=list)
    unpolished: int = 0

    @property
    def points(self) -> int:
        """Number of polished points."""
        return sum(len(line) for line in self.lines)


def _distance(a: Record, b: Record) -> float:
    """How far apart two solutions are; one that is exactly zero somewhere is on another branch than one that is not."""
    return max(
        abs(v - b.unknowns[k]) / (1 + abs(v)) + ((abs(v) < 1e-9) != (abs(b.unknowns[k]) < 1e-9)) for k, v in a.unknowns.items()
    )


def matches(here: Sequence[Record], there: Sequence[Record]) -> list[tuple[int, int | None]]:
    """For each solution here its partner there: the nearest, if each is the other's nearest; else None."""
    if not there:
        return [(i, None) for i in range(len(here))]
    table = np.array([[_distance(a, b) for b in there] for a in here]).reshape(len(here), len(there))
    forward = table.argmin(axis=1)
    backward = table.argmin(axis=0) if len(here) else []
    return [(i, int(j) if backward[j] == i else None) for i, j in enumerate(forward)]


def edges(plane: Plane) -> list[Edge]:
    """Every edge of the grid."""
    rows, columns = plane.shape
    flat = [(r, c, 0) for r in range(rows) for c in range(columns - 1)]
    return flat + [(r, c, 1) for r in range(rows - 1) for c in range(columns)]


def edge_starts(sheet: Sheet, indicator: str) -> list[Start]:
    """Starts for the zeros of ``indicator`` on all edges of the sheet."""
    plane, found = sheet.plane, []
    states = _states(sheet, indicator)
    for edge in edges(plane):
        row, column, axis = edge
        end = (row, column + 1) if axis == 0 else (row + 1, column)
        here, there = states[row][column], states[end[0]][end[1]]
        values = [one.indicators.get(indicator, np.nan) for one in (*here, *there)]
        if len(here) == len(there) and (all(v > 0 for v in values) or all(v < 0 for v in values)):
            continue
        near, far = _position(plane, row, column), _position(plane, *end)
        found += _on_edge(edge, indicator, near, far, here, there)
    return found


def _states(sheet: Sheet, indicator: str) -> list[list[list[Record]]]:
    """Solutions [row][column] on which the indicator says something: some hold on an invariant subspace only."""
    inside = {u.name: float(value) for u, value in sheet.model.restrict.get(indicator, {}).items()}

    def counts(state: Record) -> bool:
        return all(abs(state.unknowns[k] - v) <= 1e-7 + 10 * abs(state.error.get(k, 0.0)) for k, v in inside.items())

    rows, columns = sheet.plane.shape
    return [[[one for one in sheet.at(r, c) if counts(one)] for c in range(columns)] for r in range(rows)]


def _position(plane: Plane, row: int, column: int) -> np.ndarray:
    return np.array([plane.x[column], plane.y[row]])


def _on_edge(
    edge: Edge, name: str, near: np.ndarray, far: np.ndarray, here: Sequence[Record], there: Sequence[Record]
) -> list[Start]:
    found = []
    pairs = matches(here, there)
    for i, j in pairs:
        if j is None:
            if here[i].physical is not False:
                found.append(_open_start(edge, near, here[i]))
            continue
        a, b = here[i].indicators.get(name, np.nan), there[j].indicators.get(name, np.nan)
        if np.isnan(a) or np.isnan(b) or a * b > 0 or a == b:
            continue
        # What becomes of a state that is not physical on either side bounds no phase.
        if here[i].physical is False and there[j].physical is False:
            continue
        t = float(a / (a - b))
        unknowns = {k: (1 - t) * v + t * there[j].unknowns[k] for k, v in here[i].unknowns.items()}
        place = (1 - t) * near + t * far
        found.append(Start(edge, (float(place[0]), float(place[1])), unknowns, True))
    taken = {j for _, j in pairs}
    lost = [one for j, one in enumerate(there) if j not in taken and one.physical is not False]
    found += [_open_start(edge, far, one) for one in lost]
    return found


def _open_start(edge: Edge, place: np.ndarray, state: Record) -> Start:
    return Start(edge, (float(place[0]), float(place[1])), dict(state.unknowns), False)


def contour(sheet: Sheet, indicator: str, region: np.ndarray, fixed: Mapping[str, float], polish: Polish) -> Contour:
    """The polished curve ``indicator = 0`` of the sheet's model.

    ``polish(model, indicator, free, parameters, starts)`` solves for all starts at once.
    """
    plane, model = sheet.plane, sheet.model
    result = Contour(sheet.name, indicator, *equation(model, indicator))
    starts = edge_starts(sheet, indicator)
    zeros: list[_Zero] = []
    missed: set[Edge] = set()
    for axis in (0, 1):
        mine = [s for s in starts if s.edge[2] == axis]
        free, held = plane.names[axis], plane.names[1 - axis]
        # A keyword that only stands for parameters (such as a total variance) cannot be solved for.
        if not mine or free not in {p.name for p in model.parameters}:
            continue
        parameters = {name: np.full(len(mine), float(value)) for name, value in fixed.items()}
        parameters[held] = np.array([s.position[1 - axis] for s in mine])
        begin = {name: np.array([s.unknowns[name] for s in mine]) for name in mine[0].unknowns}
        begin[free] = np.array([s.position[axis] for s in mine])
        done = polish(model, indicator, free, parameters, begin)
        for k, start in enumerate(mine):
            value, error = float(done.value[k]), float(done.error[k])
            if done.found[k] and _belongs(plane, start.edge, value, error):
                place = np.array(start.position)
                place[axis] = value
                zeros.append(_Zero(start.edge, place, error, tuple(done.zero[k].tolist())))
            elif start.bracketed:
                missed.add(start.edge)
    result.unpolished = len(missed - {zero.edge for zero in zeros})
    _fill(result, _distinct(zeros, plane), plane, region)
    return result


def _belongs(plane: Plane, edge: Edge, value: float, error: float) -> bool:
    """Whether a polished zero lies, and is known to lie, on the edge from which it was sought."""
    row, column, axis = edge
    ends = (plane.x[column], plane.x[column + 1]) if axis == 0 else (plane.y[row], plane.y[row + 1])
    slack = 1e-6 * abs(ends[1] - ends[0])
    return error < abs(ends[1] - ends[0]) and min(ends) - slack <= value <= max(ends) + slack


def _distinct(zeros: Sequence[_Zero], plane: Plane) -> list[_Zero]:
    """One of each, the best known: symmetric partners and several starts lead to the same zero."""
    cell = np.array([np.ptp(plane.x) / (len(plane.x) - 1), np.ptp(plane.y) / (len(plane.y) - 1)])
    kept: dict[tuple[Edge, tuple[bool, ...], int, int], _Zero] = {}
    for zero in sorted(zeros, key=lambda z: z.error):
        column, row = np.round(zero.place / cell * 1e4).astype(int).tolist()
        kept.setdefault((zero.edge, zero.branch, column, row), zero)
    return list(kept.values())


def _fill(result: Contour, zeros: Sequence[_Zero], plane: Plane, region: np.ndarray) -> None:
    for branch in sorted({zero.branch for zero in zeros}):
        own = [zero for zero in zeros if zero.branch == branch]
        for line in join([zero.edge for zero in own], np.array([zero.place for zero in own]), plane):
            result.lines.append(np.array([own[k].place for k in line]))
            result.errors.append(np.array([own[k].error for k in line]))
            result.boundary.append(np.array([_separates(own[k].edge, region) for k in line]))


def _separates(edge: Edge, region: np.ndarray) -> bool:
    row, column, axis = edge
    end = (row, column + 1) if axis == 0 else (row + 1, column)
    return bool(region[row, column] != region[end])


def join(where: Sequence[Edge], places: np.ndarray, plane: Plane) -> list[list[int]]:
    """Join zeros on edges to lines (lists of indices): within each cell of the grid, neighbours are linked pairwise."""
    on_edge: dict[Edge, list[int]] = {}
    for k, edge in enumerate(where):
        on_edge.setdefault(edge, []).append(k)
    links: dict[int, list[int]] = {k: [] for k in range(len(where))}
    cell = np.array([plane.x[1] - plane.x[0], plane.y[1] - plane.y[0]])
    for row in range(plane.shape[0] - 1):
        for column in range(plane.shape[1] - 1):
            sides = [(row, column, 0), (row + 1, column, 0), (row, column, 1), (row, column + 1, 1)]
            here = [(k, side) for side in sides for k in on_edge.get(side, ())]
            _link(here, places / cell, links)
    return _lines(links)


def _link(here: Sequence[tuple[int, Edge]], places: np.ndarray, links: dict[int, list[int]]) -> None:
    """Link the zeros around one cell, nearest first, each once, never two of the same side."""
    pairs = [
        (float(np.linalg.norm(places[a] - places[b])), a, b)
        for n, (a, side) in enumerate(here)
        for b, other in here[n + 1 :]
        if side != other
    ]
    used: set[int] = set()
    for _, a, b in sorted(pairs):
        if a not in used and b not in used and len(links[a]) < 2 and len(links[b]) < 2:
            used |= {a, b}
            links[a].append(b)
            links[b].append(a)


def _lines(links: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Walk the links: open lines from their ends first, then closed ones."""
    seen: set[int] = set()
    lines: list[list[int]] = []
    for first in sorted(links, key=lambda k: len(links[k])):
        if first in seen:
            continue
        line: list[int] = []
        k: int | None = first
        while k is not None:
            seen.add(k)
            line.append(k)
            k = next((n for n in links[k] if n not in seen), None)
        if len(line) > 2 and first in links[line[-1]]:
            line.append(first)
        lines.append(line)
    return lines


def equation(model: Model, indicator: str) -> tuple[str, str]:
    """The equation of the curve as text and as LaTeX."""
    expr = substitute(model.indicators[indicator], model.restrict.get(indicator, {}))
    # A constant belongs on the right: g^2 <phi'^2> = 1 is how the field writes it.
    constant, rest = expr.as_coeff_Add() if expr.is_Add else (0, expr)
    return f"{rest} = {-constant}", f"{latex_expression(model, rest)} = {latex_expression(model, -constant)}"
