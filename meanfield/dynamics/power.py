"""The power spectrum of the fluctuations: cosine transform of the autocovariance that a descent gives.

``S(omega) = 2 int_0^inf (Delta - Delta_inf) cos(omega tau) dtau``. Delta(tau) is analytic on tau >= 0, kink or not, so
Gauss-Legendre panels do, graded near tau = 0 and short enough for the cosine; the tail is an exponential.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from meanfield.dynamics.descent import Descent
from meanfield.dynamics.nodes import Array
from meanfield.dynamics.observables import Along, arguments
from meanfield.model import Motion
from meanfield.symbols import coordinate

_PANEL = 20  # Gauss-Legendre nodes
_ROOMY = 6.0  # radians of the cosine that one panel may hold
_TAIL = 41.0  # decay times after which nothing is left
_GRADING = 1.6


def power_profile(motion: Motion) -> tuple[sp.Symbol, sp.Expr]:
    """``(omega, S(omega))``, a profile for `Model.profiles`."""
    omega = coordinate("omega")
    return omega, PowerSpectrum(omega, *arguments(motion))


class PowerSpectrum(Along):
    """``PowerSpectrum(omega, closure, start, end, noise, symbols...)``."""

    @classmethod
    def at(cls, d: Descent, coordinate: Array, fewer: int) -> tuple[Array, Array]:
        """Of one point, at frequencies (K,): values (K,) and derivatives (Q, K), by panels with ``fewer`` nodes less."""
        tau, weight = _panels(d, float(np.abs(coordinate).max(initial=0.0)), _PANEL - fewer)
        value, moved = d.covariance(tau[None])
        excess = (value - d.given.end[:, None])[0]
        moved = moved[:, 0].copy()
        if len(moved):
            moved[1] -= 1.0
        cosines = np.cos(coordinate[:, None] * tau) * (2 * weight)
        return cosines @ excess, moved @ cosines.T


def _panels(d: Descent, omega: float, count: int) -> tuple[Array, Array]:
    """Times and weights of panels of ``count`` nodes for one descent."""
    end = _TAIL / float(d.decay_rate[0])
    longest = min(_ROOMY / max(omega, 1e-300), end / 12)
    edges = [0.0]
    length = min(0.05, longest)
    while edges[-1] < end:
        edges.append(edges[-1] + length)
        length = min(length * _GRADING, longest)
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = (high - low)[:, None] / 2
    return ((low + high)[:, None] / 2 + half * nodes).ravel(), (half * weights).ravel()


__all__ = ["PowerSpectrum", "power_profile"]
