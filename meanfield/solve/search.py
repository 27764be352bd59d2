"""All roots of a model at many parameter points, as flat rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.compile import FINE, ROUGH, Kernel, compile
from meanfield.model import Model, Seed
from meanfield.model.requirements import sigmoid
from meanfield.solve import judge
from meanfield.solve.beside import nearly_singular, neighbours
from meanfield.solve.distinct import Candidates, canonical_order, representatives
from meanfield.solve.extension import extended
from meanfield.solve.families import on_family, one_of_each
from meanfield.solve.finish import ROUGHLY, finish
from meanfield.solve.multistart import all_roots
from meanfield.solve.problem import Array, rows_of
from meanfield.solve.rows import Found, Rows, Search, padded
from meanfield.solve.scan import scanned
from meanfield.solve.starts import own_starts, scale_of, scattered
from meanfield.solve.status import Status
from meanfield.solve.symmetries import each_with_its_symmetries, partners, symmetry_maps
from meanfield.solve.thorough import Form
from meanfield.solve.within import Within

_COPY = 1e-6  # distance of starts that are the same, in units of their typical size or of 1, whichever is less


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


def find_all(model: Model, p: Array, tol: float, rounds: int = 2, extra: Array | None = None) -> Search:
    """Every solution that multistart, symmetry and deflation find, judged; order does not depend on the starts' order.

    rounds: of deflated restarts; 0 leaves out the scattered starts and restarts near the known roots only, which is ten times
    cheaper and right for coarse grids. Otherwise a model that says nothing of where its roots are, or whose transfer functions are
    no sigmoids, is searched until further starts find nothing new, see `meanfield.solve.thorough`.

    The search uses rough quadrature. Where it finds nothing in a model that is ``delicate`` it is repeated with the finest.
    """
    return each_with_its_symmetries(lambda here, q: _every(here, q, tol, rounds, extra), model, p)


def _every(model: Model, p: Array, tol: float, rounds: int, extra: Array | None) -> Search:
    """`find_all` with the symmetries that the model has."""
    kernel = compile(model)
    starts = all_starts(model, p, tol, extra, scatter=rounds > 0)
    # Scattered starts tell nothing of the size of a root, but they are all there is where every formula says 0.
    formulas = own_starts(model, p)
    scale = np.where((formulas != 0).any(axis=1), scale_of(formulas), scale_of(starts))
    # Formulas for starts are made for sigmoids: they know the size of a state where phi saturates, and no further roots. Those from
    # the states of another model know more.
    told = bool(model.starts) and (bool(model.seeds) or all(sigmoid(phi) for phi in model.transfers))
    form = Form.of(kernel) if rounds > 0 and not told and len(model.unknowns) > 1 else None
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


def _search(
    kernel: Kernel, p: Array, starts: Array, scale: Array, tol: float, rounds: int, level: int, form: Form | None = None
) -> tuple[Rows, dict[int, str]]:
    symmetries = symmetry_maps(kernel.model)
    options = ROUGHLY if level == ROUGH else None
    at_level = kernel.at(level, quick=True)
    within = Within(at_level, kernel.model) if kernel.model.starts else None
    fine = extended(kernel.at(FINE))
    # A root of a `delicate` model may be so ill-conditioned that it looks like a family: multiple precision tells.
    families = None if kernel.model.delicate else lambda owner, x, jacobian: on_family(fine, p[owner], x, jacobian, scale[owner])
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
        families=families,
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
        parts.append(scanned(compile(model), p, model.reach * (1.0 + size)))
    if extra is not None:
        parts.append(np.broadcast_to(extra, (len(p), *extra.shape[-2:])))
    return without_copies(model, np.concatenate(parts, axis=1), scale_of(formulas))


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
