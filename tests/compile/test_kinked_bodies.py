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


K = mf.parameter("K")
saturated = sp.Piecewise((-1, x < -K), (x / K, x < K), (1, True))
max0 = lambda t: max(t, mpmath.mpf(0))
COMPOSED = [
    (phi.relu(x) ** 2 / (phi.relu(x) ** 2 + K**2), lambda t, k: max0(t) ** 2 / (max0(t) ** 2 + k**2)),
    (phi.relu(x) / (phi.relu(x) + K), lambda t, k: max0(t) / (max0(t) + k)),
    (sp.Piecewise((0, x < 0), (x / (K + x), True)), lambda t, k: max0(t) / (max0(t) + k)),
    (sp.Min(phi.relu(x), K), lambda t, k: min(max0(t), k)),
    (saturated**2, lambda t, k: min(t * t / k**2, mpmath.mpf(1))),
    (phi.relu(phi.tanh(x)) ** 2, lambda t, k: max0(mpmath.tanh(t)) ** 2),
    (phi.tanh(phi.relu(x - K)), lambda t, k: mpmath.tanh(max0(t - k))),
    (sp.Abs(sp.Abs(x) - K), lambda t, k: abs(abs(t) - k)),
    (phi.step(2 * sp.tanh(x)) * phi.tanh(x - K), lambda t, k: mpmath.tanh(t - k) if t > 0 else mpmath.mpf(0)),
    (phi.relu(x) * phi.relu(x - K) / (1 + x**2), lambda t, k: max0(t) * max0(t - k) / (1 + t * t)),
]


@pytest.mark.parametrize(("body", "f"), COMPOSED, ids=lambda q: str(q) if isinstance(q, sp.Expr) else "")
@pytest.mark.parametrize("at", [(1.7, 0.4, 0.3), (0.04, -0.2, 0.05)])
def test_functions_of_kinked_functions(body: sp.Expr, f: Callable[..., mpmath.mpf], at: tuple[float, float, float]) -> None:
    e = E(body)
    rows = [e, e.diff(m), e.diff(V), e.diff(K), e.diff(m, V), e.diff(V, V)]
    named = {f"q{i}": row for i, row in enumerate(rows)}
    model = mf.Model("m", equations={mu: 1 + 0 * (V + m + K)}, parameters=(V, m, K), observables=named)
    value, claim = mf.compile(model).quantities(tuple(model.named(n) for n in named), np.ones((1, 1)), np.array([at]))

    def true(var: mpmath.mpf, mean: mpmath.mpf, k: mpmath.mpf) -> mpmath.mpf:
        return truth(lambda t: f(t, k), var, mean, [p for p in (-k, 0, k, 4 * k, 16 * k) if abs(p - mean) < 10 * mpmath.sqrt(var)])

    with mpmath.workdps(30):
        start = [mpmath.mpf(q) for q in at]
        step = mpmath.mpf(10) ** -7
        moved = lambda dv, dm, dk: true(start[0] * (1 + dv * step), start[1] + dm * step, start[2] * (1 + dk * step))
        middle, up, down = true(*start), moved(1, 0, 0), moved(-1, 0, 0)
        exact = [
            middle,
            (moved(0, 1, 0) - moved(0, -1, 0)) / (2 * step),
            (up - down) / (2 * step * start[0]),
            (moved(0, 0, 1) - moved(0, 0, -1)) / (2 * step * start[2]),
            (moved(1, 1, 0) - moved(-1, 1, 0) - moved(1, -1, 0) + moved(-1, -1, 0)) / (4 * step**2 * start[0]),
            (up - 2 * middle + down) / (step * start[0]) ** 2,
        ]
    for v, c, wanted in zip(value[0], claim[0], exact, strict=True):
        assert abs(v - wanted) <= c + 1e-9 * max(1, abs(wanted))  # of differences
        assert c <= 1e-7 * max(1, abs(wanted))
    assert abs(value[0, 0] - exact[0]) <= claim[0, 0] + 1e-16


