"""Phase diagrams as xarray datasets."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.store.solutions import dataset

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.diagram import PhaseDiagram

__all__ = ["DIAGRAM_FORMAT", "diagram_dataset"]

DIAGRAM_FORMAT = "meanfield diagram 1"


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
