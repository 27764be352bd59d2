"""Fixed points of a random network by the Kac-Rice formula: their number and the law of their coordinates.

``x_i' = -x_i + sum_j J_ij phi(x_j) + eta_i`` with ``J_ij ~ N(0, g^2/N)`` and a frozen input ``eta_i ~ N(0, D)``. The velocity at a
given x has the variance ``kappa + D``, ``kappa = (g^2/N) sum_i phi(x_i)^2``, and its Jacobian is ``-1 + J diag(phi')``, whose
determinant grows like ``exp(N zeta)``. So the expected number of fixed points with coordinates distributed like rho is
``exp N(-S[rho] + H[rho])``, H being the entropy. Here S is written down, and the program derives the rest: the stationary
density mu*, the equations of alpha, beta and gamma, and the topological complexity ``c = max(-S + H)``.

Two phases meet where alpha vanishes, at the onset D_c of chaos. For smaller D there are exponentially many fixed points
(`MODEL`, alpha > 0); for larger D there is one, and it is stable (`SINGLE`, alpha = gamma = 0).
"""

from functools import reduce

import sympy as sp

from meanfield import transfer
from meanfield.averages import E, log_norm
from meanfield.averages.passes import bind_functional, functional_derivative
from meanfield.averages.scope import substitute
from meanfield.averages.variables import Variable
from meanfield.conditions import change_unknowns
from meanfield.dynamics.spectra import bulk_radius, radial_cdf, radial_density, unstable_fraction
from meanfield.model import Junction, Later, Model, Requirement
from meanfield.model.formulas import maximum, minimum
from meanfield.model.requirements import bounded, continuous
from meanfield.networks import network
from meanfield.symbols import coordinate, distributed, gaussian, parameters, symbol, tilted, unknown

alpha, beta, gamma = unknown("alpha", nonnegative=True), unknown("beta", nonnegative=True), unknown("gamma")
log_beta, gamma_beta = unknown("log_beta"), unknown("gamma_beta")
g, D = parameters("g D", nonnegative="g D")
z_star, y, r = symbol("z_star"), coordinate("y"), coordinate("r")
phi = transfer.tanh
ELSEWHERE = (0.3, 0.7, 1.3, 2.2, 4.1)  # where phi is asked whether it is steeper than at 0, and at last how large it is
NETWORK = network(phi, strength=g, covariances={("I", "I"): D})


def action(x: Variable) -> sp.Expr:
    """``S[rho]`` of a variable x distributed like rho; ``dS/dz_star = 0``, or z_star = 0 where ``<s^2> <= 1``."""
    velocity_variance = g**2 * E(phi(x) ** 2) + D
    s_squared = g**2 * phi.d(1)(x) ** 2
    zeta = -z_star / 2 + E(sp.log(1 + z_star * s_squared)) / 2
    return E(x**2) / (2 * velocity_variance) + sp.log(2 * sp.pi * velocity_variance) / 2 - zeta


# Stationarity of -S + H in rho: log mu*(y) = -delta S / delta rho(y) - log Z. Its terms in y^2 and phi^2 define beta and
# gamma, and alpha is g^2 z_star.
x = distributed("y", "rho")
mean_square_phi = E(phi(x) ** 2)
S = action(x)
log_weight = sp.expand(-functional_derivative(S, "rho", at=y))
beta_of_rho = sp.simplify(-1 / (2 * log_weight.coeff(y, 2)))
gamma_of_rho = sp.simplify(log_weight.coeff(phi(y), 2).xreplace({mean_square_phi: (beta - D) / g**2}))
determinant_part = sp.expand(log_weight - log_weight.coeff(y, 2) * y**2 - log_weight.coeff(phi(y), 2) * phi(y) ** 2)


def log_tilt(y_: sp.Expr) -> sp.Expr:
    """``log mu*(y)`` without its Gaussian part."""
    return substitute(determinant_part, {z_star: alpha / g**2, y: y_}) + gamma * phi(y_) ** 2


x_star = tilted("y", var=beta, log_tilt=log_tilt)


def at_mu_star(functional: sp.Expr) -> sp.Expr:
    return bind_functional(substitute(functional, {z_star: alpha / g**2}), "rho", x_star.law)


