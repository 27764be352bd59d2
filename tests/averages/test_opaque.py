"""Opaque nodes: closures bind everything, claims reach the errors, exchanges of the transfer function reach the bodies."""

import pickle

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.averages import E, Opaque
from meanfield.averages.opaque import closure, seal
from meanfield.averages.passes import with_transfer
from meanfield.averages.scope import substitute
from meanfield.symbols import gaussian_pair, symbol
from meanfield.transfer import erf, tanh

g, Delta, C = symbol("g"), symbol("Delta_0"), symbol("C")
x, y = gaussian_pair("x y", mean=0, var=Delta, cov=C)
BODY = 1 - g**2 * E(tanh(x) * tanh(y))


class Halved(Opaque):
    """Half of its last argument, wrong by a thousandth of it at most."""

    @staticmethod
    def evaluate(function: object, value: np.ndarray) -> np.ndarray:
        return np.asarray(value) / 2

    @staticmethod
    def partial(index: int, function: object, value: np.ndarray) -> np.ndarray:
        return np.full(np.shape(value), 0.5)

    @staticmethod
    def claim(function: object, value: np.ndarray) -> np.ndarray:
        return np.abs(value) / 1000


def test_a_closure_is_a_function_of_bound_variables() -> None:
    made = closure(BODY, [C, Delta, g])
    assert made.free_symbols == set()
    assert made.applied([C, Delta, g]) == BODY
    assert made == closure(BODY, [C, Delta, g]) and hash(made) == hash(closure(BODY, [C, Delta, g]))
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.diff(g) == 0 and substitute(made, {g: sp.S.One}) == made
    assert with_transfer(made, {tanh: erf}).applied([C, Delta, g]) == with_transfer(BODY, {tanh: erf})
    with pytest.raises(ValueError, match="left free"):
        closure(BODY, [C, Delta])


def test_claims_and_derivatives_of_an_opaque_node_reach_the_errors() -> None:
    Delta_0, a = mf.unknown("Delta_0", nonnegative=True), mf.parameter("a", nonnegative=True)
    node = Halved(closure(BODY, [C, Delta, g]), Delta_0)
    model = mf.Model("a", equations={Delta_0: a}, observables={"half": 3 * node}, starts=[{Delta_0: a}])
    state = mf.solve(model, a=4.0)
    assert state["half"] == pytest.approx(6.0)
    assert state.error["half"] == pytest.approx(3 * 4.0 / 1000, rel=1e-6)
    assert seal(node).diff(Delta_0) != 0
