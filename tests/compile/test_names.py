"""Inputs of a model may be called what Python, NumPy or generated code call something else: nothing changes but the name."""

import inspect

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import AverageError, ModelError
from meanfield.model.checks import TAKEN

E = mf.average


def network(gain: str, bias: str, mean: str = "mu", var: str = "Delta_0", phi: mf.Transfer = mf.transfer.tanh) -> mf.Model:
    mu, Delta = mf.unknown(mean), mf.unknown(var, nonnegative=True)
    g, b = mf.parameter(gain, nonnegative=True), mf.parameter(bias)
    x, u, z = mf.gaussian("x", mean=mu, var=Delta), mf.standard_normal("u"), mf.standard_normal("z")
    nested = E(sp.exp(-b * E(phi(u + b * z), u) ** 2), z)
    return mf.Model(
        "names",
        equations={mu: b + E(phi(x)) / 4, Delta: g**2 * E(phi(x) ** 2)},
        observables={"o": nested + E(sp.exp(-b * x**2))},
        indicators={"chaos": g**2 * E(phi.d(1)(x) ** 2) - 1},
        starts=[{mu: b, Delta: g}],
    )


def values(model: mf.Model) -> list[float]:
    names = [s.name for s in model.parameters]
    gain, bias = names if model.nonnegative and names[0] in model.nonnegative else names[::-1]
    one = mf.solve(model, **{gain: 0.9, bias: 0.3})
    every = mf.solve(model, find="all", **{gain: np.array([0.9, 0.5]), bias: 0.3})
    first, second = (s.name for s in model.unknowns)
    return [one[first], one[second], one["chaos"], one["o"], every.points[0][0][first]]


@pytest.mark.parametrize("phi", [mf.transfer.tanh, mf.transfer.relu], ids=lambda phi: phi.name)
def test_names_change_nothing(phi: mf.Transfer) -> None:
    plain = values(network("g", "b", phi=phi))
    for names in (("lambda", "X", "class", "A0_s"), ("s", "sqrt", "mu", "c0_0"), ("A0_0", "x", "run", "t0")):
        assert values(network(*names, phi=phi)) == pytest.approx(plain, rel=1e-14), names


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_parameter_that_solve_could_not_be_given_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"'{name}'.*keyword.*{name}_0"):
        network(name, "b")


def test_what_is_taken_are_the_keywords_of_the_verbs() -> None:
    verbs = (mf.solve, mf.diagram, mf.bifurcation_diagram)
    keywords = {p.name for verb in verbs for p in inspect.signature(verb).parameters.values() if p.kind is not p.VAR_KEYWORD}
    assert keywords == TAKEN


def test_functions_without_code_are_named() -> None:
    x = mf.standard_normal("x")
    b = mf.parameter("b")
    mu = mf.unknown("mu")
    for body, name in ((sp.besselj(0, x), "besselj"), (x * sp.fresnels(x), "fresnels"), (sp.Si(b * x) ** 2, "Si")):
        model = mf.Model("without code", equations={mu: b + E(body)})
        with pytest.raises(ModelError, match=name):
            mf.solve(model, b=0.1)


def test_a_parameter_called_x_is_not_the_variable() -> None:
    mu, x, y = mf.unknown("mu"), mf.parameter("x"), mf.standard_normal("y")
    model = mf.Model("x", equations={mu: E(sp.exp(-x * y**2))})
    assert mf.solve(model, x=1.5)["mu"] == pytest.approx(0.5, abs=1e-12)
    with pytest.raises(AverageError):
        mf.solve(mf.Model("y", equations={mu: x + E(sp.exp(y**3))}), x=1.5)
