"""Random nested averages: each as an expression of the library and, beside it, as plain arithmetic on a tensor grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from hypothesis import strategies as st

from meanfield.averages import E, divided_difference
from meanfield.symbols import gaussian, gaussian_pair, symbol, tilted, uniform
from meanfield.transfer import tanh as phi
from tests.averages.reference import confluent, normal_grid, unit_grid

NODES = 16
SYMBOLS = mu, a, b, p = [symbol(name) for name in ("mu", "a", "b", "p")]
VALUES = {mu: 0.3, a: 0.2, b: 0.15, p: 0.5}

Env = dict[Any, Any]  # symbol -> array; the number of axes in use under "rank"


@dataclass(frozen=True)
class Both:
    """The same quantity twice: for the library, and as a function of an environment that maps symbols to arrays."""

    expr: sp.Expr
    value: Callable[[Env], Any]

    def __add__(self, other: Both) -> Both:
        return Both(self.expr + other.expr, lambda env: self.value(env) + other.value(env))

    def __mul__(self, other: Both) -> Both:
        return Both(self.expr * other.expr, lambda env: self.value(env) * other.value(env))

    def __pow__(self, n: int) -> Both:
        return Both(self.expr**n, lambda env: self.value(env) ** n)

    def of(self, f: Any, g: Callable[[Any], Any]) -> Both:
        return Both(f(self.expr), lambda env: g(self.value(env)))

    def at(self, **changes: float) -> float:
        """Value at the standard parameters, some changed."""
        table = {s: np.asarray(changes.get(s.name, v)) for s, v in VALUES.items()}
        return float(self.value({**table, "rank": 0}))


def number(x: Any) -> Both:
    return Both(sp.sympify(x), lambda env: np.asarray(float(x)))


def leaf(s: sp.Symbol) -> Both:
    return Both(s, lambda env: env[s])


MU, A, B, P = map(leaf, SYMBOLS)


def _average(expr: sp.Expr, *variables: sp.Symbol) -> sp.Expr:
    """The library's average; without a variable to average it refuses, and the value is the expression itself."""
    return E(expr, *variables) if expr.free_symbols & set(variables) else expr


def _axis(env: Env, values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *[1] * env["rank"])


def _bind(env: Env, table: dict[Any, Any], axes: int) -> Env:
    return {**env, **table, "rank": env["rank"] + axes}


def normal(body: Callable[[Both], Both], name: str, mean: Both, var: Both) -> Both:
    """``<body(x)>`` over a normal x."""
    x = gaussian(name, mean.expr, var.expr)
    inside = body(leaf(x))
    z, w = normal_grid(NODES)

    def value(env: Env) -> Any:
        nodes = mean.value(env) + np.sqrt(var.value(env)) * _axis(env, z)
        return np.sum(_axis(env, w) * inside.value(_bind(env, {x: nodes}, 1)), axis=0)

    return Both(_average(inside.expr, x), value)


def pair(body: Callable[[Both, Both], Both], names: str, mean: Both, var: Both, correlation: Both) -> Both:
    """``<body(x, y)>`` over a correlated pair; correlation 1, -1 and 0 included."""
    x, y = gaussian_pair(names, mean=mean.expr, var=var.expr, cov=var.expr * correlation.expr)
    inside = body(leaf(x), leaf(y))
    z, w = normal_grid(NODES)

    def value(env: Env) -> Any:
        m, s, r = mean.value(env), np.sqrt(var.value(env)), correlation.value(env)
        first = _axis(env, z)
        second = z.reshape(-1, 1, *[1] * env["rank"])
        table = {x: m + s * first, y: m + s * (r * first + np.sqrt(1 - r * r) * second)}
        weights = _axis(env, w) * w.reshape(-1, 1, *[1] * env["rank"])
        return np.sum(weights * inside.value(_bind(env, table, 2)), axis=(0, 1))

    return Both(_average(inside.expr, x, y), value)


def over_tilted(body: Callable[[Both], Both], name: str, mean: Both, var: Both, log_tilt: Callable[[Both], Both]) -> Both:
    """``<body(y)>`` over the law ``N(y; mean, var) exp(log_tilt(y))``, normalised."""
    tilt_at = sp.Dummy(real=True)
    tilt = log_tilt(leaf(tilt_at))
    y = tilted(name, mean=mean.expr, var=var.expr, log_tilt=lambda s: tilt.expr.xreplace({tilt_at: s}))
    inside = body(leaf(y))
    z, w = normal_grid(NODES)

    def value(env: Env) -> Any:
        nodes = mean.value(env) + np.sqrt(var.value(env)) * _axis(env, z)
        weights = _axis(env, w) * np.exp(tilt.value(_bind(env, {tilt_at: nodes}, 1)))
        return np.sum(weights * inside.value(_bind(env, {y: nodes}, 1)), axis=0) / np.sum(weights, axis=0)

    return Both(_average(inside.expr, y), value)


