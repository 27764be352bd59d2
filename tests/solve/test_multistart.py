"""All roots: complete on the zoo, close pairs survive, duplicates do not, nothing depends on the order of anything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield.solve import Status, all_roots, first_roots
from tests.solve import analytic_zoo as zoo

STARTS = np.linspace(-2, 2, 5)[:, None]


def test_cubic_all_roots_sorted_with_honest_errors():
    p = np.linspace(-1, 1, 21)[:, None]
    table = all_roots(zoo.cubic(), p, STARTS)
    for k, value in enumerate(p[:, 0]):
        exact = np.roots([1, 0, -1, -value])
        exact = np.sort(exact[np.abs(exact.imag) < 1e-12].real)
        found = table.of(k)
        assert len(found) == len(exact)
        assert (np.abs(found.x[:, 0] - exact) <= found.error[:, 0] + 1e-14).all()
    np.testing.assert_array_equal(table.count, [len(table.of(k)) for k in range(21)])
    assert table.padded(table.points.x).shape == (21, 3, 1)
    assert np.isnan(table.padded(table.points.x)[0, 1:]).all()


@pytest.mark.parametrize("gap", [1e-4, 1e-8, 1e-11, 1e-13])
def test_two_roots_near_a_fold_survive(gap):
    table = all_roots(zoo.shifted_square(), [[gap]], [[3.0], [-0.5], [1.5]])
    assert len(table.of(0)) == 2
    np.testing.assert_array_less(np.abs(table.points.x[:, 0] - 1 - [-np.sqrt(gap), np.sqrt(gap)]), table.points.error[:, 0])


@pytest.mark.parametrize("gap", [0.0, 1e-16])
def test_a_double_root_is_one_root_with_an_honest_claim(gap):
    table = all_roots(zoo.shifted_square(), [[gap]], [[3.0], [-0.5], [1.5], [17.0]])
    assert table.count[0] == 1 and table.points.error[0, 0] > abs(table.points.x[0, 0] - 1)
    assert Status.from_code(table.points.status[0]) is Status.CLAIM_ABOVE_TOLERANCE


def test_no_root_says_why():
    table = all_roots(zoo.square(), [[-1.0], [4.0]], [[3.0], [1.0]])
    assert table.count.tolist() == [0, 2]
    assert "no solution" in table.why_empty(0) and "2 starts" in table.why_empty(0)
    assert table.outcomes.sum() == 4


def test_deflation_and_symmetry_find_what_one_start_misses():
    mirrored = all_roots(zoo.circles(), [[1.0]], [[1.0, 0.5]], symmetries=[lambda x: x * [1.0, -1.0]], rounds=0)
    assert mirrored.count[0] == 2
    deflated = all_roots(zoo.circles(), [[1.0]], [[1.0, 0.5]])
    np.testing.assert_allclose(deflated.points.x, mirrored.points.x, atol=1e-14)
    np.testing.assert_allclose(deflated.points.x, [[0.5, -np.sqrt(0.75)], [0.5, np.sqrt(0.75)]], atol=1e-14)


def test_bratu_upper_solution_by_deflation():
    """Plain Newton reaches the lower solution from both starts."""
    starts = np.array([np.zeros(7), np.ones(7)])
    assert all_roots(zoo.bratu(), [[1.0]], starts, rounds=0).count[0] == 1
    table = all_roots(zoo.bratu(), [[1.0]], starts)
    assert table.count[0] == 2 and table.of(0).x[1].max() > 3 > 0.2 > table.of(0).x[0].max()


def test_gaussian_model_edge_roots_and_symmetric_partners():
    """g = 1.2, M = 1.6: the origin on the edge, a frozen state, a pair. Self-symmetric roots are exactly symmetric."""
    table = all_roots(
        zoo.RankOne(), [[1.2, 1.6, 1.0]], [[0.5, 0.5], [0.0, 1.0], [0.1, 0.0]], symmetries=[lambda x: x * [-1.0, 1.0]]
    )
    x = table.points.x
    assert table.count[0] == 4 and (x[:, 1] >= 0).all()
    assert x[0, 0] == pytest.approx(-x[3, 0], rel=1e-13) and (x[1:3, 0] == 0.0).all() and abs(x[1, 1]) < 1e-15
    assert x[2, 1] > 0.1 and table.left[0] >= 0


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_results_do_not_depend_on_the_order_of_points_or_starts_or_on_chunks(seed):
    rng = np.random.default_rng(seed)
    p = np.array([[0.0], [0.3], [0.2], [-0.384], [0.9], [2 / np.sqrt(27)]])
    whole = all_roots(zoo.cubic(), p, STARTS)
    points, starts = rng.permutation(len(p)), rng.permutation(len(STARTS))
    shuffled = all_roots(zoo.cubic(), p[points], STARTS[starts])
    for new, old in enumerate(points):
        np.testing.assert_array_equal(shuffled.of(new).x, whole.of(old).x)
        np.testing.assert_array_equal(shuffled.of(new).error, whole.of(old).error)
    alone = all_roots(zoo.cubic(), p[2:3], STARTS)
    np.testing.assert_array_equal(alone.points.x, whole.of(2).x)


def test_starts_per_point_with_nan_are_skipped():
    starts = np.array([[[2.0], [np.nan]], [[np.nan], [np.nan]]])
    table = all_roots(zoo.square(), [[1.0], [1.0]], starts)
    assert table.count.tolist() == [2, 0]


def test_rows_can_be_filtered_by_an_acceptance_rule():
    table = all_roots(zoo.square(), [[1.0], [4.0]], [[3.0]])
    kept = table.where(table.points.x[:, 0] > 0)
    assert kept.count.tolist() == [1, 1] and kept.points.x[:, 0].tolist() == [1.0, 2.0]


def test_first_roots_takes_the_next_start_where_the_first_fails():
    p = np.array([[0.5], [0.5], [0.2]])
    starts = np.array([[[-0.5], [2.0]], [[2.0], [-0.5]], [[np.nan], [np.nan]]])
    points, winner = first_roots(zoo.cubic(), p, starts)
    assert winner.tolist() == [1, 0, -1]
    assert points.found.tolist() == [True, True, False]
    np.testing.assert_array_equal(points.x[0], points.x[1])
    assert Status.from_code(points.status[2]) is Status.NAN


def test_wrong_starts_are_refused():
    with pytest.raises(ValueError, match=r"expected \(points, starts, 1\)"):
        all_roots(zoo.cubic(), [[0.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="starts for 2 points but 1"):
        all_roots(zoo.cubic(), [[0.0]], np.zeros((2, 3, 1)))
    with pytest.raises(ValueError, match="no starts"):
        first_roots(zoo.cubic(), [[0.0]], np.zeros((0, 1)))
