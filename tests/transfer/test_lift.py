"""SymPy's functions in user input become tokens."""

import sympy as sp

from meanfield import transfer as T
from meanfield.transfer.lift import lift_body

x, g = sp.symbols("x g", real=True)


def test_lift():
    assert T.lift(sp.tanh(g * x) ** 2 + g) == T.tanh(g * x) ** 2 + g
    assert T.lift(sp.erf(sp.sqrt(sp.pi) * x / 2)) == T.erf(x)
    assert T.lift(sp.Max(0, x - 1) * sp.Heaviside(x)) == T.relu(x - 1) * T.step(x)
    assert T.lift(sp.tanh(sp.tanh(x))) == T.tanh(T.tanh(x))
    assert T.lift(sp.Max(0, sp.tanh(x))) == T.relu(T.tanh(x))
    assert T.lift(T.tanh.explicit(-1, x)) == T.tanh.d(-1)(x)


def test_what_is_not_a_transfer_function_stays():
    for expr in (sp.sin(x) * sp.exp(-x), sp.Max(x, g), sp.Max(0, x, g), T.tanh(x), sp.Integer(3)):
        assert T.lift(expr) == expr


def test_logistic_functions_by_hand_do_not_overflow():
    y = sp.Symbol("y", real=True)
    wide = lambda expr: lift_body(expr, [x])
    assert wide(sp.log(1 + sp.exp(g * x))) == T.softplus(g * x)
    assert wide(1 / (1 + sp.exp(-g * x)) ** 2) == T.logistic(g * x) ** 2
    assert wide(sp.diff(1 / (1 + sp.exp(-g * x)), x)) == g * T.logistic(g * x) * T.logistic(-g * x)
    assert wide(sp.diff(sp.log(1 + sp.exp(x)), x)) == T.logistic(x)
    for expr in (sp.log(1 + sp.exp(x**2)), 1 / (1 + sp.exp(y)), sp.log(2 + sp.exp(x)), sp.exp(x) / (1 + x)):
        assert wide(expr) == expr


def test_lift_then_explicit_is_the_same_function():
    expr = sp.tanh(x) ** 2 * sp.erf(x)
    back = T.lift(expr).replace(T.Applied, lambda phi, k, u: phi.explicit(k, u))
    assert back == expr
