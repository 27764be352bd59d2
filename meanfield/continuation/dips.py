"""Points between the points of a lane where a quantity may change its sign twice within one step.

A pair of zeros between two neighbours leaves no change of sign. But a smooth quantity dips before it vanishes: where the cubic
through four neighbours (for folds also the length of the chord, which is the integral of the tangent) comes close to zero in
between, the curve is looked at there, and the point is inserted into the lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.continuation.corrector import lengths
from meanfield.continuation.fill import insert
from meanfield.continuation.lane import Lane
from meanfield.continuation.signs import ALIKE, peaks
from meanfield.continuation.subject import Subject
from meanfield.solve.problem import Array

_ROUNDS = 4
_NOISE = 1e-7  # length of a step, scaled, within which what changes is rounding
_TOUCH = 0.05  # a value below this share of both its neighbours': whether zeros are beside it, no cubic tells
_DIP = 0.5  # a value between two others that is expected below this share of both is looked at
_NEAR_ENDS = np.array([0.002, 0.005, 0.01, 0.02, 0.04])
_SHARES = np.concatenate([_NEAR_ENDS, np.linspace(0.08, 0.92, 22), 1 - _NEAR_ENDS[::-1]])


@dataclass(frozen=True)
class Row:
    """Values (L,) of one quantity along a lane; fold: it is the tangent's component along the coordinate; crowded: steps that are
    too long to tell what happens in them."""

    values: Array
    fold: bool = False
    crowded: frozenset[int] = frozenset()


def look_between(subject: Subject, lanes: Sequence[Lane], rows: Callable[[Lane], Sequence[Row]]) -> None:
    """Insert points into the lanes where some quantity dips towards zero between two points, and where lanes begin at branch points
    next to which something happens: no determinant is known there, whose sign would tell of a further branch point."""
    born = [(lane, 0, share) for lane in lanes if lane.born and (share := _beside_birth(lane, rows(lane)))]
    if born:
        insert(subject, born)
    open_: dict[int, set[int] | None] = {id(lane): None for lane in lanes}  # steps that are new since the last round; None: all
    for _ in range(_ROUNDS):
        places = []
        for lane in lanes:
            wanted: dict[int, float] = {}
            for k, share in _dips(lane, rows(lane), open_[id(lane)]):
                wanted.setdefault(k, share)
            places += [(lane, k, share) for k, share in sorted(wanted.items())]
        if not places:
            return
        open_ = {id(lane): set() for lane in lanes}
        for lane, k in insert(subject, places):
            steps = open_[id(lane)]
            assert steps is not None
            open_[id(lane)] = {s + 1 if s > k else s for s in steps} | {k, k + 1}


def _beside_birth(lane: Lane, rows: Sequence[Row]) -> float:
    """The share of the first step of a lane that lies before any change of sign in it; 0 if there is none."""
    if len(lane.u) < 2:
        return 0.0
    first = np.array([row.values[:2] for row in rows])
    first = first[first[:, 0] * first[:, 1] < 0]
    share = 0.5 * float((first[:, 0] / (first[:, 0] - first[:, 1])).min()) if len(first) else 0.0
    return share if share * lane.stride(0) > _NOISE else 0.0


def _dips(lane: Lane, rows: Sequence[Row], among: set[int] | None) -> list[tuple[int, float]]:
    """Steps (k, share) within which the values of a row may come to zero and back, row by row."""
    if len(lane.u) < 3 or not rows or among is not None and not among:
        return []
    u, t, scale = lane.points(), np.array(lane.tangent), np.array(lane.scale)
    values = np.array([row.values for row in rows])
    chords = lengths((u[1:] - u[:-1]) / scale[:-1])
    way = np.concatenate([[0.0], np.cumsum(chords)])
    allowed = chords > _NOISE
    if among is not None:
        allowed &= np.isin(np.arange(len(chords)), list(among))
    out = [[(k, 0.5) for k in sorted(row.crowded) if allowed[k]] for row in rows]
    for r, k, at in _touched(way, values):
        if allowed[k]:
            out[r].append((k, at))
    with np.errstate(all="ignore"):
        product = values[:, :-1] * values[:, 1:]
        rise = (u[1:, -1] - u[:-1, -1]) / scale[:-1, -1] / chords
        middle = 1.5 * rise - 0.25 * (t[:-1, -1] + t[1:, -1] * scale[1:, -1] / scale[:-1, -1])
        back = np.array([[one.fold] for one in rows]) & (middle * t[:-1, -1] < 0)
        row, steps = np.nonzero((product != 0) & np.isfinite(product) & allowed & (back | _bent(chords, values)))
    for r, k, at in _drawn(way, values, row, steps, back[row, steps]) if len(steps) else ():
        out[r].append((k, at))
    for r, k, at in peaks(chords, values):  # where the cubic is close to zero, it knows better where
        if allowed[k]:
            out[r].append((k, at))
    return [step for found in out for step in found]


def _bent(chords: Array, values: Array) -> Any:
    """(R, L - 1) whether the cubic through a step and its neighbours may leave the line between the step's ends by so much that it
    dips, or has three zeros where the signs of these differ. Divided differences bound that, which is quick, and few steps are
    bent. To be on the safe side those beside steps of quite another length are."""
    if len(chords) < 3:
        return np.ones((len(values), len(chords)), dtype=bool)
    rise = values[:, 1:] - values[:, :-1]
    pairs, slopes = chords[1:] + chords[:-1], rise / chords
    second = (slopes[:, 1:] - slopes[:, :-1]) / pairs
    third = (second[:, 1:] - second[:, :-1]) / (pairs[1:] + chords[:-2])
    aside = np.abs(np.concatenate([second[:, :1], second], axis=1))  # times s (1 - s) on a step of length 1, with what follows
    aside[:, 1:-1] += np.abs(third) * pairs[:-1]
    aside *= chords**2
    ends = np.abs(values)
    same, ratio = values[:, 1:] * values[:, :-1] > 0, chords[1:] / chords[:-1]
    straight = np.where(same, aside < 4 * (1 - _DIP) * np.minimum(ends[:, 1:], ends[:, :-1]), 1.25 * aside < np.abs(rise))
    alike = (ratio > 1 / ALIKE) & (ratio < ALIKE)
    straight[:, 1:] &= alike
    straight[:, :-1] &= alike
    return ~straight


def _drawn(way: Array, values: Array, row: Any, steps: Any, back: Any) -> list[tuple[int, int, float]]:
    """Rows and steps (row, k, share), out of steps (K,) in rows (K,) of values (R, L), within which cubics through neighbours come
    close to zero, or have three zeros; and those that go ``back`` (K,)."""
    here, there = values[row, steps], values[row, steps + 1]
    crossed = here * there < 0
    ends = np.where(crossed, here, np.minimum(np.abs(here), np.abs(there)) * np.sign(here))
    curves = _cubics(way, values, row, steps, ends)
    lowest = curves.argmin(axis=1)  # where that is NaN there are no neighbours
    near = (curves.min(axis=1) < _DIP) & (0 < lowest) & (lowest < len(_SHARES) - 1)
    out = []
    for i in np.flatnonzero(near | back | crossed).tolist():
        share = _thrice(curves[i]) if crossed[i] else float(_SHARES[lowest[i]]) if near[i] else 0.5
        if share is not None:
            out.append((int(row[i]), int(steps[i]), share))
    return out


def _touched(way: Array, values: Array) -> list[tuple[int, int, float]]:
    """Rows and steps (row, k, share) where the parabola through a value that nearly vanishes and its neighbours is closest to zero
    or beyond; values (R, L)."""
    before, here, after = values[:, :-2], values[:, 1:-1], values[:, 2:]
    with np.errstate(all="ignore"):
        small = (np.abs(here) < _TOUCH * np.minimum(np.abs(before), np.abs(after))) & (before * here > 0) & (here * after > 0)
        row, k = np.nonzero(small)
        if not len(k):
            return []
        slope, next_slope = ((values[row, k + i + 1] - values[row, k + i]) / (way[k + i + 1] - way[k + i]) for i in (0, 1))
        bend = (next_slope - slope) / (way[k + 2] - way[k])
        lowest = 0.5 * (way[k] + way[k + 1] - slope / bend)
        step = k + (lowest > way[k + 1])
        share = (lowest - way[step]) / (way[step + 1] - way[step])
    inside = (share > _NEAR_ENDS[0]) & (share < 1 - _NEAR_ENDS[0])
    return list(zip(row[inside].tolist(), step[inside].tolist(), share[inside].tolist(), strict=True))


def _thrice(between: Array) -> float | None:
    """A share of a step between the first two of three zeros of the cubic through its neighbours, if it has three there."""
    signs = np.sign(np.concatenate([[1.0], between, [-1.0]]))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    shares = np.concatenate([[0.0], _SHARES, [1.0]])
    return float(0.5 * (shares[changes[0] + 1] + shares[changes[1]])) if len(changes) >= 3 else None


def _cubics(way: Array, values: Array, row: Any, steps: Any, ends: Array) -> Array:
    """Values (K, shares), in units of ``ends`` (K,), of the cubics through the neighbours of steps (K,) in rows (K,) of values
    (R, L); NaN where there are none.

    A neighbour counts if it is neither at the same place nor so far away that it says nothing.
    """
    out = np.full((len(steps), len(_SHARES)), np.nan)
    step = way[steps + 1] - way[steps]
    usable = []
    for shift, near in ((-1, steps), (2, steps + 1)):
        at = steps + shift
        there = (at >= 0) & (at < len(way))
        at = np.maximum(np.minimum(at, len(way) - 1), 0)
        off = np.abs(way[at] - way[near])
        usable.append(there & np.isfinite(values[row, at]) & (1e-3 * step < off) & (off < ALIKE * step))
    for left, right in ((True, True), (True, False), (False, True)):
        which = np.flatnonzero((usable[0] == left) & (usable[1] == right))
        if not len(which):
            continue
        near = steps[which, None] + np.arange(0 - left, 2 + right)[None]
        at = (way[near] - way[steps[which], None]) / step[which, None]
        divided = values[row[which, None], near] / ends[which, None]  # differences, in place, for Newton's form of the polynomial
        for order in range(1, near.shape[1]):
            divided[:, order:] = (divided[:, order:] - divided[:, order - 1 : -1]) / (at[:, order:] - at[:, :-order])
        between = divided[:, -1:] * np.ones(len(_SHARES))
        for i in range(near.shape[1] - 2, -1, -1):
            between = divided[:, i, None] + (_SHARES - at[:, i, None]) * between
        out[which] = between
    return out
