"""Derivatives of functions of ``max(0, x)^n`` stay sums of steps and single delta functions."""

import pytest
import sympy as sp

from meanfield.averages.rectified import in_order
from meanfield.averages.scope import Bound
from meanfield.transfer import relu, step, tanh, threshold_power

x, y = Bound(0, 0), Bound(0, 1)
K = sp.Symbol("K", real=True)


def slope(f: sp.Expr, order: int) -> sp.Expr:
    for _ in range(order):
        f = in_order(in_order(f).diff(x))
    return f


def test_powers() -> None:
    assert [slope(relu(x) ** 2, k) for k in (1, 2, 3)] == [2 * relu(x), 2 * relu.d(1)(x), 2 * relu.d(2)(x)]
    assert slope(threshold_power(2)(x) ** 2, 1) == 2 * threshold_power(2)(x) * threshold_power(2).d(1)(x)
    assert in_order(step(x) ** 3 * tanh(x)) == step(x) * tanh(x)
    assert in_order(step(x) * relu(x)) == relu(x)


def test_sides_exclude_each_other() -> None:
    assert in_order(step(x - 1) * step(1 - x)) == 0
    assert in_order(relu(x) * step(-x) * tanh(y)) == 0
    assert in_order(relu(x) * relu(-x)) == 0
    assert in_order(relu(x) * relu(-y)) == relu(x) * relu(-y)


def test_what_multiplies_a_delta_function_is_taken_at_the_kink() -> None:
    assert in_order(relu.d(2)(x - 1) * tanh(x) * tanh(y)) == sp.tanh(1) * relu.d(2)(x - 1) * tanh(y)
    assert in_order(relu.d(2)(x) * relu(x)) == 0
    assert in_order(relu.d(2)(x) * step(x)) == relu.d(2)(x) / 2
    assert in_order(step.d(1)(2 * x + K) * tanh(x)) == step.d(1)(2 * x + K) * tanh(-K / 2)
    assert in_order(relu.d(2)(x) * sp.exp(step(x))) == relu.d(2)(x) * sp.exp(step(x))  # jumps there: left to the average


@pytest.mark.parametrize("f", [relu(x) ** 2 / (relu(x) ** 2 + K**2), tanh(relu(x)), sp.exp(-relu(x - 1)), step(x) * x / (1 + x)])
def test_no_product_of_delta_functions(f: sp.Expr) -> None:
    for term in sp.Add.make_args(sp.expand(slope(f, 4))):
        deltas = [a for a in sp.Mul.make_args(term) if a.args and a.args[0] in (relu, step) and a.args[1] > a.args[0].traits.degree]
        assert len(deltas) <= 1
