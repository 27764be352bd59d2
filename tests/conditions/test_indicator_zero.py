"""Boundaries as models: structure, refusals, and every boundary with a known answer."""

import pytest
import sympy as sp

import meanfield as mf
from meanfield import models, transfer
from meanfield.conditions import fix_parameters, indicator_zero
from meanfield.errors import ModelError, ParameterError
from tests import zoo


def names(symbols: object) -> list[str]:
    return [s.name for s in symbols]  # type: ignore[attr-defined]


def test_the_free_parameter_becomes_the_last_unknown() -> None:
    model = models.by_name("rank1-stationary")
    boundary = indicator_zero(model, "chaos", "g")
    assert names(boundary.public_unknowns) == ["mu", "Delta_0", "g"]
    assert names(boundary.parameters) == ["M_m", "M_n", "Sigma_m"]
    assert boundary.residuals == (*model.residuals, model.resolve(model.indicators["chaos"]))
    assert boundary.symmetries == model.symmetries


def test_conditions_that_say_the_same_are_dropped_and_others_kept() -> None:
    stationary = models.by_name("rank1-stationary")
    assert not indicator_zero(stationary, "chaos", "g").stable
    assert indicator_zero(stationary, "outlier", "g").stable
    onset = indicator_zero(models.by_name("rank1-chaotic"), "onset", "g")
    assert "Delta_inf is not negative" in onset.accept
    assert "Delta_0 is not smaller than Delta_inf" not in onset.accept
    assert not onset.refuse


def test_starts_lie_in_the_window() -> None:
    model = models.by_name("scs")
    boundary = indicator_zero(model, "onset_of_chaos", "g", window=(1, 2))
    g = boundary.unknowns[-1]
    assert all(1 <= start[g] <= 2 for start in boundary.starts)
    assert len(boundary.starts) % len(model.starts) == 0


def test_an_expression_may_be_the_indicator() -> None:
    model = models.by_name("rank1-stationary")
    mu = model.unknowns[0]
    assert indicator_zero(model, mu - 1, "M_n").implicit == (mu - 1,)


def test_restricted_indicators_are_solved_in_their_subspace() -> None:
    boundary = indicator_zero(models.by_name("rank1-chaotic"), "structure", "M_n")
    assert names(boundary.unknowns) == ["delta", "M_n"]
    reports = {s.name: e for s, e in boundary.reports.items()}
    assert reports["mu"] == 0 and reports["Delta_inf"] == 0 and reports["Delta_0"] == boundary.unknowns[0]


def test_the_subspace_must_be_invariant() -> None:
    model = models.by_name("rank1-chaotic").with_transfer(transfer.logistic)
    with pytest.raises(ModelError, match="do not solve the equations for this transfer function"):
        indicator_zero(model, "structure", "g")


def test_refusals_name_the_nearest() -> None:
    model = models.by_name("rank1-stationary")
    with pytest.raises(ModelError, match="did you mean 'chaos'"):
        indicator_zero(model, "choas", "g")
    with pytest.raises(ModelError, match="no parameter 'M_q'.*did you mean 'M_"):
        indicator_zero(model, "chaos", "M_q")


def test_fixed_parameters_are_gone_everywhere() -> None:
    model = fix_parameters(models.by_name("rank1-chaotic"), {"g": 2, "Sigma_m": 0})
    assert names(model.parameters) == ["M_m", "M_n"]
    assert not {"g", "Sigma_m"} & {s.name for r in model.residuals for s in r.free_symbols}
    assert names(model.seeds[0].model.parameters) == ["M_m", "M_n"]
    assert model.symmetries
    assert not fix_parameters(models.by_name("rank1-input-stationary"), {"M_I": sp.Rational(1, 2)}).symmetries


@pytest.mark.parametrize("known", zoo.boundaries(), ids=lambda b: b.id)
def test_known_boundaries(known: zoo.Boundary) -> None:
    found = mf.solve(indicator_zero(known.build(), known.indicator, known.free), find="all", **known.parameters)

    def agrees(s: mf.Solution) -> bool:
        return all(abs(s[name] - value) <= s.error[name] + known.error for name, value in known.expected.items())

    assert any(agrees(s) for s in found), [dict(s.unknowns) for s in found]


@pytest.mark.parametrize(("g", "D_c"), [(10.0, 2730.598616443391), (20.0, 44871.916893385496)])
def test_boundaries_far_beyond_where_solving_begins(g: float, D_c: float) -> None:
    """``find="all"`` gave up on them (limits of 8 times the largest start), or stopped in multiple precision."""
    many = mf.solve(indicator_zero(models.by_name("kac-rice"), "alpha", free="D"), find="all", g=g)
    assert [s["D"] for s in many] == [pytest.approx(D_c, rel=1e-13)]
    onset = indicator_zero(models.by_name("rank1-input-chaotic"), "onset", free="Sigma_I_squared")
    edge = mf.solve(onset, find="all", g=g, M_m=0, M_n=0)
    assert [s["Sigma_I_squared"] for s in edge] == [pytest.approx(D_c, rel=1e-11)]


def test_where_the_equations_do_not_hold_there_is_no_boundary() -> None:
    """At g = 0 all unknowns and slopes vanish, and a residual of 1 is left."""
    found = mf.solve(indicator_zero(models.by_name("rank1-chaotic"), "onset", free="g"), find="all", M_m=1, M_n=2.5, Sigma_m=1)
    structured = pytest.approx(1.9400759373512, abs=1e-11)
    assert [s["g"] for s in found] == [structured, pytest.approx(1, abs=1e-9), structured]  # homogeneous chaos begins at g = 1
    for s in found:
        assert s.residual < 1e-12


