"""Polish zeros of an indicator: the model together with ``indicator = 0``, one parameter being one more unknown.

At a state that its symmetry holds at zero (the pitchfork from mu = 0) this system is singular: the branch on which the indicator
vanishes is then an invariant subspace, and the system is solved inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from meanfield.errors import ModelError

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["polish", "working_unknowns"]

_ZERO = 1e-9
Arrays = Mapping[str, np.ndarray]


def polish(
    model: Model, indicator: str, free: str, parameters: Arrays, starts: Arrays, tol: float = 1e-10
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve ``indicator = 0`` for the parameter ``free`` from one start per point.

    parameters: the others, (P,) each; starts: the model's public unknowns and the free parameter, (P,) each.
    Returns (value of the free parameter, its claimed error, found), (P,) each; not found: NaN.
    """
    begin = working_unknowns(model, starts) | {free: np.asarray(starts[free], float)}
    count = len(begin[free])
    value, error = np.full(count, np.nan), np.full(count, np.nan)
    zero = np.stack([np.abs(begin[u.name]) < _ZERO for u in model.unknowns], -1)
    given = {name: np.broadcast_to(np.asarray(v, float), (count,)) for name, v in parameters.items()}
    for pattern in np.unique(zero, axis=0):
        rows = np.flatnonzero((zero == pattern).all(axis=1))
        held = tuple(u for u, still in zip(model.unknowns, pattern, strict=True) if still)
        here = {name: values[rows] for name, values in begin.items()}
        value[rows], error[rows] = _from(model, indicator, free, held, {n: v[rows] for n, v in given.items()}, here, tol)
    return value, error, np.isfinite(value)


def working_unknowns(model: Model, public: Arrays) -> dict[str, np.ndarray]:
    """The unknowns in which the model is solved, from those that results carry."""
    if not model.reports:
        return {u.name: np.asarray(public[u.name], float) for u in model.unknowns}
    outside = {name: sp.Dummy(name.name, real=True) for name in model.reports}
    (inverse,) = sp.solve([e - outside[n] for n, e in model.reports.items()], list(model.unknowns), dict=True)
    function = sp.lambdify([list(outside.values())], [inverse[u] for u in model.unknowns], "numpy", cse=False)
    columns = [np.asarray(public[name.name], float) for name in outside]
    values = np.broadcast_arrays(*function(columns), columns[0])[:-1]
    return {u.name: np.array(v, float) for u, v in zip(model.unknowns, values, strict=True)}


def _from(
    model: Model, indicator: str, free: str, held: tuple[sp.Symbol, ...], parameters: Arrays, starts: Arrays, tol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Polish starts that share their zeros ``held``: in the subspace where these stay zero, or else in the whole space."""
    from meanfield.solve import extended, first_roots
    from meanfield.solve.points import parameter_points

    lost = np.full(len(starts[free]), np.nan)
    kernel = _boundary(model, indicator, free, held)
    if kernel is None:
        return lost, lost
    p = np.broadcast_to(parameter_points(kernel.model, parameters).p, (lost.size, len(kernel.parameter_names)))
    x = np.stack([starts[name] for name in kernel.names], -1)
    points, _ = first_roots(extended(kernel), p, x[:, None, :], tol=tol)
    column = kernel.names.index(free)
    return np.where(points.found, points.x[:, column], np.nan), np.where(points.found, points.error[:, column], np.nan)


@lru_cache(maxsize=64)
def _boundary(model: Model, indicator: str, free: str, held: tuple[sp.Symbol, ...]) -> Any:
    """The compiled boundary; None where this indicator does not depend on the parameter."""
    from meanfield.compile import compile
    from meanfield.conditions import indicator_zero

    own = dict(model.restrict.get(indicator, {}))
    bare = _bare(model, indicator)
    for zeros in (held, _forced(model, held), ()):
        values = dict.fromkeys(zeros, sp.S.Zero) | own
        try:
            inside = replace(bare, restrict={indicator: values} if values else {})
            return compile(indicator_zero(inside, indicator, free))
        except ModelError:
            continue
    return None


def _bare(model: Model, indicator: str) -> Model:
    """The equations and the one indicator: rewriting and compiling the rest would cost more than solving."""
    return replace(
        model,
        observables={},
        profiles={},
        spectra={},
        indicators={indicator: model.indicators[indicator]},
        accept={},
        physical={},
        stable=None,
        symmetries=(),
        starts=(),
        seeds=(),
        junctions=(),
        restrict={},
    )


def _forced(model: Model, held: tuple[sp.Symbol, ...]) -> tuple[sp.Symbol, ...]:
    """Those of ``held`` that a symmetry keeps at zero because it changes their sign."""
    return tuple(u for u in held if any(images.get(u) == -u for images in model.symmetries))
