"""The sine."""

import sympy as sp

from meanfield.transfer.moments import at_equal_times, pairs_of, singles_of
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["sine"]

_quarter = sp.pi / 2


def _wave(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    return sp.sin(mu + k * _quarter) * sp.exp(-Delta / 2)


def _single(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    return _wave(k, mu, Delta) + (1 if k == -1 else 0)


def _pair(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    difference = sp.cos((j - k) * _quarter) * sp.exp(C - Delta)
    waves = (difference - sp.cos(2 * mu + (j + k) * _quarter) * sp.exp(-C - Delta)) / 2
    # Phi = 1 - cos x is a wave and a constant.
    constants = (_wave(k, mu, Delta) if j == -1 else 0) + (_wave(j, mu, Delta) if k == -1 else 0) + (1 if j == k == -1 else 0)
    return waves + constants


_orders = range(-1, 5)
_pairs = pairs_of(_orders, _pair)

sine = Transfer(
    "sine",
    sp.sin(X),
    Traits(
        name="sine",
        latex=r"\sin x",
        parity="odd",
        strip=float("inf"),
        imaginary_growth=0.25,  # exp(|y|), which this bounds up to a factor e: steps must resolve the waves
        range=(-1.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=1.0,
        closed1=singles_of(_orders, _single) | at_equal_times(_pairs),
        closed2=_pairs,
    ),
    antiderivative=2 * sp.sin(X / 2) ** 2,
    library="sine",
)
"""`sin x`; `Phi = 1 - cos x`, so that `Phi(0) = 0`; averages are those of plane waves."""
