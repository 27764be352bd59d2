"""One row of the two-time equations from the rows before it: exponential integrators of order four on the triangle ``s <= t``.

With ``Q(t, s) = g^2 <phi(x(t)) phi(x(s))> + ...`` the covariance of the field and D(t, s) that of the field at t and x at s,

    D(t, s) = int_0^s exp(-(s - r)) Q(t, r) dr,
    (d/dt + 1) C(t, s) = D(t, s)  for t > s,        (d/dt + 2) C(t, t) = 2 D(t, t) + 2 sigma_squared.

Nothing here looks across the diagonal, where Q has a kink if there is noise: all stencils are one-sided there. A row holds
its values by lag, ``row[..., j]`` at ``s = t - j dt``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.dynamics.field import Array
from meanfield.quadrature.exponential import exponential_weights, lagrange, lattice_cubics, unit_gauss

ORDER = 4
# Points (step back, lag) of the cubics in two variables, in the order of `lattice_cubics`.
LATTICE = tuple((m, j) for m in range(ORDER) for j in range(ORDER - m))


@dataclass(frozen=True)
class Weights:
    """Everything that depends on the step only.

    decay: exp(-dt). middle, first, last: of the integral along a row, over a segment inside, at the end of long lags and at
    the diagonal (values by increasing s). column, diagonal: of one step in t, newest row first, at rate 1 and at rate 2.
    near: (2, 10) of one step in t of the columns of lag 1 and 2, whose past ends at the diagonal, on the points `LATTICE`.
    """

    dt: float
    decay: float
    middle: Array
    first: Array
    last: Array
    column: Array
    diagonal: Array
    near: Array

    @classmethod
    def of(cls, dt: float) -> Weights:
        u, w = unit_gauss()
        near = []
        for behind in (0, 1):
            # At time t + u dt the column of today's lag ``behind`` has the lag u + behind; the newest row is one step ahead.
            near.append(dt * lattice_cubics(1 - u, u + behind) @ (w * np.exp(-dt * (1 - u))))
        back = [1.0, 0.0, -1.0, -2.0]
        return cls(
            dt,
            float(np.exp(-dt)),
            exponential_weights([-1, 0, 1, 2], dt),
            exponential_weights([0, 1, 2, 3], dt),
            exponential_weights([-2, -1, 0, 1], dt),
            exponential_weights(back, dt),
            exponential_weights(back, dt, rate=2.0),
            np.array(near),
        )


def along_row(Q: Array, weights: Weights, start: Array | None = None) -> Array:
    """D of a row Q (P, n >= 4): the integral over s, from the longest lag to the diagonal. start: D there (None: 0)."""
    from scipy.signal import lfilter

    q = Q[:, ::-1]
    gain = np.empty_like(q)
    gain[:, 0] = 0.0 if start is None else start
    gain[:, 1] = q[:, :4] @ weights.first
    w = weights.middle
    gain[:, 2:-1] = w[0] * q[:, :-3] + w[1] * q[:, 1:-2] + w[2] * q[:, 2:-1] + w[3] * q[:, 3:]
    gain[:, -1] = q[:, -4:] @ weights.last
    return np.asarray(lfilter([1.0], [1.0, -weights.decay], gain, axis=1)[:, ::-1])


def without_newest(C: Array, D: list[Array], noise: Array, weights: Weights) -> Array:
    """What the rows so far contribute to the next row of C (P, n + 1): C its newest row (P, n), D the last three, newest first."""
    column, e = weights.column, weights.decay
    n = C.shape[1]
    ahead = np.empty((C.shape[0], n + 1))
    ahead[:, 1:] = e * C
    for m in range(1, ORDER):
        ahead[:, ORDER - 1 :] += column[m] * D[m - 1][:, ORDER - 1 - m : n + 1 - m]
    for lag in (1, 2):
        old = ((m, j, weight) for (m, j), weight in zip(LATTICE, weights.near[lag - 1]) if m)
        ahead[:, lag] += sum(weight * D[m - 1][:, j] for m, j, weight in old)
    ahead[:, 0] = e * e * C[:, 0] + noise * (1 - e * e)
    ahead[:, 0] += 2 * sum(weights.diagonal[m] * D[m - 1][:, 0] for m in range(1, ORDER))
    return ahead


def with_newest(ahead: Array, D: Array, weights: Weights) -> Array:
    """The next row of C, given its own D (P, n + 1) and what `without_newest` found."""
    C = ahead + weights.column[0] * D
    newest = D[:, :ORDER]
    for lag in (1, 2):
        C[:, lag] = ahead[:, lag] + newest @ weights.near[lag - 1, :ORDER]
    C[:, 0] = ahead[:, 0] + 2 * weights.diagonal[0] * D[:, 0]
    return C


def extrapolated(D: list[Array]) -> Array:
    """A guess of the next row of D from the last four, newest first: cubic in t at fixed lag, at fixed s for the first s."""
    size = D[0].shape[1]
    ahead = np.empty((D[0].shape[0], size + 1))
    common = size - 3
    ahead[:, :common] = 4 * D[0][:, :common] - 6 * D[1][:, :common] + 4 * D[2][:, :common] - D[3][:, :common]
    for i in range(4):
        past = [D[m][:, size - m - 1 - i] if size - m - 1 - i >= 0 else None for m in range(4)]
        known = [p for p in past if p is not None]
        ahead[:, size - i] = _ahead(known)
    return ahead


def _ahead(known: list[Array]) -> Array:
    rows: tuple[tuple[int, ...], ...] = ((1,), (2, -1), (3, -3, 1), (4, -6, 4, -1))
    return np.asarray(sum(c * k for c, k in zip(rows[len(known) - 1], known)))


@dataclass(frozen=True)
class Start:
    """The first four rows at once: C, D and the mean are linear in Q on the ten points ``s <= t <= 3 dt``, taken as a cubic.

    points (10, 2): steps (i, j) of t and s, row by row. C_of_Q, D_of_Q (10, 10). mean_of_input (4, 4).
    """

    points: tuple[tuple[int, int], ...]
    C_of_Q: Array
    D_of_Q: Array
    mean_of_input: Array

    @classmethod
    def of(cls, dt: float) -> Start:
        points = tuple((i, j) for i in range(ORDER) for j in range(i + 1))
        D = [_D(np.array([float(i)]), np.array([float(j)]), dt)[:, 0] for i, j in points]
        mean = [dt * i * lagrange(range(ORDER), i * _U) @ (_W * np.exp(-dt * i * (1 - _U))) for i in range(ORDER)]
        return cls(points, np.array([_C(i, j, dt) for i, j in points]), np.array(D), np.array(mean))


_U, _W = unit_gauss()


def _basis(t: Array, s: Array) -> Array:
    """Cubics on the points of `Start`, row by row: the lattice (3 - i, j) with i = t >= s = j."""
    order = [LATTICE.index((ORDER - 1 - i, j)) for i in range(ORDER) for j in range(i + 1)]
    return lattice_cubics(ORDER - 1 - t, s)[order]


def _D(t: Array, s: Array, dt: float) -> Array:
    """D at (t, s) (n,), for each cubic: (10, n)."""
    r = s[:, None] * _U
    values = _basis(np.repeat(t, _U.size), r.ravel()).reshape(10, t.size, _U.size)
    return np.asarray((values * np.exp(-dt * (s[:, None] - r))) @ _W * (dt * s))


def _C(i: int, j: int, dt: float) -> Array:
    """C(i, j), i >= j, without the start and the noise: the diagonal up to j, then in t from j to i."""
    u = j * _U
    value = 2 * dt * j * _D(u, u, dt) @ (_W * np.exp(-2 * dt * (j - u)))
    t = j + (i - j) * _U
    later = dt * (i - j) * _D(t, np.full(t.size, float(j)), dt) @ (_W * np.exp(-dt * (i - t)))
    return np.asarray(value * np.exp(-dt * (i - j)) + later)
