"""Averages over random variables: a language of nodes that bind their variables, with exact derivatives."""

from meanfield.averages.divided_difference import DividedDifference, divided_difference, hermite_genocchi
from meanfield.averages.log_norm import LogNorm, log_norm
from meanfield.averages.measures import Empirical, Functional, Gaussian, Tilted, Uniform
from meanfield.averages.node import Average, average
from meanfield.averages.opaque import Opaque
from meanfield.averages.scope import Bound
from meanfield.averages.variables import Variable

E = average

__all__ = [
    "Average",
    "Bound",
    "DividedDifference",
    "E",
    "Empirical",
    "Functional",
    "Gaussian",
    "LogNorm",
    "Opaque",
    "Tilted",
    "Uniform",
    "Variable",
    "average",
    "divided_difference",
    "hermite_genocchi",
    "log_norm",
]
