"""What changes where a curve is crossed: the states near its own, just before and just after.

The condition of a curve says in which direction states appear or move (the null vector of the equations, an edge of the domain,
or none); in that direction, and in the phases that join there, they are solved for on both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.compile import ROUGH, WORKING, Kernel, compile
from meanfield.diagram.classify import signs, symmetric
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.working import working_unknowns
from meanfield.model import Model
from meanfield.model.phases import among, joined
from meanfield.records import per_point, records
from meanfield.solve.finish import ROUGHLY, finish
from meanfield.solve.newton import newton
from meanfield.solve.points import parameter_points
from meanfield.solve.problem import Array
from meanfield.solve.rows import Found, Rows
from meanfield.solve.search import distinct
from meanfield.solve.solution import Solution
from meanfield.solve.starts import own_starts, scale_of
from meanfield.solve.symmetries import symmetry_maps

__all__ = ["Signature", "changes", "signatures", "usual"]

Signature = Counter[Any]
Kinds = list[list[tuple[Array, Any]]]  # place by place: the states there, scaled, with their keys
_REACH = 0.15  # scaled: how far from a curve's state those lie that come and go with it
_PERSISTS = 5e-3  # scaled: a state of the same kind this close on the other side is the same
_VANISHES = 1e-9  # relative: an unknown smaller than this is zero
_SYMMETRIC = 1e-6  # scaled: how far from its image a state is that counts as its own image
_KICKS = (2e-3, 2e-2, 0.1)  # scaled lengths of starts beside it
_SMALL = 0.03  # of the largest singular value
_JOINS = 1e-5  # a junction's condition below which the other phase is there
_TOL = 1e-10
_BRIEFLY = replace(ROUGHLY, max_iterations=14)  # a start that close to a root has found it by then
_ALIKE = 1e-5  # scaled: states found by rough rules that are this close go to the same root
_NEARLY = 1e-2  # scaled: what is left to go where Newton's method has not come to an end


def signatures(sheets: Sequence[Sheet], size: int | None = None) -> list[Signature]:
    """What exists at every grid point (or ``size`` others): how many states of which model, symmetric or not, stable, physical."""
    size = len(sheets[0].plane.x) * len(sheets[0].plane.y) if size is None else size
    out: list[Signature] = [Counter() for _ in range(size)]
    for sheet in sheets:
        for i, found in enumerate(_counted(sheet)):
            out[i].update(found)
    return out


def _counted(sheet: Sheet) -> list[Signature]:
    """Of one model."""
    even = symmetric(sheet)
    out: list[Signature] = []
    for i, point in enumerate(sheet.points):
        here: Signature = Counter()
        for one, flag in zip(point, even[i], strict=True):
            if one.physical is not False:
                here[(sheet.name, flag, one.stable, signs(sheet.model, one))] += 1
        out.append(here)
    return out


def changes(
    model: Model,
    states: Mapping[str, Array],
    sides: Sequence[tuple[Array, Array]],
    plane: Plane,
    fixed: Mapping[str, float],
    sizes: Mapping[int, Array],
    models: Sequence[Model],
) -> list[Signature]:
    """What there is more (or less, then negative) behind each of K crossings of curves of ``model`` than before.

    states: working unknowns of the curve's state, by name, (K,) each; sides: places (x (K,), y (K,)) just before and behind;
    sizes: of the unknowns, by id of a model; models: those of the diagram, the phases that join among them.
    """
    kernel = compile(model)
    centre = np.stack([states[u.name] for u in model.unknowns], axis=1)
    middle = tuple(0.5 * (a + b) for a, b in zip(*sides, strict=True))
    p = _parameters(model, plane, middle, fixed)
    everywhere = _phases(kernel, centre, p, models)
    own = among(model, models)
    if own is not None:
        everywhere.append((own, centre, np.ones(len(centre), bool)))
    total = [Counter() for _ in centre]  # type: list[Signature]
    for phase, at, here in everywhere:
        rows = np.flatnonzero(here)
        size = np.maximum(sizes[id(phase)], np.abs(at[rows]))
        before, behind = _both_sides(phase, at[rows], size, [[c[rows] for c in side] for side in sides], plane, fixed)
        for i, k in enumerate(rows.tolist()):
            images = _images(phase, at[k], size[i])
            there = [[(x, key) for x, key in side[i] if _nearest(x, images)] for side in (before, behind)]
            for states_there, others, sign in ((there[0], behind[i], -1), (there[1], before[i], 1)):
                for x, key in states_there:
                    if np.abs(x - images[0]).max() <= _REACH and not _persists(x, key, others):
                        total[k][key] += sign * len(images)
    return [Counter({key: n for key, n in one.items() if n}) for one in total]


def _parameters(model: Model, plane: Plane, place: Sequence[Array], fixed: Mapping[str, float]) -> Array:
    known = {*(s.name for s in model.parameters), *(model.prepare.accepts if model.prepare else ())}
    given = {**fixed, **dict(zip(plane.names, place, strict=True))}
    return parameter_points(model, {name: value for name, value in given.items() if name in known}).p


def _phases(kernel: Kernel, centre: Array, p: Array, models: Sequence[Model]) -> list[tuple[Model, Array, Any]]:
    """(phase, its unknowns (K, n) at the states, where it joins (K,)) for the phases that join any of them."""
    model, out = kernel.model, []
    inside = np.maximum(centre, kernel.lower)
    for junction, other in joined(model):
        phase = among(other, models)
        if phase is None:
            continue
        arrive = tuple(model.resolve(junction.arrive.get(s, s)) for s in other.unknowns)
        values = kernel.values((model.resolve(junction.condition), *arrive), inside, p)
        here = np.abs(values[:, 0]) <= _JOINS
        if here.any():
            out.append((phase, values[:, 1:], here))
    return out


def _nearest(x: Array, images: Sequence[Array]) -> bool:
    """Whether a state belongs to the first of the images of another, not to its partners or to none more than to another."""
    away = [float(np.linalg.norm(x - image)) for image in images]  # the largest difference may be one that all of them share
    return all(away[0] < other - 1e-9 for other in away[1:])


def _persists(x: Array, key: Any, others: Sequence[tuple[Array, Any]]) -> bool:
    return any(key == kind and np.abs(x - at).max() <= _PERSISTS for at, kind in others)


def _both_sides(
    model: Model, centre: Array, size: Array, sides: Sequence[Sequence[Array]], plane: Plane, fixed: Mapping[str, float]
) -> list[Kinds]:
    """What exists near the states ``centre`` (K, n) on either side. What was found on one side is a start on the other."""
    kernel, count = compile(model), len(centre)
    place = [np.concatenate(pair) for pair in zip(*sides, strict=True)]
    centre, size = np.concatenate([centre, centre]), np.concatenate([size, size])
    p = _parameters(model, plane, place, fixed)
    found = _beside(model, centre, size, _starts(kernel, centre, p, size), place, plane, fixed)
    others = [*found[count:], *found[:count]]
    starts = np.full((2 * count, max(map(len, others), default=0), centre.shape[1]), np.nan)
    for k, known in enumerate(others):
        for j, (x, _) in enumerate(known):
            starts[k, j] = x * size[k]
    for own, also in zip(found, _beside(model, centre, size, starts, place, plane, fixed), strict=True):
        own += [(x, key) for x, key in also if not any(np.abs(x - at).max() < _SYMMETRIC for at, _ in own)]
    return [found[:count], found[count:]]


def _beside(
    model: Model, centre: Array, size: Array, starts: Array, place: Sequence[Array], plane: Plane, fixed: Mapping[str, float]
) -> Kinds:
    """(unknowns (n,), scaled, and kind) of what exists near the states ``centre`` (K, n) at places beside them, found from starts
    (K, S, n)."""
    kernel = compile(model)
    p = _parameters(model, plane, place, fixed)
    count, width, n = starts.shape
    given = np.isfinite(starts).all(axis=2).ravel()
    owner, flat = np.repeat(np.arange(count), width)[given], starts.reshape(-1, n)[given]
    rough = newton(kernel.at(ROUGH, quick=True), p[owner], flat, scale=size[owner], options=_BRIEFLY)
    near = (np.abs(rough.x - centre[owner]) <= 3 * _REACH * size[owner]).all(axis=1)  # others wandered off
    some = np.flatnonzero(near & (rough.converged | (np.abs(rough.step) <= _NEARLY * size[owner]).all(axis=1)))
    some = some[_first_of_each(owner[some], rough.x[some] / size[owner[some]])]
    owner = owner[some]
    run = newton(kernel.at(WORKING, quick=True), p[owner], rough.x[some], scale=size[owner])
    good = np.flatnonzero(run.converged)
    rows, _, _ = finish(kernel, p, Found(owner[good], run.x[good], run.jacobian[good]), size, _TOL, WORKING)
    rows = distinct(kernel, rows, p, size)
    near = (np.abs(rows.x - centre[rows.owner]) <= 2 * _REACH * size[rows.owner]).all(axis=1)
    rows = rows.take(np.flatnonzero(near))
    out: Kinds = [[] for _ in p]
    for k, x, key in zip(rows.owner.tolist(), rows.x / size[rows.owner], _kinds(model, plane, rows, p, place), strict=True):
        if key is not None:
            out[int(k)].append((x, key))
    return out


def _first_of_each(owner: Any, x: Array) -> Any:
    """Rows of the states x (R, n), scaled, that are no earlier one of the same owner once more."""
    order = np.lexsort((*np.round(x / _ALIKE).T, owner))
    near = np.all(np.abs(np.diff(x[order], axis=0)) < _ALIKE, axis=1) & (np.diff(owner[order]) == 0)
    return order[np.concatenate([[True], ~near])] if len(order) else order


def usual(sheet: Sheet, fixed: Mapping[str, float]) -> Array:
    """(n,): how large the working unknowns of a model usually are in the window, where they do not vanish; at least as large as the
    model expects them where it begins its searches, for the states of a window may all be small ones."""
    flat = [one for point in sheet.points for one in point]
    names = [u.name for u in sheet.model.unknowns]
    out = np.full(len(names), np.nan)
    if flat:
        table = working_unknowns(sheet.model, {n: np.array([one.unknowns[n] for one in flat]) for n in flat[0].unknowns})
        for i, name in enumerate(names):
            size = np.abs(table[name])
            size = size[size > _VANISHES * size.max(initial=0.0)]
            out[i] = np.median(size) if len(size) else np.nan
    if sheet.model.starts:
        place = sheet.plane.flat()
        p = _parameters(sheet.model, sheet.plane, [place[name] for name in sheet.plane.names], fixed)
        out = np.fmax(out, np.median(scale_of(own_starts(sheet.model, p)), axis=0))
    return np.where(np.isfinite(out), out, 1.0)


def _starts(kernel: Kernel, centre: Array, p: Array, size: Array) -> Array:
    """(K, S, n): the state itself, and points beside it along the null vector and away from the edges on which it lies; NaN
    where it lies on none. Near a critical point the null vector may not be that of the smallest singular value: some equation has
    small slopes along all unknowns. Then the next one counts, too."""
    _, jacobian = kernel.residual_jacobian(np.maximum(centre, kernel.lower), p)
    _, values, vectors = np.linalg.svd(np.nan_to_num(jacobian * size[:, None, :]))
    null = vectors[:, -1, :]
    small = values[:, -2:-1] <= _SMALL * values[:, :1] if centre.shape[1] > 1 else np.zeros((len(centre), 1), bool)
    other = vectors[:, -2:, :][:, 0] * small
    on_edge = (centre <= kernel.lower + 1e-6 * size) * 1.0
    edges = np.eye(centre.shape[1])[np.isfinite(kernel.lower)]
    ways = [null, -null, other, -other, on_edge, *(on_edge * unit for unit in edges if len(edges) > 1)]
    moved = [np.where(way.any(axis=1, keepdims=True), way, np.nan) for way in ways]
    kicked = [centre + kick * way * size for way in moved for kick in _KICKS]
    return np.stack([centre, *kicked], axis=1)


def _kinds(model: Model, plane: Plane, rows: Rows, p: Array, place: Sequence[Array]) -> list[Any]:
    """The key of every row in a signature; None for states that are not physical. rows.owner: places, and p (K, m) there."""
    owner = np.asarray(rows.owner, dtype=int)
    if not len(owner):
        return []
    given = {name: values[owner] for name, values in zip(plane.names, place, strict=True)}
    whole = Solution(compile(model), replace(rows, owner=np.arange(len(owner))), p[owner], (len(owner),), given)
    sheet = Sheet(model, plane, records(per_point(whole)[0], observables=()))
    return [next(iter(found), None) for found in _counted(sheet)]


def _images(model: Model, centre: Array, size: Array) -> list[Array]:
    """The state ``centre`` (n,), scaled, and its symmetric partners."""
    found = [centre / size]
    for image in symmetry_maps(model):
        moved = image(centre[None])[0] / size
        if all((np.abs(moved - known) > _SYMMETRIC).any() for known in found):
            found.append(moved)
    return found