@pytest.mark.parametrize(
    ("apart", "together", "orders"),
    [
        (phi.relu(x) * phi.relu(x - K) / (1 + x**2), phi.relu(x) ** 2 / (1 + x**2), (m, V)),
        (phi.tanh(phi.relu(x) + phi.relu(x - K)), phi.tanh(2 * phi.relu(x)), (V, V)),
        (phi.relu(x) * phi.relu(x - K) * phi.relu(x + K), phi.threshold_power(3)(x), (V, V)),
        (phi.step(x) * phi.step(x - K) * x**2, phi.relu(x) ** 2, (m, V)),
    ],
)
def test_kinks_that_meet(apart: sp.Expr, together: sp.Expr, orders: tuple[sp.Symbol, ...]) -> None:
    """At K = 0 two kinks fall together: derivatives are what they are of the function with one."""
    rows = [E(f).diff(*orders) for f in (apart, together)]
    named = {f"q{i}": row for i, row in enumerate(rows)}
    model = mf.Model("m", equations={mu: 1 + 0 * (V + m + K)}, parameters=(V, m, K), observables=named)
    for at in ((0.5, 0.3, 0.0), (1.0, 0.0, 0.0)):
        value, claim = mf.compile(model).quantities(tuple(model.named(n) for n in named), np.ones((1, 1)), np.array([at]))
        assert abs(value[0, 0] - value[0, 1]) <= claim[0].sum() + 1e-15
        assert abs(value[0, 1]) > 1e-3 and claim[0].max() < 1e-11


def test_kinks_at_unknown_places_are_refused() -> None:
    Delta = mf.unknown("Delta", nonnegative=True)
    f = phi.relu(phi.tanh(mf.gaussian("y", mean=mu, var=Delta)) - K)
    model = mf.Model("m", equations={mu: 2 * E(f), Delta: E(f**2)})
    with pytest.raises(mf.errors.AverageError, match=r"where .* = 0, which is not known; write the whole as one transfer function"):
        mf.solve(model, K=0.5)


def test_powers_of_a_jump_at_a_delta_function() -> None:
    """``theta^n delta`` is ``delta/(n + 1)``: 1/3 of the density for ``<phi'^2 phi''>``, as in multiple precision."""
    for power in (1, 2, 3):
        e = E(phi.relu.d(1)(x) ** power * phi.relu.d(2)(x))
        ((value, claim),) = computed(e)
        (exact,), _ = evaluate_with_error(e, {V: AT[0], m: AT[1]}, 20)
        density = np.exp(-(AT[1] ** 2) / (2 * AT[0])) / np.sqrt(2 * np.pi * AT[0])
        assert abs(value - exact) <= claim + 1e-16
        assert value == pytest.approx(density / (power + 1), rel=1e-14)


z = sp.Symbol("z", real=True)
SLOPES = [
    (sp.Piecewise((-1, z < -1), (1, z > 1), (z, True)), lambda t: mpmath.mpf(abs(t) < 1), [-1, 1]),
    (sp.Piecewise((0, z < 0), (sp.tanh(z), True)), lambda t: mpmath.sech(t) ** 4 if t > 0 else mpmath.mpf(0), [0]),
]


@pytest.mark.parametrize(("body", "squared", "kinks"), SLOPES, ids=["clip", "rectified tanh"])
def test_the_mean_square_of_a_slope_that_jumps_has_derivatives(body, squared, kinks):
    """Price's theorem makes <phi''^2> of it, which is infinite, and another average that is infinite too; their sum is finite."""
    function = mf.transfer.custom("pieces", body)
    mean_square = E(function.d(1)(x) ** 2)
    for (value, claim), symbol in zip(computed(mean_square.diff(V), mean_square.diff(m)), "Vm", strict=True):
        at = (lambda v: truth(squared, v, AT[1], kinks)) if symbol == "V" else (lambda v: truth(squared, AT[0], v, kinks))
        assert abs(value - mpmath.diff(at, AT[0] if symbol == "V" else AT[1])) <= claim + 1e-14


def test_the_onset_of_chaos_of_a_clipped_network_is_a_boundary():
    """Located on a branch as g = 1.469006 before; as a condition it was refused."""
    clip = mf.transfer.custom("clip", SLOPES[0][0])
    onset = mf.indicator_zero(mf.models.by_name("rank1-stationary").with_transfer(clip), "chaos", free="g")
    states = [s for s in mf.solve(onset, find="all", M_m=1, M_n=2, Sigma_m=1) if s["mu"] > 0.1]
    assert [s["g"] for s in states] == [pytest.approx(1.46900604064, abs=1e-10)] and states[0].error["g"] < 1e-11
