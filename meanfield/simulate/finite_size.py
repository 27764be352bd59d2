"""What a finite number of neurons adds to averages over fixed points: their size fluctuates from one to the next.

Fixed points differ in ``beta = g^2 <phi^2> + D``, <phi^2> being the mean over the neurons of one of them. At beta there are
``exp(N c(beta))`` to leading order, c being the largest exponent under this condition; the complexity is its maximum. In a finite
network beta has a width of order N^(-1/2) about it, which is large where the maximum is flat: at g = 2, N = 100 the width of
``ln beta`` is 0.22. A line in 1/N follows that badly, but the integral over beta can be done:

    E N_fp = sqrt(N/pi) int dbeta p(beta)/w(beta) exp(N c(beta)) passage(t(beta)) (1 + O(1/N)).

w is the standard deviation of ``g^2 phi^2`` under the law of the coordinates at beta: the mean of N independent coordinates has the
density ``sqrt(N/(2 pi)) / w`` at its expectation. p is what determinants have beside their exponential growth (`laws`). The
sqrt(2) is that of ``E |det|`` beside the root of ``<det^2>``, which is ``(2 pi N/<t^2>)^(1/4)`` times p and the exponential in
Laplace's expansion, ``t = s^2/(1 + z s^2)``, ``s = g phi'``: of normal matrices, <t^2> = 1, the quotient is ``(2/(pi N))^(1/4)`` by
Stirling's formula, which takes N away. That <t^2> goes with it for other spectra is no theorem. ``passage`` (`transition`) is 1
where eigenvalues reach well beyond 1, as for most fixed points far from D_c, and leads to those whose eigenvalues do not.
Averages are those of the law at beta under the same integral; between inner and outer laws they follow from the derivative of
the integrand by a field that couples to what is averaged.

A theory's solution only says where to begin: the network's own laws are summed up, and what is taken away is their sum at N less
its limit. So a wrong theory is not helped. What planted fixed points show beside these numbers: docs/networks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meanfield.simulate.laws import Laws, Units, complexity_slope, fixed_point_laws, is_kac_rice, law
from meanfield.simulate.tally import MEANS, NEAR
from meanfield.simulate.transition import OUTSIDE, log_passage, log_passage_slope, outside, unstable
from meanfield.solve import Solution

__all__ = ["FiniteSize"]

Array = NDArray[np.float64]

_FINE = 4001  # values of ln (beta - D) for the integral
_FEWEST = 8  # laws without which there is nothing to integrate over
_NEGLIGIBLE = 0.02  # weight at an end of the laws, beside the largest: with more the end decides
_PAST, _SAME = 30.0, 1e-5  # t beyond which the passage is over, and gap below which inner and outer laws are one
_UNSURE = 0.01  # between a step of an exponent and what its slopes say of it
_COARSE = 4  # every so many values of a coordinate are enough where few digits are wanted
_POWERS = {"fraction_outside": 1.0, "fraction_unstable": 1.5}  # of z, with which fractions of eigenvalues beyond 1 begin


@dataclass(frozen=True)
class FiniteSize:
    """On a grid of ``ln (beta - D)`` (M,), whose spacing is ``step``: the exponents ``inner`` and ``outer`` less the largest, NaN
    where there are no such laws; ``gap``, the signed root of their difference, negative where eigenvalues reach beyond 1, infinite
    where one is missing; ``log_rest``, the logarithm of what stands beside the exponentials. averages: of inner laws, or of outer
    ones where there are none. leaning: what they lose from inner to outer laws, over the gap; of fractions of eigenvalues, what
    they are inside over a power of the gap. limits: averages where most fixed points are. Of ``bulk_radius`` it is the square."""

    step: float
    inner: Array
    outer: Array
    gap: Array
    log_rest: Array
    averages: Mapping[str, Array]
    leaning: Mapping[str, Array]
    limits: Mapping[str, float]

    @staticmethod
    def of(state: Solution) -> FiniteSize | None:
        """From a solution of ``kac-rice`` at one point, where its laws begin; None for one of another model, or without a
        complexity."""
        if not is_kac_rice(state.kernel.model) or not float(state["alpha"]) > 0:
            return None
        units, inner, outer = fixed_point_laws(state)
        return None if (inner.alpha > 0).sum() < _FEWEST else _summed_up(units, inner, outer)

    def added(self, name: str, neurons: int) -> float:
        """What N neurons add to an average, or to the complexity (``ln E N_fp / N``), to be taken from what networks show. NaN
        where fixed points beyond the known laws decide it."""
        t = np.sqrt(neurons) * self.gap
        passing = neurons * self.inner + log_passage(np.minimum(t, _PAST))
        logs = np.where(np.isnan(self.inner), neurons * self.outer + OUTSIDE, passing) + self.log_rest
        weight = np.exp(logs - logs.max())
        if max(weight[0], weight[-1]) > _NEGLIGIBLE:
            return float("nan")
        if name == "complexity":
            log_sum = float(np.log(weight.sum() * self.step) + logs.max())
            return (log_sum + float(np.log(neurons / np.pi)) / 2) / neurons
        mean, limit = float(weight @ self._mean(name, t, neurons) / weight.sum()), self.limits[name]
        return float(np.sqrt(mean) - np.sqrt(limit)) if name == "bulk_radius" else mean - limit

    def _mean(self, name: str, t: Array, neurons: int) -> Array:
        """The average at each beta, in N neurons."""
        between = np.isfinite(self.leaning[name])
        finite = np.where(between, t, 0.0)
        if name in _POWERS:
            edge = (outside if name == "fraction_outside" else unstable)(finite) / neurons ** (_POWERS[name] / 2)
            return np.where(between, self.leaning[name] * edge, np.where(t < 0, self.averages[name], 0.0))
        return self.averages[name] + np.where(between, log_passage_slope(finite) * self.leaning[name] / (2 * np.sqrt(neurons)), 0.0)


def _summed_up(units: Units, inner: Laws, outer: Laws) -> FiniteSize:
    (inner, inside), (outer, beyond) = _columns(units, inner), _columns(units, outer)
    at_inner, at_outer = (np.log(laws.beta - units.D) for laws in (inner, outer))
    fine = np.linspace(min([at_inner[0], *at_outer[:1]]), max([at_inner[-1], *at_outer[-1:]]), _FINE)
    here = {name: _through(at_inner, values, inside["slope"] if name == "complexity" else None) for name, values in inside.items()}
    there = {name: _through(at_outer, values)(fine) for name, values in beyond.items()}
    there["complexity"] = _through(at_outer, beyond["complexity"], beyond["slope"])(fine)

    _, i, o = np.intersect1d(inner.beta, outer.beta, return_indices=True)
    size = np.sqrt(np.maximum(inner.complexity[i] - outer.complexity[o], 0.0))
    gap = np.where(inner.alpha[i] > 0, -size, size)
    missing = np.where(np.isnan(there["complexity"]), -np.inf, np.inf)
    known = _through(at_inner[i], gap)(fine)
    apart = np.where(size > _SAME, gap, np.nan)
    leaning = {name: (inside[name][i] - beyond[name][o]) / apart for name in MEANS}
    leaning |= {name: inside[name][i] * np.abs(inside["z"][i] / apart) ** power for name, power in _POWERS.items()}

    top = _top(at_inner[inner.alpha > 0], here["slope"], here["complexity"])
    z = np.maximum(here["z"](fine), 0.0)
    averages = {name: here[name](fine) * (z ** _POWERS[name] if name in _POWERS else 1.0) for name in MEANS}
    limits = {name: float(here[name](top) * (here["z"](top) ** _POWERS[name] if name in _POWERS else 1.0)) for name in MEANS}
    best = float(here["complexity"](top))
    return FiniteSize(
        step=float(fine[1] - fine[0]),
        inner=here["complexity"](fine) - best,
        outer=there["complexity"] - best,
        gap=np.where(np.isnan(known), missing, known),
        log_rest=np.where(z > 0, here["log_rest"](fine), there["log_rest"]),
        averages={name: np.where(np.isnan(values), there[name], values) for name, values in averages.items()},
        leaning={name: _through(at_inner[i], values)(fine) for name, values in leaning.items()},
        limits=limits,
    )


def _through(at: Array, values: Array, slopes: Array | None = None) -> Callable[[Array | float], Array]:
    """A function through the values that are numbers, with these slopes if they are known; NaN beyond them."""
    from scipy.interpolate import CubicHermiteSpline, CubicSpline

    good = np.isfinite(values)
    if good.sum() < 4:
        return lambda x: np.full(np.shape(x), np.nan)
    if slopes is not None:
        return CubicHermiteSpline(at, values, slopes, extrapolate=False)  # type: ignore[no-any-return]
    return CubicSpline(at[good], values[good], extrapolate=False)  # type: ignore[no-any-return]


def _top(at: Array, slope: Any, complexity: Any) -> float:
    """Where ``complexity`` is largest between the first and the last of ``at``; slope: its derivative, zero there."""
    turns = slope.roots(extrapolate=False)
    every = np.concatenate([at[[0, -1]], turns[(turns >= at[0]) & (turns <= at[-1])]])
    return float(every[int(np.argmax(complexity(every)))])


def _columns(units: Units, laws: Laws) -> tuple[Laws, dict[str, Array]]:
    """Complexity and its slope, ``log_rest``, z and averages of laws; fractions of eigenvalues over their power of z, which is
    smooth where z changes sign. Without the last laws, where exponents fall so steeply that a cubic between two says nothing."""
    rows = [_row(units, laws, k) for k in range(len(laws.beta))]
    columns = {name: np.array([row[name] for row in rows]) for name in ("log_rest", "slope", "z", *MEANS)}
    columns["complexity"], slope = laws.complexity, columns["slope"]
    missed = np.diff(laws.complexity) - np.diff(np.log(laws.beta - units.D)) * (slope[1:] + slope[:-1]) / 2
    steep = np.flatnonzero(np.abs(missed) > _UNSURE)
    kept = slice(0, int(steep[0]) + 1 if steep.size else None)
    return laws.take(kept), {name: values[kept] for name, values in columns.items()}


def _row(units: Units, laws: Laws, k: int) -> dict[str, float]:
    beta, alpha, gamma = (float(v[k]) for v in (laws.beta, laws.alpha, laws.gamma))
    y, weight, f2, s2, _ = law(units, beta, alpha, gamma)
    spread = units.g**2 * float(np.sqrt(weight @ f2**2 - (weight @ f2) ** 2))
    below = np.interp([-NEAR, NEAR], y, np.cumsum(weight) - weight / 2)
    z, mean_square = alpha / units.g**2, float(weight @ y**2)
    return {
        "log_rest": float(np.log(laws.prefactor[k] * (beta - units.D) / spread)),
        "slope": complexity_slope(units, beta, gamma, mean_square) * (beta - units.D),
        "z": z,
        "mean_square": mean_square,
        "mean_square_phi": float(weight @ f2),
        "fraction_near_zero": float(below[1] - below[0]),
        "bulk_radius": float(weight @ s2),
        "fraction_outside": 1.0,
        "fraction_unstable": _opening(z, weight, s2),
    }


def _opening(z: float, weight: Array, s2: Array) -> float:
    """The unstable fraction over ``z^(3/2)``, with the formula of `meanfield.dynamics.spectra.unstable_fraction`."""
    node, share = np.polynomial.legendre.leggauss(64)
    t = (node[:, None] + 1) / 2
    s2, weight = s2[::_COARSE], _COARSE * weight[::_COARSE]
    eta = z * (1 - t**2)
    density = (s2 / (1 + eta * s2) ** 2) @ weight
    opening = (s2**2 / ((1 + eta * s2) * (1 + z * s2))) @ weight
    t = t[:, 0]
    angle = t * np.sqrt(np.abs(z) * opening) + 1e-12
    arc = (np.arctan(angle) if z >= 0 else np.arctanh(np.minimum(angle, 0.99))) / angle
    return float(share / 2 @ (t**2 * np.sqrt(opening) * arc * density) * 2 / np.pi)
