"""Steps of fixed length, in place, for all trajectories of a network at once.

Without noise: the classical Runge-Kutta method of order 4. With white noise: the exponential Heun method. It treats the leak
exactly, ``x' = -c x + F(x) + xi`` (so that units without couplings have the right law at any step), and is of weak order 2 for
additive noise: what it gets wrong in averages shrinks like dt^2.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from meanfield.simulate.field import Field, leak

__all__ = ["ExponentialHeun", "Integrator", "RungeKutta4", "integrator"]

Array = Any


class Integrator(Protocol):
    """``step(x)`` advances the state x by dt, in place."""

    order: int

    def step(self, x: Array) -> None: ...


class RungeKutta4:
    """The classical method of order 4: four evaluations of the right side."""

    order = 4

    def __init__(self, field: Field, dt: float) -> None:
        self.field, self.dt = field, np.asarray(dt, field.dtype)
        self._k, self._sum, self._at = (np.empty(field.shape, field.dtype) for _ in range(3))

    def step(self, x: Array) -> None:
        k, total, at, dt = self._k, self._sum, self._at, self.dt
        self.field(x, total)
        np.multiply(total, dt / 2, out=at)
        at += x
        for share in (dt / 2, dt):
            self.field(at, k)
            np.multiply(k, share, out=at)
            at += x
            k *= 2
            total += k
        self.field(at, k)
        total += k
        total *= dt / 6
        x += total


class ExponentialHeun:
    """Weak order 2 with additive noise: two evaluations of the right side, the same noise in both.

    ``a = e^{-c h} x + h p1 F(x) + w``, ``x <- a + h p2 (F(a) - F(x))`` with ``p1 = (1 - e^{-ch})/(ch)``,
    ``p2 = (e^{-ch} - 1 + ch)/(ch)^2`` and w of the variance ``sigma_squared (1 - e^{-2ch})/c`` (Cox & Matthews, J. Comput. Phys.
    176, 430 (2002), doi:10.1006/jcph.2002.6995, ETD2RK, with additive noise).
    """

    order = 2

    def __init__(self, field: Field, dt: float, rng: Generator) -> None:
        self.field, self.rng = field, rng
        numbers, slices, dtype = field.net.numbers, field.net.slices, field.dtype
        self._c, self._p1, self._p2, self._noise = (np.empty((field.net.neurons, 1), dtype) for _ in range(4))
        for p, rows in zip(numbers.populations, slices):
            c = leak(p.drift)
            z = c * dt
            self._c[rows] = c
            self._p1[rows] = dt if z == 0 else -np.expm1(-z) / c
            # A series where the quotient would cancel.
            self._p2[rows] = dt * (0.5 - z / 6 + z**2 / 24) if z < 1e-3 else (np.expm1(-z) + z) / (c * z)
            self._noise[rows] = np.sqrt(2 * numbers.sigma_squared * dt if z == 0 else -numbers.sigma_squared * np.expm1(-2 * z) / c)
        self._f, self._fa, self._a = (np.empty(field.shape, dtype) for _ in range(3))
        self._w = np.empty((field.net.neurons, field.columns), dtype)

    def step(self, x: Array) -> None:
        f, fa, a, w = self._f, self._fa, self._a, self._w
        self.field(x, f)  # f = F - c x, and e^{-ch} x + h p1 F = x + h p1 (F - c x)
        np.multiply(f, self._p1, out=a)
        a += x
        self.rng.standard_normal(out=w, dtype=w.dtype)
        w *= self._noise
        a[:, : w.shape[1]] += w
        self.field(a, fa)
        # F(a) - F(x) = (fa + c a) - (f + c x)
        fa -= f
        np.subtract(a, x, out=f)
        f *= self._c
        fa += f
        fa *= self._p2
        np.add(a, fa, out=x)


def integrator(field: Field, dt: float, rng: Generator) -> Integrator:
    """The method for this network: with noise `ExponentialHeun`, else `RungeKutta4`."""
    return ExponentialHeun(field, dt, rng) if field.net.numbers.sigma_squared > 0 else RungeKutta4(field, dt)
