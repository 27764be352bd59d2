"""How far a diagram has come, as plain data: what is needed to go on with it. The points of branches and curves stand in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.diagram import Certificate, Corner, PhaseDiagram, Sheet
from meanfield.diagram.crossings import Crossing
from meanfield.diagram.lines import Walked
from meanfield.diagram.seeds import Condition
from meanfield.diagram.work import Stage
from meanfield.model import Model
from meanfield.records import Record
from meanfield.store.lanes import LaneTable, branch_data, branch_from
from meanfield.store.subjects import described

__all__ = ["fill", "points_from", "work_data"]

_NUMBERS = ("unknowns", "error", "indicators")


def work_data(diagram: PhaseDiagram, lanes: LaneTable) -> dict[str, Any]:
    """What was asked for, and all that is finished but the solutions on the grid and the points of branches, which go into
    ``lanes``."""
    work, models = diagram.work, [sheet.model for sheet in diagram.sheets]
    stage, known = work.stage, work.ledger.known
    number = lambda model: next(i for i, m in enumerate(models) if m is model)
    walk = lambda one: {
        "places": _lines(one.places),
        "traced": one.traced,
        "finished": one.finished,
        "branches": [{"model": number(b.model), **branch_data(b, lanes)} for b in one.branches],
    }
    return {
        "models": [described(model) for model in models],
        "edges": diagram.plane.edges,
        "conditions": diagram.conditions,
        "solved": [len(sheet.points) for sheet in diagram.sheets],
        "stage": {**asdict(stage), "wanted": [_lines(wanted) for wanted in stage.wanted]},
        "walks": [[walk(one) for one in lines.walks] for lines in work.axes],
        "curves": [
            {
                "condition": {**_condition(c), "model": number(c.model)},
                "branch": branch_data(curve.branch, lanes),
                "refined": [table.tolist() for table in curve.branch._refined],
            }
            for c, curve in work.tracer.traced
            if curve.branch is not None
        ],
        "failures": work.tracer.failures,
        "crossed": len(work.ledger.curves),
        "crossings": [asdict(one) for one in work.ledger.crossings],
        "corners": None if work.corners is None else [asdict(one) for one in work.corners],
        "changes": [[k, away, [[*key, n] for key, n in change.items()]] for k, (away, change) in known.items()],
        "certificate": None if work.certificate is None else asdict(work.certificate),
        "between": [[[asdict(one) for one in point] for point in sheet.points] for sheet in diagram.between],
    }


def fill(diagram: PhaseDiagram, data: Mapping[str, Any], lanes: LaneTable) -> None:
    """Give a diagram what was finished of its work; the solutions on the grid it has."""
    work, models = diagram.work, [sheet.model for sheet in diagram.sheets]
    for lines, walks in zip(work.axes, data["walks"], strict=True):
        for one in walks:
            branches = [_branch(b, lanes, lines.subject(models[b["model"]]), k) for k, b in enumerate(one["branches"])]
            lines.walks.append(Walked(_lines_from(one["places"]), branches, int(one["traced"]), bool(one["finished"])))
    for one in data["curves"]:
        condition = _condition_from(one["condition"], models)
        branch = _branch(one["branch"], lanes, work.tracer.subject(condition), 0)
        branch.__dict__["_refined"] = tuple(np.array(table, dtype=float) for table in one["refined"])  # is known
        work.tracer.keep(condition, branch)
    work.tracer.failures[:] = data["failures"]
    work.ledger.curves = [curve for _, curve in work.tracer.traced[: int(data["crossed"])]]
    work.ledger.crossings = [Crossing(**one) for one in data["crossings"]]
    work.corners = None if data["corners"] is None else [Corner(**{**c, "curves": tuple(c["curves"])}) for c in data["corners"]]
    for k, away, change in data["changes"]:
        work.ledger.known[int(k)] = (float(away), Counter({tuple(key): int(n) for *key, n in change}))
    stage, certificate = data["stage"], data["certificate"]
    rows, columns = (_lines_from(wanted) for wanted in stage["wanted"])
    searching = None if stage["searching"] is None else tuple(int(i) for i in stage["searching"])
    work.stage = Stage((rows, columns), int(stage["turn"]), searching, bool(stage["done"]))
    if certificate is not None:
        pairs = tuple(tuple((float(x), float(y)) for x, y in pair) for pair in certificate["unexplained"])
        work.certificate = Certificate(**{**certificate, "unexplained": pairs, "missing": tuple(certificate["missing"])})
    diagram.between = [
        Sheet(model, diagram.plane, [[Record(**one) for one in point] for point in points])
        for model, points in zip(models, data["between"], strict=False)
    ]


def _lines(wanted: Mapping[int, Any]) -> list[Any]:
    return [[int(k), sorted(int(place) for place in places)] for k, places in wanted.items()]


def _lines_from(data: Sequence[Any]) -> dict[int, set[int]]:
    return {int(k): {int(place) for place in places} for k, places in data}


def _condition(condition: Condition) -> dict[str, Any]:
    return {name: getattr(condition, name) for name in ("kind", "name", "zero", "critical", "label")}


def _condition_from(data: Mapping[str, Any], models: Sequence[Model]) -> Condition:
    kind, name, label = (str(data[key]) for key in ("kind", "name", "label"))
    return Condition(models[data["model"]], kind, name, tuple(data["zero"]), tuple(data["critical"]), label)


def _branch(data: dict[str, Any], lanes: LaneTable, subject: Any, id: int) -> Branch:
    if subject is None:
        raise ValueError("a curve of a condition that cannot be written")
    return branch_from(data, lanes, subject, id)


def points_from(data: Any, model: Model, prefix: str, solved: int) -> list[list[Record]]:
    """The records of the first ``solved`` points of a grid again, from the variables of `diagram_dataset`."""
    tables: dict[str, dict[str, Any]] = {kind: {} for kind in _NUMBERS}
    own = {"unknowns": [u.name for u in model.public_unknowns], "indicators": list(model.indicators)}
    own["error"] = [name for names in list(own.values()) for name in names]
    for kind, names in own.items():
        for name in names:
            variable = f"{prefix}{name}_error" if kind == "error" else f"{prefix}{name}"
            if variable in data:
                values = data[variable].values
                tables[kind][name] = values.reshape(-1, values.shape[2])
    plain = {name: data[f"{prefix}{name}"].values for name in ("residual", "status", "physical", "stable")}
    plain = {name: values.reshape(-1, values.shape[2]) for name, values in plain.items()}
    count = data[f"{prefix}number_of_solutions"].values.ravel()
    flag = lambda value: None if value < 0 else bool(value)

    def one(i: int, k: int) -> Record:
        numbers = {kind: {n: float(v[i, k]) for n, v in table.items()} for kind, table in tables.items()}
        physical, stable = (flag(plain[name][i, k]) for name in ("physical", "stable"))
        residual, status = float(plain["residual"][i, k]), str(plain["status"][i, k])
        return Record(**numbers, observables={}, residual=residual, status=status, physical=physical, stable=stable)

    return [[one(i, k) for k in range(int(count[i]))] for i in range(solved)]
