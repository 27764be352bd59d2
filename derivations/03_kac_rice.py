"""Fixed points of a random network: from the law of the velocity to their number, by the Kac-Rice formula.

``y_i(x) = -x_i + sum_j J_ij phi(x_j) + eta_i`` with ``J_ij ~ N(0, g^2/N)`` and ``eta_i ~ N(0, D)`` frozen. The expected number of
fixed points is ``int dx p(y = 0 | x) E[|det y'| | y = 0]``. Both factors are exponential in N; together they are
``exp(-N S(x))``, and S is a functional S[rho] of the density of the coordinates. Volume adds the entropy of rho.
"""

from __future__ import annotations

import sympy as sp
from kac_rice_determinant import (
    determinant_integral,
    exponent_of_integral,
    mean_square_determinant,
    sampled_determinant,
    sampled_log_determinant,
)
from kac_rice_limits import (
    a,
    complexity_series,
    leading_complexity,
    strong_coupling_complexity,
    strong_coupling_equations,
    strong_coupling_parts,
    strong_coupling_solution,
)
from kac_rice_numbers import (
    equations_at_strong_coupling,
    finite_size_pair,
    near_onset,
    onset,
    reference_pairs,
    weight_at_strong_coupling,
)
from kac_rice_setting import D, alpha, beta, g, gamma, law_of_velocity, mu_star, r, s_squared, variance, x_i, y, z_star
from step import Derivation, Equal, Numeric

from meanfield.averages import E, log_norm
from meanfield.averages.measures import Empirical
from meanfield.averages.passes import bind_functional, functional_derivative
from meanfield.averages.scope import substitute
from meanfield.averages.variables import Variable
from meanfield.models import kac_rice, kac_rice_action
from meanfield.symbols import gaussian, symbol
from meanfield.transfer import tanh as phi

SLIDES = "Stubenrauch et al. 2022"


def velocity_exponent(variance: sp.Expr, x: Variable) -> sp.Expr:
    """``-(1/N) ln p(y = 0 | x)``: the normal density of mean -x_i and the given variance, averaged over neurons."""
    density = sp.exp(-(x_i**2) / (2 * beta)) / sp.sqrt(2 * sp.pi * beta)
    per_neuron = sp.expand_log(-sp.log(density), force=True)
    return substitute(E(sp.expand(per_neuron).subs(x_i, x)), {beta: variance})


def determinant_exponent(integral_exponent: sp.Expr) -> sp.Expr:
    """zeta: ``ln |det|`` is self-averaging, so ``E |det|`` grows like the square root of ``E det^2``."""
    return sp.expand(integral_exponent / 2)


def action(velocity_part: sp.Expr, zeta: sp.Expr) -> sp.Expr:
    """``S = -(1/N) ln [p(y = 0) E|det|]``."""
    return velocity_part - zeta


def twice_slope(S: sp.Expr) -> sp.Expr:
    """``2 dS/dz*``: zero, or z* = 0 where it is positive there."""
    return 2 * S.diff(z_star)


def log_density(S: sp.Expr) -> sp.Expr:
    """``-S + H`` is stationary in rho where ``ln rho(y) = -delta S/delta rho(y) + const``."""
    return sp.expand(-functional_derivative(S, "rho", at=y))


def order_parameters(log_weight: sp.Expr) -> tuple[sp.Expr, ...]:
    """alpha, beta, gamma: the coefficients of phi'^2 (inside the logarithm), of -y^2/2 (inverse) and of phi^2."""
    (logarithm,) = (a for a in log_weight.atoms(sp.log) if a.has(y))
    return (
        sp.simplify((logarithm.args[0] - 1) / phi.d(1)(y) ** 2),
        sp.simplify(-1 / (2 * log_weight.coeff(y, 2))),
        sp.simplify(log_weight.coeff(phi(y), 2)),
    )


def at_saddle(functional: sp.Expr) -> sp.Expr:
    """Put mu* in the place of rho, and alpha/g^2 in that of z*."""
    return bind_functional(substitute(functional, {z_star: alpha / g**2}), "rho", mu_star.law)


def self_consistency(slope_in_z: sp.Expr, of_rho_beta: sp.Expr, of_rho_gamma: sp.Expr) -> tuple[sp.Expr, ...]:
    """The averages in alpha, beta and gamma are those over mu* itself; ``g^2 <phi^2> + D`` is beta from here on."""
    gamma_equation = at_saddle(of_rho_gamma).xreplace({E(phi(mu_star) ** 2): (beta - D) / g**2})
    return at_saddle(slope_in_z), beta - at_saddle(of_rho_beta), sp.expand(gamma - gamma_equation)


