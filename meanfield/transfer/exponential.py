"""The exponential function."""

import sympy as sp

from meanfield.transfer.moments import at_equal_times, pairs_of, singles_of
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["exponential"]

_orders = range(-1, 5)
_pairs = pairs_of(_orders, lambda j, k, mu, Delta, C: sp.exp(2 * mu + Delta + C))

exponential = Transfer(
    "exponential",
    sp.exp(X),
    Traits(
        name="exponential",
        latex=r"e^{x}",
        strip=float("inf"),
        range=(0.0, float("inf")),
        growth="exponential",
        degree=float("inf"),
        slope_at_zero=1.0,
        closed1=singles_of(_orders, lambda k, mu, Delta: sp.exp(mu + Delta / 2)) | at_equal_times(_pairs),
        closed2=_pairs,
    ),
    antiderivative=sp.exp(X),
    library="exponential",
)
"""`exp x`, its own antiderivative."""
