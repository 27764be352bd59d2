"""What a branch point is comes from the exact normal form, also where stability does not tell."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation import Stops, bifurcation_diagram, follow
from tests.continuation import zoo


@pytest.fixture(scope="module")
def forest():
    """At g = 1.3 all stationary states of the rank-one network are unstable: chaos."""
    held = {"M_m": 1, "Sigma_m": 1, "g": 1.3}
    return bifurcation_diagram(mf.models.by_name("rank1-stationary"), "M_n", (0.5, 2), switch=False, **held)


def test_a_pitchfork_of_a_trunk_that_is_unstable_on_both_sides_has_a_sense(forest) -> None:
    event, *_ = [e for e in forest.events("pitchfork") if e.stable_before is e.stable_after is False and e.unknowns["Delta_0"] > 0]
    assert event.name == "supercritical pitchfork" and event.details["supercritical"] is True and event.details["opens"] == 1
    arms = [b for b in forest if np.abs(b["mu"]).max() > 0.1]
    assert arms and all(b["M_n"].min() >= event.at["M_n"] - 1e-9 for b in arms)
    assert event.details["coefficients"]["c30"] == pytest.approx(2.3422213726, abs=1e-9)


def test_arms_outside_of_the_domain_are_no_states(forest) -> None:
    """At x = 0 and M_n = 1 the arms have a negative variance, since g > 1."""
    event, *_ = [e for e in forest.events("pitchfork") if e.unknowns["Delta_0"] == 0]
    assert (event.type, event.details["opens"], event.details["supercritical"]) == ("pitchfork", 0, None)


def test_a_variance_that_grows_from_zero_is_transcritical_by_one_sided_derivatives() -> None:
    """Frozen states at g = 1: Delta_0 = g^2 <phi^2> = g^2 (Delta_0 - 2 Delta_0^2 + ...). Both branches tell the point,
    each once: that of x = 0 goes through it, the frozen states end there."""
    model = mf.models.by_name("rank1-stationary")
    forest = bifurcation_diagram(model, "g", (0.5, 1.5), switch=False, M_m=1, M_n=0.5, Sigma_m=0)
    found = forest.events("transcritical")
    assert [len(branch.events("transcritical")) for branch in forest] == [1, 1]
    assert [e.at["g"] for e in found] == pytest.approx([1.0, 1.0], rel=1e-14)
    assert sorted(float(branch["g"].min()) for branch in forest) == pytest.approx([0.5, 1.0], rel=1e-14)
    for form in (e.details["coefficients"] for e in found):
        assert form["b20"] == pytest.approx(2, abs=1e-12) and form["b11"] == pytest.approx(-2, abs=1e-12)


def test_the_walk_stops_at_a_pitchfork_of_the_sense_asked_for() -> None:
    start = {"x": [0.0], "p": [-1.0], "stops": Stops(event=("supercritical pitchfork", 1))}
    assert follow(zoo.PITCHFORK, "p", 1, **start)["p"][-1] == pytest.approx(0, abs=1e-12)
    assert follow(zoo.SUBCRITICAL, "p", 1, **start)["p"][-1] == 1
