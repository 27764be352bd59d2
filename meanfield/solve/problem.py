"""The small protocol that solvers and continuation accept, and an adapter for hand-written callables.

All arrays are float64 with the points on the leading axis. A problem may return NaN for single points; solvers cope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@runtime_checkable
class Problem(Protocol):
    """``residual(x, p) = 0`` in n unknowns with m parameters, for P points at once.

    Optional methods are used when present: ``claims(x, p) -> (P, n)``, a bound on the error of the residual
    (quadrature and rounding; missing: rounding only, estimated), ``parameter_derivative(x, p) -> (P, n, m)``, and, by
    continuation, ``dynamics(x, p) -> (P, n, n)``, the Jacobian of the time derivatives of the unknowns.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the n unknowns."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the m parameters."""
        ...

    @property
    def lower(self) -> Array:
        """(n,) lower edge of the domain of each unknown, ``-inf`` where there is none."""
        ...

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n), (P, m) -> (P, n)."""
        ...

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n), (P, m) -> (P, n), (P, n, n); the Jacobian is exact: ``[k, i, j] = d residual_i / d x_j``."""
        ...


ArrayFunction = Callable[[Array, Array], ArrayLike]


class FunctionProblem:
    """A `Problem` made of plain callables ``f(x (P, n), p (P, m))``.

    residual returns (P, n), jacobian (P, n, n), claims (P, n), parameter_derivative (P, n, m); dynamics (P, n, n) is the
    Jacobian of the unknowns' time derivatives, whose eigenvalues decide stability and Hopf points on a branch.
    """

    def __init__(
        self,
        residual: ArrayFunction,
        jacobian: ArrayFunction,
        names: Sequence[str],
        parameter_names: Sequence[str] = (),
        *,
        lower: ArrayLike = -np.inf,
        claims: ArrayFunction | None = None,
        parameter_derivative: ArrayFunction | None = None,
        dynamics: ArrayFunction | None = None,
    ) -> None:
        self.names = tuple(names)
        self.parameter_names = tuple(parameter_names)
        self.lower: Array = np.broadcast_to(np.asarray(lower, dtype=float), (len(self.names),)).copy()
        self._residual = residual
        self._jacobian = jacobian
        if claims is not None:
            self.claims = _returning_arrays(claims)
        if parameter_derivative is not None:
            self.parameter_derivative = _returning_arrays(parameter_derivative)
        if dynamics is not None:
            self.dynamics = _returning_arrays(dynamics)

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n) residual."""
        return np.asarray(self._residual(x, p), dtype=float)

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) residual and its (P, n, n) Jacobian."""
        return self.residual(x, p), np.asarray(self._jacobian(x, p), dtype=float)


def _returning_arrays(function: ArrayFunction) -> Callable[[Array, Array], Array]:
    return lambda x, p: np.asarray(function(x, p), dtype=float)


def points_of(problem: Problem, p: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    """Parameters (P, m) and unknowns (P, n) as float64 arrays of matching length; one point may be given flat.

    A single parameter point is shared by all the points of `x`, and the other way round.
    Raises ValueError when the shapes do not fit the problem.
    """
    n, m = len(problem.names), len(problem.parameter_names)
    x_array, p_array = np.array(x, dtype=float, ndmin=2), np.array(p, dtype=float, ndmin=2)
    if m == 0 and p_array.size == 0:
        p_array = np.zeros((len(x_array), 0))
    if x_array.ndim != 2 or x_array.shape[1] != n:
        raise ValueError(f"unknowns of shape {np.shape(x)}; expected (points, {n}) for {problem.names}")
    if p_array.ndim != 2 or p_array.shape[1] != m:
        raise ValueError(f"parameters of shape {np.shape(p)}; expected (points, {m}) for {problem.parameter_names}")
    if len(x_array) != len(p_array):
        if 1 not in (len(x_array), len(p_array)):
            raise ValueError(f"{len(p_array)} parameter points but {len(x_array)} points of unknowns; give equal numbers")
        count = max(len(x_array), len(p_array)) if min(len(x_array), len(p_array)) else 0
        x_array = np.broadcast_to(x_array, (count, n)).copy()
        p_array = np.broadcast_to(p_array, (count, m)).copy()
    return p_array, x_array


def rows_of(array: Array, rows: ArrayLike) -> Array:
    """``array[rows]`` for an index array or a mask, with the points last in memory, as in arrays in Fortran's order.

    NumPy copies short rows ten times faster this way, and reduces them thirty times faster.
    """
    index = np.asarray(rows)
    turned = np.moveaxis(array, 0, -1)
    return np.moveaxis(turned.take(np.flatnonzero(index) if index.dtype == bool else index, axis=-1), -1, 0)


def rounding_claims(problem: Problem, x: Array, p: Array, residual: Array, jacobian: Array, unit: ArrayLike = 1.0) -> Array:
    """(P, n) estimate of the rounding error of the residual, for problems that do not claim it themselves.

    The terms of a residual are taken to be at least as large as its ``unit``, its unknown and its Jacobian times the unknowns.
    Because terms that cancel may be larger, the scatter of the residual between neighbouring floating-point numbers
    is measured as well (two residuals for each point, in one call).
    """
    with np.errstate(invalid="ignore"):  # a slope may be infinite
        size = np.abs(jacobian * x[:, None, :]).sum(axis=2) + np.abs(x) + np.abs(residual) + np.asarray(unit)
    nearby = np.stack([x * (1 + 3 * EPS), x * (1 - 5 * EPS)])
    seen = problem.residual(nearby.reshape(-1, x.shape[1]), np.concatenate([p, p])).reshape(2, *residual.shape)
    with np.errstate(invalid="ignore"):
        off = np.abs(seen - residual - (jacobian * (nearby - x)[:, :, None, :]).sum(axis=3))
    return np.maximum(4 * EPS * size, 4 * np.where(np.isfinite(off), off, 0.0).max(axis=0))


def residual_claims(problem: Problem, x: Array, p: Array, residual: Array, jacobian: Array) -> Array:
    """(P, n) bound on the error of `residual` at `x`: what the problem claims, else `rounding_claims`."""
    claims = getattr(problem, "claims", None)
    if claims is None:
        return rounding_claims(problem, x, p, residual, jacobian)
    return np.asarray(claims(x, p), dtype=float)
