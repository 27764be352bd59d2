"""What searches leave: roots and solutions of many parameter points, one per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from meanfield.solve.problem import Array, rows_of


@dataclass(frozen=True)
class Rows:
    """Solutions, one per row: owner (Q,) parameter point, x (Q, n) working unknowns, error (Q, n) claimed, condition (Q,),
    residual (Q,) largest, status (Q,) codes, jacobian (Q, n, n)."""

    owner: Any
    x: Array
    error: Array
    condition: Array
    residual: Array
    status: Array
    jacobian: Array

    def take(self, rows: Any) -> Rows:
        return Rows(**{f.name: rows_of(getattr(self, f.name), rows) for f in fields(self)})

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


@dataclass(frozen=True)
class Search:
    """rows: what was found. why: for points without a solution, a sentence each."""

    rows: Rows
    why: dict[int, str]


@dataclass(frozen=True)
class Found:
    """Roots as a search leaves them, one per row: owner (Q,), x (Q, n), jacobian (Q, n, n) at x, or before a last step of relative
    size taken (Q,)."""

    owner: Any
    x: Array
    jacobian: Array
    taken: Any = 0.0

    def take(self, rows: Any) -> Found:
        """The rows that an index array or a mask selects."""
        taken = np.broadcast_to(np.asarray(self.taken), self.owner.shape)
        return Found(*(rows_of(a, rows) for a in (self.owner, self.x, self.jacobian, taken)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All rows, in order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


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
