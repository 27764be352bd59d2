"""Points put in between the points of lanes, many at once.

A walk has to go step by step, and a step costs as much as Python takes for it; what lies between known points is found in one
batch. So a walk goes in long steps, and the points that a picture and the search for events want are put in afterwards. They also
tell whether a long step has left something out: there the curve is not where the cubic between its ends leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.continuation.between import cubic, direction
from meanfield.continuation.corrector import correct, lengths
from meanfield.continuation.curve import scale_at
from meanfield.continuation.lane import LISTS, Lane
from meanfield.continuation.signs import peaks
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.continuation.walk import determinants, rescaled
from meanfield.solve.problem import Array

_ASIDE = 0.5  # of a step: a point that far from where it is expected does not lie between its ends
_ALONG = 0.98  # cosine between the tangent of a point and the direction that is expected there
_DOUBTFUL = 0.005  # of a step: so far it may be, at most, if the step has left nothing out
_DIP = 0.25  # of the determinants around it: a least value between them that is expected below this may be none
_LOW = 0.3  # a value below this share of both around it: they may belong to different curves
_BESIDE = 0.5  # and it may be expected that far beside the step, which is part of a curve that is bent
_SHORT = 1 / 50  # of the longest step: shorter ones are believed

Place = tuple[Lane, int, float]  # a share of the step from point k of a lane to the next


def fill(subject: Subject, lanes: Sequence[Lane], steps: Steps, again: bool = True) -> list[Lane]:
    """Put points into all steps of lanes that have ended, but for those that are filled already or lead beyond an end of the curve.

    A lane with a step that has left something out is sent back to its beginning, to go on in steps as short as the points are
    apart; such lanes are returned. again: whether any may be.
    """
    count = steps.between
    shares = (np.arange(count, 0, -1) / (count + 1.0)).tolist()  # from the end: all of them are put behind the same point
    places = [(lane, k, share) for lane in lanes for k in _whole(lane, _SHORT * steps.largest) for share in shares]
    if not places:
        return []
    found = _points(subject, places)
    first: dict[int, tuple[Lane, int, float]] = {}
    for i in np.flatnonzero(found.doubtful & (found.length > _SHORT * steps.largest)).tolist() if again else ():
        lane, k, _ = places[i]
        first.setdefault(id(lane), (lane, k, min(steps.largest, float(found.length[i]))))
    for lane, k, length in first.values():  # shorter than the step that left something out: the same one would do so again
        lane.back(k, length / (count + 1.0))
    _put([i for i, (lane, k, _) in enumerate(places) if k + 1 < len(lane.u)], places, found)
    sent = [lane for lane, _, _ in first.values()]
    for lane in {id(lane): lane for lane, _, _ in places if again and id(lane) not in first}.values():
        over = _stepped_over(lane, _SHORT * steps.largest)
        if over is not None:
            lane.back(over[0], over[1] / (count + 1.0))
            sent.append(lane)
    return sent


def _stepped_over(lane: Lane, short: float) -> tuple[int, float] | None:
    """The walked point from which a step that is not ``short`` has led onto another curve, where that crosses the lane's own, and
    the length of that step; None if there is none.

    The determinant vanishes at a branch point, and keeps its sign on the way onto the other curve: from both sides it seems to come
    to zero, or nearly so.
    """
    d = np.array(lane.determinant)
    if len(d) < 4:
        return None
    u, scale = lane.points(), np.array(lane.scale)
    chords = lengths((u[1:] - u[:-1]) / scale[:-1])
    size = np.where(np.sign(d[:-2]) * np.sign(d[2:]) > 0, np.abs(d[1:-1]), np.inf)
    low = np.flatnonzero(size < _LOW * np.minimum(np.abs(d[:-2]), np.abs(d[2:])))
    for k in sorted([*low.tolist(), *(k for _, k, _ in peaks(chords, d[None], _DIP, _BESIDE))]):
        behind = max(i for i in range(k + 1) if np.isfinite(lane.ahead[i]))
        length = next((float(chords[behind:i].sum()) for i in range(k + 1, len(d)) if np.isfinite(lane.ahead[i])), 0.0)
        if length > short:
            return behind, length
    return None


def insert(subject: Subject, places: Sequence[Place]) -> list[tuple[Lane, int]]:
    """Put points in at places; returns lane and number of the step that each of them has divided, the last of a lane first."""
    return _put(range(len(places)), places, _points(subject, places))


def _whole(lane: Lane, short: float) -> list[int]:
    """The steps of a lane between two points that were walked to, within its end. Those that leave the window or the domain, or
    that are not ``short`` and pass a symmetric point, are among them: the curve goes on there, and what it is like before the end
    would otherwise be told by its two ends only."""
    walked = np.isfinite(lane.ahead)
    steps = np.flatnonzero(walked[:-1] & walked[1:])
    goes_on = lane.end in (End.WINDOW, End.DOMAIN) or lane.end is End.MIRRORED and lane.stride(len(lane.u) - 2) > short
    return steps[: len(steps) - (lane.beyond and not goes_on)].tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Found:
    """What lanes remember of points (P,), by name; good: whether they were found; doubtful: they, or what is there instead, do not
    lie where the ends of their step lead; length: of the step (P,), scaled."""

    rows: dict[str, Any]
    good: Any
    doubtful: Any
    length: Array


def _put(which: Sequence[int], places: Sequence[Place], found: _Found) -> list[tuple[Lane, int]]:
    divided = []
    for i in sorted((i for i in which if found.good[i]), key=lambda i: -places[i][1]):  # from the end: indices stay
        lane, k, _ = places[i]
        for name in LISTS:
            getattr(lane, name).insert(k + 1, found.rows[name][i])
        divided.append((lane, k))
    return divided


def _points(subject: Subject, places: Sequence[Place]) -> _Found:
    curve = subject.curve
    pick = lambda name, shift: np.array([getattr(lane, name)[k + shift] for lane, k, _ in places])
    a, b, scale = pick("u", 0), pick("u", 1), pick("scale", 0)
    base, share = np.array([lane.base for lane, _, _ in places]), np.array([s for _, _, s in places])[:, None]
    with np.errstate(all="ignore"):
        chord = (b - a) / scale
        length = lengths(chord)
        normal = chord / length[:, None]
        ends = (pick("tangent", 0), pick("tangent", 1) * pick("scale", 1) / scale)
        before, after = (t / (t * normal).sum(axis=1, keepdims=True) * length[:, None] * scale for t in ends)
        guess = cubic(a, b, before, after, share)
        done = correct(curve, base, guess, normal, scale, soon=True)
        aside = lengths((done.u - guess) / scale)
        way = direction(a, b, before, after, share) / scale
        along = (done.ahead * way).sum(axis=1) > _ALONG * lengths(
            way
        )  # not on another curve that crosses here; False where it is NaN
        good = done.converged & (aside < _ASIDE * length) & along
        fresh = scale_at(done.u, subject.floor)
        unit = rescaled(done.ahead, scale, fresh)
        values = determinants(done.jacobian, unit, fresh, np.array([lane.weight for lane, _, _ in places])).tolist()
    rows = {"u": done.u, "tangent": unit, "scale": fresh, "determinant": values, "ahead": [np.nan] * len(places)}
    return _Found(rows, good, ~good & along | (aside > _DOUBTFUL * length), length)
