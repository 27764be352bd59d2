"""Every model of the library: structure, exchange of the transfer function, refusals."""

import itertools
import pickle
from dataclasses import replace

import pytest

from meanfield import models, transfer
from meanfield.errors import ModelError
from meanfield.model.exchange import is_symmetry

NAMES = models.names()


def test_names_are_those_of_the_models() -> None:
    assert [models.by_name(name).name for name in NAMES] == NAMES


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean 'rank1-stationary'"):
        models.by_name("rank1-statoinary")


@pytest.mark.parametrize("name", NAMES)
def test_with_transfer_there_and_back_is_the_identity(name: str) -> None:
    model = models.by_name(name)
    back = model.with_transfer(transfer.erf).with_transfer(transfer.tanh)
    for part in ("equations", "implicit", "definitions", "observables", "profiles", "spectra", "indicators", "accept", "starts"):
        assert getattr(back, part) == getattr(model, part), part
    assert back.symmetries == model.symmetries


@pytest.mark.parametrize("name", NAMES)
def test_exchange_leaves_nothing_of_the_old_function(name: str) -> None:
    model = models.by_name(name).with_transfer(transfer.algebraic)
    assert model.transfers == (transfer.algebraic,)
    assert all(seed.model.transfers == (transfer.algebraic,) for seed in model.seeds)
    assert all(junction.phase.transfers == (transfer.algebraic,) for junction in model.junctions)


@pytest.mark.parametrize("name", NAMES)
def test_models_pickle_and_print(name: str) -> None:
    model = models.by_name(name)
    assert pickle.loads(pickle.dumps(model)).residuals == model.residuals
    for s in model.public_unknowns:
        assert s.name in str(model)
        assert model.meanings[s]
    for s in model.parameters:
        assert model.meanings[s], s
    assert model.references
    assert r"\begin{align}" in model._repr_latex_()


@pytest.mark.parametrize("name", NAMES)
def test_symmetries_hold(name: str) -> None:
    model = models.by_name(name)
    assert all(is_symmetry(model, symmetry) for symmetry in (*model.symmetries, *model.conditional_symmetries))


@pytest.mark.parametrize("name", ["rank1-input-stationary", "rank1-input-chaotic"])
def test_the_mirror_symmetry_of_driven_networks_needs_each_of_three_parameters_to_vanish(name: str) -> None:
    """By substitution into the equations. The variance of the input, a frozen noise without overlaps, breaks nothing."""
    model = models.by_name(name)
    (mirror,) = model.conditional_symmetries
    assert {s.name: str(e) for s, e in mirror.images.items()} == {"mu": "-mu", "kappa": "-kappa"}
    assert {s.name for s in mirror.zero} == {"M_I", "Sigma_mI", "Sigma_nI"}
    assert is_symmetry(model, mirror)
    for left in itertools.combinations(mirror.zero, 2):
        assert not is_symmetry(model, replace(mirror, zero=left)), left
    assert model.with_transfer(transfer.logistic).conditional_symmetries == ()


@pytest.mark.parametrize("name", ["rank1-stationary", "rank1-chaotic"])
def test_the_mirror_symmetry_needs_odd_phi(name: str) -> None:
    model = models.by_name(name)
    assert len(model.symmetries) == 1
    assert model.with_transfer(transfer.logistic).symmetries == ()


def test_scs_refuses_phi_that_is_not_odd_and_says_what_to_use() -> None:
    with pytest.raises(ModelError, match="rank1-input-chaotic with M_m = M_n = 0"):
        models.by_name("scs").with_transfer(transfer.relu)


@pytest.mark.parametrize("name", ["rank1-stationary", "rank1-chaotic", "rank1-input-stationary", "rank1-input-chaotic"])
def test_functions_that_jump_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="jumps"):
        models.by_name(name).with_transfer(transfer.step)


@pytest.mark.parametrize("phi", [transfer.relu, transfer.cubic, transfer.linear])
def test_kac_rice_refuses_unbounded_functions(phi: transfer.Transfer) -> None:
    with pytest.raises(ModelError, match="bounded"):
        models.by_name("kac-rice").with_transfer(phi)


def test_parameters_that_may_be_left_out() -> None:
    for name, missing in {"scs": {"g"}, "rank1-stationary": {"g", "M_m", "M_n"}, "kac-rice": {"g"}}.items():
        model = models.by_name(name)
        assert {s.name for s in model.parameters} - {s.name for s in model.defaults} == missing
    for name in ("rank1-input-stationary", "rank1-input-chaotic"):
        model = models.by_name(name)
        assert {s.name for s in model.parameters} - {s.name for s in model.defaults} == {"g", "M_m", "M_n"}
