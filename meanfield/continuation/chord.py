"""The pieces of curve inside brackets, and where on them something changes its sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield.continuation.between import cubic, first_at
from meanfield.continuation.corrector import bordered, correct, lengths
from meanfield.continuation.detect import Bracket
from meanfield.continuation.subject import Subject
from meanfield.continuation.tangent import tangent
from meanfield.solve.problem import Array

_SECANTS = 40
_PATIENCE = 8  # turns after which every second one halves
_NARROW = 1e-5  # of a bracket's length: close enough for Newton's method on the extended system,
_NARROWER = 1e-9  # and for that in the plane of an end of the window, which a curve that turns just beyond it meets twice
_TURNING = 0.3  # of the mean slope: where that at one end of a step is less, the curve turns not far from there


class Chord:
    """The pieces of curve inside brackets, each as a function of a share between 0 and 1 of its chord. kinds: the numbers of the
    brackets that ask for the same thing; kind: which of these each belongs to."""

    def __init__(self, subject: Subject, found: Sequence[Bracket]) -> None:
        self.subject, self.curve, self.found = subject, subject.curve, found
        pick = lambda name, shift: np.array([getattr(b.lane, name)[b.at + shift] for b in found])
        self.a, self.b = pick("u", 0), pick("u", 1)
        self.scale = pick("scale", 0)
        self.base = np.array([b.lane.base for b in found])
        names = [(b.type, b.question.key if b.question else "", b.edge) for b in found]
        number = {name: k for k, name in enumerate(dict.fromkeys(names))}
        self.kind = np.array([number[name] for name in names])
        self.kinds = [np.flatnonzero(self.kind == k).tolist() for k in range(len(number))]
        chord = (self.b - self.a) / self.scale
        self.length = np.sqrt((chord**2).sum(axis=1))
        self.normal = chord / self.length[:, None]
        ta, tb = pick("tangent", 0), pick("tangent", 1) * pick("scale", 1) / self.scale
        self.ta = ta / (ta * self.normal).sum(axis=1, keepdims=True)
        self.tb = tb / (tb * self.normal).sum(axis=1, keepdims=True)

    def at(self, rows: Any, share: Array) -> tuple[Array, Array, Array]:
        """Points (P, N) of the curve, Jacobians near them, scaled unit tangents (P, N), which are interpolated where the Jacobian
        has none: cubic interpolation, then the corrector."""
        guess, scale = self.guess(rows, share), self.scale[rows]
        done = correct(self.curve, self.base[rows], guess, self.normal[rows], scale, tol=1e-7)
        u = np.where(done.converged[:, None], done.u, guess)
        return u, done.jacobian, self._believed(rows, share, done.ahead)

    def guess(self, rows: Any, share: Array) -> Array:
        """Points (P, N) near the curve: the cubics through the ends, with the tangents there."""
        size = self.length[rows][:, None] * self.scale[rows]
        return cubic(self.a[rows], self.b[rows], size * self.ta[rows], size * self.tb[rows], share[:, None])

    def directions(self, rows: Any, share: Array, jacobian: Array) -> Array:
        """Scaled unit tangents (P, N) at points of the curve at shares of the chords, where the Jacobian is known."""
        return self._believed(rows, share, tangent(jacobian, self.normal[rows], self.scale[rows]))

    def _believed(self, rows: Any, share: Array, ahead: Array) -> Array:
        """Tangents, interpolated where those that the Jacobian has are none, or lead aside."""
        straight = self.ta[rows] * (1 - share[:, None]) + self.tb[rows] * share[:, None]
        straight = straight / lengths(straight)[:, None]
        clear = np.isfinite(ahead).all(axis=1) & ((ahead * straight).sum(axis=1) > 0.9)
        return np.where(clear[:, None], ahead, straight)


def expected(chord: Chord, found: Sequence[Bracket]) -> Array:
    """Shares (P,) of the chords at which folds and ends of the window are expected: where the cubic through the ends, with their
    tangents, turns in the coordinate, and where it first reaches the edge."""
    slope_a, slope_b = ((chord.length[:, None] * t * chord.scale)[:, -1] for t in (chord.ta, chord.tb))
    rise = chord.b[:, -1] - chord.a[:, -1]
    square, linear = 3 * (slope_a + slope_b - 2 * rise), 6 * rise - 4 * slope_a - 2 * slope_b
    with np.errstate(all="ignore"):
        half = -0.5 * (linear + np.copysign(np.sqrt(linear**2 - 4 * square * slope_a), linear))
        both = np.stack([slope_a / half, half / square])
        share = np.where((both[0] > 0) & (both[0] < 1), both[0], both[1])
        for i, bracket in enumerate(found):
            if bracket.edge is not None:
                place, value = bracket.edge
                a, b, size = chord.a[i, place], chord.b[i, place], chord.length[i] * chord.scale[i, place]
                share[i] = first_at(value, a, b, size * chord.ta[i, place], size * chord.tb[i, place])
    return np.where((share > 0) & (share < 1), share, 0.5)


def turning(chord: Chord) -> list[bool]:
    """Whether the curve turns in or near brackets of ends of the window, in the coordinate that has its end there."""
    out = []
    for i, bracket in enumerate(chord.found):
        out.append(False)
        if bracket.type == "window" and bracket.edge is not None:
            k = bracket.edge[0]
            rise, size = chord.b[i, k] - chord.a[i, k], chord.length[i] * chord.scale[i, k]
            out[-1] = bool(min(size * chord.ta[i, k] * rise, size * chord.tb[i, k] * rise) < _TURNING * rise**2)
    return out


def _measure(chord: Chord, found: Sequence[Bracket], rows: Any, share: Array) -> Array:
    """(P,) values of what changes its sign, at shares of the chords."""
    u, jacobian, direction = chord.at(rows, share)
    out = np.empty(len(rows))
    kind = chord.kind[rows]
    for k in dict.fromkeys(kind.tolist()):
        own = np.flatnonzero(kind == k)
        first = found[chord.kinds[k][0]]
        if first.type == "fold":
            out[own] = direction[own, -1]
        elif first.type == "branch":
            out[own] = np.linalg.det(bordered(jacobian[own], chord.normal[rows[own]], chord.scale[rows[own]]))
        elif first.edge is not None:
            out[own] = u[own, first.edge[0]] - first.edge[1]
        else:
            assert first.question is not None
            out[own] = first.question.value(u[own], chord.base[rows[own]])
    return out


def shares(chord: Chord, found: Sequence[Bracket]) -> Array:
    """Shares (P,) of the chords at which the sign changes: the Illinois variant of false position, in lockstep.

    Where a step hardly moves, the sign beyond it is asked for: near a double zero false position creeps while it is far away.
    A bracket that begins at an end of the window, or by rounding beyond it, has that in its nearer end.
    """
    count = len(found)
    rows = np.arange(count)
    low, high = np.zeros(count), np.ones(count)
    near = np.zeros(count, dtype=bool)
    lowered = np.full(count, -1)  # whether the last turn moved the upper end
    with np.errstate(all="ignore"):
        f_low, f_high = np.split(_measure(chord, found, np.tile(rows, 2), np.append(low, high)), 2)
        share = np.full(count, 0.5)
        active = rows[np.isfinite(f_low) & np.isfinite(f_high) & (f_low * f_high < 0)]
        share = np.where(f_low == 0, 0.0, np.where(f_high == 0, 1.0, share))
        beyond = np.array([b.type == "window" for b in found]) & (f_low * f_high > 0)
        share = np.where(beyond, np.where(np.abs(f_low) <= np.abs(f_high), 0.0, 1.0), share)
        narrow = np.array([_NARROWER if b.type == "window" else _NARROW for b in found])
        for turn in range(_SECANTS):
            if active.size == 0:
                break
            a, b, fa, fb = low[active], high[active], f_low[active], f_high[active]
            middle = b - fb * (b - a) / (fb - fa)
            halved = turn % 4 == 3 or turn > _PATIENCE and turn % 2 == 1
            middle = np.where(np.isfinite(middle) & (middle > a) & (middle < b) & (not halved), middle, 0.5 * (a + b))
            beyond = share[active] + np.where(share[active] == a, 0.9, -0.9) * narrow[active]
            middle = np.where(near[active] & (beyond > a) & (beyond < b), beyond, middle)
            value = _measure(chord, found, active, middle)
            moved = np.abs(middle - share[active]) if turn else np.full(len(middle), np.inf)
            near[active] = ~near[active] & (moved < narrow[active])
            share[active] = middle
            left = value * fa < 0
            weight = np.where(lowered[active] == left, 0.5, 1.0)  # of an end that stays for the second time
            lowered[active] = left
            high[active] = np.where(left, middle, b)
            f_high[active] = np.where(left, value, weight * fb)
            low[active] = np.where(left, a, middle)
            f_low[active] = np.where(left, weight * fa, value)
            done = (high[active] - low[active] < narrow[active]) | (value == 0) | ~np.isfinite(value)
            active = active[~done]
    return share
