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


def _contique(f: Callable[[Any, float], Any], u: Any, p: float, steps: int, fine: int, longest: float | None = None) -> Found:
    from contique import solve

    # A residual of 1e-13 is below the rounding of Bratu's equations, where it would stop at once.
    step = longest or (0.1 / fine if fine > 1 else None)
    reach: dict[str, Any] = {"dxmax": step, "dlpfmax": step, "tol": 1e-10 if fine == 1 else 1e-11} if step else {}
    results = list(solve(lambda x, q: f(x, q), np.array(u), p, control0=(len(u), 1), maxsteps=steps, **reach))
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


@dataclass(frozen=True)
class Peer:
    """name: what is imported; lines that a user writes; runs: ``{problem: run(fine)}``; settings: its title, where these are not
    its own."""

    name: str
    lines: int
    runs: dict[str, Callable[[int], Found]]
    settings: str = ""

    @property
    def title(self) -> str:
        """What it is called in the table."""
        return self.settings or self.name


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
        {  # it has no window: so many steps, of .05 by default, lead to p = 2, and beyond the fold
            "cubic": lambda fine: _contique(cubic, [START], -2.0, 78 * max(fine, 2), fine),
            "Bratu": lambda fine: _contique(bratu, FLAT, 0.0, 60 * max(fine, 2), fine),
        },
    ),
    Peer(
        "contique",
        4,
        {  # in steps twice as long as by default, and to the tolerance that ours has
            "cubic": lambda fine: _contique(cubic, [START], -2.0, 78, fine, 0.1),
            "Bratu": lambda fine: _contique(bratu, FLAT, 0.0, 60, fine, 0.1),
        },
        "contique, .1",
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
