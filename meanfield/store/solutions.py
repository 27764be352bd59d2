"""Solutions as xarray datasets.

A dataset has one dimension per swept parameter and, where several solutions may exist at a point, the dimension
``solution``. For every unknown and observable there is a variable and its claimed error ``<name>_error``, each with its
``units``; ``status`` is a sentence. Complex values carry a last dimension ``part`` (re, im): netCDF has no complex numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.dynamics.observables import units_of
from meanfield.records import Record
from meanfield.store.provenance import provenance

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.model import Model

__all__ = ["DIMENSIONLESS", "FORMAT", "dataset"]

FORMAT = "meanfield solutions 1"
DIMENSIONLESS = "1"


def dataset(
    points: Sequence[Sequence[Record]],
    axes: Mapping[str, Any] | None = None,
    *,
    model: Model | None = None,
    fixed: Mapping[str, Any] | None = None,
    tol: float | None = None,
) -> xr.Dataset:
    """The records of all parameter points as one dataset.

    points: for every point of the grid of ``axes`` (C order) its records; the longest list sets the size of ``solution``.
    axes: ``{swept parameter: 1-D values}``; none: a single point. fixed: the other parameters. Missing entries are NaN.
    """
    import xarray as xr

    axes = {name: np.asarray(values, float) for name, values in (axes or {}).items()}
    shape = tuple(len(v) for v in axes.values())
    if math.prod(shape) != len(points):
        raise ValueError(f"got {len(points)} points for a grid of shape {shape}")
    slots = max([1, *(len(p) for p in points)])
    dims = (*axes, "solution")
    flat = _Flat(points, slots, (*shape, slots), dims)
    meanings = {s.name: text for s, text in model.meanings.items()} if model is not None else {}
    units = units_of(model) if model is not None else {}

    variables: dict[str, Any] = {}
    for kind in ("unknowns", "observables", "indicators"):
        for name in flat.names(kind):
            about = {"role": kind[:-1], "long_name": meanings.get(name, name), "units": units.get(name, DIMENSIONLESS)}
            variables[name] = flat.numbers(kind, name, about)
    for name in flat.names("error"):
        about = {"role": "error", "long_name": f"claimed absolute error of {name}", "units": units.get(name, DIMENSIONLESS)}
        variables[f"{name}_error"] = flat.numbers("error", name, about)
    variables["residual"] = flat.single("residual", "largest residual of the equations")
    variables["status"] = flat.sentences()
    for name in ("physical", "stable"):
        variables[name] = flat.flags(name)
    count = np.array([len(p) for p in points], np.int64).reshape(shape)
    variables["number_of_solutions"] = (tuple(axes), count, {"long_name": "solutions found at the point"})
    coords = {
        name: (name, values, {"long_name": meanings.get(name, name), "units": DIMENSIONLESS}) for name, values in axes.items()
    }
    return xr.Dataset(variables, coords, provenance(FORMAT, model, fixed or {}, tol))


class _Flat:
    """The records of a grid, looked at as rectangular arrays."""

    def __init__(self, points: Sequence[Sequence[Record]], slots: int, shape: tuple[int, ...], dims: tuple[str, ...]):
        self.records = [(i * slots + k, r) for i, point in enumerate(points) for k, r in enumerate(point)]
        self.shape, self.dims, self.size = shape, dims, math.prod(shape)

    def names(self, kind: str) -> list[str]:
        return list(dict.fromkeys(name for _, r in self.records for name in getattr(r, kind)))

    def numbers(self, kind: str, name: str, attrs: dict[str, str]) -> Any:
        values = {i: np.asarray(_plain(getattr(r, kind)[name])) for i, r in self.records if name in getattr(r, kind)}
        # Solutions of one model may have spectra of different length (a mode that does not exist at x = 0).
        inner = np.max([[*v.shape] for v in values.values()], axis=0).astype(int) if values else ()
        is_complex = any(np.iscomplexobj(v) for v in values.values())
        array = np.full((self.size, *inner), complex(np.nan, np.nan) if is_complex else np.nan)
        for i, value in values.items():
            block: tuple[Any, ...] = (i, *(slice(n) for n in value.shape))
            array[block] = value
        dims = [*self.dims, *(f"{name}_index{k or ''}" for k in range(len(inner)))]
        array = array.reshape(*self.shape, *inner)
        if is_complex:
            array, dims = np.stack([array.real, array.imag], -1), [*dims, "part"]
            attrs = {**attrs, "complex": "dimension part holds (re, im)"}
        return dims, array, attrs

    def single(self, name: str, meaning: str) -> Any:
        array = np.full(self.size, np.nan)
        for i, r in self.records:
            array[i] = np.max(np.abs(np.asarray(_plain(getattr(r, name)), float)))
        return self.dims, array.reshape(self.shape), {"role": name, "long_name": meaning, "units": DIMENSIONLESS}

    def sentences(self) -> Any:
        array = np.full(self.size, "", object)
        for i, r in self.records:
            array[i] = r.status
        return self.dims, array.reshape(self.shape).astype(str), {"role": "status"}

    def flags(self, name: str) -> Any:
        array = np.full(self.size, -1, np.int8)
        for i, r in self.records:
            value = getattr(r, name)
            array[i] = -1 if value is None else int(value)
        return self.dims, array.reshape(self.shape), {"role": name, "long_name": f"{name}: 1 yes, 0 no, -1 not defined"}


def _plain(value: Any) -> Any:
    """Numbers of many digits (mpmath) become floats: netCDF has no others."""
    if value is None:
        return np.nan
    array = np.asarray(value)
    if array.dtype != object:
        return array.astype(complex if array.dtype.kind == "c" else float)
    imaginary = [complex(v).imag for v in array.ravel()]
    return array.astype(complex if any(imaginary) else float)
