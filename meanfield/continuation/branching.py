"""What happens at a branch point: which two curves cross there, in which directions, and on which side the new one lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meanfield.continuation.corrector import correct
from meanfield.continuation.locate import Located
from meanfield.continuation.subject import Subject, inside_domain
from meanfield.continuation.walk import rescaled
from meanfield.solve.problem import Array

_DIFFERENCE = 1e-4  # of second derivatives
_FLAT = 1e-5  # a tangent whose component along the parameter is below this (scaled) turns there
_PROBE = (0.01, 0.003, 0.03)  # scaled distances at which the new curve and the old one are looked at
_ALIKE = 0.98  # cosine between tangents of the same curve


@dataclass(frozen=True)
class Branching:
    """type: "pitchfork", "transcritical" or "branch point" (degenerate: the second curve was not found). own, other:
    scaled unit tangents (N,) of the curve that was followed and of the other one, both oriented; trunk: the one along which the
    parameter moves. side: where a pitchfork opens (+1, -1 along the parameter; 0 unknown). supercritical: None if unknown.
    lost: on which side (+1, -1) the trunk has lost the stability that it has on the other; 0 if it changes none."""

    type: str
    own: Array
    other: Array | None
    trunk: Array | None
    side: int
    supercritical: bool | None
    lost: int = 0

    @property
    def name(self) -> str:
        kind = {True: "supercritical ", False: "subcritical ", None: ""}[self.supercritical]
        return kind + self.type


def branching(subject: Subject, point: Located) -> Branching:
    """Classify a located branch point by the quadratic form of the reduced equation.

    With the null vectors t_1, t_2 of F_u and the left null vector w, the tangents of the curves are the zeros of
    ``w F_uu (a t_1 + b t_2)^2``. Second derivatives are taken on the side of the domain where there is an edge.
    """
    u, scale, base = point.u, point.scale, point.bracket.lane.base
    w = point.vector
    _, jacobian = subject.curve.fine.residual_jacobian(u[None], base[None])
    first, second = null_plane(jacobian[0], scale, point.tangent)
    if w is None or not np.isfinite(first).all():
        return Branching("branch point", point.tangent, None, None, 0, None)
    form = _form(subject, u, base, scale, w, (first, second))
    tangents = _zeros(form, first, second)
    if tangents is None:
        return Branching("branch point", point.tangent, None, None, 0, None)
    came = _arrival(point)
    own, other = sorted(tangents, key=lambda t: -abs(float((t * came).sum())))
    own = own * np.sign((own * came).sum())
    flat = [abs(t[-1]) < _FLAT for t in (own, other)]
    if flat[0] == flat[1]:
        kind = "transcritical" if not flat[0] else "branch point"
        return Branching(kind, own, other, own, 0, None)
    trunk, bent = (other, own) if flat[0] else (own, other)
    trunk = trunk * np.sign(trunk[-1])
    near = probes(subject, u, base, scale, np.array([bent, -bent, trunk, -trunk]))
    side = _side(point, near[:2])
    lost = _lost(subject, point, near[2], near[3])
    # Supercritical: the new states exist where the trunk has lost its stability.
    return Branching("pitchfork", own, other, trunk, side, side == lost if side and lost else None, lost)


def _arrival(point: Located) -> Array:
    """The direction in which the lane passes, between those at the points around: at a point that is not exactly the branch point
    any tangent of the two curves, or between them, may be told. On an edge of the domain, where it may have a kink, that of its
    last point inside."""
    lane, at = point.bracket.lane, point.bracket.at
    if lane.beyond and at == len(lane.u) - 2:
        return rescaled(lane.tangent[at], lane.scale[at], point.scale)
    if at + 1 == len(lane.u):
        return point.tangent
    share = min(max(point.place - at, 0.0), 1.0)
    behind, ahead = (rescaled(lane.tangent[k], lane.scale[k], point.scale) for k in (at, at + 1))
    return (1.0 - share) * behind + share * ahead


def null_plane(jacobian: Array, scale: Array, along: Array) -> tuple[Array, Array]:
    """Two orthonormal scaled null vectors of F_u, the first closest to ``along``."""
    scaled = jacobian * scale[None, :]
    plane = np.linalg.svd(np.nan_to_num(scaled))[2][-2:]  # rows as they are: one of them may vanish here
    first = plane.T @ (plane @ along)
    length = np.sqrt((first**2).sum())
    if length < 0.3:
        return np.full_like(along, np.nan), np.full_like(along, np.nan)
    first = first / length
    second = plane[0] - (plane[0] @ first) * first
    if np.sqrt((second**2).sum()) < 0.1:
        second = plane[1] - (plane[1] @ first) * first
    return first, second / np.sqrt((second**2).sum())


def _form(subject: Subject, u: Array, base: Array, scale: Array, w: Array, plane: tuple[Array, Array]) -> Array:
    """The symmetric matrix (2, 2) of w F_uu on the null plane."""
    out = np.empty((2, 2))
    for i, direction in enumerate(plane):
        change = _jacobian_change(subject, u, base, direction * scale, w)
        for j, other in enumerate(plane):
            out[i, j] = float((change * other * scale).sum())
    return 0.5 * (out + out.T)


def _jacobian_change(subject: Subject, u: Array, base: Array, direction: Array, w: Array) -> Array:
    """d/dh of w F_u (N,) along a direction: central differences, or one-sided ones of second order into the domain."""
    h, lower = _DIFFERENCE, subject.curve.lower
    edged = (u - 3 * h * np.abs(direction) < lower) & (np.abs(direction) > 1e-8)
    if edged.any():
        sign = 1.0 if (direction[edged] > 0).all() else -1.0
        shifts, weights = np.array([0.0, 1.0, 2.0]) * h * sign, np.array([-1.5, 2.0, -0.5]) / (h * sign)
    else:
        shifts, weights = np.array([-1.0, 1.0]) * h, np.array([-0.5, 0.5]) / h
    at = u[None] + shifts[:, None] * direction[None]
    jacobians = subject.curve.fine.residual_jacobian(at, np.repeat(base[None], len(at), axis=0))[1]
    return np.asarray(((jacobians * w[None, :, None]).sum(axis=1) * weights[:, None]).sum(axis=0))


def _zeros(form: Array, first: Array, second: Array) -> list[Array] | None:
    """The two directions a t_1 + b t_2 at which the form vanishes."""
    a, b, c = form[0, 0], form[0, 1], form[1, 1]
    size = np.abs(form).max()
    inside = b * b - a * c
    if not np.isfinite(form).all() or size == 0 or inside <= (1e-6 * size) ** 2:
        return None
    root = np.sqrt(inside)
    # a x^2 + 2 b x y + c y^2 = 0, each zero by the formula that does not cancel.
    q = -(b + (root if b >= 0 else -root))
    pairs = [(q, a), (c, q)]
    out = []
    for x, y in pairs:
        t = x * first + y * second
        out.append(t / np.sqrt((t**2).sum()))
    return out


def probes(subject: Subject, u: Array, base: Array, scale: Array, ways: Array) -> list[Array | None]:
    """Points of the curve a short way from a branch point, in scaled directions (K, N); None where there is none in the domain."""
    found: list[Array | None] = [None] * len(ways)
    left = np.arange(len(ways))
    for length in _PROBE:
        way, many = ways[left], np.ones((len(left), 1))
        done = correct(subject.curve, many * base, u + length * way * scale, way, many * scale)
        with np.errstate(all="ignore"):
            moved = (done.u - u) / scale
            ahead = (moved * way).sum(axis=1)
            good = done.converged & (ahead > 0.5 * np.sqrt((moved**2).sum(axis=1))) & inside_domain(subject.curve, done.u)
        for k in np.flatnonzero(good):
            found[left[k]] = done.u[k]
        left = left[~good]
        if not left.size:
            break
    return found


def _side(point: Located, beside: Sequence[Array | None]) -> int:
    """On which side of the branch point a curve goes on that turns there; beside: points of it, the first that is known counts."""
    for found in beside:
        if found is not None:
            shift = (found[-1] - point.u[-1]) / point.scale[-1]
            return int(np.sign(shift)) if abs(shift) > 1e-9 else 0
    return 0


def _lost(subject: Subject, point: Located, ahead: Array | None, behind: Array | None) -> int:
    """The side on which the trunk is unstable, if it is stable on the other; ahead, behind: points of it."""
    if subject.stability is None or ahead is None or behind is None:
        return 0
    base = np.array([point.bracket.lane.base] * 2)
    on, back = subject.stability(np.array([ahead, behind]), base, np.full((2, len(ahead)), 1e-12))
    return int(back) - int(on)


def same_direction(a: Array, b: Array, apart: float = 0.0) -> bool:
    """Whether two scaled unit tangents point the same way along the same curve. apart: cosine that tells the curves apart here."""
    return float((a * b).sum()) > max(_ALIKE, apart)
