"""Units of what files hold. Equations of rate networks are dimensionless but for time, which counts time constants of a unit."""

from __future__ import annotations

__all__ = ["unit_of"]

_TIME, _RATE = "time constant", "1/time constant"
_UNITS = {"lambda_max": _RATE, "decay_rate": _RATE, "tau_half": _TIME, "kinetic_energy": "1/time constant^2"}


def unit_of(name: str) -> str:
    """The unit of an unknown, an observable, an indicator or a parameter; "1" for what has none."""
    return _UNITS.get(name, "1")
