"""netCDF files: written, read, and refused where they are not of this package."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meanfield.errors import FileFormatError, MeanfieldError, ParameterError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["load", "reading", "save"]


def save(data: Any, path: str | Path) -> None:
    """Write ``data`` to the netCDF file ``path``: a dataset, or anything that can be saved, such as what `solve` returns.

    Raises `ParameterError` for what cannot, and for a folder that does not exist.
    """
    import xarray as xr

    if not Path(path).absolute().parent.is_dir():
        raise ParameterError(f"cannot write {os.fspath(path)}: the folder {Path(path).parent} does not exist; make it first")

    if hasattr(data, "to_dataset"):
        data = data.to_dataset()
    if isinstance(data, xr.Dataset):
        data.to_netcdf(os.fspath(path), engine="h5netcdf")
    elif hasattr(data, "to_netcdf"):
        data.to_netcdf(path)
    else:
        raise ParameterError(f"what is saved must be a dataset, or solutions, branches, a diagram or a run; got {data!r}")


def load(path: str | Path, expect: str = "meanfield ") -> xr.Dataset:
    """Read a netCDF file that `save` wrote, complex variables restored; the file is closed again.

    expect: how the file's ``format`` must begin. Raises `FileFormatError` for a file that is not of this package and
    `FileNotFoundError`.
    """
    import xarray as xr

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            data = opened.load()
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path} is not a netCDF file that can be read ({error})") from error
    found = str(data.attrs.get("format", ""))
    if not found.startswith(expect):
        said = f"its format is {found!r}" if found else "it says no format"
        whose = "holds other data of meanfield" if found.startswith("meanfield ") else "was not written by meanfield"
        raise FileFormatError(f"{path} {whose}: {said}, expected {expect.strip()!r}")
    return _complex_again(data)


@contextmanager
def reading(path: str | Path, what: str) -> Iterator[None]:
    """While what a file holds is taken apart: raises `FileFormatError`, in one sentence, where something is missing or broken.

    what: it is said to hold, such as "branches".
    """
    try:
        yield
    except MeanfieldError:  # it knows better
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(
            f"{path} says it holds {what}, but what it holds is not whole ({type(error).__name__}: {error})"
        ) from error


def _complex_again(data: xr.Dataset) -> xr.Dataset:
    for name in [n for n, v in data.variables.items() if "part" in v.dims]:
        variable = data[name]
        attrs = {k: v for k, v in variable.attrs.items() if k != "complex"}
        data[name] = (variable.dims[:-1], variable.values[..., 0] + 1j * variable.values[..., 1], attrs)
    return data