# c = -S[mu*] - <log mu*>. With <phi^2> = (beta - D)/g^2 it is stationary in alpha, beta and gamma at a solution, so that their
# errors enter it only to second order.
log_Z = log_norm(x_star) + sp.log(2 * sp.pi * beta) / 2
entropy = log_Z - E(log_tilt(x_star) - x_star**2 / (2 * beta))
complexity = sp.expand((entropy - at_mu_star(S)).xreplace({at_mu_star(mean_square_phi): (beta - D) / g**2}))

# Where to start: interpolations between the expansion about g = 1 (phi = slope (y - a y^3)), where alpha -> 2 eps/3,
# beta -> 2 eps/(9 a), gamma beta -> -eps/3 and D_c -> 4 eps^3/(9 a), and the limit g -> infinity; and between D = 0 and D_c.
slope = phi.d(1)(0)
a = maximum(-phi.d(3)(0) / (6 * slope), sp.Rational(1, 20))
steepest_squared = reduce(maximum, (phi.d(1)(sign * x) ** 2 for x in ELSEWHERE for sign in (1, -1)), slope**2)
excess = g**2 * slope**2 - 1
u = sp.Piecewise((excess, excess > sp.Rational(1, 10**9)), (sp.nan, True))  # no excess, no expansion
beta_c = u / (6 * a) * (1 + 0.55 * u)
to_onset = minimum(D / (u**3 / (18 * a) / (1 + 0.6 * u)), 1)
beta_without_input = u / (9 * a) * (1 + 0.4 * u) / (1 + 0.064 / a * u)
start = {
    alpha: u / 3 * (1 + 0.4 * u) / (1 + 0.3 * u) * (1 - to_onset) / (1 + (1 + u / 3) * to_onset) / slope**2,
    beta: beta_without_input + (beta_c - beta_without_input) * to_onset,
    gamma_beta: -u / 6 * (1 + 0.4 * u) / (1 + 0.3 * u) * (1 - to_onset) / (1 + (1 + u / 2) * to_onset) / slope**2,
}

# Where phi(0) is not 0, or phi is steeper elsewhere, that expansion is about no state. Then: the limit g -> infinity of a phi that
# jumps between numbers of this mean square, and about half way from there to the onset.
amplitude_squared = (phi(ELSEWHERE[-1]) ** 2 + phi(-ELSEWHERE[-1]) ** 2) / 2
off_centre = phi(0) ** 2 - sp.Float(1e-18)
unusual = maximum(off_centre, steepest_squared - (1 + sp.Float(1e-9)) * slope**2)
starts_elsewhere = [
    {
        alpha: sp.Piecewise((fraction * g**2, unusual > 0), (sp.nan, True)),
        beta: share * g**2 * amplitude_squared + D,
        gamma: -preference * g**2 / (share * g**2 * amplitude_squared + D),
    }
    for fraction, share, preference in ((0.44, 0.69, 0.22), (0.15, 0.75, 0.05))
]
# As beta -> 0, alpha and gamma beta have limits for every phi with phi(0) = 0: an end, near which all equations nearly hold.
degenerate = (1 - g**2 * slope**2) / 2
away = sp.Abs(gamma * beta - degenerate) + 0.1 * minimum(degenerate, 0)

order_parameters = {
    alpha: "how strongly mu* prefers steep points of phi; alpha = g^2 z_star, alpha/g^2 is the fraction of eigenvalues outside 1",
    beta: "variance of the velocity's random part, g^2 <phi^2> + D",
    gamma: "how strongly mu* avoids large phi^2",
    g: "strength of the random connectivity",
    D: "variance of the frozen input (not a white noise)",
}
references = [
    "Stubenrauch, Keup, Kurth, Helias & van Meegen, Fixed point geometry in chaotic neural networks, arXiv:2210.07877",
    "Wainrib & Touboul, PRL 110, 118101 (2013), doi:10.1103/PhysRevLett.110.118101 (topological complexity)",
]
requires = [
    Requirement(bounded, "the velocity at a fixed point must have a bounded variance; use a bounded transfer function"),
    Requirement(continuous, "<phi'^2> does not exist for a transfer function that jumps; use one that is continuous"),
]

# --- one fixed point: mu* is normal, the static mean-field state ----------------------------------------------------------
x_0 = gaussian("y", var=beta)
static_variance = g**2 * E(phi(x_0) ** 2) + D


def many_fixed_points() -> Model:
    """The phase with a complexity, beyond D_c (written below)."""
    return MODEL


quiet = {
    "without input there is one fixed point, x = 0 where phi(0) = 0, as long as g |phi'| <= 1 everywhere": sp.Piecewise(
        (1 - g**2 * steepest_squared, sp.Le(D, 0)), (-1, True)
    )
}

