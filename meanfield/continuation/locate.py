"""From a bracket to the special point: a safeguarded secant along the curve, then Newton on the extended system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.continuation.between import cubic
from meanfield.continuation.corrector import bordered, correct
from meanfield.continuation.curve import scale_at
from meanfield.continuation.detect import Bracket
from meanfield.continuation.hopf_points import eigenvalues, is_hopf
from meanfield.continuation.subject import Subject
from meanfield.continuation.systems import ON_EDGE, BranchPoint, Fold, Hopf, Sheet, Special, System, Zero, settle
from meanfield.continuation.walk import Lane
from meanfield.solve.problem import EPS, Array

_SECANTS = 40
_PATIENCE = 8  # turns after which every second one halves
_SAME = 1e-4  # scaled distance below which a fold is the branch point that was found there too
_VANISHING = 1e-13  # of the largest slope (scaled): rounding
_DEGENERATE = 1e-6  # how near (scaled) a start is to a branch point that it is meant to be
_OPEN = 8.0  # errors by which what vanishes at a branch point must differ from zero where there is none
_NARROW = 1e-5  # of a bracket's length: close enough for Newton's method on the extended system


@dataclass(frozen=True)
class Located:
    """A special point: u (N,), its claimed error (N,), the scaled tangent of the lane there, its place in the lane (a fraction
    between two points), and what the extended system knows besides (null vectors, frequency). gap: two curves come close there
    but do not cross, and the lane has stepped from one to the other."""

    bracket: Bracket
    u: Array
    error: Array
    tangent: Array
    scale: Array
    place: float
    sharp: bool
    vector: Array | None = None
    gap: bool = False


def locate(subject: Subject, found: Sequence[Bracket]) -> list[Located]:
    """The special points of all brackets, in their order, where there are any; they are sought together."""
    if not found:
        return []
    chord = _Chord(subject, found)
    share = _shares(chord, found)
    u, jacobian, direction = chord.at(np.arange(len(found)), share)
    out: list[Located | None] = [None] * len(found)
    for rows in chord.kinds:
        special, vector = _settled(subject, found[rows[0]], chord.base[rows], chord.scale[rows], u[rows], jacobian[rows])
        for k, i in enumerate(rows):
            if found[i].type == "hopf" and not is_hopf(eigenvalues(subject, u[i : i + 1], chord.base[i : i + 1])[0]):
                continue  # two real eigenvalues are opposite there
            out[i] = _point(chord, i, found[i], (u[i], direction[i], float(share[i])), special, k, vector[k])
    return _borrowed([one for one in out if one is not None])


def _point(
    chord: _Chord, i: int, bracket: Bracket, near: tuple[Array, Array, float], special: Special, k: int, vector: Array | None
) -> Located:
    """What number ``i`` of the brackets holds: number ``k`` of the settled points, if that belongs to it; else what is ``near`` it,
    a point with its tangent and its share of the chord."""
    n = chord.curve.n
    u, direction, share = near
    y, error = special.y[k], special.error[k]
    inside = bool(special.found[k]) and _between(chord, i, y[: n + 1])
    # At a branch point the residual b that its system leaves vanishes.
    gap = inside and bracket.type == "branch" and abs(y[n + 1]) > _OPEN * error[n + 1]
    good = inside and not gap
    if good:
        share = float(((y[: n + 1] - chord.a[i]) / chord.scale[i] * chord.normal[i]).sum() / chord.length[i])
        u, claim = y[: n + 1], error[: n + 1]
    else:
        claim = np.abs(chord.b[i] - chord.a[i])
    place = bracket.at + float(np.clip(share, 0.0, 1.0))
    return Located(bracket, u, claim, direction, chord.scale[i], place, good, vector if good else None, gap)


def _borrowed(found: list[Located]) -> list[Located]:
    """Where a lane ends, or an indicator vanishes, in a branch point, the system of the former is singular: it is that point.

    So is the end at an edge on which a branch point of the same step lies: all of the curve that crosses there, which may lie
    within the edge, solves the system of the end. And so is what its own error does not tell from the branch point: what goes on
    from there should go on from one place.
    """
    points = {(id(x.bracket.lane), x.bracket.at): x for x in found if x.bracket.type == "branch" and x.sharp}
    out = []
    for one in found:
        point = points.get((id(one.bracket.lane), one.bracket.at))
        edge = one.bracket.edge
        on_edge = point is not None and edge is not None and abs(point.u[edge[0]] - edge[1]) <= point.error[edge[0]] + ON_EDGE
        if point is not None and (on_edge or not one.sharp and one.bracket.type != "fold" and _close(point, one)):
            one = replace(one, u=point.u, error=point.error, place=point.place, sharp=True)
        elif point is not None and point is not one and one.sharp and one.bracket.type != "fold":
            apart = np.abs(point.u - one.u)
            if (apart <= one.error).all():
                one = replace(one, u=point.u, error=one.error + apart, place=point.place)
        out.append(one)
    return out


def standing(subject: Subject, u: Array, base: Array) -> Located | None:
    """The branch point that u (N,) is, with the direction in which the coordinate moves as far as it can; None if it is none."""
    curve = subject.curve
    _, jacobian = curve.residual_jacobian(u[None], base[None])
    scale = scale_at(u, subject.floor)
    scaled = bordered(jacobian, np.zeros((1, len(u))), scale[None])[0, :-1]
    size = np.abs(jacobian[0] * scale).max(axis=1)
    scaled[size <= _VANISHING * size.max()] = 0.0  # an equation without slopes, not a small one
    if not np.isfinite(scaled).all() or np.linalg.svd(scaled, compute_uv=False)[-1] > _DEGENERATE:
        return None
    lane = Lane(base, [u], [np.zeros(len(u))], [scale])
    w = _left_null(jacobian, scale[None])
    special = settle(BranchPoint(curve), np.concatenate([u[None], np.zeros((1, 1)), w], axis=1), Sheet(base[None], w))
    at, error = special.y[0, : curve.n + 1], special.error[0, : curve.n + 1]
    if not special.found[0] or np.abs((at - u) / scale).max() > _DEGENERATE:
        return None
    plane = np.linalg.svd(scaled)[2][-2:]
    ahead = plane.T @ plane[:, -1]
    length = np.sqrt((ahead**2).sum())
    if length < 1e-3:
        return None
    bracket = Bracket(lane, 0, "branch", "branch point")
    return Located(bracket, at, error, ahead / length, scale, 0.0, True, special.y[0, curve.n + 2 :])


def _close(point: Located, one: Located) -> bool:
    return bool(np.abs((point.u - one.u) / point.scale).max() < 1e-2)


def told_twice(one: Located, others: tuple[Located, ...]) -> bool:
    """A fold at a branch point of the same bracket is the branch turning there; a degenerate point where the lane ends at an
    edge of the domain is that end."""
    if one.bracket.type == "branch" and not one.sharp:
        return any(x.bracket.type == "domain" and x.bracket.at == one.bracket.at for x in others)
    if one.bracket.type != "fold":
        return False
    for x in others:
        next_to = abs(x.bracket.at - one.bracket.at) <= 1
        if x.bracket.type == "branch" and (next_to or not one.sharp):
            if (next_to and not one.sharp) or np.abs((x.u - one.u) / x.scale).max() < _SAME:
                return True
    return False


class _Chord:
    """The pieces of curve inside brackets, each as a function of a share between 0 and 1 of its chord. kinds: the numbers of the
    brackets that ask for the same thing; kind: which of these each belongs to."""

    def __init__(self, subject: Subject, found: Sequence[Bracket]) -> None:
        self.subject, self.curve = subject, subject.curve
        pick = lambda name, shift: np.array([getattr(b.lane, name)[b.at + shift] for b in found])
        self.a, self.b = pick("u", 0), pick("u", 1)
        self.scale = pick("scale", 0)
        self.base = np.array([b.lane.base for b in found])
        names = [(b.type, b.question.name if b.question else "", b.edge) for b in found]
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
        scale = self.scale[rows]
        size = self.length[rows][:, None] * scale
        guess = cubic(self.a[rows], self.b[rows], size * self.ta[rows], size * self.tb[rows], share[:, None])
        done = correct(self.curve, self.base[rows], guess, self.normal[rows], scale, tol=1e-7)
        u = np.where(done.converged[:, None], done.u, guess)
        straight = self.ta[rows] * (1 - share[:, None]) + self.tb[rows] * share[:, None]
        straight = straight / np.sqrt((straight**2).sum(axis=1, keepdims=True))
        clear = np.isfinite(done.ahead).all(axis=1) & ((done.ahead * straight).sum(axis=1) > 0.9)
        return u, done.jacobian, np.where(clear[:, None], done.ahead, straight)


def _between(chord: _Chord, i: int, u: Array) -> bool:
    """Whether a settled point still belongs to its bracket."""
    way = (u - chord.a[i]) / chord.scale[i]
    share = float((way * chord.normal[i]).sum()) / chord.length[i]
    aside = float(np.sqrt(((way - share * chord.length[i] * chord.normal[i]) ** 2).sum()))
    return -0.2 <= share <= 1.2 and aside <= chord.length[i]


def _measure(chord: _Chord, found: Sequence[Bracket], rows: Any, share: Array) -> Array:
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


def _shares(chord: _Chord, found: Sequence[Bracket]) -> Array:
    """Shares (P,) of the chords at which the sign changes: the Illinois variant of false position, in lockstep.

    Where a step hardly moves, the sign beyond it is asked for: near a double zero false position creeps while it is far away.
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
        for turn in range(_SECANTS):
            if active.size == 0:
                break
            a, b, fa, fb = low[active], high[active], f_low[active], f_high[active]
            middle = b - fb * (b - a) / (fb - fa)
            halved = turn % 4 == 3 or turn > _PATIENCE and turn % 2 == 1
            middle = np.where(np.isfinite(middle) & (middle > a) & (middle < b) & (not halved), middle, 0.5 * (a + b))
            beyond = share[active] + np.where(share[active] == a, 0.9, -0.9) * _NARROW
            middle = np.where(near[active] & (beyond > a) & (beyond < b), beyond, middle)
            value = _measure(chord, found, active, middle)
            moved = np.abs(middle - share[active]) if turn else np.full(len(middle), np.inf)
            near[active] = ~near[active] & (moved < _NARROW)
            share[active] = middle
            left = value * fa < 0
            weight = np.where(lowered[active] == left, 0.5, 1.0)  # of an end that stays for the second time
            lowered[active] = left
            high[active] = np.where(left, middle, b)
            f_high[active] = np.where(left, value, weight * fb)
            low[active] = np.where(left, a, middle)
            f_low[active] = np.where(left, weight * fa, value)
            done = (high[active] - low[active] < _NARROW) | (value == 0) | ~np.isfinite(value)
            active = active[~done]
    return share


