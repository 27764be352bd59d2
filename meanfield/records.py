"""What a solution says, as plain data: what tables, documents, files and diagrams are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Record", "record"]


@dataclass(frozen=True)
class Record:
    """What one `Solution` says, as plain values.

    unknowns, error, observables, indicators: ``{name: value}`` (error holds the claimed absolute error of unknowns and of
    observables that have one; an observable that is a spectrum is a complex array). physical, stable: True, False or None.
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
    spectra = dict(solution.spectra or {})
    wanted = [*solution.observables, *spectra] if observables is None else observables
    values = {name: spectra[name] if name in spectra else solution.observables[name] for name in wanted}
    errors = {}
    for name in [*solution.unknowns, *wanted]:
        try:
            errors[name] = solution.error[name]
        except KeyError:
            continue
    return Record(
        unknowns=dict(solution.unknowns),
        error=errors,
        observables=values,
        indicators=dict(solution.indicators),
        residual=solution.residual,
        status=str(solution.status),
        physical=_flag(solution.physical),
        stable=_flag(solution.stable),
        parameters=dict(solution.parameters),
    )


def _flag(value: Any) -> bool | None:
    return None if value is None else bool(value)