SINGLE = Model(
    "the one fixed point of a random network with a strong frozen input",
    name="kac-rice-single",
    phase="one fixed point",
    unknowns=(beta,),
    parameters=(g, D),
    defaults={D: 0},
    implicit=[static_variance / beta - 1],
    reports={alpha: sp.S.Zero, beta: beta, gamma: sp.S.Zero},
    observables={
        "complexity": sp.S.Zero,
        "mean_square": beta,
        "mean_square_phi": E(phi(x_0) ** 2),
        "bulk_radius": bulk_radius(phi, g, x_0),
        "fraction_outside": sp.S.Zero,
        "fraction_unstable": sp.S.Zero,
    },
    profiles={
        "density": (y, sp.exp(-(y**2) / (2 * beta)) / sp.sqrt(2 * sp.pi * beta)),
        "radial_cdf": (r, radial_cdf(phi, g, x_0, r)),
        "radial_density": (r, radial_density(phi, g, x_0, r)),
    },
    accept={"the fixed point is stable (otherwise there are many)": 1 - g**2 * E(phi.d(1)(x_0) ** 2)},
    indicators={"alpha": sp.S.Zero},
    refuse={"beta = 0: without input all activity vanishes": beta},
    absent=quiet,
    junctions=[
        Junction(
            Later(many_fixed_points),
            condition=1 - g**2 * E(phi.d(1)(x_0) ** 2),
            arrive={alpha: sp.S.Zero, log_beta: sp.log(beta), gamma_beta: sp.S.Zero},
        )
    ],
    stable=True,
    best_first=True,
    starts=[{beta: D + g**2}, {beta: beta_c}, {beta: D}],
    requires=requires,
    meanings=order_parameters,
    variables={"y": x_0},
    network=NETWORK,
    references=references,
)

# --- exponentially many fixed points --------------------------------------------------------------------------------------
IN_ORDER_PARAMETERS = Model(
    "fixed points of a random network, where there are exponentially many",
    name="kac-rice",
    phase="exponentially many fixed points",
    unknowns=(alpha, beta, gamma),
    parameters=(g, D),
    defaults={D: 0},
    # beta = beta_of_rho, gamma = gamma_of_rho and dS/dz = 0, each divided by its own size.
    implicit=[
        at_mu_star(2 * S.diff(z_star)),
        sp.expand(at_mu_star(beta_of_rho) / beta) - 1,
        sp.expand(beta * (at_mu_star(gamma_of_rho) - gamma)),
    ],
    observables={
        "complexity": complexity,
        "mean_square": E(x_star**2),
        "mean_square_phi": E(phi(x_star) ** 2),
        "z_star": alpha / g**2,
        "bulk_radius": bulk_radius(phi, g, x_star),
        "fraction_outside": alpha / g**2,
        "fraction_unstable": unstable_fraction(phi, g, x_star, alpha / g**2),
        "conditional_mean_eigenvalue": g**2 * E(x_star * phi(x_star) * phi.d(1)(x_star)) / beta,
    },
    profiles={
        "density": (y, sp.exp(log_tilt(y) - y**2 / (2 * beta) - log_Z)),
        "radial_cdf": (r, radial_cdf(phi, g, x_star, r)),
        "radial_density": (r, radial_density(phi, g, x_star, r)),
    },
    indicators={"alpha": alpha},
    accept={
        "alpha is not negative": alpha,
        "beta is away from the degenerate end beta -> 0": maximum(away, 1e18 * off_centre),
    },
    refuse={"alpha = 0: there is one fixed point": alpha},
    absent=quiet,
    stable=False,
    best_first=True,
    starts=[
        {alpha: start[alpha], beta: factor * start[beta], gamma: start[gamma_beta] / (factor * start[beta])}
        for factor in (1, 1.15, 0.87)
    ]
    + starts_elsewhere,
    delicate=True,
    junctions=[Junction(SINGLE, condition=alpha, arrive={beta: beta}, follow=True)],
    requires=requires,
    meanings=order_parameters,
    variables={"y": x_star},
    network=NETWORK,
    references=references,
)

MODEL = change_unknowns(
    IN_ORDER_PARAMETERS,
    {beta: sp.exp(log_beta), gamma: gamma_beta * sp.exp(-log_beta)},
    unknowns=(alpha, log_beta, gamma_beta),
    inverse={log_beta: sp.log(beta), gamma_beta: gamma * beta},
)
