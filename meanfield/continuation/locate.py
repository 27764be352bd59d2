"""From a bracket to the special point: a safeguarded secant along the curve, then Newton on the extended system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.continuation.chord import Chord, expected, shares, turning
from meanfield.continuation.corrector import bordered
from meanfield.continuation.curve import Curve, scale_at
from meanfield.continuation.detect import STILL, Bracket
from meanfield.continuation.ends import beside, borrowed
from meanfield.continuation.hopf_points import eigenvalues, is_hopf
from meanfield.continuation.lane import Lane
from meanfield.continuation.planes import meeting
from meanfield.continuation.settle import Special, settle
from meanfield.continuation.subject import Subject
from meanfield.continuation.systems import BranchPoint, Fold, Hopf, Sheet, System, Zero
from meanfield.solve.problem import EPS, Array

_SAME = 1e-4  # scaled distance below which a fold is the branch point that was found there too
_ONE = 3e-7  # and that below which it is, however many steps of a walk, which are hardly shorter, lie between them
_VANISHING = 1e-13  # of the largest slope (scaled): rounding
_DEGENERATE = 1e-6  # how near (scaled) a start is to a branch point that it is meant to be
_OPEN = 8.0  # errors by which what vanishes at a branch point must differ from zero where there is none
_BESIDE = 1e-5  # how near (scaled) a point is to a symmetric one for a branch point to be sought there, too
_REGULAR = ("fold", "window")  # what is sought directly: the systems of others are often singular for reasons of their own


@dataclass(frozen=True)
class Located:
    """A special point: u (N,), its claimed error (N,), the scaled tangent of the lane there, its place in the lane (a fraction
    between two points), and what the extended system knows besides (null vectors; the frequency and its claim). gap: two curves
    come close there but do not cross, and the lane has stepped from one to the other."""

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
    crossed = {(id(b.lane), b.at) for b in found if b.type == "branch"}  # where the systems of other events are singular,
    # but for the end of a window, unless the branch point lies just there.
    regular = [i for i, b in enumerate(found) if b.type in _REGULAR and (b.type == "window" or (id(b.lane), b.at) not in crossed)]
    out = {i: one for i, one in zip(regular, _directly(subject, [found[i] for i in regular]), strict=True) if one is not None}
    rest = [i for i in range(len(found)) if i not in out]
    if rest:
        chord = Chord(subject, [found[i] for i in rest])
        share = shares(chord, chord.found)
        places = _sought(chord, share, *chord.at(np.arange(len(rest)), share))
        out |= {rest[k]: one for k, one in enumerate(places) if one is not None}
    return borrowed(beside(subject.curve, [out[i] for i in sorted(out)]))


def _directly(subject: Subject, found: Sequence[Bracket]) -> list[Located | None]:
    """The special points to which Newton's method leads from where the cubic in the bracket expects them; None where it does not
    lead to a point inside, or where it may lead to another one: a curve that turns just beyond the window meets its end twice."""
    if not found:
        return []
    chord, every = Chord(subject, found), np.arange(len(found))
    share = expected(chord, found)
    guess = chord.guess(every, share)
    near = _sought(chord, share, guess, subject.curve.residual_jacobian(guess, chord.base)[1], chord.normal)
    share = np.array([0.5 if one is None else one.place - one.bracket.at for one in near])
    u = np.array([chord.a[i] if one is None else one.u for i, one in enumerate(near)])
    direction = chord.directions(every, share, subject.curve.residual_jacobian(u, chord.base)[1])
    twice = turning(chord)
    return [
        replace(one, tangent=direction[i]) if one is not None and one.sharp and 0 < share[i] < 1 and not twice[i] else None
        for i, one in enumerate(near)
    ]


def _sought(chord: Chord, share: Array, u: Array, jacobian: Array, direction: Array) -> list[Located | None]:
    """What is found from shares (P,) of the chords, where points (P, N) are near the curve, with Jacobians and tangents; None for
    pairs of eigenvalues that are no Hopf points."""
    subject, found = chord.subject, chord.found
    out: list[Located | None] = [None] * len(found)
    for rows in chord.kinds:
        special, vector = _settled(subject, found[rows[0]], chord.base[rows], chord.scale[rows], u[rows], jacobian[rows])
        for k, i in enumerate(rows):
            if found[i].type == "hopf" and not is_hopf(eigenvalues(subject, u[i : i + 1], chord.base[i : i + 1])[0]):
                continue  # two real eigenvalues are opposite there
            out[i] = _point(chord, i, found[i], (u[i], direction[i], float(share[i])), special, k, vector[k])
    return out


def _point(
    chord: Chord, i: int, bracket: Bracket, near: tuple[Array, Array, float], special: Special, k: int, vector: Array | None
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
        ahead = np.maximum(np.abs(chord.ta[i]), np.abs(chord.tb[i])) * chord.length[i] * chord.scale[i]
        claim = np.maximum(np.abs(chord.b[i] - chord.a[i]), ahead) + STILL * chord.scale[i]  # it may turn beyond both ends
    place = bracket.at + min(max(share, 0.0), 1.0)
    return Located(bracket, u, claim, direction, chord.scale[i], place, good, vector if good else None, gap)


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


def told_twice(one: Located, others: tuple[Located, ...]) -> bool:
    """A fold at a branch point of the same bracket is the branch turning there; a degenerate point where the lane ends at an
    edge of the domain is that end, and one right before another branch point is that one."""
    if one.bracket.type == "branch" and not one.sharp:
        ends = any(x.bracket.type == "domain" and x.bracket.at == one.bracket.at for x in others)
        return ends or any(x.bracket.type == "branch" and x.place > one.place and _apart(x, one) < _SAME for x in others)
    if one.bracket.type != "fold":
        return False
    for x in others:
        if x.bracket.type != "branch":
            continue
        next_to, apart = abs(x.bracket.at - one.bracket.at) <= 1, _apart(x, one)
        if apart < _ONE or (next_to or not one.sharp) and apart < _SAME or next_to and not one.sharp:
            return True
    return False


def _apart(one: Located, other: Located) -> float:
    return float(np.abs((one.u - other.u) / one.scale).max())


def _between(chord: Chord, i: int, u: Array) -> bool:
    """Whether a settled point still belongs to its bracket."""
    way = (u - chord.a[i]) / chord.scale[i]
    share = float((way * chord.normal[i]).sum()) / chord.length[i]
    aside = float(np.sqrt(((way - share * chord.length[i] * chord.normal[i]) ** 2).sum()))
    return -0.2 <= share <= 1.2 and aside <= chord.length[i]


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
        special = _crossing(curve, u, jacobian, base, scale)
        for rank in (1, 2)[: curve.n]:
            lost = np.flatnonzero(~special.found)
            centre, near = _centres(subject, u[lost])
            lost, centre = lost[near], centre[near]
            if not lost.size:
                break
            again = _crossing(curve, centre, curve.residual_jacobian(centre, base[lost])[1], base[lost], scale[lost], rank)
            for name in ("y", "error", "found"):
                getattr(special, name)[lost] = getattr(again, name)
        return special, list(special.y[:, n + 2 :])
    if first.type == "hopf":
        assert subject.matrix is not None
        y, reference = _hopf_start(subject.matrix(u, base), u)
        special = settle(Hopf(curve, subject.matrix, subject.check), y, Sheet(base, reference))
        return special, list(np.stack([special.y[:, -1], special.error[:, -1]], axis=1))
    if first.edge is not None and first.type == "window":
        return meeting(curve, u, base, scale, *first.edge), none
    if first.edge is not None:
        i, value = first.edge
        system = Zero(curve, lambda y, p: (y[:, i] - value, np.full(len(y), EPS * abs(value))))
    else:
        assert first.question is not None
        system = Zero(curve, first.question.fine)
    return settle(system, u, Sheet(base, np.zeros((len(u), 1)))), none


def _crossing(curve: Curve, u: Array, jacobian: Array, base: Array, scale: Array, rank: int = 1) -> Special:
    """The branch points near points u (P, N), with the left null vectors there as last unknowns. rank: by which singular value,
    counted from the smallest, these are sought: near a critical point an equation has small slopes along all unknowns."""
    w = _left_null(jacobian, scale, rank)
    return settle(BranchPoint(curve), np.concatenate([u, np.zeros((len(u), 1)), w], axis=1), Sheet(base, w))


def _centres(subject: Subject, u: Array) -> tuple[Array, Any]:
    """The symmetric points (P, N) next to points, on the edges that they are next to, and whether there are any (P,).

    A branch that begins at a pitchfork may be bent so sharply there that rounding hides the way to its end; the pitchfork itself,
    where branches of symmetric states cross, is nothing special."""
    out, near = u, np.zeros(len(u), dtype=bool)
    for image in subject.symmetries if len(u) else ():
        centre = (u + image(u)) / 2
        own = (np.abs(centre - u) <= _BESIDE * subject.floor).all(axis=1) & ~near
        out, near = np.where(own[:, None], centre, out), near | own
    lower = subject.curve.lower
    return np.where(np.abs(out - lower) <= _BESIDE * subject.floor, lower, out), near


def _null(matrix: Array) -> Array:
    """Right null vectors (P, n) of square matrices that are nearly singular, v . v = 1."""
    return np.asarray(np.linalg.svd(np.nan_to_num(matrix))[2][:, -1, :])


def _left_null(jacobian: Array, scale: Array, rank: int = 1) -> Array:
    """Left vectors (P, n) of the smallest singular value, or of the ``rank``-th of them, of the scaled Jacobians (P, n, N)."""
    return np.asarray(np.linalg.svd(np.nan_to_num(jacobian * scale[:, None, :]))[0][:, :, -rank])


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
