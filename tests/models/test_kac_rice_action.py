"""The action of data: invariances, gradient, the determinant's exponent against Monte Carlo at small N."""

import numpy as np
import pytest
from numpy.polynomial.laguerre import laggauss

import meanfield as mf
from meanfield import models
from meanfield.errors import ParameterError

ACTION = models.by_name("kac-rice-action")


def sample(count: int, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return scale * np.random.default_rng(seed).standard_normal(count)


def written_out(x: np.ndarray, g: float, D: float, z: float) -> float:
    """S(x) of the slides, at a given z."""
    s_squared = (g / np.cosh(x) ** 2) ** 2
    variance = g**2 * np.mean(np.tanh(x) ** 2) + D
    zeta = -z / 2 + np.mean(np.log1p(z * s_squared)) / 2
    return np.mean(x**2) / (2 * variance) + np.log(2 * np.pi * variance) / 2 - zeta


@pytest.mark.parametrize(("g", "D"), [(2.0, 0.0), (1.5, 0.3), (0.8, 0.1)])
def test_values_are_those_of_the_formula(g: float, D: float) -> None:
    x = sample(40)
    (s,) = mf.solve(ACTION, find="all", data=x, g=g, D=D)
    s_squared = (g / np.cosh(x) ** 2) ** 2
    if np.mean(s_squared) > 1:
        assert np.mean(s_squared / (1 + s["z_star"] * s_squared)) == pytest.approx(1, abs=1e-11)
        assert 0 < s["z_star"] < 1
    else:
        assert s["z_star"] == pytest.approx(0, abs=1e-12)
    assert s["action"] == pytest.approx(written_out(x, g, D, s["z_star"]), rel=1e-12)
    assert s["q"] == pytest.approx(np.mean(x**2))
    assert s["kappa"] == pytest.approx(g**2 * np.mean(np.tanh(x) ** 2))
    assert s.physical is None and s.stable is None


def test_permuting_the_neurons_changes_nothing() -> None:
    x = sample(50)
    (a,), (b,) = (mf.solve(ACTION, find="all", data=v, g=2.0) for v in (x, np.sort(x)))
    assert a["action"] == pytest.approx(b["action"], rel=1e-13)


def test_the_gradient_is_that_of_the_action() -> None:
    x, step = sample(12, 0.7), 1e-5
    (s,) = mf.solve(ACTION, find="all", data=x, g=1.8, D=0.2)

    def action(v: np.ndarray) -> float:
        return mf.solve(ACTION, data=v, g=1.8, D=0.2)["action"]

    shifts = step * np.eye(len(x))
    differences = [(action(x + shift) - action(x - shift)) / (2 * step) for shift in shifts]
    assert s["gradient"] == pytest.approx(differences, abs=1e-8)


def test_zeta_is_the_exponent_of_the_mean_squared_determinant() -> None:
    """``E det^2(-1 + J Sigma) = N int_0^inf dz e^{-N z} prod_i (1 + z s_i^2)`` exactly, and ``exp(2 N zeta)`` at large N."""
    N, g, draws = 4, 1.6, 400_000
    rng = np.random.default_rng(1)
    s = g / np.cosh(sample(N)) ** 2
    z, w = laggauss(N + 1)  # exact for the polynomial
    exact = w @ np.prod(1 + np.outer(z / N, s**2), axis=1)
    J = rng.standard_normal((draws, N, N)) / np.sqrt(N)
    squares = np.linalg.det(-np.eye(N) + J * s) ** 2
    assert abs(squares.mean() - exact) < 5 * squares.std() / np.sqrt(draws)


def test_zeta_is_laplaces_value_of_the_exact_integral() -> None:
    N, g = 4000, 1.6
    x = sample(N)
    (state,) = mf.solve(ACTION, find="all", data=x, g=g)
    s_squared = (g / np.cosh(x) ** 2) ** 2
    z = np.linspace(0, 3, 4001)
    log_integrand = np.log(N) - N * z + np.log1p(np.outer(z, s_squared)).sum(axis=1)
    top = log_integrand.max()
    log_integral = top + np.log(np.trapezoid(np.exp(log_integrand - top), z))
    assert state["zeta"] == pytest.approx(log_integral / (2 * N), abs=2 * np.log(N) / N)


@pytest.mark.parametrize(("g", "x"), [(2.0, np.zeros(5)), (0.0, sample(5))])
def test_a_velocity_that_vanishes_for_sure_has_no_action(g: float, x: np.ndarray) -> None:
    nothing = mf.solve(ACTION, find="all", data=x, g=g)
    assert len(nothing) == 0 and nothing.why.startswith("no solution: not true: kappa + D > 0")
    assert np.isfinite(mf.solve(ACTION, data=x, g=g, D=0.1)["action"])
    several = mf.solve(ACTION, data=np.stack([x, sample(5)]), g=[2.0, g or 2.0] if g else [0.0, 2.0])
    assert several.found.tolist() == [False, True] and "kappa + D" in several.why[0]


def test_tiny_activity_has_an_action() -> None:
    assert mf.solve(ACTION, data=1e-20 * sample(5), g=2.0)["action"] == pytest.approx(
        1 / 8 + np.log(2 * np.pi * 4e-40 * np.mean(sample(5) ** 2)) / 2 - (-3 / 8 + np.log(4) / 2), rel=1e-12
    )


def test_data_whose_squares_are_no_numbers_are_refused() -> None:
    with pytest.raises(ParameterError, match="data reach 1e[+]200, whose square is no number"):
        mf.solve(ACTION, data=[1e200, 1.0], g=2.0)
