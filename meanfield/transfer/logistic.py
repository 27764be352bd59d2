"""The logistic function."""

import math

from meanfield.transfer import functions
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["logistic"]

logistic = Transfer(
    "logistic",
    functions.logistic(X),
    Traits(
        name="logistic",
        latex=r"\frac{1}{1 + e^{-x}}",
        strip=math.pi,
        centre=0.0,
        range=(0.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=0.25,
    ),
    antiderivative=functions.softplus(X),
    library="logistic",
)
"""`1 / (1 + exp(-x))`; `Phi = ln(1 + exp x)`; all derivatives are polynomials in `phi(x)` and `phi(-x)`."""
