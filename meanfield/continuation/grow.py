"""From starts to branches: walk, detect, locate, classify; then further starts where curves cross or phases join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.branching import branching
from meanfield.continuation.curve import scale_at
from meanfield.continuation.detect import brackets
from meanfield.continuation.ends import borrowed
from meanfield.continuation.fill import fill
from meanfield.continuation.half_branches import Crossing
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import Located, locate, told_twice
from meanfield.continuation.passing import SAME, passes
from meanfield.continuation.piece import Piece
from meanfield.continuation.planting import planted_lanes
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End, Stops
from meanfield.continuation.subject import Subject
from meanfield.continuation.walk import Walk, rescaled
from meanfield.continuation.watch import Watch, stopped
from meanfield.solve.problem import Array

_SHORTER, _SHORTEST = 0.1, 5e-3  # shares of a step that has led over a gap: each time it happens, and the last
_ROUNDS = 20  # of filling in points and walking again where steps were too long
_PLACED = ("branch", "fold", "domain")  # what a lane that stays on its curve meets at a place that can be found
_NOISE = 1e-9  # of the largest value of a lane


def _missed(found: Sequence[Located], smallest: float) -> list[int]:
    """Steps of a lane where the curve seems to turn, to cross another one or to leave the domain, and no place is found at which
    it does; but for those that no step of a walk can be shorter than."""
    doubtful = [x for x in found if x.gap or x.bracket.type in _PLACED and not x.sharp and not _expected(x)]
    doubtful = [x for x in doubtful if x.bracket.lane.stride(x.bracket.at) > smallest]
    known = tuple(x for x in found if x.sharp or x.bracket.type == "domain")
    return [x.bracket.at for x in doubtful if not told_twice(x, known)]


def _unfilled(lane: Lane, at: int) -> int:
    """Where to go back to instead of to a point ``at`` that was put into a step through a symmetric point; the step is again as it
    was. (From near a point at which several eigenvalues vanish, where signs of determinants are noise, no walk would tell it.)"""
    if lane.end is not End.MIRRORED or at <= lane.behind:
        return at
    lane.unfill()
    return lane.behind


def _expected(one: Located) -> bool:
    """Whether no place was to be found: a lane leaves the domain at the branch point where it begins; or what changes its sign is
    as good as zero on both sides, so that where parameters hardly move a fold is not missed."""
    lane, k = one.bracket.lane, one.bracket.at
    if one.bracket.type == "domain":
        return lane.born and k == 0
    row = np.abs([t[-1] for t in lane.tangent] if one.bracket.type == "fold" else lane.determinant)
    return bool(row[k : k + 2].max() < _NOISE * np.fmax.reduce(row))


@dataclass(eq=False)
class Garden:
    """Branches that have been followed, and what is known of the points where they cross.

    sense: +1 or -1, in which direction of the coordinate branches from plain starts run.
    """

    steps: Steps
    stops: Stops
    progress: Any = None
    branches: list[Branch] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    interrupted: bool = False
    sense: float = 1.0

    def grow(self, starts: Sequence[Start]) -> list[Branch]:
        """Follow all starts, in lockstep where they share a subject; returns the new branches."""
        fresh: list[Branch] = []
        groups: dict[int, list[Start]] = {}
        for start in starts:
            groups.setdefault(id(start.subject), []).append(start)
        for group in groups.values():
            fresh += self._walked(group[0].subject, group)
        return fresh

    def walked_along(self, start: Start) -> Iterator[Array]:
        """The points from a start with a direction, one by one, with nothing in between."""
        steps = replace(self.steps, between=0)
        walk = Walk(start.subject.curve, [], start.subject.floor, steps, self.stops, start.subject.symmetries)
        (lane,) = planted_lanes(walk, start.subject, [start], steps, self.sense)[0]
        return walk.steps_of(lane)

    def plant(self, branches: Sequence[Branch]) -> None:
        """Take over branches that were followed to their ends before, with all that branches off from them."""
        for branch in branches:
            self.branches.append(branch)
            self._note(branch)
        self.offshoots()  # which are known from now on

    def _walked(self, subject: Subject, starts: Sequence[Start]) -> list[Branch]:
        walk = Walk(subject.curve, [], subject.floor, self.steps, self.stops, subject.symmetries)
        planted = planted_lanes(walk, subject, starts, self.steps, self.sense)
        self._run(walk, subject)
        return self._gathered(walk, subject, starts, planted)

    def _run(self, walk: Walk, subject: Subject) -> None:
        """All lanes to their ends; those on which the event that was asked for has come by need not go on."""
        watch = Watch(subject, self._bounds(subject), self.stops.event) if self.stops.event else None

        def tick(walk: Walk) -> None:
            if self.progress is not None:
                self.progress.advance()
            if watch is not None:
                watch.look(walk)

        try:
            walk.run(tick)
        except KeyboardInterrupt:
            self.interrupted = True

    def _bounds(self, subject: Subject) -> dict[int, tuple[float, float]]:
        """The window by place of the coordinate."""
        places = {name: i for i, name in enumerate(subject.curve.names)}
        return {places[name]: bounds for name, bounds in self.stops.window.items()}

    def continued(self, branch: Branch) -> Branch:
        """A branch of one piece, further on."""
        subject, lane = branch.subject, branch.pieces[0].lane.again()
        walk = Walk(subject.curve, [lane], subject.floor, self.steps, self.stops, subject.symmetries)
        self._run(walk, subject)
        start = Start(subject, lane.u[0], lane.base, lane.tangent[0], None, branch.begins)
        return self._gathered(walk, subject, [start], [[lane]])[0]

    def _located(self, walk: Walk, subject: Subject, lanes: Sequence[Lane]) -> dict[int, list[Located]]:
        """What happens on lanes, by their identity. Those that have stepped over a gap to another curve, or to where their own one
        comes back, are walked again from there in shorter steps."""
        located: dict[int, list[Located]] = {}
        share = _SHORTER
        while lanes:
            for turn in range(1, _ROUNDS + 1):
                if not fill(subject, lanes, self.steps, again=turn < _ROUNDS and not self.interrupted):
                    break
                self._run(walk, subject)
            for lane in lanes:
                self._cut_at_condition(subject, lane)
                located[id(lane)] = []
            for one in locate(subject, brackets(subject, lanes, self._bounds(subject))):
                located[id(one.bracket.lane)].append(one)
            gaps = {id(lane): min(_missed(located[id(lane)], self.steps.smallest), default=None) for lane in lanes}
            lanes = [lane for lane in lanes if gaps[id(lane)] is not None] if share > _SHORTEST and not self.interrupted else []
            for lane in lanes:
                at = gaps[id(lane)]
                assert at is not None
                at = _unfilled(lane, at)
                lane.back(at, max(share * lane.stride(at), self.steps.smallest))
            lanes += [lane.twin for lane in lanes if lane.twin is not None and lane.twin.end is None and lane.twin not in lanes]
            if lanes:
                self._run(walk, subject)
            share *= _SHORTER
        return located

    def _cut_at_condition(self, subject: Subject, lane: Lane) -> None:
        """Of the points put into the last step of a lane that meets the user's condition, the first that meets it is its end."""
        if lane.end is not End.CONDITION or self.stops.until is None:
            return
        for k in range(lane.behind + 1, len(lane.u)):
            if self.stops.until(dict(zip(subject.curve.names, lane.u[k].tolist(), strict=True))):
                lane.cut(k + 1)
                return

    def _gathered(self, walk: Walk, subject: Subject, starts: Sequence[Start], planted: Sequence[Sequence[Lane]]) -> list[Branch]:
        lanes = [lane for own in planted for lane in own]
        located = self._located(walk, subject, lanes)
        for lane in lanes:
            if lane.stands is not None:
                located[id(lane)] = _told_with(lane.stands, lane, located[id(lane)])
                if lane.twin is not None:
                    located[id(lane.twin)] = _told_with(lane.stands, lane.twin, located[id(lane.twin)])[1:]
        fresh: list[Branch] = []
        for start, both in zip(starts, planted, strict=True):
            own = [lane for lane in both if lane.closed][:1] or both  # one lane went all the way round
            pieces = []
            for lane in own:
                found = tuple(located[id(lane)])
                kinds = tuple(branching(subject, x) if x.bracket.type == "branch" and x.sharp else None for x in found)
                pieces.append(stopped(subject, Piece(lane, found, kinds, lane is both[0]), self.stops.event))
            pieces.reverse()
            begins = start.begins if len(pieces) == 1 else pieces[0].lane.end
            branch = Branch(subject, tuple(pieces), begins, len(self.branches), stops=self.stops, steps=self.steps)
            if any(self.covers(known, start) for known in self.branches + fresh if known.subject is subject) and _anew(start, both):
                continue  # another branch has come by here
            if any(_passes(known, start) for known in fresh if known.subject is subject):
                continue  # another start at the same time was one of the same curve
            if all(_outside(piece) for piece in pieces):
                continue  # nothing of it lies in the window
            if branch.begins is End.JOINED and own[0].end is End.DOMAIN and len(own[0].u) == 2:
                continue  # it leaves the domain where it begins
            self._note(branch)
            branch = replace(branch, id=len(self.branches) + len(fresh))
            fresh.append(branch)
        self.branches += fresh
        return fresh

    def covers(self, branch: Branch, start: Start) -> bool:
        """Whether the branch, or an image of it, passes through the point of a start."""
        subject, u = branch.subject, start.u
        if subject is not start.subject or not subject.same_line(branch.base, start.base):
            return False
        images = [u, *(image(u[None])[0] for image in subject.symmetries)]
        return any(passes(subject.curve, branch.base, *branch._raw[:3], at) for at in images)

    def _note(self, branch: Branch) -> None:
        """Which half-branches at which crossings this branch is."""
        for piece in branch.pieces:
            first = piece.lane
            if branch.begins is End.JOINED and piece.forward:
                self.crossing(branch.subject, first.u[0], first.base).take(first.tangent[0], first.scale[0])
            for one, kind in zip(piece.located, piece.branchings, strict=True):
                if kind is None or not piece.reaches(one):
                    continue
                crossing = self.crossing(branch.subject, one.u, piece.lane.base)
                crossing.kind = crossing.kind or kind
                crossing.point = crossing.point or one
                crossing.take(-kind.own, one.scale)
                if piece.last is not one:
                    crossing.take(kind.own, one.scale)

    def crossing(self, subject: Subject, u: Array, base: Array) -> Crossing:
        """The crossing at u, a new one if there is none."""
        scale = scale_at(u, subject.floor)
        for known in self.crossings:
            near = known.subject is subject and np.abs((known.u - u) / scale).max() < SAME
            if near and subject.same_line(known.base, base):
                return known
        self.crossings.append(Crossing(subject, u, scale, base))
        return self.crossings[-1]

    def offshoots(self) -> list[Start]:
        """Starts for the half-branches at known crossings that nobody has followed yet."""
        found = []
        for crossing in self.crossings:
            found += crossing.open_halves()
        return found


