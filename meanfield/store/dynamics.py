"""Two-time covariances as xarray datasets: dimensions t, kept (times whose rows are kept), lag, and one per axis of the points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.store.provenance import provenance

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.dynamics.transient import TwoTime

__all__ = ["TWO_TIME_FORMAT", "two_time_dataset"]

TWO_TIME_FORMAT = "meanfield two-time 1"

_MEANINGS = {"mean": "mean of x(t)", "Delta_0": "variance of x(t)", "C": "covariance of x(kept) and x(kept - lag)"}


def two_time_dataset(result: TwoTime) -> xr.Dataset:
    """A `TwoTime` as a dataset: mean, Delta_0, C and ``<name>_error``; parameters are attributes, swept ones are variables."""
    import xarray as xr

    points, fixed, swept = _parameters(result.parameters, result.mean.shape[:-1])
    inner = {"mean": ("t",), "Delta_0": ("t",), "C": ("kept", "lag")}
    variables: dict[str, Any] = {name: (points, values) for name, values in swept.items()}
    for name, dims in inner.items():
        error = (*points, dims[0])
        variables[name] = ((*points, *dims), getattr(result, name), {"long_name": _MEANINGS[name]})
        variables[f"{name}_error"] = (
            error,
            result.error[name],
            {"long_name": f"claimed absolute error of {name}", "role": "error"},
        )
    coords = {"t": result.t, "kept": result.t[result.kept], "lag": result.lags}
    attrs = provenance(TWO_TIME_FORMAT, None, fixed, None) | {"transfer": result.transfer, "units": "time constants of a unit"}
    return xr.Dataset(variables, coords, attrs)


def _parameters(parameters: dict[str, Any], shape: tuple[int, ...]) -> tuple[tuple[str, ...], dict[str, float], dict[str, Any]]:
    """Names of the points' dimensions, parameters that are numbers, and those that are arrays of the points' shape."""
    points = ("point",) if len(shape) == 1 else tuple(f"point_{k}" for k in range(len(shape)))
    given = {name: np.asarray(value, dtype=float) for name, value in parameters.items() if value is not None}
    fixed = {name: float(value) for name, value in given.items() if value.ndim == 0}
    return points, fixed, {name: np.broadcast_to(value, shape) for name, value in given.items() if value.ndim}
