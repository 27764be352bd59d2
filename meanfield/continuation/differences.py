"""Higher derivatives of a problem that only has a Jacobian: differences of it along a line, with an estimate of their error."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from meanfield.solve.problem import EPS, Array, Problem

_STEP, _EDGE_STEP = 0.02, 0.004  # between the points of a stencil, relative to the size of the coordinates
_CENTRAL, _FEWER = (-3, -2, -1, 0, 1, 2, 3), (-2, -1, 0, 1, 2)
_ONE_SIDED = (0, 1, 2, 3, 4, 5, 6)
_NOISE = 16.0  # rounding of a Jacobian's entries, in units of their last digit


class Differences:
    """`meanfield.continuation.derivatives.Derivatives` by seven-point differences of ``[F_x, F_p]``.

    What a formula of five points (one-sided: six) gives differently, and the rounding of the Jacobian, are the stated
    error. Stencils stay inside the domain: one-sided at its edges.
    """

    def __init__(self, problem: Problem, column: int) -> None:
        self.problem, self.column = problem, column

    def first(self, x: Array, p: Array) -> Array:
        """(n, n + 1)."""
        return self._jacobians(np.atleast_2d(x), np.atleast_2d(p))[0]

    def second(self, x: Array, p: Array, u: Array, v: Array) -> tuple[Array, Array]:
        """``d/dt [F_x, F_p](y + t u) v`` at t = 0."""
        pairs = [self._along_line(x, p, a, b, 1) for a, b in zip(np.atleast_2d(u), np.atleast_2d(v), strict=True)]
        return np.array([value for value, _ in pairs]), np.array([error for _, error in pairs])

    def third(self, x: Array, p: Array, v: Array) -> tuple[Array, Array]:
        """``d^2/dt^2 [F_x, F_p](y + t v) v`` at t = 0, v in the space of the unknowns."""
        wide = [np.append(a, 0.0) for a in np.atleast_2d(v)]
        pairs = [self._along_line(x, p, a, a, 2) for a in wide]
        return np.array([value for value, _ in pairs]), np.array([error for _, error in pairs])

    def _along_line(self, x: Array, p: Array, line: Array, v: Array, order: int) -> tuple[Array, Array]:
        if not line.any():
            return np.zeros(len(x)), np.zeros(len(x))
        sizes = np.maximum(1.0, np.abs(np.append(x, p[self.column])))
        unit = 1.0 / float(np.max(np.abs(line) / sizes))
        nodes, fewer = self._nodes(x, line[:-1] * unit)
        h = unit * (_STEP if nodes == _CENTRAL else _EDGE_STEP)
        t = h * np.array(nodes, dtype=float)
        points = np.asarray(x) + t[:, None] * line[None, :-1]
        parameters = np.repeat(np.atleast_2d(p), len(t), axis=0)
        parameters[:, self.column] += t * line[-1]
        jacobians = self._jacobians(points, parameters)
        values, sizes = jacobians @ v, np.abs(jacobians) @ np.abs(v)
        best, other = (_weights(chosen, order) / h**order for chosen in (nodes, fewer))
        inside = [nodes.index(k) for k in fewer]
        value = best @ values
        rounding = _NOISE * EPS * (np.abs(best) @ sizes)
        return value, np.abs(value - other @ values[inside]) + rounding

    def _nodes(self, x: Array, line: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The stencil around, or on one side of, x that stays in the domain."""
        lower = self.problem.lower
        if (x - _CENTRAL[-1] * _STEP * np.abs(line) >= lower).all():
            return _CENTRAL, _FEWER
        reach = _ONE_SIDED[-1] * _EDGE_STEP * line
        sides = [sign for sign in (1, -1) if (x + sign * reach >= np.minimum(lower, x)).all()]
        if not sides:
            raise ValueError("a direction leaves the domain on both sides; its derivatives cannot be taken along one line")
        nodes = tuple(sides[0] * k for k in _ONE_SIDED)
        return nodes, nodes[:-1]

    def _jacobians(self, x: Array, p: Array) -> Array:
        """(P, n, n + 1)."""
        _, jacobian = self.problem.residual_jacobian(x, p)
        by_parameter = self.problem.parameter_derivative(x, p)[:, :, self.column]  # type: ignore[attr-defined]
        return np.concatenate([jacobian, by_parameter[:, :, None]], axis=2, dtype=np.float64)


@lru_cache(maxsize=32)
def _weights(nodes: tuple[int, ...], order: int) -> Array:
    """Weights of a finite difference of the given order at 0, exact for polynomials of degree len(nodes) - 1."""
    powers = np.vander(np.array(nodes, dtype=float), increasing=True).T
    wanted = np.zeros(len(nodes))
    wanted[order] = 1.0 if order == 1 else 2.0
    return np.asarray(np.linalg.solve(powers, wanted), dtype=float)
