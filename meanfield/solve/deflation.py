"""Deflation: Newton on m(x) r(x) does not converge again to roots that are known.

m(x) = prod_k (1 / |x - r_k|^q + 1), with distances scaled per unknown. Source: Farrell, Birkisson & Funke, SIAM J.
Sci. Comput. 37 (2015) A2026, eq. 3.2. By the Sherman-Morrison formula the deflated Newton step is the plain step d
times a number, 1 / (1 - eta . d) with eta = grad ln m, so no matrix is ever deflated.
Arrays here have the points *last*, as inside the Newton loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.solve.problem import Array

_FAR = 1e30  # stands for "no root" in padded lists: its factor is 1 and its slope 0


@dataclass(frozen=True)
class Deflation:
    """Known roots of each point.

    roots: (K, n, P), each point's own list, padded with NaN. scale: (n, P) or (n, 1), size of each unknown.
    power: the exponent q; 2 separates better near a root, 1 reaches farther.
    """

    roots: Array
    scale: Array
    power: float = 2.0

    @classmethod
    def of(cls, roots: Array, scale: Array | float, power: float = 2.0) -> Deflation:
        """From roots (P, K, n), padded with NaN, and a scale that broadcasts to (P, n)."""
        known = np.where(np.isfinite(roots), roots, _FAR).transpose(1, 2, 0)
        size = np.broadcast_to(np.asarray(scale, dtype=float), (roots.shape[0], roots.shape[2])).T
        return cls(np.ascontiguousarray(known), np.ascontiguousarray(size), power)

    def take(self, keep: np.ndarray) -> Deflation:
        """The deflation of the points that `keep` (a mask or indices) selects."""
        return Deflation(self.roots[:, :, keep], self.scale[:, keep], self.power)

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """x (n, P) -> m(x) (P,) and eta(x) = grad ln m (n, P). At a known root m is infinite."""
        size = self.scale + np.where(np.abs(self.roots) < _FAR, np.abs(self.roots), 0.0)
        e = (x - self.roots) / size
        square = (e * e).sum(axis=1)
        distance = square ** (self.power / 2)
        factor = (1.0 / distance + 1.0).prod(axis=0)
        eta = (-self.power * e / size / (square * (1.0 + distance))[:, None, :]).sum(axis=0)
        return factor, eta
