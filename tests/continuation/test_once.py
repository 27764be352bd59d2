"""What was followed once is not followed again: from the other end, or back through a junction."""

import numpy as np
import sympy as sp

import meanfield as mf
from meanfield.continuation import Steps

x, r = sp.Symbol("x", real=True), sp.Symbol("r", real=True)


def test_an_arc_between_two_branch_points_is_one_branch():
    """x (r^2 + x^2 - 1) = 0: both pitchforks lie on the line x = 0, and the same half circle leaves from both."""
    ring = mf.Model("a ring", implicit=[x * (r**2 + x**2 - 1)], unknowns=(x,), symmetries=[{x: -x}], starts=[{x: 0}, {x: 1}])
    for sections in (2, 9):
        forest = mf.bifurcation_diagram(ring, "r", (-2.0, 2.0), sections=sections)
        assert len(forest) == 3
        arcs = [b for b in forest if np.abs(b["x"]).max() > 0.5]
        assert len(arcs) == 2 and {b.partner for b in arcs} == {None, arcs[0]}


def test_chaos_that_begins_and_ends_on_one_stationary_branch_is_one_branch():
    """M&O with input at g = 2.4: chaos lies between two onsets, and beyond each the stationary states are those known."""
    model = mf.models.by_name("rank1-input-stationary")
    held = {"M_m": 3.5, "M_n": 1.0, "g": 2.4, "Sigma_m": 1.0, "Sigma_n": 1.0, "Sigma_perp": 1.0}
    forest = mf.bifurcation_diagram(model, "Sigma_nI", (-0.5, 0.5), **held)
    assert [b.model.name for b in forest] == ["rank1-input-stationary", "rank1-input-chaotic"]
    onsets = [e.at["Sigma_nI"] for e in forest[0].events("chaos")]
    assert np.allclose(sorted(onsets), sorted(forest[1]["Sigma_nI"][[0, -1]]), atol=1e-10)


def test_a_phase_that_is_asked_for_and_joins_is_one_model():
    """With another transfer function the phase behind a junction is another object than the one that is asked for: its branches
    were all there twice."""
    models = [mf.models.by_name(f"rank1-{name}").with_transfer("erf") for name in ("stationary", "chaotic")]
    assert models[0].junctions[0].phase is not models[1]
    forest = mf.bifurcation_diagram(models, "M_n", (0.5, 2.0), g=1.55, M_m=1.7, Sigma_m=0.75)
    for model in models:
        own = [b for b in forest if b.model.name == model.name]
        every = mf.solve(model, find="all", M_n=1.3, g=1.55, M_m=1.7, Sigma_m=0.75)
        assert sum(int(((b["M_n"][:-1] - 1.3) * (b["M_n"][1:] - 1.3) < 0).sum()) for b in own) == len(every) > 0


def test_a_branch_that_goes_over_into_its_mirror_image_ends_in_the_pitchfork():
    """Points put into the step that led through it had stayed, and what happens beyond was told again."""
    held = {"g": 1.0407394022205212, "M_m": 1.1301913127789758, "Sigma_m": 1.3836691909335541}
    short = Steps(first=0.01, largest=0.15, angle=0.3, worst=0.5, between=2)
    for steps in (short, Steps()):
        forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "M_n", (-1.0, 4.0), steps=steps, **held)
        bent = [b for b in forest if b.model.name == "rank1-stationary" and np.abs(b["mu"]).max() > 0.1]
        assert len(bent) == 2
        for branch in bent:
            assert [e.type for e in branch.events()] == ["pitchfork", "indicator", "junction", "window"]
            assert abs(branch["mu"][0]) < 1e-12 and (np.abs(branch["mu"][1:]) > 0).all()
            assert branch.events("pitchfork")[0].place == 0.0


def test_a_branch_whose_first_step_passes_the_pitchfork_ends_there_and_has_its_mirror_image():
    held = {"g": 0.876814862742928, "M_m": 0.6454648320607042, "Sigma_m": 0.07344837262942444}
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "M_n", (-1.0, 4.0), **held)
    bent = [b for b in forest if np.abs(b["mu"]).max() > 0.1]
    assert len(forest) == 3 and len(bent) == 2 and bent[1].partner is bent[0]
    assert [e.type for e in bent[0].events()] == ["pitchfork", "window"]


def test_an_onset_next_to_the_start_of_a_branch_is_told_once():
    """The walks in both directions begin 0.02 from a pair of onsets 0.011 apart."""
    held = {"g": 1.0127057400352208, "M_m": 2.924509793902172, "M_n": 1.8986437917552805, "Sigma_m": 0.4408093116756727}
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), "M_I", (-1.0, 1.0), **held)
    zeros = [e.at["M_I"] for b in forest for e in b.events("indicator") if e.name == "chaos"]
    assert np.allclose(sorted(zeros), [-0.00571492991677, 0.00571492991677], atol=1e-11)


def test_a_trunk_that_is_entered_from_its_pitchfork_is_one_branch() -> None:
    """Homogeneous chaos, arrived at on structured chaos: its two halves were two branches, on neither of which was the point where
    they meet, nor the zero of the indicator there."""
    held = {"M_m": 1.0, "g": 1.4, "Sigma_m": 0.9}
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "M_n", (0.0, 4.0), **held)
    [trunk] = [b for b in forest if b.model.name == "rank1-chaotic" and np.abs(b["mu"]).max() < 1e-9]
    [zero] = mf.solve(mf.indicator_zero(mf.models.by_name("rank1-chaotic"), "structure", free="M_n"), find="all", **held)
    assert [e.type for e in trunk.events()].count("pitchfork") == 1 and [trunk["M_n"][0], trunk["M_n"][-1]] == [0.0, 4.0]
    for event in (*trunk.events("pitchfork"), *trunk.events("structure")):
        assert event.sharp and abs(event.at["M_n"] - zero["M_n"]) < 1e-11
    assert len(trunk.events("structure")) == 1
