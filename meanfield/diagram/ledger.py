"""What the curves explain: where they cross the lines of the grid, and what changes there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.diagram.changes import Signature, changes, usual
from meanfield.diagram.crossings import Crossing, crossings
from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane, Sheet

__all__ = ["Edge", "Ledger"]

Edge = tuple[int, int, int]  # row, column, axis: to the neighbour in the next column (0) or row (1)
_ASIDE = 5e-5  # of the window: where the states beside a curve are compared,
_LEAST = 2e-5  # and of the parameter: what vanishes with the square of the distance is 0 within the accuracy of labels sooner
_CLOSER = 0.05  # of the way to the next curve, if that is nearer
_TOGETHER = 1e-8  # of a grid step: curves that cross an edge at one place
_ALIKE = 1e-4  # relative distance of unknowns of one state on two curves


@dataclass(eq=False)
class Ledger:
    """What the curves explain: their crossings with the grid's lines, and what changes there. Curves may be added."""

    sheets: Sequence[Sheet]
    fixed: Mapping[str, float]
    curves: list[Curve] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    known: dict[int, tuple[float, Signature]] = field(default_factory=dict)  # by crossing: how far aside, and what changes

    @property
    def plane(self) -> Plane:
        """The grid."""
        return self.sheets[0].plane

    def add(self, curves: Sequence[Curve]) -> None:
        """More curves."""
        for curve in curves:
            self.crossings += crossings(len(self.curves), curve, self.plane)
            self.curves.append(curve)

    def _edge(self, crossing: Crossing) -> Edge | None:
        """The edge on which a crossing lies; None beyond the outermost grid points."""
        values = (self.plane.x, self.plane.y)[crossing.axis]
        i = int(np.floor((crossing.at - values[0]) / (values[1] - values[0])))
        if not 0 <= i < len(values) - 1:
            return None
        return (crossing.line, i, 0) if crossing.axis == 0 else (i, crossing.line, 1)

    def _step(self, axis: int) -> float:
        values = (self.plane.x, self.plane.y)[axis]
        return float(values[1] - values[0])

    def _asides(self) -> dict[int, float]:
        """How far beside every crossing the states are compared: nearer than the grid's points and the next curve."""
        lines: dict[tuple[int, int], list[int]] = {}
        for k, one in enumerate(self.crossings):
            if self._edge(one) is not None or self._point(one) is not None:
                lines.setdefault((one.axis, one.line), []).append(k)
        out = {}
        for (axis, _), own in lines.items():
            step, width = self._step(axis), abs(float(np.ptp(self.plane.edges[axis])))
            at = np.array([self.crossings[k].at for k in own])
            grid = (self.plane.x, self.plane.y)[axis]
            for k, place in zip(own, at, strict=True):
                away = np.abs(np.concatenate([at, grid]) - place)
                away = away[away > _TOGETHER * abs(step)]
                far = max(_ASIDE * width, _LEAST * max(1.0, abs(float(place))))
                out[k] = float(np.sign(step) * min(far, _CLOSER * away.min()))
        return out

    def _look_aside(self) -> None:
        """Changes at crossings that are new, or have a new neighbour."""
        todo = {k: h for k, h in self._asides().items() if k not in self.known or abs(self.known[k][0]) > abs(h)}
        groups: dict[int, list[int]] = {}
        for k in todo:
            groups.setdefault(id(self._model(k)), []).append(k)
        sizes = {id(sheet.model): usual(sheet, self.fixed) for sheet in self.sheets} if groups else {}
        for own in groups.values():
            shift = np.array([todo[k] for k in own])
            place = np.array([self.crossings[k].place(self.plane) for k in own])
            axis = np.array([self.crossings[k].axis for k in own])
            moved = np.where(np.arange(2)[None] == axis[:, None], shift[:, None], 0.0)
            before, behind = ((place + sign * moved).T for sign in (-1, 1))
            model = self._model(own[0])
            states = {u.name: np.array([self.crossings[k].unknowns.get(u.name, 0.0) for k in own]) for u in model.unknowns}
            sides = ((before[0], before[1]), (behind[0], behind[1]))
            found = changes(model, states, sides, self.plane, self.fixed, sizes, [s.model for s in self.sheets])
            for k, change in zip(own, found, strict=True):
                self.known[k] = (todo[k], change)

    def _model(self, k: int) -> Any:
        return self.curves[self.crossings[k].curve].of

    def explained(self) -> dict[Edge, Signature]:
        """What changes along every edge that curves cross, but for crossings at grid points, see `undecided`."""
        self._look_aside()
        own: dict[Edge, list[int]] = {}
        for k, one in enumerate(self.crossings):
            edge = self._edge(one) if self._point(one) is None else None
            if edge is not None and self.known[k][1]:
                own.setdefault(edge, []).append(k)
        return {edge: self._told(found) for edge, found in own.items()}

    def undecided(self) -> list[tuple[Edge | None, Edge | None, Signature]]:
        """What changes where curves cross lines of the grid in its points, with the edges that end and begin there (None beyond the
        outermost points), along each line in order: of a point on a boundary rounding decides on which side it is."""
        self._look_aside()
        own: dict[tuple[int, int, int], list[int]] = {}
        for k, one in enumerate(self.crossings):
            i = self._point(one)
            if i is not None and self.known[k][1]:
                own.setdefault((one.axis, one.line, i), []).append(k)
        out = []
        for (axis, line, i), found in sorted(own.items()):
            count = len((self.plane.x, self.plane.y)[axis])
            edges = [None if not 0 <= j < count - 1 else (line, j, 0) if axis == 0 else (j, line, 1) for j in (i - 1, i)]
            out.append((edges[0], edges[1], self._told(found)))
        return out

    def _point(self, crossing: Crossing) -> int | None:
        """The grid point at which a crossing lies, by its number along the line."""
        values = (self.plane.x, self.plane.y)[crossing.axis]
        i = int(np.abs(values - crossing.at).argmin())
        return i if abs(values[i] - crossing.at) <= _TOGETHER * abs(self._step(crossing.axis)) else None

    def _told(self, found: Sequence[int]) -> Signature:
        """What changes at crossings, all together. What two curves say of the same states counts once."""
        total: Signature = Counter()
        for i, k in enumerate(found):
            told = [self.known[other][1] for other in found[:i] if self._same(k, other)]
            total.update({key: n for key, n in self.known[k][1].items() if not any(one.get(key) == n for one in told)})
        return Counter({key: n for key, n in total.items() if n})

    def _same(self, k: int, other: int) -> bool:
        one, two = self.crossings[k], self.crossings[other]
        if abs(one.at - two.at) > 1e-6 * abs(self._step(one.axis)):
            return False
        shared = set(one.unknowns) & set(two.unknowns)
        return all(abs(one.unknowns[n] - two.unknowns[n]) <= _ALIKE * (1 + abs(one.unknowns[n])) for n in shared)
