"""The models' equations against the formulas of the papers, typed again here in another form."""

import sympy as sp

from meanfield import models, transfer
from meanfield.averages import E, divided_difference, hermite_genocchi, log_norm
from meanfield.averages.divided_difference import DividedDifference
from meanfield.averages.scope import nodes, substitute
from meanfield.models import kac_rice, kac_rice_action, rank1_chaotic, rank1_input_stationary
from meanfield.symbols import gaussian, gaussian_pair, parameters, standard_normal, tilted, uniform, unknown

phi, Phi = transfer.tanh, transfer.tanh.d(-1)
mu, kappa, Delta_0, Delta_inf, delta = (unknown(n) for n in "mu kappa Delta_0 Delta_inf delta".split())
alpha, beta, gamma = (unknown(n) for n in "alpha beta gamma".split())
g, M_m, M_n, M_I, D = parameters("g M_m M_n M_I D")
Sigma_m, Sigma_mI, Sigma_nI, Sigma_I_squared = parameters("Sigma_m Sigma_mI Sigma_nI Sigma_I_squared")
x = gaussian("x", mean=mu, var=Delta_0)


def same(a: sp.Expr, b: sp.Expr) -> bool:
    return sp.expand(a - b) == 0


def test_scs_energy_is_a10_divided_by_half_delta_squared() -> None:
    y = gaussian("x", var=Delta_0)
    sigma_squared = parameters("sigma_squared")[0]
    variance = E(Phi(y) ** 2) - E(Phi(y)) ** 2
    (residual,) = models.by_name("scs").residuals
    assert same(residual * Delta_0**2 / 2, sigma_squared**2 / 2 + g**2 * variance - Delta_0**2 / 2)


def test_stationary_state_is_eq_83() -> None:
    of_mu, of_variance = models.by_name("rank1-stationary").residuals
    assert same(of_mu, mu - M_m * M_n * E(phi(x)))
    assert same(of_variance, Delta_0 - g**2 * E(phi(x) ** 2) - Sigma_m**2 * M_n**2 * E(phi(x)) ** 2)


def test_chaotic_state_is_eq_86_with_nested_integrals() -> None:
    z, w = standard_normal("z"), standard_normal("w")
    inner = E(phi(mu + sp.sqrt(Delta_0 - Delta_inf) * w + sp.sqrt(Delta_inf) * z), w)
    expected = g**2 * E(inner**2, z) + Sigma_m**2 * M_n**2 * E(phi(x)) ** 2
    of_variance = rank1_chaotic.IN_VARIANCES.residuals[1]
    assert same(of_variance, Delta_inf - expected)


def test_the_regular_equation_is_the_energy_balance_divided_twice() -> None:
    """``V(Delta_0) - V(Delta_inf) - (Delta_0 - Delta_inf) V'(Delta_inf)`` over ``(Delta_0 - Delta_inf)^2 / 2``, as an integral."""
    s = uniform("s")  # from Delta_0 down to Delta_inf
    a, b = gaussian_pair("a b", mean=mu, var=Delta_0, cov=Delta_0 + s * (Delta_inf - Delta_0))
    expected = 2 * g**2 * E(s * E(phi.d(1)(a) * phi.d(1)(b), a, b), s) - 1
    energy = rank1_chaotic.IN_VARIANCES.residuals[2]
    (node,) = nodes(energy, DividedDifference)
    assert same(energy, 2 * g**2 * node - 1)
    assert same(2 * g**2 * hermite_genocchi(node) - 1, expected)
    at_onset = divided_difference(rank1_chaotic.motion.potential, Delta_0, Delta_0, Delta_0)
    assert same(2 * at_onset, g**2 * E(phi.d(1)(x) ** 2) - 1)


