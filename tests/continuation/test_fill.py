"""Points that are put in between those that were walked to, and long steps that have left something out."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import Branch, Steps, Stops, follow, resume
from meanfield.continuation.stops import End
from meanfield.continuation.walk import Lane, Walk
from meanfield.errors import ParameterError
from tests.continuation import zoo

u, p = sp.symbols("u p", real=True)
WALKED = Steps(between=0)


def hysteresis(steps: Steps, stops: Stops | None = None) -> Branch:
    return follow(zoo.problem([p + u - u**3 / 3]), "p", 2, x=[-2.355301397608119], p=[-2.0], steps=steps, stops=stops)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_step_is_divided_evenly_by_points_of_the_curve(count: int) -> None:
    walked, filled = hysteresis(WALKED), hysteresis(Steps(between=count))
    inside = len(walked) - 2  # steps, but for the last one, which leads out of the window: of its points those inside are left
    assert 0 <= len(filled) - len(walked) - count * inside <= count
    assert filled.u[:: count + 1][:inside] == pytest.approx(walked.u[:inside], rel=1e-14)
    at, value = filled.u.T
    assert np.abs(value + at - at**3 / 3).max() < 1e-14
    apart = np.linalg.norm(np.diff(filled.u / filled.scale[:1], axis=0), axis=1)[: inside * (count + 1)].reshape(inside, -1)
    assert (apart.max(axis=1) < 1.1 * apart.min(axis=1)).all()


def test_events_do_not_depend_on_what_is_put_in_between() -> None:
    for steps in (WALKED, Steps(between=1), Steps(), Steps(largest=0.5, angle=0.6, worst=0.9, between=9)):
        first, second = hysteresis(steps).events("fold")
        zoo.close(first, {"p": 2 / 3, "u": -1}, 1e-14)
        zoo.close(second, {"p": -2 / 3, "u": 1}, 1e-14)


@pytest.mark.parametrize(("width", "height"), [(0.05, 0.1), (0.05, 0.4), (0.1, 0.1), (0.2, 0.4)])
def test_a_bump_between_the_ends_of_a_long_step_is_walked_again(width: float, height: float) -> None:
    """Where the branch is straight, steps are 0.3 long; over the first of these bumps one leads from foot to foot."""
    bump = zoo.problem([u - sp.Float(height) / (1 + (p / width) ** 2) ** 4])
    branch = follow(bump, "p", 1.05, x=[height / (1 + width**-2) ** 4], p=[-1.0])
    assert branch["u"].max() > 0.999 * height
    assert (branch.tangent[1:] * branch.tangent[:-1]).sum(axis=1).min() > np.cos(Steps().worst)


@pytest.mark.parametrize(("count", "width", "height"), [(10, 0.04, 0.1), (25, 0.016, 0.04), (6, 0.03, 0.06)])
def test_a_walk_over_thin_bumps_does_not_turn_back(count: int, width: float, height: float) -> None:
    """From one flank of a bump a step may lead to the other one, where the tangent is the same but for its sense."""
    centres = np.linspace(-0.95, 0.95, count)
    bumps = sum(sp.Float(height) / (1 + ((p - c) / width) ** 2) ** 4 for c in centres)
    branch = follow(zoo.problem([u - bumps]), "p", 1.05, x=[float(bumps.subs(p, -1))], p=[-1.0], stops=Stops(points=20000))
    assert (np.diff(branch["p"]) > 0).all() and branch["p"][-1] == 1.05
    assert all(branch["u"][np.abs(branch["p"] - c) < width].max() > 0.9 * height for c in centres)
    assert [e.type for e in branch.events()] == ["window"]


# The first four were lost: there walks went from one branch to the other and back to where they came from.
@pytest.mark.parametrize(
    ("h", "q"),
    [(1e-4, -0.019864253340285215), (1.7295067098443815e-06, 0.2969504089508965), (-1.627214048928808e-07, 0.1798114614845836)]
    + [(-6.817949827433095e-08, 0.283158585247966), (1e-3, 0.1), (-1e-8, -0.3)],
)
def test_both_branches_of_a_nearly_broken_pitchfork(h: float, q: float) -> None:
    """Here they come close and part, one after a fold; a step may lead from one to the other."""
    broken, roots = zoo.problem([(p - q) * u - u**3 + h]), np.roots([-1, 0, 1 - q, h]).real
    folded = follow(broken, "p", -1, x=[roots[np.argmin(np.abs(roots + h / (1 - q)))]], p=[1.0])
    assert [e.type for e in folded.events()] == ["fold", "window"] and folded["p"][-1] == 1
    assert folded.events("fold")[0].at["p"] == pytest.approx(q + 3 * (abs(h) / 2) ** (2 / 3), abs=1e-10)
    other = follow(broken, "p", -1, x=[roots[np.argmax(np.sign(h) * roots)]], p=[1.0])
    assert [e.type for e in other.events()] == ["window"] and other["p"][-1] == -1


def test_a_driven_network_beside_its_pitchfork() -> None:
    held = {"g": 0.3343361089947732, "M_m": 1.2998287582133128, "M_I": 8.041814935861098e-05, "Sigma_m": 0.017665963847056765}
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), "M_n", (0, 2.5), **held)
    assert len(forest) == 2 and sum(len(b.events("fold")) for b in forest) == 1
    assert {e.type for b in forest for e in b.events()} == {"fold", "indicator", "window"}


def test_what_an_interrupt_ends_is_not_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bump = zoo.problem([u - sp.Float(0.1) / (1 + (p / 0.05) ** 2) ** 4])
    attempts, advance = [0], Walk.advance

    def interrupted(walk: Walk) -> list[Lane]:
        attempts[0] += 1
        if attempts[0] == 10:
            raise KeyboardInterrupt
        return advance(walk)

    monkeypatch.setattr(Walk, "advance", interrupted)
    branch = follow(bump, "p", 1.05, x=[0.1 / 401**4], p=[-1.0])
    assert attempts[0] == 10 and branch.ends is End.INTERRUPTED


def test_a_resumed_branch_has_the_points_of_one_that_was_not_interrupted() -> None:
    whole = hysteresis(Steps())
    for points in (7, 20, 33):
        part = hysteresis(Steps(), Stops(points=points))
        assert len(part) <= points
        assert (resume(part, (-2.0, 2.0)).u == whole.u).all()


def test_a_lane_that_is_walked_again_may_have_as_many_points_as_another_one() -> None:
    bump = zoo.problem([u - sp.Float(0.1) / (1 + (p / 0.05) ** 2) ** 4])
    follow_it = lambda stops: follow(bump, "p", 1.05, x=[0.1 / 401**4], p=[-1.0], stops=stops)
    whole = follow_it(Stops())
    again = follow_it(Stops(points=len(whole) + 5))
    assert again.ends is End.WINDOW and len(again) == len(whole)


def test_less_than_no_point_in_between_is_refused() -> None:
    with pytest.raises(ParameterError, match="between=-1"):
        Steps(between=-1)


def test_a_pair_of_zeros_beside_a_point_that_lies_next_to_one_of_them() -> None:
    """Chaos between two inputs 0.006 apart, on a step of 0.04 from a point 6e-6 beside the first: no cubic tells it."""
    held = {"g": 1.0173624858768415, "M_m": 1.9358699056874416, "M_n": 1.1636389121831763, "Sigma_m": 0.2784256121007733}
    steps = Steps(first=0.01, largest=0.15, angle=0.3, worst=0.5, between=2)
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), "M_I", (-1.0, 1.0), steps=steps, **held)
    zeros = sorted(e.at["M_I"] for branch in forest for e in branch.events("indicator") if e.name == "chaos")
    assert zeros == [pytest.approx(-0.003055814242, abs=1e-11), pytest.approx(0.003055814242, abs=1e-11)]


@pytest.mark.parametrize(
    ("held", "onset"),
    [
        (
            {"g": 1.0186710112254949, "M_m": 1.3880509520140891, "M_n": 1.268550696557266, "Sigma_m": 0.797933886097021},
            0.001522025677,
        ),
        (
            {"g": 1.0173624858768415, "M_m": 1.9358699056874416, "M_n": 1.1636389121831763, "Sigma_m": 0.2784256121007733},
            0.003055814242,
        ),
        (
            {"g": 1.0347655313259234, "M_m": 1.399457072389598, "M_n": 1.9445088177976984, "Sigma_m": 0.39973267183823813},
            0.009751543,
        ),
    ],
)
def test_a_pair_of_zeros_at_a_peak_that_is_sharper_than_the_steps(held: dict[str, float], onset: float) -> None:
    """Chaos between two inputs a thousandth to a hundredth of the window apart, on steps of a thirtieth of it."""
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), "M_I", (-1.0, 1.0), **held)
    zeros = sorted(e.at["M_I"] for branch in forest for e in branch.events("indicator") if e.name == "chaos")
    assert zeros == [pytest.approx(-onset, abs=1e-8), pytest.approx(onset, abs=1e-8)]
    [chaos] = [branch for branch in forest if branch.model.name == "rank1-input-chaotic"]
    assert np.sort(chaos["M_I"][[0, -1]]) == pytest.approx(zeros, abs=1e-10)


@pytest.mark.parametrize(
    ("M_m", "M_n", "Sigma_m"), [(0.880847813, 3.748396974, 1.334592433), (0.978278330, 2.579188588, 1.106200474)]
)
def test_a_frozen_state_ends_where_it_meets_the_state_at_rest(M_m: float, M_n: float, Sigma_m: float) -> None:
    """At g = 1, Delta_0 = 0 rounding had led the walk around the corner, and on along x = 0."""
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.0, 4.0), M_m=M_m, M_n=M_n, Sigma_m=Sigma_m)
    symmetric = [b for b in forest if b.model.name == "rank1-stationary" and np.abs(b["mu"]).max() < 1e-9]
    rest, frozen = sorted(symmetric, key=lambda b: np.abs(b["Delta_0"]).max())
    assert np.abs(rest["Delta_0"]).max() < 1e-9 and (rest["g"].min(), rest["g"].max()) == (0.0, 4.0)
    assert frozen["g"].min() == pytest.approx(1.0, abs=1e-9)
