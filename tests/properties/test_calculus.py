"""Price, score and Stein for every transfer function, kinks included: derivatives of averages against quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield.averages import Average, E, Tilted
from meanfield.averages.passes import closed_forms
from meanfield.averages.scope import nodes, open_body
from meanfield.symbols import gaussian, gaussian_pair, symbol, tilted
from meanfield.transfer import LIBRARY, Applied, Transfer, threshold_power
from meanfield.transfer.functions import heaviside0
from tests.averages.reference import Reference

mu, D, C, a = [symbol(n) for n in ("mu", "Delta_0", "C", "a")]
x = gaussian("x", mean=mu, var=D)
u, v = gaussian_pair("u v", mean=mu, var=D, cov=C)
TOKENS = {**LIBRARY, "threshold_power:2": threshold_power(2), "threshold_power:3": threshold_power(3)}
means, variances, correlations = st.floats(-1.5, 1.5), st.floats(0.05, 1.0), st.floats(-0.9, 0.9)
transfer = st.sampled_from(sorted(TOKENS))


def integral(f: Callable[[np.ndarray], np.ndarray], m: float, d: float, kinks: tuple[float, ...]) -> float:
    """``<f>`` by Gauss-Legendre between kinks."""
    s = math.sqrt(d)
    inner = sorted({min(max(k, m - 9 * s), m + 9 * s) for k in (m, *kinks)})
    edges = [m - 9 * s, *inner, m + 9 * s]
    t, w = np.polynomial.legendre.leggauss(120)
    total = 0.0
    for low, high in zip(edges, edges[1:]):
        y = low + (high - low) * (1 + t) / 2
        total += (high - low) / 2 * np.sum(w * f(y) * np.exp(-((y - m) ** 2) / (2 * d)))
    return total / math.sqrt(2 * math.pi * d)


def single(node: Average, at: dict[sp.Symbol, float]) -> float:
    """Value of a scalar Gaussian average whose body may hold one delta function (a derivative across a kink)."""
    m, d = (float(e.subs(at)) for e in (node.measure.mean[0], node.measure.cov[0, 0]))
    y = sp.Dummy("y", real=True)
    body = open_body(node.body, [y])
    grid = Reference()
    value = lambda e: lambda ys: grid.value(e, {**at, y: ys}, 0)
    applied = list(dict.fromkeys(nodes(body, Applied)))
    kinks = tuple(k.location for n in applied for k in n.token.traits.kinks)
    total = integral(value(body), m, d, kinks)
    for n in applied:
        for location, order, weight in n.token.kink_terms(n.order):
            beside, others = body.coeff(n), [k for k in applied if k != n]
            assert beside != 0, f"{body} is not linear in {n}"
            density = sp.exp(-((y - m) ** 2) / (2 * d)) / sp.sqrt(2 * sp.pi * d)
            # Where phi itself jumps beside its own delta function the product means the average of both sides.
            sides = [float(sp.diff(piece(beside, others, e) * density, y, order).subs(y, location)) for e in (1, -1)]
            total += weight * (-1) ** order * sum(sides) / 2
    return total


def weighted(node: Average, at: dict[sp.Symbol, float]) -> float:
    """Value of an average over a tilted law."""
    base = node.measure.base
    m, d = (float(e.subs(at)) for e in (base.mean[0], base.cov[0, 0]))
    y = sp.Dummy("y", real=True)
    body, tilt = open_body(node.body, [y]), open_body(node.measure.log_tilt, [y])
    kinks = tuple(k.location for n in nodes(tilt, Applied) for k in n.token.traits.kinks)
    value = lambda e: lambda ys: Reference().value(e, {**at, y: ys}, 0)
    above, below = (integral(value(f * sp.exp(tilt)), m, d, kinks) for f in (body, sp.S.One))
    return above / below


def piece(expr: sp.Expr, applied: list[Applied], side: int) -> sp.Expr:
    """``expr`` with transfer functions written out as they are right (1) or left (-1) of a kink at 0."""
    for n in applied:
        written = n.explicit()
        for step in [e for e in sp.preorder_traversal(written) if isinstance(e, heaviside0)]:
            written = written.subs(step, sp.Integer(side > 0))
        expr = expr.subs(n, written)
    return expr


def evaluate(expr: sp.Expr, at: dict[sp.Symbol, float]) -> float:
    """Scalar combination of scalar averages."""
    found = list(dict.fromkeys(nodes(expr, Average)))
    names = [sp.Dummy() for _ in found]
    for node, name in zip(found, names, strict=True):
        expr = expr.xreplace({node: name})
    numbers = [(weighted if isinstance(node.measure, Tilted) else single)(node, at) for node in found]
    return float(expr.subs({**at, **dict(zip(names, numbers, strict=True))}))


def differences(f: Callable[[float], float], at: float, h: float = 2e-3) -> float:
    """Central difference, extrapolated twice."""
    steps = [(f(at + k * h) - f(at - k * h)) / (2 * k * h) for k in (1, 2, 4)]
    once = [(4 * steps[0] - steps[1]) / 3, (4 * steps[1] - steps[2]) / 3]
    return (16 * once[0] - once[1]) / 15


def bodies(phi: Transfer) -> list[sp.Expr]:
    return [phi(x), phi.d(-1)(x), x * phi(x), phi(x) ** 2]


@given(transfer, means, variances)
@settings(max_examples=20)
def test_price_in_one_dimension(name: str, m: float, d: float) -> None:
    """``d<f>/dmu = <f'>`` and ``d<f>/dDelta_0 = <f''>/2``, delta functions at kinks included."""
    for f in bodies(TOKENS[name]):
        for s in (mu, D):
            at, h = {mu: m, D: d}, min(2e-3, d / 20)
            if f.is_Pow and name == "step":
                f = f.base  # theta^2 = theta, but its second derivative as written, delta^2, has no meaning
            expected = differences(lambda q, s=s, f=f, at=at: evaluate(E(f), {**at, s: q}), at[s], h)
            assert evaluate(E(f).diff(s), at) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@given(transfer, means, variances)
