"""The token: identity, printing, exchange, pickling, errors."""

import pickle
import subprocess
import sys

import pytest
import sympy as sp

from meanfield import transfer as T
from meanfield.errors import TransferError
from meanfield.transfer.token import X

x, y, g = sp.symbols("x y g", real=True)
EVERY = [*T.LIBRARY.values(), T.threshold_power(3)]


def test_derivatives_are_nodes_and_obey_the_chain_rule():
    expr = T.tanh(g * x) ** 2
    assert expr.diff(x) == 2 * g * T.tanh(g * x) * T.tanh.d(1)(g * x)
    assert T.tanh.d(-1)(x).diff(x) == T.tanh(x)
    assert T.tanh(x).diff(x, 3) == T.tanh.d(3)(x)
    assert T.tanh(x).diff(y) == 0
    node = T.erf.d(2)(x + y)
    assert (node.token, node.order, node.argument) == (T.erf, 2, x + y)
    assert node.is_real and node.is_commutative and node.free_symbols == {x, y}


def test_nothing_that_depends_on_phi_is_evaluated():
    assert T.tanh(sp.Integer(0)).func is T.Applied
    assert T.tanh(-x) != -T.tanh(x)
    assert T.tanh(0).evalf() == 0
    assert abs(T.tanh.d(1)(sp.Rational(1, 2)).evalf(30) - (1 - sp.tanh(sp.Rational(1, 2)) ** 2).evalf(30)) < 1e-29


def test_exchange_of_the_transfer_function_is_one_replacement():
    expr = T.tanh.d(1)(x) ** 2 * T.tanh(g * y) + g
    swapped = expr.xreplace({T.tanh: T.erf})
    assert swapped == T.erf.d(1)(x) ** 2 * T.erf(g * y) + g
    assert swapped.diff(x) == expr.diff(x).xreplace({T.tanh: T.erf})
    assert expr.subs(T.tanh, T.erf) == swapped
    assert expr.atoms(T.Transfer) == {T.tanh}


def test_equal_by_name_and_definition():
    a, b = (T.custom("f", lambda z: z / (1 + z**2)) for _ in range(2))
    assert a is not b and a == b and hash(a) == hash(b) and a(x) == b(x) and hash(a(x)) == hash(b(x))
    assert a != T.custom("h", lambda z: z / (1 + z**2)) and a != T.custom("f", lambda z: z / (2 + z**2))
    assert T.custom("f", x / (1 + x**2)) == T.custom("f", sp.Symbol("u") / (1 + sp.Symbol("u") ** 2))
    assert T.threshold_power(1) is T.relu and T.threshold_power(0) is T.step


def test_order_of_terms_does_not_depend_on_equal_names():
    a, b = T.custom("f", x), T.custom("f", 2 * x)
    assert str((a(x) * b(x)).args) == str((b(x) * a(x)).args)
    assert (a(x) * b(x)).args == (b(x) * a(x)).args


def test_printing():
    phi = T.tanh
    texts = [str(phi.d(k)(g * x)) for k in range(-1, 6)]
    assert texts == [
        "Phi(g*x)", "phi(g*x)", "phi'(g*x)", "phi''(g*x)", "phi'''(g*x)", "phi^(4)(g*x)", "phi^(5)(g*x)",
    ]  # fmt: skip
    latex = [sp.latex(phi.d(k)(x)) for k in (-1, 0, 1, 4)]
    assert latex == [
        r"\Phi\left(x\right)", r"\phi\left(x\right)", r"\phi'\left(x\right)", r"\phi^{(4)}\left(x\right)",
    ]  # fmt: skip
    assert sp.latex(phi(x) ** 2) == r"\phi\left(x\right)^{2}"
    assert str(phi) == "tanh" and sp.latex(phi) == r"\tanh x"
    assert "φ'(x)" in sp.pretty(phi.d(1)(x) ** 2, use_unicode=True)
    assert "phi'(x)" in sp.pretty(phi.d(1)(x), use_unicode=False)
    assert "Transfer('tanh', tanh(" in sp.srepr(phi(x))


@pytest.mark.parametrize("phi", EVERY, ids=str)
def test_pickle_in_this_process(phi):
    assert pickle.loads(pickle.dumps(phi)) is phi
    expr = phi.d(1)(x) ** 2 * g
    assert pickle.loads(pickle.dumps(expr)) == expr


FRESH = """
import pickle, sys
expr = pickle.loads(sys.stdin.buffer.read())
from meanfield.transfer import Transfer, by_name
tokens = {phi.name: phi for phi in expr.atoms(Transfer)}
bump = tokens["bump"]
assert tokens["erf"] is by_name("erf") and tokens["erf"].traits.closed1
print(expr, bump.traits.range, len(bump.traits.kinks), bump.jet([-1], [0.25])[0][0], end="")
"""


def test_pickle_in_a_fresh_process():
    bump = T.custom("bump", lambda z: sp.Max(0, 1 - sp.Abs(z)), range=(0.0, 1.0))
    expr = T.erf.d(2)(g * x) + T.threshold_power(2)(x) * bump(x) * T.softplus.d(-1)(x)
    done = subprocess.run([sys.executable, "-c", FRESH], input=pickle.dumps(expr), capture_output=True, check=True)
    assert done.stdout.decode() == f"{expr} (0.0, 1.0) 3 {bump.jet([-1], [0.25])[0][0]}"


def test_wrong_use_is_refused_with_a_sentence():
    with pytest.raises(TransferError, match="integer >= -1"):
        T.tanh.d(-2)
    with pytest.raises(TransferError, match="integer >= -1"):
        T.Applied(T.tanh, -2, x)
    with pytest.raises(TransferError, match="integer >= -1"):
        T.tanh.explicit(1.5, x)
    with pytest.raises(TransferError, match="jet"):
        T.tanh([1.0, 2.0])
    with pytest.raises(TransferError, match="expects a SymPy expression"):
        T.tanh("x")
    with pytest.raises(TransferError, match="expected a transfer function"):
        T.Applied(sp.tanh, 0, x)


def test_definition_symbol_is_not_captured():
    assert T.algebraic.explicit(0, X + 1) == (X + 1) / sp.sqrt(1 + (X + 1) ** 2)
