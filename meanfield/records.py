"""What solutions say, as plain data: what tables, documents, files and diagrams are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.solve import Solution

__all__ = ["Record", "batches", "per_point", "record", "records"]


@dataclass(frozen=True)
class Record:
    """What one `Solution` says, as plain values.

    unknowns, error, observables, indicators: ``{name: value}`` (error holds the claimed absolute error of unknowns and of
    observables that have one; an observable that is a spectrum is a complex array, its error a real one). physical, stable: True,
    False or None.
    """

    unknowns: dict[str, Any]
    error: dict[str, Any]
    observables: dict[str, Any]
    indicators: dict[str, Any]
    residual: Any
    status: str
    physical: bool | None
    stable: bool | None
    parameters: dict[str, Any] = field(default_factory=dict)


def record(solution: Any, observables: Sequence[str] | None = None) -> Record:
    """The `Record` of one `Solution` at one parameter point, with the ``observables`` named (default: all)."""
    tables = _Tables(solution, observables)
    return Record(
        tables.unknowns,
        tables.error,
        tables.observables,
        tables.indicators,
        solution.residual,
        str(solution.status),
        _flag(solution.physical),
        _flag(solution.stable),
        dict(solution.parameters),
    )


def records(points: Sequence[Iterable[Any]], observables: Sequence[str] | None = None) -> list[list[Record]]:
    """The records of the solutions at many parameter points, evaluated together: as many lists as ``points``."""
    flat = [(i, solution) for i, point in enumerate(points) for solution in point]
    found: list[Record | None] = [None] * len(flat)
    for where, batch in batches([solution for _, solution in flat]):
        for k, one in zip(where, _split(batch, observables), strict=True):
            found[k] = one
    out: list[list[Record]] = [[] for _ in points]
    for (i, solution), known in zip(flat, found, strict=True):
        out[i].append(known if known is not None else record(solution, observables))
    return out


def per_point(result: Any) -> tuple[list[list[Any]], list[str]]:
    """What ``solve`` returned, point by point: the solutions of each, and the sentence that says why there is none.

    ``result``: `Solutions`, of one point or of an array of them, or a `Solution`, likewise.
    """
    if hasattr(result, "points"):
        return [list(point) for point in result.points], [str(point.why or "") for point in result.points]
    if getattr(result, "shape", ()) == ():
        return [[result] if result.found else []], [_why(result, 0)]
    from dataclasses import replace

    found: list[list[Any]] = [[] for _ in range(len(result.p))]
    for k, i in enumerate(result.rows.owner.astype(int).tolist()):
        rows = replace(result.rows.take(np.array([k])), owner=np.array([0]))
        given = {name: values[i : i + 1] for name, values in result.given.items()}
        found[i].append(replace(result, rows=rows, p=result.p[i : i + 1], shape=(), given=given))
    return found, [_why(result, i) for i in range(len(found))]


def _why(solution: Any, i: int) -> str:
    return str(getattr(solution, "why", {}).get(i, "") or np.ravel(solution.status)[i])


def batches(solutions: Sequence[Any]) -> list[tuple[list[int], Solution]]:
    """Solutions at single points, gathered by model: (their indices, one `Solution` over an array of them).

    What is evaluated for the array costs little more than for one. Solutions that carry digits of their own stay out.
    """
    groups: dict[int, list[int]] = {}
    for k, solution in enumerate(solutions):
        if getattr(solution, "kernel", None) is not None and not solution.precise:
            groups.setdefault(id(solution.kernel), []).append(k)
    return [(where, _joined([solutions[k] for k in where])) for where in groups.values()]


def _joined(parts: Sequence[Solution]) -> Solution:
    from dataclasses import replace

    first = parts[0]
    rows = type(first.rows).joined([s.rows for s in parts])
    owner: Any = np.arange(len(parts))
    rows = replace(rows, owner=owner)
    given = {name: np.concatenate([s.given[name] for s in parts]) for name in first.given}
    return replace(first, rows=rows, p=np.concatenate([s.p for s in parts]), shape=(len(parts),), given=given)


class _Tables:
    """The named values of a solution: numbers, or arrays over a batch."""

    def __init__(self, solution: Any, observables: Sequence[str] | None) -> None:
        spectra: Mapping[str, Any] = solution.spectra if observables is None or observables else {}
        names = [*solution.observables, *spectra] if observables is None else list(observables)
        plain = [name for name in names if name not in spectra]
        if observables is None and hasattr(solution, "foresee"):
            solution.foresee()
        table = solution.observables if plain else {}
        single = [name for name in plain if name not in table]  # such as the gradient at every neuron
        table = {**table, **{name: solution[name] for name in single}}
        self.unknowns = dict(solution.unknowns)
        self.observables = {name: spectra[name] if name in spectra else table[name] for name in names}
        self.indicators = dict(solution.indicators)
        self.error = {}
        for name in [*self.unknowns, *names, *self.indicators]:
            try:
                self.error[name] = solution.error[name]
            except (KeyError, ParameterError):
                continue


def _split(batch: Solution, observables: Sequence[str] | None) -> list[Record]:
    tables = _Tables(batch, observables)
    physical, stable, residual, status = batch.physical, batch.stable, batch.residual, batch.status
    parameters = batch.parameters
    count = batch.shape[0]

    def at(table: Mapping[str, Any], k: int) -> dict[str, Any]:
        return {name: _item(values[k]) for name, values in table.items()}

    return [
        Record(
            at(tables.unknowns, k),
            at(tables.error, k),
            at(tables.observables, k),
            at(tables.indicators, k),
            float(residual[k]),
            str(status[k]),
            None if physical is None else _flag(physical[k]),
            None if stable is None else _flag(stable[k]),
            at(parameters, k),
        )
        for k in range(count)
    ]


def _item(value: Any) -> Any:
    """A number; of an array padded to the batch's width, what is not padding."""
    if np.ndim(value) == 0:
        return value.item() if isinstance(value, np.generic) else value
    return value[~np.isnan(value)]


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)
