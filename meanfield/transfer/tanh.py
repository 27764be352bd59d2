"""The hyperbolic tangent."""

import math

import sympy as sp

from meanfield.transfer.functions import lncosh
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["tanh"]

tanh = Transfer(
    "tanh",
    sp.tanh(X),
    Traits(
        name="tanh",
        latex=r"\tanh x",
        parity="odd",
        strip=math.pi / 2,
        centre=0.0,
        range=(-1.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=1.0,
    ),
    antiderivative=lncosh(X),
    library="tanh",
)
"""`tanh x`; `Phi = ln cosh x`; all derivatives are polynomials in `tanh x`."""
