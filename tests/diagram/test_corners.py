"""Points of codimension two, each told once."""

import numpy as np

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
