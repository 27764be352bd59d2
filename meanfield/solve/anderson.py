"""Anderson's acceleration of a fixed-point iteration x <- G(x) (D. G. Anderson, J. ACM 12 (1965) 547; Walker & Ni 2011)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["anderson"]

Vector = NDArray[np.float64]
SHORTEST = 1 / 64  # fraction of a step that is tried before the memory is thrown away


def anderson(
    G: Callable[[Vector], Vector], x: Vector, *, depth: int = 8, tol: float = 1e-12, rounds: int = 100, largest: float = 1e3
) -> tuple[Vector, float, int]:
    """A point with ``|G(x) - x| <= tol`` (largest component) from ``x``, if the iteration gets there.

    depth: residuals remembered. Where G is not finite, or the residual grows beyond ``largest`` times the best, the step is
    halved. Returns the best point, its residual, and the number of evaluations of G. It reaches unstable fixed points of the
    plain iteration too, since it is a secant method; which one of several is not in its hands.
    """
    points: list[Vector] = []
    residuals: list[Vector] = []
    best, smallest, fraction, step = x, np.inf, 1.0, np.zeros_like(x)
    for count in range(1, rounds + 1):
        with np.errstate(all="ignore"):
            residual = G(x) - x
        size = float(np.abs(residual).max())
        if not size <= largest * smallest:
            fraction /= 2
            if not points or fraction < SHORTEST:
                return best, smallest, count
            x = points[-1] + fraction * step
            continue
        if size < smallest:
            best, smallest = x, size
        if size <= tol:
            break
        points, residuals = [*points, x][-depth - 1 :], [*residuals, residual][-depth - 1 :]
        step, fraction = _step(points, residuals), 1.0
        x = x + step
    return best, smallest, count


def _step(points: list[Vector], residuals: list[Vector]) -> Vector:
    """To the point at which the residual, interpolated linearly, is smallest, and on by that residual."""
    newest = residuals[-1]
    if len(points) == 1:
        return newest
    dR = np.diff(residuals, axis=0).T
    dX = np.diff(points, axis=0).T
    weights = np.linalg.lstsq(dR, newest, rcond=1e-12)[0]
    return np.asarray(newest - (dX + dR) @ weights)
