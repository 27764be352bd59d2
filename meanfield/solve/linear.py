"""Batched small linear algebra: solves, inverses, determinants by explicit formulas up to n = 3, and eigenvalues.

Public functions take the points first, (P, n, n) and (P, n). The solvers work with the points *last* (the `*_columns`
functions): every matrix entry is then one contiguous vector, and a formula is a few vector operations. The formulas
are written once, for vectors and for Python floats alike; tiny batches take the floats, which are faster there, and
give bitwise the same answer. A singular matrix gives NaN, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.problem import EPS, Array

_FLOAT_BATCH = 4  # up to so many points Python floats beat vector operations
_NAN = float("nan")


def _minor(a: Any, d: Any, b: Any, c: Any) -> Any:
    """a d - b c. (Augmented assignment: in place for vectors, which saves memory traffic; plain for floats.)"""
    product = a * d
    product -= b * c
    return product


def _dot_3(a: Any, x: Any, b: Any, y: Any, c: Any, z: Any) -> Any:
    """a x + b y + c z."""
    total = a * x
    total += b * y
    total += c * z
    return total


def _solve_1(entries: Any, rhs: Any) -> tuple[Any, ...]:
    return (rhs[0] / _nan_for_zero(entries[0]),)


def _solve_2(entries: Any, rhs: Any) -> tuple[Any, ...]:
    a, b, c, d = entries
    u, v = rhs
    determinant = _nan_for_zero(_minor(a, d, b, c))
    first, second = _minor(d, u, b, v), _minor(a, v, c, u)
    first /= determinant
    second /= determinant
    return first, second


def _solve_3(entries: Any, rhs: Any) -> tuple[Any, ...]:
    """Cramer's rule, row by row of the adjugate."""
    a, b, c, d, e, f, g, h, i = entries
    u, v, w = rhs
    one, two, three = _minor(e, i, f, h), _minor(f, g, d, i), _minor(d, h, e, g)
    determinant = _nan_for_zero(_dot_3(a, one, b, two, c, three))
    first = _dot_3(one, u, _minor(c, h, b, i), v, _minor(b, f, c, e), w)
    second = _dot_3(two, u, _minor(a, i, c, g), v, _minor(c, d, a, f), w)
    third = _dot_3(three, u, _minor(b, g, a, h), v, _minor(a, e, b, d), w)
    first /= determinant
    second /= determinant
    third /= determinant
    return first, second, third


_FORMULA: dict[int, Callable[[Any, Any], tuple[Any, ...]]] = {1: _solve_1, 2: _solve_2, 3: _solve_3}


def _nan_for_zero(determinant: Any) -> Any:
    """A zero determinant becomes NaN, so that a singular matrix is recognised by its answer."""
    if isinstance(determinant, float):
        return determinant if determinant != 0.0 else _NAN
    zero = determinant == 0.0
    return np.where(zero, _NAN, determinant) if zero.any() else determinant


def solve_columns(matrix: Array, rhs: Array) -> Array:
    """Solve A y = b with the points last: (n, n, P), (n, P) -> (n, P); NaN where A is singular."""
    n, count = rhs.shape
    if n > 3:
        return _lapack_solve(matrix.transpose(2, 0, 1), rhs.T).T
    formula, entries = _FORMULA[n], matrix.reshape(n * n, count)
    out = np.empty((n, count))
    if count <= _FLOAT_BATCH:
        for k, (floats, sides) in enumerate(zip(entries.T.tolist(), rhs.T.tolist(), strict=True)):
            out[:, k] = formula(floats, sides)
        return out
    with np.errstate(all="ignore"):
        for row, solution in zip(out, formula(entries, rhs), strict=True):
            row[:] = solution
    return out


def solve(matrix: ArrayLike, rhs: ArrayLike) -> Array:
    """Solve A y = b for P small systems: (P, n, n), (P, n) -> (P, n); NaN where A is singular or not finite."""
    a, b = np.asarray(matrix, dtype=float), np.asarray(rhs, dtype=float)
    if b.shape[1] > 3:
        return _lapack_solve(a, b)
    return solve_columns(columns(a), np.ascontiguousarray(b.T)).T.copy()


def columns(matrix: Array) -> Array:
    """(P, n, n) -> contiguous (n, n, P): one contiguous vector over the points for each entry."""
    return np.ascontiguousarray(matrix.transpose(1, 2, 0))


def inverse(matrix: ArrayLike) -> Array:
    """(P, n, n) inverses; NaN where a matrix is singular or not finite."""
    a = np.asarray(matrix, dtype=float)
    return inverse_columns(columns(a)).transpose(2, 0, 1).copy()


def inverse_columns(matrix: Array) -> Array:
    """The same with the points last: (n, n, P) -> (n, n, P)."""
    n, count = matrix.shape[1:]
    if n > 3:
        return columns(_lapack_each(np.linalg.inv, matrix.transpose(2, 0, 1)))
    out = np.empty((n, n, count))
    for k, side in enumerate(np.eye(n)):
        out[:, k] = solve_columns(matrix, np.repeat(side[:, None], count, axis=1))
    return out


