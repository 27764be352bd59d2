"""The n-th event of a kind, as the end of a walk: looked for while the walk goes on, so that it stops there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from meanfield.continuation.branching import Branching, branching
from meanfield.continuation.classified import classified
from meanfield.continuation.detect import brackets
from meanfield.continuation.lane import LISTS, Lane
from meanfield.continuation.locate import Located, locate, told_twice
from meanfield.continuation.piece import Piece
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.continuation.walk import Walk
from meanfield.solve.problem import Array

_EVERY = 12  # points of a lane before the first look at what has happened on it
_LONGER = 1.25  # than at the last look is a lane at the next one


@dataclass(eq=False)
class Watch:
    """Looks at the lanes of a walk from time to time and ends those on which the event asked for, ``(kind, n)``, has come by.

    window: ranges by place of the coordinate.
    """

    subject: Subject
    window: dict[int, tuple[float, float]]
    event: tuple[str, int]
    seen: dict[int, int] = field(default_factory=dict)

    def look(self, walk: Walk) -> None:
        """End what has got far enough."""
        due = [lane for lane in walk.active if len(lane.u) >= max(_EVERY, _LONGER * self.seen.get(id(lane), 1))]
        for lane in due:
            self.seen[id(lane)] = len(lane.u)
        walk.determine()
        copies = [_copied(lane) for lane in due]
        located: dict[int, list[Located]] = {id(copy): [] for copy in copies}
        for one in locate(self.subject, brackets(self.subject, copies, self.window)) if copies else ():
            located[id(one.bracket.lane)].append(one)
        for lane, copy in zip(due, copies, strict=True):
            found = [*([lane.stands] if lane.stands is not None else []), *located[id(copy)]]
            kinds = [branching(self.subject, x) if x.bracket.type == "branch" and x.sharp else None for x in found]
            if len(matching(self.subject, lane.base, found, kinds, self.event[0])) >= self.event[1]:
                lane.end = End.EVENT


def _copied(lane: Lane) -> Lane:
    """Detection puts points in between and cuts: it must not do so to a lane that goes on."""
    copy = replace(lane)
    for name in LISTS:
        setattr(copy, name, list(getattr(lane, name)))
    return copy


def matching(
    subject: Subject, base: Array, found: Sequence[Located], kinds: Sequence[Branching | None], wanted: str
) -> list[Located]:
    """Those of a type or name, in the order of the lane, each once."""
    if wanted.endswith("critical pitchfork"):
        kinds = [kind and classified(subject, x.u, base, kind).kind for x, kind in zip(found, kinds, strict=True)]
    out = []
    for one, kind in sorted(zip(found, kinds, strict=True), key=lambda x: x[0].place):
        names = {one.bracket.type, one.bracket.name, *((kind.type, kind.name) if kind else ())}
        if wanted in names and one.bracket.tells_of(None) and not told_twice(one, tuple(found)):
            out.append(one)
    return out


def stopped(subject: Subject, piece: Piece, event: tuple[str, int] | None) -> Piece:
    """The piece up to the n-th event of a kind, if it was asked to stop there."""
    if event is None:
        return piece
    wanted, count = event
    found = matching(subject, piece.lane.base, piece.located, piece.branchings, wanted)
    if len(found) < count:
        return piece
    last, lane = found[count - 1], piece.lane
    lane.cut(last.bracket.at + 2)
    lane.beyond, lane.end = True, End.EVENT
    keep = [i for i, x in enumerate(piece.located) if x.place <= last.place]
    located, kinds = tuple(piece.located[i] for i in keep), tuple(piece.branchings[i] for i in keep)
    return Piece(lane, located, kinds, piece.forward, last)


__all__ = ["Watch", "matching", "stopped"]