def test_where_homogeneous_chaos_begins_nothing_else_is_found() -> None:
    """A ghost at g = 0.88 claimed to be known to 2e7, with a residual of 0.09."""
    found = mf.solve(indicator_zero(models.by_name("rank1-chaotic"), "onset", free="g"), find="all", M_m=0, M_n=0)
    assert [s["g"] for s in found] == [pytest.approx(1, abs=1e-7)]
    assert all(abs(s["g"] - 1) <= s.error["g"] for s in found)


def test_a_pitchfork_that_is_a_multiple_root_claims_no_more_than_it_knows() -> None:
    """mu = 0, M_n = 1: Newton's method in multiple precision ended 1.9e-14 beside it and claimed 3e-25."""
    outlier = indicator_zero(models.by_name("rank1-stationary"), "outlier", free="M_n")
    for g in (0.3, 0.5, 0.9):
        for s in mf.solve(outlier, find="all", g=g, M_m=1):
            assert abs(s["mu"]) <= s.error["mu"] and abs(s["M_n"] - 1) <= s.error["M_n"]


def test_structure_of_the_network_with_inputs_is_that_of_the_one_without() -> None:
    """Without input kappa = 0, Delta_inf = 0 is a state; with one it is none, which is said."""
    driven = indicator_zero(models.by_name("rank1-input-chaotic"), "structure", "M_n")
    assert names(driven.parameters) == ["g", "M_m", "Sigma_m", "Sigma_mI"]
    own = mf.solve(driven, g=2.1, M_m=1, M_I=0, Sigma_perp=[0, 0])
    other = mf.solve(indicator_zero(models.by_name("rank1-chaotic"), "structure", "M_n"), g=2.1, M_m=1)
    assert (abs(own["M_n"] - other["M_n"]) <= own.error["M_n"] + other.error["M_n"]).all()
    for given in ({"M_I": 0.1}, {"Sigma_nI": 0.1, "Sigma_n": 1}, {"Sigma_perp": 0.1}, {"Sigma_I_squared": [0, 0.1]}):
        with pytest.raises(ParameterError, match="must be 0 for this condition.*no state that has mu = 0, kappa = 0"):
            mf.solve(driven, g=2.1, M_m=1, **given)
    with pytest.raises(ModelError, match="fix those, such as inputs"):
        indicator_zero(models.by_name("rank1-input-chaotic"), "structure", "M_I")


@pytest.mark.parametrize("g", [1.2, 1.4, 1.5, 1.6])
def test_structure_of_chaos_with_a_cubic(g: float) -> None:
    """<1 - x^2> had a claim of 1: what was known of the constant was taken for an error."""
    model = models.by_name("rank1-chaotic").with_transfer("cubic")
    homogeneous = mf.solve(models.by_name("scs").with_transfer("cubic"), find="all", g=g)
    boundary = indicator_zero(model, "structure", "M_n")
    found = sorted(mf.solve(boundary, find="all", M_m=2, g=g, Sigma_m=0.7), key=lambda s: s["Delta_0"])
    assert len(found) == len(homogeneous) == 2
    for edge, chaos in zip(found, homogeneous, strict=True):
        assert abs(edge["Delta_0"] - chaos["Delta_0"]) <= edge.error["Delta_0"] + chaos.error["Delta_0"]
        assert edge["M_n"] == pytest.approx(1 / (2 * (1 - chaos["Delta_0"])), rel=1e-10) and edge.error["M_n"] < 1e-10
    assert mf.solve(boundary, M_m=2, g=g, Sigma_m=0.7).found


def test_the_free_parameter_may_be_named_where_it_is_solved_for() -> None:
    model = models.by_name("rank1-stationary")
    chaos = indicator_zero(model, "chaos")
    assert mf.solve(chaos, free="g", M_m=1, M_n=2)["g"] == mf.solve(indicator_zero(model, "chaos", "g"), M_m=1, M_n=2)["g"]
    assert mf.solve(chaos, free="M_n", g=1.5, M_m=1)["M_n"] == mf.solve(chaos("M_n"), g=1.5, M_m=1)["M_n"]
    with pytest.raises(ParameterError, match="chaos = 0 lacks its free parameter.*one of g, M_m, M_n, Sigma_m"):
        mf.solve(chaos, M_m=1, M_n=2)
    with pytest.raises(ParameterError, match="free='g' names what becomes an unknown of a condition.*a model has none"):
        mf.solve(model, free="g", M_m=1, M_n=2)
    with pytest.raises(ModelError, match="did you mean 'chaos'"):
        indicator_zero(model, "choas")
    with pytest.raises(ParameterError, match="follow needs .* got Condition"):
        mf.follow(chaos, along="g", to=2)


def test_an_indicator_that_is_the_same_everywhere_bounds_nothing() -> None:
    """alpha of the single Kac-Rice phase is 0; its boundary is that of the other phase."""
    assert mf.solve(models.by_name("kac-rice"), g=2, D=3).indicators == {"alpha": 0.0}
    with pytest.raises(ModelError, match="alpha is 0 for all states of kac-rice-single"):
        indicator_zero(models.by_name("kac-rice-single"), "alpha", "D")
