"""The equation of motion of an autocovariance, and what follows from it: potential, rest position, conservation of energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from meanfield.averages import divided_difference
from meanfield.averages.price import price_backwards
from meanfield.averages.scope import substitute
from meanfield.errors import ModelError
from meanfield.symbols import symbol

DELAY = symbol("Delta")


@dataclass(frozen=True)
class Motion:
    """``Delta''(tau) = acceleration(Delta)`` for tau > 0, from ``start`` with the slope ``-noise`` to rest at ``end``.

    acceleration: an expression in the covariance ``delay`` between two times (and in unknowns, parameters and definitions
    of the model), such as ``Delta - g^2 <phi(x) phi(y)>_Delta``. start, end: Delta at equal times and at infinite delay.
    noise: intensity of the white noise, ``<xi(t) xi(s)> = 2 noise delta(t - s)``, which makes the kink
    ``Delta'(0+) = -noise``. Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988); Schuecker, Goedeke & Helias, PRX 8, 041029
    (2018), eq. 8. Raises `ModelError` if start, end or noise depend on ``delay``.
    """

    acceleration: sp.Expr
    start: sp.Expr
    end: sp.Expr = sp.S.Zero
    noise: sp.Expr = sp.S.Zero
    delay: sp.Symbol = DELAY

    def __post_init__(self) -> None:
        for name in ("acceleration", "start", "end", "noise"):
            object.__setattr__(self, name, sp.sympify(getattr(self, name)))
        for name in ("start", "end", "noise"):
            if self.delay in getattr(self, name).free_symbols:
                raise ModelError(f"the {name} of a motion must not depend on the delayed covariance {self.delay}")

    def changed(self, change: Callable[[sp.Expr], sp.Expr]) -> Motion:
        """The same with ``change`` applied to every expression."""
        return Motion(change(self.acceleration), change(self.start), change(self.end), change(self.noise), self.delay)

    def acceleration_at(self, Delta: sp.Expr) -> sp.Expr:
        """``Delta''`` where the autocovariance is ``Delta``."""
        return substitute(self.acceleration, {self.delay: Delta})

    def potential(self, Delta: sp.Expr) -> sp.Expr:
        """``V(Delta) = -int Delta'' dDelta`` by Price's theorem backwards, up to a constant."""
        return substitute(price_backwards(-self.acceleration, self.delay), {self.delay: sp.sympify(Delta)})

    @property
    def rest(self) -> sp.Expr:
        """The right side of ``end = end - Delta''(end)``, the fixed-point form of rest at infinite delay."""
        return sp.expand(self.end - self.acceleration_at(self.end))

    @property
    def energy(self) -> sp.Expr:
        """``Delta'^2/2 + V`` at tau = 0+ minus the same at infinity; zero because energy is conserved."""
        return sp.expand(self.noise**2 / 2 + self.potential(self.start) - self.potential(self.end))

    @property
    def regular_energy(self) -> sp.Expr:
        """``2 V[end, end, start]``: without noise and given rest at the end, ``energy`` over ``(start - end)^2/2``.

        It has no double root at ``start = end``, and says there that the bulk radius is 1. Raises `ModelError` with noise.
        """
        if self.noise != 0:
            raise ModelError("the regular form of conservation of energy is for motions without white noise; use energy")
        return 2 * divided_difference(self.potential, self.end, self.end, self.start)

    @property
    def stiffness(self) -> sp.Expr:
        """``W = d Delta''/d Delta = -V''``, the potential of the Schroedinger problem whose ground state decides on chaos."""
        return self.acceleration.diff(self.delay)


__all__ = ["DELAY", "Motion"]
