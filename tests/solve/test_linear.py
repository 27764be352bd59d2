"""Explicit small formulas against LAPACK; singular and non-finite matrices; order of eigenvalues."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meanfield.solve import linear


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("count", [1, 3, 50])
def test_solve_inverse_determinant_agree_with_lapack(n, count):
    rng = np.random.default_rng(n * 100 + count)
    a, b = rng.normal(size=(count, n, n)) * 10.0 ** rng.uniform(-3, 3, (count, n, 1)), rng.normal(size=(count, n))
    condition = np.linalg.cond(a / np.abs(a).max(axis=2, keepdims=True))[:, None]
    expected = np.linalg.solve(a, b[:, :, None])[:, :, 0]
    assert (np.abs(linear.solve(a, b) - expected) <= 1e-13 * condition * np.abs(expected).max(axis=1)[:, None]).all()
    product = linear.inverse(a) @ a
    assert (np.abs(product - np.eye(n)).max(axis=(1, 2)) <= 1e-9 * condition[:, 0]).all()
    np.testing.assert_allclose(linear.determinant(a), np.linalg.det(a), rtol=1e-10)


@given(st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_solution_does_not_depend_on_the_batch(n, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(11, n, n)), rng.normal(size=(11, n))
    whole = linear.solve(a, b)
    for k in range(11):
        assert (linear.solve(a[k : k + 1], b[k : k + 1])[0] == whole[k]).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [2, 9])
def test_singular_and_nan_matrices_give_nan_and_spare_the_others(n, count):
    a = np.broadcast_to(np.eye(n), (count, n, n)).copy()
    a[0] = 0.0
    b = np.ones((count, n))
    assert np.isnan(linear.solve(a, b)[0]).all() and (linear.solve(a, b)[1:] == 1.0).all()
    assert np.isnan(linear.inverse(a)[0]).all() and (linear.inverse(a)[1:] == np.eye(n)).all()
    a[0] = np.nan
    assert np.isnan(linear.solve(a, b)[0]).all() and (linear.solve(a, b)[1:] == 1.0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_eigenvalues_are_lapacks_in_descending_order(n):
    a = np.random.default_rng(n).normal(size=(40, n, n))
    found = linear.eigenvalues(a)
    for values, matrix in zip(found, a, strict=True):
        expected = np.array(sorted(np.linalg.eigvals(matrix), key=lambda v: (-v.real, -v.imag)))
        np.testing.assert_allclose(values, expected, atol=1e-12)


def test_small_eigenvalue_of_a_nearly_singular_matrix_is_accurate_and_nan_passes_through():
    a = np.array([[[1.0, 1.0], [1.0, 1.0 + 1e-14]], [[np.nan, 0.0], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]]])
    values = linear.eigenvalues(a)
    determinant = a[0, 0, 0] * a[0, 1, 1] - 1.0
    assert values[0, 1].real == pytest.approx(determinant / 2, rel=1e-10)
    assert np.isnan(values[1]).all()
    np.testing.assert_allclose(values[2], [1j, -1j], atol=1e-15)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-12, 1e-6, 1e-2]))
def test_errors_of_eigenvalues_bound_what_errors_of_entries_do(n, seed, size):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((40, n, n))
    matrix[::4] = np.triu(matrix[::4])
    if n > 1:
        matrix[::8, 0, 0] = matrix[::8, 1, 1]  # defective: there an eigenvalue moves by the root of the error
    error = size * rng.random((40, n, n))
    bound = linear.eigenvalue_errors(matrix, error)
    assert (bound < np.inf).all()
    exact = linear.eigenvalues(matrix)
    moved = linear.eigenvalues(matrix + error * rng.uniform(-1, 1, (40, n, n)))
    nearest = np.abs(moved[:, :, None] - exact[:, None, :]).min(axis=1)  # of each exact one, to any that it may have become
    assert (nearest <= bound).all()


def test_errors_of_eigenvalues_of_what_is_not_finite():
    matrix = np.array([[[1.0, 2.0], [3.0, np.nan]], [[1.0, 2.0], [3.0, 4.0]]])
    bound = linear.eigenvalue_errors(matrix, np.full((2, 2, 2), 1e-10))
    assert np.isinf(bound[0]).all() and (bound[1] < 1e-9).all()
