#!/usr/bin/env python3
"""The two-time equations against a first-order scheme, and the self-consistent spectrum against energy conservation, in one run.

For g = 1.5 and 2, with and without white noise: error of the stationary variance and processor time, ours and Euler's method in its
two forms (first_order_two_time.py); our order of convergence; and how much doubling the run changes. Then time and error of
`stationary_spectrum` at one point. Run with OMP_NUM_THREADS=1. ``--quick`` for shorter runs.

Usage: two_time.py [--dt 0.05] [--quick]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from first_order_two_time import euler

import meanfield as mf

tanh = mf.transfer.tanh


def timed(run: Callable[[], Any], repeats: int = 1) -> tuple[Any, float]:
    """The result and the least processor time of a run, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = run()
        times.append(time.process_time() - start)
    return result, min(times)


def stationary_limit(g: float, sigma_squared: float, duration: float, dt: float) -> None:
    """One block: all schemes from the same start, a little off the stationary variance."""
    exact = mf.solve(mf.models.by_name("scs"), g=g, sigma_squared=sigma_squared)["Delta_0"]
    start = {"g": g, "sigma_squared": sigma_squared, "variance": 0.95 * exact}
    print(f"\ng = {g:g}, sigma_squared = {sigma_squared:g}, dt = {dt:g}: stationary Delta_0 = {exact:.10f}, duration {duration:g}")
    run, spent = timed(lambda: mf.two_time(tanh, **start, duration=2 * duration, dt=dt, window=duration / 3))
    half, end = run.Delta_0[run.t.size // 2], run.Delta_0[-1]
    claim = run.error["Delta_0"][-1]
    print(f"  order four        error {end - exact:+.1e}  claimed {claim:.0e}  {spent:6.2f} s for twice the duration")
    print(f"                    doubling the run changed it by {end - half:+.1e}")
    for name, consistent in (("Euler, equations", False), ("Euler, process", True)):
        diagonal, spent = timed(partial(euler, g, sigma_squared, 0.95 * exact, duration, dt, consistent))
        drift = diagonal[-1] - diagonal[-round(10 / dt)]
        print(f"  {name:17s} error {diagonal[-1] - exact:+.1e}  changed by {drift:+.0e} over the last 10  {spent:6.2f} s")


def convergence(g: float, sigma_squared: float) -> None:
    """Error of C(t, s) at the end of a short transient, by Richardson from the finest step."""
    steps = (0.1, 0.05, 0.025, 0.0125)
    start = {"g": g, "sigma_squared": sigma_squared, "variance": 1.0, "duration": 4.0, "tol": 1e-13}
    rows = [mf.two_time(tanh, **start, dt=dt).C[-1, :: 2**k] for k, dt in enumerate(steps)]
    gaps = [np.abs(a - b).max() for a, b in zip(rows, rows[1:])]
    orders = [np.log2(a / b) for a, b in zip(gaps, gaps[1:])]
    print(f"  g = {g:g}, sigma_squared = {sigma_squared:g}: changes {', '.join(f'{x:.1e}' for x in gaps)}", end="")
    print(f" at dt = 0.1, 0.05, 0.025: orders {', '.join(f'{x:.2f}' for x in orders)}")


def spectra(repeats: int) -> None:
    """Time and error of one self-consistent spectrum."""
    print("\nself-consistent spectrum, one point at a time")
    for g, sigma_squared in ((0.5, 0.5), (1.5, 0.1), (2.0, 0.1), (2.0, 0.5), (2.0, 1.0), (1.5, 0.0), (2.0, 0.0)):
        exact = mf.solve(mf.models.by_name("scs"), g=g, sigma_squared=sigma_squared)["Delta_0"]
        found, spent = timed(partial(mf.stationary_spectrum, tanh, g=g, sigma_squared=sigma_squared), repeats)
        error, claim = float(found.Delta_0 - exact), float(found.error["Delta_0"])
        print(f"  g = {g:g}, sigma_squared = {sigma_squared:g}: {1e3 * spent:5.1f} ms, error {error:+.1e}, claimed {claim:.0e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dt", type=float, default=0.05)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    spectra(3 if options.quick else 15)
    print("\norder of convergence")
    for sigma_squared in (0.0, 0.5):
        convergence(2.0, sigma_squared)
    for g, sigma_squared, duration in ((1.5, 0.5, 60.0), (2.0, 0.5, 110.0), (1.5, 0.0, 230.0), (2.0, 0.0, 130.0)):
        stationary_limit(g, sigma_squared, duration / 4 if options.quick else duration, options.dt)


if __name__ == "__main__":
    main()
