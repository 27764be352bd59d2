"""The plane cut along the boundaries."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.diagram import Curve, diagram
from meanfield.diagram.grid import make_plane
from meanfield.diagram.regions import refined
from meanfield.diagram.sides import areas, mark_boundaries
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


def test_areas_are_those_of_polygons_and_do_not_depend_on_the_grid():
    tip = 3 / 4 ** (1 / 3)
    both = 2 * (0.8 * tip**2.5 / 3**1.5 + 2 - tip)  # twice the integral of min(1, 2 (a / 3)^(3/2)) over a from 0 to 2
    found = []
    for points in ((15, 10), 9, 27):
        d = diagram(fakes.cusp(), plane=("a", "b"), window=((-1.0, 2.0), (-1.0, 1.0)), points=points)
        for region in d.regions():
            assert abs(region.area - (both if "2" in region.label else 6 - both)) <= region.error < 1e-4
        found.append([r.area for r in sorted(d.regions(), key=lambda r: r.label)])
    assert np.ptp(found, axis=0).max() < 1e-8


def test_areas_between_curves_that_cross_and_one_that_has_two_names():
    """The diagonals of the unit square, one of them twice."""
    up, down = curve((0.0, 0.0), (0.3, 0.3), (1.0, 1.0)), curve((0.0, 1.0), (0.6, 0.4), (1.0, 0.0))
    again = curve((0.0, 0.0), (0.7, 0.7), (1.0, 1.0))
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 8)
    x, y = np.meshgrid(plane.x, plane.y)
    region = np.where(y > x, np.where(y > 1 - x, 0, 1), np.where(y > 1 - x, 2, 3))
    fine, labels, _ = refined(plane, [up, down, again], region)
    found, error = areas(fine, labels, [up, down, again], 4)
    np.testing.assert_allclose(found, 0.25, rtol=0, atol=1e-12)
    assert (error < 1e-9).all()


def test_what_no_curve_separates_is_not_counted_twice():
    """A corner without solutions was part of the region round it, too: shares added up to 101.4 percent."""
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 16)
    x, y = np.meshgrid(plane.x, plane.y)
    region = np.where(x < 0.5, 0, np.where((x > 0.8) & (y > 0.8), 2, 1))
    middle = [curve((0.5, 0.0), (0.5, 0.4), (0.5, 1.0))]
    fine, labels, _ = refined(plane, middle, region)
    found, error = areas(fine, labels, middle, 3, cell=len(fine.x) / len(plane.x))
    assert found.sum() == pytest.approx(1.0, abs=1e-12) and error[0] < 1e-9
    assert (np.abs(found - [0.5, 0.46, 0.04]) <= error + 1e-12).all() and error.max() < 0.07


def test_without_curves_the_nearest_grid_point_decides():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    fine, labels, _ = refined(plane, [], np.array([[0, 1], [2, 3]]))
    assert labels[0, 0] == 0 and labels[0, -1] == 1 and labels[-1, 0] == 2 and labels[-1, -1] == 3
    found, error = areas(fine, labels, [], 4)
    assert found == pytest.approx([0.25] * 4, abs=0.02) and (np.abs(found - 0.25) <= error).all()


def test_curves_that_only_pass_bound_nothing():
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 2)
    passing, bounding = curve((0.1, 0.0), (0.1, 0.5), (0.1, 1.0)), curve((0.6, 0.0), (0.6, 1.0))
    fine, labels, _ = refined(plane, [passing, bounding], np.array([[0, 1], [0, 1]]))
    mark_boundaries([passing, bounding], fine, labels)
    assert not passing.bounds.any() and bounding.bounds.all()
    assert labels.mean() == pytest.approx(0.4, abs=0.005)


def test_a_curve_nearer_to_the_window_than_a_pixel_bounds_all_along():
    line = np.array([[x, 1e-3 + 0.6 * max(x - 0.5, 0.0)] for x in np.linspace(0.0, 1.0, 41)])
    plane = make_plane(("p", "q"), ((0.0, 1.0), (0.0, 1.0)), 8)
    x, y = np.meshgrid(plane.x, plane.y)
    near = curve(*line)
    fine, labels, _ = refined(plane, [near], (y < np.interp(x, *line.T)).astype(int))
    mark_boundaries([near], fine, labels)
    assert near.bounds.all()
    found, error = areas(fine, labels, [near], 2)
    assert abs(found[1] - np.trapezoid(line[:, 1], line[:, 0])) <= error[1] < 1e-2


def test_regions_of_fixed_points_are_named_in_words():
    models = [mf.models.by_name(name) for name in ("kac-rice", "kac-rice-single")]
    d = diagram(models, plane=("g", "D"), window=((1.5, 2.5), (0.0, 4.0)), points=2)
    assert set(d.labels) == {"one fixed point", "exponentially many fixed points, unstable"}
    assert sum(r.area for r in d.regions()) == pytest.approx(4.0, abs=1e-12)


@pytest.mark.parametrize(("points", "bend"), [(3, 0.1), (4, 0.1), (7, 0.1), (5, 0.02)])
def test_a_wedge_that_no_grid_point_lies_in_and_whose_tip_is_a_contact(points, bend):
    """b = bend a^2 and b = 0 touch at the origin; what lies between them may be thinner than a pixel."""
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("touching", equations={u: a}, parameters=(a, b), indicators={"parabola": b - bend * u**2, "line": b + 0 * u})
    d = diagram(model, plane=("a", "b"), window=((-1.0, 1.0), (-0.5, 1.5)), points=points)
    assert not d.certificate.unexplained
    found = {r.label: r for r in d.regions()}
    assert len(found) == 3
    (wedge,) = (r for name, r in found.items() if "beyond line" in name and "parabola" not in name)
    assert abs(wedge.area - 2 * bend / 3) <= wedge.error < 1e-4
    assert wedge.states and wedge.states[0]["count"] == 1
    assert sum(r.area for r in found.values()) == pytest.approx(4.0, abs=1e-9)
    assert [r.area for r in d.regions()] == sorted((r.area for r in d.regions()), reverse=True)


def test_what_is_thinner_than_a_pixel_belongs_to_the_claims():
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("touching", equations={u: a}, parameters=(a, b), indicators={"parabola": b - u**2 / 250, "line": b + 0 * u})
    d = diagram(model, plane=("a", "b"), window=((-1.0, 1.0), (-0.5, 1.5)), points=5)
    below, above = sorted(d.regions(), key=lambda r: r.area)
    assert abs(below.area - 1) <= below.error < 1e-2 and abs(above.area - (3 - 2 / 750)) <= above.error < 1e-2
