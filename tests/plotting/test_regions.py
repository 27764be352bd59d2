"""Regions sharpened by the curves that bound them."""

import numpy as np

from meanfield.diagram import Contour, PhaseDiagram, Sheet, diagram
from meanfield.diagram.grid import make_plane
from meanfield.plotting.regions import refined
from tests import fakes


def test_a_curve_separates_the_colours_within_a_cell(monkeypatch):
    fakes.use_closed_forms(monkeypatch)
    d = diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=(31, 20))
    x, y, region = refined(d)
    a, b = np.meshgrid(x, y)
    true = np.where(4 * a**3 > 27 * b**2, d.labels.index("cusp (2 states)"), d.labels.index("cusp"))
    coarse = d.region[np.abs(y[:, None] - d.plane.y).argmin(1)][:, np.abs(x[:, None] - d.plane.x).argmin(1)]
    # What remains is the tip of the cusp and the bend of the curve within a cell.
    assert (region != true).mean() < 0.2 * (coarse != true).mean()


def test_without_curves_the_nearest_grid_point_decides():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    region = np.array([[0, 1], [2, 3]])
    d = PhaseDiagram(plane, [Sheet(fakes.cusp(), plane)], region, ("a", "b", "c", "d"))
    x, y, fine = refined(d, 2)
    assert x.tolist() == y.tolist() == [0.25, 0.75] and (fine == region).all()


def test_curves_that_only_pass_change_nothing():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    line = np.array([[0.1, 0.0], [0.1, 1.0]])
    passing = Contour("m", "i", "e", lines=[line], errors=[np.zeros(2)], boundary=[np.zeros(2, bool)])
    bounding = Contour("m", "i", "e", lines=[line], errors=[np.zeros(2)], boundary=[np.ones(2, bool)])
    region = np.array([[0, 1], [0, 1]])
    for curve, share in ((passing, 0.5), (bounding, 0.875)):
        d = PhaseDiagram(plane, [Sheet(fakes.cusp(), plane)], region, ("a", "b"), [curve])
        assert refined(d, 8)[2].mean() == share
