"""How many fixed points are still missing, from how often each was found.

Every start that reaches a fixed point is one draw; a fixed point is a species. Two estimates: Chao's lower bound from the
species seen once and twice, and, for a check that does not share its assumption, capture and recapture between the two kinds of
starts. References: A. Chao, Scand. J. Statist. 11, 265 (1984) and Biometrics 43, 783 (1987); I. J. Good, Biometrika 40, 237
(1953); D. G. Chapman, Univ. Calif. Publ. Statist. 1, 131 (1951), with the variance of G. A. F. Seber (1970).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Estimate", "chao1", "coverage", "found_against_starts", "recapture"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number of species: value, standard error, and the ends of a 95 % interval (log-normal in the number of missing ones)."""

    value: float
    error: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1f} +- {self.error:.1f} ({self.low:.0f} to {self.high:.0f})"


def chao1(hits: ArrayLike) -> Estimate:
    """Chao's estimate of the number of species from how often each of them was drawn, ``hits`` (K,), all positive.

    ``S + (n-1)/n f1^2/(2 f2)`` with f1 species drawn once, f2 drawn twice (``f1 (f1-1)/2`` in place of ``f1^2/(2 f2)`` if
    f2 = 0), n draws. In expectation a lower bound: species that are hardly ever drawn leave no trace.
    """
    counts = np.asarray(hits)
    counts = counts[counts > 0]
    n, seen = int(counts.sum()), len(counts)
    f1, f2 = int((counts == 1).sum()), int((counts == 2).sum())
    if n == 0:
        return Estimate(0.0, 0.0, 0.0, 0.0)
    A = (n - 1) / n
    if f2 > 0:
        missing, ratio = A * f1**2 / (2 * f2), f1 / f2
        variance = f2 * (A / 2 * ratio**2 + A**2 * ratio**3 + A**2 / 4 * ratio**4)
    else:
        missing = A * f1 * (f1 - 1) / 2
        variance = A * f1 * (f1 - 1) / 2 + A**2 * f1 * (2 * f1 - 1) ** 2 / 4
        variance -= A**2 * f1**4 / (4 * (seen + missing)) if seen + missing else 0.0
    return _estimate(seen, missing, max(variance, 0.0))


def recapture(first: ArrayLike, second: ArrayLike) -> Estimate:
    """Chapman's estimate from two independent searches: hits (K,) of each species in the one and in the other."""
    a, b = np.asarray(first) > 0, np.asarray(second) > 0
    m, n, both = int(a.sum()), int(b.sum()), int((a & b).sum())
    total = (m + 1) * (n + 1) / (both + 1) - 1
    variance = (m + 1) * (n + 1) * (m - both) * (n - both) / ((both + 1) ** 2 * (both + 2))
    seen = int((a | b).sum())
    return _estimate(seen, max(total - seen, 0.0), variance)


def coverage(hits: ArrayLike) -> tuple[float, float]:
    """Probability that the next draw is of a known species, ``1 - f1/n`` (Good and Turing), and its standard error."""
    counts = np.asarray(hits)
    n, f1, f2 = int(counts.sum()), int((counts == 1).sum()), int((counts == 2).sum())
    if n == 0:
        return 0.0, 1.0
    variance = (f1 + 2 * f2 - f1**2 / n) / n**2
    return 1 - f1 / n, float(np.sqrt(max(variance, 1 / n**2)))


def found_against_starts(outcomes: ArrayLike) -> NDArray[np.int64]:
    """Distinct species after each start (S,), from the outcomes (S,): a species' number, or negative for none."""
    numbers = np.asarray(outcomes)
    hit = np.flatnonzero(numbers >= 0)
    _, first = np.unique(numbers[hit], return_index=True)
    new = np.zeros(len(numbers), dtype=np.int64)
    new[hit[first]] = 1
    return np.cumsum(new)


def _estimate(seen: int, missing: float, variance: float) -> Estimate:
    if missing == 0:
        return Estimate(float(seen), float(np.sqrt(variance)), float(seen), float(seen))
    spread = np.exp(1.96 * np.sqrt(np.log1p(variance / missing**2)))
    return Estimate(seen + missing, float(np.sqrt(variance)), seen + missing / spread, seen + missing * spread)
