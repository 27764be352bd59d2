"""Values of transfer functions in the precise evaluator, against the functions' own mpmath code."""

import mpmath
import pytest
import sympy as sp

from meanfield.compile.precise.engine import gauss_legendre
from meanfield.compile.precise.field import Field
from meanfield.compile.precise.jets import applied, one_sided
from meanfield.compile.precise.thin import gauss_hermite
from meanfield.transfer import LIBRARY, threshold_power

X = sp.Symbol("x")
TOKENS = [*LIBRARY.values(), threshold_power(3)]


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("token", TOKENS, ids=lambda t: t.name)
def test_orders(token, native):
    field = Field(120, native=native)
    memo = {}
    with field:
        x = field.integers(-7, 7) * field.number("1.7") + field.number("0.01")
        for order in range(-1, 5):
            values = applied(field, token, order, X, x, memo)
            for value, at in zip(values, x):
                expected = token.mp(order, field.to_mpf(at))
                assert abs(field.to_mpf(value) - expected) <= mpmath.mpf(2) ** -100 * (1 + abs(expected))


@pytest.mark.parametrize("name", ["tanh", "logistic"])
def test_derivatives_keep_relative_accuracy_where_phi_saturates(name):
    field = Field(100)
    with field:
        value = field.to_mpf(applied(field, LIBRARY[name], 1, X, field.number(60), {}))
        expected = LIBRARY[name].mp(1, mpmath.mpf(60))
        assert abs(value / expected - 1) < mpmath.mpf(2) ** -90


def test_one_sided_limits_of_relu():
    field = Field(100)
    with field:
        limits = [float(one_sided(field, LIBRARY["relu"], 1, field.number(0), side)) for side in (-1, 1)]
    assert limits == [0.0, 1.0]


@pytest.mark.parametrize("native", [True, False])
def test_gauss_rules_integrate_polynomials(native):
    field = Field(150, native=native)
    with field:
        s, w = gauss_legendre(field, 16)
        assert abs(field.to_mpf(sum(w * s**31)) - mpmath.mpf(1) / 32) < mpmath.mpf(2) ** -140
        z, w = gauss_hermite(field, 9)
        assert abs(field.to_mpf(sum(w * z**16)) - 2027025) < mpmath.mpf(2) ** -110


def test_numbers():
    field = Field(200)
    with field:
        for x in ("0.1", 0.1, -3, mpmath.mpf(2) ** -900, 0):
            assert field.to_mpf(field.number(x)) == +mpmath.mpmathify(x)
        assert field.to_mpf(field.number(sp.Rational(1, 3))) == mpmath.mpf(1) / 3
        assert field.to_mpf(field.number(sp.pi)) == +mpmath.pi
