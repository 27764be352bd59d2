"""Anderson's acceleration."""

import numpy as np
import pytest

from meanfield.solve.anderson import anderson


def test_a_linear_map_needs_as_many_rounds_as_it_has_eigenvalues():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    A = Q @ np.diag(np.r_[[0.9, -0.5, 1.7], np.zeros(27)]) @ Q.T
    b = rng.normal(size=30)
    x, size, count = anderson(lambda x: A @ x + b, np.zeros(30), tol=1e-10)
    assert size <= 1e-10 and count <= 7
    assert x == pytest.approx(np.linalg.solve(np.eye(30) - A, b), abs=1e-8)


def test_an_unstable_fixed_point_is_reached():
    x, size, _ = anderson(lambda x: 3 * x - x**3, np.array([1.3]), tol=1e-12)
    assert size <= 1e-12 and x[0] == pytest.approx(np.sqrt(2), abs=1e-11)


def test_where_the_map_is_not_finite_steps_are_halved():
    x, size, _ = anderson(lambda x: np.log(x) + 1.5, np.array([0.4]), tol=1e-12, rounds=60)
    assert size <= 1e-12 and np.log(x[0]) + 1.5 == pytest.approx(x[0])


def test_nothing_is_found_where_there_is_nothing():
    _, size, count = anderson(lambda x: x + 1, np.zeros(2), rounds=20)
    assert size >= 1 and count <= 20
    _, size, _ = anderson(lambda x: x * np.nan, np.zeros(2))
    assert size == np.inf
