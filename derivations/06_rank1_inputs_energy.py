"""Rank-one network with a fixed input: overlaps by Stein, static states, and chaotic ones by conservation of energy.

``I = M_I + (Sigma_mI/Sigma_m) x_1 + (Sigma_nI/Sigma_n) x_2 + Sigma_perp h`` with ``m = M_m + Sigma_m x_1``,
``n = M_n + Sigma_n x_2`` and independent standard normal x_1, x_2, h: the input covaries with both vectors, n with x.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from quadrature import nested, newton, value
from rules import at, correlation, difference, law_of, minus_slope, normal_average, regular_energy
from step import Derivation, Differentiate, Equal, Numeric

from meanfield.averages import E
from meanfield.averages.price import price_backwards
from meanfield.averages.scope import substitute
from meanfield.models import rank1_input_chaotic, rank1_input_stationary
from meanfield.symbols import gaussian_vector, symbol
from meanfield.transfer import tanh as phi

names = ("mu", "Delta", "Delta_0", "Delta_inf", "delta", "g", "kappa", "c", "M_m", "M_n", "M_I")
mu, Delta, Delta_0, Delta_inf, delta, g, kappa, c, M_m, M_n, M_I = [symbol(n) for n in names]
names = ("Sigma_m", "Sigma_n", "Sigma_mI", "Sigma_nI", "Sigma_perp", "Sigma_I_squared")
Sigma_m, Sigma_n, Sigma_mI, Sigma_nI, Sigma_perp, Sigma_I_squared = [symbol(n) for n in names]
x_1, x_2, h, chi, s, half = [symbol(n) for n in ("x_1", "x_2", "h", "chi", "s", "x")]
x = rank1_input_stationary.x
Phi = phi.d(-1)
MO = "Mastrogiuseppe & Ostojic 2018"
NORMALS = [x_1, x_2, h, chi]
m, n = M_m + Sigma_m * x_1, M_n + Sigma_n * x_2
current = M_I + Sigma_mI / Sigma_m * x_1 + Sigma_nI / Sigma_n * x_2 + Sigma_perp * h
field = g * s * chi + m * kappa + current
VARIANCE = Sigma_mI**2 / Sigma_m**2 + Sigma_nI**2 / Sigma_n**2 + Sigma_perp**2


def covariance(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """Covariance of two linear forms in independent standard normal symbols."""
    means = [normal_average(form, NORMALS) for form in (left, right)]
    return sp.expand(normal_average(sp.expand((left - means[0]) * (right - means[1])), NORMALS))


def overlap(mean: sp.Expr, cov: sp.Expr) -> sp.Expr:
    """``kappa = <n phi(x)>`` by Stein: ``<n> <phi> + Cov(n, x) <phi'>``."""
    return mean * E(phi(x)) + cov * E(phi.d(1)(x))


def name_variance(variance: sp.Expr) -> sp.Expr:
    """Name the variance of the input, ``Sigma_I^2``."""
    return sp.expand(variance - VARIANCE + Sigma_I_squared)


def static_part(variance: sp.Expr) -> sp.Expr:
    """What of the variance does not come from the random connectivity: it is constant in time."""
    return sp.expand(variance.coeff(s, 0))


def stationary(variance: sp.Expr) -> sp.Expr:
    """``s^2 = <phi^2>`` at a stationary state."""
    return sp.expand(variance.subs(s**2, E(phi(x) ** 2)))


def potential(static: sp.Expr) -> sp.Expr:
    """``V = -int Delta'' dDelta`` with ``Delta'' = Delta - g^2 C_phi(Delta) - c``, by Price backwards."""
    return sp.expand(price_backwards(-(Delta - g**2 * correlation(phi, mu, Delta_0, Delta) - static), Delta))


def half_difference_of_squares(energy: sp.Expr) -> sp.Expr:
    """Solve the energy relation for ``x = (Delta_0^2 - Delta_inf^2)/2``, the variable of the relaxation."""
    return sp.expand(energy + (Delta_0**2 - Delta_inf**2) / 2)


def variance_from(definition: sp.Expr) -> sp.Expr:
    """Solve ``x = (Delta_0^2 - Delta_inf^2)/2`` for ``Delta_0^2``."""
    return sp.solve(half - definition, Delta_0**2)[0]


def relaxation(right: sp.Expr, static: sp.Expr) -> list[tuple[float, float]]:
    """``x' = -x + H``: at a chaotic state, x and H by nested integrals as the paper prints them."""
    at_state = {g: 2.3, M_m: 1.0, M_n: 3.0, M_I: 0.05, mu: -0.1998963107255, kappa: -0.2498963107255, Delta_0: 2.87721907548954}
    at_state |= {Delta_inf: 0.42962265285979} | dict.fromkeys((Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared), 0.0)
    D0, Dinf = at_state[Delta_0], at_state[Delta_inf]
    log_cosh = lambda v: np.logaddexp(v, -v) - np.log(2)
    both = [nested(log_cosh, np.square, at_state[mu], D0, q) for q in (D0, Dinf)]
    printed = at_state[g] ** 2 * (both[0] - both[1]) + value(static, at_state) * (D0 - Dinf)
    return [((D0**2 - Dinf**2) / 2, printed), (printed, value(substitute(right, {c: static}), at_state))]


def frozen_noise(system: list[sp.Expr]) -> list[tuple[float, float]]:
    """M_m = M_n = 0 and Sigma_I^2 = 0.3 at g = 2: the random network with frozen noise."""
    fixed = {g: 2.0, Sigma_I_squared: 0.3} | dict.fromkeys((mu, kappa, M_m, M_n, M_I, Sigma_m, Sigma_mI, Sigma_nI), 0.0)
    put = lambda v: {Delta_0: v[0], Delta_inf: v[1], **fixed}
    found = newton(lambda v: [value(e, put(v)) for e in system], [2.4, 1.6])
    return [(2.48875323214769, found[0]), (1.69878041468416, found[1])]


