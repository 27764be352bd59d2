"""Where double precision does not reach the tolerance, one parameter point is solved in multiple precision instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.compile import FINE, Kernel, compile
from meanfield.errors import AverageError, ParameterError
from meanfield.model import Model
from meanfield.solve import judge
from meanfield.solve.certify import above_tolerance
from meanfield.solve.newton import newton
from meanfield.solve.precise import ROUNDED, PreciseTable, Root, polished
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows, Search
from meanfield.solve.search import distinct
from meanfield.solve.solution import Solutions
from meanfield.solve.starts import own_starts, scale_of
from meanfield.solve.status import Status

_DIGITS = 20  # enough to round every value to the nearest double
_MOST_POINTS = 8  # of a grid that are solved in multiple precision
_ILL = 1e3  # condition number (scaled) from which a root that double precision does not confirm may be there all the same
_NEAR = 1e-6  # residual, relative to the size of its terms, of what may be such a root


def rescued_each(model: Model, p: Array, search: Search, tol: float) -> Search:
    """The search at points p (P, m) of a `delicate` model, with those that double precision does not solve, or not to the
    tolerance, done in multiple precision: the first few of them only, which take a second each."""
    if not model.delicate:
        return search
    if len(p) == 1:
        return rescued(model, p, search, tol)  # `sharpened` does the rest, observables too
    kernel, rows, why = compile(model), search.rows, dict(search.why)
    flagged = np.flatnonzero(rows.status == Status.CLAIM_ABOVE_TOLERANCE.code)[:_MOST_POINTS]
    better = {int(k): _root(kernel, rows.take(np.array([k])), p[[int(rows.owner[k])]], tol) for k in flagged}
    parts = [rows.take(np.array([k for k in range(len(rows.owner)) if better.get(k) is None], dtype=np.intp))]
    parts += [root.rows for root in better.values() if root is not None]
    for i in sorted(why)[: _MOST_POINTS - len(flagged)]:
        empty = Search(rows.take(np.zeros(0, dtype=np.intp)), {0: why[i]})
        found = rescued(model, p[i : i + 1], empty, tol).rows
        if len(found.owner):
            above = above_tolerance(found.x, found.error, tol)
            status = np.where(above, Status.CLAIM_ABOVE_TOLERANCE.code, Status.CONVERGED.code)
            parts.append(replace(found, owner=np.full(len(found.owner), i), status=status))
            del why[i]
    joined = Rows.joined(parts)
    return Search(joined.take(np.argsort(joined.owner, kind="stable")), why)


def rescued(model: Model, p: Array, search: Search, tol: float) -> Search:
    """The search at one point p (1, m); if it found nothing in a `delicate` model, with what multiple precision finds.

    Near a critical point the claims of double precision may be larger than the unknowns themselves, and no rule of
    acceptance can be decided.
    """
    if len(p) != 1 or len(search.rows.owner) or not model.delicate:
        return search
    kernel = compile(model)
    starts = own_starts(model, p)
    scale = scale_of(starts)
    found = [root.rows for rows in _candidates(kernel, p, starts[0], scale) if (root := _root(kernel, rows, p, tol))]
    if not found:  # Newton's method in double precision may end anywhere; the formulas for starts are good near the point
        found = [root.rows for rows in _as_rows(kernel, p, starts[0][:1]) if (root := _root(kernel, rows, p, tol))]
    if not found:
        return search
    rows = Rows.joined(found)
    rows = rows.take(np.flatnonzero(judge.accept(kernel, rows.x, p[rows.owner], rows.error).accepted))
    if len(rows.owner) == 0:
        return search
    # Their observables need multiple precision too: `sharpened` sees to every row that has this status.
    rows = replace(rows, status=np.full(len(rows.owner), Status.CLAIM_ABOVE_TOLERANCE.code))
    return Search(distinct(kernel, rows, p, scale), {})


def _root(kernel: Kernel, rows: Rows, p: Array, tol: float) -> Root | None:
    try:
        return polished(kernel, rows, [float(v) for v in p[0]], _DIGITS, tol)
    except (AverageError, ParameterError):  # a quantity that is known in double precision only; iterates that are no numbers
        return None


def _candidates(kernel: Kernel, p: Array, starts: Array, scale: Array) -> Iterator[Rows]:
    """Ends of Newton's method where the residual is nearly zero and the Jacobian nearly singular."""
    run = newton(kernel.at(FINE), np.repeat(p, len(starts), axis=0), starts, scale=scale)
    seen: list[Array] = []
    for x, r, jacobian in zip(run.x, run.residual, run.jacobian, strict=True):
        scaled = jacobian * (np.abs(x) + scale[0])
        size = np.abs(scaled).max(axis=1)
        if not np.isfinite(scaled).all() or not size.all() or not (np.abs(r) < _NEAR * size).all():
            continue
        condition = float(np.linalg.cond(scaled / size[:, None], 1))
        if condition < _ILL or any(np.allclose(x, other, rtol=1e-3, atol=0) for other in seen):
            continue
        seen.append(x)
        zero, unknown = np.zeros(1, dtype=np.intp), np.full((1, len(x)), np.inf)
        code = np.array([Status.CLAIM_ABOVE_TOLERANCE.code])
        yield Rows(zero, x[None], unknown, np.array([condition]), np.abs(r).max(keepdims=True), code, jacobian[None])


def _as_rows(kernel: Kernel, p: Array, starts: Array) -> Iterator[Rows]:
    """Starts (S, n) as roots of which nothing is known."""
    residual, jacobian = kernel.at(FINE).residual_jacobian(starts, np.repeat(p, len(starts), axis=0))
    for x, r, slope in zip(starts, residual, jacobian, strict=True):
        meant = judge.accept(kernel, x[None], p, np.zeros((1, len(x)))).accepted[0]  # at D > D_c it starts at alpha = 0
        if meant and np.isfinite(r).all() and np.isfinite(slope).all():
            unknown = np.full((1, len(x)), np.inf)
            code = np.array([Status.CLAIM_ABOVE_TOLERANCE.code])
            at = np.zeros(1, dtype=np.intp)
            yield Rows(at, x[None], unknown, np.array([np.inf]), np.abs(r).max(keepdims=True), code, slope[None])


def sharpened(result: Any) -> Any:
    """A `Solution` or `Solutions` at one point; those whose claim is above the tolerance are solved in multiple precision.

    Their unknowns become the nearest doubles. Observables keep their double-precision values at the better root, except
    those whose claim is still above the tolerance relative to the value.
    """
    if isinstance(result, Solutions):
        return result if result.shape else Solutions([sharpened(s) for s in result], result.why, asked=result.asked)
    if result.shape or not result.found or result.status is not Status.CLAIM_ABOVE_TOLERANCE:
        return result
    root = _root(result.kernel, result.rows, result.p, result.tol)
    if root is None:
        return result
    return replace(result, rows=root.rows, precise=_Rounded(PreciseTable(root, result, _DIGITS), result.tol))  # type: ignore[arg-type]


class _Rounded(PreciseTable):
    """The values of a precise table as doubles; quantities that doubles know well enough are left to them."""

    def __init__(self, table: PreciseTable, tol: float) -> None:
        self.__dict__.update(table.__dict__)
        self.tol = tol

    def _evaluate(self, name: str) -> tuple[Any, Any]:
        value, error = self.float64._quantity(name)
        if name in self.float64.kernel.names or error <= self.tol * abs(value):
            return value, error + ROUNDED * abs(value)
        exact, bound = super()._evaluate(name)
        return float(exact), float(bound) + ROUNDED * abs(float(exact))
