"""A lane: one walk along a curve in one direction, as what is remembered of its points."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from meanfield.continuation.stops import End
from meanfield.solve.problem import Array

LISTS = ("u", "tangent", "scale", "determinant", "ahead")  # what a lane remembers of every point


@dataclass(eq=False)
class Lane:
    """u, tangent (scaled), scale: lists of (N,), point by point; determinant: of the bordered system, which changes its
    sign at branch points; ahead: the step to be tried after each point (NaN: the point was put in between later). base (m,):
    parameters. ``beyond``: the last point lies outside of the window or of the domain. born: whether it starts at a branch
    point or junction, of which ``start_error`` (N,) is the claim. weight (n,): sizes of the rows of the Jacobian at the start.
    stands: the branch point (`Located`) that the start is, if it is one. twin: the lane that leaves the same start in the other
    direction. slow: the longest step that is allowed until the length ``slow_until`` is reached."""

    base: Array
    u: list[Array] = field(default_factory=list)
    tangent: list[Array] = field(default_factory=list)
    scale: list[Array] = field(default_factory=list)
    determinant: list[float] = field(default_factory=list)
    ahead: list[float] = field(default_factory=list)
    step: float = 0.0
    length: float = 0.0
    end: End | None = None
    beyond: bool = False
    born: bool = False
    start_error: Array | None = None
    weight: Array = field(default_factory=lambda: np.ones(1))
    stands: Any = None
    twin: Lane | None = field(default=None, repr=False)
    slow: float = np.inf
    slow_until: float = -np.inf

    def points(self) -> Array:
        """(L, N)."""
        return np.array(self.u)

    def latest(self) -> tuple[Array, ...]:
        """u, tangent and scale of the last point, and those of the one before: the start again, where there is only one."""
        k = max(-2, -len(self.u))
        return self.u[-1], self.tangent[-1], self.scale[-1], self.u[k], self.tangent[k], self.scale[k]

    def stride(self, at: int) -> float:
        """The scaled length of the step from the point ``at``."""
        return distance(self.u[at], self.u[at + 1], self.scale[at])

    @property
    def closed(self) -> bool:
        """Whether it goes all the way round to where it began (its twin ends there and then, somewhere)."""
        return self.end is End.CLOSED and bool((self.u[-1] == self.u[0]).all())

    @property
    def behind(self) -> int:
        """The number of the point that the last step was walked from."""
        return max(k for k, ahead in enumerate(self.ahead[:-1]) if isfinite(ahead))

    @property
    def walked(self) -> int:
        """How many points were walked to; the others were put in between."""
        return sum(map(isfinite, self.ahead))

    def append(self, u: Array, tangent: Array, scale: Array, determinant: float) -> None:
        """A further point, from which the next step is to be as long as the lane's is now."""
        self.u.append(u)
        self.tangent.append(tangent)
        self.scale.append(scale)
        self.determinant.append(determinant)
        self.ahead.append(self.step)

    def cut(self, size: int) -> None:
        """Forget all points but the first ``size``."""
        for name in LISTS:
            del getattr(self, name)[size:]
        self.step = next(ahead for ahead in reversed(self.ahead) if isfinite(ahead))

    def unfill(self) -> None:
        """Forget what was put into the last step."""
        for name in LISTS:
            del getattr(self, name)[self.behind + 1 : -1]

    def back(self, at: int, step: float) -> None:
        """Return to the point ``at`` and go on in steps no longer than ``step``, until twice as far as the next point was. A twin
        that ended because this lane came round goes on, too: perhaps it does not come round."""
        if self.closed and self.twin is not None and not self.twin.closed:
            self.twin.end = None
        lost = sum(distance(a, b, s) for a, b, s in zip(self.u[at:], self.u[at + 1 :], self.scale[at:], strict=False))
        jump = self.stride(at)
        self.cut(at + 1)
        self.length -= lost
        self.ahead[-1] = step
        self.step, self.slow, self.slow_until = step, step, self.length + 2 * jump
        self.end, self.beyond = None, False

    def again(self) -> Lane:
        """A lane that goes on from the last point as if this one had not ended."""
        walked = [k for k, ahead in enumerate(self.ahead) if np.isfinite(ahead)]  # the others were put in between later
        copy = replace(self, step=self.ahead[walked[-1]], length=0.0, end=None, beyond=False)
        for name in LISTS:
            setattr(copy, name, [getattr(self, name)[k] for k in walked])
        for before, u, scale in zip(copy.u, copy.u[1:], copy.scale, strict=False):
            copy.length += distance(before, u, scale)
        return copy


def distance(a: Array, b: Array, scale: Array) -> float:
    """Between two points (N,), scaled."""
    return float(np.sqrt((((b - a) / scale) ** 2).sum()))