def complexity(S: sp.Expr) -> sp.Expr:
    """``c = -S[mu*] + H[mu*]``, ``H = ln Z - <ln weight>``; then ``g^2 <phi^2> = beta - D``."""
    log_Z = log_norm(mu_star) + sp.log(2 * sp.pi * beta) / 2
    weight = sp.log(1 + alpha * phi.d(1)(mu_star) ** 2) / 2 - mu_star**2 / (2 * beta) + gamma * phi(mu_star) ** 2
    c = sp.expand(log_Z - E(weight) - at_saddle(S))
    return sp.expand(c.xreplace({E(phi(mu_star) ** 2): (beta - D) / g**2}))


def gradient(c: sp.Expr) -> tuple[sp.Expr, ...]:
    """``dc/dalpha, dc/dbeta, dc/dgamma`` by the score rule."""
    return tuple(sp.expand(c.diff(s)) for s in (alpha, beta, gamma))


def where_alpha_vanishes(c: sp.Expr) -> sp.Expr:
    """c at alpha = gamma = 0."""
    return sp.simplify(substitute(c, {alpha: sp.S.Zero, gamma: sp.S.Zero}))


def onset_of_alpha(equation: sp.Expr) -> sp.Expr:
    """The equation of alpha where alpha and gamma vanish: the bulk radius of the one fixed point is 1."""
    return substitute(equation, {alpha: sp.S.Zero, gamma: sp.S.Zero})


def at_unit_radius(equation: sp.Expr, radius: sp.Symbol) -> sp.Expr:
    """Fraction h of eigenvalues further than r from -1, at r = 1."""
    return substitute(equation, {radius: sp.S.One})


def determinant(d: Derivation) -> sp.Expr:
    """From the mean square of the determinant at finite N to zeta."""
    for size in (2, 3):
        d.step(
            f"E det(1 + X Sigma)^2 = N int dz exp(-N z) prod(1 + z s_i^2), N = {size}",
            mean_square_determinant,
            size,
            check=Equal(determinant_integral(size)),
            uses=("Cov(y'_ik, y'_ik)",),
            source=SLIDES,
        )
    d.step("the same by Monte Carlo, N = 6", determinant_integral, 6, check=Numeric(sampled_determinant, rel=0.02))
    exponent = d.step(
        "exponent of the integrand at z*",
        exponent_of_integral,
        s_squared,
        z_star,
        source=SLIDES,
        check=Equal(-z_star + E(sp.log(1 + z_star * s_squared))),
    )
    return d.step(
        "zeta",
        determinant_exponent,
        exponent,
        check=Numeric(sampled_log_determinant, rel=0.02),
        uses=("exponent of the integrand at z*",),
        source=SLIDES,
    )


def action_of_density(d: Derivation, zeta: sp.Expr) -> sp.Expr:
    """S[rho]."""
    velocity_part = d.step(
        "velocity part",
        velocity_exponent,
        variance,
        r,
        check=Equal(E(r**2) / (2 * variance) + sp.log(2 * sp.pi * variance) / 2),
        uses=("Cov(y_i, y_i) = kappa + D",),
    )
    return d.step(
        "the action S[rho]",
        action,
        velocity_part,
        zeta,
        uses=("velocity part", "zeta"),
        source=SLIDES,
        check=Numeric(lambda: finite_size_pair(velocity_part - zeta), rel=1e-3),
    )


