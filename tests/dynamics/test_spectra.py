"""Spectra of Jacobians about a fixed point: distribution of the modulus, unstable fraction, and a large matrix."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import models, transfer
from meanfield.dynamics.spectra import RadialCDF, bulk_radius, radial_cdf
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
