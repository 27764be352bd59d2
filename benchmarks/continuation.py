"""Continuation beside the Python programs that install from the registry, in one run, on two problems with known folds.

A bistable branch ``p + u - u^3/3 = 0`` from p = -2 to 2 (folds at p = +-2/3), and Bratu's equation on 20 inner points up to
its fold (reference: Newton's method on the equations of the discretised fold, written out below). Printed: processor time
(best of three, child processes included), points, error of the fold, lines a user writes. A rival that is not installed is passed
over with a sentence. bifpy drives AUTO-07p: "auto" interprets the Python function, "auto-f" has it transpiled to Fortran; the first
of its runs, which compiles, does not count.

Usage: continuation.py   (with OMP_NUM_THREADS=1; rivals: pip install pycont-lite contique jaxcont bifpy; bifpy needs gfortran)
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np

import meanfield as mf
from meanfield.continuation import Stops, follow
from meanfield.solve import FunctionProblem

SIZE = 20
LAPLACE = (np.eye(SIZE, k=1) + np.eye(SIZE, k=-1) - 2 * np.eye(SIZE)) * (SIZE + 1) ** 2
START = float(np.real(min(np.roots([-1 / 3, 0, 1, -2.0]), key=lambda r: abs(r.imag))))


def cubic(u: Any, p: float) -> Any:
    return p + u - u**3 / 3


def bratu(u: Any, p: float) -> Any:
    return LAPLACE @ u + p * np.exp(u)


def ours_cubic() -> tuple[int, float]:
    problem = FunctionProblem(lambda u, p: p + u - u**3 / 3, lambda u, p: (1 - u**2)[:, :, None], ["u"], ["p"])
    branch = follow(problem, "p", 2, x=[START], p=[-2.0])
    return len(branch), max(abs(abs(e.at["p"]) - 2 / 3) for e in branch.events("fold"))


def ours_bratu() -> tuple[int, float]:
    jacobian = lambda u, p: LAPLACE + (p * np.exp(u))[:, :, None] * np.eye(SIZE)
    problem = FunctionProblem(lambda u, p: u @ LAPLACE + p * np.exp(u), jacobian, [f"u_{i}" for i in range(SIZE)], ["p"])
    branch = follow(problem, "p", 5, x=np.zeros(SIZE), p=[0.0], stops=Stops({"u_10": (-1, 4)}))
    return len(branch), branch.events("fold")[0].at["p"]


def pycont_path(f: Callable[[Any, float], Any], u: Any, p: float, window: tuple[float, float], steps: int) -> Any:
    from pycont.continuation import pseudoArclengthContinuation

    options = {"initial_directions": "increase_p", "param_min": window[0], "param_max": window[1], "analyze_stability": False}
    result = pseudoArclengthContinuation(f, u, p, 1e-6, 0.1, 0.05, steps, options, verbosity="OFF")
    turns = [e.p for e in result.events if e.kind == "LP"]
    return sum(len(b.p_path) for b in result.branches), turns


def pycont_cubic() -> tuple[int, float]:
    points, turns = pycont_path(cubic, np.array([START]), -2.0, (-2.1, 2.0), 200)
    return points, max((abs(abs(t) - 2 / 3) for t in turns), default=np.nan)


def pycont_bratu() -> tuple[int, float]:
    points, turns = pycont_path(bratu, np.zeros(SIZE), 0.0, (-0.1, 5.0), 150)
    return points, turns[0] if turns else np.nan


def contique_path(f: Callable[[Any, float], Any], u: Any, p: float, reach: float, steps: int) -> tuple[int, Any]:
    from contique import solve

    results = list(solve(lambda x, q: f(x, q), u, p, dxmax=reach, dlpfmax=reach, control0=(len(u), 1), maxsteps=steps, tol=1e-10))
    return len(results), np.array([r.x[-1] for r in results])


def contique_cubic() -> tuple[int, float]:
    points, path = contique_path(cubic, np.array([START]), -2.0, 0.1, 100)
    turns = path[1:-1][(np.diff(path)[:-1] * np.diff(path)[1:]) < 0]  # it reports no folds: the point where the path turns
    return points, max((abs(abs(t) - 2 / 3) for t in turns[:2]), default=np.nan)


def contique_bratu() -> tuple[int, float]:
    points, path = contique_path(bratu, np.zeros(SIZE), 0.0, 0.1, 60)
    return points, float(path.max())


def jaxcont_path(f: Callable[[Any, Any, Any], Any], u: Any, p: float, window: tuple[float, float]) -> tuple[int, list[float]]:
    import jax
    import jax.numpy as jnp
    import jaxcont

    jax.config.update("jax_enable_x64", True)
    problem = jaxcont.bif_problem(f, u0=jnp.array(u), p0=p, param_name="p")
    options = jaxcont.ContinuationPar(ds=0.05, max_steps=200)
    result = jaxcont.continuation(problem, p_span=window, settings=options, events=[jaxcont.Fold()])
    return len(result.branch.params), [float(e.p) for e in result.events if "fold" in str(e.kind).lower()]


def jaxcont_cubic() -> tuple[int, float]:
    points, turns = jaxcont_path(lambda u, p, args: p + u - u**3 / 3, [START], -2.0, (-2.0, 2.0))
    return points, max((abs(abs(t) - 2 / 3) for t in turns), default=np.nan)


def jaxcont_bratu() -> tuple[int, float]:
    import jax.numpy as jnp

    points, turns = jaxcont_path(lambda u, p, args: jnp.array(LAPLACE) @ u + p * jnp.exp(u), [0.0] * SIZE, 0.0, (0.0, 5.0))
    return points, turns[0] if turns else np.nan


def auto_path(f: Callable[[Any, Any], Any], u: Any, p: float, window: tuple[float, float], native: bool) -> Any:
    from bifpy import auto

    def start(state: Any, parameters: Any, _: float) -> None:
        for i, value in enumerate(u):
            state[i] = value
        parameters[0] = p

    settings = {"ips": auto.IPS_ALGEBRAIC_SYSTEM, "ndim": len(u), "npar": 1, "nmx": 200, "ntst": 20, "ncol": 4, "iad": 3}
    settings |= {"ilp": 1, "isp": 0, "iads": 1, "itmx": 9, "itnw": 5, "nwtn": 3, "jac": 0, "ds": 0.05, "dsmin": 1e-4, "dsmax": 0.1}
    settings |= {"rl0": window[0], "rl1": window[1], "a0": -1e300, "a1": 1e300, "epsl": 1e-11, "epsu": 1e-11, "epss": 1e-9}
    result = auto.run(f, start, settings, icu=[1], transpile=native)
    found = [point for branch in result.branches for point in branch.points]
    return len(found), [q.parameters[0] for q in found if abs(q.point_type_code) % 10 == 2]  # of limit points


def auto_cubic(native: bool = False) -> tuple[int, float]:
    points, turns = auto_path(lambda u, p: [p[0] + u[0] - u[0] ** 3 / 3], [START], -2.0, (-2.1, 2.0), native)
    return points, max((abs(abs(t) - 2 / 3) for t in turns), default=np.nan)


def auto_bratu(native: bool = False) -> tuple[int, float]:
    points, turns = auto_path(bratu_by_rows, [0.0] * SIZE, 0.0, (-0.1, 5.0), native)
    return points, turns[0] if turns else np.nan


def bratu_by_rows(u: Any, p: Any) -> Any:
    from math import exp

    try:
        from sympy import exp as symbolic
    except ImportError:
        symbolic = exp
    e = exp if isinstance(u[0], float) else symbolic
    wide = [0.0, *(u[i] for i in range(SIZE)), 0.0]
    return [(wide[i] - 2 * wide[i + 1] + wide[i + 2]) * (SIZE + 1) ** 2 + p[0] * e(wide[i + 1]) for i in range(SIZE)]


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


PROGRAMS = {
    "meanfield": (ours_cubic, ours_bratu, 3),
    "pycont": (pycont_cubic, pycont_bratu, 5),
    "contique": (contique_cubic, contique_bratu, 4),
    "jaxcont": (jaxcont_cubic, jaxcont_bratu, 4),
    "auto": (auto_cubic, auto_bratu, 12),
    "auto-f": (lambda: auto_cubic(True), lambda: auto_bratu(True), 12),
}
MODULES = {"auto": "bifpy", "auto-f": "bifpy"}


def processor_time() -> float:
    """Of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(run: Callable[[], tuple[int, float]]) -> tuple[float, int, float]:
    best = np.inf
    for k in range(4):
        begin = processor_time()
        with redirect_stdout(StringIO()):  # a rival tells of every step
            points, value = run()
        best = min(best, processor_time() - begin) if k else best  # the first run may compile
    return best, points, value


