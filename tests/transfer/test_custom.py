"""Transfer functions of one's own: what is detected, what is refused."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield import transfer as T
from meanfield.errors import TransferError

x, y = sp.symbols("x y")

ZOO = {
    "clip": lambda z: sp.Max(-1, sp.Min(1, z)),
    "elu": sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)),
    "gelu": x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "tent": sp.Max(0, 1 - sp.Abs(x)),
    "arctan": 2 / sp.pi * sp.atan(sp.pi * x / 2),
    "lorentz": x / (1 + x**2),
    "softsign": x / (1 + sp.Abs(x)),
    "bell": sp.exp(-(x**2)),
    "sign": sp.sign(x),
    "modulus": lambda z: sp.sqrt(z**2),
    "tokens": lambda z: T.relu(z) - T.relu(z - 1),
    "tanh3": sp.tanh(2 * x) ** 3,
    "sech": sp.sech(x),
    "window": sp.Heaviside(x + 1) - sp.Heaviside(x - 1),
}
FUNCTIONS = {name: T.custom(name, definition) for name, definition in ZOO.items()}
zoo = pytest.mark.parametrize("phi", FUNCTIONS.values(), ids=str)
points = st.floats(-5, 5).filter(lambda v: min(abs(v - k) for k in (-1, 0, 1)) > 1e-3)


@zoo
@settings(max_examples=10, deadline=None)
@given(at=points)
def test_derivatives_and_antiderivative(phi, at):
    with mpmath.workdps(30):
        z, h = mpmath.mpf(at), mpmath.mpf(10) ** -8
        for order in range(-1, 3):
            slope = mpmath.diff(lambda t, k=order: phi.mp(k, t), z, h=h)
            assert abs(phi.mp(order + 1, z) - slope) < 1e-6
    values = phi.jet([0, 1, -1], np.array([at, -at]))
    assert values[0][0] == pytest.approx(float(phi.mp(0, at)), abs=1e-13)
    if phi.traits.parity:
        assert values[0][1] == pytest.approx({"odd": -1, "even": 1}[phi.traits.parity] * values[0][0], abs=1e-13)


@zoo
def test_the_antiderivative_is_continuous_across_kinks(phi):
    assert phi.traits.antiderivative
    for kink in phi.traits.kinks:
        left, right = phi.jet([-1], np.array([kink.location - 1e-13, kink.location + 1e-13]))[0]
        assert left == pytest.approx(right, abs=1e-12)


@zoo
def test_recorded_jumps_are_the_jumps(phi):
    for kink in phi.traits.kinks:
        for order in range(4):
            with mpmath.workdps(40):
                h = mpmath.mpf(10) ** -30
                jump = phi.mp(order, kink.location + h) - phi.mp(order, kink.location - h)
            assert float(jump) == pytest.approx(kink.jumps.get(order, 0.0), abs=1e-12)


def traits(name):
    return FUNCTIONS[name].traits


def test_detected_traits():
    parities = {name: phi.traits.parity for name, phi in FUNCTIONS.items()}
    assert [n for n, p in parities.items() if p == "odd"] == [
        "clip", "arctan", "lorentz", "softsign", "sign", "tanh3",
    ]  # fmt: skip
    assert [n for n, p in parities.items() if p == "even"] == ["tent", "bell", "modulus", "sech", "window"]
    assert traits("arctan").strip == pytest.approx(2 / math.pi) and traits("lorentz").strip == 1.0
    assert traits("tanh3").strip == pytest.approx(math.pi / 4)
    assert traits("softsign").strip == 1.0 and traits("clip").strip == math.inf
    assert traits("gelu").imaginary_growth == pytest.approx(0.5) and traits("bell").imaginary_growth == 1.0
    assert traits("clip").growth == "bounded" and traits("elu").growth == "linear" == traits("gelu").growth
    assert [kink.location for kink in traits("tent").kinks] == [-1.0, 0.0, 1.0]
    assert traits("clip").kinks == (T.Kink(-1.0, {1: 1.0}), T.Kink(1.0, {1: -1.0}))
    assert traits("window").kinks == (T.Kink(-1.0, {0: 1.0}), T.Kink(1.0, {0: -1.0}))
    assert traits("modulus").slope_at_zero is None and traits("elu").slope_at_zero == 1.0
    assert traits("elu").smooth_order == 1 and traits("sign").smooth_order == -1


def test_the_place_where_all_singularities_lie():
    centre = lambda expr: T.custom("some", expr).traits.centre
    assert centre(1 + sp.tanh(x)) == centre(x / (1 + x**2)) == centre(sp.tanh(x) + sp.atan(x) ** 2) == 0.0
    assert centre(sp.tanh(2 * x - 1) ** 3) == 0.5
    assert centre(sp.tanh(x) + sp.tanh(x - 1)) is None and centre(sp.sin(x) * sp.tanh(x)) is None and centre(sp.erf(x)) is None


def test_polynomial_kinks_and_unknown_strip():
    cusp = T.custom("cusp", sp.Abs(x**3 - 2 * x))
    assert [k.location for k in cusp.traits.kinks] == pytest.approx([-math.sqrt(2), 0, math.sqrt(2)])
    assert cusp.traits.growth == "polynomial" and cusp.traits.degree == 3
    assert T.custom("nested", sp.tanh(sp.tanh(x))).traits.strip is None
    assert T.custom("grows", sp.exp(x) + x).traits.growth == "exponential"


def test_overflowing_forms_are_recognised():
    sigmoid = T.custom("sigmoid", 1 / (1 + sp.exp(-2 * x)))
    assert sigmoid.traits.strip == pytest.approx(math.pi / 2)
    assert np.isfinite(sigmoid.jet([-1, 0, 1], np.array([-900.0, 900.0]))).all()
    assert np.isfinite(T.custom("ln cosh", lambda z: sp.log(sp.cosh(z))).jet([0], 1e4)[0])


def test_overrides():
    phi = T.custom("mine", sp.tanh(sp.tanh(x)), strip=0.5, parity="odd", range=(-1.0, 1.0), latex=r"\tanh\tanh x")
    assert (phi.traits.strip, phi.traits.range, sp.latex(phi)) == (0.5, (-1.0, 1.0), r"\tanh\tanh x")
    assert not phi.traits.antiderivative
    with pytest.raises(TransferError, match="antiderivative of mine is not known"):
        phi.explicit(-1, x)
    known = T.custom("known", 2 * y * sp.exp(y**2 / (1 + y**2)), antiderivative=lambda z: z**2, derivative=lambda z: 2)
    assert known.explicit(-1, x) == x**2 and known.explicit(1, x) == 2 and known.explicit(2, x) == 0
    steps = T.custom("steps", sp.floor(x), kinks=[T.Kink(float(k), {0: 1.0}) for k in range(-20, 21)])
    assert len(steps.traits.kinks) == 41 and steps.jet([0], np.array([1.5]))[0] == 1.0
    with pytest.raises(TransferError, match="cannot differentiate steps"):
        steps.d(1)(x).explicit()
    with pytest.raises(TransferError, match="did you mean strip"):
        T.custom("mine", x, stripe=1.0)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (sp.Abs(sp.sin(x)), "cannot find the kinks"),
        (sp.floor(x), "declare them"),
        (x * y, "one symbol, got x, y"),
        ("sp.tanh(x)", "text is never evaluated"),
        (np.tanh, "use SymPy's functions"),
        (math.tanh, "use SymPy's functions"),
        (sp.log(x), "no finite real value"),
        (1 / x, "no finite real value"),
        (1 / (x - sp.Rational(1, 7)), "singular on the real axis"),
        (sp.Max(0, x) ** sp.Rational(1, 2), "singular on the real axis"),
        (sp.tan(x), "poles"),
        (sp.I * x, "no finite real value"),
        (sp.Function("f")(x), "no finite real value"),
        (sp.exp(x**2), "grows faster than exp"),
        (sp.sinh(x**3), "grows faster than exp"),
        (sp.besselj(1, x), "besselj is no function that can be computed here"),
        (sp.Si(x), "Si is no function"),
        (sp.fresnels(x), "fresnels is no function"),
        (sp.atan(x) + sp.loggamma(2 + x**2), "loggamma is no function"),
        (sp.Integral(sp.exp(-(y**2)), (y, 0, x)), "is not evaluated"),
        pytest.param(object(), "expected a SymPy expression", id="object"),
    ],
    ids=str,
)
def test_refused(definition, message):
    with pytest.raises(TransferError, match=message):
        T.custom("bad", definition)


def test_a_definition_in_the_place_of_the_name_is_refused():
    """`custom(sp.Max(-1, sp.Min(1, x)), x)` had been the identity, under the name of a clipped line."""
    with pytest.raises(TransferError, match="the name comes first"):
        T.custom(sp.Max(-1, sp.Min(1, x)), x)


def test_names_of_the_library_are_taken():
    with pytest.raises(TransferError, match="choose another name"):
        T.custom("tanh", x)
