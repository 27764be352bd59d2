"""Gaussian averages at high precision: closed forms, ends of the correlation, kinks, honest claims."""

import mpmath
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meanfield.averages import E
from meanfield.averages.passes import closed_forms
from meanfield.compile.precise import evaluate, evaluate_with_error
from meanfield.compile.precise import field as field_module
from meanfield.errors import AverageError, ParameterError
from meanfield.symbols import gaussian, gaussian_pair, gaussian_vector
from meanfield.transfer import algebraic, cubic, erf, exponential, relu, sine, softplus, step, tanh, threshold_power

mu, Delta, C = sp.symbols("mu Delta C", real=True)
x = gaussian("x", mean=mu, var=Delta)
u, v = gaussian_pair("u v", mean=mu, var=Delta, cov=C)


@pytest.fixture(autouse=True)
def forty_digits():
    """Comparisons in the tests themselves must not round."""
    with mpmath.workdps(40):
        yield


def at(m, d, c=0):
    return {mu: m, Delta: d, C: c}


def close(expr, values, expected, digits=25):
    (value,) = evaluate(expr, values, digits)
    with mpmath.workdps(digits + 5):
        return abs(value - expected) <= mpmath.mpf(10) ** (1 - digits) * (1 + abs(expected))


BODIES = [relu(x) ** 2, relu.d(1)(x), relu.d(2)(x), threshold_power(3)(x), erf(x) ** 2, erf.d(2)(x), sine(x) ** 2, exponential(x)]


@pytest.mark.parametrize("body", BODIES, ids=str)
@pytest.mark.parametrize("m, d", [("0.3", 2), (0, "0.01"), ("-1.2", 9)])
def test_scalar_closed_forms(body, m, d):
    expr, values = E(body), at(m, d)
    closed = closed_forms(expr)
    assert closed != expr
    assert close(expr, values, evaluate(closed, values, 30)[0])


@pytest.mark.parametrize("d", [400, 10**4, 10**9])
def test_steep_functions(d):
    expr = E(erf(x) ** 2)
    assert close(expr, at(7, d), evaluate(closed_forms(expr), at(7, d), 30)[0])
    slopes = evaluate([E(tanh.d(1)(x)), E(x * tanh(x))], at(0, d), 20)
    assert abs(slopes[0] * d - slopes[1]) < 1e-18 * d


PAIRS = [
    (erf(u) * erf(v), "1.5"),
    (erf.d(1)(u) * erf.d(1)(v), "-0.7"),
    (erf.d(-1)(u) * erf.d(-1)(v), "1.9999"),
    (erf(u) * erf(v), "-1.999999"),
    (cubic(u) * cubic(v), "1.2"),
    (sine(u) * sine(v), 0),
    (relu(u) * relu(v), "1.5"),
    (relu.d(1)(u) * relu.d(1)(v), "-1.9"),
    (relu.d(2)(u) * relu.d(2)(v), "0.4"),
    (relu(u) * relu.d(2)(v), "1.9999"),
    (step(u) * step(v), "0.1"),
]


@pytest.mark.parametrize("body, c", PAIRS, ids=str)
def test_pair_closed_forms(body, c):
    expr, values = E(body), at("0.3", 2, c)
    closed = closed_forms(expr)
    assert closed != expr
    assert close(expr, values, evaluate(closed, values, 30)[0])


@pytest.mark.parametrize("phi", [tanh, algebraic, softplus, relu], ids=str)
def test_ends_of_the_correlation(phi):
    pair = E(phi(u) * phi(v))
    equal, squared = evaluate([pair, E(phi(x) ** 2)], at("0.3", 2, 2), 25)
    assert abs(equal - squared) < 1e-24
    independent, mean = evaluate([pair, E(phi(x))], at("0.3", 2, 0), 25)
    assert abs(independent - mean**2) < 1e-24


def test_opposite_variables():
    values = at(0, 2, -2)
    pair, squared = evaluate([E(tanh(u) * tanh(v)), E(tanh(x) ** 2)], values, 25)
    assert abs(pair + squared) < 1e-24


def test_mpmath_integrates_the_same():
    with mpmath.workdps(30):
        s = mpmath.sqrt(2)
        expected = mpmath.quad(lambda z: mpmath.npdf(z) * mpmath.tanh(0.5 + s * z) ** 2, [-12, -4, 0, 4, 12])
        assert abs(evaluate(E(tanh(x) ** 2), at("0.5", 2), 25)[0] - expected) < 1e-24


def test_deterministic_variable():
    assert abs(evaluate(E(tanh(x)), at("0.3", 0), 30)[0] - mpmath.tanh("0.3")) < 1e-15
    assert abs(evaluate(E(tanh(u) * tanh(v)), at("0.3", 0, 0), 30)[0] - mpmath.tanh("0.3") ** 2) < 1e-15


