"""Every function of the library: derivatives, antiderivative, parity, kinks, strip, names."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield import transfer as T
from meanfield.errors import TransferError

EVERY = [*T.LIBRARY.values(), T.threshold_power(2), T.threshold_power(4)]
SMOOTH = [phi for phi in EVERY if not phi.traits.kinks]
every = pytest.mark.parametrize("phi", EVERY, ids=str)
away = st.floats(0.01, 6).flatmap(lambda a: st.sampled_from([-a, a]))

PLAIN = {
    "tanh": mpmath.tanh,
    "erf": lambda x: mpmath.erf(mpmath.sqrt(mpmath.pi) * x / 2),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "step": lambda x: mpmath.mpf(x > 0),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "algebraic": lambda x: x / mpmath.sqrt(1 + x**2),
    "sine": mpmath.sin,
    "cubic": lambda x: x - x**3 / 3,
    "linear": lambda x: x,
    "exponential": mpmath.exp,
    "threshold_power:2": lambda x: max(x, mpmath.mpf(0)) ** 2,
    "threshold_power:4": lambda x: max(x, mpmath.mpf(0)) ** 4,
}


@every
@settings(max_examples=10, deadline=None)
@given(x=away)
def test_values_and_derivatives_against_mpmath(phi, x):
    with mpmath.workdps(40):
        for order in range(5):
            exact = mpmath.diff(PLAIN[phi.name], mpmath.mpf(x), order, h=mpmath.mpf(10) ** -7)
            assert abs(phi.mp(order, x) - exact) < 1e-11 * (1 + abs(exact))


@pytest.mark.parametrize("phi", SMOOTH, ids=str)
@settings(max_examples=10, deadline=None)
@given(x=st.floats(-4, 4))
def test_complex_step(phi, x):
    for order in range(-1, 4):
        stepped = phi.mp(order, mpmath.mpc(x, 1e-25))
        assert abs(stepped.imag / 1e-25 - phi.mp(order + 1, x)) < 1e-11 * (1 + abs(phi.mp(order + 1, x)))


@every
def test_the_antiderivative_differentiates_to_phi(phi):
    x = sp.Symbol("x", real=True)
    for at in (sp.Rational(-7, 5), sp.Rational(1, 3), sp.Integer(3)):
        slope = sp.diff(phi.explicit(-1, x), x).xreplace({x: at})
        value = phi.explicit(0, at)
        f = sp.lambdify([], [slope, value], modules=[T.MPMATH_FUNCTIONS, "mpmath"])
        assert abs(f()[0] - f()[1]) < 1e-13
    with mpmath.workdps(20):
        integral = mpmath.quad(lambda t: phi.mp(0, t), [-1, 0, mpmath.mpf("1.7")])
        assert abs(phi.mp(-1, mpmath.mpf("1.7")) - phi.mp(-1, -1) - integral) < 1e-15


@every
def test_jet_equals_mpmath_and_keeps_the_shape(phi):
    x = np.linspace(-6, 6, 10).reshape(2, 5)
    values = phi.jet(range(-1, 5), x)
    for order, value in zip(range(-1, 5), values, strict=True):
        assert value.shape == x.shape and value.dtype == float
        exact = np.array([[float(phi.mp(order, t)) for t in row] for row in x])
        assert np.allclose(value, exact, rtol=2e-14, atol=2e-14)
    many = np.linspace(-5, 5, 20001)
    assert np.array_equal(phi.jet([1], many)[0][:8192], phi.jet([1], many[:8192])[0])
    assert phi.jet([0], 0.3)[0].shape == () and phi.jet([], many) == [] and phi.jet([1], [])[0].shape == (0,)


@every
def test_jet_is_finite_far_out(phi):
    if phi is T.exponential:
        return
    for value in phi.jet(range(-1, 4), np.array([-1e4, -800.0, 0.0, 800.0, 1e4])):
        assert np.isfinite(value).all()


@every
@settings(max_examples=10, deadline=None)
@given(x=away)
def test_traits_hold(phi, x):
    t = phi.traits
    here, there, slope = phi.jet([0], x)[0], phi.jet([0], -x)[0], phi.jet([1], x)[0]
    if t.parity:
        assert here == pytest.approx({"odd": -1, "even": 1}[t.parity] * there, rel=1e-14)
    else:
        assert here != pytest.approx(there) and here != pytest.approx(-there)
    assert t.range[0] <= here <= t.range[1]
    assert math.isinf(t.degree) or abs(here) <= 2 * (1 + abs(x) ** t.degree)
    assert t.name == phi.name and t.antiderivative and math.isfinite(slope)


@pytest.mark.parametrize("phi", SMOOTH, ids=str)
def test_slope_at_zero(phi):
    assert phi.jet([1], 0.0)[0] == phi.traits.slope_at_zero


@pytest.mark.parametrize("phi", [T.tanh, T.softplus, T.logistic, T.algebraic], ids=str)
def test_the_strip_ends_at_a_singularity_of_phi_prime(phi):
    inside, near = (abs(phi.mp(2, mpmath.mpc(0, phi.traits.strip * f))) for f in (0.9, 1 - 1e-5))
    assert near > 1e3 * inside


def test_imaginary_growth_of_erf():
    y = 6.0
    growth = math.log(abs(T.erf.mp(1, mpmath.mpc(0, y)))) / y**2
    assert growth == pytest.approx(T.erf.traits.imaginary_growth)


@pytest.mark.parametrize("phi", [T.step, T.relu, T.threshold_power(2), T.threshold_power(4)], ids=str)
def test_jumps(phi):
    (kink,) = phi.traits.kinks
    assert phi.traits.smooth_order == min(kink.jumps) - 1
    for order in range(7):
        right, left = (float(phi.mp(order, s * mpmath.mpf(10) ** -30)) for s in (1, -1))
        assert right - left == pytest.approx(kink.jumps.get(order, 0.0), abs=1e-20)


def test_kink_terms():
    assert T.relu.kink_terms(1) == [] and T.step.kink_terms(0) == [] and T.tanh.kink_terms(9) == []
    assert T.relu.kink_terms(2) == [(0.0, 0, 1.0)] and T.relu.kink_terms(3) == [(0.0, 1, 1.0)]
    assert T.step.kink_terms(1) == [(0.0, 0, 1.0)]
    assert T.threshold_power(3).kink_terms(4) == [(0.0, 0, 6.0)]
    elu = T.custom("elu", lambda x: sp.Piecewise((x, x > 0), (sp.exp(2 * x) - 1, True)))
    assert elu.kink_terms(3) == [(0.0, 0, -4.0), (0.0, 1, -1.0)]


def test_derivatives_are_polynomials_in_few_generators():
    x = sp.Symbol("x", real=True)
    t, r = sp.tanh(x), 1 / sp.sqrt(1 + x**2)
    assert T.tanh.explicit(3, x) == -6 * t**4 + 8 * t**2 - 2
    assert T.algebraic.explicit(2, x) == -3 * x * r**5
    assert T.erf.explicit(2, x) == -sp.pi * x * sp.exp(-sp.pi * x**2 / 4) / 2
    for order in range(6):
        assert T.tanh.explicit(order, x).is_polynomial(t)
        assert T.logistic.explicit(order, x).is_polynomial(T.logistic.explicit(0, x))
        if order:
            assert T.softplus.explicit(order, x).is_polynomial(T.logistic.explicit(0, x))
            assert T.erf.explicit(order, x).is_polynomial(x, sp.exp(-sp.pi * x**2 / 4))


def test_mp_survives_cancellation():
    assert T.tanh.mp(1, 40) == pytest.approx(4 * math.exp(-80), rel=1e-14)
    with mpmath.workdps(50):
        x = mpmath.mpf("0.1")
        assert abs(T.tanh.mp(2, x) + 2 * mpmath.tanh(x) * mpmath.sech(x) ** 2) < mpmath.mpf(10) ** -49


def test_by_name():
    assert all(T.by_name(name) is phi for name, phi in T.LIBRARY.items())
    assert T.by_name("threshold_power:3") is T.threshold_power(3)
    assert T.by_name("threshold_power:1") is T.relu
    with pytest.raises(TransferError, match='did you mean "tanh"'):
        T.by_name("tnah")
    for bad in ("threshold_power", "threshold_power:-1", "threshold_power:x", "threshold_power:99", "__import__", 3):
        with pytest.raises(TransferError):
            T.by_name(bad)
    for bad in (-1, 1.5, True, 17):
        with pytest.raises(TransferError, match="integer from 0"):
            T.threshold_power(bad)
