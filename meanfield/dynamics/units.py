"""Single units as linear filters: from the field that drives a unit to its state x."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from meanfield.dynamics.field import Array
from meanfield.dynamics.half_line import HalfLine
from meanfield.errors import ParameterError

__all__ = ["FilterUnit", "RationalUnit", "Unit", "adapting", "leaky"]


class Unit(Protocol):
    """A stable linear filter ``x(omega) = chi(omega) field(omega)``."""

    def power(self, omega: Array) -> Array:
        """``|chi(omega)|^2``."""

    @property
    def gain(self) -> float:
        """``chi(0)``."""

    def covariance(self, tau: Array, line: HalfLine) -> Array:
        """``<x(t) x(t + tau)>`` under white noise ``<xi xi> = delta``, at lags tau >= 0; ``line``: a basis, if one is needed."""


@dataclass(frozen=True)
class RationalUnit:
    """``chi = numerator(i omega)/denominator(i omega)``, coefficients of ascending powers: ``(1,), (1, 1)`` is 1/(1 + i omega).

    Raises `ParameterError` if a pole has no negative real part or if chi does not vanish at high frequencies.
    """

    numerator: tuple[float, ...]
    denominator: tuple[float, ...]

    def __post_init__(self) -> None:
        if not np.isfinite([*self.numerator, *self.denominator]).all() or not self.numerator or not self.denominator:
            raise ParameterError(f"a unit needs finite coefficients, got {self.numerator} and {self.denominator}")
        if len(self.numerator) >= len(self.denominator) or self.denominator[-1] == 0:
            raise ParameterError(
                "a unit must not respond at infinite frequency: the degree of the numerator must be below that of the denominator"
            )
        if (poles := np.roots(self.denominator[::-1])).real.max() >= 0:
            raise ParameterError(
                f"the unit alone is unstable: a pole at {poles[poles.real.argmax()]:.6g} has no negative real part"
            )

    def response(self, omega: Array) -> Array:
        """chi(omega)."""
        s = 1j * np.asarray(omega, dtype=float)
        value = np.polynomial.polynomial.polyval
        return np.asarray(value(s, self.numerator) / value(s, self.denominator))

    def power(self, omega: Array) -> Array:
        return np.asarray(np.abs(self.response(omega)) ** 2)

    @property
    def gain(self) -> float:
        return self.numerator[0] / self.denominator[0]

    @cached_property
    def _covariance(self) -> tuple[Array, Array, Array]:
        """A, c and P c of the state-space form ``y' = A y + e xi``, ``x = c y``, where P solves ``A P + P A^T + e e^T = 0``."""
        from scipy.linalg import solve_continuous_lyapunov

        leading, size = self.denominator[-1], len(self.denominator) - 1
        A = np.diag(np.ones(size - 1), 1)
        A[-1] = -np.array(self.denominator[:-1]) / leading
        c = np.zeros(size)
        c[: len(self.numerator)] = np.array(self.numerator) / leading
        drive = np.zeros((size, size))
        drive[-1, -1] = 1.0
        return A, c, solve_continuous_lyapunov(A, -drive) @ c

    def covariance(self, tau: Array, line: HalfLine | None = None) -> Array:
        """``c exp(A tau) P c``: closed, whatever the order of the poles."""
        from scipy.linalg import expm

        A, c, start = self._covariance
        tau = np.abs(np.asarray(tau, dtype=float))
        if c.size == 1:
            return np.asarray(c[0] * start[0] * np.exp(A[0, 0] * tau))
        return np.asarray(expm(A * tau[..., None, None]) @ start @ c)


@dataclass(frozen=True)
class FilterUnit:
    """A unit given by its response chi(omega), a function of an array; stable and causal, falling at least like 1/omega.

    Raises `ParameterError` for a response that is not finite or does not fall.
    """

    chi: Callable[[Array], Array]

    def __post_init__(self) -> None:
        low, high = self.power(np.geomspace(1e-3, 1e3, 7)).max(), self.power(np.array([1e6])).max()
        if high > 1e-6 * low:
            raise ParameterError(
                f"the response of a unit must fall at least like 1/omega; |chi|^2 is {high:.2g} at omega = 1e6 and {low:.2g} at "
                "its peak"
            )

    def power(self, omega: Array) -> Array:
        value = np.abs(np.asarray(self.chi(np.asarray(omega, dtype=float)))) ** 2
        if not np.isfinite(value).all():
            raise ParameterError("the response chi(omega) of the unit is not finite at some frequency")
        return value

    @property
    def gain(self) -> float:
        value = complex(np.asarray(self.chi(np.zeros(1)))[0])
        if abs(value.imag) > 1e-12 * abs(value):
            raise ParameterError(f"the response of a unit must be real at omega = 0, got chi(0) = {value:.6g}")
        return value.real

    def covariance(self, tau: Array, line: HalfLine) -> Array:
        """From the spectrum, in the basis of ``line``."""
        return np.asarray(line.filter(self.power)[1] @ line.at(tau))


def leaky(*time_constants: float) -> RationalUnit:
    """First-order filters in series, ``1/((1 + i omega tau_1)(1 + i omega tau_2)...)``; without arguments the unit ``x' = -x``."""
    denominator: Array = np.ones(1)
    for tau in time_constants or (1.0,):
        if not (0 < tau < np.inf):
            raise ParameterError(f"a time constant must be positive, got {tau!r}")
        denominator = np.asarray(np.polynomial.polynomial.polymul(denominator, [1.0, tau]), dtype=float)
    return RationalUnit((1.0,), tuple(denominator))


def adapting(strength: float, time_constant: float) -> RationalUnit:
    """``x' = -x - a + field``, ``time_constant a' = -a + strength x``: a unit with adaptation."""
    if not (0 < time_constant < np.inf):
        raise ParameterError(f"a time constant must be positive, got {time_constant!r}")
    return RationalUnit((1.0, time_constant), (1.0 + strength, 1.0 + time_constant, time_constant))


def unit_of(given: Unit | Callable[[Array], Array] | Sequence[Sequence[float]] | None) -> Unit:
    """The unit that a user means: None, a unit, a response chi(omega), or (numerator, denominator)."""
    if given is None:
        return leaky()
    if hasattr(given, "power") and hasattr(given, "covariance"):
        return given  # type: ignore[return-value]
    if callable(given):
        return FilterUnit(given)
    try:
        numerator, denominator = given
        return RationalUnit(tuple(map(float, numerator)), tuple(map(float, denominator)))
    except (TypeError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"unit must be a unit, a function chi(omega) or (numerator, denominator), got {given!r}") from None
