"""Blocks of work on all cores: an executor of the caller's, processes of our own, or this process alone."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["available_cores", "in_order"]

T = TypeVar("T")

# Libraries read these when they are loaded, which for a worker is after it was started: one thread for each.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    work: Callable[..., T], shared: tuple[Any, ...], tasks: Sequence[Any], executor: Executor | None = None, workers: int = 1
) -> Iterator[T]:
    """``work(*shared, task)`` for every task, in the order of the tasks.

    executor: any of `concurrent.futures`; else ``workers`` processes, or this one alone if that is 1. Not more than twice as many
    tasks as workers are under way, so that little is lost if the caller stops. Where processes cannot be started (a script
    without ``if __name__ == "__main__":``), the work is done here.
    """
    if executor is None and (workers <= 1 or len(tasks) < 2):
        for task in tasks:
            yield work(*shared, task)
        return
    done = 0
    try:
        with _pool(executor, workers) as pool:
            for result in _submitted(pool, work, shared, tasks, 2 * workers):
                done += 1
                yield result
    except BrokenExecutor:
        if executor is not None:
            raise
        for task in tasks[done:]:
            yield work(*shared, task)


def _submitted(pool: Executor, work: Callable[..., T], shared: tuple[Any, ...], tasks: Sequence[Any], ahead: int) -> Iterator[T]:
    waiting: deque[Future[T]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(work, *shared, task))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _pool(executor: Executor | None, workers: int) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    from multiprocessing import get_context

    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupts) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that the user started; it ends the workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
