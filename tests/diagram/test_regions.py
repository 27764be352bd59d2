"""The plane cut along the boundaries."""

import numpy as np
import pytest

from meanfield.diagram import Curve, diagram
from meanfield.diagram.grid import make_plane
from meanfield.diagram.regions import areas, mark_boundaries, refined
from tests import fakes


def curve(*points):
    line = np.array(points, float)
    return Curve("m", "i", "e", "e", line, np.zeros_like(line), line[:, ::-1], np.ones(len(line), bool))


def test_a_curve_separates_the_colours_within_a_cell():
    d = diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=(15, 10))
    a, b = np.meshgrid(d.pixels.x, d.pixels.y)
    true = np.where(4 * a**3 > 27 * b**2, d.labels.index("cusp (2 states)"), d.labels.index("cusp"))
    # What remains are pixels through which the curve passes, and slivers at the tip.
    assert (d.fine != true).mean() < 0.004
    area = areas(d.pixels, d.fine, 2)
    # Twice the integral of min(1, 2 (a / 3)^(3/2)) over a from 0 to 2.
    tip = 3 / 4 ** (1 / 3)
    assert area.sum() == pytest.approx(6.0)
    assert area[d.labels.index("cusp (2 states)")] == pytest.approx(2 * (0.8 * tip**2.5 / 3**1.5 + 2 - tip), abs=0.02)


def test_without_curves_the_nearest_grid_point_decides():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    fine, labels = refined(plane, [], np.array([[0, 1], [2, 3]]))
    assert labels[0, 0] == 0 and labels[0, -1] == 1 and labels[-1, 0] == 2 and labels[-1, -1] == 3
    assert areas(fine, labels, 4) == pytest.approx([0.25] * 4, abs=0.02)


def test_curves_that_only_pass_bound_nothing():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    passing, bounding = curve((0.1, 0.0), (0.1, 0.5), (0.1, 1.0)), curve((0.6, 0.0), (0.6, 1.0))
    fine, labels = refined(plane, [passing, bounding], np.array([[0, 1], [0, 1]]))
    mark_boundaries([passing, bounding], fine, labels)
    assert not passing.bounds.any() and bounding.bounds.all()
    assert labels.mean() == pytest.approx(0.4, abs=0.005)
