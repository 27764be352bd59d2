"""Curves whose special points are known in closed form, as hand-written problems: no averages, no models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.solve.problem import FunctionProblem

Array = NDArray[np.float64]
u, v, w, p, q, s = sp.symbols("u v w p q s", real=True)


def problem(
    equations: Sequence[sp.Expr],
    unknowns: Sequence[sp.Symbol] = (u,),
    parameters: Sequence[sp.Symbol] = (p,),
    *,
    flow: bool = False,
    lower: float | Sequence[float] = -np.inf,
) -> FunctionProblem:
    """The problem ``equations = 0`` with exact derivatives; flow: the equations are also the time derivatives of the unknowns."""
    values = sp.Matrix(list(equations))
    residual = _batched(values, unknowns, parameters)
    jacobian = _batched(values.jacobian(list(unknowns)), unknowns, parameters)
    slopes = _batched(values.jacobian(list(parameters)), unknowns, parameters)
    out = FunctionProblem(
        lambda x, at: residual(x, at)[:, :, 0],
        jacobian,
        [a.name for a in unknowns],
        [a.name for a in parameters],
        lower=lower,
        parameter_derivative=slopes,
        dynamics=jacobian if flow else None,
    )
    return out


def _batched(matrix: sp.Matrix, unknowns: Sequence[sp.Symbol], parameters: Sequence[sp.Symbol]):
    """(P, n), (P, m) -> (P, rows, columns)."""
    compiled = sp.lambdify([*unknowns, *parameters], list(matrix), "numpy")

    def function(x: Array, at: Array) -> Array:
        rows = compiled(*x.T, *at.T)
        return np.stack([np.broadcast_to(r, len(x)) for r in rows], axis=1).reshape(len(x), *matrix.shape)

    return function


def cubic(*, scale: float = 1.0) -> FunctionProblem:
    """Folds at p = -+2/3 where u = +-1 (times ``scale``)."""
    return problem([p + u / scale - (u / scale) ** 3 / 3])


PITCHFORK = problem([p * u - u**3], flow=True)
SUBCRITICAL = problem([p * u + u**3], flow=True)
TRANSCRITICAL = problem([p * u - u**2], flow=True)
IMPERFECT = problem([p * u - u**3 + q], parameters=(p, q), flow=True)
CIRCLE = problem([p**2 + u**2 - sp.Rational(1, 4)])
BRUSSELATOR = problem(
    [p - (q + 1) * u + u**2 * v, q * u - u**2 * v], unknowns=(u, v), parameters=(p, q), flow=True
)  # A = p, B = q: the steady state (A, B / A) loses its stability at B = 1 + A^2 with frequency A


def chain(size: int = 20) -> FunctionProblem:
    """x_i = x_{i+1} + x_{i+1}^2 / 100, and the last unknown fulfils the cubic: folds at p = -+2/3."""
    x = sp.symbols(f"x_1:{size + 1}", real=True)
    links = [x[i] - x[i + 1] - x[i + 1] ** 2 / 100 for i in range(size - 1)]
    return problem([*links, p + x[-1] - x[-1] ** 3 / 3], unknowns=x)


class Bratu:
    """``u'' + p exp(u) = 0`` on (0, 1), u = 0 at the ends, on ``size`` inner points; fold of the continuum at p = 3.513830719125.

    Written with arrays, as a user would.
    """

    def __init__(self, size: int) -> None:
        self.names, self.parameter_names = tuple(f"u_{i}" for i in range(size)), ("p",)
        self.lower = np.full(size, -np.inf)
        self.width = 1.0 / (size + 1)
        self.laplace = (np.eye(size, k=1) + np.eye(size, k=-1) - 2 * np.eye(size)) / self.width**2

    def residual(self, x: Array, at: Array) -> Array:
        return x @ self.laplace + at * np.exp(x)

    def residual_jacobian(self, x: Array, at: Array) -> tuple[Array, Array]:
        slope = np.repeat(self.laplace[None], len(x), axis=0)
        index = np.arange(x.shape[1])
        slope[:, index, index] += at * np.exp(x)
        return self.residual(x, at), slope

    def parameter_derivative(self, x: Array, at: Array) -> Array:
        return np.exp(x)[:, :, None]


def bratu_fold(digits: int = 30) -> float:
    """lambda = 8 (theta / cosh theta)^2 at theta tanh theta = 1."""
    import mpmath

    with mpmath.workdps(digits):
        theta = mpmath.findroot(lambda t: t * mpmath.tanh(t) - 1, 1.2)
        return float(8 * (theta / mpmath.cosh(theta)) ** 2)


def close(event, at: Mapping[str, float], tolerance: float = 1e-10) -> None:
    """The event is where it should be: to the tolerance, and within what it claims."""
    values = {**event.unknowns, **event.at}
    for name, exact in at.items():
        off = abs(values[name] - exact)
        assert off <= tolerance, f"{event.type} {event.name}: {name} = {values[name]!r}, should be {exact!r}"
        claim = event.error[name] + 2 * np.finfo(float).eps * abs(exact)
        assert off <= claim, f"{event.type} {event.name}: {name} is off by {off:.2e}, claimed {event.error[name]:.2e}"
