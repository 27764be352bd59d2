"""A lane with what was located on it, as a branch is made of one or two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.continuation.branching import Branching
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import Located
from meanfield.continuation.stops import End
from meanfield.solve.problem import Array

_AT_THE_END = 1e-9  # of a step: what is so close to the end of a branch is there
_ENDING = {End.WINDOW: "window", End.DOMAIN: "domain", End.REFUSED: "refused", End.MIRRORED: "branch"}


@dataclass(frozen=True, eq=False)
class Piece:
    """A lane with its located events; forward: whether the branch runs through it in the order in which it was walked."""

    lane: Lane
    located: tuple[Located, ...]
    branchings: tuple[Branching | None, ...]
    forward: bool = True
    asked: Located | None = None  # the event that the walk was to stop at

    def reaches(self, one: Located) -> bool:
        """Whether a located point lies before the end or in it: in that of a window if its error does not tell it from there."""
        last = self.last
        if last is None or last is one:
            return True
        if last.bracket.type == "window" and last.bracket.edge is not None and one.bracket.at == last.bracket.at:
            i, value = last.bracket.edge
            beyond = (one.u[i] - value) * np.sign(self.lane.u[-1][i] - value)
            if beyond > one.error[i]:
                return False
        return one.place <= last.place + _AT_THE_END

    @property
    def last(self) -> Located | None:
        """The event at which a lane that went beyond its end really ends."""
        if self.asked is not None:
            return self.asked
        kind = _ENDING.get(self.lane.end) if self.lane.beyond and self.lane.end is not None else None
        at = [x for x in self.located if x.bracket.type == kind and x.bracket.at == len(self.lane.u) - 2]
        return at[-1] if at else None

    def columns(self) -> tuple[Array, Array, Array]:
        """u, tangent, scale in the order of the branch; a last point beyond the end is replaced by the end itself."""
        lane, last = self.lane, self.last
        u, t, scale = np.array(lane.u), np.array(lane.tangent), np.array(lane.scale)
        if lane.beyond:
            u, t, scale = u[:-1], t[:-1], scale[:-1]
            if last is not None:
                u, t, scale = (np.concatenate([a, b[None]]) for a, b in ((u, last.u), (t, last.tangent), (scale, last.scale)))
        return (u, t, scale) if self.forward else (u[::-1], -t[::-1], scale[::-1])
