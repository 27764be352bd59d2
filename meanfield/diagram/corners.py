"""Points of codimension two: where boundaries cross, end on one another, or have a cusp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.corrector import correct
from meanfield.continuation.detect import Bracket
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import Located, locate
from meanfield.continuation.points import as_solution, refined
from meanfield.continuation.questions import Question
from meanfield.continuation.stops import End
from meanfield.continuation.tangent import first_tangent, tangent
from meanfield.diagram.grid import Plane
from meanfield.diagram.polylines import meetings
from meanfield.solve.problem import EPS

if TYPE_CHECKING:
    from meanfield.diagram.curves import Curve

_ALIKE = 1e-6  # relative distance of unknowns of what is the same state on two curves
_PLANE = [-1, -2]  # where x and y stand among the unknowns of a boundary
_ITERATIONS = 12
_ARRIVED = 1e-12  # step, in scaled units
_STILL = 1e-9  # length of a scaled tangent's part in the plane, at a cusp
_AHEAD = 3.0  # how far off the limit of a sequence may be, in units of what a geometric one would have left
_Found = tuple[np.ndarray, np.ndarray, str, tuple[str, ...]]
_PARALLEL = 1e-6  # angle in the plane below which two curves have none
_ALONG = 3  # places without an angle, after which two curves are taken for one,
_APART = 0.02  # this far from one another, in the window
_BESIDE = 1e-3  # of the window: a crossing this close to an end of the same curves is that end
_SMALL = 1e-3  # of the largest value of an unknown along a curve: it may vanish there
_BEYOND = 1e-6  # of the window: beyond it by more is not at its end
_MEET = 2e-4  # of the window: an end this close to another curve lies on it


@dataclass(frozen=True)
class Corner:
    """type: "cusp", "crossing" or "end"; at: ``{parameter: value}``; error: its claimed size, ``{parameter: value}``;
    curves: names of the conditions that meet."""

    type: str
    at: dict[str, float]
    error: dict[str, float]
    curves: tuple[str, ...]


def corners(curves: Sequence[Curve], plane: Plane) -> list[Corner]:
    """All of them, each once."""
    scale = np.array([float(np.ptp(e)) for e in plane.edges])
    ends = [one for n, curve in enumerate(curves) for one in _ends(n, curve, curves, plane)]
    cusps = [one for curve in curves for one in _cusps(curve, scale)]
    crossings = [one for n, curve in enumerate(curves) for other in curves[n + 1 :] for one in _crossings(curve, other, scale)]
    kept = _distinct([*ends, *cusps, *crossings], scale)
    names = plane.names
    return [
        Corner(kind, dict(zip(names, at.tolist(), strict=True)), dict(zip(names, error.tolist(), strict=True)), who)
        for at, error, kind, who in kept
    ]


def _distinct(found: Sequence[_Found], scale: np.ndarray) -> list[_Found]:
    """Each once. Where a curve ends on another, they may touch: what looks like a crossing beside such an end is that end.

    Two ends of curves at one place are two answers to one question; the claim is at least how far they are apart.
    """
    kept: list[_Found] = []
    for at, error, kind, who in found:
        near = [_BESIDE if kind == "crossing" and other[2] == "end" and set(who) <= set(other[3]) else _MEET for other in kept]
        known = next((k for k, other in enumerate(kept) if np.abs((at - other[0]) / scale).max() <= near[k]), None)
        if known is None:
            kept.append((at, error, kind, who))
        elif kind == kept[known][2] == "end":
            place, claim, _, others = kept[known]
            kept[known] = (place, np.maximum(claim, np.abs(at - place)), kind, others)
    return kept


def _ends(n: int, curve: Curve, curves: Sequence[Curve], plane: Plane) -> list[_Found]:
    """Ends inside the window, where the state of the curve leaves its domain, usually on another curve; and those at an end of the
    window at which the state leaves its domain, too."""
    branch = curve.branch
    if branch is None:
        return []
    scale = np.array([float(np.ptp(e)) for e in plane.edges])
    out: list[_Found] = []
    for k, why in ((0, branch.begins), (-1, branch.ends)):
        if why in (End.CLOSED, None):
            continue
        at, error = curve.points[k], curve.errors[k]
        if why is End.WINDOW:
            limit = _vanishing(branch, k, plane)
            if limit is None:
                continue
            at, error = limit, error + np.abs(limit - at)
        if why is End.STILL:
            error = error + _AHEAD * _left_to_go(curve.points[:3][::-1] if k == 0 else curve.points[-3:])
        met = [c.condition for m, c in enumerate(curves) if m != n and _distance(c.smooth, at, scale) < _MEET]
        out.append((at, error, "end", (curve.condition, *met)))
    return out


def _vanishing(branch: Branch, k: int, plane: Plane) -> np.ndarray | None:
    """(2,) where, going on from an end of a curve, an unknown is zero that is not zero along it; None if that is not at an end of
    the window."""
    u, before = branch.u, 1 if k == 0 else -2
    room = u[:, :-2] - branch.subject.curve.lower[:-2]
    small = np.flatnonzero((room[k] > 0) & (room[k] < _SMALL * room.max(axis=0)) & (room[k] < room[before]))
    if not small.size:
        return None
    share = (room[k, small] / (room[before, small] - room[k, small])).min()
    at = (u[k] + share * (u[k] - u[before]))[_PLANE]
    low, high = np.transpose(plane.edges)
    inside = np.clip(at, low, high)
    return inside if np.abs((inside - at) / (high - low)).max() < _BEYOND else None


def _left_to_go(last: np.ndarray) -> np.ndarray:
    """(2,) how far the limit of three points (3, 2) of a curve is away that moves ever less in the plane."""
    first, second = np.abs(np.diff(last, axis=0))
    with np.errstate(all="ignore"):
        left = second * second / (first - second)
    return np.where((left > 0) & np.isfinite(left), left, first + second)


def _distance(line: np.ndarray, at: np.ndarray, scale: np.ndarray) -> float:
    a, b = line[:-1] / scale, line[1:] / scale
    way, chord = at / scale - a, b - a
    share = np.clip((way * chord).sum(axis=1) / np.maximum((chord**2).sum(axis=1), 1e-300), 0.0, 1.0)
    return float(np.sqrt(((way - share[:, None] * chord) ** 2).sum(axis=1)).min(initial=np.inf))


def _cusps(curve: Curve, scale: np.ndarray) -> list[_Found]:
    """Where a curve turns back on itself in the plane: both parameters are stationary along it."""
    branch = curve.branch
    if branch is None:
        return []
    way = branch.tangent[:, _PLANE] * branch.scale[:, _PLANE] / scale
    length = np.linalg.norm(way, axis=1)
    out: list[_Found] = []
    moving = np.flatnonzero(length >= _STILL).tolist()  # a curve may have a point just in its cusp, and begin there
    around = [(moving[-1], moving[0])] if branch.ends is End.CLOSED and moving else []
    for i, j in (*pairwise(moving), *around):
        if float((way[i] * way[j]).sum()) >= 0:
            continue
        point = _located(branch, i, j, way[i] / length[i] / scale)
        if point is not None:
            out.append((point.u[_PLANE], point.error[_PLANE], "cusp", (curve.condition,)))
    return out


def _located(branch: Branch, i: int, j: int, direction: np.ndarray) -> Located | None:
    """The point between two points of a branch at which its way in the plane has no component along ``direction``."""
    subject = branch.subject
    chord = (branch.u[j] - branch.u[i]) / branch.scale[i]

    def speed(u: np.ndarray, p: np.ndarray) -> np.ndarray:
        _, jacobian = subject.curve.fine.residual_jacobian(u, p)
        scale = np.repeat(branch.scale[i][None], len(u), axis=0)
        ahead = tangent(jacobian, np.repeat((chord / np.linalg.norm(chord))[None], len(u), axis=0), scale)
        return np.asarray((ahead * scale)[:, _PLANE] @ direction)

    def fine(u: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return speed(u, p), np.full(len(u), 1e-13)

    lane = Lane(branch.base)
    lane.u, lane.tangent, lane.scale = ([a[i], a[j]] for a in (branch.u, branch.tangent, branch.scale))
    found = locate(subject, [Bracket(lane, 0, "indicator", "cusp", Question("indicator", "cusp", speed, fine))])
    return found[0] if found and found[0].sharp else None


def _crossings(curve: Curve, other: Curve, scale: np.ndarray) -> list[_Found]:
    """Where two curves cross in the plane, in the same state or where both bound regions; nowhere if they are one curve, as two
    names of one boundary are."""
    out: list[_Found] = []
    parallel: list[np.ndarray] = []
    first, second, _ = meetings(curve.smooth / scale, other.smooth / scale, slack=1e-6)
    for k, j in zip(first.tolist(), second.tolist(), strict=True):
        place = curve.smooth[k] / scale
        if any(np.abs(place - known).max() < _APART for known in parallel):
            continue
        point = _crossing(curve, other, k, j, scale)
        if isinstance(point, str):
            parallel.append(place)
        elif point is not None:
            out.append((*point, "crossing", (curve.condition, other.condition)))
        if len(parallel) == _ALONG:
            break
    return out


def _crossing(curve: Curve, other: Curve, k: int, j: int, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray] | str | None:
    """The point (x, y) at which both conditions hold, with its error; None if the states on the two curves differ there and one of
    them bounds nothing, or the word "parallel" where no angle between the curves can be told.

    Newton's method: both curves are replaced by their tangents at exact points, these are intersected, and so on.
    """
    if curve.branch is None or other.branch is None:
        return None
    branches, at = (curve.branch, other.branch), (curve.path[k], other.path[j])
    for _ in range(_ITERATIONS):
        one, two = (_on(branch, u) for branch, u in zip(branches, at, strict=True))
        if one is None or two is None:
            return None
        (u, du), (v, dv) = one, two
        matrix = np.array([du[_PLANE], -dv[_PLANE]]).T / scale[:, None]
        angle = abs(float(np.linalg.det(matrix))) / float(np.linalg.norm(du[_PLANE] / scale) * np.linalg.norm(dv[_PLANE] / scale))
        if angle < _PARALLEL:
            return "parallel"
        s, t = np.linalg.solve(matrix, (v[_PLANE] - u[_PLANE]) / scale)
        at = (u + s * du, v + t * dv)
        if max(abs(s), abs(t)) > 1.0:
            return None
        if max(abs(s), abs(t)) < _ARRIVED:
            break
    else:
        return None  # curves that touch, or nearly: the method only creeps there
    corner = bool(curve.bounds[k : k + 2].any() and other.bounds[j : j + 2].any())
    if not (corner or _same_state(branches, (u, v))):
        return None
    error_u, error_v = (_error(branch, u, along) for branch, u, along in zip(branches, (u, v), (du, dv), strict=True))
    error = (error_u[_PLANE] + error_v[_PLANE]) / angle + np.abs(u[_PLANE] - v[_PLANE]) + EPS * scale
    return (u[_PLANE], error) if np.isfinite(error).all() else None


def _on(branch: Branch, u: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The point of the branch next to u, and the direction of the branch there (one scaled unit long)."""
    subject, scale = branch.subject, np.maximum(np.abs(u), branch.subject.floor)
    _, jacobian = subject.curve.residual_jacobian(u[None], branch.base[None])
    along = first_tangent(jacobian, np.ones((1, len(u))), scale[None])
    done = correct(subject.curve, branch.base[None], u[None], along, scale[None], tol=1e-12)
    if not np.isfinite(done.u).all() or done.last[0] > 1e-8:
        return None
    return done.u[0], along[0] * scale


def _error(branch: Branch, u: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The error of a point u of the branch, across its direction ``along``."""
    scale = np.maximum(np.abs(u), branch.subject.floor)
    _, error = refined(branch.subject, u[None], (along / scale)[None], scale[None], branch.base[None])
    return np.asarray(error[0])


def _same_state(branches: tuple[Branch, Branch], at: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether both curves speak of the same state there: equal values of the unknowns that both models report."""
    tables = []
    for branch, u in zip(branches, at, strict=True):
        p = branch.subject.curve.path.points(branch.base[None], u[None, -1])
        tables.append(dict(as_solution(branch.subject, u[None], np.zeros((1, len(u))), p).unknowns))
    shared = set(tables[0]) & set(tables[1])
    return bool(shared) and all(abs(tables[0][n][0] - tables[1][n][0]) <= _ALIKE * (1 + abs(tables[0][n][0])) for n in shared)
