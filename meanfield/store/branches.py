"""Branches as xarray datasets and netCDF files, and back.

What a reader without this package wants stands in two tables. ``point``: for every point of every branch its ``branch``,
the coordinate of the path, unknowns, observables, their claimed errors, ``stable`` and ``physical`` (1 yes, 0 no, -1 not
defined). ``event``: the same for everything that happens on the branches. What is needed to go on (the lanes that were
walked) stands in variables whose names begin with ``lane_``, and in ``structure`` (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.forest import Forest
from meanfield.continuation.questions import checked
from meanfield.dynamics.observables import units_of
from meanfield.model import Model
from meanfield.model.forms import as_model
from meanfield.store.files import load, reading, save
from meanfield.store.lanes import LaneTable, branch_data, branch_from
from meanfield.store.provenance import provenance
from meanfield.store.solutions import DIMENSIONLESS
from meanfield.store.subjects import candidates, origin_data, origin_from, subject_data, subject_from

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["BRANCH_FORMAT", "branch_dataset", "load_branches", "save_branches"]

BRANCH_FORMAT = "meanfield branches 1"


def save_branches(forest: Forest | Sequence[Branch], file: str | File) -> None:
    """Write branches to the netCDF file ``file``; `load_branches` reads them again."""
    save(branch_dataset(forest), file)


def branch_dataset(forest: Forest | Sequence[Branch]) -> xr.Dataset:
    """Branches as a dataset: the tables of points and events, and how the branches were walked."""
    import xarray as xr

    branches = list(forest)
    if not branches:
        raise ValueError("there are no branches to save")
    first = branches[0]
    variables = {**_points(branches), **_events(branches)}
    lanes = LaneTable()
    structure = {**_structure(branches, lanes), "origin": origin_data(getattr(forest, "origin", None))}
    variables |= lanes.variables()
    variables["structure"] = ((), json.dumps(structure), {"long_name": "how the branches were walked (JSON)"})
    held = first.base if first.subject.curve.path.plain else np.array([])
    names = first.subject.curve.problem.parameter_names
    fixed = {n: v for i, (n, v) in enumerate(zip(names, held)) if i not in first.subject.curve.path.index}
    attrs = provenance(BRANCH_FORMAT, first.model, fixed, None)
    attrs |= {"along": first.along, "interrupted": int(getattr(forest, "interrupted", False))}
    return xr.Dataset(variables, attrs=attrs)


def _points(branches: Sequence[Branch]) -> dict[str, Any]:
    """The table of points."""
    columns: dict[str, Any] = {}
    total = sum(len(b) for b in branches)
    first = 0
    for number, branch in enumerate(branches):
        own = {"branch": np.full(len(branch), number), branch.along: branch.u[:, -1]}
        for name in _quantities(branch):
            own[name], own[f"{name}_error"] = branch[name], branch.error[name]
        own["stable"], own["physical"] = (_flags(f, len(branch)) for f in (branch.stable, branch.physical))
        for name, values in own.items():
            if name not in columns:
                whole = np.asarray(values).dtype.kind == "i"
                columns[name] = np.full(total, -1, np.int64) if whole else np.full(total, np.nan)
            columns[name][first : first + len(branch)] = values
        first += len(branch)
    about = _attributes(branches)
    width = max(b.u.shape[1] for b in branches)
    refined = {"point_u": 0, "point_error": 1}
    blocks = {name: np.full((total, width), np.nan) for name in refined}
    first = 0
    for branch in branches:
        for name, which in refined.items():
            blocks[name][first : first + len(branch), : branch.u.shape[1]] = branch._refined[which]
        first += len(branch)
    return {
        **{name: ("point", values, about.get(name, {})) for name, values in columns.items()},
        **{name: (("point", "coordinate"), values) for name, values in blocks.items()},
    }


def _quantities(branch: Branch) -> list[str]:
    """Names of what is saved of every point."""
    if branch.model is None:
        return list(branch.subject.curve.problem.names)
    return [*(s.name for s in branch.model.public_unknowns), *branch.model.observables, *branch.model.indicators]


def _attributes(branches: Sequence[Branch]) -> dict[str, dict[str, str]]:
    """The unit of every quantity and of its claimed error, as attributes of the columns that hold them."""
    units: dict[str, str] = {}
    for branch in {id(b.subject): b for b in branches}.values():
        held = dict.fromkeys((branch.along, *branch.subject.curve.problem.names, *_quantities(branch)), DIMENSIONLESS)
        units |= {**held, **(units_of(branch.model) if branch.model is not None else {})}
    return {column: {"units": unit} for name, unit in units.items() for column in (name, f"{name}_error")}


def _flags(values: Any, size: int) -> Any:
    return np.full(size, -1) if values is None else np.asarray(values).astype(np.int64)


def _events(branches: Sequence[Branch]) -> dict[str, Any]:
    """The table of events."""
    found = [(number, event) for number, branch in enumerate(branches) for event in branch.events()]
    if not found:
        return {}
    events = [event for _, event in found]
    flag = lambda value: -1 if value is None else int(value)
    columns: dict[str, Any] = {
        "event_branch": np.array([number for number, _ in found]),
        "event_type": np.array([e.type for e in events], dtype=str),
        "event_name": np.array([e.name for e in events], dtype=str),
        "event_place": np.array([e.place for e in events]),
        "event_sharp": np.array([int(e.sharp) for e in events]),
        "event_stable_before": np.array([flag(e.stable_before) for e in events]),
        "event_stable_after": np.array([flag(e.stable_after) for e in events]),
    }
    for table in ("at", "unknowns"):
        for name in dict.fromkeys(n for e in events for n in getattr(e, table)):
            columns[f"event_{name}"] = np.array([getattr(e, table).get(name, np.nan) for e in events])
            columns[f"event_{name}_error"] = np.array([e.error.get(name, np.nan) for e in events])
    about = _attributes(branches)
    return {name: ("event", values, about.get(name.removeprefix("event_"), {})) for name, values in columns.items()}


def _structure(branches: Sequence[Branch], lanes: LaneTable) -> dict[str, Any]:
    """Subjects, and branches in terms of them; an image of a branch that is saved too says only whose image it is."""
    subjects: list[Any] = []
    out: list[dict[str, Any]] = []
    for branch in branches:
        if not any(s is branch.subject for s in subjects):
            subjects.append(branch.subject)
        partner = next((i for i, other in enumerate(branches) if other is branch.partner), None)
        shared = partner is not None and branches[partner].pieces is branch.pieces
        image = next((i for i, f in enumerate(branch.subject.symmetries) if f is branch.image), None)
        if branch.image is not None and image is None:
            raise ValueError(f"branch {branch.id} is an image under a map that its model does not declare; it cannot be saved")
        out.append(
            {
                "id": branch.id,
                "points": len(branch),
                "subject": next(i for i, s in enumerate(subjects) if s is branch.subject),
                "partner": partner,
                "image": image,
                "walked": None if shared else branch_data(branch, lanes),
            }
        )
    return {"subjects": [subject_data(s) for s in subjects], "branches": out}


def load_branches(file: str | File, model: Any = None, *, expressions: Mapping[str, Any] | None = None) -> Forest:
    """The branches in a file that `save_branches` wrote, as if they had just been followed.

    model: the model (or hand-written problem) that was followed, or several of them; phases that join them are found
    by themselves. None: the model of the library that the file names. expressions: those given when the branches were
    followed, without which these cannot go on: files do not hold them.
    Raises `FileFormatError`, in one sentence, for a file that holds no branches, or those of another model.
    """
    if isinstance(model, str):
        as_model(model, "load_branches")  # says where models come from
    data = load(file, BRANCH_FORMAT)
    with reading(file, "branches"):
        structure = json.loads(str(data["structure"].values))
        asked = structure["origin"]
        pool = candidates(model, [*structure["subjects"], *(asked["family"] if asked is not None else ())])
        expressions = checked(expressions, [one for one in pool if isinstance(one, Model)])
        subjects = [subject_from(s, pool, file, expressions) for s in structure["subjects"]]
        lanes = LaneTable.of(data)
        branches = _branches(structure["branches"], subjects, lanes, data)
        origin = origin_from(asked, pool, file, expressions)
    return Forest(branches, bool(data.attrs.get("interrupted", 0)), origin=origin)


def _branches(listed: Sequence[Mapping[str, Any]], subjects: Sequence[Any], lanes: LaneTable, data: xr.Dataset) -> list[Branch]:
    out: list[Branch] = []
    first = 0
    for item in listed:
        subject = subjects[item["subject"]]
        if item["walked"] is not None:
            branch = branch_from(item["walked"], lanes, subject, int(item["id"]))
            if item["image"] is not None:
                branch = branch.mirrored(subject.symmetries[item["image"]], int(item["id"]))
        else:
            branch = out[item["partner"]].mirrored(subject.symmetries[item["image"]], int(item["id"]))
        rows = slice(first, first + int(item["points"]))
        first = rows.stop
        width = len(subject.curve.names)
        kept: dict[str, Any] = {"_refined": tuple(data[n].values[rows, :width] for n in ("point_u", "point_error"))}
        for name in ("stable", "physical"):
            flags = data[name].values[rows]
            kept[name] = None if (flags < 0).any() else flags > 0
        branch.__dict__.update(kept)  # what is known need not be computed again
        out.append(branch)
    return out
