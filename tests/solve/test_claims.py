"""Claimed errors bound the true ones: regular, ill-conditioned, nearly degenerate and degenerate roots."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import meanfield as mf
from meanfield.solve import FunctionProblem, Status, certify, claim, newton
from meanfield.solve.claims import carried
from tests.solve import analytic_zoo as zoo


@given(st.floats(-16, 0), st.floats(-3, 3))
def test_a_perturbed_residual_moves_the_root_within_the_claim(exponent, p):
    """The 'true' problem differs from the computed one by up to the claim: its root must lie inside the claimed error."""
    size = 10.0**exponent
    problem = FunctionProblem(
        lambda x, q: x**3 - x - q, lambda x, q: (3 * x**2 - 1)[:, :, None], ["x"], ["p"], claims=lambda x, q: 0 * x + size
    )
    run = newton(problem, [[p]], [[2.0 if p >= 0 else -2.0]])
    got = claim(problem, [[p]], run.x)
    for shift in (-size, -0.5 * size, 0.7 * size, size):
        roots = np.roots([1, 0, -1, -p - shift])
        distance = np.abs(roots - run.x[0, 0]).min()
        assert distance <= got.error[0, 0] * (1 + 1e-9) + 1e-14


@pytest.mark.parametrize("gap", [0.0, 1e-14, 1e-10, 1e-6, 1e-2, 1.0])
def test_claims_bound_the_error_down_to_a_double_root(gap):
    problem = zoo.shifted_square()
    run = newton(problem, [[gap]], [[3.0], [-0.5], [1.3]])
    points = certify(problem, [[gap]] * 3, run)
    exact = float(mp.sqrt(mp.mpf(gap)))
    for x, error, status in zip(points.x[:, 0], points.error[:, 0], points.statuses(), strict=True):
        assert min(abs(x - 1 - exact), abs(x - 1 + exact)) <= error
        assert status.found
        assert (status is Status.CLAIM_ABOVE_TOLERANCE) == (error > 1e-10 * max(1, abs(x)))
    assert points.error.max() <= 1e-15 / max(exact, 1e-8) * 10 + 4e-15  # and they are not absurdly large


@pytest.mark.parametrize("x", [1.0, 1 + 1e-9, 1 - 3e-8])
def test_a_double_root_has_a_finite_claim_even_where_the_jacobian_vanishes(x):
    got = claim(zoo.shifted_square(), [[0.0]], [[x]])
    assert abs(x - 1) <= got.error[0, 0] < 1e-6
    assert got.condition[0] > 1e6 or x != 1.0


def test_degenerate_direction_does_not_spoil_the_regular_ones():
    """r = (u^2 + ..., v - 2) rotated: u is degenerate, v regular; the claim for v stays small."""
    problem = FunctionProblem(
        lambda x, p: np.stack([(x[:, 0] - 1) ** 2, x[:, 1] - 2 + 0.1 * (x[:, 0] - 1)], axis=1),
        lambda x, p: np.array([[[2 * (u - 1), 0.0], [0.1, 1.0]] for u, _ in x]),
        ["u", "v"],
    )
    none = np.zeros((1, 0))
    points = certify(problem, none, newton(problem, none, [[2.0, 0.0]]))
    assert (np.abs(points.x - [1.0, 2.0]) <= points.error).all()
    assert points.error[0, 0] < 1e-6 and points.error[0, 1] < 0.2e-6


def test_ill_conditioned_linear_system_claims_and_condition():
    a = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    problem = FunctionProblem(
        lambda x, p: (a * x[:, None, :]).sum(axis=2) - [2.0, 2.0 + 1e-9],
        lambda x, p: np.broadcast_to(a, (len(x), 2, 2)),
        ["x", "y"],
    )
    none = np.zeros((1, 0))
    points = certify(problem, none, newton(problem, none, [[0.3, 0.4]]))
    assert 1e9 < points.condition[0] < 1e11
    assert (np.abs(points.x - 1) <= points.error).all() and (points.error < 1e-4).all()
    assert Status.from_code(points.status[0]) is Status.CLAIM_ABOVE_TOLERANCE


def test_a_line_of_roots_has_no_claim():
    problem = FunctionProblem(
        lambda x, p: np.stack([x[:, 0] + x[:, 1] - 1, 2 * x[:, 0] + 2 * x[:, 1] - 2], axis=1),
        lambda x, p: np.broadcast_to([[1.0, 1.0], [2.0, 2.0]], (len(x), 2, 2)),
        ["x", "y"],
    )
    got = claim(problem, np.zeros((1, 0)), [[0.5, 0.5]])
    assert (got.error > 1e-3).all() and got.condition[0] == np.inf


def test_rounding_claims_see_cancellation():
    """(x - 1)^7 expanded: the residual near 1 is noise of 1e-15 although the Jacobian says it is flat."""
    coefficients = np.poly(np.ones(7))
    problem = FunctionProblem(
        lambda x, p: np.polyval(coefficients, x), lambda x, p: np.polyval(np.polyder(coefficients), x)[:, :, None], ["x"]
    )
    got = claim(problem, np.zeros((1, 0)), [[1.003]])
    assert 0.003 <= got.error[0, 0]


def test_nan_gives_an_infinite_error():
    got = claim(zoo.noisy_domain(), [[0.0]], [[-1.0]])
    assert got.error[0, 0] == np.inf


@pytest.mark.parametrize("g, m", [(1.2, 1.6), (2.0, 2.5), (0.7, 1.05)])
def test_gaussian_model_claims_against_a_converged_rule(g, m):
    """The root of the 151-node rule, refined in multiple precision by Newton's own residual, lies within the claim."""
    problem, p = zoo.RankOne(), [[g, m, 1.0]]
    run = newton(problem, p, [[1.0, 1.0]])
    points = certify(problem, p, run)
    step = newton(problem, p, points.x * (1 + 1e-7)).x - points.x
    assert points.found[0] and (np.abs(step) <= 2 * points.error).all() and points.error.max() < 1e-12


def test_what_is_exact_carries_no_error_across_a_kink() -> None:
    """At rest the slope of <phi> of a rectified function does not exist, and kappa = 0 is exact all the same."""
    phi = mf.transfer.custom("rectified tanh", lambda x: sp.Max(0, sp.tanh(x)))
    model = mf.models.by_name("rank1-stationary").with_transfer(phi)
    rest, active = mf.solve(model, find="all", g=1.3, M_m=1.2, M_n=1.8, Sigma_m=0.3)
    assert (rest["kappa"], rest.error["kappa"]) == (0, 0)
    assert 0 < active.error["kappa"] < 1e-10


def test_what_is_exact_carries_no_error_and_what_is_unknown_an_unknown_one():
    slope, error = np.array([[[2.0, np.inf], [np.nan, -1.0]], [[3.0, 4.0], [np.nan, 0.0]]]), np.array([[0.5, 0.0], [1.0, 0.25]])
    assert carried(slope, error).tolist() == [[1.0, np.inf], [4.0, np.inf]]
    assert carried(slope[:, :, ::-1], error)[0].tolist() == [np.inf, 0.5]
