"""Zeros of the user's own expressions: on images, in other phases, in files; and what is no expression."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import resume_forest
from meanfield.errors import ParameterError
from meanfield.store import load_branches, save_branches

MU, KAPPA = mf.symbol("mu"), mf.symbol("kappa")
HELD = {"M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}


def fork(expressions: object) -> mf.Model:
    return mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0, 4), expressions=expressions, **HELD)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_zero_on_one_of_two_symmetric_partners(sign: int) -> None:
    [event] = fork({"one": MU - sign}).events("one")
    assert event.unknowns["mu"] == pytest.approx(sign, abs=1e-12) and event.at["g"] == pytest.approx(1.379894101, abs=1e-9)
    [branch] = [b for b in fork({"one": MU - sign}) if b.events("one")]
    assert np.sign(branch["mu"][-1]) in (0, sign)


def test_a_zero_on_both_partners_and_in_both_phases() -> None:
    forest = fork({"two": mf.symbol("Delta_0") - 2, "deep": mf.symbol("Delta_inf") - 1})
    assert [e.branch.model.name for e in forest.events("two")] == ["rank1-stationary"] * 3 + ["rank1-chaotic"]
    assert [e.branch.model.name for e in forest.events("deep")] == ["rank1-chaotic"] * 2  # stationary states have no Delta_inf
    start = mf.solve(mf.models.by_name("rank1-stationary"), g=0.5, **HELD)
    followed = mf.follow(start, "g", 4, switch=True, expressions={"two": mf.symbol("Delta_0") - 2})
    assert {e.branch.model.name for e in followed.events("two")} == {"rank1-stationary", "rank1-chaotic"}


def test_errors_of_images_whose_unknowns_are_exchanged() -> None:
    x, y = mf.unknown("x"), mf.unknown("y")
    p = mf.parameter("p")
    model = mf.Model("pair", implicit=[p - x - x**3, x * y - p], unknowns=(x, y))
    swapped = mf.Model("pair", implicit=[x * y - p, x + y - 3], unknowns=(x, y), symmetries=[{x: y, y: x}])
    assert mf.bifurcation_diagram(model, "p", (0.5, 1))[0].events()
    first, second = mf.bifurcation_diagram(swapped, "p", (0.0, 2.0), expressions={"half": x - sp.Rational(1, 2)})
    [event] = [*first.events("half"), *second.events("half")]
    assert event.unknowns["x"] == pytest.approx(0.5, abs=1e-12) and event.at["p"] == pytest.approx(1.25, abs=1e-12)


@pytest.mark.parametrize(
    ("expressions", "words"),
    [
        ({"a": mf.symbol("kapa") - 1}, "did you mean 'kappa'"),
        ({"chaos": KAPPA - 1}, "choose another one"),
        ({"fold": KAPPA - 1}, "choose another one"),
        ({"a": "kappa-1"}, "never evaluated"),
        (KAPPA - 1, "must be a dictionary"),
        ({3: MU}, "got the key 3"),
        ({"a": sp.Eq(MU, 1)}, "comparisons"),
        ({"a": sp.nan}, "expected an expression"),
        ({"a": mf.gaussian("x", var=1)}, "not averaged"),
        ({"a": mf.symbol("Delta_T") - mf.symbol("lambda_max") * mf.symbol("chaos") * mf.symbol("structure")}, "no model has all"),
    ],
)
def test_what_is_no_expression(expressions: object, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        fork(expressions)


def test_a_file_does_not_forget_in_silence(tmp_path: Path) -> None:
    model = mf.models.by_name("rank1-stationary")
    forest = mf.bifurcation_diagram(model, "g", (0, 1.5), expressions={"one": MU + 1}, **HELD)
    save_branches(forest, tmp_path / "b.nc")
    told = [(e.type, e.at["g"]) for e in forest.events("one")]
    assert [(e.type, e.at["g"]) for e in load_branches(tmp_path / "b.nc").events("one")] == told and len(told) == 1
    with pytest.raises(ParameterError, match="load_branches"):
        resume_forest(load_branches(tmp_path / "b.nc"), (0, 2))
    again = resume_forest(load_branches(tmp_path / "b.nc", expressions={"one": MU + 1}), (0, 2))
    assert [e.at["g"] for e in again.events("one")] == pytest.approx([told[0][1]], abs=1e-12)


def test_a_solution_says_itself_where_it_is() -> None:
    start = mf.solve(mf.models.by_name("scs"), g=2.0)
    with pytest.raises(ParameterError, match="a problem of one's own"):
        mf.follow(start, "g", 3, x=[1.0])
