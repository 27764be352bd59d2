"""Quadrature for Gaussian and related averages: arrays in, arrays and claimed errors out; it knows no symbols."""

from meanfield.quadrature.rule import Rule
from meanfield.quadrature.trapezoid import (
    gaussian_cutoff,
    gaussian_trapezoid,
    refine,
    trapezoid_size,
    trapezoid_step,
)

__all__ = ["Rule", "gaussian_cutoff", "gaussian_trapezoid", "refine", "trapezoid_size", "trapezoid_step"]
