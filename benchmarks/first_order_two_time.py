"""The two-time equations as one writes them first: Euler's method, a step at a time, for zero mean and phi = tanh."""

import numpy as np
from scipy.signal import lfilter

from meanfield.quadrature import hermite_cutoff, hermite_table

_NODES, _TABLE = hermite_table(0.1, hermite_cutoff(1e-12), 128)
_TABLE = np.ascontiguousarray(_TABLE[:, 1::2])


def euler(g: float, sigma_squared: float, variance: float, duration: float, dt: float, consistent: bool = False) -> np.ndarray:
    """C(t, t) (n,) by Euler's method for each of the equations

    ``C_t = -C + D`` for t > s, ``D_s = -D + Q`` and ``d C(t, t)/dt = -2 C(t, t) + 2 D(t, t) + 2 sigma_squared``.

    consistent: with the terms of order dt^2 of the last that make C the covariance of the process ``x(t + dt) = (1 - dt) x(t) + dt
    eta(t) + sqrt(2 sigma_squared dt) xi``. Without noise its error of order dt is a stretching of time, which leaves the stationary
    variance alone.
    """
    n = round(duration / dt)
    row, diagonal = np.array([variance]), [variance]
    a = np.empty((n + 1, _TABLE.shape[1]))
    for t in range(n):
        a[t] = np.tanh(np.sqrt(row[t]) * _NODES) @ _TABLE
        rho = np.minimum(row / np.sqrt(row[t] * np.array(diagonal)), 1)
        powers = np.ones((t + 1, a.shape[1])) * (rho * rho)[:, None]
        powers[:, 0] = rho
        Q = g**2 * ((np.cumprod(powers, axis=1) * a[: t + 1]) @ a[t])
        D = lfilter([0.0, dt], [1.0, dt - 1.0], Q)
        last = row[t] + dt * (-2 * row[t] + 2 * D[t] + 2 * sigma_squared)
        if consistent:
            last += dt**2 * (row[t] - 2 * D[t] + Q[t])
        row = np.append((1 - dt) * row + dt * D, last)
        diagonal.append(last)
    return np.array(diagonal)
