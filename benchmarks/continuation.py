"""Continuation beside the programs that install from the Python registry, in one run, on two problems with known folds.

A bistable branch ``p + u - u^3/3 = 0`` from p = -2 to 2 (folds at p = +-2/3), and Bratu's equation on 20 inner points up to
its fold (reference: Newton's method on the equations of the discretised fold, written out below). Printed: processor and wall
time (the best of three, child processes included), points, error of the fold, lines a user writes. A program written in Python
only runs by its own settings, then with smaller tolerances and ever smaller steps until its fold is as good as ours or a run
would take a minute; told is the best fold. AUTO-07p is driven by bifpy, "python": calling the Python function, "fortran": that
function written out and compiled first; "alone": that executable without Python and compiler; and by PyCoBi, from Fortran that the
user writes, compiled in a first run that does not count. What is not installed is passed over.

Usage: continuation.py   (with OMP_NUM_THREADS=1; pip install pycont-lite contique jaxcont bifpy pycobi pyrates; bifpy and pycobi
need gfortran, and pycobi an AUTO-07p with its Python module, such as Debian's package auto-07p)
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from tempfile import TemporaryDirectory

import numpy as np
from continuation_auto import bifpy_folds, bifpy_run, pycobi_missing, pycobi_run
from continuation_peers import LAPLACE, PYTHON_ONLY, SIZE, START, Peer

import meanfield as mf
from meanfield.continuation import Steps, Stops, follow
from meanfield.solve import FunctionProblem

_LONG = 60.0  # seconds: no run is made that would take longer
_SHORT = 1.0  # runs that take less are compared in turns
Found = tuple[int, Sequence[float]]


def ours_cubic() -> Found:
    by_p = lambda u, p: np.ones((len(u), 1, 1))
    problem = FunctionProblem(
        lambda u, p: p + u - u**3 / 3, lambda u, p: (1 - u**2)[:, :, None], ["u"], ["p"], parameter_derivative=by_p
    )
    branch = follow(problem, "p", 2, x=[START], p=[-2.0])
    return len(branch), [e.at["p"] for e in branch.events("fold")]


def ours_bratu() -> Found:
    jacobian = lambda u, p: LAPLACE + (p * np.exp(u))[:, :, None] * np.eye(SIZE)
    names, by_p = [f"u_{i}" for i in range(SIZE)], lambda u, p: np.exp(u)[:, :, None]
    problem = FunctionProblem(lambda u, p: u @ LAPLACE + p * np.exp(u), jacobian, names, ["p"], parameter_derivative=by_p)
    branch = follow(problem, "p", 5, x=np.zeros(SIZE), p=[0.0], stops=Stops({"u_10": (-1, 4)}))
    return len(branch), [e.at["p"] for e in branch.events("fold")]


def bratu_fold() -> float:
    """p where L u + p exp(u) = 0 and (L + p diag exp(u)) v = 0, v_10 = 1."""
    u, p, v = 1.2 * np.sin(np.pi * np.arange(1, SIZE + 1) / (SIZE + 1)), 3.5, np.sin(np.pi * np.arange(1, SIZE + 1) / (SIZE + 1))
    for _ in range(12):
        e = np.exp(u)
        slope, zero = LAPLACE + p * np.diag(e), np.zeros((SIZE, SIZE))
        row = np.concatenate([np.zeros(SIZE), np.eye(SIZE)[10], [0.0]])
        matrix = np.vstack([np.hstack([slope, zero, e[:, None]]), np.hstack([p * np.diag(e * v), slope, (e * v)[:, None]]), row])
        step = np.linalg.solve(matrix, np.concatenate([LAPLACE @ u + p * e, slope @ v, [v[10] - 1]]))
        u, v, p = u - step[:SIZE], v - step[SIZE : 2 * SIZE], p - step[-1]
    return float(p)


OURS: dict[str, Callable[[], Found]] = {"cubic": ours_cubic, "Bratu": ours_bratu}
FOLDS = {"cubic": (2 / 3, -2 / 3), "Bratu": (bratu_fold(),)}


@dataclass(frozen=True)
class Row:
    """Times in seconds; error: the largest of a problem's folds, inf where one is missing."""

    name: str
    problem: str
    processor: float
    wall: float
    points: int
    error: float
    lines: int

    def __str__(self) -> str:
        times = f"{1e3 * self.processor:10.1f} {1e3 * self.wall:10.1f}"
        return f"{self.name:18} {self.problem:8} {times} {self.points:7d} {self.error:10.1e} {self.lines:6d}"


