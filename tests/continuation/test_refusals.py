"""Starts and rules that do not fit are refused in one sentence; curves that end anywhere end with one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.continuation import End, Steps, Stops, follow
from meanfield.errors import ParameterError
from tests.continuation import zoo
from tests.continuation.zoo import p, u

ROOT = zoo.problem([u**2 - p + 1], lower=0.0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"x": [3.0]}, "no solution"),
        ({"x": [-1.0]}, "outside of the domain: u >= 0"),
        ({"x": [np.nan]}, "finite"),
        ({"x": [1.0, 2.0]}, "expected 1 and 1"),
        ({"along": "q"}, "no parameter 'q'"),
        ({"to": np.nan}, "finite"),
        ({"to": 2.0}, "another end"),
        ({"window": (0.0, 1.0)}, "outside of the window"),
        ({"window": (3.0, 1.0)}, "the smaller first"),
        ({"stops": Stops({"u": (5.0, 6.0)})}, "outside of the window"),
        ({"stops": Stops({"u": (1.5, 0.5)})}, "the smaller first"),
        ({"stops": Stops({"w": (0.0, 1.0)})}, "a window for 'w'"),
        ({"stops": Stops(event=("foldd", 1))}, "did you mean 'fold'"),
        ({"stops": Stops(event=("fold", 0))}, "counted from 1"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], sentence: str) -> None:
    arguments = {"along": "p", "to": 0.0, "x": [1.0], "p": [2.0], **options}
    with pytest.raises(ParameterError, match=sentence) as caught:
        follow(ROOT, arguments.pop("along"), arguments.pop("to"), **arguments)
    assert "\n" not in str(caught.value)


def test_steps_are_checked() -> None:
    with pytest.raises(ParameterError, match="no predictor 'forward'"):
        Steps(predictor="forward")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="positive"):
        Steps(smallest=0.1, largest=0.01)


def test_a_start_that_is_only_near_is_moved_onto_the_curve() -> None:
    branch = follow(ROOT, "p", 5, x=[1.001], p=[2.0])
    assert np.abs(branch["u"] ** 2 - branch["p"] + 1).max() < 1e-14


def test_a_curve_that_has_no_values_beyond_ends_with_a_sentence() -> None:
    branch = follow(zoo.problem([sp.log(2 - p) - u]), "p", 3, x=[0.0], p=[1.0])
    assert branch.ends is End.STILL and "no longer change" in branch.status  # it goes to minus infinity at p = 2
    assert np.isfinite(branch.u).all() and (branch["p"] <= 2).all() and abs(branch["p"][-1] - 2) < 1e-5
    root = follow(zoo.problem([sp.sqrt(2 - p) - u + 1]), "p", 3, x=[2.0], p=[1.0])
    assert root.ends in (End.UNDEFINED, End.LOST) and abs(root["p"][-1] - 2) < 1e-5 and np.isfinite(root.u).all()


def test_a_curve_that_leaves_its_domain_ends_on_the_edge() -> None:
    branch = follow(ROOT, "p", 0, x=[1.0], p=[2.0])
    assert branch.ends is End.DOMAIN and branch.u[-1, 0] == 0.0
    zoo.close(branch.events("domain")[0], {"p": 1.0, "u": 0.0}, 1e-15)


def test_starts_on_special_points() -> None:
    fold = follow(zoo.cubic(), "p", 2, window=(-2, 2), x=[1.0], p=[-2 / 3], both=True)
    assert [round(e.at["p"], 12) for e in fold.events("fold")] in ([-round(2 / 3, 12), round(2 / 3, 12)],)
    point = follow(zoo.PITCHFORK, "p", 1, window=(-1, 1), x=[0.0], p=[0.0], both=True)
    assert [e.type for e in point.events()] == ["window", "pitchfork", "window"]


def test_windows_narrower_than_the_first_step() -> None:
    branch = follow(zoo.PITCHFORK, "p", 1 + 1e-9, x=[1.0], p=[1.0])
    assert branch.ends is End.WINDOW and branch["p"][-1] == 1 + 1e-9
    branch = follow(zoo.PITCHFORK, "p", 2, x=[1.0], p=[1.0], stops=Stops({"u": (1 - 1e-8, 1 + 1e-8)}))
    assert branch.ends is End.WINDOW and abs(branch["u"][-1] - 1 - 1e-8) < 1e-15


def test_an_unknown_that_may_be_negative_can_be_refused_by_its_own_name() -> None:
    """Of one declared so the domain says it; here nothing else does."""
    x, a, b = mf.unknown("x"), *mf.parameters("a b")
    for condition in (x, 2 * x, a):
        model = mf.Model("line", equations={x: a + 0 * b}, parameters=[a, b], accept={"x is positive": condition})
        branch = mf.follow(mf.solve(model, a=0.5, b=0.0), "a", -1.0)
        assert branch.ends is End.REFUSED and branch["a"][-1] == pytest.approx(0.0, abs=1e-12)
        assert [(e.type, e.name) for e in branch.events()] == [("domain", "x is positive")]
        (whole,) = mf.bifurcation_diagram(model, "a", (-1.0, 1.0), b=0.0)
        assert whole["a"].min() == pytest.approx(0.0, abs=1e-12)
