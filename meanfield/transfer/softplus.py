"""The softplus function, a smooth threshold-linear function."""

import math

from meanfield.transfer import functions
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["softplus"]

softplus = Transfer(
    "softplus",
    functions.softplus(X),
    Traits(
        name="softplus",
        latex=r"\ln(1 + e^{x})",
        strip=math.pi,
        centre=0.0,
        pole_order=0.0,
        range=(0.0, float("inf")),
        growth="linear",
        degree=1,
        slope_at_zero=0.5,
    ),
    antiderivative=functions.softplus_integral(X),
    library="softplus",
)
"""`ln(1 + exp x)`; `Phi = -Li_2(-exp x)`; all derivatives are polynomials in the logistic function."""
