"""The step function."""

from meanfield.transfer.threshold_power import threshold_power

__all__ = ["step"]

step = threshold_power(0)
"""`theta(x)`, 1 for `x > 0` and 0 otherwise; `Phi = max(0, x)`; `phi'` is a delta function at 0."""