def step_of_a_network() -> str:
    """Processor time of an accepted step of the driven rank-one network (three unknowns), everything included but events."""
    start = mf.solve(mf.models.by_name("rank1-input-stationary"), g=0.8, M_m=1, M_n=2, M_I=-1.0)
    follow(start, "M_I", 1)  # compiled once
    begin = processor_time()
    branch = follow(start, "M_I", 1)
    return f"{len(branch)} points, {1e3 * (processor_time() - begin) / len(branch):.2f} ms a point"


def main() -> None:
    reference = bratu_fold()
    print(f"{'program':10} {'problem':8} {'time [ms]':>10} {'points':>7} {'error of the fold':>18} {'lines':>6}")
    for name, (run_cubic, run_bratu, lines) in PROGRAMS.items():
        if find_spec(MODULES.get(name, name)) is None:
            print(f"{name:10} is not installed and passed over")
            continue
        for problem, run in (("cubic", run_cubic), ("Bratu", run_bratu)):
            try:
                best, points, value = timed(run)
            except Exception as reason:  # a rival that stops is a result, too
                print(f"{name:10} {problem:8} stopped: {str(reason)[:80]}")
                continue
            off = value if problem == "cubic" else abs(value - reference)
            print(f"{name:10} {problem:8} {1e3 * best:10.1f} {points:7d} {off:18.1e} {lines:6d}")
    print("a step of the driven rank-one network:", step_of_a_network())


if __name__ == "__main__":
    main()
