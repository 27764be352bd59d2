"""Parameters inside what is averaged: kinks at symbolic places, poles whose distance no rule knows beforehand."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import meanfield as mf

q, a, v = mf.unknown("q"), mf.parameter("a"), mf.parameter("v", nonnegative=True)
x = mf.gaussian("x", mean=sp.Rational(3, 10), var=v)
tanh, relu = mf.transfer.tanh, mf.transfer.relu

BODIES: dict[str, tuple[sp.Expr, Callable[[Any, float], Any]]] = {
    "pole": (1 / (x**2 + a), lambda y, p: 1 / (y**2 + p)),
    "root": (1 / sp.sqrt(1 + (x - a) ** 2), lambda y, p: 1 / mpmath.sqrt(1 + (y - p) ** 2)),
    "relu": (relu(x - a), lambda y, p: max(y - p, 0)),
    "step": (sp.Heaviside(x - a) * tanh(x), lambda y, p: mpmath.tanh(y) if y > p else 0),
    "modulus": (sp.Abs(x - a) * tanh(x) ** 2, lambda y, p: abs(y - p) * mpmath.tanh(y) ** 2),
}


def exact(f: Callable[[Any, float], Any], at: float, var: float) -> Any:
    sigma = mpmath.sqrt(var)
    special = [(p - 0.3) / float(sigma) for p in (at, 0.0)]
    edges = sorted([*np.linspace(-14, 14, 41), *(s for s in special if abs(s) < 14)])
    with mpmath.workdps(25):
        return mpmath.quad(lambda z: f(mpmath.mpf(3) / 10 + sigma * z, at) * mpmath.npdf(z), edges)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(("at", "var"), [(0.1, 1.0), (2.5, 30.0)])
def test_averages_are_within_their_claims(name: str, at: float, var: float) -> None:
    body, f = BODIES[name]
    s = mf.solve(mf.Model(name, equations={q: mf.average(body)}), a=at, v=var)
    assert abs(s["q"] - exact(f, at, var)) <= s.error["q"] < 1e-9
