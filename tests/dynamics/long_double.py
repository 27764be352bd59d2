"""A third way to the Lyapunov exponent, for claims: long doubles, Taylor series of order 26, shooting from the tail to tau = 0.

For ``phi = erf(sqrt(pi) x/2)``, whose averages are closed: ``Delta'' = Delta - g^2 (2/pi) arcsin(Delta/(Delta_0 + 2/pi))``, with
``Delta'(0+) = -noise``. Nothing of `meanfield` is used.
"""

import numpy as np

L = np.longdouble
PI = L("3.14159265358979323846264338327950288")
_ORDER = 26
_TAIL = L(1e-10)  # r where integration begins; the next order of the tail is its square
_STEP = L(0.13)  # of the radius of convergence
Array = np.ndarray


def _force(g: Array, s: Array, D: Array) -> Array:
    return np.asarray(D - g * g * 2 / PI * np.arcsin(D / s))


def variance(g: Array, noise: Array, guess: Array) -> Array:
    """Delta_0 of the energy balance ``V(Delta_0) = noise^2/2``, near a guess."""

    def balance(D: Array) -> Array:
        s = D + 2 / PI
        return np.asarray(D * D / 2 - g * g * 2 / PI * (D * np.arcsin(D / s) + np.sqrt(s * s - D * D) - s) - noise**2 / 2)

    low, high = guess * (1 - L(1e-8)), guess * (1 + L(1e-8))
    for _ in range(6):
        rise = balance(high) - balance(low)
        step = np.divide(balance(high) * (high - low), rise, out=np.zeros_like(rise), where=rise != 0)
        low, high = high, high - step
    return high


def _series(g: Array, s: Array, state: list[Array], E: Array) -> tuple[Array, Array]:
    """Taylor coefficients (order, P) of Delta and of psi, ``psi'' = (W - E) psi``, from values and slopes of both."""
    D, psi = np.zeros((2, _ORDER + 2, g.size), L)
    P, Q = np.zeros((2, _ORDER, g.size), L)  # s^2 - Delta^2 and its power -1/2
    D[0], D[1], psi[0], psi[1] = state
    D[2] = _force(g, s, D[0]) / 2
    for k in range(_ORDER):
        P[k] = -(D[: k + 1] * D[k::-1]).sum(axis=0)
        if k == 0:
            P[0] += s * s
            Q[0] = P[0] ** L(-0.5)
        else:
            j = np.arange(1, k + 1, dtype=L)[:, None]
            Q[k] = ((j / 2 - k) * P[1 : k + 1] * Q[:k][::-1]).sum(axis=0) / (k * P[0])
        W = -g * g * 2 / PI * Q[: k + 1]
        W[0] += 1
        if k + 3 < _ORDER + 2:  # Delta''' = W Delta'
            slopes = np.arange(k + 1, 0, -1, dtype=L)[:, None] * D[1 : k + 2][::-1]
            D[k + 3] = (W * slopes).sum(axis=0) / ((k + 3) * (k + 2) * (k + 1))
        W[0] -= E
        psi[k + 2] = (W * psi[: k + 1][::-1]).sum(axis=0) / ((k + 2) * (k + 1))
    return D, psi


def _at(series: tuple[Array, Array], h: Array) -> list[Array]:
    k = np.arange(_ORDER + 2, dtype=L)[:, None]
    powers = h**k
    return [f for c in series for f in ((c * powers).sum(axis=0), (k[1:] * c[1:] * powers[:-1]).sum(axis=0))]


def _slope(g: Array, D_0: Array, noise: Array, k2: Array, s_of_psi: Array) -> Array:
    """``psi'/psi`` at tau = 0 for ``E = k^2 (1 - s^2)``."""
    s, E = D_0 + 2 / PI, k2 * (1 - s_of_psi**2)
    state = [D_0 * _TAIL, -np.sqrt(k2) * D_0 * _TAIL, np.ones_like(D_0), -np.sqrt(k2) * s_of_psi]
    out, live = np.zeros_like(D_0), np.arange(D_0.size)
    while live.size:
        series = _series(g[live], s[live], [x[live] for x in state], E[live])
        radius = np.min([np.abs(c[i] / c[_ORDER + i]) ** (L(1) / _ORDER) for c in series for i in (0, 1)], axis=0)
        new = _at(series, -_STEP * radius)
        kicked = noise[live] > 0
        passed = (new[1] >= 0) | (kicked & (new[0] >= D_0[live]))
        if passed.any():
            mine, ends = live[passed], (series[0][:, passed], series[1][:, passed])
            h = np.where(kicked[passed], L(0), (-_STEP * radius)[passed])
            for _ in range(14):  # from before the end, where Delta is concave
                D, v, psi, slope = _at(ends, h)
                h = h - np.where(kicked[passed], (D - D_0[mine]) / v, v / _force(g[mine], s[mine], D))
            _, _, psi, slope = _at(ends, h)
            out[mine] = slope / psi
        for x, y in zip(state, new, strict=True):
            x[live] = y
        size = np.abs(state[2][live])
        state[2][live] /= size
        state[3][live] /= size
        live = live[~passed]
    return out


def exponent(g: Array, noise: Array, Delta_0: Array, near: Array) -> Array:
    """``lambda_max`` near a guess; one secant, whose error is that of the guess times 1e-6."""
    g, noise = g.astype(L), noise.astype(L)
    D_0 = variance(g, noise, Delta_0.astype(L))
    k2 = 1 - g * g * 2 / PI / (D_0 + 2 / PI)
    a = np.maximum(np.sqrt(np.maximum(1 - (1 - (1 + near.astype(L)) ** 2) / k2, 0)), L(1e-4))
    b = a * (1 + L(1e-6))
    first, second = (_slope(g, D_0, noise, k2, s) for s in (a, b))
    s = b - second * (b - a) / (second - first)
    return np.asarray(np.sqrt(1 - k2 * (1 - s * s)) - 1)
