"""What is drawn has the law that was asked for, exactly where that is promised; the right side is that of the dense network."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import ParameterError
from meanfield.networks import Network, Population, bind, bind_model
from meanfield.simulate import sample
from meanfield.simulate.field import Field
from meanfield.transfer.token import X


def two_populations() -> Network:
    """Everything that a network can have, in two populations."""
    vectors = {("m", "m"): 1.0, ("n", "n"): 0.5, ("m", "n"): 0.3, ("I", "I"): 0.4, ("m", "I"): -0.2}
    excitatory = Population(mf.transfer.tanh, "E", sp.Rational(3, 4), -X - X**3 / 5, {"m": 1, "n": 2, "I": 0.1}, vectors)
    inhibitory = Population(mf.transfer.relu, "I", sp.Rational(1, 4), -2 * X, {"n": -1}, {("n", "n"): 1})
    return Network((excitatory, inhibitory), [[1.0, 2.0], [0.5, 0.0]], [[1.5, -3.0], [2.0, -1.0]], (("m", "n"),))


def test_moments_are_exactly_those_demanded_in_every_population() -> None:
    numbers = bind(two_populations(), {})
    net = sample(numbers, 203, np.random.default_rng(0))
    for population, rows in zip(numbers.populations, net.slices):
        columns = np.stack([net.vectors[name][rows] for name in numbers.vectors])
        np.testing.assert_allclose(columns.mean(axis=1), population.mean, rtol=0, atol=1e-13)
        np.testing.assert_allclose(np.cov(columns, bias=True), population.covariance, rtol=0, atol=1e-13)


def test_without_fixed_moments_they_fluctuate_as_those_of_independent_draws() -> None:
    numbers = bind(two_populations(), {})
    rng = np.random.default_rng(1)
    means = [sample(numbers, 100, rng, fix_moments=False).vectors["m"][:75].mean() for _ in range(400)]
    assert np.mean(means) == pytest.approx(1.0, abs=4 / np.sqrt(75 * 400))
    assert np.var(means) == pytest.approx(1 / 75, rel=4 * np.sqrt(2 / 400))


def test_couplings_have_the_variance_of_their_block() -> None:
    numbers = bind(two_populations(), {})
    net = sample(numbers, 400, np.random.default_rng(2))
    for a, rows in enumerate(net.slices):
        for b, columns in enumerate(net.slices):
            block = net.random[rows, columns]
            expected = numbers.variances[a, b] / 400
            assert np.mean(block**2) == pytest.approx(expected, rel=4 * np.sqrt(2 / block.size), abs=1e-300)
    assert net.slices == (slice(0, 300), slice(300, 400))


def test_too_few_neurons_are_refused() -> None:
    with pytest.raises(ParameterError, match="leave a population with 2"):
        sample(bind(two_populations(), {}), 8, np.random.default_rng(0))


def by_hand(net, x: np.ndarray) -> np.ndarray:
    """The right side with a dense J, written out."""
    top, bottom = net.slices
    phi = np.concatenate([np.tanh(x[top]), np.maximum(x[bottom], 0)])
    drift = np.concatenate([-x[top] - x[top] ** 3 / 5, -2 * x[bottom]])
    return drift + net.matrix() @ phi + net.input[:, None]


def test_the_right_side_is_that_of_the_dense_network() -> None:
    net = sample(bind(two_populations(), {}), 60, np.random.default_rng(3))
    x = np.random.default_rng(4).standard_normal((60, 5))
    out = np.empty_like(x)
    Field(net, 5)(x, out)
    np.testing.assert_allclose(out, by_hand(net, x), rtol=0, atol=1e-12)


def test_the_right_side_of_perturbations_is_its_derivative() -> None:
    net = sample(bind(two_populations(), {}), 60, np.random.default_rng(5))
    rng = np.random.default_rng(6)
    x, v = rng.standard_normal((2, 60, 3))
    out = np.empty((60, 6))
    Field(net, 3, tangent=True)(np.concatenate([x, v], axis=1), out)
    h = 1e-6
    np.testing.assert_allclose(out[:, :3], by_hand(net, x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(out[:, 3:], (by_hand(net, x + h * v) - by_hand(net, x - h * v)) / (2 * h), rtol=0, atol=1e-8)


@pytest.mark.parametrize("phi", ["erf", "threshold_power:2", "logistic"])
def test_other_transfer_functions_work_in_both_precisions(phi: str) -> None:
    model = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.by_name(phi))
    numbers = bind_model(model, g=1, M_m=1, M_n=1, Sigma_m=1)
    x = np.linspace(-2, 2, 90).reshape(30, 3)
    results = []
    for dtype in (np.float64, np.float32):
        net = sample(numbers, 30, np.random.default_rng(7), dtype=dtype)
        object.__setattr__(net, "random", np.full((30, 30), 0.1, dtype))
        out = np.empty((30, 3), dtype)
        Field(net, 3)(x.astype(dtype), out)
        results.append(out)
    assert results[1].dtype == np.float32
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-5)
