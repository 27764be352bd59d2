"""Pseudo-time relaxation: attracting fixed points, a change of variable, unstable ones, NaN."""

import numpy as np

from meanfield.solve import Change, FunctionProblem, Status, relax, warm_up
from tests.solve import analytic_zoo as zoo


def test_reaches_attracting_fixed_points_of_each_point():
    p = np.array([[0.5], [1.5], [3.0]])
    done = relax(lambda x, q: q * np.tanh(x), np.full((3, 1), 0.7), p)
    assert [Status.from_code(s) for s in done.status] == [Status.CONVERGED] * 3
    assert abs(done.x[0, 0]) < 1e-9
    np.testing.assert_allclose(done.x[1:], p[1:] * np.tanh(done.x[1:]), atol=1e-9)
    assert (done.time > 0).all() and (done.distance < 1e-8).all()


def test_adaptive_steps_tame_a_map_that_plain_iteration_cannot():
    """F'(x*) = -5: iteration diverges, the flow converges."""
    steep = relax(lambda x, q: 1 - 5 * np.tanh(x), [[2.0]], [[0.0]], step=1.0)
    assert Status.from_code(steep.status[0]) is Status.CONVERGED
    assert abs(steep.x[0, 0] - 1 + 5 * np.tanh(steep.x[0, 0])) < 1e-8


def test_change_of_variable_follows_the_sources_flow():
    """u = (a^2 - b^2)/2 in place of a (THEORY, misprints, RN (9)): the same fixed point."""
    change = Change(
        lambda x: np.stack([(x[:, 0] ** 2 - x[:, 1] ** 2) / 2, x[:, 1]], axis=1),
        lambda u: np.stack([np.sqrt(2 * u[:, 0] + u[:, 1] ** 2), u[:, 1]], axis=1),
    )

    def mapping(x, p):
        return np.stack([np.sqrt(2 + x[:, 1]), 0.5 * np.tanh(x[:, 0])], axis=1)

    with_change = relax(mapping, [[2.0, 0.3]], [[0.0]], change=change)
    plain = relax(mapping, [[2.0, 0.3]], [[0.0]])
    np.testing.assert_allclose(with_change.x, plain.x, atol=1e-8)


def test_nan_and_no_convergence_are_reported_point_by_point():
    done = relax(lambda x, p: np.log(x) * p, [[-1.0], [1.0]], [[1.0], [0.0]])
    assert Status.from_code(done.status[0]) is Status.NAN and Status.from_code(done.status[1]) is Status.CONVERGED
    runaway = relax(lambda x, p: 2 * x + 1, [[1.0]], [[0.0]], max_steps=50)
    assert Status.from_code(runaway.status[0]) in (Status.MAX_ITERATIONS, Status.NAN)
    assert relax(lambda x, p: 0 * x + 1, [[0.0]], [[0.0]], adaptive=False).x[0, 0] - 1 < 1e-9


def test_warm_up_moves_towards_the_attractor():
    problem, p = zoo.RankOne(), np.array([[1.5, 2.0, 1.0]])
    far = np.array([[5.0, 40.0]])
    near = warm_up(problem, p, far, steps=8)
    assert np.abs(problem.residual(near, p)).max() < 0.2 * np.abs(problem.residual(far, p)).max()
    identity = FunctionProblem(lambda x, q: x - 3.0, lambda x, q: 1 + 0 * x[:, :, None], ["x"])
    assert abs(warm_up(identity, np.zeros((1, 0)), [[0.0]], steps=30)[0, 0] - 3) < 1e-4
