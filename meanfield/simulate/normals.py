"""Standard normal numbers for steps with white noise, a block at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

__all__ = ["BLOCK", "Normals"]

Array = Any

BLOCK = 16384
"""Numbers that are made together; the stream holds 16 bytes for each."""


class Normals:
    """A stream of independent standard normal numbers in float32 or float64, a function of the generator alone: ``normals(out)``
    writes the next ones into ``out``, contiguous and of any size.

    In float64 they are the generator's own. In single precision pairs of them come of 32 random bits for the angle and 32 for the
    radius (G. E. P. Box & M. E. Muller, Ann. Math. Statist. 29, 610 (1958)): logarithm and sine of whole arrays take a third of
    the time of the generator's rejections there (in double precision they take twice as long). Nothing is larger than 6.8.
    """

    def __init__(self, rng: Generator, dtype: Any) -> None:
        self._rng = rng
        self._block = np.empty(BLOCK, dtype)
        self._taken = BLOCK
        self._fill = self._pairs if self._block.dtype == np.float32 else self._direct
        self._radius, self._angle = np.empty((2, BLOCK // 2), np.float32)

    def __call__(self, out: Array) -> None:
        flat, end = out.reshape(-1), self._taken + out.size
        if end <= BLOCK:
            flat[:] = self._block[self._taken : end]
            self._taken = end
            return
        done = 0
        while done < flat.size:
            if self._taken == BLOCK:
                self._fill()
                self._taken = 0
            end = min(self._taken + flat.size - done, BLOCK)
            many = end - self._taken
            flat[done : done + many] = self._block[self._taken : end]
            done, self._taken = done + many, end

    def _direct(self) -> None:
        self._rng.standard_normal(out=self._block, dtype=self._block.dtype)

    def _pairs(self) -> None:
        bits = self._rng.integers(0, 1 << 64, BLOCK // 2, dtype=np.uint64)  # raw words have 32 bits in some generators
        radius, angle = self._radius, self._angle
        first, second = self._block[: len(radius)], self._block[len(radius) :]
        np.multiply(bits.view(np.uint32)[: len(radius)], 2.0**-32, out=radius, dtype=np.float32, casting="unsafe")
        np.add(radius, 2.0**-33, out=radius)
        np.log(radius, out=radius)
        np.multiply(radius, -2.0, out=radius)
        np.sqrt(radius, out=radius)
        np.multiply(bits.view(np.int32)[len(radius) :], np.pi * 2.0**-31, out=angle, dtype=np.float32, casting="unsafe")
        np.multiply(np.cos(angle, out=first), radius, out=first)
        np.multiply(np.sin(angle, out=second), radius, out=second)
