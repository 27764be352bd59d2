"""The Gaussian field that drives every unit of a random network, and checks of what the user gives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ParameterError

Array = NDArray[np.float64]
_SIGNED = ("M_m", "M_n", "M_I")


@dataclass(frozen=True)
class Field:
    """Mean ``M_m kappa + M_I`` with ``kappa = M_n <phi>``, covariance ``g^2 <phi phi> + Sigma_m^2 kappa kappa + D``, white noise.

    g: strength of the random connectivity. sigma_squared: of the white noise, ``<xi xi> = 2 sigma_squared delta``. D: variance of
    the frozen input. M_m, M_n, Sigma_m: means and standard deviation of the rank-one structure, M_I: mean input. All (P,).
    """

    g: Array
    sigma_squared: Array
    D: Array
    M_m: Array
    M_n: Array
    M_I: Array
    Sigma_m: Array

    def row(self, point: int) -> Field:
        """The field of one point, of shape (1,)."""
        return Field(*(getattr(self, f.name)[point : point + 1] for f in fields(self)))


def checked(shapes: dict[str, Any]) -> tuple[tuple[int, ...], dict[str, Array]]:
    """Numbers or arrays broadcast to one shape: that shape, and each flattened to (P,).

    Raises `ParameterError` for what is not a finite number, for negative strengths and variances, and for shapes that clash.
    """
    arrays: dict[str, Array] = {}
    for name, value in shapes.items():
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError(f"{name} must be a number or an array of numbers, got {value!r}") from None
        if not np.isfinite(array).all():
            raise ParameterError(f"{name} must be finite, got {value!r}; leave a parameter out rather than giving NaN")
        if name not in _SIGNED and name != "mean" and (array < 0).any():
            raise ParameterError(f"{name} must not be negative, got {float(array.min()):g}")
        arrays[name] = array
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        shapes_text = ", ".join(f"{name} {a.shape}" for name, a in arrays.items() if a.ndim)
        raise ParameterError(f"the parameters have shapes that do not broadcast: {shapes_text}") from None
    return shape, {name: np.broadcast_to(a, shape).reshape(-1).copy() for name, a in arrays.items()}
