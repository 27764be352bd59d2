"""From a user's keywords to parameter points: an array (P, m) and the shape of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.averages.passes import explicit
from meanfield.errors import ParameterError, brief
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.solve.problem import Array


@dataclass(frozen=True)
class ParameterPoints:
    """p (P, m) in the order of the model's parameters; shape of the grid that the caller gave (() for one point)."""

    names: tuple[str, ...]
    p: Array
    shape: tuple[int, ...]
    given: dict[str, Array]

    def of(self, i: int) -> dict[str, float]:
        """What the caller gave, at point i."""
        return {name: float(values[i]) for name, values in self.given.items()}


def parameter_points(model: Model, given: Mapping[str, Any]) -> ParameterPoints:
    """Check and broadcast parameters. Raises `ParameterError` for an unknown or missing name, NaN, or a value outside the
    domain of a parameter."""
    known = [s.name for s in model.parameters]
    extra = model.prepare.accepts if model.prepare else ()
    for name in given:
        if name not in known and name not in extra:
            raise ParameterError(
                f"{model.name or model.title} has no parameter {name!r}{nearest(name, [*known, *extra])} "
                f"(it has {', '.join(known)})"
            )
    arrays = {name: _array(name, value) for name, value in given.items()}
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        sizes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ParameterError(f"the parameters' shapes do not broadcast together: {sizes}") from None
    arrays = {name: np.broadcast_to(a, shape).ravel() for name, a in arrays.items()}
    prepared = dict(model.prepare.function(arrays)) if model.prepare else dict(arrays)
    defaults = {s.name: v for s, v in model.defaults.items()}
    columns = []
    for name in known:
        if name not in prepared and name not in defaults:
            raise ParameterError(f"{model.name or model.title} needs the parameter {name!r}; give {name}=...")
        value = prepared[name] if name in prepared else float(explicit(defaults[name]).evalf())
        columns.append(np.broadcast_to(np.asarray(value, dtype=float), (max(1, int(np.prod(shape))),)))
        _check_domain(model, name, columns[-1])
    size = max(1, int(np.prod(shape)))
    p = np.stack(columns, axis=1) if columns else np.zeros((size, 0))
    return ParameterPoints(tuple(known), np.ascontiguousarray(p), shape, arrays)


def check_parameters(model: Model, p: Array) -> None:
    """Raises `ParameterError` where parameters (P, m) lie outside of their domains."""
    for i, symbol in enumerate(model.parameters):
        _check_domain(model, symbol.name, p[:, i])


def _array(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ParameterError(f"the parameter {name!r} must be a number or an array of numbers, got {brief(value)}") from None
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)]
        many = f"{bad.size} of its {array.size} values are not, the first is {bad[0]}" if array.ndim else f"got {bad[0]}"
        raise ParameterError(f"the parameter {name!r} must be finite; {many}")
    if array.size == 0:
        raise ParameterError(f"the parameter {name!r} is an empty array; give at least one value")
    return array


def _check_domain(model: Model, name: str, values: Array) -> None:
    if name in (model.nonnegative or ()) and (values < 0).any():
        raise ParameterError(f"the parameter {name!r} must not be negative, got {values.min():g}")
