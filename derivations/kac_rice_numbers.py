"""Numbers for the Kac-Rice derivation: the saddle point by Newton's method, finite N, and the limits at finite g."""

from __future__ import annotations

import numpy as np
import sympy as sp
from kac_rice_determinant import log_determinant_integral
from kac_rice_limits import A, B, k
from kac_rice_setting import D, alpha, beta, g, gamma, mu_star, r, z_star
from quadrature import newton, value

from meanfield.averages import E, log_norm
from meanfield.symbols import gaussian
from meanfield.transfer import tanh as phi


def saddle(residuals: tuple[sp.Expr, ...], gain: float, noise: float, start: list[float]) -> dict[sp.Symbol, float]:
    """Solve the equations of alpha, beta, gamma."""

    def point(u: np.ndarray) -> dict[sp.Symbol, float]:
        return {alpha: u[0], beta: u[1], gamma: u[2], g: gain, D: noise}

    return point(newton(lambda u: [value(e, point(u)) for e in residuals], start))


def finite_size_action(data: np.ndarray, gain: float, noise: float) -> float:
    """``-(1/N) ln [p(y = 0 | x) sqrt(E det^2)]`` at finite N, the determinant from its exact integral."""
    variance = gain**2 * np.mean(np.tanh(data) ** 2) + noise
    velocity_part = np.mean(data**2) / (2 * variance) + np.log(2 * np.pi * variance) / 2
    return velocity_part - log_determinant_integral(gain / np.cosh(data)) / (2 * data.size)


def finite_size_pair(S: sp.Expr) -> list[tuple[float, float]]:
    """S of a sample against the same at N = 4000 (they differ by O(1/N))."""
    data = np.random.default_rng(1).normal(0, 1.0, 4000)
    s2 = (2 / np.cosh(data)) ** 2
    (z,) = newton(lambda u: [np.mean(s2 / (1 + u[0] * s2)) - 1], [0.3])
    known = {
        E(h): float(np.mean(v))
        for h, v in [
            (r**2, data**2),
            (phi(r) ** 2, np.tanh(data) ** 2),
            (sp.log(1 + z_star * g**2 * phi.d(1)(r) ** 2), np.log(1 + z * s2)),
        ]
    }
    return [(finite_size_action(data, 2.0, 0.3), float(S.xreplace(known).subs({z_star: z, g: 2.0, D: 0.3})))]


def reference_pairs(residuals: tuple[sp.Expr, ...], c: sp.Expr) -> list[tuple[float, float]]:
    """alpha, beta, gamma, c at g = 2, D = 0, beside independent numbers."""
    known = [1.3303483261831945, 1.539586018320763, -0.3318899457114286, 0.0248251144647752]
    found = saddle(residuals, 2.0, 0.0, [1.3, 1.5, -0.3])
    return list(zip(known, (*(found[s] for s in (alpha, beta, gamma)), value(c, found)), strict=True))


def onset(meeting: sp.Expr, gain: float, known: float) -> list[tuple[float, float]]:
    """``D_c = beta_c - g^2 <phi^2>`` with beta_c where ``meeting`` vanishes, beside a known value."""
    x = gaussian("y", var=beta)
    (critical,) = newton(lambda u: [value(meeting, {g: gain, beta: u[0]})], [4.0])
    return [(known, critical - value(g**2 * E(phi(x) ** 2), {g: gain, beta: critical}))]


def near_onset(residuals: tuple[sp.Expr, ...], c: sp.Expr, limit: float) -> list[tuple[float, float]]:
    """c/(g - 1)^3 at g - 1 = 0.04 and 0.02, extrapolated to 0."""
    ratios = []
    for eps in (0.04, 0.02):
        scaled = lambda u, eps=eps: {alpha: eps * u[0], beta: eps * np.exp(u[1]), gamma: u[2] * np.exp(-u[1]), g: 1 + eps, D: 0.0}
        u = newton(lambda u, at=scaled: [value(e, at(u)) for e in residuals], [0.66, -0.5, -0.3], tol=1e-8)
        ratios.append(value(c, scaled(u)) / eps**3)
    return [(0.184197, ratios[1]), (limit, 2 * ratios[1] - ratios[0])]


STRONG = {g: 200.0, D: 0.0, alpha: 0.4 * 4e4, beta: 0.7 * 4e4, gamma: -0.3}


def weight_at_strong_coupling(parts: tuple[sp.Expr, ...]) -> tuple[float, float]:
    """``Z/g`` of mu* at g = 200, by quadrature, and its two parts."""
    exact = np.exp(value(log_norm(mu_star), STRONG)) * np.sqrt(2 * np.pi * STRONG[beta]) / STRONG[g]
    return exact, float(sum(parts).subs({A: 0.4, B: 0.7, k: 0.3}))


def equations_at_strong_coupling(equations: tuple[sp.Expr, ...]) -> list[float]:
    """The limiting equations minus the averages that they stand for, at g = 200."""
    steep = phi.d(1)(mu_star) ** 2
    exact = [
        STRONG[alpha] * value(E(steep / (1 + alpha * steep)), STRONG) - 0.4,
        value(E(phi(mu_star) ** 2), STRONG) - 0.7,
        (value(E(mu_star**2) / beta, STRONG) - 1) / (2 * 0.7) + 0.3,
    ]
    return [x - float(e.subs({A: 0.4, B: 0.7, k: 0.3})) for x, e in zip(exact, equations, strict=True)]
