"""How many Hermite coefficients a point of a pair law needs, and how divided differences are evaluated there.

That depends on the width of the law and on the largest correlation alone. It is worked out once for a ladder of both and
looked up afterwards, so it never depends on the other points of a batch, and costs a point next to nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from meanfield.compile.coefficients import coarse_step
from meanfield.compile.generators import Analyticity
from meanfield.compile.group import BLOCK_ELEMENTS, FINE, ROUGH, SKETCH, TIGHT, TOLERANCES, Array, refinement
from meanfield.quadrature.hermite import hermite_cutoff, hermite_step
from meanfield.quadrature.trapezoid import gaussian_cutoff

# What is left out of a series is mostly a hundred times smaller than the bounds below say.
PAIR_TOLERANCES = TOLERANCES | {SKETCH: 1e-4, TIGHT: 1e-12, FINE: 1e-14}
LARGEST_COUNT = 1280  # from about here a table of the product costs less
QUOTIENT_GAP = 0.05  # quotients lose a factor 1/gap^2 of accuracy
CHEAP_COUNT = 96  # below this many coefficients the series is used whatever the correlation
SMALLEST_COUNTS = (64, 96)  # fewer save less than a block of their own costs: up to ROUGH, and beyond
_BEYOND = 0.3  # standard deviations added to the cut-off
NOTHING, WIDE = -2, -1  # not a number, or so far off that nothing is computed; too wide for a series
# Laws of a standard deviation above 2048 are iterates that have wandered off and are given up.
WIDTHS = 2.0 ** (np.arange(-12, 45) / 4)
_RATES = np.concatenate([2.0 ** (np.arange(12, -21, -1) / 2), [0.0]])
CORRELATIONS = np.exp(-_RATES)
_WIDTHS, _CORRELATIONS = WIDTHS.tolist(), CORRELATIONS.tolist()


@dataclass(frozen=True)
class Way:
    """step, cutoff: of the grid in standard deviations. count: of coefficients. quotient: whether divided differences are
    quotients. half: whether the law is symmetric and nodes z >= 0 are enough."""

    step: float
    cutoff: float
    count: int
    quotient: bool
    half: bool


class Choice:
    """The ways of a group at one quality of quadrature, by rung of width and of correlation.

    needed: analyticity that decides the number of coefficients. facts: analyticity that decides the grid, of the recipe with
    series and, if there are divided differences, of that with quotients.
    """

    def __init__(self, needed: Analyticity, facts: Sequence[Analyticity], level: int) -> None:
        self.level, self.per_octave = level, 1 if level <= ROUGH else 2  # few nodes: sooner more of them than more blocks
        sigma, rho = (a.ravel() for a in np.meshgrid(WIDTHS, CORRELATIONS, indexing="ij"))
        rungs, quotient = self._rungs(needed, sigma, rho, PAIR_TOLERANCES[level], len(facts) > 1)
        if level == FINE:  # the distance of the two must show what either leaves out
            rungs = np.maximum(rungs, 1 + self._rungs(needed, sigma, rho, PAIR_TOLERANCES[TIGHT], len(facts) > 1)[0])
        self._places: dict[tuple[float, int, bool], int] = {}
        kinds = np.full((WIDTHS.size + 1, CORRELATIONS.size + 1), NOTHING)
        kinds[:-1, :-1] = np.reshape([self._kind(*k) for k in zip(sigma, rungs, quotient, strict=True)], (WIDTHS.size, -1))
        self.kinds, self._rows = kinds, kinds.tolist()
        grids = [(*_grid(facts[q], widest, count, level, q), count, q) for widest, count, q in self._places]
        self.ways = [Way(*grid, half) for grid in grids for half in (False, True)]
        self.lengths = np.array([*(w.count for w in self.ways), np.inf, np.inf])  # the last for kinds that are no series

    def _rungs(self, needed: Analyticity, sigma: Array, rho: Array, tol: float, divided: bool) -> tuple[Array, Array]:
        """Number of coefficients, as a rung of the ladder (inf where there are too many), and whether quotients are taken."""
        series = coefficient_counts(needed, sigma, rho, tol)
        full = coefficient_counts(needed, sigma, np.ones_like(sigma), tol) if divided else series
        quotient = divided & (full > np.maximum(CHEAP_COUNT, 1.3 * series + 32)) & (rho < 1 - QUOTIENT_GAP)
        # What the quotient divides by must be made up for.
        gap = np.maximum(1 - rho, QUOTIENT_GAP)
        count = np.where(quotient, coefficient_counts(needed, sigma, rho, tol * gap**2), full)
        count = np.where(count <= LARGEST_COUNT, np.maximum(count, SMALLEST_COUNTS[self.level > ROUGH]), np.inf)
        return np.ceil(self.per_octave * np.log2(count)), quotient

    def _kind(self, sigma: float, rung: float, quotient: bool) -> int:
        """Place of the way in the list; the next one is the same for a law that is symmetric about 0."""
        if rung == np.inf:
            return WIDE
        widest = 2.0 ** (np.ceil(self.per_octave * np.log2(sigma)) / self.per_octave)
        way = widest, 8 * int(np.ceil(2.0 ** (rung / self.per_octave) / 8)), bool(quotient)
        return 2 * self._places.setdefault(way, len(self._places))

    def one(self, sigma: float, rho: float) -> int:
        """Which way (index), for one point; a NaN is beyond every rung."""
        i = bisect_left(_WIDTHS, sigma) if sigma == sigma else -1
        return int(self._rows[i][bisect_left(_CORRELATIONS, rho) if rho == rho else -1])

    def kind(self, sigma: Array, rho: Array) -> Array:
        """Which way (index), point by point."""
        return self.kinds[np.searchsorted(WIDTHS, sigma), np.searchsorted(CORRELATIONS, rho)]

    def blocks(self, kind: Array) -> Iterator[tuple[Array, Way]]:
        """Points that go the same way, in parts that fit the cache."""
        order = np.argsort(kind, kind="stable")
        sizes = np.bincount(kind[order] - NOTHING, minlength=2)
        stop = int(sizes[:2].sum())
        for k in (2 + np.flatnonzero(sizes[2:])).tolist():
            way, size = self.ways[k - 2], int(sizes[k])
            nodes = way.cutoff / way.step * (1 if way.half else 2)
            parts = min(size, -(-size * int(max(64, way.count, nodes)) // BLOCK_ELEMENTS))  # one point may exceed a block
            start, stop = stop, stop + size
            for i in range(parts):
                yield order[start + size * i // parts : start + size * (i + 1) // parts], way


@lru_cache(maxsize=256)
def choice(needed: Analyticity, facts: tuple[Analyticity, ...], level: int) -> Choice:
    """The `Choice`, made once."""
    return Choice(needed, facts, level)


def _grid(facts: Analyticity, widest: float, count: int, level: int, quotient: bool) -> tuple[float, float]:
    """Step and cut-off of the grid; FINE refines the step of TIGHT.

    What lies beyond the cut-off matters less for sums over k than for coefficients: with all k they are averages over the pair,
    whose law has a Gaussian tail there, and those that are left out are orthogonal to those that are there.
    """
    tol = PAIR_TOLERANCES[min(level, TIGHT)]
    step = hermite_step(facts.strip, widest, tol, count, pole_order=facts.pole_order, imaginary_growth=facts.growth)
    step = coarse_step(step) / (refinement(facts.certain) if level == FINE else 1)
    tol = PAIR_TOLERANCES[level]
    beyond = gaussian_cutoff(tol * (QUOTIENT_GAP**2 if quotient else 1.0), degree=facts.degree, rate=facts.rate * widest)
    return step, min(beyond + _BEYOND, hermite_cutoff(tol))


def coefficient_counts(facts: Analyticity, sigma: Array, rho: Array, tol: float | Array) -> Array:
    """Number of coefficients for a truncation error of about ``tol``, point by point.

    Poles at distance d (in standard deviations) give ``a_k^2 ~ d^(2p) k^(p-3/2) exp(-2 d sqrt(k))``, an entire function that
    grows like ``exp(c y^2)`` gives ``(2 c var/(1 + 2 c var))^k``, others of exponential type decay factorially.
    """
    level = -np.log(tol)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Never -0, which a correlation of 1 would give: level / rate is +inf there.
        rate = np.abs(np.log(np.maximum(np.abs(rho), 1e-300)))
        if np.isfinite(facts.strip):
            return np.ceil(_pole_counts(facts, sigma, rate, level) + 6)
        if facts.growth:
            rate = rate + np.log1p(1 / np.maximum(2 * facts.growth * sigma**2, 1e-300))
            return np.ceil((level + np.log(np.maximum(1 / rate, 1.0))) / rate + 6)
        return np.ceil(np.minimum(level / rate, 3 * sigma**2 + 2 * level) + 6)


def _pole_counts(facts: Analyticity, sigma: Array, rate: Array, level: float | Array) -> Array:
    d = facts.strip / np.maximum(sigma, 1e-12)
    fixed = np.minimum(d * d / 2, 3.0) + np.log(4 * np.pi) + 2 * facts.pole_order * np.log(d)
    extra: Array | float = 0.0
    k = np.ones_like(sigma)
    for _ in range(3):
        total = level + extra
        root = 2 * total / (2 * d + np.sqrt(4 * d * d + 4 * rate * total))
        k = np.maximum(root * root, 1.0)
        extra = np.log(np.maximum(1 / (rate + d / np.sqrt(k)), 1.0)) + (facts.pole_order - 1.5) * np.log(k) + fixed
        extra = np.clip(extra, -0.8 * level, 2 * level)
    return k
