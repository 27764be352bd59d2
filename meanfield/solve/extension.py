"""Iterates may cross an edge of the domain: the odd C^1 extension of a problem beyond its lower edges.

A function of a variance is continued by F(-d) := 2 F(0) - F(d) (THEORY, part E), for the iterates of a solver and
for the location of events only. Value and slope are continuous, so Newton converges quadratically to a root *on* the
edge from either side. Where several coordinates are outside, the rule is applied to one after the other: with S the
set of outside coordinates,

    F = sum over Z subset of S of 2^|Z| (-1)^|S \\ Z| F(coordinates in Z on the edge, those in S \\ Z mirrored).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from meanfield.solve.edges import WithLimits
from meanfield.solve.problem import Array, Problem


class ExtendedProblem:
    """`problem`, defined also below the lower edges of its unknowns. Points inside cost nothing extra."""

    def __init__(self, problem: Problem) -> None:
        self.problem = WithLimits(problem)
        self.names, self.parameter_names = problem.names, problem.parameter_names
        self.lower: Array = np.asarray(problem.lower, dtype=float)

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n) residual, extended."""
        return self._extend(self.problem.residual, x, p)

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) residual and (P, n, n) Jacobian, extended: the exact derivative of the extension."""
        outside = x < self.lower
        if not outside.any():
            return self.problem.residual_jacobian(x, p)
        rows = np.flatnonzero(outside.any(axis=1))
        pieces = [(part[chosen], rows[chosen], edge) for part, chosen, edge in self._pieces(outside[rows])]
        held = [self._mirror(x[where], edge) for _, where, edge in pieces]
        every = np.concatenate([p, *(p[where] for _, where, _ in pieces)])
        values, jacobians = self.problem.residual_jacobian(np.concatenate([self._mirror(x), *held]), every)
        value, jacobian = np.array(values[: len(x)]), np.array(jacobians[: len(x)])
        sign = _parity(outside[rows])
        value[rows] *= sign[:, None]
        jacobian[rows] *= sign[:, None, None] * np.where(outside[rows], -1.0, 1.0)[:, None, :]
        stop = len(x)
        for factor, where, edge in pieces:
            start, stop = stop, stop + len(where)
            value[where] += factor[:, None] * values[start:stop]
            # A coordinate held on the edge contributes no slope (and its slope there need not exist); a mirrored
            # one contributes its slope with the sign of the mirror.
            slope = np.where(edge, 0.0, np.where(outside[where], -1.0, 1.0))
            with np.errstate(invalid="ignore"):  # an infinite slope times zero is left out
                part = factor[:, None, None] * slope[:, None, :] * jacobians[start:stop]
            jacobian[where] += np.where(slope[:, None, :] == 0.0, 0.0, part)
        return value, jacobian

    def parameter_derivative(self, x: Array, p: Array) -> Array:
        """(P, n, m) derivative by the parameters, extended like a value. AttributeError if the problem has none."""
        return self._extend(self.problem.parameter_derivative, x, p)

    def claims(self, x: Array, p: Array) -> Array:
        """(P, n) bound on the error of the extended residual: the pieces' claims add up."""
        return self._extend(self.problem.claims, x, p, absolute=True)

    def _extend(self, function: Callable[[Array, Array], Array], x: Array, p: Array, *, absolute: bool = False) -> Array:
        outside = x < self.lower
        if not outside.any():
            return function(x, p)
        value = np.array(function(self._mirror(x), p))
        tail = (1,) * (value.ndim - 1)
        rows = np.flatnonzero(outside.any(axis=1))
        if not absolute:
            value[rows] *= _parity(outside[rows]).reshape(-1, *tail)
        for part, chosen, edge in self._pieces(outside[rows]):
            where, factor = rows[chosen], part[chosen]
            factor = np.abs(factor) if absolute else factor
            value[where] += factor.reshape(-1, *tail) * function(self._mirror(x[where], edge), p[where])
        return value

    def _mirror(self, x: Array, edge: NDArray[np.bool_] | None = None) -> Array:
        """Outside coordinates mirrored at the edge, or put on it where `edge` is true."""
        floor = np.where(np.isfinite(self.lower), self.lower, 0.0)
        mirrored = np.where(x < self.lower, 2 * floor - x, x)
        return mirrored if edge is None else np.where(edge, floor, mirrored)

    @staticmethod
    def _pieces(outside: NDArray[np.bool_]) -> Iterator[tuple[Array, NDArray[np.intp], NDArray[np.bool_]]]:
        """For every non-empty set Z of coordinates: the factor of each row, the rows whose S contains Z, and Z."""
        used = np.flatnonzero(outside.any(axis=0))
        for size in range(1, len(used) + 1):
            for held in combinations(used.tolist(), size):
                chosen = np.flatnonzero(outside[:, held].all(axis=1))
                if chosen.size == 0:
                    continue
                edge = np.zeros((1, outside.shape[1]), dtype=bool)
                edge[0, list(held)] = True
                yield 2.0**size * (-1.0) ** (outside.sum(axis=1) - size), chosen, edge


def _parity(outside: NDArray[np.bool_]) -> Array:
    return np.where(outside.sum(axis=1) % 2 == 0, 1.0, -1.0)


def extended(problem: Problem) -> Problem:
    """`problem` itself if it has no lower edge (or is extended already), else its extension."""
    if isinstance(problem, ExtendedProblem) or not np.isfinite(problem.lower).any():
        return problem
    return ExtendedProblem(problem)
