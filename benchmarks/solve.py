#!/usr/bin/env python3
"""Whole solves against the theorist's loop, paired in one run: time a point, failures, wrong roots, claimed errors.

Cold starts, one core, claimed error 1e-10, processor time. Run with OMP_NUM_THREADS=1. ``--quick`` for a coarse grid.

Usage: solve.py [--points 100] [--nodes 50] [--chaotic 36] [--ceiling 1200] [--quick]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import meanfield as mf

M_N, SIGMA_M = 2.0, 1.0
RIGHT = 1e-8  # error up to which a root of the rival counts as right, in every unknown
FEWEST = 150  # nodes of the rival at structured chaotic points, to begin with
HERE = Path(__file__).parent


def rival(points: int, nodes: int, chaotic: int | None) -> tuple[dict[str, Any], str, float]:
    """Run the rival's script: its values, what it printed, and which share of the time it had the core."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rival.npz"
        command = [sys.executable, str(HERE / "theorist_loop.py"), f"--points={points}", f"--nodes={nodes}", f"--save={out}"]
        if chaotic is not None:
            command.append(f"--chaotic={chaotic}")
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, time.perf_counter()
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        share = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / (time.perf_counter() - start)
        return dict(np.load(out)), text, min(share, 1.0)


def seconds(text: str, word: str) -> tuple[int, float]:
    """Points and seconds from the rival's line that begins with ``word``."""
    line = said(text, word)
    return int(line.split()[1]), float(line.split(",")[1].split()[0])


def said(text: str, word: str) -> str:
    """The rival's line that begins with ``word``: points, seconds, failures, wrong roots."""
    return next(line for line in text.splitlines() if line.startswith(word))


