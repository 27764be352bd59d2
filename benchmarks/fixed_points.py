#!/usr/bin/env python3
"""The finder of fixed points against a loop over `scipy.optimize.root`: same network, starts and Jacobian, one run.

Time per distinct fixed point found and per successful start. Both in one process (processor time, which other programs do not
disturb, interleaved in rounds), and ours once more on all cores (wall-clock time). Run with OMP_NUM_THREADS=1.

Usage: fixed_points.py [--neurons 100] [--g 2 3] [--starts 256] [--workers N]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import root

import meanfield as mf
from meanfield.simulate.fixed_points import System
from meanfield.simulate.fixed_points.register import Register
from meanfield.simulate.fixed_points.starts import BLOCK, starts


@dataclass
class Tally:
    """What one method found, and for how much processor time."""

    register: Register
    seconds: float = 0.0
    successes: int = 0
    tried: int = 0
    outcomes: list[int] = field(default_factory=list)

    def enter(self, points: np.ndarray) -> None:
        numbers = [self.register.add(x) for x in points]
        self.successes += sum(n >= 0 for n in numbers)

    def line(self, name: str) -> str:
        each = self.seconds / max(len(self.register), 1) * 1e3
        success = self.seconds / max(self.successes, 1) * 1e3
        found = f"{self.successes:5d} successful {len(self.register):4d} distinct pairs"
        return f"{name:30s} {self.tried} starts {self.seconds:7.2f} s {found} {each:8.1f} ms a pair {success:7.1f} ms a success"


def by_scipy(system: System, x: np.ndarray) -> np.ndarray:
    """The theorist's loop."""
    J, N = system.J, len(system.J)
    identity = np.eye(N)
    found = []
    for start in x:
        result = root(lambda v: J @ np.tanh(v) - v, start, jac=lambda v: J * (1 - np.tanh(v) ** 2) - identity, tol=1e-10)
        if np.sum(result.fun**2) < 1e-16:
            found.append(result.x)
    return np.array(found).reshape(-1, N)


def compare(N: int, g: float, count: int, workers: int | None) -> None:
    J = np.random.default_rng(0).normal(size=(N, N)) * g / np.sqrt(N)
    system = System(J, mf.transfer.tanh, np.zeros(N))
    blocks = [starts(system, 0, k) for k in range(-(-count // BLOCK))]
    mf.find_fixed_points(J, starts=blocks[0][:4])  # imports, code generation
    ours, theirs = (Tally(Register(N, True)) for _ in range(2))
    for x in blocks:
        began = time.process_time()
        found = mf.find_fixed_points(J, starts=x, workers=1)
        ours.seconds += time.process_time() - began
        ours.tried += len(x)
        ours.enter(found.representatives[found.outcomes[found.outcomes >= 0]])
        began = time.process_time()
        points = by_scipy(system, x)
        theirs.seconds += time.process_time() - began
        theirs.tried += len(x)
        theirs.enter(points)
    print(f"N = {N}, g = {g:g}")
    print(ours.line("meanfield, one process"))
    print(theirs.line("scipy.optimize.root in a loop"))
    pair = theirs.seconds / max(len(theirs.register), 1) / (ours.seconds / max(len(ours.register), 1))
    success = theirs.seconds / max(theirs.successes, 1) / (ours.seconds / max(ours.successes, 1))
    print(f"ratio on one core: {pair:.1f} per distinct fixed point, {success:.1f} per success")
    if workers != 1:
        began = time.perf_counter()
        every = mf.find_fixed_points(J, starts=16 * len(blocks) * BLOCK, workers=workers)
        spent = time.perf_counter() - began
        each = spent / every.starts * 1e3
        print(f"all cores: {every}; {each:.2f} ms a start by the wall clock")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--g", type=float, nargs="+", default=[2.0, 3.0])
    parser.add_argument("--starts", type=int, default=256)
    parser.add_argument("--workers", type=int, default=None)
    options = parser.parse_args()
    for g in options.g:
        compare(options.neurons, g, options.starts, options.workers)


if __name__ == "__main__":
    main()
