"""Where a branch begins."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meanfield.continuation.curve import scale_at
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import Located
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject, room
from meanfield.continuation.walk import rescaled
from meanfield.solve.problem import Array

_AT_BIRTH = 2.0  # the first step away from a branch point or junction, in units of how far one may look there


@dataclass(frozen=True, eq=False)
class Start:
    """A point of a curve: u (N,), parameters base (m,), and, where it begins in one direction only, the scaled unit tangent,
    or the sign with which the coordinate is to move. begins: why there is nothing before it; error (N,): its claim. passes: the
    branch point that it is, if the curve is to be followed both ways along ``direction``."""

    subject: Subject
    u: Array
    base: Array
    direction: Array | None = None
    towards: float | None = None
    begins: End | None = None
    first: float | None = None
    error: Array | None = None
    passes: Located | None = None


def birth(subject: Subject, u: Array, base: Array, way: Array, error: Array | None) -> Start:
    """The start that leaves a branch point or junction along the scaled unit tangent ``way`` (N,)."""
    first = _AT_BIRTH * room(subject, u, way * scale_at(u, subject.floor))
    return Start(subject, u, base, way, None, End.JOINED, first, error)


def passage(subject: Subject, u: Array, base: Array, way: Array, point: Located) -> Start:
    """The start of the curve that passes a branch point in both directions of the scaled unit tangent ``way`` (N,)."""
    first = min(birth(subject, u, base, sign * way, None).first or 0.0 for sign in (1.0, -1.0))
    scale = scale_at(u, subject.floor)
    bracket = replace(point.bracket, lane=Lane(base, [u], [way], [scale]), at=0)
    here = replace(point, bracket=bracket, tangent=rescaled(way, scale, point.scale), place=0.0)
    return Start(subject, u, base, way, None, None, first, point.error, here)