def law_of_activity(d: Derivation) -> tuple[sp.Expr, sp.Expr]:
    """Mean and variance of x; the variance has ``s^2 = <(sum_j chi_ij phi_j)^2>`` in it."""
    d.step("Cov(m, I)", covariance, m, current, check=Equal(Sigma_mI), source=MO)
    d.step("Cov(n, I)", covariance, n, current, check=Equal(Sigma_nI), source=MO)
    _, of_input = d.step("variance of I, never defined in the notes", law_of, current, NORMALS, check=Equal((M_I, VARIANCE)))
    return d.step(
        "law of x",
        law_of,
        field,
        NORMALS,
        source=MO,
        check=Equal((M_m * kappa + M_I, g**2 * s**2 + Sigma_m**2 * kappa**2 + 2 * Sigma_mI * kappa + of_input)),
    )


def overlap_and_variance(d: Derivation, variance: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """kappa, the static part of the variance, and Delta_0 at a stationary state."""
    cov = d.step("Cov(n, x) = Cov(n, I)", covariance, n, field, check=Equal(Sigma_nI), uses=("Cov(n, I)",))
    joint = gaussian_vector("n x", mean=[M_n, mu], cov=[[Sigma_n**2, cov], [cov, Delta_0]])
    numbers = {M_n: 0.7, mu: 0.3, Sigma_n: 1.2, Sigma_nI: 0.5, Delta_0: 0.8}
    kappa_of = d.step(
        "kappa",
        overlap,
        M_n,
        cov,
        uses=("Cov(n, x) = Cov(n, I)",),
        source=MO,
        check=Numeric(lambda: [(value(E(joint[0] * phi(joint[1])), numbers), value(overlap(M_n, cov), numbers))]),
    )
    total = d.step(
        "Sigma_I^2",
        name_variance,
        variance,
        uses=("law of x", "variance of I, never defined in the notes"),
        check=Equal(g**2 * s**2 + Sigma_m**2 * kappa**2 + 2 * Sigma_mI * kappa + Sigma_I_squared),
    )
    static = d.step(
        "c, constant in time",
        static_part,
        total,
        uses=("Sigma_I^2",),
        source=f"{MO}, eq. 98",
        check=Equal(Sigma_m**2 * kappa**2 + 2 * Sigma_mI * kappa + Sigma_I_squared),
    )
    at_rest = d.step(
        "stationary: Delta_0",
        stationary,
        total,
        uses=("Sigma_I^2",),
        source=f"{MO}, eq. 83",
        check=Equal(g**2 * E(phi(x) ** 2) + static),
    )
    return kappa_of, static, at_rest


def chaotic(d: Derivation, static: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Rest at infinity and energy without its double root."""
    V = d.step(
        "potential",
        potential,
        c,
        source=MO,
        uses=("c, constant in time",),
        check=Differentiate(Delta, -(Delta - g**2 * correlation(phi, mu, Delta_0, Delta) - c)),
    )
    rest = d.step(
        "rest at infinity",
        minus_slope,
        V,
        Delta,
        Delta_inf,
        uses=("potential",),
        check=Equal(Delta_inf - g**2 * correlation(phi, mu, Delta_0, Delta_inf) - c),
    )
    energy = d.step(
        "energy is conserved",
        difference,
        V,
        Delta,
        Delta_0,
        Delta_inf,
        uses=("potential",),
        source=f"{MO}, eq. 98",
        check=Equal(
            (Delta_inf**2 - Delta_0**2) / 2
            + c * (Delta_0 - Delta_inf)
            + g**2 * (E(Phi(x) ** 2) - correlation(Phi, mu, Delta_0, Delta_inf))
        ),
    )
    d.step(
        "(Delta_0^2 - Delta_inf^2)/2 = H",
        half_difference_of_squares,
        energy,
        uses=("energy is conserved",),
        source=f"{MO}, eq. 98",
        check=Numeric(lambda: relaxation(half_difference_of_squares(energy), static)),
    )
    d.step(
        "and back",
        variance_from,
        (Delta_0**2 - Delta_inf**2) / 2,
        check=Equal(2 * half + Delta_inf**2),
        uses=("(Delta_0^2 - Delta_inf^2)/2 = H",),
    )
    regular = d.step(
        "without its double root",
        regular_energy,
        V,
        Delta,
        Delta_inf,
        Delta_0,
        uses=("energy is conserved",),
        check=Numeric(lambda: frozen_noise([substitute(rest, {c: static}), regular])),
    )
    return substitute(rest, {c: static}), regular


def derive() -> Derivation:
    d = Derivation("Rank-one network with input: overlaps and energy")
    mean, variance = law_of_activity(d)
    kappa_of, static, at_rest = overlap_and_variance(d, variance)
    model = rank1_input_stationary.MODEL
    fixed = [mu - mean, kappa - kappa_of]
    d.equations("rank1-input-stationary", [*fixed, Delta_0 - at_rest], model.residuals)
    system = [*fixed, *chaotic(d, static)]
    d.equations("rank1-input-chaotic in (mu, kappa, Delta_0, Delta_inf)", system, rank1_input_chaotic.IN_VARIANCES.residuals)
    moved = [at(e, {Delta_0: Delta_inf + delta}) for e in system]
    d.equations("rank1-input-chaotic in (mu, kappa, Delta_inf, delta)", moved, rank1_input_chaotic.MODEL.residuals)
    return d


if __name__ == "__main__":
    derive().report()
