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
