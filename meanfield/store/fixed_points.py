"""The fixed points of one network as a netCDF file, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from meanfield.errors import FileFormatError
from meanfield.simulate.fixed_points.levenberg import System
from meanfield.simulate.fixed_points.record import FixedPoints
from meanfield.store.files import load, save
from meanfield.store.provenance import provenance
from meanfield.transfer import Transfer, by_name

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FIXED_POINTS_FORMAT", "fixed_points_dataset", "load_fixed_points", "save_fixed_points"]

FIXED_POINTS_FORMAT = "meanfield fixed points 1"


def fixed_points_dataset(found: FixedPoints) -> xr.Dataset:
    """`FixedPoints` as a dataset.

    ``x`` (fixed_point, neuron) are the representatives, ``error`` how far each may be from the exact point, ``hits`` how often
    each was reached, ``found_by`` (start) the number of the fixed point that a start reached (-1: none, -2: x = 0), ``J`` and
    ``input`` the network. With the attribute ``symmetric`` every -x is a fixed point too.
    """
    import xarray as xr

    estimate = found.estimate
    return xr.Dataset(
        {
            "x": (("fixed_point", "neuron"), found.representatives, {"long_name": "fixed points"}),
            "error": ("fixed_point", found.error, {"long_name": "bound on the largest deviation of a coordinate"}),
            "hits": ("fixed_point", found.hits, {"long_name": "starts that reached it (or -x)"}),
            "found_by": ("start", found.outcomes, {"long_name": "fixed point reached; -1 none, -2 x = 0"}),
            "J": (("neuron", "source"), found.system.J, {"long_name": "couplings"}),
            "input": ("neuron", found.system.input, {"long_name": "frozen input"}),
        },
        attrs={
            **provenance(FIXED_POINTS_FORMAT, None, {}, None),
            "transfer": found.system.phi.name,
            "definition": str(found.system.phi.definition),
            "symmetric": int(found.symmetric),
            "origin": found.origin,
            "count": found.count,
            "estimated_count": estimate.value,
            "estimated_count_error": estimate.error,
        },
    )


def save_fixed_points(found: FixedPoints, path: str | Path) -> None:
    """Write ``found`` to the netCDF file ``path``; a file that is there is exchanged only when the new one is whole."""
    path = Path(path)
    unfinished = path.with_name(path.name + ".tmp")
    save(fixed_points_dataset(found), unfinished)
    os.replace(unfinished, path)


def load_fixed_points(path: str | Path, phi: Transfer | None = None) -> FixedPoints:
    """Read what `save_fixed_points` wrote. phi: the transfer function, if it is not one of the library.

    Raises `FileFormatError` for another file or another transfer function, and `FileNotFoundError`.
    """
    data = load(path, FIXED_POINTS_FORMAT)
    phi = phi if phi is not None else by_name(data.attrs["transfer"])
    if str(phi.definition) != data.attrs["definition"]:
        raise FileFormatError(f"{path} is about phi = {data.attrs['definition']}, not {phi.name} = {phi.definition}")
    return FixedPoints(
        System(data["J"].values, phi, data["input"].values),
        data["x"].values,
        data["found_by"].values.astype(np.int32),
        bool(data.attrs["symmetric"]),
        str(data.attrs["origin"]),
    )
