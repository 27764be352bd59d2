"""Two-time covariances (dimensions t, kept: times whose rows are kept, lag) and stationary spectra (tau) as xarray datasets.

Both have one dimension per axis of the points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.store.provenance import provenance

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from meanfield.dynamics.stationary import StationarySpectrum
    from meanfield.dynamics.transient import TwoTime

__all__ = ["SPECTRUM_FORMAT", "TWO_TIME_FORMAT", "spectrum_dataset", "two_time_dataset"]

SPECTRUM_FORMAT = "meanfield spectrum 1"
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
    variables["status"] = (points, result.status.astype(str), {"role": "status"})
    coords = {"t": result.t, "kept": result.t[result.kept], "lag": result.lags}
    attrs = provenance(TWO_TIME_FORMAT, None, fixed, None) | {"transfer": result.transfer, "units": "time constants of a unit"}
    return xr.Dataset(variables, coords, attrs)


def spectrum_dataset(result: StationarySpectrum, tau: ArrayLike) -> xr.Dataset:
    """A `StationarySpectrum` as a dataset: Delta_0, Delta_inf, mean, Delta at the lags tau (n,), ``<name>_error`` and status."""
    import xarray as xr

    points, fixed, swept = _parameters(result.parameters, result.Delta_0.shape)
    lags = np.atleast_1d(np.asarray(tau, dtype=float))
    variables: dict[str, Any] = {f"start_{name}" if name == "mean" else name: (points, values) for name, values in swept.items()}
    for name, meaning in (("Delta_0", "variance of x"), ("Delta_inf", "static variance of x"), ("mean", "mean of x")):
        variables[name] = (points, getattr(result, name), {"long_name": meaning})
    variables["Delta"] = ((*points, "tau"), result.Delta(lags), {"long_name": "autocovariance of x"})
    for name, error in result.error.items():
        variables[f"{name}_error"] = (points, error, {"long_name": f"claimed absolute error of {name}", "role": "error"})
    variables["status"] = (points, result.status.astype(str), {"role": "status"})
    attrs = provenance(SPECTRUM_FORMAT, None, fixed, None) | {"transfer": result.transfer, "unit": repr(result.unit)}
    return xr.Dataset(variables, {"tau": lags}, attrs)


def _parameters(parameters: dict[str, Any], shape: tuple[int, ...]) -> tuple[tuple[str, ...], dict[str, float], dict[str, Any]]:
    """Names of the points' dimensions, parameters that are numbers, and those that are arrays of the points' shape."""
    points = ("point",) if len(shape) == 1 else tuple(f"point_{k}" for k in range(len(shape)))
    given = {name: np.asarray(value, dtype=float) for name, value in parameters.items() if value is not None}
    fixed = {name: float(value) for name, value in given.items() if value.ndim == 0}
    return points, fixed, {name: np.broadcast_to(value, shape) for name, value in given.items() if value.ndim}
