"""The random network of Sompolinsky, Crisanti & Sommers, with or without white noise: chaotic state.

``x_i' = -x_i + sum_j J_ij phi(x_j) + xi_i`` with ``J_ij`` of variance g^2/N, ``<xi(t) xi(s)> = 2 sigma_squared delta(t - s)``
and odd phi. The autocovariance starts at Delta_0 with slope -sigma_squared and decays to 0 in the potential V:
``sigma_squared^2/2 + V(Delta_0) = V(0) = 0``. Divided by ``Delta_0^2 / 2``, so that x = 0 is no root without noise.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.model import Model, Requirement
from meanfield.model.requirements import continuous, odd
from meanfield.symbols import gaussian, gaussian_pair, parameters, unknown

Delta_0 = unknown("Delta_0", nonnegative=True)
g, sigma_squared = parameters("g sigma_squared", nonnegative="g sigma_squared")
phi = transfer.tanh
Phi = phi.d(-1)
x = gaussian("x", var=Delta_0)


def rate_of_potential(Delta: sp.Expr) -> sp.Expr:
    """``<Phi(x(t)) Phi(x(s))>`` between times at which the autocovariance is Delta."""
    x, y = gaussian_pair("x y", var=Delta_0, cov=Delta)
    return E(Phi(x) * Phi(y))


def potential(Delta: sp.Expr) -> sp.Expr:
    return -(Delta**2) / 2 + g**2 * (rate_of_potential(Delta) - rate_of_potential(sp.S.Zero))


energy = sp.expand((sigma_squared**2 / 2 + potential(Delta_0)) / (Delta_0**2 / 2))

# 2 Var(Phi) = slope^2 Delta^2 / (1 + bend Delta), with a bend that goes from near_zero, where phi is a cubic, to saturated,
# where it is a sign. Without noise the energy relation then reads Delta = (g^2 slope^2 - 1) / bend. With the larger bend the
# start lies below the root, from where Newton's method climbs to it monotonically; with the interpolated one it lies close.
slope = phi.d(1)(0)
near_zero, saturated = sp.Max(-phi.d(3)(0) / slope, sp.Rational(1, 5)), sp.pi / (2 * (sp.pi - 2))
excess = sp.Max(g**2 * slope**2 - 1, 0)
crossover = sp.Rational(17, 20) * excess
bend = (near_zero + saturated * crossover) / (1 + crossover)


def start(without_noise: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    return {Delta_0: sp.sqrt(without_noise**2 + sigma_squared**2)}


MODEL = Model(
    "random network with white noise, chaotic or noise-driven state",
    name="scs",
    unknowns=(Delta_0,),
    parameters=(g, sigma_squared),
    defaults={sigma_squared: 0},
    implicit=[energy],
    observables={
        "mean_square_phi": E(phi(x) ** 2),
        "mean_dphi": E(phi.d(1)(x)),
        "mean_dphi2": E(phi.d(1)(x) ** 2),
        "bulk_radius": g * sp.sqrt(E(phi.d(1)(x) ** 2)),
    },
    indicators={
        "local_instability": g**2 * E(phi.d(1)(x) ** 2) - 1,
        "onset_of_chaos": g**2 * E(phi(x) ** 2) - Delta_0,
    },
    accept={"Delta_0 is not negative": Delta_0},
    refuse={"Delta_0 = 0: all activity vanishes": Delta_0},
    stable=None,
    starts=[start(excess / bend), start(excess / sp.Max(near_zero, saturated)), start(g**2)],
    requires=[
        Requirement(
            odd,
            "its autocovariance decays to 0 only if phi is odd; use rank1-input-chaotic with M_m = M_n = 0, where Delta_inf is "
            "an unknown",
        ),
        Requirement(continuous, "<phi'^2> does not exist for a transfer function that jumps; use one that is continuous"),
    ],
    meanings={
        Delta_0: "variance of x",
        g: "strength of the random connectivity",
        sigma_squared: "intensity of the white noise, <xi(t) xi(s)> = 2 sigma_squared delta(t - s)",
    },
    variables={"x": x},
    references=[
        "Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988), doi:10.1103/PhysRevLett.61.259",
        "Schuecker, Goedeke & Helias, PRX 8, 041029 (2018), doi:10.1103/PhysRevX.8.041029 (white noise, onset of chaos)",
    ],
)
