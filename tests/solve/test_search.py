"""The search for all roots of a model: partners, degenerate roots, seeds, reasons, doubtful corrections."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.compile import FINE, ROUGH, WORKING, compile
from meanfield.compile.precise import PreciseModel
from meanfield.model import Model
from meanfield.solve.in_turn import find_first
from meanfield.solve.search import find_all, parameters_for, without_copies
from meanfield.solve.starts import own_starts, scale_of, scattered
from meanfield.solve.symmetries import symmetry_maps
from meanfield.symbols import parameters, unknown

SCS, STATIONARY, CHAOTIC, KAC_RICE = (models.by_name(n) for n in ("scs", "rank1-stationary", "rank1-chaotic", "kac-rice"))
TOL = 1e-10


def point(model, **values):
    names = [s.name for s in model.parameters]
    return np.array([[float(values.get(n, 0.0)) for n in names]])


def true_error(solution):
    """|J^-1 r| with the residual in multiple precision."""
    rows = solution.rows
    r = PreciseModel(solution.kernel.model).residual(rows.x[0].tolist(), solution.p[0].tolist(), 30)
    return np.abs(np.linalg.solve(rows.jacobian[0], np.array([float(v) for v in r])))


@pytest.mark.parametrize(
    ("model", "values", "count"),
    [
        (STATIONARY, {"g": 0.5, "M_m": 1, "M_n": 0.5}, 1),  # x = 0
        (STATIONARY, {"g": 0.5, "M_m": 1, "M_n": 2}, 3),
        (STATIONARY, {"g": 1.5, "M_m": 1, "M_n": 0.5}, 2),  # and the frozen state
        (STATIONARY, {"g": 1.5, "M_m": 1, "M_n": 3, "Sigma_m": 1}, 4),
        (CHAOTIC, {"g": 0.9, "M_m": 1, "M_n": 0.5}, 0),
        (CHAOTIC, {"g": 2.0, "M_m": 1, "M_n": 1}, 1),  # homogeneous
        (CHAOTIC, {"g": 2.1, "M_m": 1, "M_n": 2.5, "Sigma_m": 1}, 3),  # and a structured pair
        (CHAOTIC, {"g": 1.05, "M_m": 1, "M_n": 3}, 1),  # the heterogeneous state is stationary here
        (SCS, {"g": 1.001}, 1),
        (SCS, {"g": 20.0}, 1),
    ],
)
def test_number_of_solutions_and_honest_errors(model, values, count):
    found = mf.solve(model, find="all", **values)
    assert len(found) == count
    for s in found:
        assert (true_error(s) <= s.rows.error[0] + 1e-30).all()


@pytest.mark.parametrize(("g", "M_m"), [(3.4, 1.78), (1.3, 0.9)])
def test_a_chaotic_point_that_is_left_early_claims_honestly(g, M_m):
    s = mf.solve(CHAOTIC, g=g, M_m=M_m, M_n=2, Sigma_m=1)
    assert (true_error(s) <= s.rows.error[0]).all()
    assert (s.rows.error[0] < TOL * np.maximum(1, abs(s.rows.x[0]))).all()


@pytest.mark.parametrize("transfer", ["tanh", "algebraic", "logistic"])
def test_claims_where_the_law_is_far_wider_than_the_transfer_function(transfer):
    # The slope of the boundary by a variance of up to 10^6 is what is left of positive and negative parts of (phi'^2)''.
    gain = np.array([3.0, 10.0, 17.0, 20.0, 26.0, 38.0]) * (4 if transfer == "logistic" else 1)
    boundary = mf.indicator_zero(models.by_name("rank1-input-stationary").with_transfer(transfer), "chaos", "Sigma_I_squared")
    for points in mf.solve(boundary, find="all", g=gain, M_m=0, M_n=0).points:
        (s,) = points
        assert (true_error(s) <= s.rows.error[0] + 1e-30).all()
        assert (s.rows.error[0] < TOL * np.maximum(1, abs(s.rows.x[0]))).all()


def test_the_little_slope_that_is_left_beside_a_pitchfork_is_that_of_the_root():
    # Homogeneous chaos 2e-5 before kappa grows in it: on the last step 1 - F' changes its sign.
    s = mf.solve(CHAOTIC, g=3.002525252525252, M_m=1.5666666666666667, M_n=2, Sigma_m=1)
    there = s.kernel.residual_jacobian(s.rows.x, s.p)[1]
    assert s["mu"] == 0 and there[0, 0, 0] > 0
    assert s.rows.jacobian[0, 0, 0] == pytest.approx(there[0, 0, 0], rel=1e-2)


def test_partners_are_exact_images_within_their_claims():
    below, zero, above = mf.solve(CHAOTIC, find="all", g=2.1, M_m=1, M_n=2.5, Sigma_m=1)
    assert zero["mu"] == 0.0 and abs(zero["kappa"]) <= zero.error["kappa"] and 0 <= zero["Delta_inf"] <= zero.error["Delta_inf"]
    for name, sign in (("mu", -1), ("kappa", -1), ("Delta_0", 1), ("Delta_inf", 1)):
        assert abs(below[name] - sign * above[name]) <= below.error[name] + above.error[name]
    assert below["mu"] < 0 < above["mu"]


def test_degenerate_roots_are_never_returned():
    """Frozen states (Delta_0 = Delta_inf), the spurious root Delta_inf = -Delta_0, and beta -> 0 solve the bare equations."""
    rng = np.random.default_rng(5)
    g, M_n = rng.uniform(0.5, 3, 12), rng.uniform(0, 3, 12)
    for s in mf.solve(CHAOTIC, find="all", g=g, M_m=1, M_n=M_n, rounds=1):
        assert s["Delta_0"] > s["Delta_inf"] >= 0 and s["Delta_T"] > 1e-6
    for s in mf.solve(KAC_RICE, find="all", g=1 + 10 ** rng.uniform(-2, 1, 12), D=0):
        assert s["beta"] > 1e-3 and s["alpha"] > 1e-4 and s["complexity"] > 0


def test_reasons_are_sentences():
    why = mf.solve(CHAOTIC, find="all", g=0.5, M_m=1, M_n=0.5).why
    assert why.startswith("no solution") and "  " not in why
    degenerate = mf.solve(KAC_RICE, find="all", g=0.5, D=0).why
    assert "beta = 0" in degenerate or "no solution" in degenerate


def test_the_first_root_is_one_of_all():
    p = np.concatenate([point(STATIONARY, g=g, M_m=1, M_n=2, Sigma_m=1) for g in (0.5, 1.0, 2.0)])
    first, every = find_first(STATIONARY, p, TOL), find_all(STATIONARY, p, TOL)
    assert first.rows.owner.tolist() == [0, 1, 2] and not first.why
    for i in range(3):
        distance = np.abs(every.rows.x[every.rows.owner == i] - first.rows.x[i]).max(axis=1)
        assert distance.min() < 1e-9


def test_rows_are_in_canonical_order_and_hold_together():
    p = np.concatenate([point(STATIONARY, g=g, M_m=1, M_n=2.5) for g in (0.5, 1.5)])
    rows = find_all(STATIONARY, p, TOL).rows
    assert (np.diff(rows.owner) >= 0).all()
    for i in (0, 1):
        assert (np.diff(rows.x[rows.owner == i, 0]) >= -1e-6).all()
    kept = rows.take(np.array([0, 2]))
    assert len(kept.owner) == 2 and kept.jacobian.shape == (2, 2, 2)
    joined = type(rows).joined([kept, kept])
    np.testing.assert_array_equal(joined.x, np.concatenate([kept.x, kept.x]))


def test_starts():
    p = point(STATIONARY, g=1.5, M_m=1, M_n=2)
    formulas = own_starts(STATIONARY, p)
    assert formulas.shape[0] == 1 and formulas.shape[2] == 2 and np.isfinite(formulas).any()
    scatter = scattered(STATIONARY, p, formulas, 40)
    assert scatter.shape == (1, 40, 2) and (scatter[..., 1] >= 0).all() and (scatter[..., 0] < 0).any()
    assert (scale_of(formulas) > 0).all()
    doubled = np.concatenate([formulas, formulas], axis=1)
    left = np.isfinite(without_copies(STATIONARY, doubled, scale_of(formulas))).all(axis=2).sum()
    assert left <= formulas.shape[1]


def test_roots_are_told_apart_whatever_the_unit_of_the_unknowns():
    u, s = unknown("u"), parameters("s")[0]
    model = Model("any unit", equations={u: s * sp.tanh(2 * u / s)}, symmetries=[{u: -u}], starts=[{u: s}, {u: 0}])
    unit = 10.0 ** np.array([3, 0, -6, -7, -9, -11, -13, -20, -100])
    coarse = find_all(model, unit[:, None], TOL, rounds=0).rows
    assert np.bincount(coarse.owner).tolist() == [3] * len(unit)
    for size, found in zip(unit, mf.solve(model, find="all", s=unit).points, strict=True):
        below, zero, above = (root["u"] / size for root in found)
        assert zero == 0 and -below == pytest.approx(above, rel=1e-14) == pytest.approx(0.95750402407726880, rel=1e-14)
        assert all(root.error["u"] < 1e-14 * size for root in found)


def test_no_root_between_two_others_is_lost_in_a_small_unit():
    """The middle one of three: a scatter of starts a tenth wide never led to it; below s = 1e-11 nothing else did."""
    u, V = unknown("u"), unknown("V", nonnegative=True)
    a, s, h, g = parameters("a s h g", nonnegative="g")
    z, phi = mf.gaussian("z", mean=u, var=V), mf.transfer.tanh
    equations = {u: s * (mf.average(phi(a * z / s)) + h), V: g**2 * s**2 * mf.average(phi(a * z / s) ** 2)}
    model = Model("small unit", equations=equations, starts=[{u: s, V: s**2}, {u: 0, V: s**2}, {u: -s, V: s**2}])
    unit = np.array([1, 1e-5, 1e-9, 1e-12, 1e-15, 1e-30])
    for size, found in zip(unit, mf.solve(model, find="all", a=2, s=unit, h=0.1, g=0.3).points, strict=True):
        assert [root["u"] / size for root in found] == pytest.approx([-0.7634, -0.1083, 1.0467], abs=1e-3)


def test_two_roots_beside_a_fold_are_two_in_a_small_unit():
    """Rounding was taken to be that of terms of size 1: the two were one."""
    u = unknown("u")
    a, s, h = parameters("a s h")
    model = Model("fold", equations={u: s * (sp.tanh(a * u / s) + h)}, starts=[{u: s}, {u: 0}, {u: -s}])
    fold = -float(sp.acosh(sp.sqrt(2)) / 2 - sp.tanh(sp.acosh(sp.sqrt(2))))
    for size in (1, 1e-3, 1e-9, 1e-12, 1e-20):
        for inside, count in ((1e-5, 3), (1e-7, 3), (-1e-7, 1)):
            assert len(mf.solve(model, find="all", a=2, s=size, h=fold - inside)) == count


def test_symmetries_as_maps_and_parameters_of_a_seed():
    (mirror,) = symmetry_maps(CHAOTIC)
    np.testing.assert_array_equal(mirror(np.array([[0.5, 0.2, 0.1]])), [[-0.5, 0.2, 0.1]])
    p = point(CHAOTIC, g=2, M_m=1, M_n=3, Sigma_m=0.5)
    np.testing.assert_array_equal(parameters_for(STATIONARY, CHAOTIC, p), point(STATIONARY, g=2, M_m=1, M_n=3, Sigma_m=0.5))


def test_a_model_without_starts_is_searched_from_a_scatter():
    x, a = unknown("x"), parameters("a")[0]
    model = Model("a cubic", implicit=[x**3 - x - a], unknowns=(x,), parameters=(a,))
    found = mf.solve(model, find="all", a=[0.0, 0.2, 1.0])
    assert [len(p) for p in found.points] == [3, 3, 1]
    for p, value in zip(found.points, (0.0, 0.2, 1.0), strict=True):
        exact = np.roots([1, 0, -1, -value])
        exact = np.sort(exact[abs(exact.imag) < 1e-9].real)
        np.testing.assert_allclose([s["x"] for s in p], exact, atol=1e-12)


def test_a_root_on_the_edge_and_one_below_it():
    x, a = unknown("x", nonnegative=True), parameters("a")[0]
    model = Model("an edge", implicit=[x * (x - a)], unknowns=(x,), parameters=(a,), starts=[{x: 1}, {x: sp.Rational(1, 10)}])
    found = mf.solve(model, find="all", a=[0.5, -0.5])
    assert [[s["x"] for s in p] for p in found.points] == [[0.0, 0.5], [0.0]]


def test_corrections_too_long_for_the_first_order_are_not_trusted():
    """Near g = 1 the rough rules' root is far from the finest rules' in units of the claim: what is returned is neither."""
    g = 1 + np.array([0.0101, 0.0107, 0.012, 0.02, 0.0303])
    for model in (SCS, KAC_RICE):
        for s in mf.solve(model, find="all", g=g):
            # Where the root is known to more digits than a double has, the claim is its distance from the double, exactly; what
            # the inverse Jacobian makes of the residual is only as good as the Jacobian.
            assert (true_error(s) <= s.rows.error[0] * (1 + 1e-5)).all()


def test_levels_of_quadrature_agree_better_the_finer_they_are():
    x, p = np.array([[0.6, 1.2]]), point(STATIONARY, g=1.2, M_m=1, M_n=2)
    kernel = compile(STATIONARY)
    fine, bound = kernel.refined(x, p)
    distances = [np.abs(kernel.at(level).residual(x, p) - fine).max() for level in (ROUGH, WORKING, FINE)]
    assert distances[0] < 1e-5 and distances[1] < 1e-9 and distances[2] < 1e-14 and (bound < 1e-11).all()
