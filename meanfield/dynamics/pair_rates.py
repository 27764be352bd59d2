"""The covariance of phi(x) as a function of the covariance of x, with its derivatives, at equal means and variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from meanfield.compile.group import TIGHT
from meanfield.compile.pair_curve import PairCurve
from meanfield.dynamics.field import Array
from meanfield.errors import QuadratureError
from meanfield.quadrature import Projection, powers
from meanfield.transfer import Transfer
from meanfield.transfer.token import X

__all__ = ["PairRates", "Rates", "degree_of"]

LADDER = 8  # projections per octave of the standard deviation
LARGEST = 4096  # coefficients: more cost too much
LOOSEST = 1e-3
TABLES = 1e-12  # tolerances for which a table is made where the series is too long
SHARED = 512  # larger tables are made anew


@dataclass(frozen=True)
class Rates:
    """``value`` = <phi phi> at covariances (n,), and its derivatives by covariance, variance and mean (n,).

    mean_rate: <phi> and its derivatives by variance and mean.
    """

    value: Array
    by_covariance: Array
    by_variance: Array
    by_mean: Array
    mean_rate: tuple[float, float, float]


class PairRates:
    """Evaluates `Rates`. centred: every law has mean 0; then an odd phi needs half of the coefficients. tol: truncation at
    correlation 1, for phi of order one; where too many coefficients would be needed it is loosened: see ``reached``."""

    def __init__(self, phi: Transfer, centred: bool, tol: float) -> None:
        self.phi, self.tol, self.reached = phi, tol, tol
        self._curve: PairCurve | None = None
        self.parity = "odd" if centred and phi.traits.parity == "odd" else None
        self._ready: dict[int, Projection] = {}

    def _projection(self, sigma: float) -> Projection:
        key = int(np.ceil(LADDER * np.log2(max(sigma, 1e-2))))
        if key not in self._ready:
            # Shared between points; kept on the token itself, since equal tokens may carry different metadata.
            shared, name = self.phi.compiled, ("projection", self.parity, self.tol, key)
            made = shared.get(name) or self._made(2.0 ** (key / LADDER))
            if made.orders.size <= SHARED:
                shared[name] = made
            self._ready[key] = made
        self.reached = self._ready[key].tol
        return self._ready[key]

    def _made(self, widest: float) -> Projection:
        traits, tol = self.phi.traits, self.tol
        while True:
            try:
                return Projection(
                    lambda x: self.phi.jet([0], x)[0],
                    widest,
                    strip=traits.strip or np.inf,
                    pole_order=traits.pole_order,
                    imaginary_growth=traits.imaginary_growth,
                    parity=self.parity,
                    degree=degree_of(self.phi),
                    tol=tol,
                    largest=LARGEST,
                )
            except QuadratureError as error:
                tol *= 10
                if tol > LOOSEST:
                    raise QuadratureError(
                        f"x would have a standard deviation of about {widest:.3g}, too wide for the self-consistent spectrum "
                        f"with {self.phi.name}; take a smaller g, or the model scs where its units will do"
                    ) from error

    def __call__(self, covariance: Array, variance: float, mean: float) -> Rates:
        """By Mehler's formula: with coefficients a_k of phi, those of its derivatives are ``sqrt(k+1) a_(k+1)/sigma`` and so on;
        ``d/d variance = <phi'' phi>`` at fixed covariance, ``d/d mean = 2 <phi' phi>`` (Price)."""
        if not (variance > 0 and np.isfinite(variance + mean)):
            nothing = np.full_like(covariance, np.nan)
            return Rates(nothing, nothing, nothing, nothing, (np.nan, np.nan, np.nan))
        sigma = float(np.sqrt(variance))
        p = self._projection(sigma)
        if p.tol > self.tol and self.tol <= TABLES and self.parity:
            return self._wide(covariance, variance)
        a = p(np.array([mean]), np.array([sigma]))[0]
        k = p.orders
        rho = np.clip(covariance / variance, -1.0, 1.0)
        second = np.append(a, [0.0, 0.0])[2 // p.power : a.size + 2 // p.power] * np.sqrt((k + 1) * (k + 2)) / variance
        table = [a * a, k * a * a / variance, second * a]
        if self.parity is None:
            first = np.append(a[1:], 0.0) * np.sqrt(k + 1) / sigma
            table[1] = np.append(table[1][1:], 0.0)  # its powers are k - 1
            sums = powers(rho, k.size) @ np.stack([*table, 2 * first * a], axis=1)
            return Rates(sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3], (float(a[0]), float(second[0]) / 2, float(first[0])))
        sums = powers(rho * rho, k.size) @ np.stack(table, axis=1)
        return Rates(rho * sums[:, 0], sums[:, 1], rho * sums[:, 2], np.zeros_like(rho), (0.0, 0.0, 0.0))

    def _wide(self, covariance: Array, variance: float) -> Rates:
        """For laws too wide for a series of this tolerance, from tables of the products; dear, so for the last digits only."""
        if self._curve is None:
            x, f = sp.Symbol("x", real=True), self.phi.d
            self._curve = PairCurve([(f(0)(x), f(0)(x)), (f(1)(x), f(1)(x)), (f(2)(x), f(0)(x))], x, "wide")
        self.reached = self.tol
        within = np.clip(covariance, -variance, variance)[None]
        value, slope, bend = self._curve.evaluate(np.zeros(1), np.array([variance]), within, [], TIGHT)[:, 0]
        return Rates(value, slope, bend, np.zeros_like(value), (0.0, 0.0, 0.0))


def degree_of(phi: Transfer) -> float:
    """Degree of a polynomial, infinite for everything else."""
    return phi.traits.degree if phi.definition.is_polynomial(X) else np.inf
