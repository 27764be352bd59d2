"""Solving models that average over data: every row of the data is one state, with an unknown or a few of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.compile import WORKING
from meanfield.compile.states import StateKernel
from meanfield.errors import ParameterError
from meanfield.model import PER_NEURON, Model
from meanfield.solve import judge
from meanfield.solve.certify import above_tolerance
from meanfield.solve.finish import finish
from meanfield.solve.newton import newton
from meanfield.solve.points import ParameterPoints
from meanfield.solve.problem import EPS, Array
from meanfield.solve.rows import Found, Rows, without
from meanfield.solve.search import distinct
from meanfield.solve.solution import Asked, Solution, Solutions
from meanfield.solve.starts import own_starts, scale_of, scattered
from meanfield.solve.status import Status

_LARGEST = 1e150  # numbers whose squares are still numbers


class SampledSolution(Solution):
    """A `Solution` for given data.

    If the model has a profile ``N_f`` of a neuron's activity, ``s["f"]`` is that profile at the data itself over N: for
    ``N_gradient``, the N numbers dS/dx_i, with claimed errors in ``s.error["f"]``; on a grid of states (..., N).
    """

    def _quantity(self, name: str) -> tuple[Any, Any]:
        if name not in self._cache and name not in self.precise and PER_NEURON + name in self.kernel.model.profiles:
            self._cache[name] = self._per_neuron(name)
        return super()._quantity(name)

    def _per_neuron(self, name: str) -> tuple[Any, Any]:
        kernel = self.kernel
        assert isinstance(kernel, StateKernel)
        symbol, expr = kernel.model.profiles[PER_NEURON + name]
        expr = kernel.model.resolve(expr)
        slopes = [expr.diff(u) for u in kernel.unknowns]
        data = kernel.sample.values[self._at[:, -1].astype(np.intp)]
        (value, *moved), (error, *_) = kernel.functions(symbol, [expr, *slopes], data, self.rows.x, self._at)
        for k, slope in enumerate(moved):
            error = error + np.abs(slope) * self.rows.error[:, k : k + 1]
        return self._spread(value / data.shape[1]), self._spread(error / data.shape[1])


def solve_sampled(model: Model, points: ParameterPoints, data: Any, find: Literal["one", "all"], tol: float) -> Any:
    """Solve for given data: shape (N,) is one state, (..., N) one in each row; the leading axes broadcast with the parameters.

    Returns a `Solution` (find one) or `Solutions` (find all) of the broadcast shape. Raises `ParameterError` for data that
    are missing, not real numbers, not finite, empty, or do not broadcast.
    """
    states = _states(model, data)
    try:
        shape = np.broadcast_shapes(points.shape, states.shape[:-1])
    except ValueError:
        raise ParameterError(
            f"the data have the shape {states.shape}, so {states.shape[:-1]} states of {states.shape[-1]} neurons, which do not "
            f"broadcast with parameters of the shape {points.shape}"
        ) from None
    spread = lambda values: np.broadcast_to(np.reshape(values, points.shape), shape).ravel()
    which = np.broadcast_to(np.arange(max(1, states[..., 0].size)).reshape(states.shape[:-1]), shape).ravel()
    p = np.stack([*(spread(column) for column in points.p.T), which.astype(float)], axis=1)
    given = {name: spread(values) for name, values in points.given.items()}
    kernel = StateKernel(model, np.ascontiguousarray(states.reshape(-1, states.shape[-1])))
    slope = _slope(model)
    rows = _rows_from_starts(kernel, p, find, tol) if slope is None else _rows_of_convex(kernel, slope, p, tol)
    rows, why = _accepted(kernel, rows, p)
    if find == "one":
        first = np.concatenate([[True], np.diff(rows.owner) != 0]) if len(rows.owner) else np.zeros(0, dtype=bool)
        return SampledSolution(kernel, rows.take(np.flatnonzero(first)), p, shape, given, why, tol=tol)
    each = []
    for i in range(len(p)):
        at = np.flatnonzero(rows.owner == i)
        alone = {name: values[i : i + 1] for name, values in given.items()}
        one = [replace(rows.take(at[k : k + 1]), owner=np.array([0])) for k in range(len(at))]
        found = [SampledSolution(kernel, row, p[i : i + 1], (), alone, tol=tol) for row in one]
        each.append(Solutions(found, why.get(i, ""), asked=Asked(model, alone, tol)))
    return each[0] if shape == () else Solutions([s for e in each for s in e], "", each, shape, Asked(model, given, tol))


def _accepted(kernel: StateKernel, rows: Rows, p: Array) -> tuple[Rows, dict[int, str]]:
    """The rows that the model accepts; and for the points that have none the reason."""
    verdict = judge.accept(kernel, rows.x, p[rows.owner], rows.error)
    kept = rows.take(np.flatnonzero(verdict.accepted))
    reasons = {int(o): verdict.sentences[k] for o, k in zip(rows.owner, verdict.reason, strict=True) if k >= 0}
    missing = sorted(set(range(len(p))) - set(kept.owner.tolist()))
    return kept, {i: f"no solution: {reasons[i]}" if i in reasons else str(Status.NO_SOLUTION) for i in missing}


def _states(model: Model, data: Any) -> Array:
    """The data as floats of shape (..., N)."""
    name = model.name or model.title
    if not model.data:
        raise ParameterError(f"{name} has no averages over data; leave data out")
    wanted = f"{name} averages over data {', '.join(model.data)}"
    if data is None:
        raise ParameterError(f"{wanted}; give data=array of shape (N,), or (..., N) for several states (--data FILE.npy)")
    if isinstance(data, Mapping):
        if set(data) != set(model.data) or len(data) != 1:
            raise ParameterError(f"{wanted}, but data were given for {', '.join(map(str, data)) or 'nothing'}")
        (data,) = data.values()
    try:
        array = np.asarray(data)
    except ValueError:
        raise ParameterError("the rows of the data differ in length; give an array of shape (..., N)") from None
    if array.dtype.kind not in "fiu":
        raise ParameterError(f"data must be real numbers, got an array of {array.dtype}")
    if array.ndim == 0 or array.size == 0:
        raise ParameterError(f"data must have the shape (N,) or (..., N) with at least one number, got {array.shape}")
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise ParameterError(f"{np.count_nonzero(~np.isfinite(array))} of the {array.size} data are NaN or infinite")
    if np.abs(array).max() > _LARGEST:
        raise ParameterError(f"data reach {np.abs(array).max():.3g}, whose square is no number; expected at most {_LARGEST:g}")
    return array


def _slope(model: Model) -> sp.Expr | None:
    """f, if the only equation is ``z f(z) = 0`` with z >= 0: then z = 0 is the solution where f(0) >= 0, else the root of f."""
    if len(model.unknowns) != 1 or len(model.residuals) != 1:
        return None
    (z,), (residual,) = model.unknowns, model.residuals
    if z.name not in (model.nonnegative or ()) or z not in sp.Mul.make_args(residual):
        return None
    slope = sp.Mul(*(f for f in sp.Mul.make_args(residual) if f != z))
    return slope if substitute(slope, {z: sp.S.Zero}) != 0 else None


def _rows_of_convex(kernel: StateKernel, slope: sp.Expr, p: Array, tol: float) -> Rows:
    """Roots of ``z f(z)`` for an increasing f that ends at 1, as ``1 - <s^2/(1 + z s^2)>`` does.

    ``1 - 1/(1 - f)`` increases too and is concave, so that Newton's method climbs from z = 0 to the root without passing it.
    """
    z = np.zeros((len(p), 1))
    value = kernel.values((slope,), z, p)[:, 0]
    climbing = np.flatnonzero(value < 0)
    for _ in range(100):
        if climbing.size == 0:
            break
        f = kernel.values((slope,), z[climbing], p[climbing])[:, 0]
        df = kernel.gradients((slope,), z[climbing], p[climbing])[:, 0, 0]
        step = -f * (1 - f) / df
        z[climbing, 0] += np.where(step > 0, step, 0.0)
        climbing = climbing[step > 4 * EPS * z[climbing, 0]]
    fine, bound = (a[:, 0] for a in kernel.quantities((slope,), z, p))
    steepness = kernel.gradients((slope,), z, p)[:, 0, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        # At z = 0 with f(0) > 0 there is nothing to err, unless f(0) is so small that its sign is in doubt.
        off = np.where(z[:, 0] > 0, np.abs(fine) + bound, np.maximum(bound - fine, 0.0))
        error = np.where(off == 0, 0.0, off / steepness) + 4 * EPS * z[:, 0]
    error = np.where(np.isnan(error), np.inf, error)[:, None]
    status = np.where(above_tolerance(z, error, tol), Status.CLAIM_ABOVE_TOLERANCE.code, Status.CONVERGED.code)
    jacobian = (z[:, 0] * steepness + fine)[:, None, None]
    ones = np.ones(len(p))
    return Rows(np.arange(len(p)), z, error, ones, np.abs(z[:, 0] * fine), status, jacobian)


def _rows_from_starts(kernel: StateKernel, p: Array, find: str, tol: float) -> Rows:
    """Roots from the model's starts: the first one of each point, or all."""
    starts = own_starts(kernel.model, p)
    scale = scale_of(starts)
    if find == "all":
        starts = np.concatenate([starts, scattered(kernel.model, p, starts)], axis=1)
    parts: list[Rows] = []
    open_points = np.arange(len(p))
    for k in range(starts.shape[1]):
        run = newton(kernel, p[open_points], starts[open_points, k], scale=scale[open_points])
        good = open_points[run.converged]
        found = Found(good, run.x[run.converged], run.jacobian[run.converged])
        rows, _, _ = finish(kernel, p, found, scale, tol, WORKING)
        parts.append(rows)
        if find == "one":
            open_points = without(open_points, rows.owner)
    return distinct(kernel, Rows.joined(parts), p, scale)
