"""Quadrature for Gaussian and related averages: arrays in, arrays and claimed errors out; it knows no symbols."""

from meanfield.quadrature.hermite import (
    hermite_count,
    hermite_cutoff,
    hermite_functions,
    hermite_step,
    hermite_table,
    homogeneous,
)
from meanfield.quadrature.rule import Rule
from meanfield.quadrature.trapezoid import (
    gaussian_cutoff,
    gaussian_trapezoid,
    refine,
    trapezoid_size,
    trapezoid_step,
)

__all__ = [
    "Rule",
    "gaussian_cutoff",
    "gaussian_trapezoid",
    "hermite_count",
    "hermite_cutoff",
    "hermite_functions",
    "hermite_step",
    "hermite_table",
    "homogeneous",
    "refine",
    "trapezoid_size",
    "trapezoid_step",
]