def test_outliers_are_the_two_by_two_system_of_the_perturbed_mean_and_covariance() -> None:
    mu_1, c_1 = sp.symbols("mu_1 c_1", real=True)
    d = phi.d
    k_1 = M_n * (E(d(1)(x)) * mu_1 + E(d(2)(x)) * c_1) + Sigma_nI * (E(d(2)(x)) * mu_1 + E(d(3)(x)) * c_1)
    overlap = M_n * E(phi(x)) + Sigma_nI * E(d(1)(x))
    covariance = g**2 * (E(phi(x) * d(1)(x)) * mu_1 + E(d(1)(x) ** 2 + phi(x) * d(2)(x)) * c_1)
    system = sp.Matrix([M_m * k_1, covariance + (Sigma_m**2 * overlap + Sigma_mI) * k_1]).jacobian([mu_1, c_1])
    doubled = sp.diag(1, 2)  # Delta_0 changes by twice c_1
    matrix = rank1_input_stationary.outlier_spectrum.matrix
    assert all(sp.expand(e) == 0 for e in doubled * system * doubled.inv() - matrix)


def test_at_rest_only_the_mode_of_the_mean_is_left() -> None:
    _, matrix = models.by_name("rank1-stationary").spectra["outliers"].at_zero
    assert matrix.shape == (1, 1)
    assert substitute(matrix[0], {mu: sp.S.Zero}) == M_m * M_n * phi.d(1)(0)


def test_without_input_the_input_model_is_the_plain_one() -> None:
    nothing = dict.fromkeys((M_I, Sigma_mI, Sigma_nI, Sigma_I_squared), sp.S.Zero)
    for kind in ("stationary", "chaotic"):
        of_mu, of_kappa, *rest = (substitute(r, nothing) for r in models.by_name(f"rank1-input-{kind}").residuals)
        value = substitute(kappa - of_kappa, {kappa: sp.S.Zero})
        plain = models.by_name(f"rank1-{kind}").residuals
        assert same(substitute(of_mu, {kappa: value}), plain[0])
        assert all(same(substitute(a, {kappa: value}), b) for a, b in zip(rest, plain[1:], strict=True))


def test_kac_rice_is_derived_as_printed_in_the_corrected_slides() -> None:
    y = tilted("y", var=beta, log_tilt=lambda v: sp.log(1 + alpha * phi.d(1)(v) ** 2) / 2 + gamma * phi(v) ** 2)
    assert kac_rice.x_star.law == y.law
    of_alpha, of_beta, of_gamma = kac_rice.IN_ORDER_PARAMETERS.residuals
    assert same(of_alpha, 1 - g**2 * E(phi.d(1)(y) ** 2 / (1 + alpha * phi.d(1)(y) ** 2)))
    assert same(of_beta * beta, g**2 * E(phi(y) ** 2) + D - beta)
    assert same(of_gamma / beta, g**2 / (2 * beta) * (E(y**2) / beta - 1) - gamma)


def test_complexity_is_its_formula_at_a_solution_and_stationary_there() -> None:
    y, model = kac_rice.x_star, kac_rice.IN_ORDER_PARAMETERS
    mean_square_phi = E(phi(y) ** 2)
    log_Z = log_norm(y) + sp.log(2 * sp.pi * beta) / 2
    expected = log_Z - sp.log(2 * sp.pi * beta) / 2 - alpha / (2 * g**2) - gamma * mean_square_phi
    assert same(expected.xreplace({mean_square_phi: (beta - D) / g**2}), kac_rice.complexity)
    of_alpha, of_beta, of_gamma = model.residuals
    assert same(kac_rice.complexity.diff(alpha), -of_alpha / (2 * g**2))
    assert same(kac_rice.complexity.diff(gamma), of_beta * beta / g**2)
    assert same(kac_rice.complexity.diff(beta), of_gamma / (g**2 * beta))


def test_the_single_phase_is_the_other_one_at_alpha_and_gamma_zero() -> None:
    at_zero = {alpha: sp.S.Zero, gamma: sp.S.Zero}
    of_alpha, of_beta, _ = (substitute(r, at_zero) for r in kac_rice.IN_ORDER_PARAMETERS.residuals)
    assert same(of_beta, kac_rice.SINGLE.residuals[0])
    (stability,) = kac_rice.SINGLE.accept.values()
    assert same(stability, of_alpha)
    assert substitute(kac_rice.complexity, {**at_zero}) == 0


def test_the_action_of_data_is_the_functional_with_the_measure_exchanged() -> None:
    model = kac_rice_action.MODEL
    z = model.unknowns[0]
    assert same(model.observables["action"], kac_rice_action.of_data(substitute(kac_rice.S, {kac_rice.z_star: z})))
