"""Where numbers in a file come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["equations", "provenance"]


def provenance(kind: str, model: Model | None, fixed: Mapping[str, Any], tol: float | None) -> dict[str, Any]:
    """Attributes of a dataset: the ``kind`` of file it makes, what made it and when, and the model's equations and transfer
    functions."""
    from datetime import UTC, datetime

    from meanfield import __version__

    attrs: dict[str, Any] = {
        "format": kind,
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
            "equations": "\n".join(f"{left} = {right}" for left, right in equations(model)),
            "transfer_functions": "\n".join(f"{phi.name}(x) = {phi.definition}" for phi in model.transfers),
            "references": "\n".join(model.references),
        }
    return attrs


def equations(model: Model) -> list[tuple[Any, Any]]:
    """Definitions, equations and public unknowns, as pairs of sides."""
    public = [(name, expr) for name, expr in model.reports.items() if expr != name]
    return [*model.definitions.items(), *model.equations.items(), *((e, 0) for e in model.implicit), *public]
