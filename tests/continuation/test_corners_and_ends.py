"""Where branches begin at a corner of the domain, and where they end because they lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import Steps, follow
from meanfield.continuation.stops import End
from meanfield.errors import ParameterError
from tests.continuation import zoo
from tests.continuation.zoo import p, u


def test_chaos_begins_where_all_activity_ends() -> None:
    """From rest alone, M_m M_n < 1: at g = 1 the chaotic branch leaves the corner Delta_0 = Delta_inf = 0, where two curves of its
    equations cross. Delta_0 at g = 2 is that of THEORY A4."""
    model = mf.models.by_name("rank1-stationary")
    rest = mf.solve(model, g=0.5, M_m=1.1, M_n=0.5, Sigma_m=1.0)
    forest = mf.follow(rest, along="g", to=2.0, switch=True)
    [chaos] = [b for b in forest if b.model.name == "rank1-chaotic"]
    assert abs(chaos["g"][0] - 1) < 1e-9 and abs(chaos["Delta_0"][0]) < 1e-9
    assert chaos["g"][-1] == 2.0 and abs(chaos["Delta_0"][-1] - 1.9248054137) < 1e-10
    assert np.abs(chaos["mu"]).max() == 0.0 and not chaos.events("domain")
    near = (chaos["g"] > 1.001) & (chaos["g"] < 1.05)
    eps = chaos["g"][near] - 1
    assert near.sum() > 3 and np.allclose(chaos["Delta_0"][near], eps + 7 / 6 * eps**2, rtol=0, atol=3 * eps.max() ** 3)


@pytest.mark.parametrize("name", ["rank1-stationary", "rank1-input-stationary"])
def test_the_frozen_state_leaves_rest(name: str) -> None:
    """Where starts are far larger than transfer functions are wide, its tangent was taken for that of rest: cosine .983."""
    rest = mf.solve(mf.models.by_name(name), g=0.5, M_m=1.0, M_n=0.5)
    forest = [b for b in mf.follow(rest, along="g", to=2.0, switch=True) if b.model.name == name]
    [frozen] = [b for b in forest if b["Delta_0"][-1] > 0.1]
    assert abs(frozen["g"][0] - 1) < 1e-12 and abs(frozen["Delta_0"][-1] - 2.121473568) < 1e-8
    [meeting] = forest[0].events("transcritical")
    with pytest.raises(ParameterError, match="take side=1"):
        meeting.switch(-1)


@pytest.mark.parametrize(("g", "M_m", "Sigma_m"), [(1.021595457799283, 1.642558874638969, 0.3737559688806096), (1.02, 1.2, 0.5)])
def test_a_branch_does_not_leave_the_domain_on_another_curve(g: float, M_m: float, Sigma_m: float) -> None:
    """Near g = 1 the curve that rest has at M_m M_n = 1, of Delta_0 < 0, lies within a step of the one of the heterogeneous state:
    the step that led over to it was the last one, and its end had an error of .03."""
    model, given = mf.models.by_name("rank1-stationary"), {"g": g, "M_m": M_m, "Sigma_m": Sigma_m}
    forest = mf.bifurcation_diagram(model, "M_n", (-1.0, 4.0), **given)
    assert not forest.events("domain") or max(e.error["M_n"] for e in forest.events("domain")) < 1e-9
    own = [b for b in forest if b.model is model and b["M_n"][-1] == 4.0 and b["mu"][-1] != 0]
    (meets,) = {round(b.events("pitchfork")[0].at["M_n"], 10) for b in own}
    outlier = mf.solve(mf.indicator_zero(model, "outlier", free="M_n"), find="all", **given)
    assert len(own) == 2 and min(abs(s["M_n"] - meets) for s in outlier) < 1e-9


@pytest.mark.parametrize(
    ("g", "M_m", "Sigma_m"), [(1.005793071400517, 1.922057272673292, 0.0), (1.003, 1.5, 0.5), (1.05, 1.1, 1.0)]
)
def test_structured_chaos_ends_at_its_pitchfork_near_the_onset(g: float, M_m: float, Sigma_m: float) -> None:
    """There its branches are bent within 1e-7 of a step: their ends were 1e-9 off, with branch points before them that are none."""
    models = [mf.models.by_name(name) for name in ("rank1-stationary", "rank1-chaotic")]
    given = {"g": g, "M_m": M_m, "Sigma_m": Sigma_m}
    forest = mf.bifurcation_diagram(models, "M_n", (0.1, 2.0), **given)
    structured = [b for b in forest if b.model is models[1] and np.abs(b["mu"]).max() > 1e-6]
    (merger,) = mf.solve(mf.indicator_zero(models[1], "structure", free="M_n"), find="all", **given)
    assert structured and not forest.events("branch point")
    for branch in structured:
        places = {e.at["M_n"] for e in branch.events("pitchfork")}
        assert len(branch) < 300 and places and max(abs(place - merger["M_n"]) for place in places) < 1e-11


@pytest.mark.parametrize("power", [1, 2])
def test_a_branch_that_runs_away_says_so(power: int) -> None:
    """u = (1 - p)^(-1/power): no window in p holds an end of it."""
    branch = follow(zoo.problem([(1 - p) * u**power - 1], lower=0.0), "p", 3.0, x=[1.0], p=[0.0])
    assert branch.ends is End.STILL and "without an end" in branch.status
    assert 0 < 1 - branch["p"][-1] < 1e-5 and len(branch) < 1000


def test_a_branch_that_turns_vertically_goes_on() -> None:
    """u^5 = p: at p = 0 the parameter stands still, but for less than a step."""
    branch = follow(zoo.problem([u**5 - p]), "p", 1.0, x=[-1.0], p=[-1.0])
    assert branch.ends is End.WINDOW and branch["p"][-1] == 1.0


@pytest.mark.parametrize("begin", [1.1, 1.5, 2.2])
def test_a_state_ends_where_it_meets_rest_not_elsewhere_on_the_edge(begin: float) -> None:
    """Delta_0 = 0 solves the equations for every g: the state with Delta_0 > 0 meets that line at g = 1 and nowhere else."""
    found = mf.solve(mf.models.by_name("rank1-stationary"), g=begin, M_m=1, M_n=0.5, Sigma_m=0, find="all")
    [active] = [one for one in found if one["Delta_0"] > 0]
    for largest in (0.02, 0.08):
        branch = mf.follow(active, along="g", to=0, window=(0, 3), steps=Steps(largest=largest, angle=0.2, correction=1e-2))
        [end] = branch.events("domain")
        assert abs(end.at["g"] - 1) <= 1e-12 + end.error["g"] <= 1e-9
        assert branch["Delta_0"][-1] < 1e-12


@pytest.mark.parametrize(
    ("M_n", "onset"),
    [(1.0003, 1.000299910104832), (1.001, 1.000999003868298), (1.003, 1.002991103352948), (1.02, 1.019628165690674)],
)
def test_all_that_happens_next_to_the_triple_point(M_n: float, onset: float) -> None:
    """From M_m M_n = 1 on there are within (M_m M_n - 1)^2 of each other: the pitchfork of the frozen state, the onset of chaos on
    the branches that it throws off, and the merger of structured with homogeneous chaos. All of it lay in first steps of branches,
    or on branches shorter than what was looked at beside their beginnings. Onsets: mpmath, 30 digits."""
    model, held = mf.models.by_name("rank1-stationary"), {"M_m": 1.0, "M_n": M_n}
    chaotic = mf.models.by_name("rank1-chaotic")
    forest = mf.bifurcation_diagram(model, "g", (0.0, 3.0), **held)
    bent = [b for b in forest if b.model is model and np.abs(b["mu"]).max() > 0]
    assert len(bent) == 2 and all(abs(b.events("chaos")[0].at["g"] - onset) < 1e-12 for b in bent)
    [merger] = mf.solve(mf.indicator_zero(chaotic, "structure", free="g"), find="all", **held)
    chaos = [b for b in forest if b.model.name == "rank1-chaotic"]
    [homogeneous] = [b for b in chaos if np.abs(b["mu"]).max() < 1e-9]
    structured = [b for b in chaos if b is not homogeneous]
    assert len(structured) == 2 and sorted(np.sign(b["mu"][len(b) // 2]) for b in structured) == [-1, 1]
    for branch in (homogeneous, *structured):
        assert min(abs(e.at["g"] - merger["g"]) for e in branch.events("pitchfork") + branch.events("domain")) < 1e-9
    for branch in structured:
        assert np.allclose(sorted(branch["g"][[0, -1]]), [onset, merger["g"]], rtol=0, atol=1e-9)


@pytest.mark.parametrize("high", [1.5, 3.0, 50.0])
def test_chaos_of_the_random_network_begins_at_g_1(high: float) -> None:
    """Its equation is 0/0 at Delta_0 = 0: the branch ended just before, and g = 1 was known to 1e-7 or worse."""
    forest = mf.bifurcation_diagram(mf.models.by_name("scs"), "g", (0.0, high), sigma_squared=0.0)
    [branch] = forest
    [start] = branch.events("domain")
    assert start.sharp and abs(start.at["g"] - 1) <= start.error["g"] < 1e-12
    assert branch["Delta_0"][0] <= 1e-12 and branch.events("local_instability")[0].at == start.at


def test_a_forest_is_not_cut_short() -> None:
    """After 2000 points a branch ended, and what another section held of the same curve was told once more."""
    cubic = mf.Model("cubic", implicit=[p + u - u**3 / 3], unknowns=(u,), starts=[{u: -3}, {u: 0}, {u: 3}])
    forest = mf.bifurcation_diagram(cubic, "p", (-2.0, 2.0), steps=Steps(largest=8e-4, between=0))
    [branch] = forest
    assert len(branch) > 2000 and [e.type for e in branch.events()] == ["window", "fold", "fold", "window"]


def test_chaos_at_the_critical_overlap() -> None:
    """M_m M_n = 1 exactly: at g = 1 the state is singular in mu, too, and chaos was not followed. Delta_0 as without structure."""
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.0, 2.0), M_m=1.0, M_n=1.0)
    [chaos] = [b for b in forest if b.model.name == "rank1-chaotic"]
    assert abs(chaos["g"][0] - 1) < 1e-9
    [scs] = mf.bifurcation_diagram(mf.models.by_name("scs"), "g", (0.0, 2.0), sigma_squared=0.0)
    assert chaos["g"][-1] == scs["g"][-1] == 2.0 and abs(chaos["Delta_0"][-1] - scs["Delta_0"][-1]) < 1e-10


@pytest.mark.parametrize(("g", "low", "high"), [(0.8, -4.0, 0.9), (0.8, 0.0, 1.0), (0.9, 0.0, 1.0), (1.2, -1.0, 0.5)])
def test_a_branch_that_runs_off_does_not_turn(g: float, low: float, high: float) -> None:
    """A threshold-linear network with J_0 <phi> too large: mu goes to infinity like 1/(J_* - J_0) while J_0 only grows. Where it
    hardly moves its direction was noise: 421 folds, on a walk as far as mu = 1e86."""
    mu, Delta = mf.unknown("mu"), mf.unknown("Delta_0", nonnegative=True)
    strength, J_0 = mf.parameters("g J_0", nonnegative="g")
    x = mf.gaussian("x", mean=mu, var=Delta)
    phi = mf.transfer.relu
    equations = {mu: 1 + J_0 * mf.average(phi(x)), Delta: strength**2 * mf.average(phi(x) ** 2)}
    [branch] = mf.bifurcation_diagram(mf.Model("threshold-linear", equations=equations), "J_0", (low, high), g=g)
    assert not branch.events("fold") and branch.ends is End.STILL and branch["mu"][-1] > 1e5
    r = branch["mu"][-1] / np.sqrt(branch["Delta_0"][-1])  # in units of sigma mu is J_0 <phi>
    limit = r / float(np.exp(-(r**2) / 2) / np.sqrt(2 * np.pi) + r * 0.5 * (1 + sp.erf(r / np.sqrt(2)).evalf()))
    assert abs(branch["J_0"][-1] - limit) < 10 / branch["mu"][-1] and (np.diff(branch["J_0"]) > -1e-9).all()
