"""All roots of every point: Newton from many starts in one batch, symmetric partners, then deflated restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.certify import Points, certify, starts_of
from meanfield.solve.deflation import Deflation
from meanfield.solve.distinct import Candidates, canonical_order, representatives
from meanfield.solve.extension import extended
from meanfield.solve.families import one_of_each
from meanfield.solve.images import Image, images_of
from meanfield.solve.linear import inverse
from meanfield.solve.newton import NewtonOptions, NewtonResult, newton
from meanfield.solve.problem import Array, Problem
from meanfield.solve.status import Status
from meanfield.solve.thorough import Form, search_on
from meanfield.solve.valley import adrift, along_the_floor

Rows = NDArray[np.intp]
SymmetryMap = Callable[[Array], ArrayLike]
FamilyTest = Callable[[Rows, Array, Array], NDArray[np.bool_]]
_EDGE = 1e-6  # roots below an edge by more than this (relative) do not keep the search going
_DISPLACEMENTS = (0.05, -0.05)  # restarts leave a known root along its weakest direction by these relative lengths


@dataclass(frozen=True)
class RootTable:
    """All roots that were found, ragged: one row per root, sorted by point and then by the unknowns.

    points: the judged roots (see `Points`); owner (Q,): the parameter point of each row; size: the number P of
    parameter points. outcomes (P, number of statuses): how the plain Newton runs from the starts of each point ended.
    left: (P,) roots outside the domain that were found and are not in the table.
    """

    points: Points
    owner: Rows
    size: int
    outcomes: NDArray[np.int64]
    left: NDArray[np.int64]

    @property
    def count(self) -> NDArray[np.int64]:
        """(P,) number of roots of each point."""
        return np.bincount(self.owner, minlength=self.size)

    def of(self, point: int) -> Points:
        """The roots of one parameter point."""
        return self.points.take(self.owner == point)

    def padded(self, values: Array) -> Array:
        """Values of the rows (Q, ...) as (P, K, ...) with K the largest number of roots, padded with NaN."""
        count = self.count
        width = int(count.max(initial=0))
        out = np.full((self.size, width, *values.shape[1:]), np.nan)
        rank = np.arange(len(self.owner)) - (np.cumsum(count) - count)[self.owner]
        out[self.owner, rank] = values
        return out

    def where(self, keep: NDArray[np.bool_]) -> RootTable:
        """The table with the rows of the mask `keep` only (the others fail an acceptance rule)."""
        return RootTable(self.points.take(keep), self.owner[keep], self.size, self.outcomes, self.left)

    def why_empty(self, point: int) -> str:
        """Why a point without roots has none: a sentence about its starts."""
        counts, left = self.outcomes[point], self.left[point]
        ends = [f"{n} {Status.from_code(k).in_short}" for k, n in enumerate(counts) if n and k != Status.CONVERGED.code]
        if n := counts[Status.CONVERGED.code]:
            ends = [f"{n} led to {left} roots outside the domain, which were left out" if left else f"{n} converged", *ends]
        elif left:
            ends.append(f"restarts led to {left} roots outside the domain, which were left out")
        return f"{Status.NO_SOLUTION}: of {counts.sum()} starts " + ", ".join(ends)


def all_roots(
    problem: Problem,
    p: ArrayLike,
    starts: ArrayLike,
    *,
    scale: ArrayLike = 1.0,
    tol: float = 1e-10,
    symmetries: Sequence[SymmetryMap] = (),
    rounds: int = 8,
    from_starts: bool = True,
    certified: bool = True,
    options: NewtonOptions | None = None,
    families: FamilyTest | None = None,
    form: Form | None = None,
) -> RootTable:
    """Every root that Newton finds from the starts, their symmetric images and deflated restarts.

    p (P, m); starts (P, S, n), or (S, n) shared by all points; starts with NaN are skipped. symmetries: maps x -> x'
    (both (P, n)) that take roots to roots. rounds: at most so many rounds of deflated restarts; a point is left alone
    once a round from its starts and a round from near its known roots have both found nothing new. from_starts=False leaves
    out the deflated rounds from the starts, which cost ten times those from near the known roots. certified=False leaves out
    the claims, for a caller that refines the roots itself. families: tells of roots (their points, x and Jacobians) which
    belong to continuous families; of each family one is kept, and points that have one are left alone. form: for a search
    that goes on from further starts until they find nothing new (see `thorough`). The result does not depend on the
    order of points or starts. Raises ValueError for arrays of the wrong shape.
    """
    parameters, grid = starts_of(problem, p, starts)
    size = np.ascontiguousarray(np.broadcast_to(np.asarray(scale, dtype=float), (len(parameters), grid.shape[2])))
    search = _Search(extended(problem), parameters, size, list(symmetries), options or NewtonOptions(), families)
    owner, place = np.nonzero(np.isfinite(grid).all(axis=2))
    flat = grid[owner, place]
    outcomes = np.zeros((len(parameters), len(Status)), dtype=np.int64)
    search.images = [] if form is None else images_of(search.problem, parameters)
    np.add.at(outcomes, (owner, search.run(owner, flat)), 1)
    search.settle()
    if form is not None:
        search_on(search, form)
    idle = np.where(search.count() > 0, 0, 2)  # rounds in a row without a new root; none known: nothing to deflate
    idle[search.pool.owner[search.family]] = 2  # next to every root that is taken out there would be another
    for turn in range(rounds):
        open_points = idle < 2
        if not open_points.any():
            break
        if from_starts and turn % 2 == 0:
            chosen = open_points[owner]
            search.run(owner[chosen], flat[chosen], deflate=True)
        else:
            search.run(*search.displaced(open_points), deflate=True)
        fresh = search.settle()
        idle = np.where(fresh, 0, idle + 1)
        idle[search.pool.owner[search.family]] = 2
    return search.table(problem, outcomes, tol) if certified else search.draft(outcomes)


class _Search:
    """The pool of known roots, one row each (outside the domain too, so that deflation avoids them)."""

    def __init__(
        self,
        problem: Problem,
        p: Array,
        scale: Array,
        symmetries: list[SymmetryMap],
        options: NewtonOptions,
        families: FamilyTest | None = None,
    ) -> None:
        n = len(problem.names)
        self.families, self.family = families, np.zeros(0, dtype=bool)  # which rows of the pool belong to one
        self.problem, self.p, self.scale, self.symmetries, self.options = problem, p, scale, symmetries, options
        self.pool = Candidates(
            owner=np.zeros(0, dtype=np.intp),
            x=np.zeros((0, n)),
            r=np.zeros((0, n)),
            jacobian=np.zeros((0, n, n)),
            p=np.zeros((0, p.shape[1])),
            scale=np.zeros((0, n)),
        )
        self.fresh: list[Candidates] = []
        self.images: list[Image] = []
        self.imaged = np.zeros(0, dtype=bool)  # rows of the pool whose images have been looked for

    def run(self, owner: Rows, starts: Array, deflate: bool = False) -> NDArray[np.int8]:
        """Newton from `starts` of the points `owner`; converged ends become candidates. Returns the status codes."""
        deflation, options = None, self.options
        if deflate:
            deflation = Deflation.of(self.known()[owner], self.scale[owner])
            options = NewtonOptions(options.max_iterations // 2, options.step_tolerance, options.max_step, 1 / 32)
        result = newton(self.problem, self.p[owner], starts, scale=self.scale[owner], options=options, deflation=deflation)
        self._offer(owner, result)
        return result.status

    def _offer(self, owner: Rows, result: NewtonResult) -> None:
        rows = np.flatnonzero(result.converged)
        at = owner[rows]
        found = Candidates(at, result.x[rows], result.residual[rows], result.jacobian[rows], self.p[at], self.scale[at])
        lost = adrift(found.x, result.step[rows], found.scale)
        if lost.any():
            found = Candidates.joined([found.take(~lost), self._ashore(found.take(lost))])
        self.fresh.append(found)

    def _ashore(self, found: Candidates) -> Candidates:
        """Iterates on the floor of a valley brought to its roots; those from which no way leads there as they were."""
        x, arrived = along_the_floor(self.problem, found.p, found.x, found.scale)
        if not arrived.any():
            return found
        some, x = found.take(arrived), x[arrived]
        r, jacobian = self.problem.residual_jacobian(x, some.p)
        return Candidates.joined([found.take(~arrived), replace(some, x=x, r=r, jacobian=jacobian)])

    def settle(self) -> NDArray[np.bool_]:
        """Merge the candidates into the pool, with symmetric images.

        Returns (P,): which points have a new root inside the domain.
        """
        before = self.count(inside=True)
        self._merge()
        for _ in range(len(self.symmetries)):  # images of images: groups generated by the maps
            known = len(self.pool.owner)
            for symmetry in self.symmetries:
                image = np.asarray(symmetry(self.pool.x), dtype=float)
                result = newton(self.problem, self.pool.p, image, scale=self.pool.scale, options=self.options)
                self._offer(self.pool.owner, result)
            self._merge()
            if len(self.pool.owner) == known:
                break
        self._add_images()
        return self.count(inside=True) > before

    def _add_images(self) -> None:
        """Look where the symmetries of single points take roots that are new, and where they take what that finds."""
        while self.images:
            alone = ~np.isin(self.pool.owner, self.pool.owner[self.family])
            new = np.flatnonzero(alone & ~self.imaged)
            if new.size == 0:
                break
            self.imaged[new] = True
            for image in self.images:
                pool = self.pool.take(new[image.holds[self.pool.owner[new]]])
                result = newton(self.problem, pool.p, image(pool.x), scale=pool.scale, options=self.options)
                self._offer(pool.owner, result)
            self._merge()

    def _merge(self) -> None:
        joined, known = Candidates.joined([self.pool, *self.fresh]), len(self.pool.owner)
        self.pool = joined.take(representatives(self.problem, joined, known=known))
        self.fresh = []
        self.imaged = np.concatenate([self.imaged, np.zeros(len(self.pool.owner) - known, dtype=bool)])
        self._gather_families(known)

    def _gather_families(self, known: int) -> None:
        """Look which rows beyond the ``known`` ones belong to continuous families; keep one of each."""
        new = self.pool.take(np.arange(known, len(self.pool.owner)))
        found = np.zeros(len(new.owner), dtype=bool) if self.families is None else self.families(new.owner, new.x, new.jacobian)
        self.family = np.concatenate([self.family, found])
        if not found.any():
            return
        alone, among = np.flatnonzero(~self.family), np.flatnonzero(self.family)
        some = self.pool.take(among)
        keep = np.sort(np.concatenate([alone, among[one_of_each(some.owner, some.jacobian)]]))
        self.pool, self.family, self.imaged = self.pool.take(keep), self.family[keep], self.imaged[keep]

    def count(self, *, inside: bool = False) -> NDArray[np.int64]:
        """(P,) number of known roots; `inside`: of those that are not clearly outside the domain."""
        owner = self.pool.owner[self._inside()] if inside else self.pool.owner
        return np.bincount(owner, minlength=len(self.p))

    def _inside(self) -> NDArray[np.bool_]:
        return np.asarray((self.pool.x >= self.problem.lower - _EDGE * self.pool.extent).all(axis=1))

    def known(self) -> Array:
        """(P, K, n) known roots, padded with NaN, in an order that does not depend on how they were found."""
        order = canonical_order(self.pool.owner, self.pool.x, self.pool.scale)
        owner, count = self.pool.owner[order], self.count()
        out = np.full((len(self.p), int(count.max(initial=0)), self.pool.x.shape[1]), np.nan)
        out[owner, np.arange(len(owner)) - (np.cumsum(count) - count)[owner]] = self.pool.x[order]
        return out

    def displaced(self, open_points: NDArray[np.bool_]) -> tuple[Rows, Array]:
        """Starts near the known roots of the open points, along the direction in which the Jacobian is weakest."""
        pool = self.pool.take(open_points[self.pool.owner] & self._inside())
        extent = pool.extent
        scaled = pool.jacobian * extent[:, None, :]
        with np.errstate(all="ignore"):
            inverted = inverse(scaled / np.maximum(np.abs(scaled).max(axis=2), 1e-300)[:, :, None])
            largest = np.abs(inverted).sum(axis=1).argmax(axis=1)
            weakest = inverted[np.arange(len(inverted)), :, largest]
            weakest = weakest / np.abs(weakest).max(axis=1, initial=0.0)[:, None]
        weakest = np.where(np.isfinite(weakest).all(axis=1)[:, None], weakest, 1.0)
        starts = [pool.x + length * extent * weakest for length in _DISPLACEMENTS]
        known = self.known()
        first, second = np.triu_indices(known.shape[1], 1)
        middle = 0.5 * (known[:, first] + known[:, second])
        at, pair = np.nonzero(np.isfinite(middle).all(axis=2) & open_points[:, None])
        return np.concatenate([*[pool.owner] * len(starts), at]), np.concatenate([*starts, middle[at, pair]])

    def table(self, problem: Problem, outcomes: NDArray[np.int64], tol: float) -> RootTable:
        """Judge the pool: symmetric roots exactly symmetric, claims, domain, canonical order."""
        pool = self.pool
        x = self._symmetric(pool)
        r, jacobian = self.problem.residual_jacobian(x, pool.p) if len(x) else (pool.r, pool.jacobian)
        zeros = np.zeros(len(x))
        ends = NewtonResult(x, zeros.astype(np.int8), zeros.astype(np.int64), np.zeros_like(x), r, jacobian, zeros)
        judged = certify(problem, pool.p, ends, scale=pool.scale, tol=tol)
        inside = judged.found
        left = np.bincount(pool.owner[~inside], minlength=len(self.p))
        judged, owner = judged.take(inside), pool.owner[inside]
        order = canonical_order(owner, judged.x, pool.scale[inside])
        return RootTable(judged.take(order), owner[order], len(self.p), outcomes, left)

    def draft(self, outcomes: NDArray[np.int64]) -> RootTable:
        """The pool inside the domain without claims (error inf), for a caller that refines the roots itself."""
        pool = self.pool.take(self._inside())
        pool = pool.take(canonical_order(pool.owner, pool.x, pool.scale))
        count = len(pool.owner)
        points = Points(
            self._symmetric(pool),
            np.full(pool.x.shape, np.inf),
            np.full(count, np.inf),
            pool.r,
            pool.jacobian,
            np.full(count, Status.CONVERGED.code, dtype=np.int8),
            np.zeros(count, dtype=np.int64),
        )
        left = self.count() - self.count(inside=True)
        return RootTable(points, pool.owner, len(self.p), outcomes, left)

    def _symmetric(self, pool: Candidates) -> Array:
        """Roots that are their own image up to rounding are put exactly on the symmetric subspace."""
        x = pool.x.copy()
        for symmetry in self.symmetries:
            image = np.asarray(symmetry(x), dtype=float)
            own = (np.abs(image - x) <= 1e-13 * pool.extent).all(axis=1)
            x[own] = 0.5 * (x[own] + image[own])
        return x
