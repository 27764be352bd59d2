"""Where along a lane something happens: the pairs of neighbouring points between which a quantity changes its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from meanfield.continuation.corrector import across
from meanfield.continuation.dips import Row, look_between
from meanfield.continuation.hopf_points import crowded, eigenvalues, hopf_steps, sums, turning
from meanfield.continuation.lane import Lane
from meanfield.continuation.questions import Question
from meanfield.continuation.signs import changes
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.continuation.tangent import tangent
from meanfield.continuation.walk import mirrored
from meanfield.solve.problem import Array

_BIRTH = 1e-12  # a first value this small beside the others is the zero at which a lane begins, and rounding
_NEAR_EDGE = 1e-3
_FLAT = 1e-4  # component of unit tangents along the coordinate: below it may be noise
STILL = 1e-13  # component of a unit tangent that is rounding
_OUTSIDE, _BEYOND = 1e-9, 1e-12  # scaled: of the domain; of the window, by more than rounding


@dataclass(frozen=True)
class Bracket:
    """Between the points ``at`` and ``at + 1`` of ``lane``, something of ``type`` (and ``name``) happens."""

    lane: Lane
    at: int
    type: str
    name: str
    question: Question | None = None
    edge: tuple[int, float] | None = None  # of a window or domain: which coordinate, and its value there

    def tells_of(self, image: int | None) -> bool:
        """Whether it happens on the image of the lane under that symmetry (None: on the lane itself)."""
        return self.question is None or self.question.tells_of(image)

    @property
    def order(self) -> tuple[int, int]:
        """Folds and branch points first where several events share a bracket."""
        return self.at, ("branch", "fold").index(self.type) if self.type in ("branch", "fold") else 2


def brackets(subject: Subject, lanes: Sequence[Lane], window: dict[int, tuple[float, float]]) -> list[Bracket]:
    """All of them, lane by lane in order; what lies beyond the end of a lane's solutions is cut off first."""
    asked = _Asked(subject, lanes)
    look_between(subject, lanes, asked.rows)
    for lane in lanes:
        _cut_outside(subject, lane, window)
    found = [b for lane in lanes for b in _lost_at_edge(subject, lane)]
    for lane in lanes:
        values = asked.of(lane)
        ends = [Bracket(lane, k, q.type, q.name, q) for q, row in values if q.type == "refused" for k in changes(row) if row[k] > 0]
        if ends:
            first = min(ends, key=lambda b: b.at)
            lane.cut(first.at + 2)
            lane.beyond, lane.end = True, End.REFUSED
            found.append(first)
            values = asked.of(lane)
        turns = changes(_turns(lane), -_turns(lane.twin)[1:2] if _leads(lane) else None)
        found += [Bracket(lane, k, "fold", "fold") for k in turns if k > 0 or not lane.born]
        crossings = changes(np.array(lane.determinant))
        if lane.beyond and lane.end is End.MIRRORED and len(lane.u) - 2 not in crossings:
            crossings.append(len(lane.u) - 2)  # whatever the signs of determinants: they may be noise there
        found += [Bracket(lane, k, "branch", "branch point") for k in crossings]
        found += [Bracket(lane, k, "hopf", "Hopf point", what) for k, what in hopf_steps(subject, lane)]
        before = dict(asked.of(lane.twin)) if _leads(lane) else {}
        for question, row in values:
            if question.type != "refused":
                signs = changes(_unborn(lane, row), before[question][1:2] if before else None)
                found += [Bracket(lane, k, question.type, question.name, question) for k in signs]
        if lane.beyond and lane.end in (End.WINDOW, End.DOMAIN) and not any(b.lane is lane and b.edge for b in found):
            found += _edges(subject, lane, window)
    return _established(subject, _turning(subject, found))


def _turns(lane: Lane | None) -> Array:
    """(L,) components of the tangents along the coordinate, 0 where only rounding moves it: a boundary may be a line along which it
    stays."""
    along = np.array([t[-1] for t in lane.tangent]) if lane is not None else np.zeros(0)
    return np.where(np.abs(along) > STILL, along, 0.0)


def _leads(lane: Lane) -> bool:
    """Of two lanes with the same start, the one that tells what happens just there."""
    first = lane.tangent[0]
    return lane.twin is not None and bool(first[np.abs(first).argmax()] > 0)


def _unborn(lane: Lane, row: Array) -> Array:
    """The values without the first where that is a zero: the lane begins there."""
    known = np.abs(row[np.isfinite(row)])
    if lane.born and len(known) > 1 and abs(row[0]) <= _BIRTH * known.max():
        row = np.concatenate([[np.nan], row[1:]])
    return row


