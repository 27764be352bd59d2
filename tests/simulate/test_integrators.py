"""The steps against exact results: orders of convergence without any sampling, and laws that hold at every step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

import meanfield as mf
from meanfield.networks import Population, bind, network
from meanfield.simulate.field import Field
from meanfield.simulate.integrators import ExponentialHeun, RungeKutta4
from meanfield.simulate.sample import Sample, sample
from meanfield.transfer.token import X


def fixed_noise(values: Any) -> Callable[[np.ndarray], None]:
    """A stand-in for random numbers: always these."""

    def write(out: np.ndarray) -> None:
        out[:] = values

    return write


def with_couplings(J: np.ndarray, phi: Any, sigma_squared: float) -> Sample:
    """A network with given couplings."""
    net = sample(bind(network(phi, strength=1, sigma_squared=sigma_squared), {}), len(J), np.random.default_rng(0))
    return Sample(net.numbers, net.slices, J, net.left, net.right, net.vectors)


def couplings(neurons: int, g: float) -> np.ndarray:
    return g * np.random.default_rng(8).standard_normal((neurons, neurons)) / np.sqrt(neurons)


def test_runge_kutta_has_order_four() -> None:
    net = with_couplings(couplings(20, 2.0), mf.transfer.tanh, 0.0)
    x0 = np.random.default_rng(1).standard_normal(20)
    exact = solve_ivp(lambda t, x: -x + net.random @ np.tanh(x), (0, 4), x0, method="DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    errors = []
    for dt in (0.1, 0.05, 0.025):
        x = x0[:, None].copy()
        steps = RungeKutta4(Field(net, 1), dt)
        steps.advance(x, round(4 / dt))
        errors.append(np.abs(x[:, 0] - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 4, atol=0.25)


@pytest.mark.parametrize("sigma_squared", [0.0, 0.5])
@pytest.mark.parametrize("tangent", [False, True])
def test_steps_in_a_row_are_steps_one_by_one(sigma_squared: float, tangent: bool) -> None:
    """Every other one goes through the arrays from behind."""
    halves = tuple(Population(phi, fraction=sp.Rational(1, 2)) for phi in (mf.transfer.tanh, mf.transfer.erf))
    net = mf.Network(halves, variances=[[2, 3], [4, 5]], couplings=[[0, 1], [0, 0]], sigma_squared=sigma_squared)
    field = Field(sample(bind(net, {}), 12, np.random.default_rng(0)), 3, tangent)
    noise = fixed_noise(np.random.default_rng(1).standard_normal((12, 3)))
    steps = ExponentialHeun(field, 0.1, noise) if sigma_squared else RungeKutta4(field, 0.1)
    start = np.random.default_rng(2).standard_normal(field.shape)
    for many in (0, 1, 2, 5):
        at_once, one_by_one = start.copy(), start.copy()
        steps.advance(at_once, many)
        for _ in range(many):
            steps.advance(one_by_one)
        np.testing.assert_allclose(at_once, one_by_one, rtol=0, atol=1e-13)


def test_units_without_couplings_have_the_exact_law_at_any_step() -> None:
    numbers = bind(network(mf.transfer.tanh, sigma_squared=0.7), {})
    net = sample(numbers, 10, np.random.default_rng(0))
    for dt in (0.05, 1.0, 5.0):
        x = np.full((10, 1), 2.0)
        ExponentialHeun(Field(net, 1), dt, fixed_noise(3.0)).advance(x)
        expected = 2 * np.exp(-dt) + 3 * np.sqrt(0.7 * (1 - np.exp(-2 * dt)))
        np.testing.assert_allclose(x, expected, rtol=1e-14)


def covariance_of_the_scheme(J: np.ndarray, sigma_squared: float, dt: float) -> np.ndarray:
    """Of a linear network, by the linear map that one step is."""
    N = len(J)
    net = with_couplings(J, mf.transfer.linear, sigma_squared)
    moved, kicked = np.eye(N), np.zeros((N, N))
    ExponentialHeun(Field(net, N), dt, fixed_noise(0.0)).advance(moved)
    ExponentialHeun(Field(net, N), dt, fixed_noise(np.eye(N))).advance(kicked)
    return solve_discrete_lyapunov(moved, kicked @ kicked.T)


def test_with_noise_a_linear_network_has_its_covariance_to_second_order() -> None:
    J = couplings(30, 0.8)
    exact = solve_continuous_lyapunov(J - np.eye(30), -2 * 0.5 * np.eye(30))
    errors = [np.trace(covariance_of_the_scheme(J, 0.5, dt) - exact) / np.trace(exact) for dt in (0.2, 0.1, 0.05)]
    np.testing.assert_allclose(np.log2(np.abs(errors[:-1]) / np.abs(errors[1:])), 2, atol=0.2)
    assert abs(errors[1]) < 3e-3  # at the default step


def mean_square_of_the_scheme(c: float, sigma_squared: float, dt: float) -> float:
    """Of one unit ``x' = -x + c tanh(x) + xi`` that is stepped for ever: no sampling, the expectation of x^2 after a step,
    again and again, as a polynomial, until it is a constant."""
    nodes = np.cos(np.pi * (np.arange(120) + 0.5) / 120)
    z, weights = np.polynomial.hermite_e.hermegauss(40)
    points = 7.0 * nodes
    net = with_couplings(c * np.eye(120), mf.transfer.tanh, sigma_squared)
    landed = np.repeat(points[:, None], len(z), axis=1)
    ExponentialHeun(Field(net, len(z)), dt, fixed_noise(z[None, :])).advance(landed)
    to_values = np.polynomial.chebyshev.chebvander(np.clip(landed / 7.0, -1, 1), 119) @ np.linalg.inv(
        np.polynomial.chebyshev.chebvander(nodes, 119)
    )
    step = np.einsum("pzk,z->pk", to_values, weights / weights.sum())
    return float((np.linalg.matrix_power(step, 4096) @ points**2)[60])


def test_with_noise_a_nonlinear_unit_has_its_law_to_second_order() -> None:
    c, sigma_squared = -2.0, 0.5
    x = np.linspace(-9, 9, 4001)
    density = np.exp(-(x**2 / 2 - c * np.logaddexp(x, -x)) / sigma_squared)
    exact = float((x**2 * density).sum() / density.sum())
    errors = [mean_square_of_the_scheme(c, sigma_squared, dt) - exact for dt in (0.2, 0.1, 0.05)]
    np.testing.assert_allclose(np.log2(np.abs(errors[:-1]) / np.abs(errors[1:])), 2, atol=0.2)
    assert abs(errors[1]) < 1e-2 * exact


def test_a_step_without_leak_is_heun() -> None:
    """The factors of the exponential method where they would be 0/0."""
    net = sample(bind(network(mf.transfer.tanh, sigma_squared=0.5, drift=-(X**3)), {}), 10, np.random.default_rng(0))
    x, h, w = np.full((10, 1), 0.5), 0.1, np.sqrt(2 * 0.5 * 0.1)
    ExponentialHeun(Field(net, 1), h, fixed_noise(1.0)).advance(x)
    predicted = 0.5 - h * 0.125 + w
    np.testing.assert_allclose(x, 0.5 + w - h * (0.125 + predicted**3) / 2, rtol=1e-14)
    cusp = network(mf.transfer.tanh, drift=-sp.sqrt(sp.Abs(X)))
    with pytest.raises(mf.errors.ParameterError, match="no slope at 0"):
        Field(sample(bind(cusp, {}), 10, np.random.default_rng(0)), 1)
