"""Spectra of Jacobians about a fixed point: distribution of the modulus, unstable fraction, and a large matrix."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

import meanfield as mf
from meanfield import models, transfer
from meanfield.dynamics.radial import RadialCDF
from meanfield.dynamics.spectra import bulk_radius, fraction_outside, radial_cdf
from meanfield.dynamics.unstable import UnstableFraction
from meanfield.errors import ModelError
from meanfield.models import kac_rice
from meanfield.symbols import gaussian, parameters, tilted, uniform

phi = transfer.tanh
(g,) = parameters("g")


def test_the_expression_reads_off_the_tilt() -> None:
    node = radial_cdf(phi, kac_rice.g, kac_rice.x_star, kac_rice.r)
    assert node.args == (kac_rice.r, kac_rice.g, 0, kac_rice.beta, kac_rice.alpha, kac_rice.gamma, phi)
    assert radial_cdf(phi, g, gaussian("x", var=2), kac_rice.r).args[2:6] == (0, 2, 0, 0)


def test_other_laws_are_refused() -> None:
    with pytest.raises(ModelError, match="tilt"):
        radial_cdf(phi, g, tilted("y", log_tilt=lambda y: -(y**4)), kac_rice.r)
    with pytest.raises(ModelError, match="scalar normal or tilted"):
        radial_cdf(phi, g, uniform("t"), kac_rice.r)


def test_the_token_is_exchanged_with_the_transfer_function() -> None:
    _, expr = models.by_name("kac-rice").with_transfer(transfer.erf).profiles["radial_cdf"]
    assert expr.args[-1] == transfer.erf
    assert bulk_radius(phi, g, gaussian("x")) != bulk_radius(transfer.erf, g, gaussian("x"))


def test_the_disk_of_a_matrix_with_equal_slopes() -> None:
    """At zero variance every s is g phi'(mean): the circular law, F = (r/s)^2."""
    r = np.array([-1.0, 0.0, 0.3, 0.9, 1.2, 1.5, 4.0])
    s = 1.5 * phi.jet([1], np.array(0.2))[0]
    assert RadialCDF.evaluate(r, 1.5, 0.2, 0.0, 0.0, 0.0, phi) == pytest.approx(np.clip(r, 0, s) ** 2 / s**2, abs=1e-14)


def test_the_moduli_of_a_large_matrix() -> None:
    N, gain, variance = 600, 1.5, 0.8
    rng = np.random.default_rng(3)
    x = np.sqrt(variance) * rng.standard_normal(N)
    J = gain * rng.standard_normal((N, N)) / np.sqrt(N)
    moduli = np.abs(np.linalg.eigvals(J / np.cosh(x) ** 2))
    r = np.linspace(0.1, 1.6, 12)
    measured = np.mean(moduli[:, None] <= r, axis=0)
    assert RadialCDF.evaluate(r, gain, 0, variance, 0, 0, phi) == pytest.approx(measured, abs=0.03)


def test_the_unstable_fraction_is_the_integral_over_the_spectrum() -> None:
    """``f_u = int_1^R h(r) dr / (pi r sqrt(r^2 - 1))`` with the h of the radial distribution, r = sqrt(1 + t^2)."""
    state = mf.solve(models.by_name("kac-rice"), g=3.0)
    R = state["bulk_radius"]
    nodes, weights = np.polynomial.legendre.leggauss(80)
    t = np.sqrt(R**2 - 1) * (nodes + 1) / 2
    h = 1 - state.profile("radial_cdf", np.sqrt(1 + t**2))
    integral = np.sqrt(R**2 - 1) / 2 * weights @ (h / (np.pi * (1 + t**2)))
    assert state["fraction_unstable"] == pytest.approx(integral, abs=1e-9)
    assert state["fraction_outside"] == pytest.approx(1 - float(np.squeeze(state.profile("radial_cdf", [1.0]))), abs=1e-11)


def test_density_is_normalised_with_the_moments_of_the_state() -> None:
    state = mf.solve(models.by_name("kac-rice"), g=2.0, D=0.2)
    y = np.linspace(-16, 16, 4001)
    density = np.ravel(state.profile("density", y))
    step = y[1] - y[0]
    assert density.sum() * step == pytest.approx(1, abs=1e-11)
    assert (density @ y**2) * step == pytest.approx(state["mean_square"], abs=1e-9)