def _settled(
    subject: Subject, first: Bracket, base: Array, scale: Array, u: Array, jacobian: Array
) -> tuple[Special, list[Array | None]]:
    """Newton on the extended system that belongs to the kind of brackets of which ``first`` is one, from the points u (P, N); null
    vectors or frequency, where it has some."""
    curve, n = subject.curve, subject.curve.n
    none: list[Array | None] = [None] * len(u)
    system: System
    if first.type == "fold":
        v = _null(jacobian[:, :, :n])
        special = settle(Fold(curve), np.concatenate([u, v], axis=1), Sheet(base, v))
        return special, list(special.y[:, n + 1 :])
    if first.type == "branch":
        w = _left_null(jacobian, scale)
        y = np.concatenate([u, np.zeros((len(u), 1)), w], axis=1)
        special = settle(BranchPoint(curve), y, Sheet(base, w))
        return special, list(special.y[:, n + 2 :])
    if first.type == "hopf":
        assert subject.matrix is not None
        y, reference = _hopf_start(subject.matrix(u, base), u)
        special = settle(Hopf(curve, subject.matrix, subject.check), y, Sheet(base, reference))
        return special, list(special.y[:, -1:])
    if first.edge is not None:
        i, value = first.edge
        system = Zero(curve, lambda y, p: (y[:, i] - value, np.full(len(y), EPS * abs(value))))
    else:
        assert first.question is not None
        system = Zero(curve, first.question.fine)
    return settle(system, u, Sheet(base, np.zeros((len(u), 1)))), none


