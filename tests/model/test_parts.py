"""What is no model, no law and no start is refused in one sentence when it is handed in, not by a traceback later."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import MeanfieldError

y, v, a = mf.unknown("y"), mf.symbol("v"), mf.parameter("a")
phi, E = mf.transfer.tanh, mf.average
BAD = {
    "text as a right side": (lambda: {"equations": {y: "a*y"}}, "text is never evaluated"),
    "nothing as a right side": (lambda: {"equations": {y: None}}, "got None"),
    "an array as a right side": (lambda: {"equations": {y: np.ones(3)}}, r"an array of float64 of shape \(3,\)"),
    "text as an unknown": (lambda: {"equations": {"y": a}}, "the key 'y'"),
    "an expression as an unknown": (lambda: {"equations": {y**2: a}}, r"the key y\*\*2"),
    "a list of equations": (lambda: {"equations": [y - a]}, "equations must be a dictionary"),
    "one implicit equation without brackets": (lambda: {"implicit": y - a, "unknowns": (y,)}, "implicit must be a list"),
    "unknowns as text": (lambda: {"implicit": [y - a], "unknowns": "y"}, "unknowns must be a list or tuple, got 'y'"),
    "an unknown twice": (lambda: {"implicit": [y - a, y + a], "unknowns": (y, y)}, "y stands twice among the unknowns"),
    "a definition of itself": (lambda: {"equations": {y: v}, "definitions": {v: v + 1}}, "uses v, which must be defined before"),
    "the imaginary unit": (lambda: {"equations": {y: sp.I * a}}, "imaginary unit"),
    "infinity": (lambda: {"equations": {y: sp.oo * a}}, "an infinity"),
    "an observable in words": (
        lambda: {"equations": {y: a}, "observables": {"q": "y"}},
        "q is given as the text .*text is never evaluated",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_model(what):
    parts, says = BAD[what]
    with pytest.raises(MeanfieldError, match=says) as refusal:
        mf.Model("m", **parts())
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("mean", ["mu", None, float("nan"), np.zeros(2), [1]])
def test_what_is_no_mean_or_variance(mean):
    for law in ({"mean": mean}, {"var": mean}):
        with pytest.raises(MeanfieldError, match="must be an expression or a number"):
            mf.gaussian("x", **law)
    with pytest.raises(MeanfieldError, match="what is averaged must be"):
        E(mean)


def test_what_is_no_start_tolerance_or_transfer_function():
    model = mf.Model("m", equations={y: a * E(phi(mf.gaussian("z", mean=y)))})
    for bad in ("abc", [[1, 2, 3]], [], object()):
        with pytest.raises(MeanfieldError, match="starts are arrays"):
            mf.solve(model, a=1, starts=bad)
    for option in ({"tol": "x"}, {"tol": None}, {"rounds": -1}, {"rounds": 1.5}, {"find": "some"}, {"transfer": np.tanh}):
        with pytest.raises(MeanfieldError):
            mf.solve(model, a=1, **option)
    with pytest.raises(MeanfieldError, match="compile needs a Model"):
        mf.compile("scs")
