"""Named passes against numbers: each leaves the value alone, and acts only where parity or a formula really holds."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from meanfield.averages import Average, E, Empirical, Functional, Gaussian, Tilted, log_norm
from meanfield.averages.passes import (
    bind_functional,
    body_parity,
    closed_forms,
    explicit,
    functional_derivative,
    is_centred,
    mirror,
    parity,
    with_transfer,
)
from meanfield.averages.scope import close, nodes, substitute
from meanfield.symbols import distributed, gaussian, gaussian_pair, gaussian_vector, symbol, tilted
from meanfield.transfer import LIBRARY, erf, relu, softplus
from meanfield.transfer import tanh as phi
from tests.averages.nesting import VALUES, Both, averages
from tests.averages.reference import Reference
from tests.averages.test_random_nesting import affordable

mu, D0, C, a, b, at_y = [symbol(n) for n in ("mu", "Delta_0", "C", "a", "b", "y")]
x = gaussian("x", mean=mu, var=D0)
x0 = gaussian("x", mean=0, var=D0)
u, v = gaussian_pair("u v", mean=mu, var=D0, cov=C)
AT = {mu: 0.3, D0: 0.2, C: 0.08, a: 0.7, b: -0.4}
grid = Reference(24)


@given(averages())
def test_passes_keep_the_value(case: Both) -> None:
    expected = case.at()
    for rewrite in (parity, mirror, closed_forms, explicit):
        written = rewrite(case.expr)
        if affordable(written):
            assert Reference(16)(written, VALUES) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@given(averages())
def test_exchange_there_and_back_is_the_identity(case: Both) -> None:
    there = with_transfer(case.expr, {phi: softplus})
    assert with_transfer(there, {softplus: phi}) == case.expr


def test_simultaneous_exchange() -> None:
    f = E(phi(x) * erf(x) ** 2)
    assert with_transfer(f, {phi: erf, erf: phi}) == E(erf(x) * phi(x) ** 2)
    nested = E(sp.cos(phi(x) + E(phi(u) * phi(v))), x)
    swapped = with_transfer(nested, {phi: erf})
    assert swapped == E(sp.cos(erf(x) + E(erf(u) * erf(v))), x)


def test_parity_depends_on_the_function_and_the_law() -> None:
    assert parity(E(phi(x0))) == 0
    assert parity(E(phi(x0) * phi.d(1)(x0))) == 0
    assert parity(E(x0 * phi(x0))) != 0
    assert parity(E(phi(x))) == E(phi(x))
    assert parity(E(softplus(x0))) == E(softplus(x0))
    assert parity(E(phi.d(-1)(x0))) == E(phi.d(-1)(x0))
    even = tilted("y", var=b**2, log_tilt=lambda y: a * phi(y) ** 2)
    odd = tilted("y", var=b**2, log_tilt=lambda y: a * phi(y))
    assert parity(E(phi(even))) == 0
    assert parity(E(phi(odd))) == E(phi(odd))
    assert is_centred(even.law)
    assert not is_centred(odd.law)
    assert body_parity(close(phi(x0) ** 2, [x0])) == "even"
    assert body_parity(close(phi(x0) + 1, [x0])) is None


def test_mirror_makes_equal_what_parity_makes_equal() -> None:
    def at(f: sp.Expr, mean: sp.Expr) -> sp.Expr:
        return substitute(f, {mu: mean})

    assert mirror(at(E(phi(x)), -mu)) == -E(phi(x))
    assert mirror(at(E(phi(x) ** 2), -mu)) == E(phi(x) ** 2)
    assert mirror(at(E(phi(u) * phi(v)), -mu)) == E(phi(u) * phi(v))
    assert mirror(at(E(softplus(x)), -mu)) != E(softplus(x))
    flipped = mirror(at(E(softplus(x) * x), -mu))
    assert grid(flipped, AT) == pytest.approx(grid(at(E(softplus(x) * x), -mu), AT))


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_closed_forms_are_the_averages(name: str) -> None:
    token = LIBRARY[name]
    fine = Reference(200 if token.traits.kinks else 60)
    tolerance = 3e-2 if token.traits.kinks else 1e-7
    for power in (1, 2):
        f = E(token(x) ** power)
        closed = closed_forms(f)
        if closed != f:
            assert not list(nodes(closed, Average))
            assert fine(closed, AT) == pytest.approx(fine(f, AT), rel=tolerance)
    f = E(token(u) * token(v))
    closed = closed_forms(f)
    if closed != f:
        assert fine(closed, AT) == pytest.approx(fine(f, AT), rel=tolerance)


def test_closed_forms_leave_alone_what_they_do_not_know() -> None:
    q, r = gaussian_pair("q r", mean=0, var=D0, cov=C)
    assert closed_forms(E(phi(x))) == E(phi(x))
    assert closed_forms(E(erf(q) * erf(r))) == 2 / sp.pi * sp.asin(C / (D0 + 2 / sp.pi))
    assert closed_forms(E(relu(x) * phi(x))) == E(relu(x) * phi(x))
    different = Gaussian([mu, 0], [[D0, C], [C, D0]])
    apart = Average(close(erf(q) * erf(r), [q, r]), different)
    assert closed_forms(apart) == apart


@given(st.permutations(range(6)))
def test_bound_functionals(order: list[int]) -> None:
    """S[rho] bound to a sample is a sample mean, whatever its order; bound to a law it is an average over the law."""
    t, t2 = distributed("t", "rho"), distributed("t2", "rho")
    functional = sp.log(E(phi(t) ** 2)) + a * E(E(sp.cos(t - t2), t2), t)
    data = np.array([0.3, -1.2, 0.8, 2.0, -0.1, 0.5])[order]
    sample = Reference(samples={"x": data})
    expected = math.log(np.mean(np.tanh(data) ** 2)) + AT[a] * np.mean(np.cos(data[:, None] - data))
    assert sample(bind_functional(functional, "rho", Empirical("x")), AT) == pytest.approx(expected, rel=1e-12)
    law = Tilted(Gaussian([0], [[D0]]), close(a * phi(x0) ** 2, [x0]))
    bound = bind_functional(functional, "rho", law)
    y, y2 = (tilted(n, var=D0, log_tilt=lambda s: a * phi(s) ** 2) for n in ("y", "y2"))
    assert bound == sp.log(E(phi(y) ** 2)) + a * E(E(sp.cos(y - y2), y2), y)
    gauss = bind_functional(functional, "rho", Gaussian([0], [[D0]]))
    assert not any(isinstance(n.measure, Functional) for n in nodes(gauss, Average, inside=True))


def test_functional_derivative_is_the_derivative_of_weights() -> None:
    """delta S/delta rho at a data point is the derivative by that point's weight, averages within averages included."""
    t, t2 = distributed("t", "rho"), distributed("t2", "rho")
    kappa = E(phi(t) ** 2)
    functional = E(t**2) / (2 * kappa + D0) + sp.log(kappa) + E(E(sp.cos(t * t2) + t, t2), t) * E(sp.log(1 + a * phi(t) ** 2))
    derivative = functional_derivative(functional, "rho", at_y)
    data = np.array([0.3, -1.2, 0.8])
    weights = np.full(3, 1 / 3)

    def value(w: np.ndarray) -> float:
        k, table = w @ np.tanh(data) ** 2, np.cos(np.outer(data, data)) + data[:, None]
        pairs, logs = w @ table @ w, w @ np.log(1 + AT[a] * np.tanh(data) ** 2)
        # E(t) of the inner constant is linear in one weight only: the library averages it once.
        pairs += w @ data * (1 - w.sum())
        return (w @ data**2) / (2 * k + AT[D0]) + math.log(k) + pairs * logs

    for i in range(3):
        h = 1e-6 * np.eye(3)[i]
        expected = (value(weights + h) - value(weights - h)) / 2e-6
        got = Reference(samples={"rho": data})(derivative, {**AT, at_y: data[i]})
        assert got == pytest.approx(expected, rel=1e-7)


