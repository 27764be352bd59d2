"""The identity."""

import sympy as sp

from meanfield.transfer.moments import polynomial_closed
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["linear"]

_closed1, _closed2 = polynomial_closed({-1: X**2 / 2, 0: X, 1: sp.S.One, 2: sp.S.Zero}, X)

linear = Transfer(
    "linear",
    X,
    Traits(
        name="linear",
        latex="x",
        parity="odd",
        strip=float("inf"),
        growth="linear",
        degree=1,
        slope_at_zero=1.0,
        closed1=_closed1,
        closed2=_closed2,
    ),
    antiderivative=X**2 / 2,
    library="linear",
)
"""`x`; `Phi = x^2 / 2`."""