def timed(solve: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """The result and the least processor time of ``repeats`` runs after one that compiles."""
    result = solve()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = solve()
        times.append(time.process_time() - start)
    return result, min(times)


def report(name: str, result: Any, spent: float, rows: np.ndarray | None = None) -> float:
    """Print a line on the points of ``rows`` (default: all); returns microseconds a point."""
    found = result.found
    count = found.size
    largest = max(float(np.nanmax(e / np.maximum(1, abs(result[k])))) for k, e in result.errors.items())
    flagged = int(sum("above" in str(s) for s in np.ravel(result.status)))
    micro = spent / count * 1e6
    print(
        f"{name:32s} {count:6d} points  {micro:8.1f} us a point  {int((~found).sum())} without solution, "
        f"{flagged} above tolerance, largest claim {largest:.1e}"
    )
    return micro


def stationary(points: int, nodes: int, repeats: int) -> np.ndarray:
    """The stationary states on the rival's grid; returns where its bulk radius exceeds one."""
    g, m_m = np.meshgrid(np.linspace(0.05, 4, points), np.linspace(0.05, 2, points), indexing="ij")
    model = mf.models.by_name("rank1-stationary")
    result, spent = timed(lambda: mf.solve(model, g=g, M_m=m_m, M_n=M_N, Sigma_m=SIGMA_M), repeats)
    ours = report("rank1-stationary, find one", result, spent)
    values, text, share = rival(points, nodes, 0)
    count, theirs = seconds(text, "stationary")
    theirs *= share * 1e6 / count
    print(f"{'  rival, one start':32s} {count:6d} points  {theirs:8.1f} us a point, {theirs / ours:.1f} times ours")
    print("  " + said(text, "stationary"))
    difference = abs(abs(result["mu"]) - abs(values["stationary"][..., 0]))
    print(f"  the rival is on another state, or off by more than 1e-6, at {int((difference > 1e-6).sum())} points")
    return values["radius_squared"] > 1


def raised(points: int, count: int, roots: np.ndarray, ours: float, ceiling: int) -> None:
    """The rival at ``count`` structured points, its nodes doubled until it is right there; ``ours`` microseconds a point.

    roots (points, points, 3): our |mu|, Delta_0, Delta_inf. No number of nodes helps where it ends on Delta_inf = Delta_0.
    """
    done, spent, nodes = np.zeros(roots.shape[:2], dtype=bool), 0.0, FEWEST
    while True:
        values, text, share = rival(points, nodes, count)
        state = abs(values["chaotic"])
        tried, theirs = seconds(text, "chaotic")
        theirs *= share * 1e6 / max(tried, 1)
        right = (abs(state - roots) <= RIGHT).all(axis=2)
        left = np.isfinite(state[..., 0]) & ~right & (state[..., 2] < (1 - 1e-6) * state[..., 1])
        spent += theirs * int((right & ~done).sum())
        done |= right
        print(f"{f'  rival, {nodes} nodes':32s} {tried:6d} points  {theirs:8.0f} us a point, {theirs / ours:.0f} times ours")
        print(f"  {said(text, 'chaotic')}; {int(right.sum())} right to {RIGHT:g}, {int(left.sum())} not yet")
        if not left.any() or 2 * nodes > ceiling:
            break
        nodes *= 2
    if left.any():
        print(f"  the ceiling of {ceiling} nodes is reached with {int(left.sum())} points that more might make right")
    each = spent / max(int(done.sum()), 1)
    print(f"{'  rival, fewest nodes each':32s} {int(done.sum()):6d} points  {each:8.0f} us a point, {each / ours:.0f} times ours")


def chaotic(points: int, nodes: int, mask: np.ndarray, count: int, repeats: int, ceiling: int) -> None:
    """The chaotic states where the rival's stationary state has a bulk radius above one; structured ones apart."""
    g, m_m = np.meshgrid(np.linspace(0.05, 4, points), np.linspace(0.05, 2, points), indexing="ij")
    model = mf.models.by_name("rank1-chaotic")

    def solve(rows: np.ndarray) -> Any:
        return mf.solve(model, g=g[rows], M_m=m_m[rows], M_n=M_N, Sigma_m=SIGMA_M)

    result, spent = timed(lambda: solve(mask), repeats)
    every = report("rank1-chaotic, all", result, spent)
    structured = np.zeros_like(mask)
    structured[mask] = abs(result["mu"]) > 1e-6
    result, spent = timed(lambda: solve(structured), repeats)
    ours = report("rank1-chaotic, structured", result, spent)
    wrong = int((result["Delta_0"] - result["Delta_inf"] < 1e-9).sum())
    print(f"  wrong roots of ours (Delta_inf = Delta_0): {wrong}")
    roots = np.full((*mask.shape, 3), np.nan)
    roots[structured] = np.stack([abs(result["mu"]), result["Delta_0"], result["Delta_inf"]], axis=1)
    raised(points, count, roots, ours, ceiling)
    values, text, share = rival(points, nodes, None)
    count, theirs = seconds(text, "chaotic")
    theirs *= share * 1e6 / max(count, 1)
    print(f"{f'  rival, {nodes} nodes, all':32s} {count:6d} points  {theirs:8.0f} us a point, {theirs / every:.0f} times ours")
    print("  " + said(text, "chaotic"))


def others(repeats: int) -> None:
    """SCS and Kac-Rice."""
    model = mf.models.by_name("scs")
    g = np.linspace(1.05, 4, 10000)
    result, spent = timed(lambda: mf.solve(model, g=g), repeats)
    report("scs, g in [1.05, 4]", result, spent)
    model = mf.models.by_name("kac-rice")
    gains = np.linspace(1.3, 5, 40)
    edge = mf.solve(mf.indicator_zero(model, "alpha", "D"), g=gains)
    g, share = np.meshgrid(gains, np.linspace(0, 0.95, 40), indexing="ij")
    result, spent = timed(lambda: mf.solve(model, g=g, D=share * edge["D"][:, None]), repeats)
    report("kac-rice, D up to 0.95 D_c", result, spent)


def single(repeats: int) -> None:
    """One chaotic point's residual and Jacobian, in loops and the fastest call. Beside it Python alone, timed in the same ways:
    where its two times differ, the core is shared or its clock varies."""
    kernel = mf.compile(mf.models.by_name("rank1-chaotic"))
    x, p = np.array([[0.6, 2.5, 0.5]]), np.array([[2.1, 1.0, 2.5, 1.0]])
    for name, call in (
        ("one chaotic point, residual and Jacobian", lambda: kernel.residual_jacobian(x, p)),
        ("for comparison, 3000 steps of Python", lambda: sum(range(3000))),
    ):
        _, spent = timed(lambda call=call: [call() for _ in range(200)], repeats)
        fastest = min(timed(call, 1)[1] for _ in range(1000))
        print(f"{name}: {spent / 200 * 1e6:.0f} us in a loop, {fastest * 1e6:.0f} us the fastest call")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--chaotic", type=int, default=36, help="structured chaotic points for which the rival's nodes are raised")
    parser.add_argument("--ceiling", type=int, default=1200, help="most nodes to which the rival's are raised")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    points, repeats = (30, 1) if args.quick else (args.points, 5)
    mask = stationary(points, args.nodes, repeats)
    chaotic(points, args.nodes, mask, args.chaotic, repeats, args.ceiling)
    others(repeats)
    single(repeats)


if __name__ == "__main__":
    main()
