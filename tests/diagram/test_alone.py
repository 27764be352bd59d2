"""Diagrams of one phase without those that join it, and of states that stop being solutions: their boundaries are told too."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.models.windows import window


def accepted_above(floor):
    """x = a, a solution while x >= floor."""
    x, (a, b) = mf.unknown("x"), (mf.parameter("a"), mf.parameter("b"))
    high = {"x is high enough": x - floor(a, b)}
    return mf.Model("a state that ends", unknowns=[x], parameters=[a, b], equations={x: a}, accept=high)


def test_where_a_root_stops_being_a_solution_is_a_boundary():
    d = mf.diagram(accepted_above(lambda a, b: sp.sin(b)), plane=("a", "b"), window=((-1.5, 1.5), (0, 3)), points=7)
    assert d.certificate and d.certificate.differing > 5, d.certificate.missing
    (curve,) = d.curves
    assert curve.condition == "x is high enough" and curve.errors.max() < 1e-12
    assert abs(curve.points[:, 0] - np.sin(curve.points[:, 1])).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "condition"),
    [("rank1-chaotic", "onset"), ("kac-rice-single", "the fixed point is stable (otherwise there are many)")],
)
def test_a_phase_alone_tells_its_own_boundaries(name, condition):
    known, model = window(name), mf.models.by_name(name)
    d = mf.diagram(model, plane=known.plane, window=known.ranges, points=6, **known.parameters)
    assert d.certificate and d.certificate.differing > 5, d.certificate.missing
    assert condition in {curve.condition for curve in d.curves}


def test_the_other_phase_tells_a_boundary_that_both_share():
    known = window("kac-rice")
    d = mf.diagram([mf.models.by_name(n) for n in known.models], plane=known.plane, window=((0.5, 3), (0.01, 1)), points=5)
    assert d.certificate and [(c.model, c.condition) for c in d.curves] == [("kac-rice", "alpha")]
