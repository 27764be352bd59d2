"""``solve(..., method="relaxation")``: the sources' pseudo-time against Newton's method, and what it does not reach."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ParameterError

E = mf.average


def _same(relaxed, by_newton):
    assert relaxed.unknowns.keys() == by_newton.unknowns.keys()
    for name, value in by_newton.unknowns.items():
        # Both claims hold, so that the distance is below their sum; and both are certified in the same way.
        assert abs(relaxed[name] - value) <= relaxed.error[name] + by_newton.error[name]
        assert relaxed.error[name] < 1e-10
    assert str(relaxed.status).startswith("converged")
    assert (relaxed.physical, relaxed.stable) == (by_newton.physical, by_newton.stable)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("scs", {"g": 2.0}),
        ("scs", {"g": 1.5, "sigma_squared": 0.5}),
        ("rank1-stationary", {"g": 0.8, "M_m": 1.2, "M_n": 1.2, "Sigma_m": 1.0}),
        ("rank1-chaotic", {"g": 2.1, "M_m": 1.0, "M_n": 2.5, "Sigma_m": 1.0}),
    ],
)
def test_the_state_of_interest_is_that_of_newtons_method(name, parameters):
    model = mf.models.by_name(name)
    _same(mf.solve(model, method="relaxation", **parameters), mf.solve(model, **parameters))


def test_a_batch_is_solved_point_by_point():
    model = mf.models.by_name("scs")
    g = np.array([0.7, 1.3, 2.0])
    relaxed = mf.solve(model, g=g, method="relaxation")
    assert relaxed.found.tolist() == [False, True, True]
    np.testing.assert_allclose(relaxed["Delta_0"], mf.solve(model, g=g)["Delta_0"], rtol=1e-12)
    assert "came to rest (Delta_0 = 0: all activity vanishes)" in relaxed.why[0]


def test_only_attracting_states_are_reached():
    """Of the three states of a bistable map the middle one repels."""
    x, a = mf.unknown("x"), mf.parameter("a")
    z = mf.gaussian("z", mean=x, var=1)
    model = mf.Model("bistable", equations={x: a * E(mf.transfer.tanh(z))}, starts=[{x: 3}, {x: -3}, {x: 0}])
    every = mf.solve(model, a=3.0, find="all")
    relaxed = mf.solve(model, a=3.0, find="all", method="relaxation")
    assert len(every) == 3
    outer = [s["x"] for s in relaxed if s["x"] != 0]  # the third start lies on the middle state
    np.testing.assert_allclose(outer, [every[0]["x"], every[2]["x"]], rtol=1e-12)
    away = mf.solve(model.changed(starts=[{x: 3}]), a=3.0, method="relaxation", starts=[[0.1]])
    assert abs(away["x"]) > 1


def test_what_cannot_be_relaxed_is_refused():
    with pytest.raises(ParameterError, match=r'kac-rice cannot be relaxed: .* use method="newton"'):
        mf.solve(mf.models.by_name("kac-rice"), g=2, method="relaxation")
    with pytest.raises(ParameterError, match='method must be "newton" or "relaxation"'):
        mf.solve(mf.models.by_name("scs"), g=2, method="picard")
    with pytest.raises(ParameterError, match="solved for given states"):
        mf.solve(mf.models.by_name("kac-rice-action"), g=2, data=np.ones(4), method="relaxation")


def test_a_start_of_the_caller_is_followed_by_the_preferred_solution():
    model = mf.models.by_name("rank1-stationary")
    parameters = {"g": 0.8, "M_m": 1.2, "M_n": 1.2, "Sigma_m": 1.0}
    one = mf.solve(model, starts=[[0.0, 0.0]], **parameters)
    assert one["kappa"] == pytest.approx(mf.solve(model, **parameters)["kappa"], rel=1e-12) and one["kappa"] > 0
