"""One network's fixed points in a few sums: what pooling many networks needs, and what is kept of each of them.

The Kac-Rice theory averages the number of fixed points over networks before taking the logarithm (it is annealed), and its density
mu* is that of a fixed point picked among those of all networks. So each network counts in proportion to its number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meanfield.simulate.fixed_points import FixedPoints
from meanfield.simulate.pooled import Pooled, log_of_mean, pooled_mean

__all__ = ["MEANS", "NEAR", "SHARES", "Tally", "completeness", "log_count", "pooled", "tally"]

Array = NDArray[np.float64]

NEAR = 0.5
"""Coordinates below this count as near zero, where mu* has its peak."""


def _squared_bulk_radius(n: FixedPoints) -> Array:
    """``sum_ij J_ij^2 phi'(x_j)^2 / N``."""
    slope: Array = n.system.phi.jet([1], n.representatives)[0]
    return np.asarray(np.mean(slope**2 @ (n.system.J**2).T, axis=1), dtype=float)


MEANS: Mapping[str, Callable[[FixedPoints], Array]] = {
    "mean_square": lambda n: n.mean_square,
    "mean_square_phi": lambda n: np.mean(n.system.phi.jet([0], n.representatives)[0] ** 2, axis=1),
    "fraction_near_zero": lambda n: np.mean(abs(n.representatives) < NEAR, axis=1),
    "bulk_radius": _squared_bulk_radius,
    "fraction_outside": lambda n: n.fraction_outside,
    "fraction_unstable": lambda n: n.unstable_fraction,
}
"""What is averaged over fixed points: a value for each representative; of ``bulk_radius`` it is the square."""

SHARES = ("fraction_near_zero", "fraction_outside", "fraction_unstable")
"""Those that count neurons or eigenvalues among the N that there are."""


@dataclass(frozen=True)
class Tally:
    """count: fixed points found, partners included, or the weight of one that was planted (`planted_fixed_points`). estimated: how
    many there are by Chao's estimate. starts: spent on them. sums: over all that were found, of every quantity in `MEANS`."""

    count: float
    estimated: float
    starts: int
    sums: Mapping[str, float]

    def record(self) -> dict[str, Any]:
        """As arrays, to be kept in a file; `from_record` reads them."""
        return {"count": self.count, "estimated": self.estimated, "starts": self.starts, **self.sums}

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> Tally:
        sums = {name: float(record[name]) for name in MEANS}
        return Tally(float(record["count"]), float(record["estimated"]), int(record["starts"]), sums)


def tally(found: FixedPoints) -> Tally:
    """The sums over the fixed points that were found of one network."""
    sums = {name: found.multiplicity * float(f(found).sum()) if found.count else 0.0 for name, f in MEANS.items()}
    return Tally(found.count, found.estimate.value, found.starts, sums)


def pooled(tallies: Sequence[Tally], name: str) -> Pooled:
    """Mean of one of `MEANS` over all fixed points of all networks, with the jackknife's error over networks."""
    mean = pooled_mean([t.sums[name] for t in tallies], [t.count for t in tallies])
    if name != "bulk_radius":
        return mean
    return Pooled(np.sqrt(mean.value), mean.error / (2 * np.sqrt(mean.value)))


def log_count(tallies: Sequence[Tally]) -> Pooled:
    """``ln <count>``, with the estimated counts."""
    return log_of_mean([t.estimated for t in tallies])


def completeness(tallies: Sequence[Tally]) -> Pooled:
    """Share of the estimated fixed points that were found."""
    return pooled_mean([t.count for t in tallies], [t.estimated for t in tallies])
