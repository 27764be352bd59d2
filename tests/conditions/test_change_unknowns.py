"""The same model in other unknowns."""

import pytest
import sympy as sp

from meanfield import models
from meanfield.averages.scope import substitute
from meanfield.conditions import change_unknowns
from meanfield.errors import ModelError
from meanfield.models import kac_rice, rank1_chaotic
from meanfield.models.rank1_chaotic import Delta_0, Delta_inf, delta, mu
from meanfield.symbols import unknown

difference = {Delta_0: Delta_inf + delta}


def test_residuals_are_the_old_ones_at_the_new_unknowns() -> None:
    old, new = rank1_chaotic.IN_VARIANCES, rank1_chaotic.MODEL
    assert new.unknowns == (mu, Delta_inf, delta)
    assert new.residuals == tuple(substitute(r, difference) for r in old.residuals)


def test_results_carry_the_old_unknowns() -> None:
    new = rank1_chaotic.MODEL
    assert new.public_unknowns == (mu, Delta_0, Delta_inf)
    assert dict(new.reports) == {mu: mu, Delta_0: Delta_inf + delta, Delta_inf: Delta_inf}


def test_there_and_back_is_the_identity() -> None:
    old = rank1_chaotic.IN_VARIANCES
    back = change_unknowns(rank1_chaotic.MODEL, {delta: Delta_0 - Delta_inf}, unknowns=old.unknowns)
    assert back.residuals == old.residuals
    assert back.starts == old.starts and back.symmetries == old.symmetries
    assert [s.start for s in back.seeds] == [s.start for s in old.seeds]
    assert all(back.observables[name] == old.observables[name] for name in old.observables)
    assert back.spectra == old.spectra


def test_equations_of_unknowns_that_stay_keep_their_form() -> None:
    assert set(rank1_chaotic.MODEL.equations) == {mu, Delta_inf}


def test_starts_follow_the_inverse() -> None:
    start = rank1_chaotic.MODEL.starts[0]
    old = rank1_chaotic.IN_VARIANCES.starts[0]
    assert start[delta] == old[Delta_0] - old[Delta_inf]


def test_symmetries_are_carried_over() -> None:
    model = rank1_chaotic.IN_VARIANCES.changed(restrict={})
    scaled = unknown("scaled")
    changed = change_unknowns(model, {mu: 2 * scaled}, unknowns=(scaled, Delta_0, Delta_inf))
    assert changed.symmetries == ({scaled: -scaled},)


def test_domains_are_those_of_old_and_new_unknowns() -> None:
    assert {"Delta_inf", "delta", "g"} <= rank1_chaotic.MODEL.nonnegative
    assert "log_beta" not in kac_rice.MODEL.nonnegative


def test_a_transcendental_change_with_its_inverse() -> None:
    old, new = kac_rice.IN_ORDER_PARAMETERS, kac_rice.MODEL
    start = {str(u): e for u, e in new.starts[0].items()}
    assert start["log_beta"] == sp.log(old.starts[0][kac_rice.beta])


def test_refusals() -> None:
    model = rank1_chaotic.IN_VARIANCES
    with pytest.raises(ModelError, match="2 new unknowns for 3 old"):
        change_unknowns(model, difference, unknowns=(mu, delta))
    with pytest.raises(ModelError, match="Delta_inf does not depend on a new unknown"):
        change_unknowns(model, difference, unknowns=(mu, unknown("other"), delta))
    with pytest.raises(ModelError, match="is not an unknown"):
        change_unknowns(model, {unknown("nobody"): delta}, unknowns=(mu, Delta_inf, delta))
    with pytest.raises(ModelError, match="give inverse="):
        change_unknowns(model, {Delta_0: Delta_inf + delta**2}, unknowns=(mu, Delta_inf, delta))
    with pytest.raises(ModelError, match="must stay an unknown"):
        change_unknowns(model, {mu: 2 * unknown("half")}, unknowns=(unknown("half"), Delta_0, Delta_inf))


def test_models_compose() -> None:
    other = unknown("other")
    twice = change_unknowns(rank1_chaotic.MODEL, {delta: other**3}, (mu, Delta_inf, other), inverse={other: sp.cbrt(delta)})
    assert twice.reports[Delta_0] == Delta_inf + other**3
    assert models.by_name("rank1-chaotic").reports[Delta_0] == Delta_inf + delta
