"""Transfer functions: tokens `phi`, with `phi(x)`, `phi.d(k)(x)` and the antiderivative `phi.d(-1)(x)`."""

from meanfield.transfer.algebraic import algebraic
from meanfield.transfer.cubic import cubic
from meanfield.transfer.custom import custom
from meanfield.transfer.erf import erf
from meanfield.transfer.exponential import exponential
from meanfield.transfer.functions import MPMATH_FUNCTIONS, NUMPY_FUNCTIONS
from meanfield.transfer.library import LIBRARY, by_name
from meanfield.transfer.lift import lift
from meanfield.transfer.linear import linear
from meanfield.transfer.logistic import logistic
from meanfield.transfer.relu import relu
from meanfield.transfer.sine import sine
from meanfield.transfer.softplus import softplus
from meanfield.transfer.step import step
from meanfield.transfer.tanh import tanh
from meanfield.transfer.threshold_power import rectified_power, threshold_power
from meanfield.transfer.token import Applied, Transfer
from meanfield.transfer.traits import Closed, Kink, Traits

__all__ = [
    "LIBRARY",
    "MPMATH_FUNCTIONS",
    "NUMPY_FUNCTIONS",
    "Applied",
    "Closed",
    "Kink",
    "Traits",
    "Transfer",
    "algebraic",
    "by_name",
    "cubic",
    "custom",
    "erf",
    "exponential",
    "lift",
    "linear",
    "logistic",
    "rectified_power",
    "relu",
    "sine",
    "softplus",
    "step",
    "tanh",
    "threshold_power",
]
