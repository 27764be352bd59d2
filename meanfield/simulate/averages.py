"""What is measured in one network: averages over time, neuron by neuron and population by population."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.simulate.field import rates
from meanfield.simulate.sample import Sample

__all__ = ["Averages", "Measured"]

Array = Any


@dataclass(frozen=True)
class Measured:
    """Averages over one network's B trajectories (columns), for P populations; all float64.

    mean, mean_square, mean_phi, mean_square_phi, mean_dphi, mean_square_dphi (P, B): of x, x^2, phi, phi^2, phi', phi'^2 over
    neurons and time. kappa (R, B): ``(1/N) sum_j n_j phi(x_j)``. lagged (P, L, B): of ``x(t) x(t + tau)``. overlaps
    (P, 2 B, 2 B): ``(1/N) sum_i X_i^a X_i^b`` of the averages X over each half of the time (first halves, then second halves).
    speed (B,): root mean square of x' at the end. lyapunov (B,), NaN if not asked for. diverged: some x became infinite.
    eigenvalues (B, N): of the Jacobian at the end, complex; (0, 0) if not asked for, or diverged.
    """

    mean: Array
    mean_square: Array
    mean_phi: Array
    mean_square_phi: Array
    mean_dphi: Array
    mean_square_dphi: Array
    kappa: Array
    lagged: Array
    overlaps: Array
    speed: Array
    lyapunov: Array
    diverged: bool = False
    eigenvalues: Array = field(default_factory=lambda: np.zeros((0, 0), complex))

    @property
    def fluctuation(self) -> Array:
        """(P, B): the variance of x_i in time, averaged over neurons."""
        B = self.speed.shape[0]
        first, mixed, second = (_blocks(self.overlaps, a, b, B) for a, b in ((0, 0), (0, 1), (1, 1)))
        return self.mean_square - (first + 2 * mixed + second) / 4


def _blocks(overlaps: Array, a: int, b: int, B: int) -> Array:
    """(P, B): overlaps of each trajectory's halves a and b."""
    return np.einsum("pcc->pc", overlaps[:, a * B : (a + 1) * B, b * B : (b + 1) * B])


class Averages:
    """Sums over samples. ``add(x, half)`` takes the state (N, B); ``measured(...)`` ends it."""

    def __init__(self, net: Sample, columns: int, lags: tuple[int, ...]) -> None:
        self.net, self.B, self.lags = net, columns, lags
        P, N = len(net.slices), net.neurons
        self._sums, self._squares = self._totals = np.zeros((2, 3, P, columns))
        self._kappa = np.zeros((net.right.shape[1], columns))
        self._halves = np.zeros((2, N, columns))
        self._counts = [0, 0]
        self._lagged = np.zeros((len(lags), P, columns))
        self._lag_counts = np.zeros(len(lags))
        self._ring = np.zeros((max(lags, default=-1) + 1, N, columns), net.input.dtype)
        self._phi = [rates(p.transfer, (0, 1)) for p in net.numbers.populations]
        self._buffers = np.empty((2, N, columns), net.input.dtype)
        # Everything is summed in float64, by products with rows that hold one over the size of a population.
        self._values, self._products = self._both = np.empty((2, 3, N, columns))
        self._mean = np.zeros((P, N))
        for row, rows in zip(self._mean, net.slices):
            row[rows] = 1 / (rows.stop - rows.start)
        self._overlap = net.right.T.astype(float) / N

    def add(self, x: Array, half: int) -> None:
        """One sample."""
        phi, slope = self._buffers
        for write, rows in zip(self._phi, self.net.slices):
            write(x[rows], (phi[rows], slope[rows]))
        values = self._values
        values[0], values[1], values[2] = x, phi, slope
        np.multiply(values, values, out=self._products)
        self._totals += self._mean @ self._both
        if len(self._overlap):
            self._kappa += self._overlap @ values[1]
        self._halves[half] += values[0]
        if self.lags:
            self._add_lagged(x)
        self._counts[half] += 1

    def _add_lagged(self, x: Array) -> None:
        now, size = sum(self._counts), len(self._ring)
        self._ring[now % size] = x
        for l, lag in enumerate(self.lags):
            if now >= lag:
                product = self._products[0]
                np.multiply(self._values[0], self._ring[(now - lag) % size], out=product)
                self._lagged[l] += self._mean @ product
                self._lag_counts[l] += 1

    def measured(self, speed: Array, lyapunov: Array, *, diverged: bool = False) -> Measured:
        """The averages over all samples that were added. With one sample (a state at rest), both halves are that one."""
        count = sum(self._counts)
        first, second = (self._halves[h] / max(self._counts[h], 1) for h in (0, 1))
        if self._counts[1] == 0:
            second = first
        both = np.concatenate([first, second], axis=1)
        overlaps = np.stack([both[rows].T @ both[rows] / (rows.stop - rows.start) for rows in self.net.slices])
        sums, squares = (total / max(count, 1) for total in (self._sums, self._squares))
        lagged = np.swapaxes(self._lagged / np.maximum(self._lag_counts, 1)[:, None, None], 0, 1)
        if count == 1:
            lagged = np.repeat(squares[0][:, None], len(self.lags), axis=1)
        return Measured(
            mean=sums[0],
            mean_square=squares[0],
            mean_phi=sums[1],
            mean_square_phi=squares[1],
            mean_dphi=sums[2],
            mean_square_dphi=squares[2],
            kappa=self._kappa / max(count, 1),
            lagged=lagged,
            overlaps=overlaps,
            speed=np.asarray(speed, float),
            lyapunov=np.asarray(lyapunov, float),
            diverged=diverged,
        )
