"""Pairs with a correlation close to 1 or -1: across the narrow direction the body is nearly a polynomial, so a few
Gauss-Hermite nodes do there, a trapezoid sum along the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound, own, rename
from meanfield.compile.precise.engine import Estimate, Goal, Noise, Sample, checked_step, whole_line
from meanfield.compile.precise.features import features, pole_width, strip_width
from meanfield.compile.precise.field import Field, Number, Values, array
from meanfield.compile.precise.interpret import Interpreter

MAX_HERMITE = 120
NODES_WORTH = 3.0
"""How many points of the common grid cost as much as one Gauss-Hermite node per step."""


@dataclass
class Pair:
    """Two normal variables: means, standard deviations, and the rotation (c, d)."""

    means: Sequence[Number]
    scales: Sequence[Number]
    rotation: tuple[Number, Number]

    @property
    def alike(self) -> bool:
        """True if the two have one law."""
        return bool(self.means[0] == self.means[1] and self.scales[0] == self.scales[1])


def thin_rule(
    run: Interpreter, body: sp.Expr, pair: Pair, steps: Sequence[float], widths: Sequence[float], goal: Goal
) -> Estimate | None:
    """``<body>`` where that is cheaper than a lattice, whose common grid must resolve the narrow direction; else None."""
    c, d = (float(v) for v in pair.rotation)
    narrow = 0 if c < d else 1
    step = (c, d)[narrow] * steps[narrow]
    finer = (c, d)[1 - narrow] * steps[1 - narrow] / step if step else math.inf
    if finer < 2 * NODES_WORTH:
        return None
    width = strip_width(run, [body], pair.means, [s * pair.rotation[narrow] for s in pair.scales], pole_width)
    count = node_count(width, 0.8 * goal.log + 6 + 2 * features(body).order)
    return _thin_average(run, body, pair, narrow, count, widths[1 - narrow], goal) if finer > NODES_WORTH * count else None


def _thin_average(run: Interpreter, body: sp.Expr, pair: Pair, narrow: int, count: int, width: float, goal: Goal) -> Estimate:
    F = run.field
    for _ in range(4):
        counts = (count, max(2, math.floor(0.75 * count)))
        step = min(4 * checked_step(width, goal, features(body).order), 0.5)
        fine, coarse = whole_line(F, _sampler(run, body, pair, narrow, counts), goal, step)
        change = abs(fine.value - coarse.value) / fine.scale if fine.scale else fine.scale
        # The error falls at least geometrically in the count: 4/3 as many nodes have at least 4/3 as many digits.
        claimed = 1.25 * F.log10(change)
        if claimed < -goal.digits:
            return Estimate(fine.value, fine.error + fine.scale * F.power_of_ten(max(claimed, -goal.digits - 2)), fine.scale)
        count = math.ceil(count * 1.4) + 2
    raise Noise(8)


def node_count(width: float, log_goal: float) -> int:
    """Gauss-Hermite nodes whose error ``n! / width^(2n)`` (a pole at distance ``width``), at 3/4 of them, is small enough."""
    for n in range(3, MAX_HERMITE):
        if 2 * n * math.log(width) - math.lgamma(n + 1) > log_goal:
            return math.ceil(n / 0.75) + 1
    return MAX_HERMITE


def _sampler(run: Interpreter, body: sp.Expr, pair: Pair, narrow: int, counts: Sequence[int]) -> Sample:
    F = run.field
    norm = 1 / F.call("sqrt", 2 * F.constant(sp.pi))
    split = split_product(body) if pair.alike else None

    def at(expr: sp.Expr, u: Values, v: Values) -> Values:
        return spread(Interpreter(F, run.symbols, run.binder, (*run.frames, (u, v)))(expr), u)

    def rows(z: np.ndarray, n: int) -> Values:
        wide, across = (pair.scales[0] * pair.rotation[k] for k in (1 - narrow, narrow))
        nodes, weights = gauss_hermite(F, n)
        if split is not None:
            # u at -y is v at y (or, for c < d, the mirror image): each factor is evaluated once per node.
            lines = [pair.means[0] + wide * z + across * y for y in nodes]
            f = [at(split[0], x, x) for x in lines]
            g = f if rename(split[0], {0: Bound(0, 1)}) == split[1] else [at(split[1], x, x) for x in lines]
            other = g[::-1] if narrow == 1 else [x[::-1] for x in g]
            return sum((a * b * w for a, b, w in zip(f, other, weights, strict=True)), 0 * z)
        total = 0 * z
        for y, w in zip(nodes, weights, strict=True):
            z1, z2 = (z, y) if narrow == 1 else (y, z)
            first, second = z1 * pair.rotation[0], z2 * pair.rotation[1]
            u, v = (m + s * t for m, s, t in zip(pair.means, pair.scales, (first + second, first - second), strict=True))
            total = total + at(body, u, v) * w
        return total

    def sample(z: np.ndarray) -> list[Values]:
        weight = F.call("exp", -(z * z) / 2) * norm
        return [rows(z, n) * weight for n in counts]

    return sample


def split_product(body: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(f, g) if the body is f(u) g(v), else None."""
    groups: list[list[sp.Expr]] = [[], []]
    for factor in sp.Mul.make_args(body):
        seen = own(factor)
        if len(seen) > 1:
            return None
        groups[seen[0] if seen else 0].append(factor)
    return sp.Mul(*groups[0]), sp.Mul(*groups[1])


def spread(value: Values, nodes: np.ndarray) -> np.ndarray:
    """``value`` as an array over the nodes."""
    return value if isinstance(value, np.ndarray) else np.full(nodes.shape, value, dtype=object)


@lru_cache(maxsize=64)
def _hermite(n: int, bits: int, native: bool) -> tuple[np.ndarray, np.ndarray]:
    field = Field(bits + 16, native=native)
    with field:
        x = array([field.number(float(v)) for v in np.polynomial.hermite_e.hermegauss(n)[0]])
        for _ in range(max(2, math.ceil(math.log2(bits / 36)) + 1)):
            before, now = _orthonormal(field, n, x)
            x = x - now / (before * field.call("sqrt", field.number(n)))
        before, _ = _orthonormal(field, n, x)
        return x, 1 / (before * before * n)


def _orthonormal(field: Field, n: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal Hermite polynomials of order n - 1 and n; the derivative of the latter is sqrt(n) times the former."""
    before, now = x * 0, x * 0 + 1
    for k in range(1, n + 1):
        root, old = (field.call("sqrt", field.number(v)) for v in (k, k - 1))
        before, now = now, (x * now - old * before) / root
    return before, now


def gauss_hermite(field: Field, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for the standard normal measure."""
    return _hermite(n, field.bits, field.native)
