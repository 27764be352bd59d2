"""Branches of a driven network without its inputs: the same as those of the network that knows none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ModelError
from meanfield.store import load_branches

DRIVEN, PLAIN = mf.models.by_name("rank1-input-stationary"), mf.models.by_name("rank1-stationary")
HELD = {"M_m": 1.0, "M_n": 1.5, "Sigma_m": 0.5}


def test_a_pitchfork_gives_one_branch_and_its_mirror_image() -> None:
    driven, plain = (mf.bifurcation_diagram(m, "g", (0.3, 0.95), **HELD) for m in (DRIVEN, PLAIN))
    assert len(driven) == len(plain) == 3
    assert sum(branch.image is not None for branch in driven) == 1


def test_along_an_input_nothing_is_mirrored() -> None:
    """The walk begins where the symmetry holds, and leaves that point."""
    start = mf.solve(DRIVEN, g=0.8, **HELD)
    assert len(mf.follow(start, "g", 0.5).subject.symmetries) == 1
    branch = mf.follow(start, "M_I", 0.3)
    assert branch.subject.symmetries == ()
    assert np.all(branch["kappa"] > 0)
    forest = mf.bifurcation_diagram(DRIVEN, "M_I", (-0.3, 0.3), g=0.8, **HELD)
    assert all(one.image is None for one in forest)
    assert len(forest.events("fold")) == 2


def test_images_are_saved_and_loaded(tmp_path: Path) -> None:
    forest = mf.bifurcation_diagram(DRIVEN, "g", (0.3, 0.95), **HELD)
    forest.to_netcdf(tmp_path / "branches.nc")
    again = load_branches(tmp_path / "branches.nc")
    for old, new in zip(forest, again, strict=True):
        assert (old.image is None) == (new.image is None)
        np.testing.assert_array_equal(old["kappa"], new["kappa"])


def test_along_the_parameter_that_must_vanish_another_declaration_of_the_same_symmetry_does_not_help() -> None:
    u = mf.unknown("u")
    a, b, c = mf.parameters("a b c")
    either = [mf.ConditionalSymmetry({u: -u}, zero=(b,)), mf.ConditionalSymmetry({u: -u}, zero=(c,))]
    parts = {"equations": {u: u + u * (b - a) - u**3 + b * c * u**2}, "starts": [{u: s} for s in (1, -1, 0)]}
    start = min(
        mf.solve(mf.Model("both", conditional_symmetries=either, **parts), find="all", a=0.5, b=0.0, c=1.0),
        key=lambda q: abs(q["u"]),
    )
    branch = mf.follow(start, "b", 1.0)
    assert branch.subject.symmetries == ()
    assert [e.type for e in branch.events()] == ["transcritical", "window"]
    assert len(mf.follow(start, "a", -0.5).subject.symmetries) == 1


def test_a_symmetry_that_the_equations_do_not_have_is_refused() -> None:
    """With a bias mu -> -mu is none; images of branches were listed that are no branches, known to infinity."""
    mu, v = mf.unknown("mu"), mf.unknown("v", nonnegative=True)
    g, a, b = mf.parameters("g a b", nonnegative="g")
    x, phi = mf.gaussian("x", mean=mu, var=v), mf.transfer.tanh
    equations = {mu: a * mf.average(phi(x)) + b, v: g**2 * mf.average(phi(x) ** 2) + 0.1}
    model = mf.Model("biased", equations=equations, symmetries=[{mu: -mu}])
    with pytest.raises(ModelError, match=r"sends a solution to mu = .*, which is none: .*ConditionalSymmetry"):
        mf.bifurcation_diagram(model, "b", (-0.3, 0.3), g=0.5, a=1.5)