def processor_time() -> float:
    """Of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def silent(run: Callable[[], Found]) -> Callable[[], Found]:
    """A rival tells of every step."""

    def quiet() -> Found:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run()

    return quiet


def timed(name: str, problem: str, lines: int, run: Callable[[], Found]) -> Row:
    best, wall = np.inf, np.inf
    for k in range(4):
        begin, clock = processor_time(), time.perf_counter()
        points, folds = silent(run)()
        took = time.perf_counter() - clock
        if k or took > 5:  # the first run may compile
            best, wall = min(best, processor_time() - begin), min(wall, took)
        if took > 5:
            break
    error = max(min((abs(f - true) for f in folds), default=np.inf) for true in FOLDS[problem])
    return Row(name, problem, best, wall, points, error, lines)


def tightened(peer: Peer, problem: str, first: Row, wanted: float) -> Row:
    """The best fold that a program reaches."""
    best, took = first, first.wall
    for fine in (2, 8, 32, 128):
        if best.error <= wanted or 4 * took > _LONG:
            break
        row = timed(f"{peer.title}/{fine}", problem, peer.lines, lambda fine=fine: peer.runs[problem](fine))
        best, took = (row if row.error < 0.5 * best.error else best), row.wall
    return best


def peers(ours: dict[str, Row]) -> Iterator[tuple[Row, Row, float]]:
    """Rows of the programs in Python, by their own settings and at their best, and how many times our time the former takes."""
    for peer in PYTHON_ONLY:
        if find_spec(peer.name) is None:
            print(f"{peer.name} is not installed and passed over")
            continue
        for problem in peer.runs:
            try:
                first = timed(peer.title, problem, peer.lines, lambda peer=peer, problem=problem: peer.runs[problem](1))
                print(first, flush=True)
                quotient = first.processor / ours[problem].processor
                if first.wall < _SHORT:
                    quotient = in_turns(silent(lambda peer=peer, problem=problem: peer.runs[problem](1)), OURS[problem])
                best = first if peer.settings else tightened(peer, problem, first, max(ours[problem].error, 1e-14))
            except Exception as reason:  # a rival that stops is a result, too
                print(f"{peer.title:18} {problem:8} stopped: {str(reason)[:80]}")
                continue
            if best is not first:
                print(best, flush=True)
            yield first, best, quotient


def in_turns(one: Callable[[], object], other: Callable[[], object]) -> float:
    """Quotient of the processor times of two programs, the best of eight each, one after the other: what disturbs the machine for
    a while disturbs both. Each runs once before it counts: what the other has left in the processor's caches is not its own."""
    best = [np.inf, np.inf]
    for _ in range(8):
        for side, run in enumerate((one, other)):
            run()
            begin = processor_time()
            run()
            best[side] = min(best[side], processor_time() - begin)
    return best[0] / best[1]


def auto_rows(slower: dict[str, float]) -> Iterator[Row]:
    """AUTO-07p, with and without what is around it. slower: how many times its executable's time ours takes, by problem."""
    if find_spec("bifpy") is None:
        print("bifpy, and with it AUTO-07p, is not installed and passed over")
        return
    for problem in FOLDS:
        for title, native in (("AUTO by python", False), ("AUTO by fortran", True)):
            yield timed(title, problem, 12, lambda problem=problem, native=native: bifpy_folds(bifpy_run(problem, native)))
        kept = bifpy_run(problem, True, keep=True)
        folder = kept.output_directory

        def alone(folder: str = folder) -> None:
            subprocess.run([f"{folder}/model_exe"], cwd=folder, capture_output=True, check=True)

        found = bifpy_folds(kept)
        yield timed("AUTO alone", problem, 12, lambda alone=alone, found=found: alone() or found)
        slower[problem] = in_turns(OURS[problem], alone)
        shutil.rmtree(folder)


def pycobi_rows() -> Iterator[Row]:
    """AUTO-07p by PyCoBi; what a user writes is the Fortran, too."""
    missing = pycobi_missing()
    if missing:
        print(f"pycobi is passed over: {missing}")
        return
    for problem in FOLDS:
        with TemporaryDirectory() as folder:
            yield timed("AUTO by pycobi", problem, 20, lambda problem=problem, folder=folder: pycobi_run(problem, folder))


def step_of_a_network(name: str, along: str, to: float, **parameters: float) -> str:
    """Processor time of a network's branch by points, everything included; and of one more accepted step, with the test for
    events that it brings, from a walk with steps a quarter as long and nothing put in between."""
    start = mf.solve(mf.models.by_name(name), find="one", **parameters)
    steps = (Steps(), Steps(largest=0.05, angle=0.12, between=0), Steps(largest=0.0125, angle=0.03, between=0))
    best, size = [np.inf] * len(steps), [0] * len(steps)
    for turn in range(9):
        for k, own in enumerate(steps):
            begin = processor_time()
            size[k] = len(follow(start, along, to, steps=own))
            best[k] = min(best[k], processor_time() - begin) if turn else best[k]  # compiled in the first
    further = (best[2] - best[1]) / (size[2] - size[1])
    return f"{1e3 * best[0] / size[0]:.2f} ms a point of {size[0]}, {1e3 * further:.2f} ms a further step"


def main() -> None:
    print(f"{'program':18} {'problem':8} {'proc. [ms]':>10} {'wall [ms]':>10} {'points':>7} {'error':>10} {'lines':>6}")
    ours = {name: timed("meanfield", name, 3, run) for name, run in OURS.items()}
    for row in ours.values():
        print(row, flush=True)
    found = list(peers(ours))
    slower: dict[str, float] = {}
    for row in auto_rows(slower):
        print(row, flush=True)
    for row in pycobi_rows():
        print(row, flush=True)
    for problem, own in ours.items():
        for title, side in (("by their own settings", 0), ("at their best fold", 1)):
            rows = [((first, best)[side], quotient) for first, best, quotient in found if first.problem == problem]
            times = [f"{r.name} {r.processor / own.processor if side else q:.1f}" for r, q in rows]
            print(f"{problem}: times ours, {title}: {', '.join(times) or 'none'}")
        if problem in slower:
            print(f"{problem}: ours takes {slower[problem]:.1f} times what AUTO's executable takes, in turns")
    print("chaotic network:", step_of_a_network("rank1-chaotic", "g", 3.5, g=1.8, M_m=1.1, M_n=2, Sigma_m=1))
    print("driven network:", step_of_a_network("rank1-input-stationary", "M_I", 1.0, g=0.8, M_m=1, M_n=2, M_I=-1.0))


if __name__ == "__main__":
    main()
