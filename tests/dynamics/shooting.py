"""A second way to Delta(tau) and to the Lyapunov exponent: both equations integrated from the tail to tau = 0, and shooting.

Nothing of `meanfield.dynamics` is used: only the equation of motion ``Delta'' = F(Delta)`` and ``W = F'`` as functions.
"""

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

Function = Callable[[float], float]
_TAIL = 1e-12  # r where integration begins; the next order of the tail is this small too


def _from_tail(F: Function, W: Function, start: float, end: float, noise: float, E: float) -> tuple[float, np.ndarray]:
    """Time and state (Delta, Delta', psi, psi') at tau = 0, integrated backwards from the tail."""
    k = np.sqrt(W(end))
    first = np.array([end + (start - end) * _TAIL, -k * (start - end) * _TAIL, 1.0, -np.sqrt(W(end) - E)])

    def rate(_: float, y: np.ndarray) -> list[float]:
        return [-y[1], -F(y[0]), -y[3], -(W(y[0]) - E) * y[2]]

    def arrived(_: float, y: np.ndarray) -> float:
        return y[0] - start if noise > 0 else y[1]

    arrived.terminal = True  # type: ignore[attr-defined]
    scale = np.array([start * 1e-14, start * 1e-14, 1e-14, 1e-14]) * _TAIL
    found = solve_ivp(rate, (0.0, 400.0 / k), first, method="DOP853", rtol=1e-12, atol=scale, events=arrived)
    return float(found.t_events[0][-1]), found.y_events[0][-1]


def brackets(F: Function, W: Function, exponent: float, by: float, start: float, end: float = 0.0, noise: float = 0.0) -> bool:
    """Whether the ground state, an even psi that arrives flat, has an exponent within ``by`` of ``exponent``."""
    slopes = []
    for guess in (exponent - by, exponent + by):
        _, y = _from_tail(F, W, start, end, noise, 1 - (1 + guess) ** 2)
        slopes.append(y[3] / y[2])
    return slopes[0] * slopes[1] < 0
