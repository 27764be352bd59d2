"""Models of given data: one z_star for each state, exact where it vanishes, the action's gradient, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meanfield as mf
from meanfield import models, transfer
from meanfield.averages import E
from meanfield.averages.measures import Empirical
from meanfield.averages.passes import bind_functional
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.records import per_point, records
from meanfield.solve.status import Status
from meanfield.symbols import distributed, parameters, unknown

ACTION = models.by_name("kac-rice-action")
X = np.random.default_rng(0).normal(size=60) * 1.2


def z_star(x, g):
    """By bisection; 0 where the mean of s^2 is at most 1."""
    s = (g / np.cosh(x) ** 2) ** 2
    low, high = 0.0, 1.0
    for _ in range(200 if s.mean() > 1 else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(s / (1 + middle * s)) > 1 else (low, middle)
    return low


def action(x, g, D):
    """S(x) written out."""
    variance, z, s = g**2 * np.mean(np.tanh(x) ** 2) + D, z_star(x, g), (g / np.cosh(x) ** 2) ** 2
    return np.mean(x**2) / (2 * variance) + np.log(2 * np.pi * variance) / 2 + z / 2 - np.mean(np.log1p(z * s)) / 2


def test_one_state_against_the_formulas_written_out():
    solution = mf.solve(ACTION, g=2, D=0.1, data=X)
    assert solution.status is Status.CONVERGED and solution.physical is None and solution.stable is None
    assert abs(solution["z_star"] - z_star(X, 2)) <= solution.error["z_star"] + 1e-15 < 1e-13
    assert abs(solution["action"] - action(X, 2, 0.1)) <= solution.error["action"] + 1e-15 < 1e-13
    assert solution["q"] == pytest.approx(np.mean(X**2), rel=1e-14)
    assert solution["kappa"] == pytest.approx(4 * np.mean(np.tanh(X) ** 2), rel=1e-14)
    (same,) = mf.solve(ACTION, g=2, D=0.1, data={"x": X.tolist()}, find="all")
    assert same["action"] == solution["action"] and same.shape == ()


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 20), st.floats(0.01, 3))
def test_permutations_change_nothing_and_claims_hold(seed, g, D):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rng.integers(1, 200)) * rng.uniform(0.01, 5)
    first, second = (mf.solve(ACTION, g=g, D=D, data=data) for data in (x, rng.permutation(x)))
    for name in ("z_star", "action", "q", "kappa", "zeta"):
        assert abs(first[name] - second[name]) <= first.error[name] + second.error[name]
    assert abs(first["z_star"] - z_star(x, g)) <= first.error["z_star"] + 2e-15
    assert 0 <= first["z_star"] < 1


@pytest.mark.parametrize(("g", "D"), [(2.0, 0.1), (0.8, 1.0), (10.0, 0.0)])
def test_gradient_is_the_limit_of_differences(g, D):
    x, h = X[:20], 1e-4
    solution = mf.solve(ACTION, g=g, D=D, data=x)
    shifted = x + h * np.array([-2, -1, 1, 2])[:, None, None] * np.eye(20)
    values = mf.solve(ACTION, g=g, D=D, data=shifted)["action"]
    differences = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    assert solution["gradient"].shape == (20,)
    np.testing.assert_allclose(solution["gradient"], differences, atol=1e-10)
    assert (solution.error["gradient"] < 1e-14).all()
    np.testing.assert_allclose(solution.profile("N_gradient", x), 20 * solution["gradient"], rtol=1e-13)


def test_it_vanishes_exactly_where_the_mean_of_s_squared_is_at_most_one():
    solution = mf.solve(ACTION, g=[0.0, 0.5, 1.0], D=0.3, data=X)
    np.testing.assert_array_equal(solution["z_star"], 0.0)
    np.testing.assert_array_equal(solution.error["z_star"], 0.0)
    np.testing.assert_array_equal(solution["zeta"], 0.0)


@pytest.mark.parametrize("excess", [1e-3, 1e-8, 1e-12, -1e-12])
def test_close_to_where_it_vanishes(excess):
    """With x = 0 all s^2 are g^2 and z_star = 1 - 1/g^2."""
    g = np.sqrt(1 + excess)
    solution = mf.solve(ACTION, g=g, D=1, data=np.zeros(10))
    exact = max(1 - 1 / g**2, 0.0)
    assert abs(solution["z_star"] - exact) <= solution.error["z_star"] + 3e-16 < 1e-14
    assert solution.status is Status.CONVERGED
    assert len(mf.solve(ACTION, g=g, D=1, data=np.zeros(10), find="all")) == 1


def test_states_and_parameters_broadcast():
    states = np.random.default_rng(1).normal(size=(3, 4, 30)) * np.array([0.5, 1.5, 3.0])[:, None, None]
    g = np.array([0.9, 1.5, 2.5, 8.0])
    grid = mf.solve(ACTION, g=g, D=0.2, data=states)
    assert grid["z_star"].shape == (3, 4) and grid["gradient"].shape == (3, 4, 30) and grid.found.all()
    every = mf.solve(ACTION, g=g, D=0.2, data=states, find="all")
    assert every.shape == (3, 4) and [len(p) for p in every.points] == [1] * 12
    for i in range(3):
        for j in range(4):
            alone = mf.solve(ACTION, g=g[j], D=0.2, data=states[i, j])
            assert alone["action"] == grid["action"][i, j] == every.points[4 * i + j][0]["action"]
            np.testing.assert_array_equal(alone["gradient"], grid["gradient"][i, j])
    shared = mf.solve(ACTION, g=g, D=0.2, data=states[0, 0])
    assert shared["z_star"].shape == (4,) and shared["z_star"][0] == grid["z_star"][0, 0]


def test_records_say_the_same_however_they_are_made():
    states = np.random.default_rng(2).normal(size=(3, 20))
    one, every = (per_point(mf.solve(ACTION, g=2, D=0.2, data=states, find=find))[0] for find in ("one", "all"))
    for a, b in zip(records(one), records(every), strict=True):
        assert a[0].observables == b[0].observables and a[0].unknowns == b[0].unknowns and a[0].error == b[0].error
    np.testing.assert_array_equal(one[1][0]["gradient"], every[1][0]["gradient"])


def test_digits():
    solution = mf.solve(ACTION, g="1.5", D="0.1", data=X, digits=25)
    rough = mf.solve(ACTION, g=1.5, D=0.1, data=X)
    for name in ("z_star", "action", "zeta"):
        assert solution.error[name] < 1e-25 and abs(solution[name] - rough[name]) <= rough.error[name]
    assert mf.solve(ACTION, g="0.5", D="0.1", data=X, digits=25)["z_star"] == 0


def test_other_transfer_functions():
    solution = mf.solve(ACTION, g=2, D=0.1, data=X, transfer="erf")
    s = (2 * transfer.erf.jet([1], X)[0]) ** 2
    assert np.mean(s / (1 + solution["z_star"] * s)) == pytest.approx(1, rel=1e-13)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, ["data=array", "(..., N)"]),
        ([], ["(0,)"]),
        (3.0, ["()"]),
        (np.zeros((0, 5)), ["(0, 5)"]),
        ([1.0, np.nan, np.inf], ["2 of the 3", "NaN"]),
        ([1j, 0], ["real", "complex"]),
        ([True, False], ["real", "bool"]),
        (["a", "b"], ["real"]),
        ([[1.0, 2.0], [3.0]], ["length"]),
        ({"y": [1.0]}, ["x", "y"]),
        (np.ones((4, 7)), ["(4, 7)", "4,", "broadcast", "(3,)"]),
    ],
)
def test_bad_data_are_refused_in_a_sentence(data, words):
    with pytest.raises(ParameterError) as refusal:
        mf.solve(ACTION, g=[1.0, 2.0, 3.0], data=data)
    for word in words:
        assert word in str(refusal.value)


def test_models_of_another_form_are_solved_from_their_starts():
    """m = tanh(J m + mean of phi(x)) with its data average: three solutions at one sample, one at another."""
    m, J = unknown("m"), parameters("J")[0]
    x = distributed("x", "rho")
    field = bind_functional(E(transfer.tanh(x)), "rho", Empirical("x"))
    model = Model(
        "a spin in a sampled field",
        name="spin",
        equations={m: transfer.tanh(J * m + field)},
        parameters=(J,),
        observables={"field": field},
        starts=[{m: 1}, {m: -1}, {m: 0}],
        data=("x",),
    )
    states = np.array([[0.1, -0.1, 0.2, -0.2], [2.0, 3.0, 2.0, 3.0]])
    found = mf.solve(model, J=2, data=states, find="all")
    assert [len(p) for p in found.points] == [3, 1]
    for point, state in zip(found.points, states, strict=True):
        for s in point:
            assert abs(s["m"] - np.tanh(2 * s["m"] + np.tanh(state).mean())) < 1e-13
    best = mf.solve(model, J=2, data=states)
    assert best.found.all() and best["field"] == pytest.approx(np.tanh(states).mean(axis=1), abs=1e-15)
