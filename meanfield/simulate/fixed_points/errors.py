"""How far a computed fixed point can be from the exact one (Newton and Kantorovich).

If ``|A^-1 y| <= eta`` and ``A^-1`` times the Jacobian has the Lipschitz constant L nearby, then for ``h = eta L <= 1/2`` there is
one fixed point within ``(1 - sqrt(1 - 2 h)) / L <= 2 eta`` of x. The residual y is known to its rounding, which is counted in.
"""

from __future__ import annotations

import numpy as np

from meanfield.simulate.fixed_points.levenberg import Array, System

__all__ = ["bounds"]

_EPS = float(np.finfo(float).eps)
_PHI = 4.0  # units in the last place by which phi may be off


def bounds(system: System, x: Array) -> Array:
    """Bound on the largest deviation of a coordinate for every x (K, N): (K,); inf where nothing is proven."""
    return np.concatenate([_bounds(system, x[k : k + 64]) for k in range(0, len(x), 64)]) if len(x) else np.zeros(0)


def _bounds(system: System, x: Array) -> Array:
    N = x.shape[1]
    value, slope, curvature = system.phi.jet([0, 1, 2], x)
    y, _ = system.velocity(x)
    # phi is off by some units in the last place of its value and of its argument; a sum of N terms by N roundings at most.
    off = (_PHI + N) * abs(value) + abs(slope * x)
    rounding = _EPS * (off @ abs(system.J).T + 3 * abs(x) + 2 * abs(system.input))
    inverse = np.abs(_inverse(system.jacobian(slope)))
    # The inverse is itself good to its condition only; one part in a hundred covers every Jacobian that passes below.
    eta = 1.01 * np.matmul(inverse, (abs(y) + rounding)[:, :, None])[:, :, 0].max(axis=1)
    # d(J diag(phi'))/dx has the rows J_ij phi''_j; phi'' may double over the tiny distance at hand.
    lipschitz = 2 * np.matmul(inverse, (abs(curvature) @ abs(system.J).T)[:, :, None])[:, :, 0].max(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        h = eta * lipschitz
        return np.where(h <= 0.5, 2 * eta, np.inf)


def _inverse(A: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(A), dtype=float)
    except np.linalg.LinAlgError:  # one of them is exactly singular
        return np.array([np.linalg.inv(a) if np.linalg.cond(a) < 1 / _EPS else np.full_like(a, np.inf) for a in A])
