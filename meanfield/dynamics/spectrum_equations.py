"""The self-consistent spectrum as a fixed point: ``S_x = |chi|^2 (g^2 S_phi + 2 sigma_squared)``, static and white part apart.

With ``Delta(tau) = Delta_inf + W(tau) + T(tau)``, W the response to white noise, known in closed form,

    T <- half-line transform of |chi|^2 g^2 [C_phi(Delta(tau)) - C_phi(Delta_inf)],
    Delta_inf <- chi(0)^2 (g^2 C_phi(Delta_inf) + Sigma_m^2 kappa^2 + D),      mu <- chi(0) (M_m kappa + M_I), kappa = M_n <phi>.

The unknowns are ``v = (T at the N nodes, T(0), Delta_inf, mu)``. A basis of decaying functions holds no periodic solution.
"""

from __future__ import annotations

import numpy as np

from meanfield.dynamics.field import Array, Field
from meanfield.dynamics.half_line import HalfLine
from meanfield.dynamics.pair_rates import PairRates, Rates
from meanfield.dynamics.units import Unit

__all__ = ["SpectrumEquations"]


class SpectrumEquations:
    """The map ``G(v)`` and the matrix ``1 - G'(v)`` of one point, on one grid."""

    def __init__(self, rates: PairRates, field: Field, unit: Unit, line: HalfLine) -> None:
        self.rates, self.line = rates, line
        self.g2, self.D, self.M_m, self.M_n, self.M_I, self.Sigma_m = (
            float(x[0]) for x in (field.g**2, field.D, field.M_m, field.M_n, field.M_I, field.Sigma_m)
        )
        self.gain = unit.gain
        matrix, _ = line.filter(unit.power)
        self.to_coefficients = matrix @ line.analysis
        # The last row is the value at 0, where every basis function is 1.
        self.to_T = np.vstack([line.values.T @ self.to_coefficients, self.to_coefficients.sum(axis=0)])
        self.W = 2 * float(field.sigma_squared[0]) * unit.covariance(np.append(line.tau, 0.0), line)

    def _rates(self, v: Array, slopes: bool = False) -> Rates:
        """Rates at the nodes and, the last, at tau = infinity."""
        T, Delta_inf, mu = v[:-2], v[-2], v[-1]
        Delta = Delta_inf + self.W + T
        return self.rates(np.append(Delta[:-1], Delta_inf), float(Delta[-1]), float(mu), slopes)

    def field_covariance(self, v: Array) -> Array:
        """Decaying part of the covariance of the field at the nodes (N,)."""
        rates = self._rates(v)
        return self.g2 * (rates.value[:-1] - rates.value[-1])

    def G(self, v: Array) -> Array:
        """One sweep of the iteration."""
        return self._swept(self._rates(v))

    def _swept(self, rates: Rates) -> Array:
        T = self.to_T @ (self.g2 * (rates.value[:-1] - rates.value[-1]))
        kappa = self.M_n * rates.mean_rate[0]
        static = self.g2 * rates.value[-1] + (self.Sigma_m * kappa) ** 2 + self.D
        return np.append(T, [self.gain**2 * static, self.gain * (self.M_m * kappa + self.M_I)])

    def newton(self, v: Array) -> tuple[Array, Array]:
        """``G(v) - v`` and the matrix ``1 - G'(v)``."""
        rates = self._rates(v, slopes=True)
        n = self.line.count
        # How the field's decaying covariance follows T at the nodes, the variance (T(0) and Delta_inf are in it), Delta_inf
        # and mu, is a diagonal matrix beside three columns; the rates at infinity are the last.
        at_nodes, at_infinity = rates.by_covariance[:-1], rates.by_covariance[-1]
        variance, mean = rates.by_variance[:-1] - rates.by_variance[-1], rates.by_mean[:-1] - rates.by_mean[-1]
        columns = np.stack([variance, at_nodes - at_infinity + variance, mean], axis=1)
        matrix = np.zeros((n + 3, n + 3))
        matrix[: n + 1, :n] = (-self.g2 * at_nodes) * self.to_T
        matrix[: n + 1, n:] = -self.g2 * (self.to_T @ columns)
        static, kappa = np.zeros((2, n + 3))
        static[n:] = rates.by_variance[-1], rates.by_variance[-1] + at_infinity, rates.by_mean[-1]
        value, by_variance, by_mean = (self.M_n * m for m in rates.mean_rate)
        kappa[n:] = by_variance, by_variance, by_mean
        matrix[n + 1] = -(self.gain**2) * (self.g2 * static + 2 * self.Sigma_m**2 * value * kappa)
        matrix[n + 2] = -self.gain * self.M_m * kappa
        matrix[np.diag_indices(n + 3)] += 1
        return self._swept(rates) - v, matrix
