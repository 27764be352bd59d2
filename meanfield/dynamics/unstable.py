"""The fraction of unstable directions as a node with its error and derivatives, for laws that do not know their z_star."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.averages import Opaque
from meanfield.dynamics.radial import RadialCDF, Row
from meanfield.quadrature.gauss import gauss_legendre

__all__ = ["UnstableFraction"]

Array = NDArray[np.float64]

_NODES, _FEWER = 40, 24


class UnstableFraction(Opaque):
    """``UnstableFraction(g, mean, var, alpha, gamma, phi)``: the fraction of eigenvalues with positive real part.

    ``f_u = int_1^R h(r) dr / (pi r sqrt(r^2 - 1))``, with ``r^2 = 1 + t^2`` the integral of ``h / (pi (1 + t^2))`` over
    ``0 < t < sqrt(R^2 - 1)``; h = 1 - F of `RadialCDF` vanishes at the edge R, so derivatives pass under the integral.
    """

    def _sympystr(self, printer: Any) -> str:
        return "P(Re lambda > 0)"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = r"P\left(\operatorname{Re} \lambda > 0\right)"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return sp.Add(*(self.fdiff(i) * a.diff(s) for i, a in enumerate(self.args[:-1], 1) if a.has(s)))

    @staticmethod
    def evaluate(*args: Any) -> Array:
        return _integrals(args, lambda at: 1.0 - RadialCDF.evaluate(*at), _NODES)

    @staticmethod
    def partial(index: int, *args: Any) -> Array:
        return _integrals(args, lambda at: -RadialCDF.partial(index + 1, *at), _NODES)

    @staticmethod
    def claim(*args: Any) -> Array:
        """Difference to fewer nodes, and what the errors of F add."""
        value = UnstableFraction.evaluate(*args)
        fewer = _integrals(args, lambda at: 1.0 - RadialCDF.evaluate(*at), _FEWER)
        inner = _integrals(args, lambda at: RadialCDF.claim(*at), _FEWER)
        return np.asarray(abs(value - fewer) + 2 * inner + 8 * np.finfo(float).eps * value)


def _integrals(args: Any, integrand: Any, count: int) -> Array:
    phi = args[-1]
    columns = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in args[:-1]))
    out = np.zeros(columns[0].shape)
    x, w = gauss_legendre(count)
    for k, values in enumerate(zip(*(c.ravel().tolist() for c in columns), strict=True)):
        if not np.isfinite(values).all():
            out.reshape(-1)[k] = np.nan
            continue
        law = Row(1.0, *values).law(phi)
        beyond = float(law.weight @ law.s_squared) - 1.0  # R^2 - 1
        if beyond > 0:
            half = np.sqrt(beyond) / 2
            t = half * (1 + x)
            out.reshape(-1)[k] = half * w @ (integrand((np.sqrt(1 + t**2), *values, phi)) / (np.pi * (1 + t**2)))
    return out
