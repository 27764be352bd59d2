"""Several normal variables: closed forms, singular covariances, claims."""

import numpy as np
import pytest

from meanfield.errors import QuadratureError
from meanfield.quadrature import covariance_root, multivariate_average, sparse_rule


def problem(dim: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a = np.random.default_rng(dim).normal(size=(dim, dim)) / np.sqrt(dim) * 0.7
    return np.linspace(-0.5, 0.5, dim), a @ a.T, np.linspace(0.3, 1.0, dim)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize("method", ["auto", "sparse", "qmc"])
def test_claims_hold_for_waves(dim: int, method: str) -> None:
    mean, cov, k = problem(dim)
    value, error = multivariate_average(
        lambda x: np.cos(x @ k), mean, cov, method=method, max_points=1 << (16 if method == "qmc" else 19)
    )
    assert abs(value - np.cos(mean @ k) * np.exp(-k @ cov @ k / 2)) <= error
    assert error < (1e-3 if method == "qmc" else 1e-8)


def test_singular_covariance_reduces_the_dimension() -> None:
    cov = np.array([[2.0, 1.0, 2.0], [1.0, 2.0, 1.0], [2.0, 1.0, 2.0]])
    root = covariance_root(cov)
    assert root.shape == (3, 2)
    assert np.abs(root @ root.T - cov).max() < 1e-14
    value, error = multivariate_average(lambda x: x[:, 0] ** 2 * x[:, 2] ** 2, np.zeros(3), cov)
    assert value == pytest.approx(12, rel=1e-12)
    assert error < 1e-9
    assert multivariate_average(lambda x: x[:, 0] + x[:, 1], np.array([1.0, 2.0]), np.zeros((2, 2)))[0] == 3


def test_tensor_and_quasi_monte_carlo_agree_on_tanh() -> None:
    mean, cov, _ = problem(3)
    f = lambda x: np.tanh(x).prod(axis=1) * np.tanh(x[:, 0])
    value, error = multivariate_average(f, mean, cov)
    other, spread = multivariate_average(f, mean, cov, method="qmc", max_points=1 << 16)
    assert abs(value - other) <= error + spread
    assert error < 1e-6


def test_sparse_rules_are_exact_for_their_degree() -> None:
    nodes, weights = sparse_rule(3, 3)
    assert weights.sum() == pytest.approx(1)
    assert (nodes[:, 0] ** 4 * nodes[:, 1] ** 2) @ weights == pytest.approx(3)
    assert nodes[:, 2] ** 6 @ weights == pytest.approx(15)


def test_refusals() -> None:
    ones = lambda x: np.ones(len(x))
    with pytest.raises(QuadratureError, match="negative eigenvalue"):
        multivariate_average(ones, np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(QuadratureError, match="not symmetric"):
        covariance_root(np.array([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(QuadratureError, match="unknown method"):
        multivariate_average(ones, np.zeros(2), np.eye(2), method="cubature")
    with pytest.raises(QuadratureError, match="at most 3"):
        multivariate_average(ones, np.zeros(4), np.eye(4), method="tensor")
    with pytest.raises(QuadratureError, match="mean has shape"):
        multivariate_average(ones, np.zeros(3), np.eye(2))
    with pytest.raises(QuadratureError, match="square"):
        covariance_root(np.ones((2, 3)))
    with pytest.raises(QuadratureError, match="sparse rule"):
        sparse_rule(0, 1)
