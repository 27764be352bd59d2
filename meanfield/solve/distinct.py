"""Which of many converged iterates are the same root?

No fixed tolerance decides. Iterates that lie farther apart than their claimed errors are different roots. Two zeros a, b of
a smooth residual satisfy (J(a) + J(b)) (b - a) ~ 0 (trapezoid rule along the line between them), while for one root found
twice J(a) = J(b) up to noise. So the Jacobians tell a close pair near a fold from one root; where they cannot (a degenerate
root), the claimed errors do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meanfield.solve.claims import claim
from meanfield.solve.problem import Array, Problem, rounding_claims
from meanfield.solve.table import Table

_CLOSE = 1e-5  # relative distance below which the Jacobians are compared
_NEIGHBOUR = 1e-2  # relative distance below which claimed errors may identify two iterates
_EXPLAINED, _NOISE = 2.0, 1e-11  # claims, and relative distance, that may lie between two iterates to the same root
_SMALL = 1e-3  # size of all unknowns that tells of a small unit, in which residuals are measured too
_QUANTUM = 1e-7  # relative grid on which roots are sorted, so that noise in a coordinate does not change their order

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Candidates(Table):
    """Converged iterates: owner (Q,) point of each, x (Q, n), r (Q, n), jacobian (Q, n, n), p (Q, m), scale (Q, n)."""

    owner: Rows
    x: Array
    r: Array
    jacobian: Array
    p: Array
    scale: Array

    @property
    def extent(self) -> Array:
        """|x| + scale."""
        return np.abs(self.x) + self.scale


def representatives(problem: Problem, candidates: Candidates, known: int = 0, error: Array | None = None) -> Rows:
    """Rows of `candidates`, one for each distinct root of each point.

    The first `known` rows are distinct already and take precedence; among the others the one with the smallest
    residual represents a root, or the one with the smallest ``error`` (Q, n) if that is known. The order of the rows beyond the
    known ones does not matter.
    """
    c = candidates
    weight = np.abs(c.jacobian * c.extent[:, None, :]).sum(axis=2)
    with np.errstate(all="ignore"):
        quality = np.nan_to_num((np.abs(c.r) / weight).max(axis=1), nan=np.inf)
    quality[(c.r == 0.0).all(axis=1)] = 0.0  # whatever the Jacobian there, which may not be finite
    if error is not None:
        quality = error.max(axis=1, initial=0.0)
    new = np.arange(len(c.owner)) >= known
    order = np.lexsort((*c.x.T[::-1], np.where(new, quality, 0.0), new, c.owner))
    chosen: list[Rows] = []
    while order.size:
        owner = c.owner[order]
        first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        leader = np.repeat(order[first], np.diff(np.concatenate([first, [order.size]])))
        chosen.append(order[first])
        others = order != leader
        order, leader = order[others], leader[others]
        order = order[~_same(problem, c, leader, order, error)]
    rows = np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, dtype=np.intp)
    return rows


def _same(problem: Problem, c: Candidates, a: Rows, b: Rows, error: Array | None) -> NDArray[np.bool_]:
    """Are rows a[k] and b[k] the same root? Those that lie farther apart than all ``error`` (Q, n) explains, if it is known, are
    not: next to a pitchfork rough Jacobians cannot tell."""
    distance = c.x[b] - c.x[a]
    relative = (np.abs(distance) / np.maximum(c.extent[a], c.extent[b])).max(axis=1)
    same = relative == 0.0
    near = (relative <= _NEIGHBOUR) & ~same
    if error is not None:
        extent = np.maximum(c.extent[a], c.extent[b])
        near &= (np.abs(distance) <= _EXPLAINED * (error[a] + error[b]) + _NOISE * extent).all(axis=1)
    pairs = np.flatnonzero(near)
    if pairs.size == 0:
        return same
    i, j, d = a[pairs], b[pairs], distance[pairs][:, None, :]
    with np.errstate(all="ignore"):
        rows = np.maximum(np.abs(c.jacobian[i] * c.extent[i][:, None, :]).sum(axis=2), 1e-300)
        mean = (np.abs(((c.jacobian[i] + c.jacobian[j]) * d).sum(axis=2)) / rows).max(axis=1)
        change = (np.abs(((c.jacobian[i] - c.jacobian[j]) * d).sum(axis=2)) / rows).max(axis=1)
    regular = (relative[pairs] <= _CLOSE) & (mean > 0.5 * change)
    same[pairs[regular]] = True
    unsure = pairs[~regular]
    if unsure.size:
        reach = _error(problem, c.take(a[unsure])) + _error(problem, c.take(b[unsure]))
        same[unsure] = (np.abs(distance[unsure]) <= reach).all(axis=1)
    return same


def _error(problem: Problem, c: Candidates) -> Array:
    """Error of each candidate as a zero of the *computed* residual: rounding only, not the quadrature's claim."""
    largest = c.scale.max(axis=1, keepdims=True)
    unit = np.where(largest < _SMALL, largest, 1.0)
    bound = rounding_claims(problem, c.x, c.p, c.r, c.jacobian, unit)
    return claim(problem, c.p, c.x, scale=c.scale, evaluated=(c.r, c.jacobian), bound=bound).error


def canonical_order(owner: Rows, x: Array, scale: Array) -> Rows:
    """Rows sorted by point, then by the unknowns in turn, ascending."""
    grid = np.round(x / (_QUANTUM * scale)) + 0.0
    return np.lexsort((*x.T[::-1], *grid.T[::-1], owner))