def determinant(matrix: ArrayLike) -> Array:
    """(P, n, n) -> (P,) determinants; NaN where a matrix is not finite."""
    a = np.asarray(matrix, dtype=float)
    if a.shape[1] == 1:
        return a[:, 0, 0].copy()
    if a.shape[1] == 2:
        return np.asarray(_minor(a[:, 0, 0], a[:, 1, 1], a[:, 0, 1], a[:, 1, 0]))
    return np.linalg.det(a)


def eigenvalues(matrix: ArrayLike) -> NDArray[np.complex128]:
    """(P, n) complex eigenvalues of (P, n, n) real matrices, by descending real part, then descending imaginary part.

    Rows of matrices that are not finite are NaN.
    """
    a = np.asarray(matrix, dtype=float)
    good = _finite(a)
    if a.shape[1] <= 2 and good.all():
        return a[:, 0].astype(np.complex128) if a.shape[1] == 1 else _eigenvalues_2(a)
    values = np.full(a.shape[:2], np.nan + 0j, dtype=np.complex128)
    if a.shape[1] <= 2:
        values[good] = eigenvalues(a[good])
        return values
    if good.any():
        values[good] = np.linalg.eigvals(a[good])
    order = np.lexsort((-values.imag, -values.real), axis=1)
    return np.take_along_axis(values, order, axis=1)


def eigenvalue_errors(matrix: ArrayLike, error: ArrayLike) -> Array:
    """(P, n): how far the `eigenvalues` of (P, n, n) real matrices may be off, whose entries are known within ``error`` (P, n, n).

    A simple eigenvalue moves by its condition number (of left and right eigenvectors; Wilkinson, The Algebraic Eigenvalue Problem,
    1965, chapter 2) times the error of the matrix, as long as that is small beside the distance of the next one; otherwise
    Elsner's bound holds, a root of it (Linear Algebra Appl. 71, 77 (1985)). inf where nothing is known.
    """
    a, off = np.asarray(matrix, dtype=float), np.asarray(error, dtype=float)
    n, out = a.shape[1], np.full(a.shape[:2], np.inf)
    good = _finite(a) & _finite(off)
    if n == 0 or not good.any():
        return out
    a, found = a[good], eigenvalues(a[good])
    size = np.linalg.norm(a, axis=(1, 2))
    moved = (np.linalg.norm(off[good], axis=(1, 2)) + 4 * n * EPS * size)[:, None]
    values, right = np.linalg.eig(a)
    order = np.lexsort((-values.imag, -values.real), axis=1)
    right = np.take_along_axis(right, order[:, None, :], axis=2)
    gap = np.abs(found[:, :, None] - found[:, None, :]) + np.where(np.eye(n, dtype=bool), np.inf, 0.0)
    elsner = (2 * size[:, None] + moved) ** (1 - 1 / n) * moved ** (1 / n)
    with np.errstate(all="ignore"):
        singular = ~(np.linalg.cond(right) < 1 / EPS)
        left = np.linalg.inv(np.where(singular[:, None, None], np.eye(n), right))
        simple = np.linalg.norm(left, axis=2) * np.linalg.norm(right, axis=1) * moved
        far = ~singular[:, None] & (4 * simple.max(axis=1, keepdims=True) < gap.min(axis=2))
    out[good] = np.where(far, 2 * simple, elsner)
    return out


def _finite(matrix: Array) -> NDArray[np.bool_]:
    """(P, n, n) -> (P,) which matrices are finite. (A reduction over axes so short would be slow.)"""
    good = np.ones(len(matrix), dtype=bool)
    for row in range(matrix.shape[1]):
        for column in range(matrix.shape[2]):
            good &= np.isfinite(matrix[:, row, column])
    return good


def _eigenvalues_2(a: Array) -> NDArray[np.complex128]:
    """Both eigenvalues of 2 x 2 matrices, in order; the real one of smaller modulus comes from the product (no cancellation)."""
    one, two, three, four = np.ascontiguousarray(a.reshape(-1, 4).T)
    mean, half, coupling = (one + four) / 2, (one - four) / 2, two * three
    discriminant = half * half + coupling
    root = np.sqrt(np.abs(discriminant))
    real = discriminant >= 0
    large = mean + np.copysign(root, mean)
    small = np.where(large != 0.0, (one * four - coupling) / np.where(large != 0.0, large, 1.0), 0.0)
    imaginary = np.where(real, 0.0, root)
    found = np.empty((len(a), 2), dtype=np.complex128)
    found.real[:, 0], found.imag[:, 0] = np.where(real, np.maximum(large, small), mean), imaginary
    found.real[:, 1], found.imag[:, 1] = np.where(real, np.minimum(large, small), mean), 0.0 - imaginary
    return found


def _lapack_solve(a: Array, b: Array) -> Array:
    return _lapack_each(lambda m, s: np.linalg.solve(m, s[..., None])[..., 0], a, b)


def _lapack_each(function: Callable[..., Array], a: Array, *rest: Array) -> Array:
    """`function` of a batch; LAPACK raises for the whole batch when one matrix is singular, so then one by one."""
    good = _finite(a)
    out = np.full(rest[0].shape if rest else a.shape, np.nan)
    try:
        out[good] = function(a[good], *(r[good] for r in rest))
    except np.linalg.LinAlgError:
        for k in np.flatnonzero(good):
            try:
                out[k] = function(a[k], *(r[k] for r in rest))
            except np.linalg.LinAlgError:
                continue
    return out
