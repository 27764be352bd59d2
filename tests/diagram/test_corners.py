"""Points of codimension two, each told once."""

import numpy as np

import meanfield as mf
from meanfield.diagram.corners import _distinct

SCALE = np.array([3.0, 1.2])


def one(x, y, error, kind, *who):
    return np.array([x, y]), np.full(2, error), kind, who


def test_a_crossing_beside_an_end_of_the_same_curves_is_that_end():
    end = one(1.0, 0.5, 1e-14, "end", "fold", "chaos")
    assert _distinct([end, one(1.001, 0.5005, 1e-8, "crossing", "fold", "chaos")], SCALE) == [end]
    other = one(1.001, 0.5005, 1e-8, "crossing", "fold", "pitchfork")
    far = one(1.1, 0.5, 1e-8, "crossing", "fold", "chaos")
    assert _distinct([end, other, far], SCALE) == [end, other, far]


def test_two_ends_at_one_place_claim_how_far_they_are_apart():
    ((at, error, kind, who),) = _distinct([one(1.0, 6e-10, 1e-12, "end", "a"), one(1.0, -2e-10, 1e-12, "end", "a")], SCALE)
    assert at.tolist() == [1.0, 6e-10] and error.tolist() == [1e-12, 8e-10] and (kind, who) == ("end", ("a",))


def test_the_critical_input_ends_in_the_corner_of_its_window() -> None:
    """D_c(g) begins at g = 1, D = 0 in logarithms of the variance: it gets there, in few points, within what is claimed."""
    models = [mf.models.by_name(name) for name in ("kac-rice", "kac-rice-single")]
    d = mf.diagram(models, plane=("g", "D"), window=((0, 2), (0, 2)), points=3)
    [curve], [corner] = d.curves, d.corners
    assert len(curve.points) < 200 and corner.type == "end"
    for name, exact in {"g": 1.0, "D": 0.0}.items():
        assert abs(corner.at[name] - exact) <= corner.error[name] < 1e-6


def test_boundaries_of_different_states_cross_where_regions_meet():
    """Two states u = 1 and u = -1, and an indicator that vanishes for one on a = b, for the other on a = -b."""
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("two", implicit=[u**2 - 1], unknowns=(u,), parameters=(a, b), indicators={"side": a - u * b})
    d = mf.diagram(model, plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=5)
    (corner,) = d.corners
    assert corner.type == "crossing" and corner.curves == ("side", "side")
    assert all(abs(corner.at[name]) <= corner.error[name] < 1e-12 for name in "ab")
    assert len(d.labels) == 3  # none, one or both beyond it


def test_curves_that_touch_make_no_crossing():
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("touching", equations={u: a}, parameters=(a, b), indicators={"parabola": b - u**2 / 10, "line": b + 0 * u})
    assert mf.diagram(model, plane=("a", "b"), window=((-1.0, 1.1), (-0.5, 1.5)), points=4).corners == []
