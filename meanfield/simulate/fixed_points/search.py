"""All fixed points of one network, as far as a number of starts finds them."""

from __future__ import annotations

import zlib
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield import transfer
from meanfield.errors import ParameterError
from meanfield.progress import ProgressOption, reporting
from meanfield.simulate.fixed_points.completeness import chao1
from meanfield.simulate.fixed_points.levenberg import Array, System, descend, newton
from meanfield.simulate.fixed_points.record import FixedPoints
from meanfield.simulate.fixed_points.register import Register, outcomes_of
from meanfield.simulate.fixed_points.saved import Saved
from meanfield.simulate.fixed_points.starts import BLOCK
from meanfield.simulate.fixed_points.starts import starts as make_starts
from meanfield.simulate.fixed_points.workers import available_cores, in_order
from meanfield.transfer import Transfer

__all__ = ["find_fixed_points", "search_cost"]

_ACCEPT = 1e-18  # of |y|^2
_LOOKS = tuple(256 * 2**k for k in range(20))  # numbers of starts after which `until` is asked about
_WORTH_PROCESSES = 10.0  # seconds of work; starting processes takes one or two


def find_fixed_points(
    J: ArrayLike,
    phi: Transfer | str = transfer.tanh,
    *,
    input: ArrayLike = 0.0,
    starts: int | ArrayLike = 2048,
    seed: int = 0,
    until: float | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    save: str | Path | None = None,
    progress: ProgressOption = None,
) -> FixedPoints:
    """Fixed points of ``x' = -x + J phi(x) + I``: ``x = J phi(x) + I``, by Levenberg-Marquardt from many starts.

    J: (N, N). phi: a transfer function or its name. input: I, a number or (N,). starts: how many (rounded up to whole blocks of
    64; half from trajectories, half Gaussian), or an array (S, N). seed: of the starts; the same seed gives the same result to
    the bit, whatever the number of workers. until: stop before ``starts`` are spent when no more than this share of the fixed
    points is missing, by Chao's estimate plus its standard error; looked at after 256, 512, ... starts. executor: of
    `concurrent.futures`; by default processes on ``workers`` cores (all; 1: this process alone, as for small tasks anyway) with
    one BLAS thread each. Scripts that use processes need ``if __name__ == "__main__":``.

    save: a netCDF file. What is finished is kept beside it while the search runs (``FILE.part``), so that neither Ctrl-C nor a
    crash loses it; the same call again goes on, also to more starts, and ends with the same set as a search that was never
    interrupted. A file of another network or of other starts raises `ParameterError`.
    """
    system = _system(J, phi, input)
    given = None if np.ndim(starts) == 0 else _given(starts, len(system.J))
    total = len(given) if given is not None else -(-_whole(starts) // BLOCK) * BLOCK
    origin = f"seed {seed}" if given is None else f"starts {zlib.crc32(given.tobytes()):08x}"
    search = _Search(system, origin, Saved(save, system, origin) if save is not None else None)
    begins = range(search.done, total, BLOCK)
    tasks = [b // BLOCK if given is None else given[b : b + BLOCK] for b in begins]
    if executor is None and workers is None and search_cost(len(system.J), BLOCK * len(tasks)) < _WORTH_PROCESSES:
        workers = 1
    if until is not None and search.complete(until):
        tasks = []
    with reporting(progress) as report:
        report.start(BLOCK * len(tasks), f"fixed points, N = {len(system.J)}")
        for reached, points in in_order(_block, (system, seed), tasks, executor, workers or available_cores()):
            search.enter(reached, points)
            report.advance(len(reached))
            if until is not None and search.complete(until):
                break
    return search.result(write=bool(tasks)).first(total)


def search_cost(N: int, starts: int) -> float:
    """Seconds that a search is likely to take on one core."""
    return starts * (2e-4 + 3e-3 * (N / 100) ** 2.3)


def _block(system: System, seed: int, task: int | Array) -> tuple[NDArray[np.bool_], Array]:
    """What each start of a block (its number, or the starts) reaches: whether a fixed point (B,), and where (B, N)."""
    system = _compiled_once(system)
    x = make_starts(system, seed, task) if isinstance(task, int) else task
    last, reached, _ = descend(system, x)
    if reached.any():
        last[reached], f = newton(system, last[reached])
        reached[reached] = f < _ACCEPT
    return reached, last


_TRANSFERS: dict[Transfer, Transfer] = {}


def _compiled_once(system: System) -> System:
    """The system with this process's own copy of phi, whose code is generated once and not with every task that arrives."""
    return System(system.J, _TRANSFERS.setdefault(system.phi, system.phi), system.input)


class _Search:
    """The register and the outcomes so far, kept in a file if asked for."""

    def __init__(self, system: System, origin: str, saved: Saved | None) -> None:
        self.system, self.origin, self.saved = system, origin, saved
        symmetric = system.phi.traits.parity == "odd" and not system.input.any()
        self.register = Register(len(system.J), symmetric)
        self.outcomes: list[NDArray[np.int32]] = []
        for outcomes, points in saved.blocks() if saved else ():
            self.outcomes.append(outcomes)
            self.register.restore(points)

    @property
    def done(self) -> int:
        """Starts that are finished."""
        return sum(map(len, self.outcomes))

    def enter(self, reached: NDArray[np.bool_], points: Array) -> None:
        before = len(self.register)
        outcomes = outcomes_of(self.register, reached, points)
        if self.saved:
            self.saved.append(self.done, outcomes, self.register.array(before))
        self.outcomes.append(outcomes)

    def complete(self, until: float) -> bool:
        """Whether few enough are missing; only asked at certain numbers of starts, so that it does not depend on the workers."""
        if self.done not in _LOOKS:
            return False
        numbers = np.concatenate(self.outcomes)
        hits = np.bincount(numbers[numbers >= 0], minlength=len(self.register))
        estimate = chao1(hits)
        # A network that shows no fixed point is given some time to.
        return estimate.value + estimate.error - len(hits) <= until * len(hits) and (len(hits) > 0 or self.done > _LOOKS[0])

    def result(self, write: bool) -> FixedPoints:
        outcomes = np.concatenate([np.zeros(0, dtype=np.int32), *self.outcomes])
        found = FixedPoints(self.system, self.register.array(), outcomes, self.register.symmetric, self.origin)
        if self.saved and (write or not self.saved.path.exists()):
            self.saved.finish(found)
        return found


def _system(J: ArrayLike, phi: Transfer | str, input: ArrayLike) -> System:
    matrix = np.ascontiguousarray(J, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ParameterError(f"J must be a square matrix (N, N) of couplings, got the shape {np.shape(J)}")
    try:
        vector = np.broadcast_to(np.asarray(input, dtype=float), (len(matrix),)).copy()
    except ValueError as error:
        raise ParameterError(f"the input must be a number or of shape ({len(matrix)},), got {np.shape(input)}") from error
    if not (np.isfinite(matrix).all() and np.isfinite(vector).all()):
        raise ParameterError("J and the input must be finite")
    if not isinstance(phi, str | Transfer):
        raise ParameterError(f"phi must be a transfer function of meanfield.transfer, or its name, got {phi!r}")
    return System(matrix, transfer.by_name(phi) if isinstance(phi, str) else phi, vector)


def _given(starts: Any, N: int) -> Array:
    given = np.ascontiguousarray(starts, dtype=float)
    if given.ndim != 2 or given.shape[1] != N:
        raise ParameterError(f"starts must be a number or an array (S, {N}), got the shape {given.shape}")
    return given


def _whole(starts: Any) -> int:
    if isinstance(starts, bool) or int(starts) != starts or starts < 1:
        raise ParameterError(f"starts must be a positive whole number, or an array (S, N), got {starts}")
    return int(starts)
