"""Which fixed points are the same: a register of the distinct ones, told apart by a random projection.

With an odd transfer function and without input, x and -x are fixed points together and count as one pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meanfield.simulate.fixed_points.levenberg import Array

__all__ = ["FAILED", "ZERO", "Register", "outcomes_of"]

FAILED, ZERO = -1, -2
"""Outcomes of a start that are no number of a fixed point: no fixed point was reached; x = 0 was reached."""

_SAME = 1e-8  # squared distance below which two points are one; points are known to about 1e-14


class Register:
    """Distinct fixed points in the order in which they were found; `add` is all that changes it."""

    def __init__(self, N: int, symmetric: bool) -> None:
        self.symmetric = symmetric
        self.points: list[Array] = []
        self._direction = np.random.default_rng(20221).normal(size=N) / np.sqrt(N)
        self._cell = np.sqrt(_SAME) * max(float(np.linalg.norm(self._direction)), 1.0)
        self._cells: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self.points)

    def add(self, x: Array) -> int:
        """The number of the fixed point x (N,), which is entered if it is new; `ZERO` for x = 0."""
        if x @ x < _SAME:
            return ZERO
        along = float(self._direction @ x)
        if self.symmetric and along < 0:
            x, along = -x, -along
        cell = int(np.floor(along / self._cell))
        for near in (cell - 1, cell, cell + 1):
            for known in self._cells.get(near, ()):
                if self._same(x, self.points[known]):
                    return known
        self._cells.setdefault(cell, []).append(len(self.points))
        self.points.append(x)
        return len(self.points) - 1

    def restore(self, points: Array) -> None:
        """Enter points (K, N) that are known to be distinct, in their order."""
        for x in points:
            along = float(self._direction @ x)
            self._cells.setdefault(int(np.floor(along / self._cell)), []).append(len(self.points))
            self.points.append(x)

    def array(self, begin: int = 0) -> Array:
        """The points from number ``begin`` on, (K, N)."""
        return np.array(self.points[begin:]).reshape(-1, len(self._direction))

    def _same(self, x: Array, known: Array) -> bool:
        # Two partners whose projection nearly vanishes may have been given either sign.
        near = ((x - known) ** 2).sum() < _SAME
        return bool(near or (self.symmetric and ((x + known) ** 2).sum() < _SAME))


def outcomes_of(register: Register, reached: NDArray[np.bool_], points: Array) -> NDArray[np.int32]:
    """Outcome of each start of a block: the number of its fixed point, or `FAILED`, or `ZERO`."""
    out = np.full(len(reached), FAILED, dtype=np.int32)
    for i in np.flatnonzero(reached):
        out[i] = register.add(points[i])
    return out
