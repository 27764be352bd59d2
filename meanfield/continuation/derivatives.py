"""Second and third directional derivatives of the equations of a problem, in the unknowns and one parameter.

For a model they are exact: its expressions are differentiated (averages by Price's theorem or the score) and compiled.
Where a variance vanishes they are therefore the one-sided derivatives at that point; the extension of a problem beyond its
edges, which is only C^1, plays no part. For any other problem they are differences of its exact Jacobian, inside the domain
too, with an estimate of their error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

import numpy as np
import sympy as sp

from meanfield.averages.kinked import slope
from meanfield.compile import FINE, Kernel
from meanfield.continuation.differences import Differences
from meanfield.model import Model
from meanfield.solve.problem import Array, Problem


class Derivatives(Protocol):
    """Derivatives at one point (x (n,), p (m,)) in the space of the n unknowns and the parameter, n + 1 coordinates."""

    def first(self, x: Array, p: Array) -> Array:
        """(n, n + 1): F_x, and the derivative by the parameter as the last column."""
        ...

    def second(self, x: Array, p: Array, u: Array, v: Array) -> tuple[Array, Array]:
        """Second derivatives along pairs of directions u, v (K, n + 1): values (K, n), bounds on their errors (K, n)."""
        ...

    def third(self, x: Array, p: Array, v: Array) -> tuple[Array, Array]:
        """Third derivatives along directions v (K, n) of the unknowns: values and bounds (K, n)."""
        ...


def derivatives(problem: Problem, along: str) -> Derivatives:
    """Exact derivatives for a compiled model, differences of the Jacobian for other problems. along: the parameter's name.

    Raises ValueError if there is no such parameter, AttributeError if the problem has no derivative by its parameters.
    """
    if along not in problem.parameter_names:
        raise ValueError(f"no parameter {along!r}; the problem has {', '.join(problem.parameter_names) or 'none'}")
    if isinstance(problem, Kernel):
        return ModelDerivatives(problem, along)
    return Differences(problem, problem.parameter_names.index(along))


class ModelDerivatives:
    """Exact `Derivatives` of a compiled model: its partial derivatives, as far as the directions ask for them, contracted."""

    def __init__(self, kernel: Kernel, along: str) -> None:
        self.kernel, self.column = kernel.at(FINE), kernel.parameter_names.index(along)
        self._partials = _partials(kernel.model, along)

    def first(self, x: Array, p: Array) -> Array:
        x, p = self._point(x, p)
        _, jacobian = self.kernel.residual_jacobian(x, p)
        return np.column_stack([jacobian[0], self.kernel.parameter_derivative(x, p)[0, :, self.column]])

    def second(self, x: Array, p: Array, u: Array, v: Array) -> tuple[Array, Array]:
        return self._contracted(x, p, np.atleast_2d(u), np.atleast_2d(v))

    def third(self, x: Array, p: Array, v: Array) -> tuple[Array, Array]:
        v = np.atleast_2d(v)
        return self._contracted(x, p, v, v, v)

    def _point(self, x: Array, p: Array) -> tuple[Array, Array]:
        return np.maximum(np.atleast_2d(x), self.kernel.lower), np.atleast_2d(p)

    def _contracted(self, x: Array, p: Array, *directions: Array) -> tuple[Array, Array]:
        """Sum over the partial derivatives, those that all directions leave out not computed."""
        weights: dict[tuple[int, ...], Array] = {}
        for index in itertools.product(*(np.flatnonzero(d.any(axis=0)) for d in directions)):
            share = np.prod([d[:, i] for d, i in zip(directions, index, strict=True)], axis=0)
            key = tuple(sorted(int(i) for i in index))
            weights[key] = weights.get(key, 0.0) + share
        n = len(self.kernel.unknowns)
        value, error = (np.zeros((len(directions[0]), n)) for _ in range(2))
        if weights:
            found = self.kernel.quantities(self._partials.get(weights), *self._point(x, p))
            entries, bounds = (array[0].reshape(-1, n) for array in found)
            table = np.stack(list(weights.values()), axis=1)
            with np.errstate(invalid="ignore", over="ignore"):  # no derivative, at an edge of the domain
                value, error = table @ entries, np.abs(table) @ bounds
        return value, error


class _Partials:
    """Partial derivatives of a model's equations by the unknowns and one parameter, each differentiated once."""

    def __init__(self, model: Model, along: str) -> None:
        self.coordinates = [*model.unknowns, next(s for s in model.parameters if s.name == along)]
        self._known: dict[tuple[int, ...], tuple[sp.Expr, ...]] = {(): model.residuals}

    def get(self, indices: Iterable[tuple[int, ...]]) -> tuple[sp.Expr, ...]:
        """All equations' derivatives by the coordinates of one (sorted) index after the other."""
        return tuple(e for index in indices for e in self._derivative(index))

    def _derivative(self, index: tuple[int, ...]) -> tuple[sp.Expr, ...]:
        if index not in self._known:
            symbol = self.coordinates[index[-1]]
            self._known[index] = tuple(slope(e, symbol) for e in self._derivative(index[:-1]))
        return self._known[index]


@lru_cache(maxsize=64)
def _partials(model: Model, along: str) -> _Partials:
    return _Partials(model, along)
