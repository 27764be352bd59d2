"""Where curves cross the lines of the grid: exact points of the curves, solved for in their own equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.corrector import correct
from meanfield.continuation.curve import scale_at
from meanfield.continuation.points import refined
from meanfield.diagram.grid import Plane
from meanfield.solve.problem import Array

if TYPE_CHECKING:
    from meanfield.diagram.curves import Curve

__all__ = ["Crossing", "at_line", "crossings"]

_AT_END = 1e-9  # relative: a curve that ends this close to a line reaches it
_FAR = 0.1  # scaled: a crossing that ends up this far from where interpolation sees it is another one


@dataclass(frozen=True, eq=False)
class Crossing:
    """curve: its number. axis 0: it crosses row ``line`` of the grid (x moves along it), 1: column ``line``; at: where along that.
    unknowns: of the condition's model there, working ones by name."""

    curve: int
    axis: int
    line: int
    at: float
    unknowns: dict[str, float]

    def place(self, plane: Plane) -> tuple[float, float]:
        """(x, y)."""
        held = float((plane.y, plane.x)[self.axis][self.line])
        return (self.at, held) if self.axis == 0 else (held, self.at)


def crossings(number: int, curve: Curve, plane: Plane) -> list[Crossing]:
    """All places at which a curve crosses rows and columns of the grid."""
    branch = curve.branch
    if branch is None or len(curve.path) < 2:
        return []
    where, guesses = _guesses(curve.path, plane)
    if not where:
        return []
    u, _ = _exact(branch, guesses, np.array([axis for axis, _ in where]))
    names = branch.subject.curve.problem.names
    out = []
    for (axis, line), row in zip(where, u, strict=True):
        at = float(row[-1] if axis == 0 else row[-2])
        out.append(Crossing(number, axis, line, at, dict(zip(names, row[:-1].tolist(), strict=True))))
    return out


def at_line(branch: Branch, path: Array, axis: int, value: float) -> tuple[Array, Array]:
    """The points (K, N) of a traced curve where x (axis 0) or y (1) has a value, and their errors, inf where they are not exact.

    path (m, N): a line through the curve, fine enough to show where it crosses.
    """
    held = np.array([value])
    plane = Plane(("", ""), held, np.zeros(0)) if axis == 0 else Plane(("", ""), np.zeros(0), held)
    where, guesses = _guesses(path, plane)
    column = -1 if axis == 0 else -2
    ends = [u for u in path[[0, -1]] if abs(u[column] - value) <= _AT_END * max(1.0, abs(value))]
    rows = np.array([*guesses, *(u for u in ends if not any(np.allclose(u, g, rtol=_AT_END, atol=_AT_END) for g in guesses))])
    if not len(rows):
        return np.zeros((0, path.shape[1])), np.zeros((0, path.shape[1]))
    rows[:, column] = value
    return _exact(branch, rows, np.full(len(rows), 1 - axis))


def _guesses(path: Array, plane: Plane) -> tuple[list[tuple[int, int]], Array]:
    """(axis, line) of every crossing that the smooth line through a curve's points shows, and the interpolated unknowns."""
    where, found = [], []
    for axis, held in ((0, plane.y), (1, plane.x)):
        column = -2 if axis == 0 else -1
        values = path[:, column]
        for line, value in enumerate(held):
            beyond = values > value
            for k in np.flatnonzero(beyond[1:] != beyond[:-1]):
                share = (value - values[k]) / (values[k + 1] - values[k])
                guess = path[k] + share * (path[k + 1] - path[k])
                guess[column] = value
                where.append((axis, line))
                found.append(guess)
    return where, np.array(found)


def _exact(branch: Branch, guesses: Array, axes: Array) -> tuple[Array, Array]:
    """The points of the curve on the grid's lines next to the guesses, and their errors; a guess itself where there is none."""
    subject = branch.subject
    scale = scale_at(guesses, subject.floor)
    base = np.repeat(branch.base[None], len(guesses), axis=0)
    normal = np.zeros_like(guesses)
    normal[np.arange(len(guesses)), np.where(axes == 0, -2, -1)] = 1.0
    done = correct(subject.curve, base, guesses, normal, scale, max_iterations=10)
    far = np.max(np.abs((done.u - guesses) / scale), axis=1, keepdims=True)
    at = np.where((far < _FAR) & done.converged[:, None], done.u, guesses)
    out, error = refined(subject, at, normal, scale, base)
    known = np.isfinite(np.max(error, axis=1, keepdims=True))
    return np.where(known, out, at), np.where(known & (far < _FAR), error, np.inf)
