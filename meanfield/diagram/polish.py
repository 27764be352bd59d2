"""Polish a zero of an indicator: the model together with ``indicator = 0``, one parameter being one more unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["polish"]


def polish(
    model: Model,
    indicator: str,
    free: str,
    parameters: Mapping[str, np.ndarray],
    starts: Mapping[str, np.ndarray],
    tol: float = 1e-10,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve ``indicator = 0`` for the parameter ``free`` from one start per point.

    parameters: the others, (P,) each; starts: unknowns and the free parameter, (P,) each.
    Returns (value of the free parameter, its claimed error, found), (P,) each.
    """
    from meanfield.conditions import indicator_zero
    from meanfield.solve import solve

    point = solve(indicator_zero(model, indicator), free=free, starts=[dict(starts)], tol=tol, **parameters)
    shape = np.shape(starts[free])
    value = np.broadcast_to(np.asarray(point[free], float), shape)
    error = np.broadcast_to(np.asarray(point.error[free], float), shape)
    return value, error, np.broadcast_to(np.asarray(point.found, bool), shape) & np.isfinite(value)
