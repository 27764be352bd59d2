"""Batched Newton on the zoo: roots, statuses, independence of the batch, the end at the rounding floor."""

import numpy as np
import pytest

from meanfield.solve import Deflation, FunctionProblem, NewtonOptions, Status, certify, newton
from tests.solve import analytic_zoo as zoo


def statuses(result):
    return [Status.from_code(code) for code in result.status]


def test_cubic_from_many_starts_reaches_roots_to_rounding():
    p = np.linspace(-1, 1, 41)[:, None]
    result = newton(zoo.cubic(), p, np.where(p < 0, -2.0, 2.0))
    assert result.converged.all()
    for x, value in zip(result.x[:, 0], p[:, 0], strict=True):
        assert np.abs(np.roots([1, 0, -1, -value]) - x).min() < 1e-14 or abs(3 * x**2 - 1) < 1e-2
    assert result.iterations.max() < 40


def test_rosenbrock_bratu_and_brusselator():
    run = newton(zoo.rosenbrock(), np.zeros((3, 0)), [[-1.2, 1.0], [5.0, -3.0], [0.0, 0.0]])
    assert run.converged.all()
    np.testing.assert_allclose(run.x, 1.0, atol=1e-14)
    run = newton(zoo.brusselator(), [[1.0, 2.0], [2.0, 5.2]], [[0.7, 1.0], [1.0, 1.0]])
    np.testing.assert_allclose(run.x, [[1.0, 2.0], [2.0, 2.6]], atol=1e-13)
    run = newton(zoo.bratu(), [[1.0], [2.0]], np.zeros((1, 7)))
    assert run.converged.all() and (np.abs(run.residual) < 1e-11).all()
    np.testing.assert_allclose(run.x, run.x[:, ::-1], atol=1e-12)


def test_quadratic_convergence_ends_one_look_after_a_small_step():
    run = newton(zoo.square(), [[2.0]], [[1.5]])
    assert run.iterations[0] <= 6 and abs(run.x[0, 0] - np.sqrt(2)) <= 3e-16


def test_no_real_root_stagnates_and_stays_cheap():
    run = newton(zoo.square(), np.full((5, 1), -1.0), [[3.0], [0.5], [-7.0], [1e-3], [40.0]])
    assert set(statuses(run)) <= {Status.STAGNATED, Status.SINGULAR}
    run = newton(zoo.circles(), [[2.5]], [[1.0, 0.3]])
    assert statuses(run)[0] in (Status.STAGNATED, Status.SINGULAR) and run.iterations[0] < 30


@pytest.mark.parametrize("exponent", [2, 3])
def test_degenerate_roots_converge_or_say_that_they_did_not(exponent):
    problem = zoo.power(exponent)
    run = newton(problem, np.zeros((1, 0)), [[3.0]], options=NewtonOptions(max_iterations=200))
    points = certify(problem, np.zeros((1, 0)), run)
    assert Status.from_code(points.status[0]) is Status.CLAIM_ABOVE_TOLERANCE
    assert abs(points.x[0, 0] - 1) <= points.error[0, 0]


def test_a_singular_start_takes_the_least_squares_step_and_a_flat_one_is_reported():
    run = newton(zoo.circles(), [[1.0]], [[0.5, 0.0]])  # both rows parallel
    assert run.status[0] in (Status.SINGULAR.code, Status.STAGNATED.code, Status.CONVERGED.code)
    flat = FunctionProblem(lambda x, p: 0 * x + 1.0, lambda x, p: 0 * x[:, :, None], ["x"])
    assert statuses(newton(flat, np.zeros((1, 0)), [[0.0]])) == [Status.SINGULAR]
    zero = FunctionProblem(lambda x, p: 0 * x, lambda x, p: 0 * x[:, :, None], ["x"])
    assert statuses(newton(zero, np.zeros((1, 0)), [[0.3]])) == [Status.CONVERGED]


