"""The cubic nonlinearity, the generic odd function near the onset of chaos."""

import sympy as sp

from meanfield.transfer.moments import polynomial_closed
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["cubic"]

_phi = X - X**3 / 3
_Phi = X**2 / 2 - X**4 / 12
_closed1, _closed2 = polynomial_closed({-1: _Phi} | {k: sp.diff(_phi, X, k) for k in range(5)}, X)

cubic = Transfer(
    "cubic",
    _phi,
    Traits(
        name="cubic",
        latex=r"x - \frac{x^{3}}{3}",
        parity="odd",
        strip=float("inf"),
        growth="polynomial",
        degree=3,
        slope_at_zero=1.0,
        closed1=_closed1,
        closed2=_closed2,
    ),
    antiderivative=_Phi,
    library="cubic",
)
"""`x - x^3 / 3`, the Taylor polynomial of tanh; `Phi = x^2/2 - x^4/12`."""
