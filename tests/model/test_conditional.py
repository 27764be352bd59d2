"""Symmetries that hold only where parameters vanish: declared, carried along by rewrites, never used elsewhere."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import sympy as sp

import meanfield as mf
from meanfield.conditions import fix_parameters, indicator_zero
from meanfield.errors import ModelError
from meanfield.model.conditional import holding, needed_zero, unconditional, where_zero

u, v = mf.unknown("u"), mf.unknown("v")
a, b, c = mf.parameters("a b c")
phi = mf.transfer.tanh
x = mf.gaussian("x", mean=u, var=1)
MIRROR = mf.ConditionalSymmetry({u: -u, v: -v}, zero=(b, c))


def model(**parts: Any) -> mf.Model:
    """Two states, which exchange u and v as they like, and change their signs where b = c = 0."""
    return mf.Model(
        "pair",
        name="pair",
        equations={u: a * mf.E(phi(x)) + b + v, v: a * u + c},
        indicators={"steep": a * mf.E(phi.d(1)(x)) - 1},
        **{"conditional_symmetries": [MIRROR], **parts},
    )


def test_it_is_a_symmetry_at_zero_and_nowhere_else() -> None:
    declared = model()
    quiet = where_zero(declared, ["b", "c", "a"])
    assert declared.symmetries == () and quiet.symmetries == (MIRROR.images,)
    assert quiet is where_zero(declared, {"c", "b"}) is where_zero(quiet, ("b", "c"))
    assert where_zero(declared, ["b"]) is declared
    assert where_zero(quiet, ["c"]).symmetries == ()
    assert holding(declared) == [] and needed_zero(quiet) == {"b", "c"} and unconditional(quiet) == []
    assert pickle.loads(pickle.dumps(quiet)).symmetries == quiet.symmetries


def test_of_two_with_the_same_images_only_that_counts_whose_parameters_vanish() -> None:
    either = [mf.ConditionalSymmetry(MIRROR.images, zero=(b,)), mf.ConditionalSymmetry(MIRROR.images, zero=(c,))]
    declared = model(conditional_symmetries=either)
    for quiet in (("b",), ("c",), ("b", "c")):
        there = where_zero(declared, quiet)
        assert there.symmetries == (MIRROR.images,) and needed_zero(there) == set(quiet)
        assert [one.zero for one in holding(there)] == [(s,) for s in (b, c) if s.name in quiet]
    assert where_zero(where_zero(declared, ["b", "c"]), ["c"]).symmetries == (MIRROR.images,)
    assert fix_parameters(where_zero(declared, ["c"]), {"c": 1}).symmetries == ()


def test_fixing_parameters_settles_it() -> None:
    declared = model()
    assert fix_parameters(declared, {"b": 0, "c": 0}).symmetries == (MIRROR.images,)
    half = fix_parameters(declared, {"c": 0})
    assert half.symmetries == () and [one.zero for one in half.conditional_symmetries] == [(b,)]
    broken = fix_parameters(where_zero(declared, ["b", "c"]), {"b": sp.Rational(1, 2)})
    assert broken.symmetries == () and broken.conditional_symmetries == ()


@pytest.mark.parametrize("free", ["a", "b"])
def test_conditions_take_it_only_where_it_holds_for_all_that_is_left(free: str) -> None:
    quiet = where_zero(model(), ["b", "c"])
    assert indicator_zero(quiet, "steep", free=free).symmetries == ()
    assert indicator_zero(fix_parameters(quiet, {"b": 0, "c": 0}), "steep", free="a").symmetries == (MIRROR.images,)


def test_phases_that_join_know_it_too() -> None:
    stationary = where_zero(mf.models.by_name("rank1-input-stationary"), ["M_I", "Sigma_mI", "Sigma_nI"])
    (chaotic,) = (j.phase for j in stationary.junctions)
    assert len(chaotic.symmetries) == 1
    assert [j.phase for j in chaotic.junctions] == [stationary]


def test_it_is_printed() -> None:
    for printed in (model(), where_zero(model(), ["b", "c"])):
        assert str(printed).count("symmetric") == 1
        assert "symmetric      u -> -u, v -> -v where b = c = 0" in str(printed)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mf.ConditionalSymmetry({u: -u}, zero=()), "belongs into symmetries"),
        (lambda: mf.ConditionalSymmetry({u: -u}, zero=b), "zero must list the parameters"),
        (lambda: mf.ConditionalSymmetry([u], zero=(b,)), "must be a map"),
        (lambda: model(conditional_symmetries=[{u: -u}]), "must be a ConditionalSymmetry"),
        (lambda: model(conditional_symmetries=MIRROR), "must be a list or tuple"),
        (lambda: model(conditional_symmetries=[mf.ConditionalSymmetry({a: -a}, zero=(b,))]), "maps a, which is no unknown"),
        (lambda: model(conditional_symmetries=[mf.ConditionalSymmetry({u: -u}, zero=(u,))]), "u vanishes, which is no parameter"),
    ],
)
def test_what_is_none_is_refused(make: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        make()