@settings(max_examples=40)
def test_stein(name: str, m: float, d: float) -> None:
    """``<(x - mu) f> = Delta_0 <f'>``."""
    phi, at = TOKENS[name], {mu: m, D: d}
    for f in (phi(x), phi.d(-1)(x)):
        assert evaluate(E((x - mu) * f), at) == pytest.approx(evaluate(D * E(f.diff(x)), at), rel=1e-7, abs=1e-9)


@given(transfer, means, variances, st.floats(-1, 1))
@settings(max_examples=12)
def test_score(name: str, m: float, d: float, strength: float) -> None:
    """Derivatives of a tilted average by the parameters of its weight."""
    phi = TOKENS[name]
    bounded = phi.traits.growth in ("bounded", "linear")
    y = tilted("y", mean=mu, var=D, log_tilt=lambda s: a * phi(s) - s**2 / 4 - (0 if bounded else phi(s) ** 2 / 2))
    node, at = E(sp.cos(y) + phi(y) / (1 + phi(y) ** 2)), {mu: m, D: d, a: strength}
    for s in (mu, D, a):
        expected = differences(lambda q, s=s: evaluate(node, {**at, s: q}), at[s], min(2e-3, d / 20))
        assert evaluate(node.diff(s), at) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@given(st.sampled_from([n for n in sorted(TOKENS) if (0, 0) in TOKENS[n].traits.closed2]), means, variances, correlations)
@settings(max_examples=40)
def test_price_of_a_pair(name: str, m: float, d: float, rho: float) -> None:
    """``d<phi(x) phi(y)>/dC = <phi'(x) phi'(y)>``, from the closed forms: deltas times deltas included."""
    phi, at = TOKENS[name], {mu: m, D: d, C: rho * d}
    for order in (-1, 0):
        pair = E(phi.d(order)(u) * phi.d(order)(v))
        left, right = closed_forms(pair), closed_forms(pair.diff(C))
        assert right == closed_forms(E(phi.d(order + 1)(u) * phi.d(order + 1)(v)))
        if not list(nodes(right, Average)):
            expected = differences(lambda q, left=left: Reference()(left, {**at, C: q}), rho * d, d * (1 - abs(rho)) / 50)
            assert Reference()(right, at) == pytest.approx(expected, rel=1e-5, abs=1e-8)
