"""Parameters and unknowns that an equation gives at once."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.conditions import explicit, indicator_zero, singular, without
from meanfield.errors import ModelError
from tests.conditions import normal_forms_zoo as zoo


def test_linear_parameters() -> None:
    u, p, epsilon = zoo.u, zoo.p, zoo.epsilon
    assert explicit(zoo.imperfect_pitchfork(), "epsilon") == u**3 - p * u
    model = models.by_name("rank1-input-stationary")
    mu, kappa = model.unknowns[:2]
    assert explicit(model, "M_I") == mu - sp.Symbol("M_m", real=True) * kappa
    assert not explicit(singular(zoo.imperfect_pitchfork(), free="epsilon"), epsilon).has(epsilon)


def test_the_gain_of_the_onset_of_chaos() -> None:
    """g^2 <phi'^2> = 1 is solved for g, which must not be negative."""
    model = models.by_name("rank1-stationary")
    onset = indicator_zero(model, "chaos", "g")
    value = explicit(onset, "g")
    kernel = mf.compile(model)
    x = np.array([[0.4, 0.7]])
    (g,) = kernel.values((value,), x, np.array([[0.0, 1.0, 2.0, 1.0]]))[0]
    chaos = kernel.values((model.indicators["chaos"],), x, np.array([[g, 1.0, 2.0, 1.0]]))
    assert g > 1 and abs(chaos[0, 0]) < 1e-13


def test_without_an_unknown_the_solutions_are_the_same() -> None:
    onset = indicator_zero(models.by_name("rank1-stationary"), "chaos", "g")
    fewer = without(onset, "g")
    assert [s.name for s in fewer.unknowns] == ["mu", "Delta_0"]
    assert [s.name for s in fewer.public_unknowns] == ["mu", "Delta_0", "g"]
    point = {"M_m": 1, "M_n": 2, "Sigma_m": 1}
    a, b = (mf.solve(m, find="all", **point) for m in (onset, fewer))
    assert len(a) == len(b) == 3
    for s, t in zip(a, b, strict=True):
        assert abs(s["g"] - t["g"]) <= s.error["g"] + t.error["g"]


def test_refusals() -> None:
    model = models.by_name("rank1-stationary")
    with pytest.raises(ModelError, match="no equation is linear in mu"):
        explicit(model, "mu")
    with pytest.raises(ModelError, match="no unknown or parameter 'M_q'"):
        explicit(model, "M_q")
    with pytest.raises(ModelError, match="not an unknown that an equation gives"):
        without(model, "g")
