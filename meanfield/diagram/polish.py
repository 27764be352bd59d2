"""Polish zeros of an indicator: the model together with ``indicator = 0``, one parameter being one more unknown.

At a state that its symmetry holds at zero (the pitchfork from mu = 0) this system is singular: the branch on which the indicator
vanishes is then an invariant subspace, and the system is solved inside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.errors import ModelError

if TYPE_CHECKING:
    from meanfield.compile import Kernel
    from meanfield.model import Model
    from meanfield.solve import Points

__all__ = ["Polished", "polish", "working_unknowns"]

_ZERO = 1e-9  # a start this close to zero is on the branch where the unknown vanishes
_VANISHES = 1e-7  # and so is, after polishing, a solution this close
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Polished:
    """value (P,) of the free parameter and its claimed error (P,), NaN where not found; found (P,); zero (P, n): which of the
    model's unknowns vanish there, which tells the branches apart that cross in the plane."""

    value: np.ndarray
    error: np.ndarray
    zero: np.ndarray

    @property
    def found(self) -> np.ndarray:
        """(P,) mask."""
        return np.isfinite(self.value)


def polish(model: Model, indicator: str, free: str, parameters: Arrays, starts: Arrays, tol: float = 1e-10) -> Polished:
    """Solve ``indicator = 0`` for the parameter ``free`` from one start per point.

    parameters: the others, (P,) each; starts: the model's public unknowns and the free parameter, (P,) each.
    """
    begin = working_unknowns(model, starts) | {free: np.asarray(starts[free], float)}
    count = len(begin[free])
    zero = np.stack([np.abs(begin[u.name]) < _ZERO for u in model.unknowns], -1)
    out = Polished(np.full(count, np.nan), np.full(count, np.nan), zero.copy())
    given = {name: np.broadcast_to(np.asarray(v, float), (count,)) for name, v in parameters.items()}
    for pattern in np.unique(zero, axis=0):
        rows = np.flatnonzero((zero == pattern).all(axis=1))
        held = tuple(u for u, still in zip(model.unknowns, pattern, strict=True) if still)
        kernel = _boundary(model, indicator, free, held)
        if kernel is not None:
            here = {name: values[rows] for name, values in begin.items()}
            points = _points(kernel, {n: v[rows] for n, v in given.items()}, here, tol)
            _fill(out, rows, points, kernel.names, [u.name for u in model.unknowns], free)
    return out


def _fill(out: Polished, rows: np.ndarray, points: Points, names: Sequence[str], unknowns: Sequence[str], free: str) -> None:
    column = names.index(free)
    out.value[rows] = np.where(points.found, points.x[:, column], np.nan)
    out.error[rows] = np.where(points.found, points.error[:, column], np.nan)
    for i, name in enumerate(unknowns):
        if name in names:
            x, error = points.x[:, names.index(name)], points.error[:, names.index(name)]
            out.zero[rows, i] = np.abs(x) <= np.maximum(_VANISHES, error)


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


def _points(kernel: Kernel, parameters: Arrays, starts: Arrays, tol: float) -> Points:
    """One root of the boundary's equations from each start."""
    from meanfield.solve import extended, first_roots
    from meanfield.solve.points import parameter_points

    x = np.stack([starts[name] for name in kernel.names], -1)
    p = np.broadcast_to(parameter_points(kernel.model, parameters).p, (len(x), len(kernel.parameter_names)))
    return first_roots(extended(kernel), p, x[:, None, :], tol=tol)[0]


@lru_cache(maxsize=64)
def _boundary(model: Model, indicator: str, free: str, held: tuple[sp.Symbol, ...]) -> Kernel | None:
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
