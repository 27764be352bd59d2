"""Transfer functions: tokens `phi`, with `phi(x)`, `phi.d(k)(x)` and the antiderivative `phi.d(-1)(x)`."""

from meanfield.transfer.erf import erf
from meanfield.transfer.functions import MPMATH_FUNCTIONS, NUMPY_FUNCTIONS
from meanfield.transfer.library import by_name
from meanfield.transfer.tanh import tanh
from meanfield.transfer.token import Applied, Transfer
from meanfield.transfer.traits import Closed, Kink, Traits

__all__ = [
    "MPMATH_FUNCTIONS",
    "NUMPY_FUNCTIONS",
    "Applied",
    "Closed",
    "Kink",
    "Traits",
    "Transfer",
    "by_name",
    "erf",
    "tanh",
]