def _turning(subject: Subject, found: Sequence[Bracket]) -> list[Bracket]:
    """The brackets without folds that are none at points put on the curve by the finest rules: where the coordinate hardly moves,
    as where a branch runs off to infinity, the points of a walk are not known well enough to tell which way."""
    steep = lambda b: max(abs(b.lane.tangent[k][-1]) for k in (b.at, b.at + 1)) > _FLAT
    gone = []
    for b in found:
        if b.type != "fold" or steep(b) or b.at == 0 and b.lane.twin is not None:
            continue
        moves = np.flatnonzero(_turns(b.lane)[: b.at + 1])  # what only rounding moves has no sign
        near = slice(max(0, int(moves.max(initial=0)) - 1), b.at + 3)
        u, t, scale = (np.array(row[near]) for row in (b.lane.u, b.lane.tangent, b.lane.scale))
        base = np.repeat(b.lane.base[None], len(u), axis=0)
        at, _ = _sharpened(subject, u, t, scale, base)
        with np.errstate(all="ignore"):
            ahead = tangent(subject.curve.fine.residual_jacobian(at, base)[1], t, scale)[:, -1]
        if (ahead > 0).all() or (ahead < 0).all():
            gone.append(b)
    return [b for b in found if b not in gone]


def _established(subject: Subject, found: Sequence[Bracket]) -> list[Bracket]:
    """The brackets, those of indicators where their signs change at the points put on the curve by the finest rules: what is no
    more than its error there has no sign, and counts with that of its predecessor.

    Where an indicator has a double zero, as on a branch that begins at an edge of the domain, its sign near there is noise, and
    changes anywhere, or where it does change not at all. Where the start itself is a zero, the lane in the other direction told
    the sign there.
    """
    ask = [b.type == "indicator" and not (b.at == 0 and b.lane.twin is not None) for b in found]
    doubtful = [b for b, asked in zip(found, ask, strict=True) if asked]
    if not doubtful:
        return list(found)
    rows = [range(max(0, b.at - 1), min(len(b.lane.u), b.at + 3)) for b in doubtful]
    places = {(id(b.lane), i): (b.lane, i) for b, own in zip(doubtful, rows, strict=True) for i in own}
    number = {key: k for k, key in enumerate(places)}
    pick = lambda name: np.array([getattr(lane, name)[i] for lane, i in places.values()])
    base = np.array([lane.base for lane, _ in places.values()])
    at, error = _sharpened(subject, pick("u"), pick("tangent"), pick("scale"), base)
    for k, (lane, i) in enumerate(places.values()):
        if i == 0 and lane.born and lane.start_error is not None:  # located as what it is; as a point of a curve it is singular
            at[k], error[k] = lane.u[0], lane.start_error
    real: dict[tuple[int, int, Question], Bracket] = {}
    for question in dict.fromkeys(b.question for b in doubtful):
        assert question is not None
        mine = [(b, own) for b, own in zip(doubtful, rows, strict=True) if b.question is question]
        used = sorted({number[id(b.lane), i] for b, own in mine for i in own})
        sign = dict(zip(used, question.signs(at[used], error[used], base[used]), strict=True))
        for b, own in mine:
            told = [(i, s) for i in own if (s := sign[number[id(b.lane), i]])]
            for (_, behind), (i, ahead) in pairwise(told):
                if behind * ahead < 0:
                    real.setdefault((id(b.lane), i - 1, question), replace(b, at=i - 1))
    plain = [b for b, asked in zip(found, ask, strict=True) if not asked]
    known = {(id(b.lane), b.at, b.question) for b in plain}  # at the start, seen once more from a step beside it
    return [*plain, *(b for key, b in real.items() if key not in known)]


def _sharpened(subject: Subject, u: Array, t: Array, scale: Array, base: Array) -> tuple[Array, Array]:
    """Points put on the curve by the finest rules, and the errors that they still have, (R, N) each: what the rules claim, and the
    last correction, which near branch points is not nothing."""
    fine, at = subject.curve.fine, u
    with np.errstate(all="ignore"):
        for _ in range(2):
            residual, jacobian = fine.residual_jacobian(at, base)
            inverse = across(jacobian, t, scale)
            correction = np.einsum("pij,pj->pi", inverse, residual)
            at = at - correction
        return at, np.einsum("pij,pj->pi", np.abs(inverse), fine.claims(at, base)) + np.abs(correction)


def _lost_at_edge(subject: Subject, lane: Lane) -> list[Bracket]:
    """A lane that is lost just inside an edge of the domain arrives there, at a branch point on the edge.

    Beyond the edge the continued equations have a curve of another direction, to which no smooth step leads.
    """
    if lane.end not in (End.LOST, End.UNDEFINED):
        return []
    u, ahead = lane.u[-1], lane.tangent[-1] * lane.scale[-1]
    for i in np.flatnonzero(np.isfinite(subject.curve.lower)):
        room = u[i] - subject.curve.lower[i]
        if 0 < room < _NEAR_EDGE * subject.floor[i] and ahead[i] < 0:
            beyond = u + ahead * (-2 * room / ahead[i])
            lane.step = 0.0
            lane.append(beyond, lane.tangent[-1], lane.scale[-1], np.nan)
            lane.beyond, lane.end = True, End.DOMAIN
            at = len(lane.u) - 2
            edge = (int(i), float(subject.curve.lower[i]))
            return [Bracket(lane, at, "branch", "branch point"), Bracket(lane, at, "domain", subject.curve.names[i], edge=edge)]
    return []


