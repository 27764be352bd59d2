"""The Kac-Rice theory of fixed points beside the fixed points of finite networks, quantity by quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meanfield.errors import ParameterError
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.pooled import Line, Pooled, fit_line
from meanfield.simulate.tally import MEANS, NEAR, SHARES, Tally, log_count, pooled
from meanfield.simulate.tally import completeness as found_of
from meanfield.solve import Solution

__all__ = ["ANNEALED", "COMPLETE", "QUANTITIES", "Beside", "beside_tallies", "beside_theory", "complexity", "density_limit"]

_ROUNDING = 1e-14  # errors below which networks do not differ

COMPLETE = 0.97
"""Share of the fixed points that must have been found before theory and networks are compared by a z-score."""

QUANTITIES = ("complexity", *MEANS)
"""What is compared."""

ANNEALED = (
    "the theory is annealed: it averages the number of fixed points over networks before it takes the logarithm, so that networks "
    "count in proportion to their number of fixed points, and complexity is the slope of ln <count> in N"
)


@dataclass(frozen=True)
class Beside:
    """One quantity: what the theory claims, what networks of each size N show, and their limit ``1/N -> 0``.

    added: what fluctuations add at each size (`FiniteSize`, from the network's own laws; 0 where it has nothing to say), which
    vanishes for infinitely many neurons; NaN where that is not known, and then nothing is taken away. line: through the sizes in
    1/N, what is added being taken away; None with fewer than three of them.
    extrapolation: how far its limit moves when the smallest size is left out, the size of what a line in 1/N misses.
    completeness: of the fixed points that were found, the smallest of all sizes. z: None where there is no limit, or a doubt that
    the difference means anything; standard error, claim and extrapolation add up in squares.
    """

    quantity: str
    theory: float
    theory_error: float
    sizes: Mapping[int, Pooled]
    added: Mapping[int, float]
    line: Line | None
    extrapolation: float
    completeness: float

    @property
    def limit(self) -> Pooled | None:
        """For infinitely many neurons."""
        return None if self.line is None else Pooled(self.line.intercept, self.line.intercept_error)

    @property
    def doubt(self) -> str:
        """Why the limit says nothing about the theory; empty if it does."""
        if self.completeness < COMPLETE:
            return f"only {self.completeness:.0%} of the fixed points were found; take more starts"
        if not all(np.isfinite(a) for a in self.added.values()):
            return "in networks this small most fixed points are far from those of the limit; take larger ones"
        return ""

    @property
    def z(self) -> float | None:
        if self.limit is None or self.doubt:
            return None
        return float((self.limit.value - self.theory) / np.linalg.norm([self.limit.error, self.theory_error, self.extrapolation]))

    def __str__(self) -> str:
        shown = ", ".join(f"N = {n}: {p.value:.4f} +- {p.error:.4f}" for n, p in self.sizes.items())
        limit = f"; limit {self.limit}" if self.limit is not None else ""
        verdict = f", z = {self.z:+.1f}" if self.z is not None else f" ({self.doubt or 'fewer than three sizes'}: no z)"
        return f"{self.quantity}: theory {self.theory:.6g}; {shown}{limit}{verdict}"


def complexity(ensembles: Sequence[Ensemble]) -> Line:
    """Slope of ``ln <count>`` in N, the complexity, from ensembles of at least two sizes.

    ``E N_fp = A exp(c N) (1 + O(1/N))``: the line's intercept is ln A, which the exponent does not tell.
    """
    logs = [e.log_count for e in ensembles]
    return fit_line([e.neurons for e in ensembles], [p.value for p in logs], [p.error for p in logs])


def beside_theory(ensembles: Sequence[Ensemble], state: Solution) -> list[Beside]:
    """The complexity and the averages over fixed points, against one solution of ``kac-rice`` at the same parameters.

    ensembles: one for each size, in any order; from three sizes on everything is extrapolated to infinitely many neurons.
    """
    return beside_tallies({e.neurons: e.tallies for e in ensembles}, state)


def beside_tallies(tallies: Mapping[int, Sequence[Tally]], state: Solution, finite: FiniteSize | None = None) -> list[Beside]:
    """The same from ``{N: tallies}`` of the networks.

    ``ln <count> / N`` less what fluctuations add to it is a line in 1/N, whose value at 0 is the complexity. finite: what
    fluctuations add, if it is known already.
    """
    if not tallies:
        raise ParameterError("there is nothing to compare: give at least one ensemble of networks")
    sizes = {N: tallies[N] for N in sorted(tallies)}
    completeness = min(float(found_of(t).value) for t in sizes.values())
    finite = finite or FiniteSize.of(state)
    logs = {N: log_count(t) for N, t in sizes.items()}
    measured = {"complexity": {N: Pooled(p.value / N, p.error / N) for N, p in logs.items()}}
    measured |= {name: {N: pooled(t, name) for N, t in sizes.items()} for name in MEANS}
    found = []
    for name, raw in measured.items():
        shown = {N: _unequal(p, name, sizes[N], N) for N, p in raw.items()}
        added = {N: finite.added(name, N) if finite else 0.0 for N in sizes}
        known = all(np.isfinite(a) for a in added.values())
        rest = {N: Pooled(p.value - (added[N] if known else 0.0), p.error) for N, p in shown.items()}
        found.append(Beside(name, *_theory(state, name), shown, added, *_limit(rest), completeness))
    return found


def _unequal(shown: Pooled, name: str, tallies: Sequence[Tally], neurons: int) -> Pooled:
    """Where networks do not differ at all, with the error that one network more would show, with one pair of fixed points more or
    one eigenvalue further out: that none was met does not say that there is none."""
    if shown.error > _ROUNDING:
        return shown
    share = 1 / (len(tallies) + 1)
    if name == "complexity":
        return Pooled(shown.value, float(np.log1p(2 * share / np.mean([t.estimated for t in tallies]))) / neurons)
    return Pooled(shown.value, max(float(shown.error), share / neurons)) if name in SHARES else shown


def _theory(state: Solution, name: str) -> tuple[float, float]:
    """A quantity's value and claimed error."""
    if name != "fraction_near_zero":
        return float(state[name]), float(state.error[name])
    values = []
    for order in (16, 32):
        node, weight = np.polynomial.legendre.leggauss(order)
        values.append(NEAR * float(weight @ state.profile("density", NEAR * node)))
    # mu* is a function of few numbers, known as well as its moments are.
    spread = max(float(state.error[m]) / float(state[m]) for m in ("mean_square", "mean_square_phi"))
    return values[1], abs(values[1] - values[0]) + 10 * spread * values[1] + 1e-15


def _limit(sizes: Mapping[int, Pooled]) -> tuple[Line | None, float]:
    """The line in 1/N through at least three sizes, and how far its value at 0 moves without the smallest of them."""
    if len(sizes) < 3:
        return None, 0.0
    x, y = 1 / np.array(list(sizes), dtype=float), np.array([float(p.value) for p in sizes.values()])
    errors = np.array([float(p.error) for p in sizes.values()])
    # A few networks may happen to be almost equal at one size.
    errors = np.maximum(errors, max(errors.max() / 10, 1e-15))
    line = fit_line(x, y, errors)
    return line, abs(fit_line(x[1:], y[1:], errors[1:]).intercept - line.intercept)


def density_limit(ensembles: Sequence[Ensemble], edges: ArrayLike) -> Pooled:
    """Density of coordinates in the bins between ``edges`` (B + 1,), extrapolated linearly in 1/N bin by bin, to be put beside mu*.

    Its error is the standard error and, with three sizes or more, how far the limit moves when the smallest is left out, in
    squares. NaN in bins that some size has hardly any coordinates in. Raises `ParameterError` for fewer than two sizes.
    """
    shown = {e.neurons: e.density(edges) for e in sorted(ensembles, key=lambda e: e.neurons)}
    if len(shown) < 2:
        raise ParameterError(f"an extrapolation in 1/N needs networks of at least two sizes, got {list(shown)}")
    value, error = np.full((2, len(np.asarray(edges)) - 1), np.nan)
    for b in range(len(value)):
        bins = {N: Pooled(p.value[b], p.error[b]) for N, p in shown.items()}
        if all(p.error > 0 for p in bins.values()):
            line, moved = _limit(bins)
            line = line or fit_line([1 / N for N in bins], [p.value for p in bins.values()], [p.error for p in bins.values()])
            value[b], error[b] = line.intercept, np.hypot(line.intercept_error, moved)
    return Pooled(value, error)