def test_log_norm_is_the_logarithm_of_the_weight() -> None:
    y = tilted("y", mean=mu, var=D0, log_tilt=lambda s: sp.log(1 + a * phi.d(1)(s) ** 2) / 2 + b * phi(s) ** 2)
    node = log_norm(y)
    for s in (mu, D0, a, b):
        h = 1e-4
        ends = [grid(node, {**AT, s: AT[s] + k * h}) for k in (1, -1)]
        assert grid(node.diff(s), AT) == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)
    assert substitute(node, {a: sp.S.Zero, b: sp.S.Zero}) == 0


@pytest.mark.parametrize("orders", [(0, 1), (0, 2), (1, 2), (-1, 1)])
@pytest.mark.parametrize("token", [erf, relu], ids=lambda t: t.name)
def test_closed_forms_of_unequal_derivatives(token: sp.Basic, orders: tuple[int, int]) -> None:
    """``<phi^(j)(x) phi^(k)(y)>`` follows from equal orders by Price."""
    f = E(token.d(orders[0])(u) * token.d(orders[1])(v))
    closed = closed_forms(f)
    assert not list(nodes(closed, Average))
    if token is erf:
        assert grid(closed, AT) == pytest.approx(grid(f, AT), rel=1e-7)
    elif max(orders) < 2:
        assert grid(closed, AT) == pytest.approx(Reference(300)(f, AT), rel=2e-2)


def test_closed_forms_leave_three_variables_alone() -> None:
    xs = gaussian_vector("q r s", mean=[mu] * 3, cov=[[D0, C, C], [C, D0, C], [C, C, D0]])
    three = E(erf(xs[0]) * erf(xs[1]) * erf(xs[2]))
    assert closed_forms(three) == three