class _Asked:
    """The questions with their values at the points of lanes, NaN where they are not asked; evaluated in batches."""

    def __init__(self, subject: Subject, lanes: Sequence[Lane]) -> None:
        self.subject = subject
        self.known: dict[int, tuple[list[Array], list[tuple[Question, Array]]]] = {}  # by lane: at which points, and the values
        self._evaluate(lanes)

    def of(self, lane: Lane | None) -> list[tuple[Question, Array]]:
        """Values (L,) at the points that a lane has now: points may have been put in, and the last ones cut off."""
        if lane is None:
            return []
        points, values = self.known.get(id(lane), ([], []))
        if len(points) < len(lane.u) or any(one is not now for one, now in zip(points, lane.u, strict=False)):
            self._evaluate([lane])
            _, values = self.known[id(lane)]
        return [(question, row[: len(lane.u)]) for question, row in values]

    def rows(self, lane: Lane) -> list[Row]:
        """Everything along a lane that may change its sign."""
        rows = [Row(_turns(lane), fold=True), Row(np.array(lane.determinant))]
        if self.subject.matrix is not None and self.subject.curve.n > 1:
            values = eigenvalues(self.subject, lane.points(), np.repeat(lane.base[None], len(lane.u), axis=0))
            rows += [Row(turning(values)), Row(sums(values), crowded=frozenset(crowded(values)))]
        return rows + [Row(values) for _, values in self.of(lane)]

    def _evaluate(self, lanes: Sequence[Lane]) -> None:
        if not lanes:
            return
        u = np.concatenate([lane.points() for lane in lanes])
        p = np.concatenate([np.repeat(lane.base[None], len(lane.u), axis=0) for lane in lanes])
        starts = np.cumsum([0, *(len(lane.u) for lane in lanes)])
        rows = []
        for question in self.subject.questions:
            asked = np.ones(len(u), dtype=bool) if question.asked is None else question.asked(u)
            values = np.full(len(u), np.nan)
            if asked.any():
                with np.errstate(all="ignore"):
                    values[asked] = question.value(u[asked], p[asked])
            rows.append(values)
        for i, lane in enumerate(lanes):
            own = [(q, row[starts[i] : starts[i + 1]]) for q, row in zip(self.subject.questions, rows, strict=True)]
            self.known[id(lane)] = list(lane.u), own


def _cut_outside(subject: Subject, lane: Lane, window: dict[int, tuple[float, float]]) -> None:
    """Where the step that led outside, or through a symmetric point, was divided, the first point beyond is the last one."""
    if lane.beyond and lane.end is End.MIRRORED:
        behind = lane.behind
        passed = mirrored(subject.symmetries, lane.u[behind], lane.u[behind + 1 :], lane.scale[behind])
        if passed.any():
            lane.cut(behind + int(passed.argmax()) + 2)
    low, high = np.array(subject.curve.lower, dtype=float), np.full(len(subject.curve.lower), np.inf)
    loose = (_BEYOND if lane.end is End.WINDOW else _OUTSIDE) * subject.floor
    if lane.end is End.WINDOW:
        low[:] = -np.inf
        for i, (start, stop) in window.items():
            low[i], high[i] = start, stop
    if lane.beyond and lane.end in (End.WINDOW, End.DOMAIN) and len(lane.u) > 2:
        between = lane.points()[1:-1]
        out = ((between < low - loose) | (between > high + loose)).any(axis=1)
        if out.any():
            lane.cut(int(out.argmax()) + 2)


def _edges(subject: Subject, lane: Lane, window: dict[int, tuple[float, float]]) -> list[Bracket]:
    """Through which side of the window, or over which edge of the domain, the last step went."""
    last, at, names = lane.u[-1], len(lane.u) - 2, subject.curve.names
    if lane.end is End.WINDOW:
        for i, (low, high) in window.items():
            for value, out in ((low, last[i] < low), (high, last[i] > high)):
                if out:
                    return [Bracket(lane, at, "window", names[i], edge=(i, value))]
        return []
    lower, before = subject.curve.lower, lane.u[-2]
    over = [i for i in range(len(names)) if last[i] < lower[i] - 1e-12 and before[i] >= lower[i] - 1e-9 * subject.floor[i]]
    return [Bracket(lane, at, "domain", names[i], edge=(i, float(lower[i]))) for i in over[:1]]
