"""Solutions as plain data, as xarray datasets and as netCDF files, and back.

A dataset has one dimension per swept parameter and, where several solutions may exist at a point, the dimension
``solution``. For every unknown and observable there is a variable and its claimed error ``<name>_error``; ``status`` is a
sentence. Complex values carry a last dimension ``part`` (re, im): netCDF has no complex numbers.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import FileFormatError
from meanfield.records import Record

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.diagram import PhaseDiagram
    from meanfield.model import Model

__all__ = ["DIAGRAM_FORMAT", "FORMAT", "dataset", "diagram_dataset", "load", "save"]

FORMAT = "meanfield solutions 1"
DIAGRAM_FORMAT = "meanfield diagram 1"


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
    units = {s.name: text for s, text in model.meanings.items()} if model is not None else {}

    variables: dict[str, Any] = {}
    for kind in ("unknowns", "observables", "indicators"):
        for name in flat.names(kind):
            variables[name] = flat.numbers(kind, name, {"role": kind[:-1], "long_name": units.get(name, name)})
    for name in flat.names("error"):
        about = {"role": "error", "long_name": f"claimed absolute error of {name}"}
        variables[f"{name}_error"] = flat.numbers("error", name, about)
    variables["residual"] = flat.single("residual", "largest residual of the equations")
    variables["status"] = flat.sentences()
    for name in ("physical", "stable"):
        variables[name] = flat.flags(name)
    count = np.array([len(p) for p in points], np.int64).reshape(shape)
    variables["number_of_solutions"] = (tuple(axes), count, {"long_name": "solutions found at the point"})
    coords = {name: (name, values, {"long_name": units.get(name, name)}) for name, values in axes.items()}
    return xr.Dataset(variables, coords, _provenance(model, fixed or {}, tol))


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
        return self.dims, array.reshape(self.shape), {"role": name, "long_name": meaning}

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


def _provenance(model: Model | None, fixed: Mapping[str, Any], tol: float | None) -> dict[str, Any]:
    from datetime import UTC, datetime

    from meanfield import __version__

    attrs: dict[str, Any] = {
        "format": FORMAT,
        "meanfield_version": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    for name, value in fixed.items():
        attrs[f"parameter_{name}"] = float(value)
    if tol is not None:
        attrs["tolerance"] = tol
    if model is not None:
        attrs |= {
            "model": model.name or model.title,
            "title": model.title,
            "equations": "\n".join(f"{left} = {right}" for left, right in _equations(model)),
            "references": "\n".join(model.references),
        }
    return attrs


def diagram_dataset(diagram: PhaseDiagram) -> xr.Dataset:
    """A `PhaseDiagram` as a dataset.

    Dimensions: the two parameters of the plane (vertical first). ``region`` holds indices into the attribute ``labels``
    (JSON). Each model's variables begin with its name if there are several. The curves are one table over ``curve_point``:
    ``curve`` (index into the attribute ``curves``, JSON), ``curve_line``, the two parameters, error, boundary.
    """
    import xarray as xr

    plane, (x, y) = diagram.plane, diagram.plane.names
    merged = xr.Dataset(coords={y: plane.y, x: plane.x})
    size = plane.x.size * plane.y.size
    for sheet in diagram.sheets:
        points = [*sheet.points, *([] for _ in range(size - len(sheet.points)))]
        own = dataset(points, {y: plane.y, x: plane.x}, model=sheet.model, fixed=diagram.parameters, tol=diagram.tol)
        prefix = "" if len(diagram.sheets) == 1 else f"{_identifier(sheet.name)}_"
        renamed: dict[Hashable, str] = {name: f"{prefix}{name}" for name in own.data_vars}
        renamed |= {dim: f"{prefix}{dim}" for dim in own.dims if dim not in (x, y, "part")}
        merged = merged.merge(own.rename(renamed))
        merged.attrs |= {f"{prefix}{k}" if k in _PER_MODEL else k: v for k, v in own.attrs.items()}
    merged["region"] = ((y, x), diagram.region.astype(np.int32), {"labels": json.dumps(diagram.labels)})
    merged.attrs |= {"format": DIAGRAM_FORMAT, "summary": diagram.summary(), "interrupted": int(diagram.interrupted)}
    return merged.assign(_curves(diagram)).assign_attrs(
        curves=json.dumps([{"model": c.model, "indicator": c.indicator, "equation": c.equation} for c in diagram.contours])
    )


_PER_MODEL = ("model", "title", "equations", "references")


def _identifier(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _curves(diagram: PhaseDiagram) -> dict[str, Any]:
    x, y = diagram.plane.names
    lines = [(k, line, e, b) for k, c in enumerate(diagram.contours) for line, e, b in zip(c.lines, c.errors, c.boundary)]
    places = np.concatenate([np.empty((0, 2)), *(line for _, line, _, _ in lines)])
    columns = {
        "curve": np.concatenate([np.empty(0, int), *(np.full(len(line), k) for k, line, _, _ in lines)]),
        "curve_line": np.concatenate([np.empty(0, int), *(np.full(len(v[1]), n) for n, v in enumerate(lines))]),
        f"curve_{x}": places[:, 0],
        f"curve_{y}": places[:, 1],
        "curve_error": np.concatenate([np.empty(0), *(e for _, _, e, _ in lines)]),
        "curve_boundary": np.concatenate([np.empty(0, np.int8), *(b.astype(np.int8) for _, _, _, b in lines)]),
    }
    return {name: ("curve_point", values) for name, values in columns.items()}


def _equations(model: Model) -> list[tuple[Any, Any]]:
    public = [(name, expr) for name, expr in model.reports.items() if expr != name]
    return [*model.definitions.items(), *model.equations.items(), *((e, 0) for e in model.implicit), *public]


def save(data: xr.Dataset, path: str | Path) -> None:
    """Write ``data`` to the netCDF file ``path``."""
    data.to_netcdf(os.fspath(path), engine="h5netcdf")


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
        raise FileFormatError(f"{path} was not written by meanfield: {said}, expected {expect.strip()!r}")
    return _complex_again(data)


def _complex_again(data: xr.Dataset) -> xr.Dataset:
    for name in [n for n, v in data.variables.items() if "part" in v.dims]:
        variable = data[name]
        attrs = {k: v for k, v in variable.attrs.items() if k != "complex"}
        data[name] = (variable.dims[:-1], variable.values[..., 0] + 1j * variable.values[..., 1], attrs)
    return data