def saddle_point(d: Derivation, S: sp.Expr) -> tuple[tuple[sp.Expr, ...], sp.Expr]:
    """mu*, its three equations (as residuals) and the complexity."""
    slope_in_z = d.step(
        "z* is where S is stationary",
        twice_slope,
        S,
        check=Equal(1 - E(s_squared / (1 + z_star * s_squared))),
        uses=("the action S[rho]",),
        source=SLIDES,
    )
    gamma_of_rho = g**2 / (2 * variance) * (E(r**2) / variance - 1)
    steep = E(phi.d(1)(mu_star) ** 2 / (1 + alpha * phi.d(1)(mu_star) ** 2))
    gamma_at_mu = gamma - g**2 / (2 * beta) * (E(mu_star**2) / beta - 1)
    log_weight = d.step(
        "ln mu*",
        log_density,
        S,
        uses=("the action S[rho]",),
        source=SLIDES,
        check=Equal(sp.log(1 + z_star * s_squared.subs(r, y)) / 2 - y**2 / (2 * variance) + gamma_of_rho * phi(y) ** 2),
    )
    of_rho = d.step(
        "alpha, beta, gamma",
        order_parameters,
        log_weight,
        uses=("ln mu*",),
        source=SLIDES,
        check=Equal((g**2 * z_star, variance, gamma_of_rho)),
    )
    residuals = d.step(
        "self-consistency at mu*",
        self_consistency,
        slope_in_z,
        *of_rho[1:],
        uses=("alpha, beta, gamma",),
        source=SLIDES,
        check=Equal((1 - g**2 * steep, beta - g**2 * E(phi(mu_star) ** 2) - D, gamma_at_mu)),
    )
    c = d.step(
        "topological complexity",
        complexity,
        S,
        uses=("ln mu*", "alpha, beta, gamma"),
        check=Equal(log_norm(mu_star) - alpha / (2 * g**2) - gamma * (beta - D) / g**2),
    )
    d.step(
        "c is stationary at the saddle point",
        gradient,
        c,
        uses=("topological complexity",),
        check=Equal(
            (
                steep / 2 - 1 / (2 * g**2),
                E(mu_star**2) / (2 * beta**2) - 1 / (2 * beta) - gamma / g**2,
                E(phi(mu_star) ** 2) - (beta - D) / g**2,
            )
        ),
    )
    d.step("g = 2, D = 0", complexity, S, uses=("topological complexity",), check=Numeric(lambda: reference_pairs(residuals, c)))
    d.step("one fixed point: alpha = gamma = 0", where_alpha_vanishes, c, check=Equal(0), uses=("topological complexity",))
    meeting = d.step(
        "there are many above the onset of chaos",
        onset_of_alpha,
        residuals[0],
        uses=("self-consistency at mu*",),
        check=Equal(1 - g**2 * E(phi.d(1)(gaussian("y", var=beta)) ** 2)),
    )
    d.step(
        "D_c at g = 2",
        onset_of_alpha,
        residuals[0],
        uses=("there are many above the onset of chaos",),
        check=Numeric(lambda: onset(meeting, 2.0, 1.6359572439)),
    )
    radius = symbol("r")
    d.step(
        "fraction of eigenvalues outside 1 is z*",
        at_unit_radius,
        1 - E(s_squared / (radius**2 + z_star * s_squared)),
        radius,
        check=Equal(slope_in_z),
        uses=("z* is where S is stationary",),
        source="Rajan & Abbott 2006",
    )
    return residuals, c


def limits(d: Derivation, residuals: tuple[sp.Expr, ...], c: sp.Expr) -> None:
    """g -> 1 and g -> infinity."""
    series = d.step(
        "c near g = 1, for every odd phi = y - a y^3 + b y^5",
        complexity_series,
        3,
        uses=("topological complexity",),
        check=Equal(complexity_series(4)[:3]),
    )
    near = d.step(
        "g -> 1: stationary",
        leading_complexity,
        series,
        uses=("c near g = 1, for every odd phi = y - a y^3 + b y^5",),
        check=Equal({"c": sp.Rational(16, 81), "alpha": sp.Rational(2, 3), "beta": 2 / (9 * a), "gamma": -3 * a / 2}),
    )
    d.step(
        "the same from the equations, for tanh",
        leading_complexity,
        series,
        uses=("g -> 1: stationary",),
        check=Numeric(lambda: near_onset(residuals, c, float(near["c"])), rel=1e-2),
    )
    parts = d.step(
        "g -> infinity, phi -> sign: the weight of mu*",
        strong_coupling_parts,
        sp.S.One,
        check=Numeric(lambda: [weight_at_strong_coupling(parts)], rel=1e-2),
    )
    equations = d.step(
        "g -> infinity: equations",
        strong_coupling_equations,
        *parts,
        uses=("g -> infinity, phi -> sign: the weight of mu*",),
        check=Numeric(lambda: [(0, e) for e in equations_at_strong_coupling(equations)], abs=2e-2),
    )
    e = sp.erf(1 / sp.sqrt(sp.pi))
    w = sp.exp(-1 / sp.pi)
    solution = d.step(
        "g -> infinity: solution",
        strong_coupling_solution,
        equations,
        uses=("g -> infinity: equations",),
        check=Equal({"alpha/g^2": e / (e + w), "beta/g^2": sp.pi / 2 * e / (e + w), "gamma": -1 / sp.pi}),
    )
    d.step(
        "g -> infinity: complexity",
        strong_coupling_complexity,
        solution,
        uses=("g -> infinity: solution",),
        check=Equal(sp.log(w + e)),
    )


def derive() -> Derivation:
    d = Derivation("Kac-Rice: from the velocity to the number of fixed points")
    eigenvalue = law_of_velocity(d, mu_star)
    zeta = determinant(d)
    S = action_of_density(d, zeta)
    residuals, c = saddle_point(d, S)
    limits(d, residuals, c)

    model = kac_rice.IN_ORDER_PARAMETERS
    d.equations("kac-rice: equations of alpha, beta, gamma", residuals, model.residuals)
    d.result("kac-rice: complexity", c, model.named("complexity"))
    d.result("kac-rice: conditional_mean_eigenvalue", eigenvalue, model.named("conditional_mean_eigenvalue"))
    d.result("kac-rice-action: S(x)", bind_functional(S, "rho", Empirical("x")), kac_rice_action.MODEL.named("action"))
    return d


if __name__ == "__main__":
    derive().report()
