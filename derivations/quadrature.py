"""Numbers for the checks: plain quadrature of single averages, without the library's own compiler or solvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from step import put

from meanfield.averages import Average, DividedDifference, Gaussian, LogNorm, Tilted, Uniform, hermite_genocchi
from meanfield.averages.passes import explicit
from meanfield.averages.scope import nodes, open_body
from meanfield.transfer import NUMPY_FUNCTIONS

_HALF_WIDTH = 9.0
_S, _WS = (lambda s, w: ((1 + s) / 2, w / 2))(*np.polynomial.legendre.leggauss(16))


def value(expr: Any, at: Mapping[sp.Symbol, float]) -> float:
    """Number of an expression in averages at the given values of its free symbols."""
    found, function = _scalar(sp.sympify(expr), tuple(at))
    return float(function(*(_node(node, at) for node in found), *at.values()))


@lru_cache(maxsize=4096)
def _scalar(expr: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> tuple[list[sp.Basic], Callable[..., Any]]:
    """The averages of an expression, and the expression as a function of their values and of ``symbols``."""
    names = {node: sp.Dummy(real=True) for node in nodes(expr, (Average, LogNorm, DividedDifference))}
    return list(names), sp.lambdify([*names.values(), *symbols], put(expr, names), [NUMPY_FUNCTIONS, "numpy"])


_integral = lru_cache(maxsize=256)(hermite_genocchi)


def _node(node: sp.Basic, at: Mapping[sp.Symbol, float]) -> float:
    if isinstance(node, DividedDifference):
        return value(_integral(node), at)
    law = node.measure
    if isinstance(law, Uniform):
        # s = 1 - t^2 smooths the layer that divided differences have at s = 1.
        return float(sum(w * 2 * t * value(_opened(node, float(1 - t * t)), at) for t, w in zip(_S, _WS, strict=True)))
    if isinstance(law, Gaussian):
        points, weights = grid(law, at)
        return float(np.sum(weights * body_values(node.body, points, at)))
    assert isinstance(law, Tilted), law
    points, weights = grid(law.base, at)
    weights = weights * np.exp(body_values(law.log_tilt, points, at))
    if isinstance(node, LogNorm):
        return float(np.log(weights.sum()))
    return float(np.sum(weights * body_values(node.body, points, at)) / weights.sum())


@lru_cache(maxsize=1024)
def _opened(node: Average, s: float) -> sp.Expr:
    return open_body(node.body, [sp.Float(s, 17)])


def normal_nodes(variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Trapezoidal rule of the standard normal law, fine enough for functions of unit scale of ``sqrt(variance) z``."""
    step = min(0.1, 0.1 / np.sqrt(max(variance, 1e-300)))
    z = np.arange(-_HALF_WIDTH, _HALF_WIDTH + step / 2, step)
    return z, np.exp(-(z**2) / 2) * step / np.sqrt(2 * np.pi)


def grid(law: Gaussian, at: Mapping[sp.Symbol, float]) -> tuple[list[np.ndarray], np.ndarray]:
    """Nodes and weights of the trapezoidal rule for a Gaussian of one or two variables."""
    centre = [value(m, at) for m in law.mean]
    cov = np.array([[value(law.cov[i, j], at) for j in range(law.dimension)] for i in range(law.dimension)])
    spread, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(spread, 0))
    z, w = normal_nodes(np.max(np.abs(cov)))
    if law.dimension == 1:
        return [centre[0] + root[0, 0] * z], w
    return [m + r[0] * z[:, None] + r[1] * z for m, r in zip(centre, root, strict=True)], w[:, None] * w


def body_values(body: sp.Basic, points: list[np.ndarray], at: Mapping[sp.Symbol, float]) -> np.ndarray:
    """Values of the body of an average at the nodes of its variables."""
    return _function(body, len(points), tuple(at))(*points, *at.values()) * np.ones(1)


@lru_cache(maxsize=1024)
def _function(body: sp.Basic, dimension: int, symbols: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    names = [sp.Dummy(real=True) for _ in range(dimension)]
    return sp.lambdify([*names, *symbols], explicit(open_body(body, names)), [NUMPY_FUNCTIONS, "numpy"])


def mean(f: Callable[[np.ndarray], np.ndarray], mu: float, Delta: float) -> float:
    """``<f(x)>`` of a NumPy function."""
    z, w = normal_nodes(Delta)
    return float(np.sum(w * f(mu + np.sqrt(Delta) * z)))


def nested(
    inner: Callable[[np.ndarray], np.ndarray],
    outer: Callable[[np.ndarray], np.ndarray],
    mu: float,
    Delta_0: float,
    Delta_inf: float,
) -> float:
    """``int Dz outer(int Dx inner(mu + sqrt(Delta_0 - Delta_inf) x + sqrt(Delta_inf) z))``, as the papers write it."""
    z, w = normal_nodes(Delta_0)
    values = inner(mu + np.sqrt(Delta_0 - Delta_inf) * z[:, None] + np.sqrt(Delta_inf) * z)
    return float(np.sum(w * outer(w @ values)))


def newton(f: Callable[[np.ndarray], Any], start: list[float], step: float = 1e-6, tol: float = 1e-12) -> np.ndarray:
    """Root of a small system by Newton's method with differences; raises `AssertionError` if it does not converge."""
    x = np.array(start, dtype=float)
    for _ in range(60):
        r = np.asarray(f(x))
        jacobian = np.array([(np.asarray(f(x + step * e)) - np.asarray(f(x - step * e))) / (2 * step) for e in np.eye(len(x))]).T
        change = np.linalg.solve(jacobian, r)
        x = x - change
        if np.max(np.abs(change)) < tol * (1 + np.max(np.abs(x))):
            return x
    raise AssertionError(f"Newton's method did not converge: {x}, residual {r}")
