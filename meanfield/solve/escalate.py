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
from meanfield.solve.beside import places_of, predicted
from meanfield.solve.extension import extended
from meanfield.solve.newton import newton
from meanfield.solve.precise import ROUNDED, PreciseTable, Root, polished
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows, Search
from meanfield.solve.solution import Solution, Solutions
from meanfield.solve.starts import own_starts, scale_of
from meanfield.solve.status import Status
from meanfield.solve.symmetries import model_at, symmetry_maps

_DIGITS = 20  # enough to round every value to the nearest double
_ILL = 1e3  # condition number (scaled) from which a root that double precision does not confirm may be there all the same
_NEAR = 1e-6  # residual, relative to the size of its terms, of what may be such a root
_ALIKE = 0.3  # of the distance from a root: two guesses that are nearer to each other mean the same one
_WIDE = 1e-9  # relative claim that may cover several roots, since it does not come from rounding alone
_NONE = "no solution was found: multiple precision led to none from what may be one in double precision"


def rescued(model: Model, p: Array, search: Search, tol: float) -> Search:
    """The search at points p (P, m) of a `delicate` model; points that double precision does not solve, or not to the tolerance,
    are solved in multiple precision instead, each by itself, in a twentieth of a second.

    Near a critical point the claims of double precision may be larger than the unknowns themselves, and no rule of acceptance
    can be decided.
    """
    if not model.delicate:
        return search
    kernel, rows = compile(model), search.rows
    flagged = rows.status == Status.CLAIM_ABOVE_TOLERANCE.code
    found, rough, why = _decided(kernel, p, rows.take(flagged), tol)
    parts = [rows.take(~flagged), found, rough]
    missing = np.array(sorted(search.why), dtype=np.intp)
    starts = own_starts(model, p[missing])
    # Newton's method in double precision may end anywhere; the formulas for starts are good near the point.
    for candidates in (_candidates, _first_starts):
        near = candidates(kernel, p[missing], starts)
        found, _, sentences = _decided(kernel, p, replace(near, owner=missing[near.owner]), tol)
        parts.append(found)
        why |= sentences
        still = ~np.isin(missing, found.owner)
        missing, starts = missing[still], starts[still]
    done = Rows.joined(parts)
    done = done.take(_once(done))
    why = search.why | why
    return Search(done, {i: sentence for i, sentence in sorted(why.items()) if i not in set(done.owner.tolist())})


def _decided(kernel: Kernel, p: Array, rough: Rows, tol: float) -> tuple[Rows, Rows, dict[int, str]]:
    """Rough roots in multiple precision: those that are solutions, those for which it fails, and why points have none."""
    owner = rough.owner.tolist()
    roots = [_root(kernel, rough.take(np.array([k])), p[[i]], tol) for k, i in enumerate(owner)]
    failed: Any = np.array([root is None for root in roots], dtype=bool)
    sharp = Rows.joined([rough.take(np.zeros(0, dtype=np.intp)), *(root.rows for root in roots if root is not None)])
    verdict = judge.accept(kernel, sharp.x, p[sharp.owner], sharp.error)
    why = dict.fromkeys(rough.owner[failed].tolist(), _NONE)
    why |= {int(i): f"no solution: {verdict.sentences[r]}" for i, r in zip(sharp.owner, verdict.reason, strict=True) if r >= 0}
    return sharp.take(np.flatnonzero(verdict.accepted)), rough.take(failed), why


def _once(rows: Rows) -> Any:
    """Places of the rows, by point and then by the unknowns, without those that a better known one of the same point explains."""
    kept: dict[int, list[int]] = {}
    for k in np.lexsort((rows.error.max(axis=1, initial=0.0), rows.owner)).tolist():
        same = kept.setdefault(int(rows.owner[k]), [])
        if not any((np.abs(rows.x[k] - rows.x[j]) <= 2 * (rows.error[k] + rows.error[j])).all() for j in same):
            same.append(k)
    places = np.array([k for same in kept.values() for k in same], dtype=np.intp)
    return places[np.lexsort((*rows.x[places].T[::-1], rows.owner[places]))]


def _root(kernel: Kernel, rows: Rows, p: Array, tol: float) -> Root | None:
    try:
        return polished(kernel, rows, [float(v) for v in p[0]], _DIGITS, tol)
    except (AverageError, ParameterError):  # a quantity that is known in double precision only; iterates that are no numbers
        return None


def _candidates(kernel: Kernel, p: Array, starts: Array) -> Rows:
    """Ends of Newton's method from starts (P, S, n) where the residual is nearly zero and the Jacobian nearly singular."""
    owner, place = np.nonzero(np.isfinite(starts).all(axis=2))
    scale = scale_of(starts)[owner]
    run = newton(kernel.at(FINE), p[owner], starts[owner, place], scale=scale)
    with np.errstate(invalid="ignore"):
        scaled = run.jacobian * (np.abs(run.x) + scale)[:, None, :]
        size = np.abs(scaled).max(axis=2)
        near = np.isfinite(scaled).all(axis=(1, 2)) & (size > 0).all(axis=1) & (np.abs(run.residual) < _NEAR * size).all(axis=1)
    kept: list[int] = []
    condition = np.full(len(owner), np.inf)
    for k in np.flatnonzero(near).tolist():
        condition[k] = np.linalg.cond(scaled[k] / size[k][:, None], 1)
        known = any(owner[j] == owner[k] and np.allclose(run.x[k], run.x[j], rtol=1e-3, atol=0) for j in kept[-starts.shape[1] :])
        if condition[k] >= _ILL and not known:
            kept.append(k)
    return _unknown(owner[kept], run.x[kept], condition[kept], run.residual[kept], run.jacobian[kept])


