"""Kinks as users write them, shifted kinks, products of kinked functions: values and Price's derivatives against mpmath."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.compile.precise import evaluate_with_error

mu, V, m = mf.unknown("mu"), mf.parameter("V"), mf.parameter("m")
x = mf.gaussian("x", mean=m, var=V)
E = mf.average
phi = mf.transfer
AT = (1.7, 0.4)


def computed(*exprs: sp.Expr) -> list[tuple[float, float]]:
    named = {f"q{i}": e for i, e in enumerate(exprs)}
    model = mf.Model("m", equations={mu: 1 + 0 * (V + m)}, parameters=(V, m), observables=named)
    value, claim = mf.compile(model).quantities(tuple(model.named(n) for n in named), np.ones((1, 1)), np.array([AT]))
    return list(zip(value[0], claim[0], strict=True))


def truth(f: Callable[[mpmath.mpf], mpmath.mpf], var: float, mean: float, kinks: list[float]) -> mpmath.mpf:
    breaks = sorted([-12, 12, *((k - mean) / mpmath.sqrt(var) for k in kinks)])
    return mpmath.quad(lambda z: mpmath.npdf(z) * f(mean + mpmath.sqrt(var) * z), breaks)


BODIES = [
    (sp.Abs(x) * sp.tanh(x), lambda t: abs(t) * mpmath.tanh(t), [0]),
    (sp.Max(x, sp.Rational(1, 2)), lambda t: max(t, mpmath.mpf(0.5)), [0.5]),
    (sp.Min(x, 1), lambda t: min(t, mpmath.mpf(1)), [1]),
    (sp.sign(x), mpmath.sign, [0]),
    (sp.Piecewise((x, x < 1), (x**2, True)), lambda t: t if t < 1 else t * t, [1]),
    (phi.step(x - 1) * phi.tanh(x), lambda t: mpmath.tanh(t) if t > 1 else 0, [1]),
    (sp.Abs(x - 1) * phi.tanh(x), lambda t: abs(t - 1) * mpmath.tanh(t), [1]),
    (sp.Heaviside(1 - 2 * x) * sp.Abs(x), lambda t: abs(t) if 2 * t < 1 else 0, [0, 0.5]),
]


@pytest.mark.parametrize(("body", "f", "kinks"), BODIES)
def test_values_and_derivatives(body: sp.Expr, f: Callable[[mpmath.mpf], mpmath.mpf], kinks: list[float]) -> None:
    e = E(body)
    var, mean = AT
    exact = [
        truth(f, var, mean, kinks),
        mpmath.diff(lambda t: truth(f, var, t, kinks), mean),
        mpmath.diff(lambda t: truth(f, t, mean, kinks), var),
    ]
    for (value, claim), true in zip(computed(e, e.diff(m), e.diff(V)), exact, strict=True):
        assert abs(value - true) <= claim + 1e-13
        assert claim < 1e-12


def test_powers_of_a_jump_at_a_delta_function() -> None:
    """``theta^n delta`` is ``delta/(n + 1)``: 1/3 of the density for ``<phi'^2 phi''>``, as in multiple precision."""
    for power in (1, 2, 3):
        e = E(phi.relu.d(1)(x) ** power * phi.relu.d(2)(x))
        ((value, claim),) = computed(e)
        (exact,), _ = evaluate_with_error(e, {V: AT[0], m: AT[1]}, 20)
        density = np.exp(-(AT[1] ** 2) / (2 * AT[0])) / np.sqrt(2 * np.pi * AT[0])
        assert abs(value - exact) <= claim + 1e-16
        assert value == pytest.approx(density / (power + 1), rel=1e-14)
