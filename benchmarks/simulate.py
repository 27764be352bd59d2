#!/usr/bin/env python3
"""Throughput of `simulate` beside a bare loop of linear algebra, ``J @ phi(X)``, paired in one run.

Counted are evaluations of the right side: four a step without noise, two with. The simulation does everything else as well: drawing
the network, steps, samples, averages. Run with OMP_NUM_THREADS=1. ``--quick`` for small networks.

Usage: simulate.py [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import meanfield as mf
from meanfield.networks import bind_model
from meanfield.simulate import Settings
from meanfield.simulate.run import run_network
from meanfield.simulate.settings import default_step

REPEATS = 3


def bare(neurons: int, columns: int, dtype: Any, evaluations: int) -> Callable[[], None]:
    """So many products with preallocated results."""
    rng = np.random.default_rng(0)
    J = rng.standard_normal((neurons, neurons), dtype=dtype) * np.asarray(2 / np.sqrt(neurons), dtype)
    X = rng.standard_normal((neurons, columns), dtype=dtype)
    phi, out = np.empty_like(X), np.empty_like(X)

    def loop() -> None:
        for _ in range(evaluations):
            np.tanh(X, out=phi)
            np.matmul(J, phi, out=out)

    return loop


def spent(work: Callable[[], Any]) -> float:
    """Processor seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(neurons: int, columns: int, dtype: str, sigma_squared: float, duration: float) -> float:
    """Print a line; returns time of the simulation over that of the loop (medians of repeats that alternate)."""
    numbers = bind_model(mf.models.by_name("scs"), g=2, sigma_squared=sigma_squared)
    settings = Settings(
        neurons=neurons, trajectories=columns, time=duration, transient=duration, dt=default_step(numbers), precision=dtype
    )
    evaluations = round(2 * duration / settings.step) * (2 if sigma_squared else 4)
    loop = bare(neurons, columns, np.dtype(dtype).type, evaluations)
    loop()
    pairs = [(spent(loop), spent(lambda: run_network(numbers, settings, 0))) for _ in range(REPEATS)]
    plain, whole = np.median(np.array(pairs), axis=0)
    ratio = float(np.median([b / a for a, b in pairs]))
    print(
        f"N = {neurons:5d}, {columns:3d} columns, {dtype}, {'noise' if sigma_squared else 'no noise':8s}: bare loop "
        f"{1e6 * plain / evaluations:8.1f} us, simulation {1e6 * whole / evaluations:8.1f} us an evaluation, ratio {ratio:.2f}"
    )
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    for neurons in (500,) if quick else (250, 500, 1000, 2000):
        for columns in (1, 2, 8) if quick else (1, 2, 8, 32):
            for dtype in ("float32", "float64"):
                for sigma_squared in (0.0, 0.5):
                    compare(neurons, columns, dtype, sigma_squared, 15.0 if quick or neurons > 1000 else 30.0)


if __name__ == "__main__":
    main()
