"""The fixed points that were found of one network, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from meanfield.simulate.fixed_points import completeness
from meanfield.simulate.fixed_points.completeness import Estimate
from meanfield.simulate.fixed_points.errors import bounds
from meanfield.simulate.fixed_points.levenberg import Array, System
from meanfield.simulate.fixed_points.register import ZERO

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

__all__ = ["FixedPoints"]


@dataclass(frozen=True, eq=False)
class FixedPoints:
    """Distinct fixed points of one network, x = 0 left out (the Kac-Rice formula does not count it).

    representatives (K, N): one of each pair x, -x if ``symmetric``, else all of them, in the order of their discovery.
    outcomes (S,): for every start the number of the representative that it reached, -1 for none, -2 for x = 0. origin: where the
    starts come from, in words (``seed 0``).
    """

    system: System
    representatives: Array
    outcomes: NDArray[np.int32]
    symmetric: bool
    origin: str = ""

    @property
    def points(self) -> Array:
        """All fixed points but x = 0, (count, N): the representatives, then their partners."""
        return np.concatenate([self.representatives, -self.representatives]) if self.symmetric else self.representatives

    @property
    def count(self) -> int:
        """How many were found, partners included."""
        return len(self.representatives) * self.multiplicity

    @property
    def multiplicity(self) -> int:
        """Fixed points to a representative: 2 with the symmetry x -> -x."""
        return 2 if self.symmetric else 1

    @property
    def starts(self) -> int:
        """Number of starts."""
        return len(self.outcomes)

    @property
    def zero(self) -> bool:
        """Whether x = 0 was reached as well."""
        return bool((self.outcomes == ZERO).any())

    @cached_property
    def hits(self) -> NDArray[np.int64]:
        """How many starts reached each representative (or its partner), (K,)."""
        return np.bincount(self.outcomes[self.outcomes >= 0], minlength=len(self.representatives))

    @property
    def curve(self) -> NDArray[np.int64]:
        """Fixed points found (partners included) after each start, (S,): flat where the search is complete."""
        return self.multiplicity * completeness.found_against_starts(self.outcomes)

    @property
    def estimate(self) -> Estimate:
        """How many fixed points there are, by Chao's estimate (in expectation a lower bound), partners included."""
        return self._scaled(completeness.chao1(self.hits))

    @property
    def estimate_by_recapture(self) -> Estimate:
        """How many there are, by capture and recapture between the two kinds of starts (even and odd numbers).

        The two kinds prefer different fixed points, which makes it too large; what both prefer makes it too small.
        """
        kinds = [self.outcomes[k::2] for k in (0, 1)]
        first, second = (np.bincount(o[o >= 0], minlength=len(self.representatives)) for o in kinds)
        return self._scaled(completeness.recapture(first, second))

    @property
    def missing(self) -> tuple[float, float]:
        """How many fixed points are missing by Chao's estimate, and its standard error."""
        estimate = self.estimate
        return estimate.value - self.count, estimate.error

    @property
    def coverage(self) -> tuple[float, float]:
        """Probability that the next successful start reaches a known fixed point, and its standard error."""
        return completeness.coverage(self.hits)

    @cached_property
    def error(self) -> Array:
        """Bound on the distance (largest coordinate) of each representative from the exact fixed point, (K,).

        inf where the Jacobian is so nearly singular that Newton's theorem does not prove that there is one.
        """
        return bounds(self.system, self.representatives)

    @cached_property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Eigenvalues of the Jacobian ``J diag(phi') - 1`` at each representative, (K, N)."""
        K, N = self.representatives.shape
        out = np.empty((K, N), dtype=complex)
        for k in range(0, K, 64):
            (slope,) = self.system.phi.jet([1], self.representatives[k : k + 64])
            out[k : k + 64] = np.linalg.eigvals(self.system.jacobian(slope))
        return out

    @property
    def unstable_fraction(self) -> Array:
        """Fraction of eigenvalues with positive real part at each representative, (K,)."""
        return (self.eigenvalues.real > 0).mean(axis=1)

    @property
    def fraction_outside(self) -> Array:
        """Fraction of eigenvalues further than 1 from the centre -1, (K,)."""
        return (abs(self.eigenvalues + 1) > 1).mean(axis=1)

    @property
    def radius(self) -> Array:
        """Largest distance of an eigenvalue from the centre -1, (K,)."""
        return abs(self.eigenvalues + 1).max(axis=1)

    @property
    def mean_square(self) -> Array:
        """Squared distance from the origin over N, (K,)."""
        return np.mean(self.representatives**2, axis=1)

    def first(self, starts: int) -> FixedPoints:
        """What the first so many starts find."""
        outcomes = self.outcomes[:starts]
        known = int(outcomes.max(initial=-1)) + 1
        return FixedPoints(self.system, self.representatives[:known], outcomes, self.symmetric, self.origin)

    def dataset(self) -> xr.Dataset:
        """Everything as an xarray dataset."""
        from meanfield.store.fixed_points import fixed_points_dataset

        return fixed_points_dataset(self)

    def to_netcdf(self, path: str | Path) -> None:
        """Write everything to a netCDF file; `meanfield.store.load_fixed_points` reads it."""
        from meanfield.store.fixed_points import save_fixed_points

        save_fixed_points(self, path)

    def __str__(self) -> str:
        missing, error = self.missing
        return (
            f"{self.count} fixed points of a network of {self.representatives.shape[1]} neurons from {self.starts} starts; "
            f"{missing:.1f} +- {error:.1f} are missing"
        )

    def _scaled(self, e: Estimate) -> Estimate:
        m = self.multiplicity
        return Estimate(m * e.value, m * e.error, m * e.low, m * e.high)
