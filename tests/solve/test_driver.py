"""`solve`: what comes back for one point and for grids, in any order and any pieces; phases, sweeps, no solution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meanfield as mf
from meanfield import models
from meanfield.errors import ParameterError
from meanfield.records import per_point
from meanfield.solve.solution import Solution, Solutions
from meanfield.solve.status import Status

SCS, STATIONARY, CHAOTIC, KAC_RICE, SINGLE = (
    models.by_name(n) for n in ("scs", "rank1-stationary", "rank1-chaotic", "kac-rice", "kac-rice-single")
)
D_C = 1.635957243867359  # of kac-rice at g = 2


def table(result):
    """Unknowns and errors point by point: [[{name: (value, error)}]]."""
    found, _ = per_point(result)
    return [[{n: (s[n], s.error[n]) for n in s.unknowns} for s in point] for point in found]


def assert_same(a, b):
    assert [len(x) for x in a] == [len(x) for x in b]
    for p, q in zip(a, b, strict=True):
        for s, t in zip(p, q, strict=True):
            for name, (value, error) in s.items():
                assert abs(value - t[name][0]) <= error + t[name][1] + 1e-15 * abs(value), name


def test_one_point_gives_floats():
    solution = mf.solve(SCS, g=2)
    assert isinstance(solution, Solution) and solution.found is True and solution.shape == ()
    assert type(solution["Delta_0"]) is float and type(solution.error["Delta_0"]) is float
    assert abs(solution["Delta_0"] - 1.9248054137370582) <= solution.error["Delta_0"] < 1e-10
    assert solution.unknowns == {"Delta_0": solution["Delta_0"]} and set(solution.observables) == set(SCS.observables)
    assert solution["g"] == 2.0 and solution.parameters == {"g": 2.0}
    assert solution.physical is True and solution.stable is None
    assert str(solution.status) == "converged: the claimed error is within the tolerance"
    assert solution.residual < 1e-12 and solution.condition >= 1
    assert "scs" in repr(solution) and "Delta_0 = 1.92480541" in repr(solution) and " ± " in repr(solution)


def test_a_grid_gives_arrays_of_its_shape_and_nan_where_there_is_nothing():
    g = np.array([[0.5, 1.2], [2.0, 3.0]])
    solution = mf.solve(SCS, g=g)
    assert solution.shape == (2, 2) and solution["Delta_0"].shape == solution["bulk_radius"].shape == (2, 2)
    np.testing.assert_array_equal(solution.found, [[False, True], [True, True]])
    np.testing.assert_array_equal(np.isnan(solution["Delta_0"]), ~solution.found)
    assert solution.status[0, 0] is Status.NO_SOLUTION and solution.status[1, 1] is Status.CONVERGED
    np.testing.assert_array_equal(solution.parameters["g"], g)
    assert solution.physical.shape == (2, 2)


def test_all_solutions_of_a_grid():
    every = mf.solve(STATIONARY, find="all", g=0.8, M_m=1, M_n=[0.5, 2.0], Sigma_m=0)
    assert isinstance(every, Solutions) and every.shape == (2,) and len(every.points) == 2
    assert [len(p) for p in every.points] == [1, 3] and len(every) == 4
    assert all(isinstance(s, Solution) and s.shape == () for s in every)


@pytest.mark.parametrize("find", ["one", "all"])
def test_no_solution_is_an_answer_with_a_reason(find):
    result = mf.solve(SCS, find=find, g=0.9)
    if find == "one":
        assert result.found is False and np.isnan(result["Delta_0"]) and result.status is Status.NO_SOLUTION
        assert result.why and all(result.why.values())
    else:
        assert len(result) == 0 and "no solution" in result.why


def test_observables_errors_and_names_that_do_not_exist():
    solution = mf.solve(STATIONARY, g=0.8, M_m=1, M_n=2)
    assert set(solution.errors) == {"mu", "Delta_0"} and 0 < solution.error["kappa"] < 1e-10
    assert len(solution.error) == len(list(solution.error)) and "bulk_radius" in solution.error
    assert solution["outliers"].shape == (2,) and solution.spectra["outliers"][0].real < 1
    with pytest.raises(ParameterError, match="bulk_radius"):
        solution["bulk_radios"]
    with pytest.raises(ParameterError, match="no profile"):
        solution.profile("density", [0.0])


def test_quantities_by_name_or_symbol():
    found = mf.solve(mf.models.by_name("scs"), g=2)
    assert found[mf.unknown("Delta_0")] == found["Delta_0"] and found.error[mf.unknown("Delta_0")] == found.error["Delta_0"]
    assert "Delta_0" in found and "mean_square_phi" in found and "g" in found and "local_instability" in found
    assert "kappa" not in found and mf.parameter("h") not in found
    for key in (0, None, ("Delta_0",)):
        with pytest.raises(ParameterError, match="quantities of a solution have names"):
            found[key]


def test_a_profile_at_one_point_and_on_a_grid():
    y = np.linspace(-3, 3, 7)
    one, grid = mf.solve(KAC_RICE, g=2), mf.solve(KAC_RICE, g=[1.5, 2.0])
    assert one.profile("density", y).shape == (7,) and grid.profile("density", y).shape == (2, 7)
    np.testing.assert_allclose(grid.profile("density", y)[1], one.profile("density", y), rtol=1e-10)
    np.testing.assert_allclose(one.profile("density", y), one.profile("density", -y))


STATIONARY_GRID = {"g": np.linspace(0.2, 2.6, 12), "M_m": 1.0, "M_n": np.linspace(3.5, 0.5, 12), "Sigma_m": 0.5}


@settings(max_examples=5)
@given(st.randoms(use_true_random=False), st.sampled_from(["one", "all"]), st.integers(1, 11))
def test_order_and_pieces_of_a_grid_change_nothing(random, find, cut):
    order = list(range(12))
    random.shuffle(order)
    fixed = {k: v for k, v in STATIONARY_GRID.items() if np.ndim(v) == 0}
    pick = lambda rows: {k: np.asarray(v)[rows] for k, v in STATIONARY_GRID.items() if np.ndim(v)}
    whole = table(mf.solve(STATIONARY, find=find, **STATIONARY_GRID))
    pieces = [mf.solve(STATIONARY, find=find, **fixed, **pick(rows)) for rows in (order[:cut], order[cut:])]
    assert_same([whole[i] for i in order], [point for piece in pieces for point in table(piece)])


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (SCS, {"g": np.array([1.05, 3.0, 1.5, 0.7]), "sigma_squared": np.array([0.0, 0.3, 0.0, 0.0])}),
        (CHAOTIC, {"g": np.array([2.1, 1.2, 2.3]), "M_m": 1.0, "M_n": np.array([2.5, 0.5, 3.0]), "Sigma_m": 1.0}),
        (KAC_RICE, {"g": np.array([2.0, 1.3, 5.0, 2.0]), "D": np.array([0.4, 0.0, 10.0, 3.0])}),
    ],
    ids=["scs", "chaotic", "kac-rice"],
)
def test_a_grid_is_its_points(model, parameters):
    whole = table(mf.solve(model, find="all", **parameters))
    size = len(parameters["g"])
    single = [{k: v if np.ndim(v) == 0 else v[i] for k, v in parameters.items()} for i in range(size)]
    assert_same(whole, [point for each in single for point in table(mf.solve(model, find="all", **each))])
    mirrored = {k: v if np.ndim(v) == 0 else v[::-1] for k, v in parameters.items()}
    assert_same(whole[::-1], table(mf.solve(model, find="all", **mirrored)))


@pytest.mark.parametrize("rounds", [1, 3])
def test_further_starts_and_rounds_change_nothing(rounds):
    at = {"g": 1.4, "M_m": 1.0, "M_n": 2.2, "Sigma_m": 0.3}
    known = table(mf.solve(STATIONARY, find="all", **at))
    rng = np.random.default_rng(3)
    starts = np.stack([rng.uniform(-3, 3, 5), rng.uniform(0, 4, 5)], axis=1)
    for more in (starts, starts[::-1], starts[0]):
        assert_same(known, table(mf.solve(STATIONARY, find="all", rounds=rounds, starts=more, **at)))


def test_a_tighter_tolerance_flags_what_it_cannot_reach():
    solution = mf.solve(SCS, g=[1.02, 2.0], tol=1e-15)
    assert all(s is Status.CLAIM_ABOVE_TOLERANCE for s in solution.status)
    np.testing.assert_array_equal(solution["Delta_0"], mf.solve(SCS, g=[1.02, 2.0])["Delta_0"])


@pytest.mark.parametrize("find", ["one", "all"])
def test_the_junction_is_followed_to_exactly_one_solution(find):
    many, single = (mf.solve(KAC_RICE, find=find, g=2, D=D) for D in (0.5 * D_C, 2 * D_C))
    many, single = (s if find == "one" else s[0] for s in (many, single))
    assert many.kernel.model.name == "kac-rice" and many["alpha"] > 0.1 and many.stable is False and many["complexity"] > 0
    assert single.kernel.model.name == "kac-rice-single" and single["alpha"] == single["gamma"] == 0.0 and single.stable is True
    assert single.unknowns.keys() == many.unknowns.keys() and single["complexity"] == 0.0
    quiet = mf.solve(KAC_RICE, find=find, g=0.9, D=0.5)
    assert (quiet if find == "one" else quiet[0]).kernel.model.name == "kac-rice-single"
    nothing = mf.solve(KAC_RICE, find=find, g=0.9, D=0)
    assert not (nothing.found if find == "one" else len(nothing))
    alone = mf.solve(SINGLE, g=2, D=2 * D_C)
    assert alone["beta"] == pytest.approx(single["beta"], rel=1e-12)


def test_a_grid_over_both_phases():
    every = mf.solve(KAC_RICE, find="all", g=2, D=D_C * np.array([0.5, 1.5, 0.9, 1.1]))
    assert [p[0].kernel.model.name for p in every.points] == ["kac-rice", "kac-rice-single"] * 2
    assert [len(p) for p in every.points] == [1] * 4


def test_another_transfer_function_by_name_or_object():
    a, b = mf.solve(SCS, g=2, transfer="erf"), mf.solve(SCS, g=2, transfer=mf.transfer.erf)
    assert a["Delta_0"] == b["Delta_0"] != mf.solve(SCS, g=2)["Delta_0"]
    with pytest.raises(mf.errors.MeanfieldError, match="odd"):
        mf.solve(SCS, g=2, transfer="softplus")
