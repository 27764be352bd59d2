"""Couplings of a network that has a given fixed point, those with a large determinant of the Jacobian being more frequent.

In the Kac-Rice formula a network with the fixed point x counts by ``|det y'(x)|``, ``y' = J diag(phi') - 1``. Were it drawn
without regard to that, few networks would count for most. ``|det|`` is a product over blocks of rows: of the volumes that they span
in the m directions which are orthogonal to the rows before. Of each block many are tried, one is taken with a probability in
proportion to its volume, and the mean volume counts: for any number of tries that is exact on average (importance resampling,
one block after the other). The last rows make ``|det|`` fluctuate most, so there are many more tries of them, only of what the
volume depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["chosen_rows"]

Array = NDArray[np.float64]

_LAST, _LAST_TRIES = 16, 256  # directions that are left to the last rows, at least, and how often these are tried
_TRIES = 8  # of half of the rows that remain: their volume has a relative variance of 0.4


def chosen_rows(x: Array, f: Array, slope: Array, spread: float, variance: float, rng: Generator) -> tuple[Array, float]:
    """J (N, N) with ``y(x) = -x + J phi(x) + I = 0``, and the logarithm of what counts for ``|det y'(x)|``.

    x, f, slope (N,): the fixed point, phi and phi' there. spread: variance of an entry of J. variance: of a component of ``x + y``.
    """
    rows, N = _Rows(x, f, slope, spread, variance), len(x)
    J, log_det, done, free = np.empty((N, N)), 0.0, 0, np.eye(N)
    while N - done >= 2 * _LAST:
        block = slice(done, done + (N - done) // 2)
        tries = rows.draw(block, _TRIES, rng)
        spanned = rows.jacobian(tries, block)
        if done:
            spanned = spanned @ free
        taken, log_mean = _by_size(np.linalg.slogdet(spanned @ spanned.swapaxes(1, 2))[1] / 2, rng)
        J[block], log_det, done = tries[taken], log_det + log_mean, block.stop
        directions = np.linalg.qr(spanned[taken].T, mode="complete")[0]
        free = free @ directions[:, block.stop - block.start :]
    J[done:], log_mean = _last_rows(rows, slice(done, N), free, rng)
    return J, log_det + log_mean


@dataclass(frozen=True)
class _Rows:
    """The law of rows of J once ``y(x) = 0``: independent, normal, with the means ``x_i f spread/variance`` and the covariance
    ``spread (1 - f f^T spread/variance)``. Arguments as in `chosen_rows`."""

    x: Array
    f: Array
    slope: Array
    spread: float
    variance: float

    def draw(self, block: slice, tries: int, rng: Generator) -> Array:
        """(tries, k, N): drawn for the neurons of this block."""
        x, squared = self.x[block], float(self.f @ self.f)
        J = rng.standard_normal((tries, len(x), len(self.f)))
        along = 1 - np.sqrt(max(1 - squared * self.spread / self.variance, 0.0))
        pull = (x * (self.spread / self.variance)) - np.sqrt(self.spread) * along / squared * (J @ self.f)
        J *= np.sqrt(self.spread)
        J += pull[..., None] * self.f
        return J

    def jacobian(self, J: Array, block: slice) -> Array:
        """Rows of ``J diag(phi') - 1``."""
        A: Array = J * self.slope
        own = np.arange(block.start, block.stop)
        A[..., own - block.start, own] -= 1.0
        return A

    def covariance(self, columns: Array) -> Array:
        """Covariance of a row of J, times ``columns`` (N, m)."""
        moved: Array = self.spread * (columns - np.outer(self.f, (self.f @ columns) * (self.spread / self.variance)))
        return moved


def _by_size(logs: Array, rng: Generator) -> tuple[int, float]:
    """One of several numbers, taken with a probability in proportion to its size, and the logarithm of their mean."""
    sizes = np.exp(logs - logs.max())
    return int(rng.choice(len(logs), p=sizes / sizes.sum())), float(np.log(sizes.mean()) + logs.max())


def _last_rows(rows: _Rows, block: slice, free: Array, rng: Generator) -> tuple[Array, float]:
    """The rows that fill the directions ``free`` (N, k), and the logarithm of their mean determinant there.

    Many projections onto these directions are tried, and the one that is taken is completed by G. Matheron's rule.
    """
    J = rows.draw(block, 1, rng)[0]
    k = len(J)
    steep = rows.slope[:, None] * free
    moved = rows.covariance(steep)
    covariance = steep.T @ moved
    mean = np.outer(rows.x[block] * (rows.spread / rows.variance), rows.f @ steep) - free[block]
    scales, directions = np.linalg.eigh(covariance)
    root = directions * np.sqrt(np.maximum(scales, 0.0))
    tries = mean + rng.standard_normal((_LAST_TRIES, k, k)) @ root.T
    taken, log_mean = _by_size(np.linalg.slogdet(tries)[1], rng)
    lack = tries[taken] - rows.jacobian(J, block) @ free
    return J + np.linalg.lstsq(covariance, lack.T, rcond=1e-14)[0].T @ moved.T, log_mean
