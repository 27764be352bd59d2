"""Quadrature for Gaussian and related averages: arrays in, arrays and claimed errors out; it knows no symbols."""

from meanfield.quadrature.exponential import exponential_weights, lagrange, lattice_cubics
from meanfield.quadrature.gauss import UnitRule, gauss_hermite, gauss_legendre, panel_gauss, split_gauss, unit_interval
from meanfield.quadrature.hermite import (
    binomials,
    hermite_count,
    hermite_cutoff,
    hermite_functions,
    hermite_step,
    hermite_table,
    homogeneous,
    powers,
)
from meanfield.quadrature.mehler import Projection, mehler
from meanfield.quadrature.multivariate import covariance_root, multivariate_average, sparse_rule
from meanfield.quadrature.nested import claim, gaussian_average
from meanfield.quadrature.pairs import correlation, pair_average
from meanfield.quadrature.rule import Rule
from meanfield.quadrature.scheme import quadpy_scheme, rule_from_scheme
from meanfield.quadrature.sinh import sinh_count, sinh_trapezoid
from meanfield.quadrature.split_pairs import pair_average_split, split_pair_nodes
from meanfield.quadrature.tilted import line_trapezoid
from meanfield.quadrature.trapezoid import (
    gaussian_cutoff,
    gaussian_trapezoid,
    ladder_floor,
    refine,
    trapezoid_size,
    trapezoid_step,
)

__all__ = [
    "Projection",
    "Rule",
    "UnitRule",
    "binomials",
    "claim",
    "correlation",
    "covariance_root",
    "exponential_weights",
    "gauss_hermite",
    "gauss_legendre",
    "gaussian_average",
    "gaussian_cutoff",
    "gaussian_trapezoid",
    "hermite_count",
    "hermite_cutoff",
    "hermite_functions",
    "hermite_step",
    "hermite_table",
    "homogeneous",
    "ladder_floor",
    "lagrange",
    "lattice_cubics",
    "line_trapezoid",
    "mehler",
    "multivariate_average",
    "pair_average",
    "pair_average_split",
    "split_pair_nodes",
    "panel_gauss",
    "powers",
    "quadpy_scheme",
    "refine",
    "rule_from_scheme",
    "sinh_count",
    "sinh_trapezoid",
    "sparse_rule",
    "split_gauss",
    "trapezoid_size",
    "trapezoid_step",
    "unit_interval",
]
