"""The programs beside which `continuation.py` runs: the same two problems written for each of them.

Each takes ``fine``, how many times smaller than by default steps are (and, beyond 1, tolerances as small as they go), and
returns the number of points and the folds it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = 20
LAPLACE = (np.eye(SIZE, k=1) + np.eye(SIZE, k=-1) - 2 * np.eye(SIZE)) * (SIZE + 1) ** 2
START = float(np.real(min(np.roots([-1 / 3, 0, 1, -2.0]), key=lambda r: abs(r.imag))))
FLAT = [0.0] * SIZE
Found = tuple[int, Sequence[float]]


def cubic(u: Any, p: float) -> Any:
    return p + u - u**3 / 3


def bratu(u: Any, p: float) -> Any:
    return LAPLACE @ u + p * np.exp(u)


def _pycont(f: Callable[[Any, float], Any], u: Any, p: float, window: tuple[float, float], steps: int, fine: int) -> Found:
    from pycont.continuation import pseudoArclengthContinuation

    options = {"initial_directions": "increase_p", "param_min": window[0], "param_max": window[1], "analyze_stability": False}
    options |= {"tolerance": 1e-13} if fine > 1 else {}
    limits = (1e-6, 0.1 / fine, 0.05 / fine, steps * fine)
    result = pseudoArclengthContinuation(f, np.array(u), p, *limits, options, verbosity="OFF")
    return sum(len(b.p_path) for b in result.branches), [e.p for e in result.events if e.kind == "LP"]


def _contique(f: Callable[[Any, float], Any], u: Any, p: float, steps: int, fine: int) -> Found:
    from contique import solve

    # A residual of 1e-13 is below the rounding of Bratu's equations, where it would stop at once.
    reach: dict[str, float] = {"dxmax": 0.1 / fine, "dlpfmax": 0.1 / fine, "tol": 1e-10 if fine == 1 else 1e-11}
    results = list(solve(lambda x, q: f(x, q), np.array(u), p, control0=(len(u), 1), maxsteps=steps * fine, **reach))
    path = np.array([r.x[-1] for r in results])
    turns = path[1:-1][(np.diff(path)[:-1] * np.diff(path)[1:]) < 0]  # it reports no folds: the points where the path turns
    return len(results), turns.tolist()


def _jaxcont(f: Callable[[Any, Any, Any], Any], u: Any, p: float, window: tuple[float, float], fine: int) -> Found:
    import jax
    import jax.numpy as jnp
    import jaxcont

    jax.config.update("jax_enable_x64", True)
    problem = jaxcont.bif_problem(f, u0=jnp.array(u), p0=p, param_name="p")
    options: dict[str, float] = {"ds_max": 0.1 / fine, "newton_tol": 1e-13} if fine > 1 else {}
    settings = jaxcont.ContinuationPar(ds=0.05 / fine, max_steps=200 * fine, **options)
    result = jaxcont.continuation(problem, p_span=window, settings=settings, events=[jaxcont.Fold()])
    return len(result.branch.params), [float(e.p) for e in result.events if "fold" in str(e.kind).lower()]


def _jax_bratu(fine: int) -> Found:
    import jax.numpy as jnp

    return _jaxcont(lambda u, p, args: jnp.array(LAPLACE) @ u + p * jnp.exp(u), FLAT, 0.0, (0.0, 5.0), fine)


def auto_run(f: Callable[[Any, Any], Any], u: Any, p: float, window: tuple[float, float], native: bool, keep: bool = False) -> Any:
    """AUTO-07p by bifpy: its result. native: the Python function is written out as Fortran and compiled first."""
    from bifpy import auto

    def start(state: Any, parameters: Any, _: float) -> None:
        for i, value in enumerate(u):
            state[i] = value
        parameters[0] = p

    settings = {"ips": auto.IPS_ALGEBRAIC_SYSTEM, "ndim": len(u), "npar": 1, "nmx": 200, "ntst": 20, "ncol": 4, "iad": 3}
    settings |= {"ilp": 1, "isp": 0, "iads": 1, "itmx": 9, "itnw": 5, "nwtn": 3, "jac": 0, "ds": 0.05, "dsmin": 1e-4, "dsmax": 0.1}
    settings |= {"rl0": window[0], "rl1": window[1], "a0": -1e300, "a1": 1e300, "epsl": 1e-7, "epsu": 1e-7, "epss": 1e-5}
    return auto.run(f, start, settings, icu=[1], transpile=native, keep_output=keep)


def auto_folds(result: Any) -> Found:
    """Of a result of `auto_run`; AUTO writes eleven digits."""
    found = [point for branch in result.branches for point in branch.points]
    return len(found), [q.parameters[0] for q in found if abs(q.point_type_code) % 10 == 2]  # of limit points


def auto_cubic(native: bool, keep: bool = False) -> Any:
    return auto_run(lambda u, p: [p[0] + u[0] - u[0] ** 3 / 3], [START], -2.0, (-2.1, 2.0), native, keep)


def auto_bratu(native: bool, keep: bool = False) -> Any:
    return auto_run(_bratu_by_rows, FLAT, 0.0, (-0.1, 5.0), native, keep)


def _bratu_by_rows(u: Any, p: Any) -> Any:
    wide = [0.0, *(u[i] for i in range(SIZE)), 0.0]
    return [(wide[i] - 2 * wide[i + 1] + wide[i + 2]) * (SIZE + 1) ** 2 + p[0] * np.exp(wide[i + 1]) for i in range(SIZE)]


@dataclass(frozen=True)
class Peer:
    """name: what is imported; lines that a user writes; runs: ``{problem: run(fine)}``."""

    name: str
    lines: int
    runs: dict[str, Callable[[int], Found]]


PYTHON_ONLY = (
    Peer(
        "pycont",
        5,
        {
            "cubic": lambda fine: _pycont(cubic, [START], -2.0, (-2.1, 2.0), 200, fine),
            "Bratu": lambda fine: _pycont(bratu, FLAT, 0.0, (-0.1, 5.0), 150, fine),
        },
    ),
    Peer(
        "contique",
        4,
        {
            "cubic": lambda fine: _contique(cubic, [START], -2.0, 78, fine),  # it has no window: so many lead to p = 2
            "Bratu": lambda fine: _contique(bratu, FLAT, 0.0, 60, fine),
        },
    ),
    Peer(
        "jaxcont",
        4,
        {
            "cubic": lambda fine: _jaxcont(lambda u, p, args: p + u - u**3 / 3, [START], -2.0, (-2.0, 2.0), fine),
            "Bratu": _jax_bratu,
        },
    ),
)
