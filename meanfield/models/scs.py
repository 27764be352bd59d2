"""The random network of Sompolinsky, Crisanti & Sommers, with or without white noise: chaotic state.

``x_i' = -x_i + sum_j J_ij phi(x_j) + xi_i`` with ``J_ij`` of variance g^2/N, ``<xi(t) xi(s)> = 2 sigma_squared delta(t - s)``
and odd phi. The autocovariance starts at Delta_0 with slope -sigma_squared and decays to 0 in the potential V:
``sigma_squared^2/2 + V(Delta_0) = V(0) = 0``. Divided by ``Delta_0^2 / 2``, so that x = 0 is no root without noise.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.dynamics.observables import autocovariance_profile, observables_of
from meanfield.model import Model, Motion, Requirement
from meanfield.model.formulas import maximum, trisected
from meanfield.model.motion import DELAY
from meanfield.model.requirements import continuous, odd
from meanfield.networks import network
from meanfield.symbols import gaussian, gaussian_pair, parameters, unknown

Delta_0 = unknown("Delta_0", nonnegative=True)
g, sigma_squared = parameters("g sigma_squared", nonnegative="g sigma_squared")
phi = transfer.tanh
x = gaussian("x", var=Delta_0)


def acceleration(Delta: sp.Expr) -> sp.Expr:
    """Acceleration of the autocovariance where it is Delta."""
    x, y = gaussian_pair("x y", var=Delta_0, cov=Delta)
    return Delta - g**2 * E(phi(x) * phi(y))


motion = Motion(acceleration(DELAY), start=Delta_0, noise=sigma_squared)
energy = sp.expand(motion.energy / (Delta_0**2 / 2))

# Where to start. 2 Var(Phi) = slope^2 Delta^2 / (1 + bend Delta), with a bend that goes from near_zero, where phi is a cubic,
# to saturated, where it is a sign. The energy relation then is the cubic
# Delta^3 - (excess/bend) Delta^2 - sigma_squared^2 (Delta + 1/bend) = 0 with one positive root.
slope = phi.d(1)(0)
near_zero, saturated = maximum(-phi.d(3)(0) / slope, sp.Rational(1, 5)), sp.pi / (2 * (sp.pi - 2))
excess = g**2 * slope**2 - 1
noise = sigma_squared**2


def bend(noise: sp.Expr) -> sp.Expr:
    """At about the root for a noise of this intensity squared."""
    crossover = sp.Rational(17, 20) * sp.sqrt(maximum(excess, 0) ** 2 + near_zero**2 * noise)
    return (near_zero + saturated * crossover) / (1 + crossover)


def positive_root(bend: sp.Expr) -> sp.Expr:
    """Viete's and Cardano's formulas in one."""
    third = excess / (3 * bend)
    P, Q = third**2 + noise / 3, third**3 + noise * (third + 1 / bend) / 2
    return third + 2 * sp.sqrt(P) * trisected(Q / (P * sp.sqrt(P)))


# Near the root; below it for every sigmoid; below it where phi comes back, like a sine. From below, Newton's method climbs to
# the root monotonically.
starts = [
    positive_root(bend(noise)),
    sp.sqrt((maximum(excess, 0) / maximum(near_zero, saturated)) ** 2 + noise),
    sp.sqrt((maximum(excess, 0) / (near_zero * (1 + maximum(excess, -excess)))) ** 2 + noise),
    g**2 + sigma_squared,  # above every root where |phi| <= 1; the only start where phi'(0) or phi'''(0) are of no use
    sp.Piecewise((1 / (1 + g**2), sp.Eq(slope, 0)), (sp.nan, True)),  # where phi is flat at 0 there are two roots, this side too
]

NETWORK = network(phi, strength=g, sigma_squared=sigma_squared)

MODEL = Model(
    "random network with white noise, chaotic or noise-driven state",
    name="scs",
    phase="fluctuating",
    unknowns=(Delta_0,),
    parameters=(g, sigma_squared),
    defaults={sigma_squared: 0},
    implicit=[energy],
    motion=motion,
    on_request=observables_of(motion),
    profiles={"Delta": autocovariance_profile(motion)},
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
    absent={
        "without noise x = 0 is the only state as long as g phi'(0) <= 1": sp.Piecewise(
            (1 - g * sp.Abs(slope), sp.Le(sigma_squared, 0)), (-1, True)
        )
    },
    stable=None,
    best_first=True,
    starts=[{Delta_0: start} for start in starts],
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
    network=NETWORK,
    references=[
        "Sompolinsky, Crisanti & Sommers, PRL 61, 259 (1988), doi:10.1103/PhysRevLett.61.259",
        "Schuecker, Goedeke & Helias, PRX 8, 041029 (2018), doi:10.1103/PhysRevX.8.041029 (white noise, onset of chaos)",
    ],
)
