"""Roots of a model at many parameter points: all of them, or the one that is wanted, as flat rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.averages.node import Average
from meanfield.averages.opaque import Opaque
from meanfield.averages.scope import nodes
from meanfield.compile import FINE, ROUGH, WORKING, Kernel, compile
from meanfield.model import Model, Seed
from meanfield.model.requirements import sigmoid
from meanfield.model.symmetry_group import symmetry_group
from meanfield.solve import judge
from meanfield.solve.beside import nearly_singular, neighbours
from meanfield.solve.certify import above_tolerance
from meanfield.solve.claims import carried
from meanfield.solve.distinct import Candidates, canonical_order, representatives
from meanfield.solve.extension import extended
from meanfield.solve.families import on_family, one_of_each, settled
from meanfield.solve.multistart import all_roots
from meanfield.solve.newton import NewtonOptions, NewtonResult, newton
from meanfield.solve.problem import EPS, Array, rows_of
from meanfield.solve.refine import Refined, refine
from meanfield.solve.scan import scanned
from meanfield.solve.starts import evaluate, own_starts, scattered
from meanfield.solve.status import Status
from meanfield.solve.symmetric import each_with_its_symmetries
from meanfield.solve.thorough import Form
from meanfield.solve.within import Within

_COPY = 1e-6  # distance of starts that are the same, in units of their typical size or of 1, whichever is less
_SCAN_REACH = 8.0  # times the largest start
_REGULAR = 1e2  # condition number up to which a second correction by the same slopes is worth a try
_SINGULAR = 1e8  # condition number above which a root may belong to a continuous family
_UNSOLVED = 1e-3  # residual, in units of what the unknowns' sizes make of it, that is none of a root
_ROUNDED, _ASIDE = 1e-12, 1e-8  # relative distance of a root from its image that is rounding, and beyond which it is never the same
_ON_EDGE = 1e-13  # relative distance from an edge of the domain that is rounding, if the claim covers it
ROUGHLY = NewtonOptions(max_iterations=24, step_tolerance=1e-4, enough=1e-6, on_edge=1e-7)


@dataclass(frozen=True)
class Rows:
    """Solutions, one per row: owner (Q,) parameter point, x (Q, n) working unknowns, error (Q, n) claimed, condition (Q,),
    residual (Q,) largest, status (Q,) codes, jacobian (Q, n, n)."""

    owner: Any
    x: Array
    error: Array
    condition: Array
    residual: Array
    status: Array
    jacobian: Array

    def take(self, rows: Any) -> Rows:
        return Rows(**{f.name: rows_of(getattr(self, f.name), rows) for f in fields(self)})

    @classmethod
    def joined(cls, parts: list[Rows]) -> Rows:
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})


@dataclass(frozen=True)
class Search:
    """rows: what was found. why: for points without a solution, a sentence each."""

    rows: Rows
    why: dict[int, str]


def without(points: Any, gone: Any) -> Any:
    """The points (indices, in order) that are not among those that are ``gone``."""
    return points[~np.isin(points, gone, kind="table")]


def scale_of(starts: Array) -> Array:
    """Typical size (P, n) of each unknown: the largest of its starts."""
    size = np.where(np.isfinite(starts), np.abs(starts), 0.0).max(axis=1, initial=0.0)
    return np.where(size > 0, size, 1.0)


def symmetry_maps(model: Model) -> list[Callable[[Array], Array]]:
    """The model's symmetries, and what they generate, as maps of arrays (P, n)."""
    unknowns = tuple(model.unknowns)

    def as_map(images: Mapping[sp.Symbol, sp.Expr]) -> Callable[[Array], Array]:
        table = {u: images.get(u, u) for u in unknowns}
        return lambda x: evaluate(table, unknowns, {u: x[:, i] for i, u in enumerate(unknowns)})

    return [as_map(s) for s in symmetry_group(unknowns, model.symmetries)]


