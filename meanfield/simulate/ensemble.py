"""Fixed points of many networks of one size, pooled: what the Kac-Rice formula is about.

The theory is annealed: it averages the number of fixed points over networks before taking the logarithm, and its density mu* is
that of a fixed point picked among those of all networks. So each network counts in proportion to its number of fixed points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.errors import ParameterError
from meanfield.simulate import tally
from meanfield.simulate.fixed_points import FixedPoints
from meanfield.simulate.pooled import Pooled, pooled_mean

__all__ = ["Ensemble"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The fixed points of independent networks of one size. Raises `ParameterError` for none, or for different sizes."""

    networks: tuple[FixedPoints, ...]

    def __post_init__(self) -> None:
        sizes = sorted({len(n.system.J) for n in self.networks})
        if len(sizes) != 1:
            raise ParameterError(f"an ensemble holds networks of one size, got {len(self.networks)} of sizes {sizes}")

    @property
    def neurons(self) -> int:
        """N."""
        return len(self.networks[0].system.J)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Fixed points found in each network."""
        return np.array([n.count for n in self.networks])

    @cached_property
    def tallies(self) -> list[tally.Tally]:
        """Each network's fixed points in sums."""
        return [tally.tally(n) for n in self.networks]

    @property
    def completeness(self) -> Pooled:
        """Share of the estimated fixed points that were found."""
        return tally.completeness(self.tallies)

    @property
    def log_count(self) -> Pooled:
        """``ln <count>``, with the counts by Chao's estimate."""
        return tally.log_count(self.tallies)

    def mean(self, f: Callable[[FixedPoints], Array]) -> Pooled:
        """Pooled mean of ``f(found)`` (K, ...), a value for each representative."""
        with_points = [n for n in self.networks if n.count]
        if not with_points:
            return pooled_mean([], [])
        sums = [n.multiplicity * f(n).sum(axis=0) for n in with_points]
        return pooled_mean(sums, [n.count for n in with_points])

    @property
    def mean_square(self) -> Pooled:
        """``<y^2>``: squared distance of a fixed point from the origin, over N."""
        return tally.pooled(self.tallies, "mean_square")

    @property
    def mean_square_phi(self) -> Pooled:
        """``<phi(y)^2>``."""
        return tally.pooled(self.tallies, "mean_square_phi")

    @property
    def fraction_unstable(self) -> Pooled:
        """Fraction of eigenvalues of the Jacobian with positive real part."""
        return tally.pooled(self.tallies, "fraction_unstable")

    @property
    def fraction_outside(self) -> Pooled:
        """Fraction of eigenvalues further than 1 from the centre -1."""
        return tally.pooled(self.tallies, "fraction_outside")

    @property
    def bulk_radius(self) -> Pooled:
        """``(sum_ij J_ij^2 phi'(x_j)^2 / N)^(1/2)``, the radius of the bulk, from the entries of the Jacobians."""
        return tally.pooled(self.tallies, "bulk_radius")

    @property
    def largest_modulus(self) -> Pooled:
        """Largest distance of an eigenvalue from -1. At finite N it lies outside of the bulk's edge."""
        return self.mean(lambda n: n.radius)

    def radial_cdf(self, r: ArrayLike) -> Pooled:
        """Fraction of eigenvalues within each distance r (R,) of the centre -1."""
        radii = np.asarray(r, dtype=float)
        return self.mean(lambda n: (abs(n.eigenvalues + 1)[:, :, None] <= radii).mean(axis=1))

    def density(self, edges: ArrayLike) -> Pooled:
        """Density of coordinates in the bins between ``edges`` (B + 1,), from all fixed points found, partners included."""
        limits = np.asarray(edges, dtype=float)

        def histogram(n: FixedPoints) -> Array:
            rows = np.array([np.histogram(x, limits)[0] for x in n.representatives], dtype=float)
            if n.symmetric:
                rows += [np.histogram(-x, limits)[0] for x in n.representatives]
                rows /= 2
            return rows / (self.neurons * np.diff(limits))

        return self.mean(histogram)
