"""Branches along some rows and columns of the grid: every event on them is an exact point of a boundary in the plane."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.forest import Field, grown
from meanfield.continuation.grow import Garden
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.working import working_unknowns
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.phases import among
from meanfield.progress import Progress

_STARTS = 4  # grid points of a line whose solutions are starts, its ends included
_STEPS = Steps(first=0.01, largest=0.08, angle=0.2, worst=0.6, correction=1e-2, predictor="tangent", between=0)


@dataclass(eq=False)
class Walked:
    """Branches found on lines, from grid points ``places`` of each. traced: of how many of their seeds the boundaries have been
    traced; finished: whether these are all."""

    places: Mapping[int, Collection[int]]
    branches: Sequence[Branch]
    traced: int = 0
    finished: bool = False


@dataclass(eq=False)
class Lines:
    """All lines along one axis: ``axis`` 0 are rows (x moves), 1 columns. walks: what has been found on them, walk by walk."""

    plane: Plane
    sheets: Sequence[Sheet]
    fixed: Mapping[str, float]
    axis: int
    progress: Progress | None = None
    walks: list[Walked] = field(default_factory=list)
    subjects: dict[int, Subject] = field(default_factory=dict)

    @property
    def moving(self) -> str:
        """The parameter that moves along the lines."""
        return self.plane.names[self.axis]

    def begun(self, line: int) -> set[int]:
        """The grid points of a line from which it has been walked."""
        return {place for walk in self.walks for place in walk.places.get(line, ())}

    @property
    def held(self) -> str:
        """The parameter that tells the lines apart."""
        return self.plane.names[1 - self.axis]

    def field(self, held: float) -> Field:
        """The window of one line."""
        low, high = (float(f(self.plane.edges[self.axis])) for f in (np.min, np.max))
        return Field(self.moving, low, high, {**self.fixed, self.held: held})

    def subject(self, model: Model) -> Subject:
        if id(model) not in self.subjects:
            middle, *ends = (float(f(self.plane.edges[1 - self.axis])) for f in (np.mean, np.min, np.max))
            if any(self.field(end).path(model) != self.field(middle).path(model) for end in ends):
                raise ParameterError(
                    f"{model.name or model.title} computes parameters from {self.moving} and {self.held} together; "
                    f"draw the plane of others of its own parameters ({', '.join(s.name for s in model.parameters)})"
                )
            self.subjects[id(model)] = self.field(middle).subject(model)
        return self.subjects[id(model)]

    def _joining(self, model: Model) -> Subject | None:
        """A phase that joins, if the diagram shows it."""
        shown = among(model, [sheet.model for sheet in self.sheets])
        return self.subject(shown) if shown is not None else None

    def walk(self, wanted: Mapping[int, Collection[int]]) -> None:
        """Follow every branch on these lines (indices of rows or columns), from some of their grid points and from those that are
        named. What was begun at before is not begun at again. An interrupt inside a step, which the garden notes and ends its
        branches at, ends the diagram too: raises KeyboardInterrupt, and nothing of this walk is kept."""
        fresh = {k: self._places(named) - self.begun(k) for k, named in wanted.items()}
        starts = [s for k, places in fresh.items() for s in self._starts(k, sorted(places))]
        if not any(fresh.values()):
            return
        garden = self._garden()
        known = len(garden.branches)
        grown(garden, starts, True, self._joining, self.moving)
        if garden.interrupted:
            raise KeyboardInterrupt
        self.walks.append(Walked(fresh, garden.branches[known:]))

    def _garden(self) -> Garden:
        """With all branches that are known, and nothing left to follow at the points where they cross."""
        window = self.field(0.0)
        garden = Garden(_STEPS, Stops({self.moving: (window.low, window.high)}), self.progress)
        garden.plant([branch for walk in self.walks for branch in walk.branches])
        return garden

    def _places(self, named: Collection[int]) -> set[int]:
        """Indices of the grid points of a line whose solutions are starts."""
        count = len((self.plane.x, self.plane.y)[self.axis])
        spread = np.linspace(0, count - 1, min(_STARTS, count)).round().astype(int)
        return {*spread.tolist(), *named}

    def _starts(self, number: int, chosen: Sequence[int]) -> list[Start]:
        """The solutions at grid points of a line."""
        along = (self.plane.x, self.plane.y)[self.axis]
        held = float((self.plane.y, self.plane.x)[self.axis][number])
        out = []
        for sheet in self.sheets:
            subject = self.subject(sheet.model)
            for k in chosen:
                row, column = (number, k) if self.axis == 0 else (k, number)
                here = sheet.at(row, column)
                if not here:
                    continue
                base = self.field(held).points(sheet.model, along[k : k + 1])[0]
                public = {name: np.array([one.unknowns[name] for one in here]) for name in here[0].unknowns}
                table = working_unknowns(sheet.model, public)
                x = np.stack([table[u.name] for u in sheet.model.unknowns], axis=1)
                for row_x in x[np.lexsort(tuple(-x.T[::-1]))]:
                    out.append(Start(subject, np.append(row_x, along[k]), base))
        return out


def first_lines(count: int) -> list[int]:
    """Which of ``count`` rows or columns are walked first: three, evenly spread, and those along the sides of the window, where
    what leaves it is widest: a cusp near a side may open between two lines of the grid."""
    return sorted({0, count // 6, count // 2, count - 1 - count // 6, count - 1})
