"""Averages over networks that count unequally, with errors from the jackknife, and their extrapolation in the size.

Where a network contributes many items (fixed points, eigenvalues), items of one network are not independent. The errors here
leave out one network at a time (B. Efron & C. Stein, Ann. Statist. 9, 586 (1981)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.errors import ParameterError

__all__ = ["Line", "Pooled", "fit_line", "log_of_mean", "pooled_mean"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """A value, or an array of values, with its standard error over networks."""

    value: Any
    error: Any

    def __str__(self) -> str:
        return f"{self.value:.5g} +- {self.error:.1g}" if np.ndim(self.value) == 0 else f"{self.value} +- {self.error}"


def pooled_mean(sums: ArrayLike, counts: ArrayLike) -> Pooled:
    """Mean over all items of all networks: ``sum_k sums_k / sum_k counts_k``.

    sums (K, ...): of the quantity over the items of each of K networks; counts (K,): their numbers. The error is the jackknife's;
    it is inf for a single network. Raises `ParameterError` if there is no item at all.
    """
    s, n = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    if not n.sum() > 0:
        raise ParameterError("no network has anything to average over; take more networks, larger ones, or a larger g")
    total = s.sum(axis=0) / n.sum()
    rest = n.sum() - n
    if (n > 0).sum() < 2:
        return Pooled(total, np.full_like(total, np.inf))
    used = rest > 0
    without = (s.sum(axis=0) - s)[used] / rest[used].reshape(-1, *([1] * (s.ndim - 1)))
    return Pooled(total, _spread(without))


def log_of_mean(counts: ArrayLike) -> Pooled:
    """``ln <count>`` over networks, the bias of order 1/K removed, with the jackknife's error."""
    n = np.asarray(counts, dtype=float)
    K = len(n)
    if K < 2 or (n > 0).sum() < 2:
        raise ParameterError(f"the logarithm of a mean count needs at least two networks with a count, got {n.tolist()}")
    without = np.log((n.sum() - n) / (K - 1))
    return Pooled(float(K * np.log(n.mean()) - (K - 1) * without.mean()), float(_spread(without)))


def _spread(without: Array) -> Any:
    K = len(without)
    return np.sqrt((K - 1) / K * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


@dataclass(frozen=True)
class Line:
    """``intercept + slope x`` with standard errors; chi_squared over degrees of freedom tells whether a line fits. shares: of each
    value in the intercept, ``intercept = sum_k shares_k y_k``."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float
    chi_squared: float
    degrees: int
    shares: tuple[float, ...] = ()


def fit_line(x: ArrayLike, y: ArrayLike, error: ArrayLike) -> Line:
    """Weighted least squares through independent values y with standard errors. In ``x = 1/N`` the intercept is the limit N -> inf.

    Raises `ParameterError` for fewer than two different x or errors that are not positive.
    """
    x, y, e = (np.asarray(a, dtype=float) for a in (x, y, error))
    if len(np.unique(x)) < 2 or not (np.isfinite(e).all() and (e > 0).all()):
        raise ParameterError("a line needs values at two different places, each with a positive standard error")
    design = np.stack([np.ones_like(x), x], axis=1) / e[:, None]
    covariance = np.linalg.inv(design.T @ design)
    shares = covariance @ design.T / e
    a, b = shares @ y
    residual = (y - a - b * x) / e
    a_error, b_error = np.sqrt(np.diag(covariance))
    return Line(
        float(a), float(b), float(a_error), float(b_error), float(residual @ residual), len(x) - 2, tuple(shares[0].tolist())
    )
