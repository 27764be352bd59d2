"""Roots to N digits: exact ones, with a rough Jacobian, with a claimed residual, stagnation."""

import mpmath as mp
import pytest

from meanfield.solve import Status, polish


def circle_and_line(x):
    return [x[0] ** 2 + x[1] ** 2 - 2, x[0] - x[1] ** 3 - mp.mpf(1) / 7]


@pytest.mark.parametrize("digits", [20, 50, 120])
def test_digits_are_right_and_claimed(digits):
    start = [1.0565, 0.9704]
    with mp.workdps(digits + 30):
        exact = mp.findroot(lambda a, b: circle_and_line([a, b]), start, tol=mp.mpf(10) ** (-2 * digits))
    a, b = float(exact[0]), float(exact[1])
    jacobian = mp.matrix([[2 * a, 2 * b], [1, -3 * b * b]])
    inverse = [[float((jacobian**-1)[i, j]) for j in range(2)] for i in range(2)]
    done = polish(circle_and_line, [a, b], inverse, digits)
    assert done.status is Status.CONVERGED and done.iterations <= digits // 10 + 3
    with mp.workdps(digits + 30):
        for x, e, t in zip(done.x, done.error, exact, strict=True):
            assert abs(x - t) <= e < mp.mpf(10) ** (-digits)


def test_a_rough_inverse_is_mended():
    with mp.workdps(60):
        exact = mp.sqrt(2)
    done = polish(lambda x: [x[0] ** 2 - 2], [1.41], [[0.5]], 40)  # the right inverse is 0.354
    assert done.status is Status.CONVERGED and abs(done.x[0] - exact) <= done.error[0]


def test_claims_of_the_residual_are_propagated():
    done = polish(lambda x: [x[0] ** 2 - 2], [1.4142], [[0.3536]], 30, claims=lambda x: [mp.mpf("1e-12")])
    assert done.status is Status.CLAIM_ABOVE_TOLERANCE and 2e-13 < done.error[0] < 6e-13


def test_a_residual_of_too_few_digits_stagnates_honestly():
    done = polish(lambda x: [mp.mpf(float(x[0])) ** 2 - 2], [1.4142], [[0.3536]], 30)
    assert done.status in (Status.STAGNATED, Status.MAX_ITERATIONS)
    with mp.workdps(60):
        assert abs(done.x[0] - mp.sqrt(2)) <= done.error[0] + mp.mpf("1e-15")


def test_nan_and_bad_inverse():
    assert polish(lambda x: [mp.nan], [1.0], [[1.0]], 20).status is Status.NAN
    with pytest.raises(ValueError, match="expected 1 x 1"):
        polish(lambda x: x, [1.0], [[float("nan")]], 20)
