"""Where along a lane something happens: the pairs of neighbouring points between which a quantity changes its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meanfield.continuation.stops import End
from meanfield.continuation.subject import Question, Subject
from meanfield.continuation.walk import Lane
from meanfield.solve.problem import Array

_BIRTH = 1e-6  # a first value this small beside the others is the zero at which a lane begins
_NEAR_EDGE = 1e-3


@dataclass(frozen=True)
class Bracket:
    """Between the points ``at`` and ``at + 1`` of ``lane``, something of ``type`` (and ``name``) happens."""

    lane: Lane
    at: int
    type: str
    name: str
    question: Question | None = None
    edge: tuple[int, float] | None = None  # of a window or domain: which coordinate, and its value there

    @property
    def order(self) -> tuple[int, int]:
        """Folds and branch points first where several events share a bracket."""
        return self.at, ("branch", "fold").index(self.type) if self.type in ("branch", "fold") else 2


def brackets(subject: Subject, lanes: Sequence[Lane], window: dict[int, tuple[float, float]]) -> list[Bracket]:
    """All of them, lane by lane in order; what lies beyond the end of a lane's solutions is cut off first."""
    found = [b for lane in lanes for b in _lost_at_edge(subject, lane)]
    asked = _values(subject, lanes)
    for lane, values in zip(lanes, asked, strict=True):
        ends = [
            Bracket(lane, k, q.type, q.name, q) for q, row in values if q.type == "refused" for k in _changes(row) if row[k] > 0
        ]
        if ends:
            first = min(ends, key=lambda b: b.at)
            lane.cut(first.at + 2)
            lane.beyond, lane.end = True, End.REFUSED
            found.append(first)
        size = len(lane.u)
        turns = _changes(np.array([t[-1] for t in lane.tangent]))
        found += [Bracket(lane, k, "fold", "fold") for k in turns if k > 0 or not lane.born]
        found += [Bracket(lane, k, "branch", "branch point") for k in _changes(np.array(lane.sign))]
        if subject.matrix is not None:
            found += [Bracket(lane, k, "hopf", "Hopf point") for k in _hopf(subject, lane)]
        for question, row in values:
            if question.type != "refused":
                found += [Bracket(lane, k, question.type, question.name, question) for k in _changes(_unborn(lane, row[:size]))]
        if lane.beyond and lane.end in (End.WINDOW, End.DOMAIN) and not any(b.lane is lane and b.edge for b in found):
            found += _edges(subject, lane, window)
    return found


def _unborn(lane: Lane, row: Array) -> Array:
    """The values without the first where that is a zero: the lane begins there."""
    known = np.abs(row[np.isfinite(row)])
    if lane.born and len(known) > 1 and abs(row[0]) <= _BIRTH * known.max():
        row = np.concatenate([[np.nan], row[1:]])
    return row


def _lost_at_edge(subject: Subject, lane: Lane) -> list[Bracket]:
    """A lane that is lost just inside an edge of the domain arrives there, at a branch point on the edge.

    Beyond the edge the continued equations have a curve of another direction, to which no smooth step leads.
    """
    if lane.end is not End.LOST:
        return []
    u, ahead = lane.u[-1], lane.tangent[-1] * lane.scale[-1]
    for i in np.flatnonzero(np.isfinite(subject.curve.lower)):
        room = u[i] - subject.curve.lower[i]
        if 0 < room < _NEAR_EDGE * subject.floor[i] and ahead[i] < 0:
            beyond = u + ahead * (-2 * room / ahead[i])
            for name, value in (
                ("u", beyond),
                ("tangent", lane.tangent[-1]),
                ("scale", lane.scale[-1]),
                ("sign", np.nan),
                ("ahead", 0.0),
            ):
                getattr(lane, name).append(value)
            lane.beyond, lane.end = True, End.DOMAIN
            at = len(lane.u) - 2
            edge = (int(i), float(subject.curve.lower[i]))
            return [Bracket(lane, at, "branch", "branch point"), Bracket(lane, at, "domain", subject.curve.names[i], edge=edge)]
    return []


def _values(subject: Subject, lanes: Sequence[Lane]) -> list[list[tuple[Question, Array]]]:
    """For every lane: the questions with their values at its points, NaN where they are not asked; one batch for all lanes."""
    if not lanes:
        return []
    u = np.concatenate([lane.points() for lane in lanes])
    p = np.concatenate([np.repeat(lane.base[None], len(lane.u), axis=0) for lane in lanes])
    starts = np.cumsum([0, *(len(lane.u) for lane in lanes)])
    rows = []
    for question in subject.questions:
        asked = np.ones(len(u), dtype=bool) if question.asked is None else question.asked(u)
        values = np.full(len(u), np.nan)
        if asked.any():
            with np.errstate(all="ignore"):
                values[asked] = question.value(u[asked], p[asked])
        rows.append(values)
    return [
        [(q, row[starts[i] : starts[i + 1]]) for q, row in zip(subject.questions, rows, strict=True)] for i in range(len(lanes))
    ]


def _changes(values: Array) -> list[int]:
    """Indices k where the sign differs between k and k + 1. A zero counts with the sign of its predecessor."""
    sign = np.sign(values)
    for k in range(1, len(sign)):
        if sign[k] == 0:
            sign[k] = sign[k - 1]
    with np.errstate(invalid="ignore"):
        return [int(k) for k in np.flatnonzero(sign[:-1] * sign[1:] < 0)]


def _hopf(subject: Subject, lane: Lane) -> list[int]:
    """Where two eigenvalues of the dynamics, not real, cross the imaginary axis together."""
    if subject.matrix is None or subject.curve.n < 2:
        return []
    u = lane.points()
    values = np.linalg.eigvals(subject.matrix(u, np.repeat(lane.base[None], len(u), axis=0)))
    turning = np.abs(values.imag) > 1e-9 * (1 + np.abs(values.real))
    count = (turning & (values.real > 0)).sum(axis=1)
    real = (~turning & (values.real > 0)).sum(axis=1)
    return [k for k in range(len(u) - 1) if abs(int(count[k + 1]) - int(count[k])) == 2 and real[k] == real[k + 1]]


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