def test_nan_points_are_reported_and_do_not_disturb_the_others():
    problem = zoo.noisy_domain()
    run = newton(problem, [[0.0], [0.0], [2.0]], [[-1.0], [5.0], [1.0]])
    assert statuses(run) == [Status.NAN, Status.CONVERGED, Status.CONVERGED]
    np.testing.assert_allclose(run.x[1:, 0], [1.0, np.exp(2.0)], rtol=1e-14)
    assert run.x[0, 0] == -1.0


def test_a_residual_with_noise_above_rounding_does_not_loop():
    """A residual that jumps at the level 1e-10, as when a rule is chosen anew at each x, with and without a claim."""

    def residual(x, p):
        return x**2 - p + 1e-10 * np.sign(np.sin(1e13 * x))

    def jacobian(x, p):
        return (2 * x)[:, :, None]

    honest = FunctionProblem(residual, jacobian, ["x"], ["p"], claims=lambda x, p: 0 * x + 1e-10)
    run = newton(honest, [[2.0]], [[3.0]])
    points = certify(honest, [[2.0]], run)
    assert run.converged[0] and run.iterations[0] < 20
    assert abs(points.x[0, 0] - np.sqrt(2)) <= points.error[0, 0] <= 2e-10
    assert newton(honest, [[2.0]], np.linspace(1, 9, 30)[:, None]).iterations.max() < 30


@pytest.mark.parametrize("make, p, lo, hi", [(zoo.cubic, 0.2, -3, 3), (zoo.circles, 1.2, -2, 2), (zoo.bratu, 2.0, 0, 3)])
def test_no_result_depends_on_the_batch(make, p, lo, hi):
    problem = make()
    n = len(problem.names)
    x0 = np.random.default_rng(0).uniform(lo, hi, (40, n))
    parameters = p + np.linspace(0, 0.1, 40)[:, None]
    whole = newton(problem, parameters, x0)
    order = np.random.default_rng(1).permutation(40)
    shuffled = newton(problem, parameters[order], x0[order])
    for name in ("x", "status", "iterations", "residual", "jacobian", "step"):
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(whole, name)[order])
    for k in (0, 7, 23):
        alone = newton(problem, parameters[k], x0[k])
        np.testing.assert_array_equal(alone.x[0], whole.x[k])
        assert alone.status[0] == whole.status[k] and alone.iterations[0] == whole.iterations[k]


def test_scale_carries_units():
    """The same problem in units a million times smaller: with the scale given, the same iterates."""
    small = FunctionProblem(lambda x, p: (1e6 * x) ** 3 - 1e6 * x - p, lambda x, p: (3e18 * x**2 - 1e6)[:, :, None], ["x"], ["p"])
    run, reference = newton(small, [[0.1]], [[5e-6]], scale=1e-6), newton(zoo.cubic(), [[0.1]], [[5.0]])
    assert run.iterations[0] == reference.iterations[0]
    assert run.x[0, 0] * 1e6 == pytest.approx(reference.x[0, 0], rel=1e-14)


def test_deflation_finds_the_other_roots_and_not_the_known_ones():
    known = np.array([[[1.0], [np.nan]], [[1.0], [0.0]]])
    run = newton(zoo.cubic(), [[0.0], [0.0]], [[1.5], [1.5]], deflation=Deflation.of(known, 1.0))
    assert run.converged.all()
    assert abs(run.x[1, 0] + 1) < 1e-14 and min(abs(run.x[0, 0]), abs(run.x[0, 0] + 1)) < 1e-14


def test_wrong_shapes_are_refused_with_what_was_expected():
    with pytest.raises(ValueError, match=r"expected \(points, 2\)"):
        newton(zoo.circles(), [[1.0]], [[1.0]])
    with pytest.raises(ValueError, match=r"expected \(points, 1\)"):
        newton(zoo.circles(), [[1.0, 2.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="2 parameter points but 3"):
        newton(zoo.cubic(), [[1.0], [2.0]], [[1.0], [2.0], [3.0]])


def test_no_points_give_no_results():
    run = newton(zoo.cubic(), np.zeros((0, 1)), np.zeros((0, 1)))
    assert run.x.shape == (0, 1) and run.jacobian.shape == (0, 1, 1)
