"""Folds of the input-driven rank-one network by another way: plain sums over a grid and mpmath's secant method."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

M_M, M_N, G, SIGMA_M = mp.mpf("3.5"), mp.mpf(1), mp.mpf("0.8"), mp.mpf(1)
_STEP = mp.mpf(1) / 12


def averages(mu: mp.mpf, variance: mp.mpf) -> list[mp.mpf]:
    """<tanh>, <tanh'>, <tanh''>, <tanh'''>, <tanh^2> and its derivatives by mu and by the variance."""
    out = [mp.mpf(0)] * 7
    for k in range(-140, 141):
        z = k * _STEP
        weight = mp.exp(-z * z / 2) * _STEP / mp.sqrt(2 * mp.pi)
        t = mp.tanh(mu + mp.sqrt(variance) * z)
        d = 1 - t * t
        values = (t, d, -2 * t * d, d * (6 * t * t - 2), t * t, 2 * t * d, d * d - 2 * t * t * d)
        out = [o + weight * v for o, v in zip(out, values, strict=True)]
    return out


def fold(free: str, start: tuple[float, float, float]) -> dict[str, mp.mpf]:
    """(mu, Delta_0, free) at a fold; free is M_I (no other input covariance) or Sigma_nI (Sigma_n = 1), and Sigma_perp = 1."""

    def equations(mu: mp.mpf, variance: mp.mpf, value: mp.mpf) -> list[mp.mpf]:
        s, offset = (value, mp.mpf(0)) if free == "Sigma_nI" else (mp.mpf(0), value)
        t, t1, t2, t3, square, square_mu, square_variance = averages(mu, variance)
        kappa, kappa_mu, kappa_v = M_N * t + s * t1, M_N * t1 + s * t2, (M_N * t2 + s * t3) / 2
        first = mu - M_M * kappa - offset
        second = variance - G**2 * square - SIGMA_M**2 * kappa**2 - s**2 - 1
        a, b = 1 - M_M * kappa_mu, -M_M * kappa_v
        c = -(G**2) * square_mu - 2 * SIGMA_M**2 * kappa * kappa_mu
        d = 1 - G**2 * square_variance - 2 * SIGMA_M**2 * kappa * kappa_v
        return [first, second, a * d - b * c]

    system: Callable[..., list[mp.mpf]] = equations
    with mp.workdps(22):
        mu, variance, value = mp.findroot(system, start, tol=1e-30)
    return {"mu": mu, "Delta_0": variance, free: value}
