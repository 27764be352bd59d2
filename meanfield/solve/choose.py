"""``find="one"``: a stable solution if there is one, else a physical one, else any; ties go to what the model prefers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import ROUGH, WORKING, Kernel, compile
from meanfield.model import Model
from meanfield.model.requirements import sigmoid
from meanfield.solve import judge
from meanfield.solve.beside import nearly_singular
from meanfield.solve.finish import finish
from meanfield.solve.in_turn import StartQueue, roughly
from meanfield.solve.newton import newton
from meanfield.solve.problem import Array, rows_of
from meanfield.solve.rows import Found, Rows, Search, without
from meanfield.solve.search import distinct, find_all, with_neighbours
from meanfield.solve.symmetries import each_with_its_symmetries, partners

_PREFERRED = ("kappa", "Delta_0")  # the largest first, where the model has them; else the first unknown
_ROUGH = 1e-6  # relative error of a rough root that its judgement allows for


@dataclass(frozen=True)
class Drafts(Found):
    """Rough roots, one per row, whether they are stable (Q,), and by what else they are ranked (Q, K), see `_criteria`."""

    stable: Any = ()
    merits: Any = ()


def find_one(model: Model, p: Array, tol: float) -> Search:
    """The solution of interest at every point: the best of all solutions, or the first of the best starts where the model says
    that it is that (see `Model.best_first`), which is a hundred times cheaper."""
    one = _from_the_best_start if model.best_first and all(sigmoid(phi) for phi in model.transfers) else _best_of_all
    return each_with_its_symmetries(lambda here, q: one(here, q, tol), model, p)


def _best_of_all(model: Model, p: Array, tol: float) -> Search:
    search = find_all(model, p, tol)
    return replace(search, rows=preferred(compile(model), search.rows, p))


def _from_the_best_start(model: Model, p: Array, tol: float) -> Search:
    """The starts are tried one after the other, the best first, at the points that have no stable root yet, with rough
    quadrature; only the best of what they lead to is refined. Points where that is no solution go through the other starts,
    and where none of them leads to one they are searched as for all solutions.
    """
    kernel, p = compile(model), np.asfortranarray(p)
    queue = StartQueue(model, p, tol)
    rows, lost = _chosen(kernel, p, queue, tol)
    why: dict[int, str] = {}
    if lost.size:
        again, missing = _chosen(kernel, p[lost], StartQueue(model, p[lost], tol, first=False), tol)
        rows, lost = Rows.joined([rows, replace(again, owner=lost[again.owner])]), lost[missing]
    if lost.size:
        search = find_all(model, p[lost], tol)
        found = replace(search.rows, owner=lost[search.rows.owner])
        rows = Rows.joined([rows, preferred(kernel, found, p)])
        why = {int(lost[i]): sentence for i, sentence in search.why.items()}
    rows = _with_stable_neighbours(kernel, p, rows, queue.scale, tol)
    rows = partners(kernel, rows)
    return Search(rows.take(_best(kernel, rows.owner, rows.x, p, np.ones(len(rows.owner), dtype=bool))), why)


def _with_stable_neighbours(kernel: Kernel, p: Array, rows: Rows, scale: Array, tol: float) -> Rows:
    """Beyond a pitchfork, two stable states come from an unstable one: so close to it that rough quadrature could not tell them
    from it they take its place."""
    close = _in_doubt(kernel, p, rows, scale)
    if close.size == 0:
        return rows
    again = distinct(kernel, with_neighbours(kernel, p, rows.take(close), scale, tol), p, scale)
    return Rows.joined([rows.take(without(np.arange(len(rows.owner)), close)), preferred(kernel, again, p)])


def _in_doubt(kernel: Kernel, p: Array, rows: Rows, scale: Array) -> Any:
    """Unstable rows so nearly singular that rough quadrature does not tell them from others beside them, which may be stable."""
    if not kernel.model.labels_stability or isinstance(kernel.model.stable, bool) or len(rows.owner) == 0:
        return np.zeros(0, dtype=np.intp)
    close = nearly_singular(kernel, rows.jacobian, np.abs(rows.x) + scale[rows.owner])
    return close[~_settled(kernel, rows.x[close], p[rows.owner[close]], rows.error[close])[0]]


def _chosen(kernel: Kernel, p: Array, queue: StartQueue, tol: float) -> tuple[Rows, Any]:
    """The best of what the starts lead to, refined and accepted; and the points for which there is nothing."""
    drafts = every = _drafts(kernel, p, queue)
    parts: list[Rows] = []
    while len(drafts.owner) or not parts:
        chosen = _best(kernel, drafts.owner, drafts.x, p, drafts.stable, drafts.merits)
        parts.append(finish(kernel, p, drafts.take(chosen), queue.scale, tol)[0])
        rest = np.ones(len(drafts.owner), dtype=bool)
        rest[chosen] = False
        drafts = drafts.take(rest & ~np.isin(drafts.owner, parts[-1].owner, kind="table"))
    rows = Rows.joined(parts)
    doubt = rows.owner[_in_doubt(kernel, p, rows, queue.scale)]
    if doubt.size:  # of the drafts there, which are all that was found, the refined ones tell which is the best
        again = finish(kernel, p, every.take(np.isin(every.owner, doubt)), queue.scale, tol)[0]
        rows = Rows.joined([rows.take(~np.isin(rows.owner, doubt)), preferred(kernel, again, p)])
    return rows, without(np.arange(len(p)), rows.owner)


def _drafts(kernel: Kernel, p: Array, queue: StartQueue) -> Drafts:
    """Rough roots from the starts, until every point has a stable one or no start left: from the first one, then from one after
    the other, or from all of them at once where it is likely that all are needed to know that nothing is stable."""
    n, model = len(kernel.names), kernel.model
    none = np.zeros((0, n))
    drafts = Drafts(np.zeros(0, dtype=np.intp), none, none[:, :, None] * none[:, None], none[:, 0], none[:, 0] > 0, none[:, :0])
    labelled = model.labels_stability and not isinstance(model.stable, bool)
    open_points = np.arange(len(p))
    while open_points.size:
        owner, start = queue.next(open_points, every=labelled)
        if owner.size == 0:
            break
        found = roughly(kernel, p, owner, start, queue.scale, drafts)
        error = _ROUGH * (np.abs(found.x) + rows_of(queue.scale, found.owner))
        sure = judge.accept(kernel, found.x, rows_of(p, found.owner), error).accepted
        keep = sure.copy()  # what is so near to being refused that only the refinement can tell is kept, and others are sought
        keep[~sure] = judge.accept(kernel, found.x[~sure], p[found.owner[~sure]], np.zeros_like(error[~sure])).accepted
        found, error, sure = found.take(keep), rows_of(error, keep), sure[keep]
        stable, merits = _labelled(kernel, _on_edges(kernel, found.x, error), rows_of(p, found.owner), error)
        new = _looked_at_closely(kernel, p, Drafts(found.owner, found.x, found.jacobian, found.taken, stable, merits), queue.scale)
        drafts = Drafts.joined([drafts, new]) if len(drafts.owner) else new
        open_points = without(open_points, new.owner[new.stable & sure])
    return drafts


def _looked_at_closely(kernel: Kernel, p: Array, drafts: Drafts, scale: Array) -> Drafts:
    """``drafts``, of which those that are called stable, but are nearly singular, are found and judged anew by better quadrature:
    next to the onset of chaos a rough one has a frozen state at twice its variance, stable, where x = 0 is the physical one."""
    near = np.flatnonzero(drafts.stable)
    size = rows_of(scale, drafts.owner)
    near = near[nearly_singular(kernel, rows_of(drafts.jacobian, near), rows_of(np.abs(drafts.x) + size, near))]
    if near.size == 0:
        return drafts
    here, size = rows_of(p, drafts.owner[near]), rows_of(size, near)
    run = newton(kernel.at(WORKING, quick=True), here, rows_of(drafts.x, near), scale=size)
    stable, merits = _settled(kernel, np.maximum(run.x, kernel.lower), here, _ROUGH * (np.abs(run.x) + size), WORKING)
    better = replace(drafts.take(near), x=run.x, jacobian=run.jacobian, taken=run.taken, stable=stable)
    if drafts.merits.shape[1]:
        better = replace(better, merits=merits)
    arrived = run.converged
    drafts.stable[near[~arrived]] = False
    rows = np.arange(len(drafts.owner))
    rows[near[arrived]] = len(rows) + np.arange(int(arrived.sum()))
    return Drafts.joined([drafts, better.take(arrived)]).take(rows)


def _on_edges(kernel: Kernel, x: Array, error: Array) -> Array:
    """Rough roots, those on the edge of the domain that their error does not tell from it: Delta_0 = 0, found as 1e-9, is another
    state than a frozen one, with conditions of its own."""
    return np.where(x <= kernel.lower + error, kernel.lower, x)


def _labelled(kernel: Kernel, x: Array, p: Array, error: Array) -> tuple[Any, Array]:
    """`_settled` of rough roots. Averages over pairs are so dear that sketches say what is stable; by what states are ranked is
    computed where there are several."""
    model = kernel.model
    told = model.labels_stability and isinstance(model.stable, Mapping) and bool(model.stable or model.spectra)
    if not (told and kernel.pairs and kernel.sketches):
        return _settled(kernel, x, p, error)
    return judge.stability_of_drafts(kernel, x, p, error), np.zeros((len(x), 0))


def preferred(kernel: Kernel, rows: Rows, p: Array) -> Rows:
    """The row of each point that ``find="one"`` returns."""
    stable, merits = _settled(kernel, rows.x, p[rows.owner], rows.error, WORKING)
    return rows.take(_best(kernel, rows.owner, rows.x, p, stable, merits))


def _settled(kernel: Kernel, x: Array, p: Array, error: Array, level: int = ROUGH) -> tuple[Any, Array]:
    """(P,) whether a state is stable (where stability is the same for all, any will do), and the criteria (P, K) by which it is
    ranked, (P, 0) if they did not come with that."""
    merits = None
    stable: Any = np.ones(len(x), dtype=bool)
    if kernel.model.labels_stability and not isinstance(kernel.model.stable, bool):
        conditions, quantities = _criteria(kernel)
        stable, merits = judge.stability_and(kernel, (*conditions, *quantities), x, p, error, level)
    return stable, np.zeros((len(x), 0)) if merits is None else merits


def _criteria(kernel: Kernel) -> tuple[tuple[sp.Expr, ...], tuple[sp.Expr, ...]]:
    """By what states are ranked that are equally stable: conditions of being physical, and quantities, the largest first."""
    model = kernel.model
    conditions = model.physical if isinstance(model.physical, Mapping) else {}
    known = {*model.observables, *(s.name for s in (*model.public_unknowns, *model.definitions))}
    names = [name for name in _PREFERRED if name in known] or [model.public_unknowns[0].name]
    return tuple(kernel.resolved(e) for e in conditions.values()), tuple(model.named(name) for name in names)


def _best(kernel: Kernel, owner: Any, x: Array, p: Array, stable: Any, merits: Array | None = None) -> Any:
    """Places of the best row of each point: stable before physical before others, then by the preferred quantities, the
    largest first. merits: what `_criteria` are, if they are known."""
    order = np.argsort(owner, kind="stable")
    first = np.concatenate([[True], np.diff(owner[order]) != 0]) if len(owner) else np.zeros(0, dtype=bool)
    alone = first & np.concatenate([first[1:], [True]])
    several = order[~alone]
    if several.size == 0:
        return order
    conditions, quantities = _criteria(kernel)
    if not (conditions or quantities):
        values = np.zeros((several.size, 0))
    elif merits is not None and merits.shape[1]:
        values = merits[several]
    else:
        inside = np.maximum(rows_of(x, several), kernel.lower)
        values = kernel.values((*conditions, *quantities), inside, rows_of(p, owner[several]), level=ROUGH)
    unphysical = ~(values[:, : len(conditions)] >= -judge.EDGE).all(axis=1)
    merit = -values[:, len(conditions) :].T[::-1]
    keys = [*merit[:1], *np.round(merit, 6)]  # values that nearly agree are a tie, until all do
    ranked = np.lexsort((*keys, unphysical, ~stable[several], owner[several]))
    here = owner[several][ranked]
    leading = np.concatenate([[True], here[1:] != here[:-1]])
    chosen = np.concatenate([order[alone], several[ranked[leading]]])
    return chosen[np.argsort(owner[chosen], kind="stable")]