@dataclass(frozen=True)
class Found:
    """Roots as a search leaves them, one per row: owner (Q,), x (Q, n), jacobian (Q, n, n) at x, or before a last step of relative
    size taken (Q,)."""

    owner: Any
    x: Array
    jacobian: Array
    taken: Any = 0.0

    def take(self, rows: Any) -> Found:
        """The rows that an index array or a mask selects."""
        taken = np.broadcast_to(np.asarray(self.taken), self.owner.shape)
        return Found(*(rows_of(a, rows) for a in (self.owner, self.x, self.jacobian, taken)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All rows, in order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


def finish(
    kernel: Kernel, p: Array, found: Found, scale: Array, tol: float, level: int = ROUGH
) -> tuple[Rows, Array, tuple[str, ...]]:
    """Refine roots, put those within their claim of an edge on it, and apply the rules of acceptance.

    p, scale: of all points. level: quality of quadrature with which the roots were found; those that the finest quadrature
    moves too far for one correction are polished first. Returns the accepted rows, and for the rejected ones which sentence
    (index) applies: (R, 2) of owner and sentence.
    """
    found, done = _refined(kernel, p, found, scale, level)
    solved = np.flatnonzero(_solved(done, np.abs(done.x) + rows_of(scale, found.owner)))
    found, done = found.take(solved), done.take(solved)
    owner, at, p = found.owner, done.x, rows_of(p, found.owner)
    size = rows_of(scale, owner)
    below = kernel.lower - at
    near: Any = ((below > 0) & (below <= done.error)) | (np.abs(below) <= np.minimum(done.error, _ON_EDGE * size))
    error = np.where(near, done.error + np.abs(below), done.error)
    inside = np.where(near, kernel.lower, at)
    at, exact = _exactly_symmetric(kernel, inside, error, size)
    error = np.maximum(error, np.abs(at - inside))  # what a root is moved by belongs to its claim
    # Near a pitchfork the roots beside the symmetric one are within its claim: then 0 stands for all of them. (A claim of 0 would
    # be less than the rounding of whoever checks it with more digits.)
    known = exact & (done.condition < _SINGULAR)[:, None]
    error = np.where(known, np.minimum(error, EPS * size), error)
    if done.family.any():
        one = done.family
        at[one], error[one] = settled(kernel, p[one], at[one], size[one])
    verdict = judge.accept(kernel, at, p, error)
    above = above_tolerance(at, error, tol) | _reported_above(kernel, at, p, error, tol)
    status = np.where(above, Status.CLAIM_ABOVE_TOLERANCE.code, np.where(done.family, Status.FAMILY.code, Status.CONVERGED.code))
    rows = Rows(owner, at, error, done.condition, np.abs(done.residual).max(axis=1, initial=0.0), status, done.jacobian)
    rejected = np.stack([owner[~verdict.accepted], verdict.reason[~verdict.accepted]], axis=1)
    return rows.take(np.flatnonzero(verdict.accepted)), rejected, verdict.sentences


def _reported_above(kernel: Kernel, x: Array, p: Array, error: Array, tol: float) -> Any:
    """(Q,) whether a public unknown, where that is another quantity than those solved for, is known less well than ``tol``."""
    exprs = tuple(e for e in kernel.model.reports.values() if not e.is_Symbol and not any(nodes(e, (Average, Opaque), inside=True)))
    if not exprs or not len(x):
        return np.zeros(len(x), dtype=bool)
    inside = np.maximum(x, kernel.lower)
    value, slope = kernel.values(exprs, inside, p), kernel.gradients(exprs, inside, p)
    return above_tolerance(value, carried(slope, error), tol)


def _solved(done: Refined, extent: Array) -> Any:
    """(Q,) whether the equations nearly hold: they need not where Newton's method ended on an edge with slopes that vanish or are
    infinite, such as at g = 0, and there nothing can be claimed."""
    with np.errstate(invalid="ignore"):
        slopes = (np.abs(done.jacobian) * extent[:, None, :]).sum(axis=2)
        off = (np.abs(done.residual) > _UNSOLVED * slopes).any(axis=1)
    return ~(off & ~np.isfinite(done.error).any(axis=1))


def _refined(kernel: Kernel, p: Array, found: Found, scale: Array, level: int) -> tuple[Found, Refined]:
    """Refined roots; those that one correction does not settle are polished by better rules first, at last by the finest."""
    size = rows_of(scale, found.owner)
    done = refine(kernel, rows_of(p, found.owner), found.x, found.jacobian, size, taken=found.taken)
    weak = np.flatnonzero(~(done.condition < _SINGULAR))
    if weak.size:  # where there is a root next to every root, Newton's method has no end
        at = found.owner[weak]
        done.family[weak] = on_family(extended(kernel.at(FINE)), p[at], found.x[weak], found.jacobian[weak], scale[at])
        done.settled[done.family] = True
        done.x[done.family] = found.x[done.family]
    # A step of first order leads off an edge of the domain by its second order: x = 0, found as 1e-8, to a variance of -1e-16.
    outside = (done.x < kernel.lower).any(axis=1)
    again = np.flatnonzero((~done.settled | outside) & (done.x != found.x).any(axis=1) & (done.condition < _REGULAR))
    if again.size:  # where only slopes are too rough for one correction, a second one is all it takes
        at = found.owner[again]
        old = found.take(again)
        short = (done.x < kernel.lower) & (done.x >= kernel.lower - ROUGHLY.on_edge * size)
        inside = np.where(short, kernel.lower, done.x)[again]  # beyond the edge the extension would cost further evaluations
        second = refine(kernel, p[at], inside, old.jacobian, scale[at], done.share[again], taken=old.taken)
        done = _merged(done, again, second)
    for better in (kernel.at(max(level, WORKING), quick=True), kernel.at(FINE)):
        far = np.flatnonzero(~done.settled)
        if far.size == 0:
            break
        at = found.owner[far]
        run = newton(better, p[at], found.x[far], scale=scale[at])
        found, done = _replaced(found, done, far, run, refine(kernel, p[at], run.x, run.jacobian, scale[at], slopes=better.level))
    return found, done


def _merged(done: Refined, rows: Any, again: Refined) -> Refined:
    """``done`` with some rows exchanged for those of ``again`` that are settled."""
    rows, settled = rows[again.settled], np.flatnonzero(again.settled)
    merged = {f.name: np.array(getattr(done, f.name)) for f in fields(done)}
    for name, values in merged.items():
        values[rows] = getattr(again, name)[settled]
    return Refined(**merged)


def _replaced(found: Found, done: Refined, far: Any, run: NewtonResult, again: Refined) -> tuple[Found, Refined]:
    """The rows ``far`` exchanged for what Newton's method and a new refinement made of them; left out where it fails."""
    merged = {f.name: np.array(getattr(done, f.name)) for f in fields(done)}
    for name, values in merged.items():
        values[far] = getattr(again, name)
    x, jacobian = np.array(found.x), np.array(found.jacobian)
    x[far], jacobian[far] = run.x, run.jacobian
    keep = np.ones(len(x), dtype=bool)
    keep[far] = run.converged
    return Found(found.owner, x, jacobian).take(keep), Refined(**merged).take(keep)


def _exactly_symmetric(kernel: Kernel, x: Array, error: Array, size: Array) -> tuple[Array, NDArray[np.bool_]]:
    """A root that its own image equals within the claim lies on the symmetric subspace: such roots put there, and (Q, n) which of
    their unknowns are 0 because the symmetry turns their sign. size: of the unknowns (Q, n)."""
    exact = np.zeros(x.shape, dtype=bool)
    for image in symmetry_maps(kernel.model):
        other = image(x)
        distance = np.abs(other - x)
        own: Any = ((distance <= np.maximum(2 * error, _ROUNDED * size)) & (distance < _ASIDE * size)).all(axis=1)
        x = np.where(own[:, None], (x + other) / 2, x)
        exact |= own[:, None] & (image(np.ones((1, x.shape[1]))) == -1)
    return x, exact


def seed_starts(model: Model, p: Array, find: str, tol: float) -> tuple[Array, Array]:
    """Starts from the solutions of the models that this one is seeded from: owners (R,) and starts (R, n)."""
    from meanfield.solve.in_turn import find_first

    owners: list[Any]
    owners, starts = [np.zeros(0, dtype=np.intp)], [np.zeros((0, len(model.unknowns)))]
    solved: dict[int, tuple[Kernel, Rows, Array]] = {}
    for seed in model.seeds:
        if id(seed.model) not in solved:
            inner = parameters_for(seed.model, model, p)
            search = find_all(seed.model, inner, tol, rounds=0) if find == "all" else find_first(seed.model, inner, tol)
            solved[id(seed.model)] = (compile(seed.model), search.rows, inner)
        kernel, rows, inner = solved[id(seed.model)]
        if len(rows.owner) == 0:
            continue
        owner, start = _from_seed(seed, model, kernel, rows, inner)
        owners.append(owner)
        starts.append(start)
    return np.concatenate(owners), np.concatenate(starts)


def parameters_for(inner: Model, outer: Model, p: Array) -> Array:
    """Columns of ``p`` (of ``outer``) in the order of ``inner``'s parameters; its unknowns at the outer model's never occur."""
    place = {s: i for i, s in enumerate(outer.parameters)}
    return np.stack([p[:, place[s]] for s in inner.parameters], axis=1) if inner.parameters else np.zeros((len(p), 0))


def _from_seed(seed: Seed, model: Model, kernel: Kernel, rows: Rows, inner: Array) -> tuple[Array, Array]:
    source = seed.model
    at = inner[rows.owner]
    exprs = tuple(source.resolve(e) for e in seed.start.values())
    where = () if seed.where is None else (source.resolve(seed.where),)
    values = kernel.values((*exprs, *where), rows.x, at, level=ROUGH)
    keep = values[:, -1] >= -1e-6 if where else np.ones(len(values), dtype=bool)
    place = {s: i for i, s in enumerate(seed.start)}
    return rows.owner[keep], values[keep][:, [place[u] for u in model.unknowns]]


def find_all(model: Model, p: Array, tol: float, rounds: int = 2, extra: Array | None = None, *, thorough: bool = True) -> Search:
    """Every solution that multistart, symmetry and deflation find, judged; order does not depend on the starts' order.

    rounds: of deflated restarts; 0 leaves out the scattered starts and restarts near the known roots only, which is ten times
    cheaper and right for coarse grids. thorough: whether a model that says nothing of where its roots are, or whose transfer
    functions are no sigmoids, is searched until further starts find nothing new, see `meanfield.solve.thorough`.

    The search uses rough quadrature. Where it finds nothing in a model that is ``delicate`` it is repeated with the finest.
    """
    return each_with_its_symmetries(lambda here, q: _every(here, q, tol, rounds, extra, thorough), model, p)


def _every(model: Model, p: Array, tol: float, rounds: int, extra: Array | None, thorough: bool) -> Search:
    """`find_all` with the symmetries that the model has."""
    kernel = compile(model)
    starts = all_starts(model, p, tol, extra, scatter=rounds > 0)
    scale = scale_of(own_starts(model, p))  # scattered starts of all sizes tell nothing of the size of a root
    # Formulas for starts are made for sigmoids: they know the size of a state where phi saturates, and no further roots. Those from
    # the states of another model know more.
    told = bool(model.starts) and (bool(model.seeds) or all(sigmoid(phi) for phi in model.transfers))
    form = Form.of(kernel) if thorough and rounds > 0 and not told and len(model.unknowns) > 1 else None
    rows, why = _search(kernel, p, starts, scale, tol, rounds, ROUGH, form)
    missing = np.array(sorted(why), dtype=np.intp)
    if missing.size and model.delicate:
        more, still = _search(kernel, p[missing], starts[missing], scale[missing], tol, 0, FINE)
        more = replace(more, owner=missing[more.owner])
        rows = Rows.joined([rows, more])
        why = {int(missing[i]): why[int(missing[i])] for i in still}
    rows = with_neighbours(kernel, p, rows, scale, tol)
    return Search(distinct(kernel, rows, p, scale), why)


def with_neighbours(kernel: Kernel, p: Array, rows: Rows, scale: Array, tol: float) -> Rows:
    """The roots and those next to them that only the finest quadrature tells from them."""
    close = nearly_singular(kernel, rows.jacobian, np.abs(rows.x) + scale[rows.owner])
    close = close[rows.status[close] != Status.FAMILY.code]
    if close.size == 0:
        return rows
    owner = rows.owner[close]
    beside, x, jacobian = neighbours(kernel, p[owner], rows.x[close], scale[owner])
    more, _, _ = finish(kernel, p, Found(owner[beside], x, jacobian), scale, tol, FINE)
    more = partners(kernel, more)
    verdict = judge.accept(kernel, more.x, rows_of(p, more.owner), more.error)  # of vectors and their opposites one will do
    return Rows.joined([rows, more.take(np.flatnonzero(verdict.accepted))])


def partners(kernel: Kernel, rows: Rows) -> Rows:
    """The rows and their symmetric images (the same claims hold for an image)."""
    parts = [rows]
    for image in symmetry_maps(kernel.model):
        moved = image(rows.x)
        differs = np.flatnonzero((np.abs(moved - rows.x) > 2 * rows.error).any(axis=1))
        if differs.size:
            parts.append(replace(rows.take(differs), x=moved[differs]))
    return Rows.joined(parts)


def _search(
    kernel: Kernel, p: Array, starts: Array, scale: Array, tol: float, rounds: int, level: int, form: Form | None = None
) -> tuple[Rows, dict[int, str]]:
    symmetries = symmetry_maps(kernel.model)
    options = ROUGHLY if level == ROUGH else None
    at_level = kernel.at(level, quick=True)
    within = Within(at_level, kernel.model) if kernel.model.starts else None
    table = all_roots(
        within or at_level,
        within.limited(p) if within else p,
        starts,
        scale=scale,
        symmetries=symmetries,
        rounds=max(rounds, 1),
        from_starts=rounds > 0,
        options=options,
        certified=False,
        form=form,
        families=lambda owner, x, jacobian: on_family(extended(kernel.at(FINE)), p[owner], x, jacobian, scale[owner]),
    )
    owner = table.owner
    found = Found(owner, table.points.x, table.points.jacobian)
    rows, rejected, sentences = finish(kernel, p, found, scale, tol, level)
    why = {}
    for i in sorted(set(range(len(p))) - set(rows.owner.tolist())):
        reasons = [sentences[k] for o, k in rejected if o == i]
        why[i] = f"no solution: {'; '.join(dict.fromkeys(reasons))}" if reasons else table.why_empty(i)
    return rows, why


def all_starts(model: Model, p: Array, tol: float, extra: Array | None, scatter: bool = True) -> Array:
    """Starts (P, S, n), padded with NaN: seeds, formulas, scatter, and what the caller adds."""
    formulas = own_starts(model, p)
    parts = [formulas]
    if model.seeds:
        parts.append(padded(*seed_starts(model, p, "all", tol), len(p)))
    if scatter or not model.starts:
        parts.append(scattered(model, p, np.concatenate(parts, axis=1)))
    if len(model.unknowns) == 1 and not model.data:
        size = scale_of(np.concatenate(parts, axis=1))[:, 0]
        parts.append(scanned(compile(model), p, _SCAN_REACH * (1.0 + size)))
    if extra is not None:
        parts.append(np.broadcast_to(extra, (len(p), *extra.shape[-2:])))
    return without_copies(model, np.concatenate(parts, axis=1), scale_of(formulas))


def padded(owner: Any, starts: Array, size: int) -> Array:
    """Starts (R, n) of their owners (R,) as (size, S, n), each point's own in order, padded with NaN."""
    counts = np.bincount(owner, minlength=size)
    table = np.full((size, int(counts.max(initial=0)), starts.shape[1]), np.nan)
    order = np.argsort(owner, kind="stable")
    rank = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner[order]]
    table[owner[order], rank] = starts[order]
    return table


def without_copies(model: Model, starts: Array, scale: Array) -> Array:
    """The starts (P, S, n) with NaN for those that repeat an earlier one, or a symmetric image of one. scale: typical sizes (P, n)
    of the unknowns."""
    count, width, n = starts.shape
    flat = starts.transpose(2, 1, 0).reshape(n, -1).T
    grid = np.tile(_COPY * np.minimum(scale, 1.0), (width, 1))
    for image in symmetry_maps(model):
        other = image(flat)
        first = np.argmax(np.abs(other - flat) > 1e-3 * grid, axis=1)
        rows = np.arange(len(flat))
        flat = np.where((other[rows, first] > flat[rows, first])[:, None], other, flat)
    rounded = np.round((flat / grid).T.reshape(n, width, count)) + 0.0
    out = np.array(starts)
    for k in range(1, width):
        same = (rounded[:, :k] == rounded[:, k : k + 1]).all(axis=0).any(axis=0)
        out[same, k] = np.nan
    return out


def distinct(kernel: Kernel, rows: Rows, p: Array, scale: Array) -> Rows:
    """One row per root, in canonical order."""
    if len(rows.owner) == 0:
        return rows
    residual = np.zeros_like(rows.x)
    found = Candidates(rows.owner.astype(np.intp), rows.x, residual, rows.jacobian, p[rows.owner], scale[rows.owner])
    rows = rows.take(representatives(extended(kernel), found, error=rows.error))
    family = rows.status == Status.FAMILY.code
    if family.any():
        among = rows.take(family)
        rows = Rows.joined([rows.take(~family), among.take(one_of_each(among.owner, among.jacobian))])
    return rows.take(canonical_order(rows.owner.astype(np.intp), rows.x, scale[rows.owner]))
