"""Phase diagrams as xarray datasets."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.grid import make_plane
from meanfield.diagram.phase import describe, empty
from meanfield.model.forms import as_models
from meanfield.store.diagram_work import fill, points_from, work_data
from meanfield.store.files import load, reading
from meanfield.store.lanes import LaneTable
from meanfield.store.solutions import DIMENSIONLESS, dataset
from meanfield.store.subjects import candidates, found

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.diagram import PhaseDiagram

__all__ = ["DIAGRAM_FORMAT", "diagram_dataset", "load_diagram"]

DIAGRAM_FORMAT = "meanfield diagram 1"


def diagram_dataset(diagram: PhaseDiagram) -> xr.Dataset:
    """A `PhaseDiagram` as a dataset.

    Dimensions: the two parameters of the plane (vertical first). ``region`` holds indices into the attribute ``labels``
    (JSON), which ``areas`` and ``area_errors`` go with. Each model's variables begin with its name if there are several. The
    curves are one table over ``curve_point``:
    ``curve`` (index into the attribute ``curves``, JSON: model, condition, equation, how it ends), the two parameters, their
    claimed errors, and ``curve_bounds``, whether the curve separates regions there. The attributes ``corners`` (JSON: type, at,
    error, curves), ``certificate_edges``, ``certificate_differing`` and the table over ``unexplained`` (both ends of every grid
    edge whose change no curve explains) say what is known about their completeness. ``interrupted`` is 1 if the diagram is not
    finished; at grid points that were not solved ``number_of_solutions`` is -1. What is needed to go on stands in ``work`` (JSON)
    and in ``lane_...``.
    """
    import xarray as xr

    plane, (x, y) = diagram.plane, diagram.plane.names
    merged = xr.Dataset(coords={y: plane.y, x: plane.x})
    size = plane.x.size * plane.y.size
    for sheet in diagram.sheets:
        points = [*sheet.points, *([] for _ in range(size - len(sheet.points)))]
        own = dataset(points, {y: plane.y, x: plane.x}, model=sheet.model, fixed=diagram.parameters, tol=diagram.tol)
        prefix = _prefix(diagram.sheets, sheet)
        renamed: dict[Hashable, str] = {name: f"{prefix}{name}" for name in own.data_vars}
        renamed |= {dim: f"{prefix}{dim}" for dim in own.dims if dim not in (x, y, "part")}
        own["number_of_solutions"].values.ravel()[len(sheet.points) :] = _UNSOLVED
        merged = merged.merge(own.rename(renamed))
        merged.attrs |= {f"{prefix}{k}" if k in _PER_MODEL else k: v for k, v in own.attrs.items()}
    extent = {r.label: (r.area, r.error) for r in diagram.regions()}
    areas, errors = zip(*(extent.get(label, (None, None)) for label in diagram.labels))
    described = {"labels": diagram.labels, "areas": areas, "area_errors": errors}
    merged["region"] = ((y, x), diagram.region.astype(np.int32), {k: json.dumps(v) for k, v in described.items()})
    merged.attrs |= {"format": DIAGRAM_FORMAT, "summary": diagram.summary(), "interrupted": int(diagram.interrupted)}
    merged = merged.assign(_curves(diagram)).assign(_unexplained(diagram))
    lanes = LaneTable()
    merged["work"] = ((), json.dumps(work_data(diagram, lanes)), {"long_name": "how far the diagram has come (JSON)"})
    merged = merged.assign(lanes.variables())
    merged.attrs |= {
        "curves": json.dumps(
            [{"model": c.model, "condition": c.condition, "equation": c.equation, "status": c.ends} for c in diagram.curves]
        ),
        "corners": json.dumps([asdict(corner) for corner in diagram.corners]),
    }
    if diagram.certificate is not None:
        merged.attrs |= {
            "certificate_edges": diagram.certificate.edges,
            "certificate_differing": diagram.certificate.differing,
        }
    return merged


def load_diagram(file: str | Path, models: Any = None) -> PhaseDiagram:
    """The diagram in a file that `PhaseDiagram.to_netcdf` wrote, as if it had just been computed; `resume_diagram` goes on with it.

    models: those that it is of (phases that join them are found by themselves); None: those of the library that the file names.
    Raises `FileFormatError`, in one sentence, for a file that holds no diagram, or that of another model.
    """
    given = None if models is None else as_models(models, "load_diagram")
    data = load(file, DIAGRAM_FORMAT)
    with reading(file, "a diagram"):
        asked = json.loads(str(data["work"].values))
        pool = candidates(given, asked["models"])
        own = [found(m, pool, file, "a diagram", "drawn") for m in asked["models"]]
        (y, x), edges = data["region"].dims, asked["edges"]
        plane = make_plane((str(x), str(y)), edges, (data.sizes[x], data.sizes[y]))
        fixed = {k.removeprefix("parameter_"): float(v) for k, v in data.attrs.items() if str(k).startswith("parameter_")}
        diagram = empty(own, plane, fixed, float(data.attrs["tolerance"]), asked["conditions"])
        for sheet, solved in zip(diagram.sheets, asked["solved"], strict=True):
            sheet.points = points_from(data, sheet.model, _prefix(diagram.sheets, sheet), int(solved))
        fill(diagram, asked, LaneTable.of(data))
    diagram.interrupted = bool(data.attrs["interrupted"])
    describe(diagram)
    return diagram


_PER_MODEL = ("model", "title", "equations", "transfer_functions", "references")
_UNSOLVED = -1


def _prefix(sheets: Sequence[Any], sheet: Any) -> str:
    """Before the names of a model's variables, where there are several models."""
    return "" if len(sheets) == 1 else "".join(c if c.isalnum() else "_" for c in sheet.name) + "_"


def _curves(diagram: PhaseDiagram) -> dict[str, Any]:
    """The table of exact points of all curves."""
    x, y = diagram.plane.names
    curves = diagram.curves
    points = np.concatenate([np.empty((0, 2)), *(c.points for c in curves)])
    errors = np.concatenate([np.empty((0, 2)), *(c.errors for c in curves)])
    columns = {
        "curve": np.concatenate([np.empty(0, int), *(np.full(len(c.points), k) for k, c in enumerate(curves))]),
        f"curve_{x}": points[:, 0],
        f"curve_{y}": points[:, 1],
        f"curve_{x}_error": errors[:, 0],
        f"curve_{y}_error": errors[:, 1],
        "curve_bounds": np.concatenate([np.empty(0, np.int8), *(c.bounds_at_points.astype(np.int8) for c in curves)]),
    }
    units = {name: {"units": DIMENSIONLESS} for name in columns if name not in ("curve", "curve_bounds")}
    return {name: ("curve_point", values, units.get(name, {})) for name, values in columns.items()}


def _unexplained(diagram: PhaseDiagram) -> dict[str, Any]:
    """Both ends of the grid edges that the certificate complains about."""
    if diagram.certificate is None or diagram.certificate:
        return {}
    ends = np.array(diagram.certificate.unexplained)
    return {f"unexplained_{name}": (("unexplained", "end"), ends[:, :, i]) for i, name in enumerate(diagram.plane.names)}
