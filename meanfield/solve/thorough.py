"""The search for all roots of a model that says nothing of where they are, or says it for sigmoids only: further starts until a
batch of them finds nothing new and the signs of the roots do not say that some are missing, and images of the roots under
symmetries that hold at their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from meanfield.compile import ROUGH, Kernel
from meanfield.solve.beside import places_of
from meanfield.solve.cleared import cleared
from meanfield.solve.degree import bounded, deficient
from meanfield.solve.distinct import Candidates
from meanfield.solve.newton import NewtonOptions, newton
from meanfield.solve.problem import Array, Problem
from meanfield.solve.starts import further, mapped

_BATCHES = 5  # each twice as large as the one before
_BLOCK = 1 << 17  # starts at once
_MAPPED = 3  # of so many starts one is followed by its image under the equations


@dataclass(frozen=True)
class Form:
    """What is known of the form of the equations. places: of those ``u = F``, which come first, the position of u among the
    unknowns. cleared: the equations without their denominators, if there are any."""

    places: Sequence[int]
    cleared: Problem | None = None

    @classmethod
    def of(cls, kernel: Kernel) -> Form:
        """The form of the equations of a kernel, for a search by rough quadrature."""
        return cls(places_of(kernel), cleared(kernel.at(ROUGH, quick=True)))


Rows = NDArray[np.intp]
_ROUGHLY = NewtonOptions(step_tolerance=1e-4, enough=1e-6)


class Pool(Protocol):
    """The roots of a search, as far as it has come."""

    problem: Problem
    p: Array
    pool: Candidates
    family: NDArray[np.bool_]

    def run(self, owner: Rows, starts: Array) -> object:
        """Newton's method from starts of the points ``owner``."""
        ...

    def settle(self) -> NDArray[np.bool_]:
        """Take in what that found; (P,) which points have a new root."""
        ...


def search_on(search: Pool, form: Form) -> None:
    """Run batches of further starts for the points of a search that still need them."""
    problem, size = search.problem, len(search.p)
    open_points, tame = np.ones(size, dtype=bool), np.zeros(size, dtype=bool)
    whole = len(form.places) == len(problem.names) and form.cleared is None  # x = F(x), where F has no poles to be seen
    for turn in range(_BATCHES):
        open_points[search.pool.owner[search.family]] = False
        rows, x = np.flatnonzero(open_points), further(problem, turn)
        fresh = np.zeros(size, dtype=bool)
        for start in range(0, len(rows), max(1, _BLOCK // len(x))):
            some = rows[start : start + max(1, _BLOCK // len(x))]
            owner, starts = np.repeat(some, len(x)), np.tile(x, (len(some), 1))
            images = mapped(problem, starts, search.p[owner], form.places).reshape(len(some), *x.shape)
            if turn == 0 and whole:
                tame[some] = bounded(x, images)
            _run(search, form, owner, starts)
            _run(search, form, np.repeat(some, len(x[::_MAPPED])), images[:, ::_MAPPED].reshape(-1, x.shape[1]))
            fresh |= search.settle()
        pool = search.pool
        open_points &= fresh | (tame & deficient(pool.owner, pool.jacobian, pool.extent, size))


def _run(search: Pool, form: Form, owner: Rows, starts: Array) -> None:
    usable = np.isfinite(starts).all(axis=1)
    owner, starts = owner[usable], starts[usable]
    search.run(owner, starts)
    if form.cleared is not None:
        own = len(form.cleared.parameter_names)  # a search within limits has them as one more parameter
        ends = newton(form.cleared, search.p[owner, :own], starts, options=_ROUGHLY)
        search.run(owner[ends.converged], ends.x[ends.converged])
