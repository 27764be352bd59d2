"""Averages over two correlated variables of analytic bodies: one lattice in rotated coordinates.

``u = m_0 + s_0 (c z_1 + d z_2)``, ``v = m_1 + s_1 (c z_1 - d z_2)`` with ``c, d = sqrt((1 +- rho)/2)`` is smooth for all
correlations in [-1, 1]. The two steps are commensurate, ``a d h_2 = b c h_1``, so that u and v run over uniform grids: phi is
evaluated a few hundred times, and the double sum is made of products of slices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound, rename
from meanfield.compile.precise.engine import MAX_REACH, Estimate, Goal, Noise, checked_step, refined
from meanfield.compile.precise.features import features, lattice_width, strip_width
from meanfield.compile.precise.field import Number, Values
from meanfield.compile.precise.interpret import Interpreter
from meanfield.compile.precise.thin import Pair, split_product, spread, thin_rule
from meanfield.errors import QuadratureError

MAX_POINTS = 2**24


@dataclass
class Lattice:
    """Steps, counts per side and weights in z_1 and z_2; if ``a`` > 0, z_1 advances a and z_2 b steps of the common grid."""

    h1: Number
    h2: Number
    n1: int
    n2: int
    reach: float
    a: int
    b: int
    weights1: np.ndarray
    weights2: np.ndarray
    grids: dict[int, Interpreter] = dataclass_field(default_factory=dict)

    def half_width(self, j: int) -> int:
        """Largest i for which node (i, j) lies within reach."""
        inside = max(self.reach**2 - (float(self.h2) * j) ** 2, 0.0)
        return min(self.n1, int(math.sqrt(inside) / float(self.h1)))


def pair_averages(
    run: Interpreter, bodies: Sequence[sp.Expr], means: Sequence[Number], cov: Sequence[Sequence[Number]], goal: Goal
) -> list[Estimate]:
    """``[<body>]`` over two variables, neither deterministic nor perfectly correlated, of bodies without kinks."""
    F = run.field
    scales = [F.call("sqrt", cov[0][0]), F.call("sqrt", cov[1][1])]
    rho = cov[0][1] / (scales[0] * scales[1])
    pair = Pair(means, scales, (F.call("sqrt", (1 + rho) / 2), F.call("sqrt", (1 - rho) / 2)))
    known: dict[tuple[float, float, float], Lattice] = {}

    def lattice(steps: tuple[float, float], reach: float) -> Lattice:
        key = (*steps, reach)
        if key not in known:
            known[key] = make_lattice(run, steps, pair.rotation, reach)
        return known[key]

    return [_average(run, body, pair, goal, lattice) for body in bodies]


def _average(
    run: Interpreter, body: sp.Expr, pair: Pair, goal: Goal, lattice: Callable[[tuple[float, float], float], Lattice]
) -> Estimate:
    F = run.field
    widths = [strip_width(run, [body], pair.means, [s * t for s in pair.scales], lattice_width(goal)) for t in pair.rotation]
    steps = [checked_step(w, goal, features(body).order) for w in widths]
    reach = goal.reach
    thin = thin_rule(run, body, pair, steps, widths, goal)
    if thin is not None:
        return thin
    for _ in range(12):
        grid = lattice((steps[0], steps[1]), reach)
        total = _LatticeSum(run, body, pair, grid)
        if total.boundary * 10 * grid.n1 * grid.n2 > total.scale * F.power_of_ten(-goal.digits):
            reach *= 1.15
            if reach > MAX_REACH:
                raise QuadratureError("the integrand does not decay: the average over the pair does not exist")
            continue
        worst = [F.log10(c) for c in total.changes]
        if all(refined(w) < -goal.digits for w in worst):
            return total.estimate(goal)
        steps = [_refined(h, w, goal) for h, w in zip((grid.h1, grid.h2), worst, strict=True)]
    raise Noise(8)


def _refined(step: Number, worst: float, goal: Goal) -> float:
    """The step at which the coarse sum is expected to be good enough, from what it was: digits are proportional to 1/step."""
    share = -refined(worst) / goal.digits
    return float(step) * min(max(0.96 * share, 0.4), 1.2)


def make_lattice(run: Interpreter, steps: Sequence[float], rotation: Sequence[Number], reach: float) -> Lattice:
    """The coarsest lattice with commensurate steps of at most ``steps``."""
    F = run.field
    c, d = rotation
    a, b, h1 = min(_commensurate(steps, float(d / c)), key=lambda option: -option[1] / option[0] * option[2] ** 2)
    h1 = F.number(h1)
    h2 = h1 * c * b / (d * a)
    n1, n2 = math.ceil(reach / float(h1)), math.ceil(reach / float(h2))
    if 4 * n1 * n2 > MAX_POINTS:
        raise QuadratureError(f"a pair average would need {4 * n1 * n2} nodes; ask for fewer digits")
    norm = F.call("sqrt", 2 * F.constant(sp.pi))
    weights = []
    for h, n in ((h1, n1), (h2, n2)):
        z = F.integers(-n, n) * h
        weights.append(F.call("exp", -(z * z) / 2) * (h / norm))
    return Lattice(h1, h2, n1, n2, reach, a, b, weights[0], weights[1])


def _commensurate(steps: Sequence[float], ratio: float) -> list[tuple[int, int, float]]:
    """(a, b, h_1) with ``h_2 = h_1 b / (a ratio)``: both steps at most what they should be."""
    wanted = ratio * steps[1] / steps[0]
    options = []
    for k in (1, 2):
        if wanted >= 1:
            b = max(1, math.floor(k * wanted))
            options.append((k, b, steps[0]))
            options.append((k, b + 1, min(steps[0], steps[1] * ratio * k / (b + 1))))
        else:
            a = max(1, math.floor(k / wanted))
            options.append((a, k, min(steps[0], steps[1] * ratio * a / k)))
            options.append((a + 1, k, min(steps[0], steps[1] * ratio * (a + 1) / k)))
    return options


class _LatticeSum:
    """The sum of one body, split by the parity of both indices: each half-lattice is a coarser rule of its own."""

    def __init__(self, run: Interpreter, body: sp.Expr, pair: Pair, lattice: Lattice) -> None:
        self.run, self.body, self.pair, self.lattice = run, body, pair, lattice
        F = run.field
        zero = 0 * F.constant(sp.S.One)
        parts = [[zero, zero], [zero, zero]]
        self.scale, self.boundary = zero, zero
        factors, symmetric = self._factors()
        for j in range(0 if symmetric else -lattice.n2, lattice.n2 + 1):
            half = lattice.half_width(j)
            left, right = self._row(factors, j, half)
            w = lattice.weights2[lattice.n2 + j] * (2 if symmetric and j else 1)
            parity = (lattice.n1 - half) % 2
            parts[parity][j % 2] += w * np.dot(left[::2], right[::2])
            if half:
                parts[1 - parity][j % 2] += w * np.dot(left[1::2], right[1::2])
            self.boundary = max(self.boundary, max(abs(left[0] * right[0]), abs(left[-1] * right[-1])) * w)
            self.scale += w * np.dot(abs(left[::4]), abs(right[::4]))
        self.scale = 4 * self.scale
        self.value = sum(sum(p) for p in parts)
        self.changes = [
            self._relative(2 * (parts[0][0] + parts[0][1]) - 2 * (parts[1][0] + parts[1][1])),
            self._relative(2 * (parts[0][0] + parts[1][0]) - 2 * (parts[0][1] + parts[1][1])),
        ]

    def _relative(self, change: Number) -> Number:
        return abs(change) / self.scale if self.scale else abs(change)

    def estimate(self, goal: Goal) -> Estimate:
        F = self.run.field
        digits = [max(refined(F.log10(change)), -goal.digits - 2) for change in self.changes]
        error = sum(F.power_of_ten(e) for e in digits) + F.noise + F.power_of_ten(-goal.digits - 1)
        return Estimate(self.value, self.scale * error, self.scale)

    def _factors(self) -> tuple[tuple[Values, Values] | None, bool]:
        """Values of f on u's grid and of g on v's, for a body f(u) g(v) (else None), and whether both are the same."""
        split = split_product(self.body)
        if split is None:
            return None, False
        f, g = split
        means, scales = self.pair.means, self.pair.scales
        same = g == rename(f, {0: Bound(0, 1)}) and means[0] == means[1] and scales[0] == scales[1]
        left = self._on_grid(f, 0)
        return (left, left if same else self._on_grid(g, 1)), same

    def _on_grid(self, factor: sp.Expr, which: int) -> Values:
        F, lat, pair = self.run.field, self.lattice, self.pair
        if pair.means[0] == pair.means[1] and pair.scales[0] == pair.scales[1]:
            factor, which = rename(factor, {1: Bound(0, 0)}), 0
        if which not in lat.grids:
            count = lat.a * lat.n1 + lat.b * lat.n2
            x = pair.means[which] + F.integers(-count, count) * (pair.scales[which] * pair.rotation[0] * lat.h1 / lat.a)
            lat.grids[which] = Interpreter(F, self.run.symbols, self.run.binder, (*self.run.frames, (x, x)))
        grid = lat.grids[which]
        return spread(grid(factor), grid.frames[-1][0])

    def _row(self, factors: tuple[Values, Values] | None, j: int, half: int) -> tuple[np.ndarray, np.ndarray]:
        lat = self.lattice
        w = lat.weights1[lat.n1 - half : lat.n1 + half + 1]
        if factors is not None:
            middle, a, b = lat.a * lat.n1 + lat.b * lat.n2, lat.a, lat.b
            f, g = (
                values[middle + sign * b * j - a * half : middle + sign * b * j + a * half + 1 : a]
                for values, sign in zip(factors, (1, -1))
            )
            return w * f, g
        F, pair = self.run.field, self.pair
        z1, z2 = F.integers(-half, half) * (lat.h1 * pair.rotation[0]), lat.h2 * pair.rotation[1] * j
        frame = tuple(m + s * (z1 + z2 * sign) for m, s, sign in zip(pair.means, pair.scales, (1, -1), strict=True))
        value = Interpreter(F, self.run.symbols, self.run.binder, (*self.run.frames, frame))(self.body)
        return w, spread(value, z1)
