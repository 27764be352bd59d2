"""Laguerre functions: the basis in which a spectrum with a tail of inverse powers of omega has few, exponentially small terms.

The covariance of a driven unit has a kink at tau = 0 (of its third derivative at least, once the white part is split off), so
its spectrum falls like omega^-4 and a Fourier transform on an equidistant grid converges no faster. One half of it,
``F(s) = int_0^inf exp(-s tau) f(tau) dtau``, knows of no kink. Expanded in

    f(tau) = sum_n f_n L_n(2 b tau) exp(-b tau)      <=>      F(i omega) = sum_n f_n (i omega - b)^n / (i omega + b)^(n + 1)

it is a Fourier series in theta, with ``z = (i omega - b)/(i omega + b) = exp(i theta)``: the basis of Malmquist and Takenaka
(Weideman, Math. Comp. 64 (1995) 745). Tails in omega and the range in tau are both infinite; the scale b sets which rates
of decay come first. ``(s + b) S(omega) = sum_n f_n z^n - sum_n f_n z^(-n-1)`` for the spectrum ``S = 2 Re F``, so that multiplying
by an even function of omega with the Fourier coefficients kappa_l is a Toeplitz minus a Hankel matrix, exact in the basis.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from meanfield.dynamics.field import Array

__all__ = ["HalfLine", "laguerre_functions"]


def laguerre_functions(x: Array, count: int) -> Array:
    """``L_n(x) exp(-x/2)`` for n below ``count``: (count, n). Orthonormal on [0, inf); 1 at 0."""
    table = np.empty((count, np.size(x)))
    table[0] = np.exp(-np.asarray(x) / 2)
    if count > 1:
        table[1] = (1 - x) * table[0]
    for n in range(1, count - 1):
        table[n + 1] = ((2 * n + 1 - x) * table[n] - n * table[n - 1]) / (n + 1)
    return table


@lru_cache(maxsize=64)
def _gauss(count: int) -> tuple[Array, Array, Array]:
    """Nodes x of the Gauss rule, values (count, n) of the functions there, and the analysis matrix (count, n)."""
    from scipy.linalg import eigvalsh_tridiagonal

    n = np.arange(count, dtype=float)
    x = eigvalsh_tridiagonal(2 * n + 1, n[1:])
    values = laguerre_functions(x, count)
    return x, values, values / (values**2).sum(axis=0)


class HalfLine:
    """Functions of tau >= 0 by their values at N nodes, or by N coefficients, for the scale b (an inverse time)."""

    def __init__(self, count: int, b: float) -> None:
        self.count, self.b = count, b
        x, self.values, self.analysis = _gauss(count)
        self.tau = x / (2 * b)

    def at(self, tau: Array) -> Array:
        """The basis (N, n) at times tau (n,) >= 0."""
        return laguerre_functions(2 * self.b * np.asarray(tau, dtype=float), self.count)

    @cached_property
    def omega(self) -> Array:
        """Frequencies at which a filter is sampled: (M,), from the largest to the smallest."""
        samples = max(256, 4 * self.count)
        theta = (2 * np.arange(samples) + 1) * np.pi / (2 * samples)
        return self.b / np.tan(theta / 2)

    def filter(self, power: Callable[[Array], Array]) -> tuple[Array, Array]:
        """What multiplying a spectrum by ``power(omega)``, even, does to the coefficients: (N, N); and the coefficients of the
        covariance whose spectrum ``power`` is (N,), for a power that falls at least like omega^-2."""
        from scipy.fft import dct
        from scipy.linalg import hankel, toeplitz

        kappa = dct(power(self.omega), type=2) / (2 * self.omega.size)
        n = self.count
        matrix = toeplitz(kappa[:n]) - hankel(kappa[1 : n + 1], kappa[n : 2 * n])
        tails = np.cumsum(kappa[:0:-1])[::-1]
        return matrix, -2 * self.b * tails[:n]

    def half_transform(self, coefficients: Array, omega: Array) -> NDArray[np.complex128]:
        """``int_0^inf exp(-i omega tau) f(tau) dtau`` (n,) of the function with these coefficients."""
        s = 1j * np.asarray(omega, dtype=float)
        z = (s - self.b) / (s + self.b)
        return np.polynomial.polynomial.polyval(z, coefficients) / (s + self.b)