def _passes(branch: Branch, start: Start) -> bool:
    """Whether a branch passes the branch point that a start is, along the direction of the start."""
    if start.direction is None or not branch.subject.same_line(branch.base, start.base):
        return False
    scale = scale_at(start.u, branch.subject.floor)
    for piece in branch.pieces:
        for one, kind in zip(piece.located, piece.branchings, strict=True):
            if kind is None or not piece.reaches(one) or np.abs((one.u - start.u) / scale).max() >= SAME:
                continue
            own, other = (rescaled(t, one.scale, scale) for t in (kind.own, kind.own if kind.other is None else kind.other))
            if abs(float(own @ start.direction)) > abs(float(other @ start.direction)):
                return True
    return False


def _told_with(point: Located, lane: Lane, found: Sequence[Located]) -> list[Located]:
    """What was found on a lane, after the branch point that is its start, where other systems may be singular."""
    return borrowed([replace(point, bracket=replace(point.bracket, lane=lane)), *found])


def _anew(start: Start, lanes: Sequence[Lane]) -> bool:
    """Whether a start is one of which nobody knew whether another branch comes by."""
    return len(lanes) == 2 and start.passes is None


def _outside(piece: Piece) -> bool:
    """Whether a lane that left the window in its first step did not even begin in it, as far as is known."""
    at_once = piece.lane.end is End.WINDOW and len(piece.lane.u) == 2
    return at_once and (piece.last is None or not piece.last.sharp)
