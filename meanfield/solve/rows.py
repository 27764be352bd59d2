"""What searches leave: roots and solutions of many parameter points, one per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.solve.problem import Array
from meanfield.solve.table import Table


@dataclass(frozen=True)
class Rows(Table):
    """Solutions, one per row: owner (Q,) parameter point, x (Q, n) working unknowns, error (Q, n) claimed, condition (Q,),
    residual (Q,) largest, status (Q,) codes, jacobian (Q, n, n)."""

    owner: Any
    x: Array
    error: Array
    condition: Array
    residual: Array
    status: Array
    jacobian: Array


@dataclass(frozen=True)
class Search:
    """rows: what was found. why: for points without a solution, a sentence each."""

    rows: Rows
    why: dict[int, str]


@dataclass(frozen=True)
class Found(Table):
    """Roots as a search leaves them, one per row: owner (Q,), x (Q, n), jacobian (Q, n, n) at x, or before a last step of relative
    size taken (Q,)."""

    owner: Any
    x: Array
    jacobian: Array
    taken: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "taken", np.broadcast_to(np.asarray(self.taken), self.owner.shape))


def without(points: Any, gone: Any) -> Any:
    """The points (indices, in order) that are not among those that are ``gone``."""
    return points[~np.isin(points, gone, kind="table")]


def padded(owner: Any, starts: Array, size: int) -> Array:
    """Starts (R, n) of their owners (R,) as (size, S, n), each point's own in order, padded with NaN."""
    counts = np.bincount(owner, minlength=size)
    table = np.full((size, int(counts.max(initial=0)), starts.shape[1]), np.nan)
    order = np.argsort(owner, kind="stable")
    rank = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner[order]]
    table[owner[order], rank] = starts[order]
    return table
