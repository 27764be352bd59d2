"""A condition on a model that waits for the parameter which becomes an unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.forms import as_model


@dataclass(frozen=True)
class Condition:
    """A rewrite of ``model`` that lacks only its free parameter: ``condition("g")`` is the model with g as an unknown, and that is
    what ``solve(condition, free="g", ...)`` solves. title: the condition in words."""

    model: Model
    title: str
    rewrite: Callable[[str | sp.Symbol], Model]

    def __call__(self, free: str | sp.Symbol) -> Model:
        return self.rewrite(free)

    def __repr__(self) -> str:
        return f"Condition({self.title}, of {self.model.name or self.model.title}; its free parameter is open)"


def with_free(value: Any, free: str | sp.Symbol | None, verb: str) -> Model:
    """The model that is meant by a model, or by a condition and its free parameter. Raises `ParameterError` where that is missing,
    or given for a model, which needs none."""
    if isinstance(value, Condition):
        if free is None:
            names = ", ".join(s.name for s in value.model.parameters)
            raise ParameterError(f"{value.title} lacks its free parameter, which becomes an unknown; give free=..., one of {names}")
        return value(free)
    if free is not None:
        raise ParameterError(
            f"free={str(free)!r} names what becomes an unknown of a condition, as in solve(indicator_zero(model, name), free=...); "
            "a model has none"
        )
    return as_model(value, verb)
