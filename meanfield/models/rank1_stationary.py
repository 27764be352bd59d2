"""Rank-one network without input: stationary states.

``x_i' = -x_i + sum_j J_ij phi(x_j)`` with ``J = g chi + m n^T / N``: chi random with entries of variance 1/N, m and n
Gaussian vectors of means M_m and M_n, m of standard deviation Sigma_m, that overlap only through their means.
"""

import sympy as sp

from meanfield import transfer
from meanfield.averages import E
from meanfield.dynamics.spectra import bulk_radius, fraction_outside, fraction_unstable, radial_cdf, radial_density
from meanfield.dynamics.stability import outliers
from meanfield.model import Junction, Later, Model, Requirement
from meanfield.model.requirements import continuous
from meanfield.networks import network
from meanfield.symbols import coordinate, gaussian, parameter, parameters, symbol, unknown

mu, Delta_0 = unknown("mu"), unknown("Delta_0", nonnegative=True)
delta, Delta_inf = unknown("delta", nonnegative=True), unknown("Delta_inf", nonnegative=True)  # of the chaotic states
g, M_m, M_n, Sigma_m = parameters("g M_m M_n Sigma_m", nonnegative="g Sigma_m")
Sigma_n = parameter("Sigma_n", nonnegative=True)
kappa = symbol("kappa")
phi = transfer.tanh
x = gaussian("x", mean=mu, var=Delta_0)

definitions = {kappa: M_n * E(phi(x))}
equations = {
    mu: M_m * kappa,
    Delta_0: g**2 * E(phi(x) ** 2) + Sigma_m**2 * kappa**2,
}

gain_squared = g**2 * E(phi.d(1)(x) ** 2)
outlier_spectrum = outliers(equations, definitions, variance=Delta_0)
scale = g**2 + Sigma_m**2 * M_n**2  # of Delta_0 where phi saturates at 1
r = coordinate("r")


def chaotic_states() -> Model:
    """The phase beyond the onset of chaos (its module is written in terms of this one)."""
    from meanfield.models import rank1_chaotic

    return rank1_chaotic.MODEL


# The equations do not need the standard deviation of n; the network may have one.
NETWORK = network(
    phi,
    strength=g,
    low_rank=[("m", "n")],
    means={"m": M_m, "n": M_n},
    covariances={("m", "m"): Sigma_m**2, ("n", "n"): Sigma_n**2},
    defaults={Sigma_n: 0},
)

MODEL = Model(
    "rank-one network, stationary states",
    name="rank1-stationary",
    definitions=definitions,
    equations=equations,
    parameters=(g, M_m, M_n, Sigma_m),
    defaults={Sigma_m: 0},
    observables={
        "kappa": kappa,
        "mean_phi": E(phi(x)),
        "bulk_radius": bulk_radius(phi, g, x),
        "fraction_outside": fraction_outside(phi, g, x),
        "fraction_unstable": fraction_unstable(phi, g, x),
    },
    profiles={"radial_cdf": (r, radial_cdf(phi, g, x, r)), "radial_density": (r, radial_density(phi, g, x, r))},
    spectra={"outliers": outlier_spectrum},
    indicators={
        "chaos": gain_squared - 1,
        "outlier": (sp.eye(2) - outlier_spectrum.matrix).det(),
    },
    physical={"the bulk radius is at most 1, or all activity vanishes": sp.Max(1 - gain_squared, -Delta_0)},
    stable={"the bulk radius is below 1": 1 - gain_squared},
    symmetries=[{mu: -mu}],
    best_first=True,
    starts=[
        {mu: M_m * M_n, Delta_0: scale},
        {mu: 0, Delta_0: 0},
        {mu: 0, Delta_0: scale},
        {mu: M_m * M_n / 4, Delta_0: scale / 4},
    ],
    junctions=[Junction(Later(chaotic_states), condition=1 - gain_squared, arrive={mu: mu, Delta_inf: Delta_0, delta: sp.S.Zero})],
    requires=[
        Requirement(
            continuous,
            "<phi'^2>, which decides stability, does not exist for a transfer function that jumps; use one that is continuous",
        )
    ],
    meanings={
        r: "distance of an eigenvalue of the Jacobian from the centre -1 of the bulk",
        mu: "mean of x",
        Delta_0: "variance of x",
        kappa: "activity along m: the overlap of n with phi(x), divided by N",
        g: "strength of the random connectivity",
        M_m: "mean of the vector m",
        M_n: "mean of the vector n",
        Sigma_m: "standard deviation of m",
    },
    variables={"x": x},
    network=NETWORK,
    references=["Mastrogiuseppe & Ostojic, Neuron 99, 609 (2018), doi:10.1016/j.neuron.2018.07.003: eq. 83; stability: Methods"],
)
