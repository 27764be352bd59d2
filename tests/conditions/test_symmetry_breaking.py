"""Pitchforks at declared symmetries."""

import math

import pytest

import meanfield as mf
from meanfield import models, transfer
from meanfield.conditions import both, fix_parameters, indicator_zero, singular, symmetry_breaking
from meanfield.conditions.symmetry_breaking import split
from meanfield.errors import ModelError
from tests.conditions import normal_forms_zoo as zoo
from tests.zoo import boundaries

# Where homogeneous chaos loses its stability against structure, by another computation.
STRUCTURE = [b for b in boundaries() if b.indicator == "structure" and b.free == "M_n"]


def test_nothing_known_is_an_unknown() -> None:
    model = models.by_name("rank1-stationary")
    condition = symmetry_breaking(model, free="M_n")
    mu, Delta_0 = model.unknowns
    assert [s.name for s in condition.unknowns] == ["Delta_0", "M_n"]
    assert condition.reports[mu] == 0
    assert len(condition.residuals) == 2 and condition.stable is None


def test_the_pitchfork_of_the_zero_state_lies_on_the_edge_of_the_domain() -> None:
    """M_m M_n = 1 at Delta_0 = 0 for g < 1."""
    (s,) = mf.solve(symmetry_breaking(models.by_name("rank1-stationary"), free="M_n"), find="all", g=0.8, M_m=2, Sigma_m=1)
    assert s["mu"] == 0 and s["Delta_0"] == 0
    assert abs(s["M_n"] - 0.5) <= s.error["M_n"] < 1e-14


def test_frozen_states_break_the_symmetry_too() -> None:
    found = mf.solve(symmetry_breaking(models.by_name("rank1-stationary"), free="M_n"), find="all", g=1.5, M_m=1, Sigma_m=1)
    assert [s["Delta_0"] > 0 for s in found] == [False, True]
    gain = found[1]["M_n"]
    assert gain > 1.5  # unstable already: M_n <phi'> = 1 with <phi'> < 2/3


def test_homogeneous_chaos_becomes_structured() -> None:
    """In the symmetric subspace Delta_inf = 0 is a root on the domain's edge, and a regular one."""
    condition = symmetry_breaking(models.by_name("rank1-chaotic"), free="M_n", window=(0.5, 6))
    assert [s.name for s in condition.unknowns] == ["Delta_inf", "delta", "M_n"]
    found = mf.solve(condition, find="all", g=[b.parameters["g"] for b in STRUCTURE], M_m=1, Sigma_m=1)
    assert len(STRUCTURE) >= 7
    for (s,), known in zip(found.points, STRUCTURE, strict=True):
        assert abs(s["M_n"] - known.expected["M_n"]) <= s.error["M_n"] + known.error
        assert s.error["M_n"] < 1e-11
        assert s["Delta_inf"] <= s.error["Delta_inf"]
        assert s.condition < 1e3


def test_the_structure_indicator_says_the_same() -> None:
    model = models.by_name("rank1-chaotic")
    by_symmetry, by_name = symmetry_breaking(model, free="g"), indicator_zero(model, "structure", "g")
    (a,), (b,) = (mf.solve(c, find="all", M_m=1, M_n=2, Sigma_m=1) for c in (by_symmetry, by_name))
    assert abs(a["g"] - b["g"]) <= a.error["g"] + b.error["g"]


def test_pitchforks_of_the_zoo() -> None:
    (s,) = mf.solve(symmetry_breaking(zoo.pitchfork(), free="p"), find="all")
    assert (s["u"], s["p"]) == (0, 0)
    (s,) = mf.solve(symmetry_breaking(zoo.feedback(), free="p"), find="all", q=0.5)
    assert (s["u"], s["y"], s["p"]) == (0, 0, 0)


def test_an_exchange_of_units() -> None:
    """The symmetric states lose their symmetry at (0, p = -q) and at u^2 = q, p = 2 q."""
    condition = symmetry_breaking(zoo.competition(), free="p")
    found = mf.solve(condition, find="all", q=0.5)
    expected = [(-math.sqrt(0.5), 1.0), (0.0, -0.5), (math.sqrt(0.5), 1.0)]
    assert [(s["y"], s["p"]) for s in found] == [pytest.approx(e, abs=1e-12) for e in expected]
    assert all(s["u"] == s["y"] for s in found)


def test_the_fold_equations_are_singular_where_these_are_regular() -> None:
    pitchfork = zoo.feedback()
    regular = mf.compile(symmetry_breaking(pitchfork, free="p"))
    fold = mf.compile(singular(pitchfork, free="p"))
    assert abs(_det(regular, [0, 0], [0.5])) > 0.5
    assert _det(fold, [0, 0, 1, 0, 0], [0.5]) == 0


def _det(kernel: mf.compile, x: list[float], p: list[float]) -> float:  # type: ignore[valid-type]
    import numpy as np

    return float(np.linalg.det(kernel.residual_jacobian(np.array([x], dtype=float), np.array([p]))[1][0]))


def test_two_reversed_directions_need_a_null_vector() -> None:
    """u and y both change sign: the weights v_1, v_2 of the two directions are unknowns."""
    model = mf.Model(
        "rotor", unknowns=(zoo.u, zoo.y), implicit=[zoo.p * zoo.u - zoo.u**3 - zoo.y / 2, zoo.p * zoo.y - zoo.u / 2 - zoo.y**3],
        symmetries=[{zoo.u: -zoo.u, zoo.y: -zoo.y}],
    )  # fmt: skip
    condition = symmetry_breaking(model, free="p")
    assert [s.name for s in condition.unknowns] == ["v_1", "v_2", "p"]
    found = mf.solve(condition, find="all")
    assert sorted(s["p"] for s in found) == pytest.approx([-0.5, 0.5], abs=1e-12)


def test_the_corner_of_all_phases() -> None:
    """M_m M_n = 1 and g = 1 meet in one point."""
    model = models.by_name("rank1-stationary")
    corner = both(indicator_zero(model, "chaos", free="g"), symmetry_breaking(model, free="M_n"))
    (s,) = mf.solve(corner, find="all", M_m=1, Sigma_m=1)
    assert abs(s["g"] - 1) <= s.error["g"] < 1e-13 and abs(s["M_n"] - 1) <= s.error["M_n"] < 1e-13


def test_refusals() -> None:
    model = models.by_name("rank1-stationary")
    with pytest.raises(ModelError, match="declares 1 symmetries.*got number 1"):
        symmetry_breaking(model, 1, free="g")
    with pytest.raises(ModelError, match="declares 0 symmetries"):
        symmetry_breaking(model.with_transfer(transfer.logistic), free="g")
    with pytest.raises(ModelError, match="its own inverse"):
        split(model, {model.unknowns[0]: 2 * model.unknowns[0]})
    with pytest.raises(ModelError, match="not symmetric"):
        symmetry_breaking(fix_parameters(models.by_name("rank1-input-stationary"), {"M_I": 1}), {zoo_mu(): -zoo_mu()}, free="g")


def zoo_mu() -> object:
    return models.by_name("rank1-input-stationary").unknowns[0]
