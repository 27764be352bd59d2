"""Phases of one network: models that junctions lead to, and which of those that somebody has asked for they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meanfield.errors import MeanfieldError
from meanfield.model.record import Junction, Model


def among(model: Model, models: Iterable[Model]) -> Model | None:
    """The one of the models that ``model`` is: itself, or one of its name with the same equations, since the phases of a model with
    another transfer function are made once more for each model that leads to them. None if it is none of them."""
    return next((one for one in models if one is model or _alike(one, model)), None)


def _alike(one: Model, other: Model) -> bool:
    named = one.name is not None and one.name != "" and one.name == other.name
    return named and one.equations == other.equations and one.implicit == other.implicit


def reachable(models: Sequence[Model]) -> list[Model]:
    """The models, and the phases that junctions lead to from them, from those again, and so on."""
    found: list[Model] = []
    queue = list(models)
    while queue:
        model = queue.pop(0)
        if among(model, found) is None:
            found.append(model)
            queue += [phase for _, phase in joined(model)]
    return found


def joined(model: Model) -> list[tuple[Junction, Model]]:
    """The junctions of a model and the phases that they lead to, without phases that do not exist for its transfer function."""
    out = []
    for junction in model.junctions:
        try:
            out.append((junction, junction.phase))
        except MeanfieldError:
            continue
    return out
