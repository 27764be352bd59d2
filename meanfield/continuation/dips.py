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

from meanfield.continuation.fill import insert
from meanfield.continuation.subject import Subject
from meanfield.continuation.walk import Lane
from meanfield.solve.problem import Array

_ROUNDS = 4
_TOUCH = 0.05  # a value below this share of both its neighbours': whether zeros are beside it, no cubic tells
_DIP = 0.3  # a value between two others that is expected below this share of both is looked at
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
    """Insert points into the lanes where some quantity dips towards zero between two points."""
    open_: dict[int, set[int] | None] = {id(lane): None for lane in lanes}  # steps that are new since the last round; None: all
    for _ in range(_ROUNDS):
        places = []
        for lane in lanes:
            wanted: dict[int, float] = {}
            for row in rows(lane):
                for k, share in _dips(lane, row, open_[id(lane)]):
                    wanted.setdefault(k, share)
            places += [(lane, k, share) for k, share in sorted(wanted.items())]
        if not places:
            return
        open_ = {id(lane): set() for lane in lanes}
        for lane, k in insert(subject, places):
            steps = open_[id(lane)]
            assert steps is not None
            open_[id(lane)] = {s + 1 if s > k else s for s in steps} | {k, k + 1}


def _dips(lane: Lane, row: Row, among: set[int] | None) -> list[tuple[int, float]]:
    """Steps (k, share) within which the values may come to zero and back."""
    values = row.values
    size = len(values)
    if size < 3 or among is not None and not among:
        return []
    u, scale = lane.points(), np.array(lane.scale)
    chords = np.sqrt((((u[1:] - u[:-1]) / scale[:-1]) ** 2).sum(axis=1))
    way = np.concatenate([[0.0], np.cumsum(chords)])
    out = [(k, 0.5) for k in sorted(row.crowded) if (among is None or k in among) and chords[k] > 0]
    out += [(k, share) for k, share in _touched(way, values) if among is None or k in among]
    with np.errstate(all="ignore"):
        known = (values[:-1] * values[1:] != 0) & np.isfinite(values[:-1] * values[1:]) & (chords > 0)
    steps = np.flatnonzero(known) if among is None else np.array(sorted(k for k in among if known[k]), dtype=int)
    crossed = values[steps] * values[steps + 1] < 0
    ends = np.where(crossed, values[steps], np.minimum(np.abs(values[steps]), np.abs(values[steps + 1])) * np.sign(values[steps]))
    curves = _cubics(way, values, steps, ends)
    lowest = curves.argmin(axis=1)  # where that is NaN there are no neighbours
    near = (curves.min(axis=1) < _DIP) & (0 < lowest) & (lowest < len(_SHARES) - 1)
    back = np.zeros(len(steps), dtype=bool)
    if row.fold:
        unit = np.array([t[-1] for t in lane.tangent]) * scale[:, -1]
        rise = (u[steps + 1, -1] - u[steps, -1]) / scale[steps, -1] / chords[steps]
        middle = 1.5 * rise - 0.25 * (values[steps] + unit[steps + 1] / scale[steps, -1])
        back = middle * ends < 0
    for i in np.flatnonzero(near | back | crossed).tolist():
        if crossed[i]:
            share = _thrice(curves[i])
        else:
            share = float(_SHARES[lowest[i]]) if near[i] else 0.5
        if share is not None:
            out.append((int(steps[i]), share))
    return out


def _touched(way: Array, values: Array) -> list[tuple[int, float]]:
    """Steps (k, share) where the parabola through a value that nearly vanishes and its neighbours is closest to zero or beyond."""
    before, here, after = values[:-2], values[1:-1], values[2:]
    with np.errstate(all="ignore"):
        small = (np.abs(here) < _TOUCH * np.minimum(np.abs(before), np.abs(after))) & (before * here > 0) & (here * after > 0)
        slopes = (values[1:] - values[:-1]) / (way[1:] - way[:-1])
        bend = (slopes[1:] - slopes[:-1]) / (way[2:] - way[:-2])
        lowest = 0.5 * (way[:-2] + way[1:-1] - slopes[:-1] / bend)
        step = np.arange(len(here)) + (lowest > way[1:-1])
        share = (lowest - way[step]) / (way[step + 1] - way[step])
    inside = small & (share > _NEAR_ENDS[0]) & (share < 1 - _NEAR_ENDS[0])
    return [(int(step[i]), float(share[i])) for i in np.flatnonzero(inside)]


def _thrice(between: Array) -> float | None:
    """A share of a step between the first two of three zeros of the cubic through its neighbours, if it has three there."""
    signs = np.sign(np.concatenate([[1.0], between, [-1.0]]))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    shares = np.concatenate([[0.0], _SHARES, [1.0]])
    return float(0.5 * (shares[changes[0] + 1] + shares[changes[1]])) if len(changes) >= 3 else None


def _cubics(way: Array, values: Array, steps: Any, ends: Array) -> Array:
    """Values (K, shares), in units of ``ends`` (K,), of the cubics through the neighbours of steps (K,); NaN where there are none.

    A neighbour counts if it is neither at the same place nor so far away that it says nothing.
    """
    out = np.full((len(steps), len(_SHARES)), np.nan)
    if not len(steps):
        return out
    step = way[steps + 1] - way[steps]
    usable = []
    for shift, near in ((-1, steps), (2, steps + 1)):
        at = steps + shift
        there = (at >= 0) & (at < len(values))
        at = np.clip(at, 0, len(values) - 1)
        off = np.abs(way[at] - way[near])
        usable.append(there & np.isfinite(values[at]) & (1e-3 * step < off) & (off < 20 * step))
    for left, right in ((True, True), (True, False), (False, True)):
        rows = np.flatnonzero((usable[0] == left) & (usable[1] == right))
        near = steps[rows, None] + np.arange(0 - left, 2 + right)[None]
        at = (way[near] - way[steps[rows], None]) / step[rows, None]
        divided = values[near] / ends[rows, None]  # differences, in place, for Newton's form of the polynomial
        for order in range(1, near.shape[1]):
            divided[:, order:] = (divided[:, order:] - divided[:, order - 1 : -1]) / (at[:, order:] - at[:, :-order])
        between = divided[:, -1:] * np.ones(len(_SHARES))
        for i in range(near.shape[1] - 2, -1, -1):
            between = divided[:, i, None] + (_SHARES - at[:, i, None]) * between
        out[rows] = between
    return out