def test_body_that_is_no_product():
    body = sp.log(2 + tanh(u) * tanh(v))
    values = at("0.3", 1, "0.4")
    coarse, fine = (evaluate(E(body), values, d)[0] for d in (12, 20))
    assert abs(coarse - fine) < 1e-12
    assert abs(evaluate(E(body), at("0.3", 1, 1), 20)[0] - evaluate(E(sp.log(2 + tanh(x) ** 2)), at("0.3", 1), 20)[0]) < 1e-18


def test_power_of_a_jump_times_its_delta():
    cube = E(relu.d(1)(x) ** 3).diff(mu)
    assert close(cube, at("0.3", 2), evaluate(E(relu.d(2)(x)), at("0.3", 2), 30)[0])


def test_derivative_of_a_delta():
    # <relu relu'''> = -<relu' relu''> - density' part: x delta'(x) = -delta(x), of which half counts at the edge.
    density = mpmath.npdf(0, mpmath.mpf("0.3"), mpmath.sqrt(2))
    assert close(E(relu(x) * relu.d(3)(x)), at("0.3", 2), -density / 2, digits=14)


@pytest.mark.parametrize("body", [step.d(1)(x) ** 2, relu.d(1)(x) * relu.d(3)(x)], ids=str)
def test_products_of_deltas_are_refused(body):
    with pytest.raises(AverageError, match="does not exist"):
        evaluate(E(body), at("0.3", 2), 15)


def test_three_variables_factorise():
    a, b, c = gaussian_vector("a b c", mean=[mu, mu, 0], cov=[[1, C, 0], [C, 1, 0], [0, 0, 1]])
    w = gaussian_vector("w0 w1 w2", mean=[mu, mu, mu], cov=[[1, C, C], [C, 1, 1], [C, 1, 1]])
    values = {mu: "0.2", C: "0.5"}
    (joint,) = evaluate(E(tanh(w[0]) * tanh(w[1]) * tanh(w[2])), values, 15)
    p, q = gaussian_pair("p q", mean=mu, var=1, cov=C)
    assert abs(joint - evaluate(E(tanh(p) * tanh(q) ** 2), values, 20)[0]) < 1e-15
    assert evaluate(E(tanh(a) * tanh(b) * tanh(c)), values, 12)[0] < 1e-14


def test_without_gmpy2(monkeypatch):
    exprs = [E(tanh(x) ** 2), E(tanh(u) * tanh(v))]
    native = evaluate(exprs, at("0.3", 1, "0.5"), 20)
    monkeypatch.setattr(field_module, "gmpy2", None)
    assert all(abs(a - b) < 1e-19 for a, b in zip(native, evaluate(exprs, at("0.3", 1, "0.5"), 20)))


def test_decimal_strings_are_exact():
    exact, rounded = (evaluate(E(tanh(x)), at(m, 1), 25)[0] for m in ("0.1", 0.1))
    assert 1e-19 < abs(exact - rounded) < 1e-16


@settings(max_examples=25)
@given(
    st.sampled_from([tanh, erf, algebraic, softplus, sine]),
    st.integers(-1, 2),
    st.integers(-1, 1),
    st.floats(-2, 2),
    st.floats(1e-3, 20),
    st.floats(-1, 1),
)
@example(algebraic, -1, -1, 0.5, 2.0, 0.0)  # the phase hides the error of the coarser sum
def test_claims_are_honest(phi, j, k, m, d, rho):
    expr = [E(phi.d(j)(x) * phi.d(k)(x)), E(phi.d(j)(u) * phi.d(k)(v))]
    values = at(m, d, rho * d)
    rough, claimed = evaluate_with_error(expr, values, 8)
    fine = evaluate(expr, values, 16)
    for a, error, b in zip(rough, claimed, fine):
        assert abs(a - b) <= error + 1e-16 * (1 + abs(b))
        assert error <= 1e-8 * max(1, abs(a))


@pytest.mark.parametrize(
    "values, error, match",
    [
        ({mu: 1}, ParameterError, "no value was given for Delta"),
        (at(float("nan"), 1), ParameterError, "mu: expected a finite real number"),
        (at("abc", 1), ParameterError, "mu: expected a real number"),
        (at(1, -1), AverageError, "variance"),
        (at(1, 1, 2), AverageError, "covariance 2"),
    ],
)
def test_refusals(values, error, match):
    with pytest.raises(error, match=match):
        evaluate(E(tanh(u) * tanh(v)) + E(tanh(x)), values, 15)


def test_digits_must_be_positive():
    with pytest.raises(ParameterError, match="digits"):
        evaluate(E(tanh(x)), at(0, 1), 0)