def _cases() -> list[tuple[float, ...]]:
    """(r, g, mean, var, alpha, gamma): Kac-Rice at g = 2 and 10, normal laws, no variance, a tiny and a large radius."""
    return [
        (1.2, 2.0, 0.0, 1.5396, 1.3303, -0.3319),
        (0.05, 2.0, 0.0, 1.5396, 1.3303, -0.3319),
        (3.0, 10.0, 0.0, 68.0, 43.0, -0.31),
        (0.7, 1.5, 0.4, 2.0, 0.0, 0.0),
        (0.6, 1.5, 0.4, 0.0, 0.0, 0.0),
        (0.5, 1.1, -0.2, 1e-4, 0.0, 0.0),
    ]


def _by_adaptive_quadrature(case: tuple[float, ...]) -> float:
    """F by SciPy's adaptive quadrature and bracketing, for phi = tanh."""
    r, g_, mean, var, alpha, gamma = case
    sigma = np.sqrt(var)
    slope = lambda y: 1 / np.cosh(y) ** 2
    weight = lambda y: np.exp(-((y - mean) ** 2) / (2 * var) + gamma * np.tanh(y) ** 2) * np.sqrt(1 + alpha * slope(y) ** 2)
    s = lambda y: (g_ * slope(y)) ** 2

    def excess(h: float) -> float:
        f = lambda y: weight(y) * (s(y) / (r**2 + h * s(y)) - 1)
        edges = mean + sigma * np.array([-10, -4, -1.5, -0.5, 0, 0.5, 1.5, 4, 10])
        return sum(quad(f, a, b, epsabs=1e-14, epsrel=1e-14, limit=200)[0] for a, b in zip(edges, edges[1:]))

    return float(1 - brentq(excess, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


@pytest.mark.parametrize("case", [c for c in _cases() if c[3] > 0.01], ids=str)
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")  # it is asked for more than rounding allows
def test_values_are_within_their_claims_of_adaptive_quadrature(case) -> None:
    claim = float(RadialCDF.claim(*case, phi))
    assert abs(float(RadialCDF.evaluate(*case, phi)) - _by_adaptive_quadrature(case)) <= claim + 1e-13
    assert claim < 1e-12


@pytest.mark.parametrize("case", _cases(), ids=str)
@pytest.mark.parametrize("index", range(6))
def test_derivatives_are_those_of_the_values(case, index) -> None:
    step = 1e-5 * (case[index] if index not in (2, 5) else 1) or 1e-6

    def at(shift):
        moved = list(case)
        moved[index] += shift
        return float(RadialCDF.evaluate(*moved, phi))

    if index == 3 and case[3] == 0:  # a variance cannot be negative: one-sided, second order
        difference = (4 * at(step) - 3 * at(0) - at(2 * step)) / (2 * step)
    else:
        difference = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    assert float(RadialCDF.partial(index, *case, phi)) == pytest.approx(difference, rel=1e-5, abs=2e-8)


def test_beyond_the_edge_nothing_changes() -> None:
    assert [float(RadialCDF.partial(i, 5.0, 2.0, 0.0, 1.5, 1.3, -0.3, phi)) for i in range(6)] == [0] * 6
    assert float(RadialCDF.evaluate(5.0, 2.0, 0.0, 1.5, 1.3, -0.3, phi)) == 1


def test_slopes_that_jump() -> None:
    """Threshold-linear phi: s = g with probability p = P(y > 0), else 0; F = 1 - p + r^2/g^2 up to the edge."""
    y, g_ = gaussian("y", mean=0.3, var=2.0), 1.7
    p = float(mpmath.ncdf(0.3 / np.sqrt(2.0)))
    r = np.array([0.2, 0.8, 1.1, 1.6])
    expected = np.minimum(1 - p + r**2 / g_**2, 1)
    found = RadialCDF.evaluate(r, g_, 0.3, 2.0, 0.0, 0.0, transfer.relu)
    assert found == pytest.approx(expected, abs=1e-13)
    assert (abs(found - expected) <= RadialCDF.claim(r, g_, 0.3, 2.0, 0.0, 0.0, transfer.relu)).all()
    assert fraction_outside(transfer.relu, g, y).args


def test_slopes_that_vanish() -> None:
    """Where phi' has zeros the integrand is narrow there, for small r (fixed nodes were 2e-4 off)."""
    r, (g_, mean, variance) = np.array([0.03, 0.1, 0.5, 0.9]), (1.3, -0.4, 1.7)
    found = RadialCDF.evaluate(r, g_, mean, variance, 0.0, 0.0, transfer.sine)
    claim = RadialCDF.claim(r, g_, mean, variance, 0.0, 0.0, transfer.sine)
    y = mean + np.sqrt(variance) * np.linspace(-9, 9, 200001)
    weight = np.exp(-((y - mean) ** 2) / (2 * variance))
    s_squared = (g_ * np.cos(y)) ** 2
    m = [weight @ (s_squared / (at**2 + (1 - F) * s_squared)) / weight.sum() for at, F in zip(r, found)]
    slope = [weight @ (s_squared / (at**2 + (1 - F) * s_squared)) ** 2 / weight.sum() for at, F in zip(r, found)]
    assert (abs(np.array(m) - 1) / slope <= claim).all() and claim.max() < 1e-10


def test_nothing_is_computed_of_what_is_not_a_number() -> None:
    values = RadialCDF.evaluate(np.array([0.5, np.nan, 0.5]), 1.5, 0.0, 0.0, 0.0, 0.0, phi)
    assert list(np.isnan(values)) == [False, True, False]


def test_the_radial_density_is_the_slope_of_the_distribution() -> None:
    state = mf.solve(models.by_name("kac-rice"), g=2.0, D=0.3)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    R = state["bulk_radius"]
    t = (nodes + 1) / 2
    r = R * t**8  # saturated neurons make it steep at the centre
    density = state.profile("radial_density", r)
    assert weights / 2 @ (8 * R * t**7 * 2 * np.pi * r * density) == pytest.approx(1, abs=1e-8)
    r = np.linspace(0.1, 0.98 * R, 20)
    slope = (state.profile("radial_cdf", r + 1e-5) - state.profile("radial_cdf", r - 1e-5)) / 2e-5
    assert state.profile("radial_density", r) == pytest.approx(slope / (2 * np.pi * r), rel=1e-6)


def test_unstable_fraction_of_any_law_is_that_of_kac_rice_where_both_are_known() -> None:
    state = mf.solve(models.by_name("kac-rice"), g=2.0)
    law = (2.0, 0.0, state["beta"], state["alpha"], state["gamma"], phi)
    assert abs(float(UnstableFraction.evaluate(*law)) - state["fraction_unstable"]) <= 1e-11
    assert float(UnstableFraction.claim(*law)) < 1e-9
    assert float(UnstableFraction.evaluate(0.9, 0.0, 1.0, 0.0, 0.0, phi)) == 0
    assert float(UnstableFraction.partial(0, 0.9, 0.0, 1.0, 0.0, 0.0, phi)) == 0
    for i in range(5):
        step = np.zeros(5)
        step[i] = 1e-5
        up, down = (float(UnstableFraction.evaluate(*(np.array(law[:5]) + sign * step), phi)) for sign in (1, -1))
        assert float(UnstableFraction.partial(i, *law)) == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-9)


def test_observables_of_stationary_states_carry_claims() -> None:
    """A frozen state beyond the onset of chaos; the fraction outside solves 1 = <s^2/(1 + z s^2)>, by another quadrature."""
    found = mf.solve(models.by_name("rank1-stationary"), g=2.0, M_m=1.0, M_n=1.5, Sigma_m=0.5, find="all")
    state = max(found, key=lambda s: s["Delta_0"])
    assert state["bulk_radius"] > 1
    x, w = np.polynomial.hermite_e.hermegauss(200)
    s_squared = 4 * (1 - np.tanh(np.sqrt(state["Delta_0"]) * x + state["mu"]) ** 2) ** 2
    z = brentq(lambda z: w @ (s_squared / (1 + z * s_squared)) / w.sum() - 1, 0, 1, xtol=1e-14)
    assert state["fraction_outside"] == pytest.approx(z, abs=1e-8)
    assert 0 < state["fraction_unstable"] < state["fraction_outside"] / 2
    assert 0 < state.error["fraction_outside"] < 1e-9
    assert 0 < state.error["fraction_unstable"] < 1e-9
    quiet = mf.solve(models.by_name("rank1-stationary"), g=0.5, M_m=1.0, M_n=0.5)
    assert (quiet["fraction_outside"], quiet["fraction_unstable"]) == (0, 0)
