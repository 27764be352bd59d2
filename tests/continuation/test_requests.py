"""Solutions, events and windows of another kind are answered by a sentence."""

import pytest

import meanfield as mf
from meanfield.errors import ParameterError

MODEL = mf.models.by_name("rank1-stationary")
AT = {"M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}
WINDOW = ((0, 3), (0, 3))


@pytest.fixture(scope="module")
def branch() -> mf.Branch:
    return mf.follow(mf.solve(MODEL, g=0.5, **AT), along="g", to=0.6)


def test_one_solution_is_followed() -> None:
    every = mf.solve(MODEL, g=0.5, find="all", **AT)
    for start, said in ((every, "got 3; pick one"), (MODEL, "solve it first"), ("scs", "got 'scs'"), (3, "got 3")):
        with pytest.raises(ParameterError, match=said):
            mf.follow(start, along="g", to=1)


def test_events_that_cannot_be_are_refused(branch: mf.Branch) -> None:
    assert branch.events("fold") == [] == branch.events("outlier")
    for events in (branch.events, mf.bifurcation_diagram(MODEL, "g", (0.5, 0.6), find="one", **AT).events):
        with pytest.raises(ParameterError, match="no event 'folds'; did you mean 'fold'"):
            events("folds")


def test_what_is_no_event_cannot_be_traced(branch: mf.Branch) -> None:
    for event, said in (
        (branch.events("window")[0], "the branch merely ends here"),
        (branch.events(), "a list of 1; pick one"),
        ("fold", "got a str"),
    ):
        with pytest.raises(ParameterError, match=said):
            mf.trace(event, plane=("g", "M_n"), window=WINDOW)


def test_windows_have_two_ends() -> None:
    with pytest.raises(ParameterError, match=r"ranges of g and M_n, \(\(from, to\), \(from, to\)\)"):
        mf.diagram(MODEL, plane=("g", "M_n"), window=(0, 3), M_m=1, Sigma_m=0)
    with pytest.raises(ParameterError, match="two different parameters"):
        mf.diagram(MODEL, plane="g", window=WINDOW, M_m=1, Sigma_m=0)
    with pytest.raises(ParameterError, match=r"\(from, to\), got 3"):
        mf.bifurcation_diagram(MODEL, "g", 3, **AT)


def test_pictures_are_saved(branch: mf.Branch, tmp_path) -> None:
    branch.plot("kappa", save=tmp_path / "kappa.svg")
    assert (tmp_path / "kappa.svg").stat().st_size > 1000


def test_events_and_branches_say_what_they_are(branch: mf.Branch) -> None:
    said = repr(branch.events("window")[0])
    assert said.startswith("<Event: window g at g = 0.6 +- ") and "; mu = " in said and "stable before" in said
    assert "\n" not in said and len(said) < 160


def test_a_phase_without_solutions_says_why_in_the_words_of_its_model():
    """It had said what became of its starts: 13 stagnated, 1 met values that are not finite."""
    forest = mf.bifurcation_diagram(mf.models.by_name("scs"), "g", (0.2, 0.8))
    assert len(forest) == 0 and forest.why.endswith("without noise x = 0 is the only state as long as g phi'(0) <= 1")
