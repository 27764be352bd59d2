"""The algebraic sigmoid."""

import sympy as sp

from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["algebraic"]

_r = sp.Pow(1 + X**2, -sp.S.Half)

algebraic = Transfer(
    "algebraic",
    X * _r,
    Traits(
        name="algebraic",
        latex=r"\frac{x}{\sqrt{1 + x^{2}}}",
        parity="odd",
        strip=1.0,
        centre=0.0,
        pole_order=0.5,
        range=(-1.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=1.0,
    ),
    derivative=_r**3,
    antiderivative=X**2 * _r / (1 + _r),  # sqrt(1 + x^2) - 1 without its cancellation
    library="algebraic",
)
"""`x r` with `r = (1 + x^2)^(-1/2)`; `Phi = 1/r - 1`, so that `Phi(0) = 0`; derivatives are polynomials in x and r."""
