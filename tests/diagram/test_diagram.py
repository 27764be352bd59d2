"""Phase diagrams of models whose diagrams are known in closed form."""

import sys

import numpy as np
import pytest

from meanfield.diagram import contours, diagram
from meanfield.diagram.classify import NOTHING
from meanfield.diagram.grid import make_plane
from meanfield.errors import ParameterError
from tests import fakes

WINDOW = ((-1.0, 2.0), (-1.0, 1.0))


@pytest.fixture(autouse=True)
def closed_forms(monkeypatch):
    fakes.use_closed_forms(monkeypatch)


def cusp_diagram(**options):
    return diagram(fakes.cusp(), plane=("a", "b"), window=WINDOW, points=(31, 20), **options)


def test_the_cusp_is_found_where_it_is():
    d = cusp_diagram()
    a, b = np.meshgrid(d.plane.x, d.plane.y)
    bistable = 4 * a**3 > 27 * b**2
    assert set(d.labels) == {"cusp", "cusp (2 states)"}
    assert (np.array(d.labels)[d.region] == np.where(bistable, "cusp (2 states)", "cusp")).all()
    assert d.label(1.9, 0.0) == "cusp (2 states)"


def test_folds_end_in_the_plane_and_are_still_traced():
    (fold,) = cusp_diagram().contours
    points = np.concatenate(fold.lines)
    assert fold.points > 30
    assert np.allclose(27 * points[:, 1] ** 2, 4 * points[:, 0] ** 3)
    assert fold.equation == "-a + 3*x**2 = 0"
    # The two arms meet in the cusp: one line, not dust.
    assert len(fold.lines) == 1
    assert np.concatenate(fold.boundary).mean() > 0.9


def test_a_broken_symmetry_is_named_and_partners_count_once():
    d = diagram(fakes.pitchfork(), plane=("a", "b"), window=((-1.05, 1.0), (0.0, 1.0)), points=(20, 5))
    assert set(d.labels) == {"homogeneous stationary", "heterogeneous stationary"}
    (line,) = d.contours[0].lines
    assert len(line) == 5 and (line[:, 0] == 0).all()
    assert d.contours[0].boundary[0].all()
    assert d.contours[0].equation == "a = 0"


def test_a_grid_point_on_a_boundary_is_no_region_of_its_own():
    d = diagram(fakes.pitchfork(), plane=("a", "b"), window=((-1.0, 1.0), (0.0, 1.0)), points=(3, 2))
    assert d.labels[d.region[0, 1]] == "homogeneous stationary"


def test_two_models_share_a_plane():
    d = diagram([fakes.pitchfork(), fakes.cusp()], plane=("a", "b"), window=((-1.05, 1.0), (-0.5, 0.5)), points=8)
    assert len(d.sheets) == 2 and any(" + " in label for label in d.labels)
    assert "pitchfork and cusp" in d.summary()


def test_chunks_change_nothing():
    whole, parts = cusp_diagram(), cusp_diagram(chunk=7)
    assert (whole.region == parts.region).all()
    assert all((one == two).all() for one, two in zip(whole.contours[0].lines, parts.contours[0].lines, strict=True))


def test_the_summary_has_five_lines():
    lines = cusp_diagram().summary().splitlines()
    assert len(lines) == 5
    assert lines[0] == "Phase diagram of cusp with a from -1 to 2 and b from -1 to 1."
    assert "31 x 20 points" in lines[1] and "fold of cusp" in lines[3] and "coexist at" in lines[4]


def test_progress_is_reported():
    heard = []
    cusp_diagram(chunk=100, progress=lambda *event: heard.append(event))
    assert (620, 620, "solving cusp") in heard and (1, 1, "polishing boundaries") in heard


def test_an_interrupt_keeps_what_was_computed(monkeypatch, tmp_path):
    def impatient(*args, **kwargs):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(1)
        return fakes.solve_cubic(*args, **kwargs)

    seen = []
    monkeypatch.setattr(sys.modules["meanfield.solve"], "solve", impatient)
    d = cusp_diagram(chunk=62)
    assert d.interrupted and len(d.sheets[0].points) == 124 and not d.contours
    assert d.label(0.0, 1.0) == NOTHING
    d.to_netcdf(tmp_path / "part.nc")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"plane": ("a", "a")}, "two different"),
        ({"plane": ("a", "c")}, "'c' is no parameter of cusp"),
        ({"points": 1}, "at least 2"),
        ({"window": ((0, 0), (0, 1))}, "window of a"),
        ({"a": 1.0}, "cannot be held fixed"),
        ({"indicators": ["flod"]}, "no model has an indicator 'flod'"),
        ({"c": np.zeros(3)}, "one number"),
    ],
)
def test_a_wrong_request_is_refused_before_computing(options, says, monkeypatch):
    monkeypatch.setattr(sys.modules["meanfield.solve"], "solve", None)
    with pytest.raises(ParameterError, match=says):
        diagram(fakes.cusp(), **{"plane": ("a", "b"), "window": WINDOW, **options})


def test_a_closed_curve_is_closed():
    plane = make_plane(("p", "q"), ((-2.0, 2.0), (-2.0, 2.0)), 14)
    where, places = [], []
    for edge in contours.edges(plane):
        row, column, axis = edge
        ends = [(plane.x[column], plane.y[row])]
        ends.append((plane.x[column + 1], plane.y[row]) if axis == 0 else (plane.x[column], plane.y[row + 1]))
        near, far = (np.hypot(*end) - 1 for end in ends)
        if near * far < 0:
            held = ends[0][1 - axis]
            zero = np.sign(ends[0][axis] + ends[1][axis]) * np.sqrt(1 - held**2)
            where.append(edge)
            places.append((zero, held) if axis == 0 else (held, zero))
    (line,) = contours.join(where, np.array(places), plane)
    assert line[0] == line[-1] and len(line) == len(where) + 1
