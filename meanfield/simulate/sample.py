"""One network drawn at random: couplings, vectors and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

from meanfield.errors import ParameterError
from meanfield.networks import INPUT, Numbers

__all__ = ["Sample", "Streams", "population_sizes", "sample", "streams"]

Array = Any

ROWS = 64
"""Rows of a matrix of couplings that are changed together."""


@dataclass(frozen=True)
class Streams:
    """Independent random numbers for one network: of its structure, of where it starts, of its noise."""

    structure: Generator
    start: Generator
    noise: Generator


def streams(seed: int, neurons: int, index: int) -> Streams:
    """The streams of network ``index`` among those of ``neurons`` neurons: whatever else is drawn, they are the same."""
    children = SeedSequence(seed, spawn_key=(neurons, index)).spawn(3)
    return Streams(*(np.random.default_rng(child) for child in children))


@dataclass(frozen=True)
class Sample:
    """One network: ``J = random + (mean couplings) / N + left right^T / N``, never added up.

    numbers: what it was drawn from. slices: the neurons of each population. random (N, N), or None if it vanishes. left,
    right (N, R): the vectors m and n of the low-rank part. vectors: all Gaussian vectors by name, each (N,). input (N,).
    """

    numbers: Numbers
    slices: tuple[slice, ...]
    random: Array | None
    left: Array
    right: Array
    vectors: Mapping[str, Array]

    @property
    def neurons(self) -> int:
        return self.slices[-1].stop

    @property
    def input(self) -> Array:
        return self.vectors[INPUT]

    def matrix(self) -> Array:
        """J as a dense (N, N) matrix: for eigenvalues, and to test what is never added up."""
        J = self.left @ self.right.T / self.neurons
        for a, rows in enumerate(self.slices):
            for b, columns in enumerate(self.slices):
                J[rows, columns] += self.numbers.couplings[a, b] / self.neurons
        return J if self.random is None else J + self.random


def sample(
    numbers: Numbers,
    neurons: int,
    rng: Generator,
    *,
    fix_moments: bool = True,
    orthogonal: bool = False,
    dtype: Any = np.float64,
) -> Sample:
    """Draw a network of ``neurons`` neurons with the random numbers of ``rng``.

    fix_moments: shift, orthogonalise and scale the Gaussian vectors so that their empirical means, variances and covariances
    in each population are exactly those demanded. It removes what they add to the fluctuations of order N^-1/2 of the
    overlaps; the mean-field limit is the same. orthogonal: take out of the random couplings, in each population, the directions
    of the vectors and of the mean, ``n^T random = 0`` and so on, and scale what is left to the same variance: of N directions a
    few are missing, and neither the mean activity nor overlaps are pushed at random any more. dtype: of all arrays.
    Raises `ParameterError` if a population gets too few neurons.
    """
    slices = population_sizes(numbers, neurons)
    columns = [_vectors(p.mean, p.covariance, s.stop - s.start, rng, fix_moments) for p, s in zip(numbers.populations, slices)]
    values = np.concatenate(columns).astype(dtype)
    vectors = {name: np.ascontiguousarray(values[:, k]) for k, name in enumerate(numbers.vectors)}
    left, right = (_stacked(vectors, [pair[k] for pair in numbers.low_rank], neurons, dtype) for k in (0, 1))
    random = _random(numbers, slices, rng, dtype)
    if orthogonal and random is not None:
        for rows, values_there in zip(slices, columns):
            _project(random[rows], values_there)
    return Sample(numbers, slices, random, left, right, vectors)


def population_sizes(numbers: Numbers, neurons: int) -> tuple[slice, ...]:
    """Which neurons belong to each population: shares rounded so that they add up."""
    edges = np.rint(neurons * np.cumsum([0.0, *(p.fraction for p in numbers.populations)])).astype(int)
    edges[-1] = neurons
    least = len(numbers.vectors) + 2
    if np.diff(edges).min() < least:
        raise ParameterError(
            f"{neurons} neurons leave a population with {np.diff(edges).min()}; take more, so that each has at least {least}"
        )
    return tuple(slice(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:]))


def _vectors(mean: Array, covariance: Array, size: int, rng: Generator, fix_moments: bool) -> Array:
    """(size, V) jointly Gaussian entries."""
    z = rng.standard_normal((size, len(mean)))
    if fix_moments:
        z -= z.mean(axis=0)
        q, r = np.linalg.qr(z)
        z = q * np.sign(np.diag(r)) * np.sqrt(size)
        z -= z.mean(axis=0)
    scales, directions = np.linalg.eigh(covariance)
    return mean + z @ (directions * np.sqrt(np.maximum(scales, 0.0))).T


def _project(couplings: Array, vectors: Array) -> None:
    """Take the directions of the vectors (size, V), and of equal activity, out of the rows (size, N), in place."""
    size = len(vectors)
    directions, scales, _ = np.linalg.svd(np.column_stack([np.ones(size), vectors]), full_matrices=False)
    basis = directions[:, scales > 1e-10 * scales[0]].astype(couplings.dtype)
    along = basis.T @ couplings
    for begin in range(0, size, ROWS):  # no second matrix of this size
        rows = slice(begin, begin + ROWS)
        couplings[rows] -= basis[rows] @ along
    couplings *= np.asarray(np.sqrt(size / (size - basis.shape[1])), couplings.dtype)


def _stacked(vectors: Mapping[str, Array], names: list[str], neurons: int, dtype: Any) -> Array:
    return np.stack([vectors[n] for n in names], axis=1) if names else np.zeros((neurons, 0), dtype)


def _random(numbers: Numbers, slices: tuple[slice, ...], rng: Generator, dtype: Any) -> Array | None:
    if not numbers.variances.any():
        return None
    neurons = slices[-1].stop
    J = rng.standard_normal((neurons, neurons), dtype=dtype)
    for a, rows in enumerate(slices):
        for b, columns in enumerate(slices):
            J[rows, columns] *= np.asarray(np.sqrt(numbers.variances[a, b] / neurons), dtype)
    return J
