"""The Kac-Rice theory of fixed points beside the fixed points of finite networks, quantity by quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meanfield.errors import ParameterError
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.pooled import Line, Pooled, fit_line
from meanfield.solve import Solution

__all__ = ["Beside", "beside_theory", "complexity", "density_limit"]

COMPLETE = 0.97
"""Share of the fixed points that must have been found before theory and networks are compared by a z-score."""

_QUANTITIES = ("mean_square", "mean_square_phi", "bulk_radius", "fraction_outside", "fraction_unstable")


@dataclass(frozen=True)
class Beside:
    """One quantity: what the theory claims, what networks of each size N show, and their limit ``1/N -> 0``.

    limit: None with fewer than three sizes. z: None where there is no limit, or where the fixed points are too incomplete
    (``completeness``, the smallest of all sizes) for the difference to mean anything.
    """

    quantity: str
    theory: float
    theory_error: float
    sizes: Mapping[int, Pooled]
    limit: Pooled | None
    completeness: float

    @property
    def z(self) -> float | None:
        if self.limit is None or self.completeness < COMPLETE:
            return None
        return float((self.limit.value - self.theory) / np.hypot(self.limit.error, self.theory_error))

    def __str__(self) -> str:
        shown = ", ".join(f"N = {n}: {p.value:.4f} +- {p.error:.4f}" for n, p in self.sizes.items())
        limit = f"; limit {self.limit}" if self.limit is not None else ""
        verdict = f", z = {self.z:+.1f}" if self.z is not None else f" ({self.completeness:.0%} of the fixed points, no z)"
        return f"{self.quantity}: theory {self.theory:.6g}; {shown}{limit}{verdict}"


def complexity(ensembles: Sequence[Ensemble]) -> Line:
    """Slope of ``ln <count>`` in N, the complexity, from ensembles of at least two sizes.

    ``E N_fp = A exp(c N) (1 + O(1/N))``: the line's intercept is ln A, which the exponent does not tell.
    """
    logs = [e.log_count for e in ensembles]
    return fit_line([e.neurons for e in ensembles], [p.value for p in logs], [p.error for p in logs])


def beside_theory(ensembles: Sequence[Ensemble], state: Solution) -> list[Beside]:
    """The complexity and the averages over fixed points, against one solution of ``kac-rice`` at the same parameters.

    ensembles: one for each size, in any order; from three sizes on every average is extrapolated linearly in 1/N.
    """
    if not ensembles:
        raise ParameterError("there is nothing to compare: give at least one ensemble of networks")
    chosen = sorted(ensembles, key=lambda e: e.neurons)
    completeness = min(float(e.completeness.value) for e in chosen)
    rows = [_log_count(chosen, state, completeness)]
    for name in _QUANTITIES:
        sizes = {e.neurons: getattr(e, name) for e in chosen}
        rows.append(Beside(name, float(state[name]), float(state.error[name]), sizes, _limit(sizes), completeness))
    return rows


def density_limit(ensembles: Sequence[Ensemble], edges: ArrayLike) -> Pooled:
    """Density of coordinates in the bins between ``edges`` (B + 1,), extrapolated linearly in 1/N bin by bin, to be put beside mu*.

    NaN in bins that some size has hardly any coordinates in.
    """
    shown = {e.neurons: e.density(edges) for e in ensembles}
    values, errors = (np.array([getattr(p, name) for p in shown.values()]) for name in ("value", "error"))
    lines = [fit_line([1 / n for n in shown], v, e) if (e > 0).all() else None for v, e in zip(values.T, errors.T, strict=True)]
    limit = [(line.intercept, line.intercept_error) if line else (np.nan, np.nan) for line in lines]
    value, error = np.array(limit).T
    return Pooled(value, error)


def _log_count(ensembles: Sequence[Ensemble], state: Solution, completeness: float) -> Beside:
    logs = {e.neurons: e.log_count for e in ensembles}
    per_neuron = {n: Pooled(p.value / n, p.error / n) for n, p in logs.items()}
    limit = None
    if len(ensembles) > 2:
        line = complexity(ensembles)
        limit = Pooled(line.slope, line.slope_error)
    return Beside("complexity", float(state["complexity"]), float(state.error["complexity"]), per_neuron, limit, completeness)


def _limit(sizes: Mapping[int, Pooled]) -> Pooled | None:
    if len(sizes) < 3:
        return None
    line = fit_line([1 / n for n in sizes], [p.value for p in sizes.values()], [p.error for p in sizes.values()])
    return Pooled(line.intercept, line.intercept_error)
