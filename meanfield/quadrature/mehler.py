"""Averages ``<f(u) f(v)>`` over many normal pairs of different means and variances, from Hermite coefficients of each law.

Mehler's formula, ``<f(u) f(v)> = sum_k a_k(m_u, s_u) a_k(m_v, s_v) rho^k``, separates the two laws: n laws cost n projections, and
any of their n^2 pairs costs a polynomial in the correlation. It holds for every correlation from -1 to 1.
"""

from __future__ import annotations

from math import inf, log

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.hermite import hermite_count, hermite_cutoff, hermite_step, hermite_table
from meanfield.quadrature.nested import Function
from meanfield.quadrature.rule import Array

__all__ = ["Projection", "mehler"]

LARGEST = 8192
SHORTEST = 64  # of the blocks of pairs that share a number of terms


class Projection:
    """Hermite coefficients of ``f(mean + sigma z)`` for laws of a standard deviation up to ``widest``.

    strip, pole_order, imaginary_growth: of f, see ``trapezoid_step``. parity: "odd" or "even" if f is *and* every law has mean 0;
    then only the coefficients that do not vanish are kept, of the orders ``self.orders``. tol: the truncation error at
    the largest ``correlation``, for f of order one. degree: of f, if it is a polynomial. Raises ``QuadratureError`` where more
    than ``largest`` coefficients would be needed.
    """

    def __init__(
        self,
        f: Function,
        widest: float,
        *,
        strip: float = inf,
        pole_order: float = 1,
        imaginary_growth: float = 0.0,
        parity: str | None = None,
        degree: float = inf,
        tol: float = 1e-11,
        largest: int = LARGEST,
        correlation: float = 1.0,
    ) -> None:
        growth = imaginary_growth * widest**2 if strip == inf else 0.0
        distance = strip / widest if widest > 0 else inf
        if degree < inf:
            count = int(degree) + 1
        else:
            count = hermite_count(distance, correlation, tol, pole_order=pole_order, growth=growth, frequency=max(widest, 1e-3))
        if count > largest:
            raise QuadratureError(
                f"a law of standard deviation {widest:.3g} needs {count} Hermite coefficients for {tol:.0e}, more than {largest}; "
                "loosen the tolerance, or use the rotated product rule for these pairs"
            )
        count = 16 * -(-count // 16) if degree == inf else count
        step = hermite_step(strip, widest, tol, count, pole_order=pole_order, imaginary_growth=imaginary_growth)
        self.f, self.widest, self.tol, self.power = f, widest, tol, 2 if parity else 1
        self.correlation = 1.0 if degree < inf else correlation
        first = 1 if parity == "odd" else 0
        self.nodes, table = hermite_table(step, hermite_cutoff(tol), count)
        self.orders = np.arange(first, count, self.power)
        self.table = np.ascontiguousarray(table[:, first :: self.power])

    def __call__(self, mean: Array, sigma: Array) -> Array:
        """Coefficients (..., K) of the laws ``mean``, ``sigma`` (...,), in the order of ``self.orders``."""
        return np.asarray(self.f(mean[..., None] + sigma[..., None] * self.nodes) @ self.table)


def mehler(projection: Projection, ours: Array, theirs: Array, rho: Array) -> Array:
    """``sum_k ours_k theirs_k rho^k``: ours (P, K), theirs (P, K, n), rho (P, n); returns (P, n).

    Where correlations are small, few terms are summed: what is left out after the order k is at most ``rho^k`` times the root of
    ``<f(u)^2> <f(v)^2>`` (Cauchy and Schwarz), and that power stays below the projection's tolerance. Blocks double in length,
    so neighbours of similar correlation, as in an autocovariance, make good use of this.
    """
    total = np.empty_like(rho)
    start, size = 0, SHORTEST
    while start < rho.shape[1]:
        part = slice(start, start + size)
        r = rho[:, part]
        orders = log(projection.tol) / log(min(max(float(np.abs(r).max(initial=0.0)), 1e-300), 1 - 1e-12))
        count = max(int(np.searchsorted(projection.orders, orders)) + 1, 1)
        powers = np.empty((r.shape[0], min(count, projection.orders.size), r.shape[1]))
        powers[:, 0] = r if projection.orders[0] else 1.0
        powers[:, 1:] = (r if projection.power == 1 else r * r)[:, None]
        np.multiply.accumulate(powers, axis=1, out=powers)
        powers *= theirs[:, : powers.shape[1], part]
        total[:, part] = (ours[:, None, : powers.shape[1]] @ powers)[:, 0]
        start, size = start + size, 2 * size
    return total
