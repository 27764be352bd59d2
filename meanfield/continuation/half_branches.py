"""Half-branches at the points where curves cross: which of them are known, and starts for those that are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.continuation.branching import same_direction
from meanfield.continuation.locate import Located
from meanfield.continuation.passing import SAME
from meanfield.continuation.start import Start, birth, passage
from meanfield.continuation.subject import Subject, leads_inside
from meanfield.continuation.walk import rescaled
from meanfield.solve.problem import Array


@dataclass(eq=False)
class Crossing:
    """A point where two curves cross; taken: unit tangents, in units of ``scale``, of the half-branches that are known."""

    subject: Subject
    u: Array
    scale: Array
    base: Array
    taken: list[Array] = field(default_factory=list)
    kind: Any = None
    point: Located | None = None

    def take(self, tangent: Array, scale: Array) -> None:
        """A half-branch is known, with a tangent in units of ``scale``."""
        self.taken.append(rescaled(tangent, scale, self.scale))

    def open_halves(self) -> list[Start]:
        """Starts along the tangents that are not taken, not images of taken ones, and lead into the domain."""
        if self.kind is None or self.kind.other is None or self.point is None:
            return []
        found = []
        own, other = (rescaled(t, self.point.scale, self.scale) for t in (self.kind.own, self.kind.other))
        # In units in which the unknowns hardly move, as in a corner of the domain, the tangents of two curves are nearly the same.
        apart = (1 + abs(float(own @ other))) / 2
        arms = min((own, other), key=lambda t: abs(float(t[-1]))) if self.kind.type == "pitchfork" else None
        for tangent in (own, other):
            ways: list[Array] = []
            for way in (tangent, -tangent):
                if not self._known(way, apart) and leads_inside(self.subject, self.u, way * self.scale):
                    self.taken.append(way)
                    ways.append(way)
            if len(ways) == 2 and tangent is not arms:  # what goes through is one branch
                found.append(passage(self.subject, self.u, self.base, tangent, self.point))
            else:
                found += [birth(self.subject, self.u, self.base, way, self.point.error) for way in ways]
        return found

    def _known(self, way: Array, apart: float) -> bool:
        ways = [way]
        for image in self.subject.symmetries:
            if np.abs((image(self.u[None])[0] - self.u) / self.scale).max() < SAME:
                ways.append(image((way * self.scale)[None])[0] / self.scale)
        return any(same_direction(w, t, apart) for w in ways for t in self.taken)
