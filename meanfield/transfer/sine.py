"""The sine."""

import sympy as sp

from meanfield.transfer.moments import at_equal_times, pairs_of, singles_of
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["sine"]

_quarter = sp.pi / 2


def _single(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    return sp.sin(mu + k * _quarter) * sp.exp(-Delta / 2)


def _pair(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    difference = sp.cos((j - k) * _quarter) * sp.exp(C - Delta)
    return (difference - sp.cos(2 * mu + (j + k) * _quarter) * sp.exp(-C - Delta)) / 2


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
        range=(-1.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=1.0,
        closed1=singles_of(_orders, _single) | at_equal_times(_pairs),
        closed2=_pairs,
    ),
    antiderivative=-sp.cos(X),
    library="sine",
)
"""`sin x`; `Phi = -cos x`; averages are those of plane waves."""
