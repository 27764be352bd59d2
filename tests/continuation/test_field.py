"""Paths in the words of a model's preparation."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation.field import Field
from meanfield.errors import ParameterError

HELD = {"M_m": 3.5, "M_n": 1.0, "g": 0.8, "Sigma_m": 1.0, "Sigma_n": 2.0, "Sigma_perp": 0.5}


@pytest.fixture
def model():
    return mf.models.by_name("rank1-input-stationary")


def test_what_is_computed_from_what_moves_moves_too(model):
    field = Field("Sigma_nI", -1.0, 1.0, HELD)
    path, at = field.path(model), np.array([-0.7, 0.0, 0.3])
    names = [s.name for s in model.parameters]
    assert {names[i] for i in path.index} == {"Sigma_nI", "Sigma_I_squared"}
    assert np.allclose(path.points(field.points(model, at), at)[:, names.index("Sigma_I_squared")], (at / 2) ** 2 + 0.25)
    assert np.allclose(path.slopes(at)[:, path.index.index(names.index("Sigma_I_squared"))], at / 2)


def test_what_moves_may_be_a_word_of_the_preparation_only(model):
    held = {k: v for k, v in HELD.items() if k != "Sigma_perp"}
    forest = mf.bifurcation_diagram(model, "Sigma_perp", (0.1, 1.0), find="one", switch=False, **held)
    (branch,) = forest
    assert np.allclose(branch["Sigma_I_squared"], branch["Sigma_perp"] ** 2)


def test_a_solution_remembers_what_it_was_solved_with(model):
    start = mf.solve(model, Sigma_nI=0.2, **HELD)
    branch = mf.follow(start, "Sigma_nI", 0.6)
    assert np.allclose(branch["Sigma_I_squared"], branch["Sigma_nI"] ** 2 / 4 + 0.25)
    again = mf.solve(model, Sigma_nI=0.6, **HELD)
    assert np.allclose(branch["kappa"][-1], again["kappa"], atol=1e-10)
    given = mf.solve(model, Sigma_nI=0.2, M_m=3.5, M_n=1.0, g=0.8, Sigma_m=1.0, Sigma_I_squared=0.26)
    assert np.ptp(mf.follow(given, "Sigma_nI", 0.4)["Sigma_I_squared"]) == 0


def test_what_has_no_formula_is_refused(model):
    from dataclasses import replace

    strange = replace(model.prepare, function=lambda given: {**model.prepare.function(given), "M_I": np.floor(given["Sigma_nI"])})
    with pytest.raises(ParameterError, match="no formula here"):
        Field("Sigma_nI", -1.0, 1.0, HELD).path(model.changed(prepare=strange))
    with pytest.raises(ParameterError, match="no parameter 'Sigma_nJ'"):
        Field("Sigma_nJ", -1.0, 1.0, HELD).path(model)