def _first_starts(kernel: Kernel, p: Array, starts: Array) -> Rows:
    """The first of the starts (P, S, n) of each point where it may be a root: Kac-Rice's has alpha = 0 from D_c on."""
    x, owner = starts[:, 0], np.arange(len(starts))
    meant: Any = np.isfinite(x).all(axis=1)
    meant[meant] = judge.accept(kernel, x[meant], p[meant], np.zeros_like(x[meant])).accepted
    x, owner = x[meant], owner[meant]
    residual, jacobian = kernel.at(FINE).residual_jacobian(x, p[owner])
    good = np.isfinite(residual).all(axis=1) & np.isfinite(jacobian).all(axis=(1, 2))
    return _unknown(owner[good], x[good], np.full(int(good.sum()), np.inf), residual[good], jacobian[good])


def _unknown(owner: Any, x: Array, condition: Array, residual: Array, jacobian: Array) -> Rows:
    """Rows of which nothing is claimed."""
    status = np.full(len(owner), Status.CLAIM_ABOVE_TOLERANCE.code)
    return Rows(owner, x, np.full(x.shape, np.inf), condition, np.abs(residual).max(axis=1, initial=0.0), status, jacobian)


def sharpened(result: Any) -> Any:
    """A `Solution` or `Solutions` at one point; those whose claim is above the tolerance are solved in multiple precision, and in a
    `delicate` model those that are ill-conditioned: their observables may be.

    Their unknowns become the nearest doubles. Observables keep their double-precision values at the better root, except
    those whose claim is still above the tolerance relative to the value.
    """
    if isinstance(result, Solutions):
        return result if result.shape else _all_sharpened(result)
    if result.shape or not result.found:
        return result
    ill = result.kernel.model.delicate and not result.condition < _ILL
    if not ill and result.status is not Status.CLAIM_ABOVE_TOLERANCE:
        return result
    root = _root(result.kernel, result.rows, result.p, result.tol)
    return result if root is None else _as_solution(result, root)


def _all_sharpened(result: Solutions) -> Solutions:
    """All solutions at one point: a claim above the tolerance may have hidden others, see `_hidden`."""
    found = [one for s in result for one in (sharpened(s), *_hidden(s))]
    if len(found) > len(result):
        found = [found[k] for k in _once(Rows.joined([one.rows for one in found]))]
    return Solutions(found, result.why, asked=result.asked)


def _hidden(solution: Solution) -> Iterator[Solution]:
    """The states for which one stands whose claim covers others: at a fold two come together, at a pitchfork three.

    The slopes at one of them in multiple precision foretell the others, see `beside`: those at a symmetric one, if there is one.
    """
    rows, kernel = solution.rows, solution.kernel
    if not (rows.error > _WIDE * (np.abs(rows.x) + 1)).any():
        return
    images = [image(rows.x) for image in symmetry_maps(model_at(kernel.model, solution.p))]
    centres = [(rows.x + other) / 2 for other in images if (np.abs(other - rows.x) <= 2 * rows.error).all()]
    for place in centres or [rows.x]:
        rough = _polished(solution, place)
        centre = None if rough is None else _polished(solution, rough.rows.x)  # slopes at the root itself, to the last digit
        if centre is not None:
            yield centre
            yield from _beside(centre)


def _beside(centre: Solution) -> Iterator[Solution]:
    """The other states near a nearly singular one, whose Jacobian is known to the last digit of a double."""
    x, p, kernel = centre.rows.x, centre.p, centre.kernel
    scale = scale_of(own_starts(kernel.model, p))
    _, starts = predicted(extended(kernel.at(FINE)), p, x, scale, places_of(kernel), centre.rows.jacobian)
    tried: list[Array] = []
    for start in starts[:, None]:  # several lengths foretell the same one
        if all((np.abs(start - other) > _ALIKE * np.abs(start - x)).any() for other in tried):
            tried.append(start)
            one = _polished(centre, start)
            if one is not None:
                yield one


def _polished(solution: Solution, start: Array) -> Solution | None:
    """The solution, if there is one, to which Newton's method in multiple precision leads from ``start`` (1, n)."""
    kernel = solution.kernel
    near = replace(solution.rows, x=np.maximum(start, kernel.lower), condition=np.array([np.inf]))
    root = _root(kernel, near, solution.p, solution.tol)
    if root is None or not judge.accept(kernel, root.rows.x, solution.p, root.rows.error).accepted.all():
        return None
    return _as_solution(solution, root)


def _as_solution(rough: Solution, root: Root) -> Solution:
    return replace(rough, rows=root.rows, precise=_Rounded(PreciseTable(root, rough, _DIGITS), rough.tol))  # type: ignore[arg-type]


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
