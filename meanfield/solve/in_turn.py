"""Starts taken one after the other, for those points that still need one: cheaper than all of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.compile import ROUGH, SKETCH, WORKING, Kernel, compile
from meanfield.model import Model
from meanfield.solve.beside import nearly_singular
from meanfield.solve.finish import ROUGHLY, finish
from meanfield.solve.newton import NewtonOptions, newton
from meanfield.solve.problem import Array, rows_of
from meanfield.solve.rows import Found, Rows, Search, padded, without
from meanfield.solve.search import seed_starts, without_copies
from meanfield.solve.starts import own_starts, scale_of
from meanfield.solve.status import Status

# The way to a root, and its end: how far a Jacobian may lie from the root is told to the refinement.
SKETCHED = NewtonOptions(max_iterations=16, step_tolerance=0.3, enough=0.03, taking=True, on_edge=1e-4)
DRAFTED = NewtonOptions(max_iterations=24, step_tolerance=0.03, enough=1e-4, taking=True, on_edge=1e-7)
_NEAR = 1e-2  # distance, relative to the root or to 1, of the end of a sketch from a known root that it leads to,
_ALONE = 0.1  # if no singular value of the Jacobian there is below this: the next root is several times as far


class StartQueue:
    """The starts of every point, the best first: the model's formulas, then seeds.

    What comes after the first formula is made when it is first asked for, for the points that ask. first: whether to begin
    with the first formula.
    """

    def __init__(self, model: Model, p: Array, tol: float, first: bool = True) -> None:
        self.model, self.p, self.tol = model, p, tol
        self.formulas = own_starts(model, p)
        self.scale = scale_of(self.formulas)
        self.stages = ([self._first] if first else []) + [self._others, *([self._seeds] if model.seeds else [])]
        self.points: Any = np.arange(0)
        self.table = np.zeros((0, 0, len(model.unknowns)))

    def next(self, points: Any, *, every: bool = False) -> tuple[Any, Array]:
        """The next start (R, n) of each of the ``points`` (sorted) that has one left, and those points (R,). every: all that
        belong to the next stage, so that a point may occur several times."""
        while True:
            owner, start = self._left(points, every)
            if owner.size or not self.stages:
                return owner, start
            self.points, self.table = points, self.stages.pop(0)(points)

    def _left(self, points: Any, every: bool) -> tuple[Any, Array]:
        """Starts of this stage. Only points that were there when it began can ask, so each has a row."""
        if self.points.size == 0 or self.table.shape[1] == 0:
            return points[:0], self.formulas[:0, 0]
        rows = np.searchsorted(self.points, points)
        left: Any = np.isfinite(rows_of(self.table, rows)).all(axis=2)
        if every:
            at, turns = np.nonzero(left)
            start = self.table[rows[at], turns]
            self.points = points[:0]
            return points[at], start
        usable, turn = left.any(axis=1), left.argmax(axis=1)
        start = self.table[rows, turn][usable]
        self.table[rows, turn] = np.nan
        return points[usable], start

    def _first(self, points: Any) -> Array:
        return rows_of(self.formulas[:, :1], points)

    def _others(self, points: Any) -> Array:
        return without_copies(self.model, rows_of(self.formulas, points), self.scale[points])[:, 1:]

    def _seeds(self, points: Any) -> Array:
        seeds = padded(*seed_starts(self.model, self.p[points], "one", self.tol), len(points))
        formulas = self.formulas[points]
        starts = np.concatenate([formulas, seeds], axis=1)
        return without_copies(self.model, starts, self.scale[points])[:, formulas.shape[1] :]


def roughly(kernel: Kernel, p: Array, owner: Any, start: Array, scale: Array, known: Found | None = None) -> Found:
    """Where Newton's method with rough quadrature leads from one start for each of the points ``owner``.

    Starts from which a sketch leads to roots that are ``known`` are given up; so are those from which it leads nowhere, if
    another root of the point is known.
    """
    rows, arrived = np.arange(len(owner)), np.full(len(owner), np.inf)
    level, options = ROUGH, ROUGHLY
    if kernel.sketches:  # what comes after a sketch is one evaluation, mostly, and may be a good one
        level, options = ROUGH if kernel.pairs else WORKING, DRAFTED
        way = newton(kernel.at(SKETCH, quick=True), rows_of(p, owner), start, scale=rows_of(scale, owner), options=SKETCHED)
        if known is not None:
            vain = np.where(way.converged, _near(kernel, known, owner, way.x, scale), np.isin(owner, known.owner, kind="table"))
            rows = np.flatnonzero(~vain)
        start, arrived = np.where(way.converged[:, None], way.x, start), np.where(way.converged, SKETCHED.enough, np.inf)
    at, start, size = owner[rows], rows_of(start, rows), rows_of(scale, owner[rows])
    if kernel.sketches:  # starts may be far larger than the scale of transfer functions, 1, on which roots lie apart
        size = np.minimum(size, 1.0)
    run = newton(kernel.at(level, quick=True), rows_of(p, at), start, scale=size, options=options, arrived=arrived[rows])
    return Found(at, run.x, run.jacobian, run.taken).take(run.converged)


def _near(kernel: Kernel, known: Found, owner: Any, x: Array, scale: Array) -> Any:
    """(R,) whether x (R, n) is so near a known root of its point that it leads there: a root next to another one is nearly
    singular, and such known roots do not count."""
    extent = np.abs(known.x) + rows_of(scale, known.owner)
    alone = np.ones(len(known.owner), dtype=bool)
    alone[nearly_singular(kernel, known.jacobian, extent, below=_ALONE)] = False
    if not alone.any():
        return np.zeros(len(owner), dtype=bool)
    table = padded(known.owner[alone], rows_of(known.x, alone), len(scale))
    reach, near = _NEAR * (np.abs(x) + np.minimum(rows_of(scale, owner), 1.0)), np.zeros(len(owner), dtype=bool)
    with np.errstate(invalid="ignore"):
        for root in np.moveaxis(table, 1, 0):  # a root of each point after the other, unknown by unknown: fewer passes
            near |= np.logical_and.reduce([np.abs(x[:, j] - root[owner, j]) < reach[:, j] for j in range(x.shape[1])])
    return near


def find_first(model: Model, p: Array, tol: float) -> Search:
    """One accepted root per point, from the first start that leads to one: fast, and enough to seed another model."""
    kernel = compile(model)
    queue = StartQueue(model, p, tol)
    found: list[Rows] = []
    open_points = np.arange(len(p))
    while open_points.size:
        owner, start = queue.next(open_points)
        if owner.size == 0:
            break
        found.append(finish(kernel, p, roughly(kernel, p, owner, start, queue.scale), queue.scale, tol)[0])
        open_points = without(open_points, found[-1].owner)
    rows = Rows.joined(found)
    rows = rows.take(np.argsort(rows.owner, kind="stable"))
    return Search(rows, {int(i): str(Status.NO_SOLUTION) for i in open_points})
