"""Windows that end beside a fold or a branch point: nothing beyond them is told, and nothing within them twice."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation import Stops
from meanfield.continuation.driver import resume
from meanfield.continuation.grow import Garden, Start

u, a = mf.unknown("u"), mf.parameter("a")
CUBIC = mf.Model("cubic", equations={u: u + a + u - u**3 / 3}, starts=[{u: s} for s in (-3, -1.5, 0, 1.5, 3)])
FOLD = 2 / 3


def roots(at: float) -> list[float]:
    """The states of the cubic, by another method."""
    found = np.roots([-1 / 3, 0, 1, at])
    return sorted(float(x.real) for x in found if abs(x.imag) < 1e-9)


def checked(forest, low, high):
    """No event and no point beyond the window, and as many branches across it, at values within, as there are states."""
    for branch in forest:
        at = branch["a"]
        assert low - 1e-12 <= at.min() and at.max() <= high + 1e-12
        assert all(low - 1e-12 <= e.at["a"] <= high + 1e-12 for e in branch.events())
    for value in low + (high - low) * np.array([0.13, 0.41, 0.77, 0.93]):
        crossing = sum(int(((b["a"][:-1] - value) * (b["a"][1:] - value) < 0).sum()) for b in forest)
        assert crossing == len(roots(value))


@pytest.mark.parametrize("short", [1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 5e-3, 2e-2])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_does_not_leave_the_window_and_come_back_unseen(short, sign):
    rng = np.random.default_rng(int(-10 * np.log10(short)))
    for far in rng.uniform(0.7, 3.0, 3):
        low, high = sorted((-sign * far, sign * (FOLD - short)))
        forest = mf.bifurcation_diagram(CUBIC, "a", (low, high))
        assert len(forest) == 2  # one passes the other fold, or both end at the far end; the third state is a curve of its own
        checked(forest, low, high)


@pytest.mark.parametrize("short", [1e-9, 1e-6, 1e-4, 1e-3])
def test_following_stops_where_it_is_asked_to_stop(short):
    start = mf.solve(CUBIC, find="all", a=-FOLD + 0.2)[1]  # the middle state: it turns at the fold
    to = FOLD - short
    branch = mf.follow(start, along="a", to=to)
    assert branch["a"][-1] == pytest.approx(to, abs=1e-15) and branch["a"].max() <= to + 1e-15
    assert branch["u"][-1] == pytest.approx(roots(to)[1], abs=1e-9) and branch.error["u"][-1] < 1e-9
    assert [e.type for e in branch.events()] == ["window"] and branch.events()[0].sharp
    assert all(point["a"] <= to for point in mf.steps_along(start, along="a", to=to))


def test_windows_of_unknowns_are_not_left_either():
    """The middle state runs through a minimum of another unknown, v = (a - 0.1)^2, in one step; its window ends just above."""
    v = mf.unknown("v")
    bowl = mf.Model("bowl", equations={u: a, v: (a - 0.1) ** 2 + 1}, starts=[{u: 0, v: 1}])
    start = mf.solve(bowl, a=-0.5)
    for short in (1e-6, 1e-4, 1e-3):
        branch = mf.follow(start, along="a", to=0.5, stops=Stops(window={"v": (1 + short, 3.0)}))
        assert branch["v"].min() >= 1 + short - 1e-12 and branch["a"][-1] == pytest.approx(0.1 - short**0.5, abs=1e-9)


def test_a_branch_that_ended_beside_a_fold_goes_on_as_if_it_had_not():
    start = mf.solve(CUBIC, find="all", a=-FOLD + 0.2)[1]
    whole = mf.follow(start, along="a", to=0.9, window=(-0.9, 0.9))
    narrow = Stops(window={"a": (-0.9, FOLD - 1e-4)})
    garden = Garden(whole.steps, narrow)
    (part,) = garden.grow([Start(whole.subject, whole.pieces[0].lane.u[0], whole.base, towards=1.0)])
    assert part["a"].max() <= FOLD - 1e-4 + 1e-15 and len(part) < len(whole)
    assert (resume(part, (-0.9, 0.9)).u == whole.u).all()
