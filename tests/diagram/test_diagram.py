"""Phase diagrams of models whose diagrams are known in closed form."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

import meanfield as mf
from meanfield.diagram import diagram
from meanfield.diagram.certificate import certify
from meanfield.diagram.classify import NOTHING
from meanfield.errors import ParameterError
from tests import fakes

WINDOW = ((-1.0, 2.0), (-1.0, 1.0))


def cusp_diagram(points=(15, 10), window=WINDOW, **options):
    return diagram(fakes.cusp(), plane=("a", "b"), window=window, points=points, **options)


def test_the_folds_of_the_cusp_are_one_curve_through_its_tip():
    d = cusp_diagram()
    a, b = np.meshgrid(d.plane.x, d.plane.y)
    assert set(d.labels) == {"cusp", "cusp (2 states)"}
    assert (np.array(d.labels)[d.region] == np.where(4 * a**3 > 27 * b**2, "cusp (2 states)", "cusp")).all()
    assert d.label(1.9, 0.0) == "cusp (2 states)"
    (fold,) = d.curves
    a, b = fold.points.T
    assert fold.condition == "fold" and fold.errors.max() < 1e-13
    # b = +-2 (a / 3)^(3/2): the claim in either parameter, by the slope of the other, bounds the distance.
    slope = 3**-0.5 * np.sqrt(np.maximum(a, 0))
    assert (np.abs(np.abs(b) - 2 * np.maximum(a / 3, 0) ** 1.5) <= fold.errors[:, 1] + slope * fold.errors[:, 0] + 1e-15).all()
    assert {tuple(np.round(fold.points[k], 12)) for k in (0, -1)} == {(np.round(3 / 4 ** (1 / 3), 12), s) for s in (-1.0, 1.0)}
    assert fold.bounds.all() and d.certificate and d.certificate.differing > 10


def test_the_certificate_misses_a_curve_that_is_deleted():
    d = cusp_diagram()
    whole, missing = certify(d.sheets, d.curves, {})
    assert whole and whole.differing > 10 and not missing
    none, missing = certify(d.sheets, [], {})
    assert not none and len(none.unexplained) == len(missing) == whole.differing
    assert f"{whole.differing} of {whole.edges} grid edges" in str(none) and "cusp" in none.missing[0]
    upper = replace(d.curves[0], path=d.curves[0].path[d.curves[0].smooth[:, 1] > 0])
    half, missing = certify(d.sheets, [upper], {})
    assert missing and all(d.plane.y[row] < 0.2 for row, _, _ in missing)


def test_refining_the_grid_does_not_change_the_curves():
    """Three times as fine, the same curve: its points lie on the same closed form, and it ends at the same places."""
    for points in (9, 27):
        (fold,) = cusp_diagram(points=points).curves
        a, b = fold.points.T
        assert np.abs(27 * b**2 - 4 * a**3).max() < 1e-12
        assert np.allclose(sorted(fold.points[[0, -1], 1]), [-1, 1], atol=1e-13)


def test_a_broken_symmetry_is_named_and_partners_count_once():
    d = diagram(fakes.pitchfork(), plane=("a", "b"), window=((-1.05, 1.0), (0.0, 1.0)), points=(10, 5))
    assert set(d.labels) == {"homogeneous stationary", "heterogeneous stationary"}
    (line,) = d.curves
    assert line.condition == "pitchfork" and line.equation == "a = 0" and line.bounds.all()
    assert np.abs(line.points[:, 0]).max() <= line.errors[:, 0].max() < 1e-14
    assert sorted(line.points[[0, -1], 1].tolist()) == [0.0, 1.0]


def isola():
    """x^2 + a^2 + b^2 = 1: two states inside the unit circle, none outside; no state reaches the ends of the window."""
    x, (a, b) = mf.unknown("x"), mf.parameters("a b")
    return mf.Model(
        "sphere",
        name="sphere",
        unknowns=(x,),
        parameters=(a, b),
        implicit=[x**2 + a**2 + b**2 - 1],
        starts=[{x: 1}, {x: -1}],
        stable={"the upper sheet": x},
    )


def test_an_isola_is_a_closed_curve():
    d = diagram(isola(), plane=("a", "b"), window=((-2.0, 2.0), (-2.0, 2.0)), points=12)
    assert set(d.labels) == {NOTHING, "sphere"}
    (circle,) = d.curves
    assert np.abs((circle.points**2).sum(axis=1) - 1).max() < 1e-12
    assert np.abs(circle.points[0] - circle.points[-1]).max() < 1e-12 and np.ptp(circle.points[:, 0]) > 1.9
    assert d.certificate and not d.corners


def two_lines():
    """x = a + b / 2, stable where x > 0 and where b > a: two straight boundaries that cross at the origin."""
    x, (a, b) = mf.unknown("x"), mf.parameters("a b")
    return mf.Model(
        "two lines",
        name="lines",
        equations={x: a + b / 2},
        parameters=(a, b),
        indicators={"sign": x, "order": b - a + x / 7},
        stable={"positive": x, "ordered": b - a + x / 7},
    )


def test_two_lines_of_indicators_cross():
    d = diagram(two_lines(), plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=8)
    assert {c.condition for c in d.curves} == {"sign", "order"} and d.certificate
    for curve in d.curves:
        a, b = curve.points.T
        assert np.abs(a + b / 2 if curve.condition == "sign" else b - a + (a + b / 2) / 7).max() < 1e-13
    (corner,) = d.corners
    assert corner.type == "crossing" and set(corner.curves) == {"sign", "order"}
    assert all(abs(corner.at[n]) <= corner.error[n] + 1e-15 for n in "ab")


def test_only_the_conditions_asked_for_are_kept():
    d = diagram(two_lines(), plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=4, conditions=["order"])
    assert {c.condition for c in d.curves} == {"order"}


def test_a_condition_that_is_met_nowhere_has_no_curves():
    assert cusp_diagram().curves and not cusp_diagram(conditions=["pitchfork", "x = 0"]).curves


def test_two_models_share_a_plane():
    d = diagram([fakes.pitchfork(), fakes.cusp()], plane=("a", "b"), window=((-1.05, 1.0), (-0.5, 0.5)), points=6)
    assert len(d.sheets) == 2 and any(" + " in label for label in d.labels)
    assert "pitchfork and cusp" in d.summary()
    assert {c.model for c in d.curves} == {"pitchfork", "cusp"}


def test_chunks_change_nothing():
    whole, parts = cusp_diagram(), cusp_diagram(chunk=7)
    assert (whole.region == parts.region).all()
    assert (whole.curves[0].points == parts.curves[0].points).all()


def test_the_summary_has_five_lines():
    lines = cusp_diagram().summary().splitlines()
    assert len(lines) == 5
    assert lines[0] == "Phase diagram of cusp with a from -1 to 2 and b from -1 to 1."
    assert "15 x 10 points" in lines[1] and "fold of cusp" in lines[3] and "coexist in" in lines[4]


def test_progress_is_reported():
    heard = []
    cusp_diagram(chunk=40, progress=lambda *event: heard.append(event))
    assert (150, 150, "solving cusp") in heard and any(text == "tracing boundaries" for *_, text in heard)


def test_an_interrupt_keeps_what_was_computed(monkeypatch, tmp_path):
    room = importlib.import_module("meanfield.solve")
    solve, seen = room.solve, []

    def impatient(*args, **kwargs):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(1)
        return solve(*args, **kwargs)

    monkeypatch.setattr(room, "solve", impatient)
    d = cusp_diagram(chunk=30)
    assert d.interrupted and len(d.sheets[0].points) == 60 and not d.curves
    assert d.label(0.0, 1.0) == "not solved"
    d.to_netcdf(tmp_path / "part.nc")


@pytest.mark.parametrize("room", ["walk", "tracer"])
def test_an_interrupt_inside_a_step_ends_the_diagram(monkeypatch, room):
    """On a line the branch ends where it is, and so does all the rest; a boundary that was being traced is not taken for whole."""
    from meanfield.continuation.walk import Walk
    from meanfield.diagram.tracer import Tracer

    advance, trace, tracing = Walk.advance, Tracer.trace, []

    def impatient(self):
        if room == "walk" or tracing:
            raise KeyboardInterrupt
        return advance(self)

    def traced(self, found):
        tracing.append(1)
        return trace(self, found)

    monkeypatch.setattr(Walk, "advance", impatient)
    monkeypatch.setattr(Tracer, "trace", traced)
    d = cusp_diagram()
    assert d.interrupted and not d.curves and d.certificate is None
    assert bool(tracing) == (room == "tracer")
    words = d.summary()
    assert "none crosses" not in words and "not finished" in words
    assert "interrupted" in d.plot().get_legend().get_texts()[-1].get_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"plane": ("a", "a")}, "two different"),
        ({"plane": ("a", "c")}, "'c' is no parameter of cusp"),
        ({"points": 1}, "at least 2"),
        ({"window": ((0, 0), (0, 1))}, "window of a"),
        ({"a": 1.0}, "cannot be held fixed"),
        ({"conditions": ["flod"]}, "no boundary is called 'flod'"),
        ({"conditions": "fold"}, r"write \['fold'\]"),
        ({"chunk": 0}, "chunk must be a positive number"),
        ({"chunk": -1}, "chunk must be a positive number"),
        ({"c": np.zeros(3)}, "one number"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_computed(options, says, monkeypatch):
    monkeypatch.setattr(importlib.import_module("meanfield.solve"), "solve", None)
    with pytest.raises(ParameterError, match=says):
        diagram(fakes.cusp(), **{"plane": ("a", "b"), "window": WINDOW, "points": 3, **options})


def test_a_window_written_backwards_is_the_same_window():
    forth, back = cusp_diagram(), cusp_diagram(window=[ends[::-1] for ends in WINDOW])
    assert forth.plane.edges == back.plane.edges and (forth.region == back.region).all()
    assert [r.area for r in back.regions()] == [r.area for r in forth.regions()]
