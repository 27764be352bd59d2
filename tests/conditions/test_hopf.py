"""Hopf bifurcations."""

import pytest

import meanfield as mf
from meanfield import models
from meanfield.conditions import hopf
from meanfield.errors import ModelError
from tests.conditions import normal_forms_zoo as zoo


@pytest.mark.parametrize("A", [0.4, 1.0, 1.3])
def test_the_brusselator(A: float) -> None:
    """B = 1 + A^2, omega = A."""
    (s,) = mf.solve(hopf(zoo.brusselator(), free="B"), find="all", A=A)
    assert s["B"] == pytest.approx(1 + A**2, abs=1e-12)
    assert s["omega"] == pytest.approx(A, abs=1e-12)
    assert (s["u"], s["y"]) == pytest.approx((A, s["B"] / A), abs=1e-12)


def test_folds_are_no_hopf_bifurcations() -> None:
    """At a fold omega = 0 solves the equations, with any second part."""
    model = zoo.imperfect_in_two()
    moving = model.changed(dynamics=dict(zip(model.unknowns, model.residuals, strict=True)))
    assert len(mf.solve(hopf(moving, free="epsilon"), find="all", p=1)) == 0


def test_a_model_without_dynamics_is_refused() -> None:
    with pytest.raises(ModelError, match="give dynamics="):
        hopf(models.by_name("rank1-stationary"), free="g")
