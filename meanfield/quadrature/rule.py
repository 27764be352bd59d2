"""The record of one quadrature rule for the standard normal measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rule:
    """Nodes and weights with ``int Dz f(z) ~ sum_i weights_i f(nodes_i)``.

    ``nodes`` and ``weights`` are read-only arrays of shape (n,); shared through caches: copy before writing.
    The weights contain the normal density.
    """

    nodes: Array
    weights: Array

    def __post_init__(self) -> None:
        for array in (self.nodes, self.weights):
            array.setflags(write=False)

    def __len__(self) -> int:
        return int(self.nodes.size)

    def average(self, values: Array) -> Array:
        """Average of ``values`` (..., n) taken at the nodes: shape (...)."""
        return np.asarray(values, dtype=float) @ self.weights
