"""What is known about a transfer function, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp

__all__ = ["Closed", "Kink", "Signature", "Traits"]

Signature = tuple[int, ...]
"""Sorted orders of the derivatives that are averaged: `(0, 0)` is `<phi^2>` or `<phi(x) phi(y)>`."""


@dataclass(frozen=True)
class Kink:
    """A point where a derivative of the transfer function jumps.

    location: where, on the axis of x.
    jumps: `{order: phi^(order)(location+) - phi^(order)(location-)}`; orders that are absent do not jump.
    """

    location: float
    jumps: Mapping[int, float]


@dataclass(frozen=True)
class Closed:
    """A Gaussian average in closed form: call it with `(mu, Delta)` or, for pairs, `(mu, Delta, C)`.

    It needs `Delta > 0` and `|C| <= Delta`. With `zero_mean_only` the formula holds for `mu = 0` alone.
    """

    formula: Callable[..., sp.Expr]
    zero_mean_only: bool = False

    def __call__(self, mu: Any, Delta: Any, *C: Any) -> sp.Expr:
        return self.formula(sp.sympify(mu), sp.sympify(Delta), *map(sp.sympify, C))


@dataclass(frozen=True)
class Traits:
    """Metadata of a transfer function phi; never part of its identity.

    name, latex: how to print the function itself, e.g. `tanh`, `\\tanh x`.
    parity: `"odd"`, `"even"` or None.
    strip: half width of the strip of analyticity around the real axis (of the pieces, where there are kinks);
        infinite if entire, None if unknown.
    pole_order: order of the singularity that bounds the strip (a branch point has a fraction, a logarithm 0).
    imaginary_growth: c in `|phi'(x + iy)| ~ exp(c y^2)`.
    centre: the real part of all singularities that bound the strip (where phi is steep); None if unknown or entire.
    kinks: where derivatives jump; empty if smooth.
    range: infimum and supremum.
    growth: towards infinity; degree: the power of x that bounds it (infinite for exponential growth).
    slope_at_zero: `phi'(0)`; None where `phi'(0)` does not exist.
    antiderivative: whether `Phi`, with `Phi' = phi`, is known.
    closed1, closed2: closed averages over one variable and over a pair, by sorted orders of the factors.
    """

    name: str
    latex: str
    parity: Literal["odd", "even"] | None = None
    strip: float | None = None
    pole_order: float = 1.0
    imaginary_growth: float = 0.0
    centre: float | None = None
    kinks: tuple[Kink, ...] = ()
    range: tuple[float, float] = (-float("inf"), float("inf"))
    growth: Literal["bounded", "linear", "polynomial", "exponential"] = "exponential"
    degree: float = float("inf")
    slope_at_zero: float | None = None
    antiderivative: bool = True
    closed1: Mapping[Signature, Closed] = field(default_factory=dict, repr=False)
    closed2: Mapping[Signature, Closed] = field(default_factory=dict, repr=False)

    @property
    def smooth_order(self) -> float:
        """Number of continuous derivatives: infinite without kinks, 0 if phi' jumps, -1 if phi itself jumps."""
        return min((min(kink.jumps) - 1.0 for kink in self.kinks if kink.jumps), default=float("inf"))
