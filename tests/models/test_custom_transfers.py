"""The library's models with other transfer functions than those that they are usually studied with."""

import pytest
import sympy as sp

import meanfield as mf

custom, model = mf.transfer.custom, mf.models.by_name


def states(name, phi, **parameters):
    return mf.solve(model(name).with_transfer(phi), find="all", **parameters)


def test_two_chaotic_states_of_a_function_that_is_flat_at_zero():
    found = states("scs", custom("c3", lambda x: sp.tanh(x) ** 3), g=3.0)
    assert [s["Delta_0"] for s in found] == pytest.approx([0.2393313726158449, 3.9741176425113425], abs=1e-10)


def test_cubic_chaos_without_structure_is_that_of_the_random_network():
    found = states("rank1-chaotic", mf.transfer.cubic, g=1.6, M_m=0, M_n=0, Sigma_m=0)
    assert [s["Delta_0"] for s in found] == pytest.approx([0.42524047358083555, 1.0747595264191645], abs=1e-10)
    assert all(abs(s["Delta_inf"]) < 1e-12 for s in found)


def test_chaos_of_an_exponential():
    (found,) = states("rank1-input-chaotic", mf.transfer.exponential, g=0.5, M_m=0, M_n=0, M_I=-1, Sigma_I_squared=0.09)
    assert (found["Delta_0"], found["Delta_inf"]) == pytest.approx((2.1615097569691293, 0.6564916292241357), abs=1e-9)


@pytest.mark.parametrize(("phi", "M_n"), [(mf.transfer.threshold_power(2), 1.3), (mf.transfer.relu, 0.5)], ids=str)
def test_the_state_without_activity_is_found_where_variances_vanish(phi, M_n):
    rest = states("rank1-stationary", phi, g=0.8, M_m=1, M_n=M_n, Sigma_m=0.5)[0]
    assert rest["mu"] == rest["Delta_0"] == 0
    assert rest.error["mu"] == rest.error["Delta_0"] == 0
    assert rest.physical
    assert rest.stable is (None if phi is mf.transfer.relu else True)  # on the kink nothing tells


def test_pieces_have_stationary_states_with_indicators():
    found = states("rank1-stationary", custom("hard", lambda x: sp.Max(-1, sp.Min(1, x))), g=0.5, M_m=1, M_n=1.3, Sigma_m=0.5)
    assert [s["mu"] for s in found] == pytest.approx([-0.9342506729773, 0, 0.9342506729773], abs=1e-10)
    assert found[2]["chaos"] < 0


def test_starts_that_need_a_derivative_at_a_kink_are_left_out():
    (found,) = states("scs", custom("sat", lambda x: x / (1 + sp.Abs(x))), g=2.5)
    assert found["Delta_0"] == pytest.approx(1.186033506206654, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "phi", "parameters", "kappa", "Delta_0", "count"),
    [
        ("rank1-input-stationary", mf.transfer.sine, {"g": 1.33, "M_m": 2.45, "M_n": 2.74}, 1.03453658, 0.8251314, 4),
        ("rank1-input-stationary", mf.transfer.cubic, {"g": 1.23, "M_m": 1, "M_n": 1.54}, 0.3856347, 0.30107798, 5),
        (
            "rank1-input-stationary",
            mf.transfer.threshold_power(2),
            {"g": 0.1, "M_m": 1, "M_n": -0.5, "M_I": -0.4},
            -28.26268884,
            787.14563005,
            2,
        ),
        ("rank1-stationary", mf.transfer.exponential, {"g": 0.18, "M_m": 0, "M_n": 0.9}, 2.54794219, 2.08129313, 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_stationary_states_of_functions_that_are_no_sigmoids_are_all_found(name, phi, parameters, kappa, Delta_0, count):
    # Numbers: Newton's method on the equations with panels of Gauss-Legendre nodes, from random starts.
    found = states(name, phi, **parameters)
    assert len(list(found)) == count
    assert any(s["kappa"] == pytest.approx(kappa, abs=1e-7) and s["Delta_0"] == pytest.approx(Delta_0, abs=1e-7) for s in found)


@pytest.mark.parametrize(
    ("phi", "g", "D", "alpha", "beta", "gamma", "complexity"),
    [
        (mf.transfer.logistic, 18.6, 0.0, 52.98362053227, 148.2210805546, -0.1148490063274, 0.02159110638647),
        (custom("late", lambda x: sp.tanh(x - 1)), 3.0, 0.2, 2.415354573012, 5.754537643736, -0.1176316884450, 0.03436692342741),
    ],
    ids=str,
)
def test_many_fixed_points_of_functions_that_are_not_steepest_at_zero(phi, g, D, alpha, beta, gamma, complexity):
    (found,) = states("kac-rice", phi, g=g, D=D)
    assert [found[name] for name in ("alpha", "beta", "gamma", "complexity")] == pytest.approx(
        [alpha, beta, gamma, complexity], rel=1e-11
    )
    assert found.stable is False


def test_a_function_that_is_flat_at_zero_has_many_fixed_points_without_input():
    found = states("kac-rice", custom("c3", lambda x: sp.tanh(x) ** 3), g=3.0, D=0.1)
    assert [s["alpha"] for s in found] == pytest.approx([3.226605337994], abs=1e-9)
    assert not list(states("kac-rice", custom("c3", lambda x: sp.tanh(x) ** 3), g=0.8, D=0))


def test_the_onset_of_chaos_of_a_sine_with_noise():
    # Equations with denominators, searched within limits.
    onset = mf.indicator_zero(model("scs").with_transfer(mf.transfer.sine), "local_instability", free="g")
    found = mf.solve(onset, find="all", sigma_squared=0.1)
    assert [s["g"] for s in found] == pytest.approx([1.1746563484175], abs=1e-11)  # by closed forms


def test_iterates_in_multiple_precision_that_are_no_numbers_lead_nowhere():
    # There is one fixed point; a start for many, tried in multiple precision, ends in values that are not real.
    (found,) = states("kac-rice", mf.transfer.logistic, g=4.089979109739455, D=8.19016787501445e-07)
    assert found["alpha"] == 0
    assert found["beta"] == pytest.approx(6.160395578059, abs=1e-11)


def test_without_input_no_more_is_said_than_is_true():
    # x = 0 is no fixed point of a function that is not 0 there.
    alone = model("kac-rice").with_transfer(mf.transfer.logistic).changed(junctions=[])
    found = mf.solve(alone, find="all", g=1, D=0)
    assert not list(found) and "there is one fixed point, x = 0 where phi(0) = 0" in str(found)