def over_unit(body: Callable[[Both], Both], name: str) -> Both:
    """``int_0^1 ds body(s)``."""
    s = uniform(name)
    inside = body(leaf(s))
    nodes, w = unit_grid(NODES)

    def value(env: Env) -> Any:
        return np.sum(_axis(env, w) * inside.value(_bind(env, {s: _axis(env, nodes)}, 1)), axis=0)

    return Both(_average(inside.expr, s), value)


def difference(body: Callable[[Both], Both], points: list[Both]) -> Both:
    """``f[points]`` of ``f(C) = body(C)``."""
    c = sp.Dummy("C", real=True)
    inside = body(leaf(c))

    def value(env: Env) -> Any:
        at = [np.broadcast_to(q.value(env), np.broadcast_shapes(np.shape(q.value(env)), (1,) * env["rank"])) for q in points]
        return confluent(lambda x: inside.value(_bind(env, {c: x}, 1)), at)

    return Both(divided_difference(lambda s: inside.expr.xreplace({c: s}), *(q.expr for q in points)), value)


def _tanh(x: Both) -> Both:
    return Both(phi(x.expr), lambda env: np.tanh(x.value(env)))


def _slope(x: Both) -> Both:
    return Both(phi.d(1)(x.expr), lambda env: 1 - np.tanh(x.value(env)) ** 2)


@st.composite
def bodies(draw: Any, variables: tuple[Both, ...], depth: int) -> Both:
    """A random body in the given variables, with ``depth`` levels of binders at most."""
    v = st.sampled_from(variables[::-1])  # examples shrink towards the innermost variable
    kind = draw(st.sampled_from(["binder", "product", "sum", "function", "flat"] if depth else ["flat"]))
    sub = bodies(variables, depth - 1)
    if kind == "binder":
        return draw(_binders(variables, depth)) ** draw(st.sampled_from([1, 1, 2]))
    if kind == "product":
        return _tanh(draw(v)) * draw(sub)
    if kind == "sum":
        return draw(sub) + draw(sub)
    if kind == "function":
        return (draw(_binders(variables, depth)) + _tanh(draw(v))).of(sp.cos, np.cos)
    x = draw(v)
    argument = draw(st.sampled_from([x, A * x, MU + A * x + B * draw(v), P * x, x**2, MU]))
    outer = draw(st.sampled_from(["phi", "phi'", "x phi", "cos"]))
    if outer == "x phi":
        return draw(v) * _tanh(argument)
    if outer == "cos":
        return (_tanh(argument) + P * _slope(draw(v))).of(sp.cos, np.cos)
    return (_tanh if outer == "phi" else _slope)(argument)


@st.composite
def _binders(draw: Any, variables: tuple[Both, ...], depth: int) -> Both:
    v = st.sampled_from(variables[::-1])
    name = draw(st.sampled_from("wz")) + "q" * depth  # names are used again on purpose
    mean = draw(st.sampled_from([draw(v), number(0), MU, MU + A * draw(v), _tanh(draw(v))]))
    var = draw(st.sampled_from([number(sp.Rational(1, 20)), A**2, number(sp.Rational(1, 20)) + B**2]))
    if draw(st.integers(0, 5)) == 5:
        var = var * _slope(draw(v))
    more = lambda *new: draw(bodies((*variables, *new), depth - 1))
    kind = draw(st.sampled_from(["normal", "pair", "tilted", "uniform", "difference"]))
    if kind == "normal":
        return normal(more, name, mean, var)
    if kind == "pair":
        correlation = draw(st.sampled_from([P, number(0), number(1), number(-1), A]))
        return pair(more, f"{name} {name}2", mean, var, correlation)
    if kind == "tilted":
        x = draw(v)
        return over_tilted(more, name, mean, var, draw(st.sampled_from([lambda y: P * _tanh(y) ** 2, lambda y: x * _tanh(y)])))
    if kind == "uniform":
        return over_unit(more, name)
    points = [number(sp.Rational(1, 10)), A, A, B]
    return difference(more, draw(st.permutations(points))[: draw(st.integers(1, 4))])


@st.composite
def averages(draw: Any, depth: int = 2) -> Both:
    """A random average of a random body, the law in (mu, a)."""
    return normal(lambda x: draw(bodies((x,), depth)), "x", MU, A**2)
