"""The covariance of phi(x) as a function of the covariance of x, with its derivatives, at equal means and variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile.group import TIGHT
from meanfield.compile.pair_curve import PairCurve
from meanfield.dynamics.field import Array
from meanfield.errors import QuadratureError
from meanfield.quadrature import Projection, powers
from meanfield.transfer import Transfer
from meanfield.transfer.token import X

__all__ = ["PairRates", "Rates", "projection_of"]

LADDER = 8  # projections per octave of the standard deviation
LONGEST = 1024  # coefficients; where more are needed, the series serves correlations up to NEARLY_ONE
NEARLY_ONE = 0.95
WIDEST = 60.0  # standard deviation


@dataclass(frozen=True)
class Rates:
    """``value`` = <phi phi> at covariances (n,), and its derivatives by covariance, variance and mean (n,).

    mean_rate: <phi> and its derivatives by variance and mean.
    """

    value: Array
    by_covariance: Array
    by_variance: Array
    by_mean: Array
    mean_rate: tuple[float, ...]


class PairRates:
    """Evaluates `Rates`. centred: every law has mean 0; then an odd phi needs half of the coefficients. tol: truncation of the
    Hermite series, for phi of order one. NaN for laws wider than `WIDEST`."""

    def __init__(self, phi: Transfer, centred: bool, tol: float) -> None:
        self.phi, self.tol = phi, tol
        self.parity = "odd" if centred and phi.traits.parity == "odd" else None
        self._ready: dict[int, Projection] = {}

    def _projection(self, sigma: float) -> Projection:
        key = int(np.ceil(LADDER * np.log2(max(sigma, 0.25))))
        if key not in self._ready:
            # Shared between points; kept on the token itself, since equal tokens may carry different metadata.
            shared, name = self.phi.compiled, ("projection", self.parity, self.tol, key)
            if name not in shared:
                shared[name] = self._made(2.0 ** (key / LADDER))
            self._ready[key] = shared[name]
        return self._ready[key]

    def _made(self, widest: float) -> Projection:
        made = lambda correlation: projection_of(self.phi, widest, self.parity, self.tol, largest=LONGEST, correlation=correlation)
        try:
            return made(1.0)
        except QuadratureError:
            return made(NEARLY_ONE)

    def __call__(self, covariance: Array, variance: float, mean: float, slopes: bool = True) -> Rates:
        """By Mehler's formula: with coefficients a_k of phi, those of its derivatives are ``sqrt(k+1) a_(k+1)/sigma`` and so on;
        ``d/d variance = <phi'' phi>`` at fixed covariance, ``d/d mean = 2 <phi' phi>`` (Price). Without ``slopes`` only the values
        and <phi> mean something."""
        if not (0 < variance <= WIDEST**2 and np.isfinite(mean)):
            nothing = np.full_like(covariance, np.nan)
            return Rates(nothing, nothing, nothing, nothing, (np.nan, np.nan, np.nan))
        sigma = float(np.sqrt(variance))
        p = self._projection(sigma)
        rho = np.clip(covariance / variance, -1.0, 1.0)
        near = np.abs(rho) > p.correlation
        if not slopes and near.any() and (rho[near] == 1.0).all():
            sums, mean_rate = self._series(p, np.where(near, 0.0, rho), variance, sigma, mean)
            weights = np.exp(-(p.nodes**2) / 2)
            sums[near, 0] = self.phi.jet([0], mean + sigma * p.nodes)[0] ** 2 @ weights / weights.sum()
            return Rates(sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3], mean_rate)
        if not near.any():
            sums, mean_rate = self._series(p, rho, variance, sigma, mean)
        else:
            sums, mean_rate = self._series(p, np.where(near, 0.0, rho), variance, sigma, mean)
            sums[near] = self._tables(rho[near] * variance, variance, mean, slopes)
        return Rates(sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3], mean_rate)

    def _series(self, p: Projection, rho: Array, variance: float, sigma: float, mean: float) -> tuple[Array, tuple[float, ...]]:
        a = p(np.array([mean]), np.array([sigma]))[0]
        k = p.orders
        second = np.append(a, [0.0, 0.0])[2 // p.power : a.size + 2 // p.power] * np.sqrt((k + 1) * (k + 2)) / variance
        table = [a * a, k * a * a / variance, second * a]
        if self.parity is None:
            first = np.append(a[1:], 0.0) * np.sqrt(k + 1) / sigma
            table[1] = np.append(table[1][1:], 0.0)  # its powers are k - 1
            sums = powers(rho, k.size) @ np.stack([*table, 2 * first * a], axis=1)
            return sums, (float(a[0]), float(second[0]) / 2, float(first[0]))
        sums = np.zeros((rho.size, 4))
        sums[:, :3] = powers(rho * rho, k.size) @ np.stack(table, axis=1)
        sums[:, 0] *= rho
        sums[:, 2] *= rho
        return sums, (0.0, 0.0, 0.0)

    def _tables(self, covariance: Array, variance: float, mean: float, slopes: bool) -> Array:
        """For wide laws and correlations near 1, where the series is long, from tables of the products."""
        shared, name = self.phi.compiled, ("near correlation 1", self.parity, slopes)
        if name not in shared:
            x, f = sp.Symbol("x", real=True), self.phi.d
            products = [(f(0)(x), f(0)(x)), (f(1)(x), f(1)(x)), (f(2)(x), f(0)(x)), (f(1)(x), f(0)(x))]
            shared[name] = PairCurve(products[: (3 if self.parity else 4) if slopes else 1], x, "wide")
        with np.errstate(divide="ignore", invalid="ignore"):  # iterates that have wandered off to correlation -1 are not numbers
            found = shared[name].evaluate(np.array([mean]), np.array([variance]), covariance[None], [], TIGHT)[:, 0]
        sums = np.zeros((covariance.size, 4))
        sums[:, : len(found)] = found.T
        sums[:, 3] *= 2
        return sums


def projection_of(phi: Transfer, widest: float, parity: Any, tol: float, **options: Any) -> Projection:
    """Coefficients of ``phi`` in Hermite polynomials for laws up to the width ``widest``, by what its traits say."""
    traits = phi.traits
    return Projection(
        lambda x: phi.jet([0], x)[0],
        widest,
        strip=traits.strip or np.inf,
        pole_order=traits.pole_order,
        imaginary_growth=traits.imaginary_growth,
        parity=parity,
        degree=_degree_of(phi),
        tol=tol,
        **options,
    )


def _degree_of(phi: Transfer) -> float:
    """Degree of a polynomial, infinite for everything else."""
    return phi.traits.degree if phi.definition.is_polynomial(X) else np.inf
