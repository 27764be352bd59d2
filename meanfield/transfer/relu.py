"""The threshold-linear function."""

from meanfield.transfer.threshold_power import threshold_power

__all__ = ["relu"]

relu = threshold_power(1)
"""`max(0, x)`; `Phi = max(0, x)^2 / 2`; `phi''` is a delta function at 0."""
