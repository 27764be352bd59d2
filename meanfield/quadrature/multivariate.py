"""Averages over several jointly normal variables: product trapezoid up to three, sparse grids or qmc beyond.

The covariance may be singular: the integral runs over its range only, in the directions of its eigenvectors, largest
first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from math import comb

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.gauss import gauss_hermite
from meanfield.quadrature.nested import BLOCK, ROUNDING
from meanfield.quadrature.rule import Array
from meanfield.quadrature.trapezoid import gaussian_trapezoid

METHODS = ("auto", "tensor", "sparse", "qmc")
TENSOR_DIMENSION = 3
REPLICATES = 16
STUDENT = 5.0  # 16 replicates: exceeded with probability 2e-4

VectorFunction = Callable[[Array], Array]


def multivariate_average(
    f: VectorFunction,
    mean: Array,
    cov: Array,
    *,
    tol: float = 1e-10,
    method: str = "auto",
    max_points: int = 1 << 19,
    seed: int = 0,
) -> tuple[float, float]:
    """``<f(x)>`` for x normal with ``mean`` (d,) and covariance ``cov`` (d, d): value and claimed error.

    f: vectorised, points (n, d) -> (n,). The covariance must be positive semi-definite up to rounding. method:
    "tensor" (trapezoid product, at most 3 directions with variance), "sparse" (Smolyak, Gauss-Hermite; for smooth f),
    "qmc" (16 scrambled Sobol sequences; the claim is 5 standard errors of their mean), "auto": tensor up to 3, else
    the better claimed of sparse and qmc. ``max_points`` bounds the evaluations of one rule. Raises ``QuadratureError``
    for an impossible covariance or method.
    """
    if method not in METHODS:
        raise QuadratureError(f"unknown method {method!r}; choose from {', '.join(METHODS)}")
    mean = np.asarray(mean, dtype=float)
    root = covariance_root(cov)
    if mean.shape != root.shape[:1]:
        raise QuadratureError(f"mean has shape {mean.shape}, but the covariance is {root.shape[0]} x {root.shape[0]}")
    rank = root.shape[1]

    def at(z: Array) -> Array:
        return np.asarray(f(mean + z @ root.T), dtype=float)

    if rank == 0:
        value = float(at(np.zeros((1, 0)))[0])
        return value, ROUNDING * abs(value)
    if method == "tensor" or (method == "auto" and rank <= TENSOR_DIMENSION):
        if rank > TENSOR_DIMENSION:
            raise QuadratureError(f"the tensor rule serves at most {TENSOR_DIMENSION} directions, got {rank}: use sparse")
        return _tensor(at, rank, tol, max_points)
    best = (float("nan"), float("inf"))
    if method in ("auto", "sparse"):
        best = _sparse(at, rank, tol, max_points)
    if method == "qmc" or (method == "auto" and not best[1] <= tol):
        other = _qmc(at, rank, tol, max_points, seed)
        best = min(best, other, key=lambda pair: pair[1])
    return best


def covariance_root(cov: Array) -> Array:
    """``root`` (d, r) with ``root @ root.T = cov``, r the numerical rank; columns by falling variance.

    Raises ``QuadratureError`` if cov (d, d) is not symmetric or has an eigenvalue below minus rounding.
    """
    cov = np.asarray(cov, dtype=float)
    if cov.ndim != 2 or cov.shape[0] != cov.shape[1] or not np.isfinite(cov).all():
        raise QuadratureError(f"a covariance is a finite square matrix, got shape {cov.shape}: {cov!r}")
    size = float(np.abs(cov).max(initial=0.0))
    if np.abs(cov - cov.T).max(initial=0.0) > 1e-12 * size:
        raise QuadratureError("the covariance matrix is not symmetric")
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    if values.size and values[0] < -1e-10 * size:
        raise QuadratureError(f"the covariance matrix has the negative eigenvalue {values[0]:.3g}: no such variables exist")
    keep = values > 1e-15 * size
    return (vectors[:, keep] * np.sqrt(values[keep]))[:, ::-1]


def _tensor(at: VectorFunction, rank: int, tol: float, max_points: int) -> tuple[float, float]:
    """Product trapezoid, the step halved until the claim suffices; at least two levels."""
    value, error, h = float("nan"), float("inf"), 1.0
    while True:
        rule = gaussian_trapezoid(h, 9.0)
        if len(rule) ** rank > max_points:
            return value, error
        fine, scale = _product_sum(at, [rule.nodes] * rank, [rule.weights] * rank)
        if np.isfinite(value):
            error = abs(fine - value) + ROUNDING * scale
        value, h = fine, h / 2
        if error <= tol * max(1.0, scale) or not np.isfinite(value):
            return value, error


def _product_sum(at: VectorFunction, nodes: list[Array], weights: list[Array]) -> tuple[float, float]:
    """Sum over a product grid, one slab of the first axes at a time."""
    grid, weight = np.zeros((1, 0)), np.ones(1)
    for z, w in zip(nodes[1:], weights[1:]):
        grid = np.concatenate([np.repeat(grid, z.size, axis=0), np.tile(z, len(grid))[:, None]], axis=1)
        weight = np.multiply.outer(weight, w).ravel()
    total = scale = 0.0
    rows = max(1, BLOCK // (len(grid) * len(nodes)))
    for start in range(0, nodes[0].size, rows):
        first, w0 = nodes[0][start : start + rows], weights[0][start : start + rows]
        points = np.concatenate([np.repeat(first, len(grid))[:, None], np.tile(grid, (first.size, 1))], axis=1)
        terms = at(points) * np.multiply.outer(w0, weight).ravel()
        total += float(terms.sum())
        scale += float(np.abs(terms).sum())
    return total, scale


def _sparse(at: VectorFunction, rank: int, tol: float, max_points: int) -> tuple[float, float]:
    """Smolyak rules of rising level until two of them agree; the claim doubles their distance."""
    value, error, level = float("nan"), float("inf"), 1
    previous = float("nan")
    while True:
        if _sparse_size(rank, level) > max_points:
            return value, error
        nodes, weights = sparse_rule(rank, level)
        terms = at(nodes) * weights
        fine, scale = float(terms.sum()), float(np.abs(terms).sum())
        if np.isfinite(previous):
            # Parity makes neighbouring levels agree by accident: compare with the two before.
            error = 2 * max(abs(fine - value), 0.01 * abs(fine - previous)) + ROUNDING * scale
        previous, value = value, fine
        level += 1
        if error <= tol * max(1.0, scale) or not np.isfinite(fine):
            return value, error


def _sparse_size(rank: int, level: int) -> int:
    """Upper bound of the number of nodes of ``sparse_rule`` before merging: by dynamic programming over axes."""
    counts = np.zeros(level + 1)
    counts[0] = 1
    for _ in range(rank):
        counts = np.array([sum(counts[j - i] * (2 * i + 1) for i in range(j + 1)) for j in range(level + 1)])
    return int(min(counts.sum(), 1e18))


@lru_cache(maxsize=32)
def sparse_rule(rank: int, level: int) -> tuple[Array, Array]:
    """Smolyak rule from Gauss-Hermite rules of 1, 3, 5, ... nodes (Smolyak 1963; Gerstner and Griebel 1998).

    Nodes (n, rank) and weights (n,), some of them negative; exact for polynomials of total degree 2 level + 1.
    """
    if rank < 1 or level < 0:
        raise QuadratureError(f"a sparse rule needs rank >= 1 and level >= 0, got {rank} and {level}")
    nodes, weights = [], []
    for index in _compositions(rank, level):
        gap = level - sum(index)
        if gap >= rank:
            continue
        factor = (-1) ** gap * comb(rank - 1, gap)
        rules = [gauss_hermite(2 * i + 1) for i in index]
        nodes.append(np.array(list(product(*(rule.nodes for rule in rules)))))
        weight = np.ones(1)
        for rule in rules:
            weight = np.multiply.outer(weight, rule.weights).ravel()
        weights.append(factor * weight)
    merged, inverse = np.unique(np.round(np.concatenate(nodes), 12) + 0.0, axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=np.concatenate(weights), minlength=len(merged))
    return merged, np.asarray(total, dtype=float)


def _compositions(rank: int, level: int) -> list[tuple[int, ...]]:
    """All multi-indices of ``rank`` non-negative integers with sum at most ``level``."""
    if rank == 1:
        return [(i,) for i in range(level + 1)]
    return [(i, *rest) for i in range(level + 1) for rest in _compositions(rank - 1, level - i)]


def _qmc(at: VectorFunction, rank: int, tol: float, max_points: int, seed: int) -> tuple[float, float]:
    """Mean of independent scrambled Sobol sequences, doubled in length until 5 standard errors are below ``tol``."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    engines = [qmc.Sobol(rank, scramble=True, seed=np.random.default_rng([seed, i])) for i in range(REPLICATES)]
    sums, count = np.zeros(REPLICATES), 0
    exponent = 8
    while True:
        block = 1 << exponent if count == 0 else count
        for i, engine in enumerate(engines):
            # A scrambled point may round to 0; half a unit of its resolution is as good and finite.
            uniform = np.clip(engine.random(block), 2.0**-65, 1 - 2.0**-53)
            sums[i] += float(at(ndtri(uniform)).sum())
        count += block
        means = sums / count
        value = float(means.mean())
        error = STUDENT * float(means.std(ddof=1)) / np.sqrt(REPLICATES) + ROUNDING * float(np.abs(means).mean())
        if error <= tol * max(1.0, abs(value)) or not np.isfinite(value) or 2 * count * REPLICATES > max_points:
            return value, float(error) if np.isfinite(error) else float("inf")
