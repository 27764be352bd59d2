"""Simulated networks in a few numbers: means over networks with their standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.simulate.averages import Measured
from meanfield.simulate.estimates import estimates
from meanfield.simulate.run import Simulation

__all__ = ["Summary", "at_rest", "mean_and_error", "summary"]

Array = Any

_CLEAR = 6.0  # times N^-1/2: from where on the sign of kappa is no accident
_ALMOST, _SLOW = 1e-3, 1e-2
_REST = 1e-6  # of <x^2>: below this variance in time, a network without noise is at rest


@dataclass(frozen=True)
class Summary:
    """quantities: ``{name: (mean, standard error)}`` over networks; per_network: ``{name: values}``, in the order of ``networks``.

    counts: ``{words: number of trajectories}`` that are at rest, fluctuate, ran away, or were mirrored (x -> -x, where the model
    has that symmetry and kappa is clearly negative).
    """

    networks: tuple[int, ...]
    quantities: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    per_network: Mapping[str, Array] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def summary(simulation: Simulation, symmetric: bool = False) -> Summary:
    """Averages over the networks that did not run away. symmetric: mirrored states are the same state."""
    counts: dict[str, int] = {}
    rows, kept = [], []
    for k, m in sorted(simulation.measured.items()):
        B = m.speed.shape[0]
        if m.diverged:
            counts["ran away"] = counts.get("ran away", 0) + B
            continue
        rest = at_rest(m)
        signs = _orientation(m, simulation) if symmetric else np.ones(B)
        noisy = simulation.numbers.sigma_squared > 0
        found = {"driven by noise": B if noisy else 0, "at rest": 0 if noisy else int(rest.sum())}
        found |= {"fluctuating": 0 if noisy else int((~rest).sum()), "mirrored": int((signs < 0).sum())}
        for words, count in found.items():
            if count:
                counts[words] = counts.get(words, 0) + count
        rows.append(estimates(m, simulation.numbers, simulation.settings, signs=signs))
        kept.append(k)
    per_network = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}
    return Summary(tuple(kept), {name: mean_and_error(v) for name, v in per_network.items()}, per_network, counts)


def at_rest(m: Measured, least: float = 0.0) -> Array:
    """(B,) True for trajectories that do not change in time, or have almost come to rest: what is left of their movement is slow
    beside the little that they moved. least: a value of <x^2> of which a millionth is nothing, however small x is."""
    size = np.maximum(m.mean_square, 1e-300)
    settled = (m.fluctuation <= _ALMOST * size) & (m.speed**2 <= _SLOW * m.fluctuation)
    return ((m.fluctuation <= _REST * np.maximum(size, least)) | settled).all(axis=0)


def mean_and_error(values: Array) -> tuple[float, float]:
    """Mean and its standard error (NaN for one value)."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def _orientation(m: Measured, simulation: Simulation) -> Array:
    """(B,) -1 where the first overlap is clearly negative."""
    if len(m.kappa) == 0:
        return np.ones(m.speed.shape[0])
    means, cov = simulation.numbers.law()
    name = simulation.numbers.low_rank[0][1]
    size = np.sqrt((cov[(name, name)] + means[name] ** 2) * m.mean_square_phi.mean(axis=0) / simulation.settings.neurons)
    return np.where(m.kappa[0] < -_CLEAR * size, -1.0, 1.0)
