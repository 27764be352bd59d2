"""From results back to the unknowns in which a model is solved."""

import numpy as np
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.diagram.working import working_unknowns


def test_working_unknowns_are_recovered_from_those_of_results():
    chaotic = models.by_name("rank1-chaotic")
    found = working_unknowns(chaotic, {"mu": np.array([1.0]), "Delta_0": np.array([3.0]), "Delta_inf": np.array([2.0])})
    assert {name: v.tolist() for name, v in found.items()} == {"mu": [1.0], "Delta_inf": [2.0], "delta": [1.0]}


def test_states_that_exist_in_a_small_disc_alone_are_followed_from_where_they_are():
    """No state elsewhere lies on the closed branches that cross a disc between the lines that are walked first."""
    x, (r, h) = mf.unknown("x"), mf.parameters("r h")
    disc = (r - sp.Rational(1, 10)) ** 2 + (h + sp.Rational(7, 100)) ** 2 + x**2 - sp.Rational(1, 400)
    model = mf.Model("a disc", implicit=[disc], unknowns=(x,), parameters=(r, h), starts=[{x: 0}, {x: 1}])
    d = mf.diagram(model, plane=("r", "h"), window=((-1.0, 1.0), (-0.5, 0.5)), points=12)
    [curve] = d.curves
    assert d.certificate.differing and not d.certificate.unexplained
    assert np.allclose(np.hypot(*(curve.points - [0.1, -0.07]).T), 0.05, rtol=0, atol=1e-14)
    inside = min(d.regions(), key=lambda region: region.area)
    assert abs(inside.area - np.pi / 400) <= inside.error
