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


PITCHFORK = mf.Model("pitchfork", equations={u: u + a * u - u**3}, starts=[{u: s} for s in (1, -1, 0)], symmetries=[{u: -u}])
CROSSING = mf.Model("crossing", equations={u: u + a * u - u**2}, starts=[{u: s} for s in (1, -1, 0)])
PARABOLA = mf.Model("parabola", equations={u: u + a - u**2}, starts=[{u: s} for s in (1, -1, 0)])
ARMS = mf.Model("arms", equations={u: u + (a - 1) * u + u**3 / 9 - u**5}, starts=[{u: s} for s in (1, -1, 0)], symmetries=[{u: -u}])


def ends_of(forest, value):
    return sorted(float(b["u"][k]) for b in forest for k in (0, -1) if b["a"][k] == value)


@pytest.mark.parametrize(
    ("model", "window", "branches", "ends"),
    [
        *((PITCHFORK, (-1.0, -d), 1, [0.0]) for d in (0.0, 1e-15, 1e-12, 1e-10, 1e-8)),
        *((PITCHFORK, (-1.0, d), 3, [-(d**0.5), 0.0, d**0.5]) for d in (1e-10, 1e-8, 1e-5)),
        *((PITCHFORK, (d, 1.0), 3, [-(d**0.5), 0.0, d**0.5]) for d in (1e-10, 1e-9, 1e-6)),
        *((CROSSING, (-1.0, d), 2, [0.0, d]) for d in (1e-12, 1e-9, 1e-6)),
        *((CROSSING, (d, 1.0), 2, [0.0, d]) for d in (1e-12, 1e-9, 1e-6)),
        *((PARABOLA, (-1.0, d), 1, [-(d**0.5), d**0.5]) for d in (1e-10, 1e-8, 1e-4)),
        *((PARABOLA, (-1.0, -d), 0, []) for d in (1e-12, 1e-9)),
    ],
)
def test_windows_that_end_at_events_have_the_branches_that_are_there(model, window, branches, ends):
    forest = mf.bifurcation_diagram(model, "a", window)
    events = [e for b in forest for e in b.events()]
    assert len(forest) == branches
    assert all(window[0] - 1e-15 <= b["a"].min() and b["a"].max() <= window[1] + 1e-15 for b in forest)
    assert all(window[0] <= e.at["a"] <= window[1] or abs(e.at["a"]) <= e.error["a"] for e in events)
    assert all(e.sharp for e in events if e.type == "window")
    assert ends_of(forest, min(window, key=abs)) == pytest.approx(ends, abs=1e-9)


@pytest.mark.parametrize("low", [0.0, 1e-15, 1e-13])
def test_a_fold_in_the_end_of_the_window_is_passed_once(low):
    """Within rounding of the window it counts as inside."""
    (branch,) = mf.bifurcation_diagram(PARABOLA, "a", (low, 1.0))
    assert [e.type for e in branch.events()] == ["window", "fold", "window"]


def test_a_window_that_only_touches_a_fold_holds_just_that():
    (branch,) = mf.bifurcation_diagram(PARABOLA, "a", (-1.0, 0.0))
    assert np.abs(branch.u).max() <= 1e-9 and np.abs(branch.error["a"]).max() <= 1e-9
    assert [e.type for e in branch.events()] == ["window", "fold", "window"]


def test_a_subcritical_pitchfork_just_outside_is_not_passed():
    """Its arms lie inside: near it the curve through them hardly differs from the states that cross it."""
    for short in (1e-11, 1e-9, 1e-6):
        forest = mf.bifurcation_diagram(ARMS, "a", (0.5, 1 - short))
        ends = ends_of(forest, 1 - short)
        assert len(ends) == 5 and not [e for b in forest for e in b.events() if e.type == "pitchfork"]
        assert ends[1:4] == pytest.approx([-3 * short**0.5, 0.0, 3 * short**0.5], rel=1e-4, abs=1e-12)


def test_networks_in_windows_that_end_beside_their_pitchfork():
    model = mf.models.by_name("rank1-stationary")
    for low in (1 + 1e-9, 1 + 1e-6):
        forest = mf.bifurcation_diagram(model, "M_n", (low, 2.0), g=0.5, M_m=1, Sigma_m=1)
        assert len(forest) == 3 and all(b["M_n"].min() >= low for b in forest)
    (trunk,) = mf.bifurcation_diagram(model, "M_n", (0.2, 1 - 1e-12), g=0.5, M_m=1, Sigma_m=1)
    assert trunk["M_n"].max() <= 1 - 1e-12 and not trunk.events("pitchfork")


@pytest.mark.parametrize("g", [2.9, 3.5, 3.7])
def test_a_pitchfork_in_the_step_that_leaves_the_window_is_found(g: float) -> None:
    """Beyond the window, where all activity ends, the determinant changes its sign once more."""
    given = {"M_m": 0.635, "M_n": 1.721, "Sigma_m": 0.958}
    homogeneous = lambda g: min(mf.solve(mf.models.by_name("rank1-chaotic"), find="all", g=g, **given), key=lambda s: abs(s["mu"]))
    (near,) = mf.follow(homogeneous(1.3), "g", 1.05).events("pitchfork")
    (found,) = mf.follow(homogeneous(g), "g", 1.05, window=(1.05, 4.0)).events("pitchfork")
    assert found.at["g"] == pytest.approx(near.at["g"], abs=1e-12)


@pytest.mark.parametrize("place", [-0.8, -0.44, 0.0, 0.6])
@pytest.mark.parametrize("to", [1.0, 0.93])
def test_a_pair_of_zeros_within_a_step_is_found_wherever_the_window_ends(place: float, to: float) -> None:
    """Where as many points were put in as were cut off, what had been asked before was taken for what is now: 28 of 328."""
    x, p = mf.unknown("x"), mf.parameter("p")
    model = mf.Model("line", unknowns=(x,), implicit=[x - p], starts=[{x: 0}])
    pair = (p - place) ** 2 - 1e-4
    branch = mf.follow(mf.solve(model, p=-1.0), "p", to, expressions={"pair": pair})
    assert np.allclose([e.at["p"] for e in branch.events("indicator")], [place - 0.01, place + 0.01], rtol=0, atol=1e-12)
