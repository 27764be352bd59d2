"""The odd extension: C^1 with the exact Jacobian, in several coordinates; crossing the edge to roots on and above it."""

import numpy as np
import pytest

from meanfield.solve import ExtendedProblem, FunctionProblem, Status, certify, extended, newton
from tests.solve import analytic_zoo as zoo


def three_edges() -> FunctionProblem:
    """Functions that are NaN outside: sqrt(1 + x sqrt x), products of all coordinates; edges 0, 1 and none."""

    def residual(x, p):
        a, b, c = x[:, 0] ** 1.5, (x[:, 1] - 1) ** 1.5, x[:, 2]
        return np.stack([a + b * c, np.sin(x[:, 0]) * x[:, 1] * c, a * b + c * c * np.exp(x[:, 0])], axis=1)

    def jacobian(x, p):
        a, b, c = x[:, 0] ** 1.5, (x[:, 1] - 1) ** 1.5, x[:, 2]
        da, db = 1.5 * np.sqrt(x[:, 0]), 1.5 * np.sqrt(x[:, 1] - 1)
        s, co, e = np.sin(x[:, 0]), np.cos(x[:, 0]), np.exp(x[:, 0])
        rows = [[da, db * c, b], [co * x[:, 1] * c, s * c, s * x[:, 1]], [da * b + c * c * e, a * db, 2 * c * e]]
        return np.stack([np.stack(row, axis=1) for row in rows], axis=1)

    return FunctionProblem(residual, jacobian, ["x", "y", "z"], lower=[0.0, 1.0, -np.inf])


def test_value_is_the_recursive_mirror_and_jacobian_its_derivative():
    problem, none = ExtendedProblem(three_edges()), np.zeros((1, 0))
    f = three_edges().residual
    x = np.array([[-0.3, 0.6, 0.7]])

    def inner(a, b):
        return f(np.array([[a, b, 0.7]]), none)

    expected = 4 * inner(0, 1) - 2 * inner(0, 1.4) - 2 * inner(0.3, 1) + inner(0.3, 1.4)
    np.testing.assert_allclose(problem.residual(x, none), expected, rtol=1e-14)
    points = np.array([[-0.3, 0.6, 0.7], [0.3, 0.6, -0.7], [-0.4, 1.7, 0.2], [0.5, 1.5, 0.1]])
    p = np.zeros((4, 0))
    value, jacobian = problem.residual_jacobian(points, p)
    np.testing.assert_array_equal(value, problem.residual(points, p))
    h = 1e-6
    for j in range(3):
        e = h * np.eye(3)[j]
        slope = (problem.residual(points + e, p) - problem.residual(points - e, p)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, :, j], slope, atol=2e-9)


def test_inside_points_are_untouched_and_linear_parts_continue():
    inner = three_edges()
    x = np.array([[0.2, 1.3, -0.5], [0.1, 1.0, 2.0]])
    assert (ExtendedProblem(inner).residual(x, np.zeros((2, 0))) == inner.residual(x, np.zeros((2, 0)))).all()
    line = FunctionProblem(lambda x, p: 3 * x - 1, lambda x, p: 3 + 0 * x[:, :, None], ["x"], lower=0.0)
    outside = np.array([[-2.0]])
    assert ExtendedProblem(line).residual(outside, np.zeros((1, 0)))[0, 0] == -7.0


def test_problems_without_an_edge_are_not_wrapped():
    problem = zoo.cubic()
    assert extended(problem) is problem
    wrapped = extended(zoo.RankOne())
    assert extended(wrapped) is wrapped


@pytest.mark.parametrize("start", [[0.7, -0.2], [0.5, 2.0], [1.0, -1.5]])
def test_newton_crosses_the_edge_to_a_root_above_it(start):
    problem, p = zoo.RankOne(), [[1.2, 1.6, 1.0]]
    run = newton(problem, p, [start])
    points = certify(problem, p, run)
    assert Status.from_code(points.status[0]) is Status.CONVERGED
    assert points.x[0, 1] > 0.1 and run.iterations[0] <= 15


def test_a_root_exactly_on_the_edge_is_reached_from_both_sides_and_put_on_the_edge():
    problem, p = zoo.RankOne(), [[0.8, 0.9, 1.0]]
    run = newton(problem, p, [[0.3, -0.2], [0.2, 0.4], [-0.1, -0.05]])
    points = certify(problem, np.repeat(p, 3, axis=0), run)
    assert points.found.all() and (points.x[:, 1] >= 0.0).all()
    assert (np.abs(points.x) <= points.error + 1e-300).all() and (points.error < 1e-13).all()


def test_a_root_outside_has_left_the_domain():
    line = FunctionProblem(lambda x, p: 3 * x + 1, lambda x, p: 3 + 0 * x[:, :, None], ["x"], lower=0.0)
    points = certify(line, np.zeros((1, 0)), newton(line, np.zeros((1, 0)), [[2.0]]))
    assert Status.from_code(points.status[0]) is Status.LEFT_DOMAIN and not points.found[0]


def test_claims_and_parameter_derivatives_extend():
    problem = FunctionProblem(
        lambda x, p: np.sqrt(1 + x) * p,
        lambda x, p: (0.5 / np.sqrt(1 + x) * p)[:, :, None],
        ["x"],
        ["p"],
        lower=0.0,
        claims=lambda x, p: 1e-9 * (1 + x),
        parameter_derivative=lambda x, p: np.sqrt(1 + x)[:, :, None],
    )
    wide, x, p = ExtendedProblem(problem), np.array([[-0.44], [0.44]]), np.array([[2.0], [2.0]])
    np.testing.assert_allclose(wide.claims(x, p)[:, 0], [2e-9 + 1.44e-9, 1.44e-9])
    np.testing.assert_allclose(wide.parameter_derivative(x, p)[:, 0, 0], [0.8, 1.2])
