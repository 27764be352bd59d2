"""Where a branch begins."""

from __future__ import annotations

from dataclasses import dataclass

from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.solve.problem import Array

AT_BIRTH = 2e-3  # scaled length of the first step away from a branch point or junction


@dataclass(frozen=True, eq=False)
class Start:
    """A point of a curve: u (N,), parameters base (m,), and, where it begins in one direction only, the scaled unit tangent,
    or the sign with which the coordinate is to move. begins: why there is nothing before it; error (N,): its claim."""

    subject: Subject
    u: Array
    base: Array
    direction: Array | None = None
    towards: float | None = None
    begins: End | None = None
    first: float | None = None
    error: Array | None = None