def _null(matrix: Array) -> Array:
    """Right null vectors (P, n) of square matrices that are nearly singular, v . v = 1."""
    return np.asarray(np.linalg.svd(np.nan_to_num(matrix))[2][:, -1, :])


def _left_null(jacobian: Array, scale: Array) -> Array:
    """Left vectors (P, n) of the smallest singular value of the scaled Jacobians (P, n, N)."""
    return np.asarray(np.linalg.svd(np.nan_to_num(jacobian * scale[:, None, :]))[0][:, :, -1])


def _hopf_start(matrix: Array, u: Array) -> tuple[Array, Array]:
    """y (P, D) from the pair of eigenvalues closest to the imaginary axis, and v_0 with v . v_0 = 1, w . v_0 = 0."""
    y, reference = [], []
    for k, a in enumerate(matrix):
        values, vectors = np.linalg.eig(a)
        turning = np.where(values.imag > 0, np.abs(values.real), np.inf)
        i = int(turning.argmin())
        z = vectors[:, i]
        z = z / z[np.abs(z).argmax()]  # its largest entry is 1: so w . v_0 = 0 with v_0 that unit vector
        unit = np.zeros(len(z))
        unit[np.abs(z).argmax()] = 1.0
        y.append(np.concatenate([u[k], z.real, z.imag, [values[i].imag]]))
        reference.append(unit)
    return np.array(y), np.array(reference)
