"""The JSON documents of ``--json``: of points with their solutions, of branches with their events, of diagrams."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.records import Record

if TYPE_CHECKING:
    from meanfield.continuation import Branch, Event
    from meanfield.diagram import PhaseDiagram
    from meanfield.simulate import Simulation
    from meanfield.simulate.summary import Summary
    from meanfield.simulate.verification import Comparison, Verification

__all__ = [
    "as_json",
    "branch_document",
    "diagram_document",
    "point_document",
    "simulation_document",
    "value",
    "verification_document",
]


def value(number: Any, digits: int | None = None) -> Any:
    """``number`` as JSON: complex as ``[re, im]``, arrays as lists, NaN and infinities as null.

    With ``digits`` real numbers become strings of that many digits, for no JSON number could carry them.
    """
    if number is None or isinstance(number, str | bool):
        return number
    if isinstance(number, np.ndarray | list | tuple):
        return [value(one, digits) for one in number]
    if isinstance(number, np.generic):
        return value(number.item(), digits)
    if isinstance(number, complex) or type(number).__name__ == "mpc":
        return [value(number.real, digits), value(number.imag, digits)]
    if not math.isfinite(number):
        return None
    if digits is None:
        return float(number)
    import mpmath

    if isinstance(number, float):  # known in double precision only
        digits = min(digits, 16)
    with mpmath.workdps(digits + 10):  # a new mpf is rounded to the working precision
        return mpmath.nstr(mpmath.mpf(number), digits)


def point_document(model: str, parameters: Mapping[str, Any], records: list[Record], digits: int | None) -> dict[str, Any]:
    """One parameter point: ``{"model", "parameters", "solutions"}``."""
    return {
        "model": model,
        "parameters": {name: value(number) for name, number in parameters.items()},
        "solutions": [_solution(record, digits) for record in records],
    }


def _solution(record: Record, digits: int | None) -> dict[str, Any]:
    def values(table: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value(number, digits) for name, number in table.items()}

    return {
        "unknowns": values(record.unknowns),
        "error": {name: value(number, digits and 3) for name, number in record.error.items()},
        "observables": values(record.observables),
        "indicators": values(record.indicators),
        "residual": value(record.residual, digits and 3),
        "status": record.status,
        "physical": record.physical,
        "stable": record.stable,
    }


def branch_document(branch: Branch) -> dict[str, Any]:
    """One branch: ``{"id", "model", "status", "n_points", "partner", "events"}``.

    ``model`` is the phase that the branch belongs to, ``partner`` the id of the branch whose symmetric image it is, or null.
    """
    return {
        "id": branch.id,
        "model": branch.model.name or branch.model.title,
        "status": branch.status,
        "n_points": len(branch),
        "partner": None if branch.partner is None else branch.partner.id,
        "events": [_event(event) for event in branch.events()],
    }


def _event(event: Event) -> dict[str, Any]:
    def values(table: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value(number) for name, number in table.items()}

    return {
        "type": event.type,
        "name": event.name,
        "at": values(event.at),
        "unknowns": values(event.unknowns),
        "error": values(event.error),
        "stable_before": event.stable_before,
        "stable_after": event.stable_after,
    }


def diagram_document(diagram: PhaseDiagram) -> dict[str, Any]:
    """A phase diagram: ``{"models", "parameters", "plane", "interrupted", "unsolved", "curves", "points", "regions",
    "certificate"}``; unsolved: the number of grid points that an interrupt left out."""
    (x, y), certificate = diagram.plane.names, diagram.certificate
    return {
        "models": [sheet.name for sheet in diagram.sheets],
        "parameters": {name: value(number) for name, number in diagram.parameters.items()},
        "plane": {"x": x, "y": y},
        "interrupted": diagram.interrupted,
        "unsolved": diagram.unsolved,
        "curves": [
            {
                "condition": curve.condition,
                "model": curve.model,
                "equation": curve.equation,
                "n_points": len(curve.points),
                "points": value(curve.points.tolist()),
                "error": value(float(np.nanmax(curve.errors, initial=0.0))),
                "ends": curve.ends,
            }
            for curve in diagram.curves
        ],
        "points": [
            {
                "type": corner.type,
                "at": {name: value(number) for name, number in corner.at.items()},
                "error": {name: value(number) for name, number in corner.error.items()},
                "conditions": list(corner.curves),
            }
            for corner in diagram.corners
        ],
        "regions": [
            {"label": r.label, "area": value(r.area), "area_error": value(r.error), "states": list(r.states)}
            for r in diagram.regions()
        ],
        "certificate": None
        if certificate is None
        else {"edges": certificate.edges, "differing": certificate.differing, "unexplained": len(certificate.unexplained)},
    }


def simulation_document(model: str, simulation: Simulation, summary: Summary) -> dict[str, Any]:
    """Simulated networks: ``{"model", "parameters", "settings", "networks", "finished", "counts", "quantities"}``.

    ``networks``: how many were asked for; ``finished``: the numbers of those that are measured and did not run away;
    ``counts``: trajectories by what they do; ``quantities``: ``{name: {"mean", "standard_error", "networks": [one value each]}}``.
    """
    return {
        "model": model,
        "parameters": {name: value(number) for name, number in simulation.numbers.parameters.items()},
        "settings": asdict(simulation.settings),
        "networks": simulation.networks,
        "finished": list(summary.networks),
        "counts": dict(summary.counts),
        "quantities": {
            name: {"mean": value(mean), "standard_error": value(error), "networks": value(summary.per_network[name].tolist())}
            for name, (mean, error) in summary.quantities.items()
        },
    }


def verification_document(result: Verification) -> dict[str, Any]:
    """Theory beside networks: ``{"model", "parameters", "verdict", "why", "note", "state", "other_states", "settings", "sizes",
    "quantities", "skipped"}``.

    ``sizes``: ``[{"neurons", "networks", "used", "trajectories": {words: number}}]``, with "fixed_points" in the place of
    "trajectories" where those are counted. ``quantities``: ``[{"name", "theory", "theory_error", "networks", "standard_error",
    "share", "z", "verdict", "doubt", "slope", "curvature", "step", "step_error", "sizes"}]``, these sizes being ``[{"neurons",
    "mean", "standard_error", "added"}]``. ``networks`` is the value at infinite size, less the effect ``step`` of the finite step,
    ``share`` its standard error over the value, ``doubt`` why there is no z, ``slope`` that in 1/N, ``curvature`` how many
    standard errors the sizes are off the line, ``added`` what the theory says that a finite size adds, which the line leaves out.
    """
    return {
        "model": result.model,
        "parameters": {name: value(number) for name, number in result.parameters.items()},
        "verdict": result.verdict.value,
        "why": result.reason or None,
        "note": result.note or None,
        "state": result.state,
        "other_states": list(result.others),
        "settings": dict(result.settings),
        "sizes": [
            {"neurons": n, "networks": k, "used": used, result.counted.replace(" ", "_"): dict(counts)}
            for n, k, used, counts in zip(result.neurons, result.networks, result.used, result.counts, strict=True)
        ],
        "quantities": [_comparison(c, result.neurons) for c in result.comparisons],
        "skipped": list(result.skipped),
    }


def _comparison(c: Comparison, neurons: Sequence[int]) -> dict[str, Any]:
    return {
        "name": c.name,
        "theory": value(c.theory),
        "theory_error": value(c.theory_error),
        "networks": value(c.value),
        "standard_error": value(c.standard_error),
        "share": value(c.share),
        "z": value(c.z),
        "verdict": c.verdict.value,
        "doubt": c.doubt or None,
        "slope": value(c.limit.slope),
        "curvature": value(c.limit.curvature),
        "step": value(c.step),
        "step_error": value(c.step_error),
        "sizes": [
            {"neurons": n, "mean": value(mean), "standard_error": value(error), "added": value(added)}
            for n, mean, error, added in zip(
                neurons, c.limit.means, c.limit.errors, c.limit.added or [0.0] * len(neurons), strict=True
            )
        ],
    }


def as_json(document: Any) -> str:
    """The document as text; strict JSON."""
    return json.dumps(document, indent=1, allow_nan=False)
