"""The stiffness W along the fall of an autocovariance, at nodes that resolve it, and from there at any others.

W is steep near r = 1 only as far as the transfer function makes it. What a weak kick of noise does to the motion may be far
steeper and needs nodes of its own; W is not asked for again there but read off the polynomial through its own nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from meanfield.dynamics.nodes import Array, Nodes
from meanfield.dynamics.stiffness import Stiffness

if TYPE_CHECKING:
    from meanfield.dynamics.descent import Given


@dataclass(frozen=True)
class Well:
    """W (P, n) at the nodes, at the end of the fall (P,), and their derivatives (Q, P, n), (Q, P) by the arguments of `Given`:
    zeros unless they were asked for. rounding: the sum of the absolute values of the terms of W, at its largest (P,)."""

    nodes: Nodes
    W: Array
    end: Array
    dW: Array
    dend: Array
    rounding: Array

    @classmethod
    def of(cls, stiffness: Stiffness, given: Given, grid: Nodes, level: int, slopes: bool) -> Well:
        r = np.append(grid.r, 0.0)
        covariances = given.end[:, None] + (given.start - given.end)[:, None] * r
        values = stiffness(covariances, given.symbols, level, slopes=slopes)
        W, size, moved = values[0], values[-1], values[1:-1]
        dW = np.zeros((0, *W.shape))
        if slopes:
            dW = np.stack([moved[0] * r, moved[0] * (1 - r), np.zeros_like(W), *moved[1:]])
        return cls(grid, W[:, :-1], W[:, -1], dW[..., :-1], dW[..., -1], size.max(axis=1))

    def take(self, at: Array) -> Well:
        return Well(self.nodes, self.W[at], self.end[at], self.dW[:, at], self.dend[:, at], self.rounding[at])

    def on(self, grid: Nodes) -> tuple[Array, Array]:
        """W and its derivatives at the nodes of ``grid``."""
        if grid is self.nodes:
            return self.W, self.dW
        table = between(self.nodes, grid)
        return self.W @ table, self.dW @ table


@lru_cache(maxsize=256)
def between(source: Nodes, target: Nodes) -> Array:
    """Values at nodes times it are values at others."""
    return np.ascontiguousarray(source.interpolated(np.eye(source.z.size), np.sqrt(target.x)[None]))
