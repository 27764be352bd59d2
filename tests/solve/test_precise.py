"""Digits: right, claimed, exact parameters; and points that double precision cannot do escalate by themselves."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.compile.precise import PreciseModel
from meanfield.errors import ParameterError
from meanfield.solve.precise import exact, exact_parameters, with_digits
from meanfield.solve.status import Status

SCS, STATIONARY, KAC_RICE = (models.by_name(name) for name in ("scs", "rank1-stationary", "kac-rice"))
D_C = 1.635957243867359  # of g = 2
PAIR = {"g": 0.8, "M_m": 1, "M_n": 2, "Sigma_m": 1}


def agree(a, b):
    """Two precise solutions, by their claims and by the digits of the coarser one."""
    for name in a.unknowns:
        assert abs(a[name] - b[name]) <= a.error[name] + b.error[name], name


@pytest.mark.parametrize("digits", [15, 30, 50])
def test_the_variance_of_scs_to_many_digits(digits):
    solution = mf.solve(SCS, g=2, digits=digits)
    with mpmath.workdps(digits + 10):
        known = mpmath.mpf("1.92480541373705818669737001055")
        assert isinstance(solution["Delta_0"], mpmath.mpf)
        assert abs(solution["Delta_0"] - known) < mpmath.mpf(10) ** -min(digits, 28)
        assert solution.error["Delta_0"] < mpmath.mpf(10) ** -digits
    assert solution.status is Status.CONVERGED and abs(solution.residual) < 10.0**-digits
    assert solution.rows.x[0, 0] == float(known)


def test_observables_and_indicators_have_the_digits_too():
    coarse, fine = mf.solve(SCS, g="1.3", digits=20), mf.solve(SCS, g="1.3", digits=35)
    for name in [*SCS.observables, *SCS.indicators]:
        assert 0 < fine.error[name] < mpmath.mpf(10) ** -35
        assert abs(coarse[name] - fine[name]) <= coarse.error[name] < mpmath.mpf(10) ** -20
        assert float(fine[name]) == pytest.approx(mf.solve(SCS, g=1.3)[name], abs=1e-12)
    assert set(fine.precise) == {"Delta_0", *SCS.observables, *SCS.indicators}
    with pytest.raises(KeyError):
        fine.precise["Delta_1"]


@pytest.mark.parametrize("written", ["2.1", 2.1, Fraction(21, 10), sp.Rational(21, 10), np.float64(2.1), np.array(2.1)])
def test_a_parameter_means_the_decimal_number_that_it_prints_as(written):
    with mpmath.workdps(50):
        assert abs(exact("g", written) - mpmath.mpf(21) / 10) < mpmath.mpf(10) ** -49


@pytest.mark.parametrize(
    "equation",
    [
        lambda c, p, E, x, phi: p + c * E(phi(x)),
        lambda c, p, E, x, phi: p + E(c * phi(x)),
        lambda c, p, E, x, phi: p + E(phi(c * x)),
        lambda c, p, E, x, phi: p + c * (c * E(phi(x + c))),
        lambda c, p, E, x, phi: p + E(mf.transfer.custom("rectified", lambda u: sp.Max(0, u - c))(x)) / 3,
        lambda c, p, E, x, phi: p + E(mf.transfer.custom("jump", lambda u: sp.Piecewise((0, u < c), (c, True)))(x)),
    ],
)
@pytest.mark.parametrize("written", ["1.2", "1.1", "0.37"])
def test_a_float_in_an_equation_means_the_decimal_number_that_it_prints_as(equation, written):
    """It had been the nearest double: 1e-17 off a parameter of the same value, with thirty digits claimed."""
    a, p = mf.unknown("a"), mf.parameter("p")
    x = mf.gaussian("x", mean=a, var=1)
    found = [
        mf.solve(mf.Model("f", equations={a: equation(value, p, mf.average, x, mf.transfer.tanh)}), p=0.1, digits=30)
        for value in (float(written), sp.Rational(written))
    ]
    if isinstance(found[1]["a"], float):  # a jump at a fraction is no double: the digits are not reached
        with mpmath.workdps(40):
            found[1] = {"a": _jump(written)}
    assert found[0].error["a"] < 1e-29 and abs(found[0]["a"] - found[1]["a"]) < 1e-29


def _jump(written):
    """a = 0.1 + c P(x > c) for a normal x with mean a and variance 1."""
    c = mpmath.mpf(written)
    return mpmath.findroot(lambda a: mpmath.mpf("0.1") + c * mpmath.ncdf(a - c) - a, 0.5)


def test_numbers_of_many_digits_keep_them():
    with mpmath.workdps(50):
        root = mpmath.sqrt(2)
    with mpmath.workdps(40):
        assert abs(exact("g", sp.sqrt(2)) - root) < mpmath.mpf(10) ** -39
        assert exact("g", root) == +root
    with pytest.raises(ParameterError, match="'g'.*number.*many"):
        exact("g", "many")


def test_prepared_parameters_and_defaults_are_exact():
    model = models.by_name("rank1-input-stationary")
    values = exact_parameters(model, {"g": 0.1, "M_m": "0.3", "M_n": 1, "Sigma_perp": 0.1}, 40)
    with mpmath.workdps(60):
        by_name = dict(zip([s.name for s in model.parameters], values, strict=True))
        assert abs(by_name["Sigma_I_squared"] - mpmath.mpf("0.01")) < mpmath.mpf(10) ** -40
        assert by_name["M_I"] == 0 and abs(by_name["M_m"] - mpmath.mpf("0.3")) < mpmath.mpf(10) ** -40


def test_a_digit_more_in_a_parameter_shows_in_the_solution():
    a, b = (mf.solve(SCS, g=g, digits=30) for g in ("2", "2.0000000000000000000000001"))
    assert a.rows.x[0, 0] == b.rows.x[0, 0]
    assert 1e-26 < b["Delta_0"] - a["Delta_0"] < 1e-24


def test_all_solutions_symmetric_ones_and_the_one_on_the_edge():
    found = mf.solve(STATIONARY, find="all", digits=25, **PAIR)
    assert len(found) == 3
    below, zero, above = found
    with mpmath.workdps(40):
        assert zero["mu"] == 0 and zero["Delta_0"] == 0 and zero["kappa"] == 0
        assert abs(below["mu"] + above["mu"]) <= below.error["mu"] + above.error["mu"] < mpmath.mpf(10) ** -24
        assert zero["bulk_radius"] == pytest.approx(0.8)
    np.testing.assert_allclose(above.spectra["outliers"], mf.solve(STATIONARY, **PAIR).spectra["outliers"])


def test_chaotic_state_where_one_variance_is_zero():
    found = mf.solve(models.by_name("rank1-chaotic"), find="all", digits=16, g=2, M_m=1, M_n=1)
    (homogeneous,) = found
    assert homogeneous["mu"] == 0 and 0 <= homogeneous["Delta_inf"] <= homogeneous.error["Delta_inf"] < 1e-16
    assert abs(homogeneous["Delta_0"] - mf.solve(SCS, g=2, digits=20)["Delta_0"]) < 1e-16


def test_one_point_only_and_whole_digits_only():
    with pytest.raises(ParameterError, match=r"one parameter point.*\(2,\)"):
        mf.solve(SCS, g=[1.5, 2.0], digits=20)
    with pytest.raises(ParameterError, match="digits must be a whole number"):
        with_digits(mf.solve(SCS, g=2), True)


def test_no_solution_stays_none():
    assert not mf.solve(SCS, g=0.5, digits=20).found
    nothing = mf.solve(SCS, g=0.5, digits=20, find="all")
    assert len(nothing) == 0 and nothing.why


def test_what_is_no_average_stays_double():
    solution = mf.solve(KAC_RICE, g=2, digits=16)
    assert isinstance(solution["alpha"], mpmath.mpf)
    assert float(solution["bulk_radius"]) == pytest.approx(1.3941804495, abs=1e-10)
    np.testing.assert_allclose(solution.profile("radial_cdf", [1.0]), [1 - float(solution["fraction_outside"])], rtol=1e-10)


@pytest.mark.parametrize("g", ["1.001", "1.02"])
def test_ill_conditioned_roots_reach_the_digits(g):
    a, b = (mf.solve(KAC_RICE, g=g, digits=digits) for digits in (20, 28))
    agree(a, b)
    assert all(a.error[name] < 1e-20 for name in a.unknowns) and a.kernel.model.name == "kac-rice"
    eps = float(g) - 1
    assert float(b["complexity"]) == pytest.approx(16 / 81 * eps**3, rel=5 * eps)
    assert b.error["complexity"] < 1e-20


@pytest.mark.parametrize(
    ("parameters", "complexity"),
    [
        ({"g": 1.001}, "1.9682010241717608593e-10"),
        ({"g": 1.003}, "5.2761676922923014892e-9"),
        ({"g": 1.02}, "1.4735725637657e-6"),
    ],
)
@pytest.mark.parametrize("find", ["one", "all"])
def test_points_escalate_by_themselves(parameters, complexity, find):
    found = mf.solve(KAC_RICE, find=find, **parameters)
    (solution,) = [found] if find == "one" else found
    assert solution.kernel.model.name == "kac-rice" and solution.status is Status.CONVERGED
    assert isinstance(solution["alpha"], float) and isinstance(solution["complexity"], float)
    # The double 1.001 is not the decimal number: 3 eps of g are what the reference differs by.
    room = solution.error["complexity"] + 3e-16 * solution["complexity"] / (parameters["g"] - 1) * 3
    assert abs(solution["complexity"] - float(complexity)) <= room < 1e-9 * solution["complexity"]
    assert all(solution.error[name] < 1e-14 for name in solution.unknowns)
    assert all(solution.error[name] >= 2.0**-53 * abs(solution[name]) for name in solution.unknowns)  # a double is rounded


def test_escalated_unknowns_are_the_nearest_doubles():
    solution = mf.solve(KAC_RICE, g=1.003)
    precise = PreciseModel(solution.kernel.model)
    fine = with_digits(solution, 25, {"g": mpmath.mpf(1.003)})
    for k, name in enumerate(solution.kernel.names):
        assert solution.rows.x[0, k] == float(fine[name])
        assert abs(solution.rows.x[0, k] - fine[name]) <= solution.error[name]
    assert max(abs(r) for r in precise.residual([fine[n] for n in solution.kernel.names], [mpmath.mpf(1.003), 0], 25)) < 1e-25


@pytest.mark.parametrize(("factor", "phase"), [(1 - 1e-6, "kac-rice"), (1 + 1e-6, "kac-rice-single")])
@pytest.mark.parametrize("find", ["one", "all"])
def test_either_side_of_the_onset_is_the_right_phase(factor, phase, find):
    found = mf.solve(KAC_RICE, find=find, g=2.0, D=D_C * factor)
    (solution,) = [found] if find == "one" else found
    assert solution.kernel.model.name == phase
    expected = 6.8e-15 if phase == "kac-rice" else 0.0
    assert abs(solution["complexity"] - expected) <= solution.error["complexity"] + 0.1e-15
    exactly = mf.solve(KAC_RICE, g=2.0, D=D_C * factor, digits=20)
    assert abs(exactly["complexity"] - solution["complexity"]) <= solution.error["complexity"]
    assert abs(exactly["alpha"] - solution["alpha"]) <= solution.error["alpha"] + 1e-16


def test_escalated_points_of_a_grid_claim_the_rounding_of_what_they_return():
    g = np.array([1.0120969905039217, 1.0180695568362756])
    found = mf.solve(models.by_name("kac-rice"), find="all", g=g, D=0.0)
    for i, point in enumerate(found.points):
        exact_one = mf.solve(models.by_name("kac-rice"), g=Fraction(g[i]), D=0, digits=40)
        for name in ("alpha", "gamma"):
            with mpmath.workdps(50):
                assert abs(exact_one[name] - mpmath.mpf(point[0][name])) < mpmath.mpf(point[0].error[name])
        rows = point[0].rows  # a claim that equals the distance to the last digit says nothing about its own rounding
        assert (rows.error >= 2.0**-53 * np.abs(rows.x)).all()
