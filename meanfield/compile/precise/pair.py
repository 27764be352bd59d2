"""Averages over two correlated variables of analytic bodies: one lattice in rotated coordinates.

``u = m_0 + s_0 (c z_1 + d z_2)``, ``v = m_1 + s_1 (c z_1 - d z_2)`` with ``c, d = sqrt((1 +- rho)/2)`` is smooth for all
correlations in [-1, 1]. The two steps are commensurate, ``a d h_2 = b c h_1``, so that u and v run over uniform grids: phi is
evaluated a few hundred times, and the double sum is made of products of slices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field as dataclass_field

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound, own, rename
from meanfield.compile.precise.engine import EXPONENT, MAX_REACH, Estimate, Goal, Noise, checked_step
from meanfield.compile.precise.features import strip_width
from meanfield.compile.precise.field import Number, Values
from meanfield.compile.precise.interpret import Interpreter
from meanfield.errors import QuadratureError

MAX_POINTS = 2**24


@dataclass
class Lattice:
    """Steps h_1, h_2 and counts n_1, n_2 per side; on the common grid z_1 is ``a`` and z_2 ``b`` steps of ``unit`` wide."""

    h1: Number
    h2: Number
    n1: int
    n2: int
    reach: float
    a: int = 0
    b: int = 0
    weights1: np.ndarray = dataclass_field(default_factory=lambda: np.empty(0, dtype=object))
    weights2: np.ndarray = dataclass_field(default_factory=lambda: np.empty(0, dtype=object))

    @property
    def shared(self) -> bool:
        """True if u and v run over uniform grids."""
        return self.a > 0


def pair_averages(
    run: Interpreter, bodies: Sequence[sp.Expr], means: Sequence[Number], cov: Sequence[Sequence[Number]], goal: Goal
) -> list[Estimate]:
    """``[<body>]`` over two variables, neither deterministic nor perfectly correlated, of bodies without kinks."""
    F = run.field
    scales = [F.call("sqrt", cov[0][0]), F.call("sqrt", cov[1][1])]
    rho = cov[0][1] / (scales[0] * scales[1])
    c, d = F.call("sqrt", (1 + rho) / 2), F.call("sqrt", (1 - rho) / 2)
    steps = [checked_step(strip_width(run, bodies, means, [s * t for s in scales]), goal) for t in (c, d)]
    reach = goal.reach
    for _ in range(12):
        lattice = make_lattice(run, steps, (c, d), reach)
        sums = [_LatticeSum(run, body, means, scales, (c, d), lattice) for body in bodies]
        if any(s.boundary * lattice.n1 > s.scale * F.power_of_ten(-goal.digits) for s in sums):
            reach *= 1.25
            if reach > MAX_REACH:
                raise QuadratureError("the integrand does not decay: the average over the pair does not exist")
            continue
        worst = [max(F.log10(s.changes[k]) for s in sums) for k in (0, 1)]
        if all(EXPONENT * w < -goal.digits for w in worst):
            return [s.estimate(goal) for s in sums]
        steps = [_refined(step, w, goal) for step, w in zip(steps, worst, strict=True)]
    raise Noise(8)


def _refined(step: float, worst: float, goal: Goal) -> float:
    """The step at which the coarse sum is expected to be good enough, from what it was: digits are proportional to 1/step."""
    have = -EXPONENT * worst
    if have >= goal.digits:
        return step
    return step * min(max(0.93 * have / goal.digits, 0.4), 0.93)


def make_lattice(run: Interpreter, steps: Sequence[float], rotation: Sequence[Number], reach: float) -> Lattice:
    F = run.field
    c, d = rotation
    ratio = float(d / c) * steps[1] / steps[0]
    a, b = (1, max(1, math.floor(ratio))) if ratio >= 1 else (math.ceil(1 / ratio), 1)
    # Where the steps are limited to multiples, the wider one gives way.
    h1 = steps[0] if ratio >= 1 else a * float(d / c) * steps[1]
    h1 = min(h1, steps[0])
    n1, n2 = math.ceil(reach / h1), math.ceil(reach / steps[1])
    if a * n1 + b * n2 < 2 * n1 * n2 and a * float(d) * steps[1] >= 0.2 * float(c) * steps[0]:
        h1, h2 = F.number(h1), F.number(h1) * c * b / (d * a)
        n2 = math.ceil(reach / float(h2))
        lattice = Lattice(h1, h2, n1, n2, reach, a, b)
    else:
        lattice = Lattice(F.number(steps[0]), F.number(steps[1]), math.ceil(reach / steps[0]), n2, reach)
    if 4 * lattice.n1 * lattice.n2 > MAX_POINTS:
        raise QuadratureError(f"a pair average would need {4 * lattice.n1 * lattice.n2} nodes; ask for fewer digits")
    for name, h, n in (("weights1", lattice.h1, lattice.n1), ("weights2", lattice.h2, lattice.n2)):
        z = F.integers(-n, n) * h
        setattr(lattice, name, F.call("exp", -(z * z) / 2) * (h / F.call("sqrt", 2 * F.constant(sp.pi))))
    return lattice


class _LatticeSum:
    """The sum of one body, split by the parity of both indices: each half-lattice is a coarser rule of its own."""

    def __init__(
        self,
        run: Interpreter,
        body: sp.Expr,
        means: Sequence[Number],
        scales: Sequence[Number],
        rotation: Sequence[Number],
        lattice: Lattice,
    ) -> None:
        self.run, self.body, self.means, self.scales, self.rotation, self.lattice = run, body, means, scales, rotation, lattice
        F = run.field
        zero = 0 * F.constant(sp.S.One)
        parts = [[zero, zero], [zero, zero]]
        self.scale, self.boundary = zero, zero
        factors = self._factors() if lattice.shared else None
        for j in self._rows(factors):
            half = self._half_width(j)
            left, right = self._row(factors, j, half)
            w = lattice.weights2[lattice.n2 + j] * (2 if factors is not None and factors[2] and j else 1)
            parity = (lattice.n1 - half) % 2
            sums = [np.dot(left[k::2], right[k::2]) if left.size > k else zero for k in (0, 1)]
            parts[parity][j % 2] += w * sums[0]
            parts[1 - parity][j % 2] += w * sums[1]
            ends = max(abs(left[0] * right[0]), abs(left[-1] * right[-1])) * w
            self.boundary = max(self.boundary, ends)
            self.scale += w * np.dot(abs(left), abs(right)) if j % 4 == 0 else 0
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
        digits = [max(EXPONENT * F.log10(change), -goal.digits - 2) for change in self.changes]
        error = sum(F.power_of_ten(e) for e in digits) + F.power_of_ten(3 - 0.301 * F.bits) + F.power_of_ten(-goal.digits - 1)
        return Estimate(self.value, self.scale * error, self.scale)

    def _half_width(self, j: int) -> int:
        z2 = float(self.lattice.h2) * j
        inside = max(self.lattice.reach**2 - z2**2, 0.0)
        return min(self.lattice.n1, int(math.sqrt(inside) / float(self.lattice.h1)))

    def _rows(self, factors: tuple[Values, Values, bool] | None) -> range:
        n2 = self.lattice.n2
        return range(0 if factors is not None and factors[2] else -n2, n2 + 1)

    def _factors(self) -> tuple[Values, Values, bool] | None:
        """Values of f on u's grid and of g on v's, for a body f(u) g(v), and whether both are the same; else None."""
        groups: list[list[sp.Expr]] = [[], []]
        for factor in sp.Mul.make_args(self.body):
            seen = own(factor)
            if len(seen) > 1:
                return None
            groups[seen[0] if seen else 0].append(factor)
        f, g = (sp.Mul(*part) for part in groups)
        same = g == rename(f, {0: Bound(0, 1)}) and self.means[0] == self.means[1] and self.scales[0] == self.scales[1]
        left = self._on_grid(f, 0)
        return left, (left if same else self._on_grid(g, 1)), same

    def _on_grid(self, factor: sp.Expr, which: int) -> Values:
        F, lat = self.run.field, self.lattice
        count = lat.a * lat.n1 + lat.b * lat.n2
        x = self.means[which] + F.integers(-count, count) * (self.scales[which] * self.rotation[0] * lat.h1 / lat.a)
        frame = (x, x)
        return _spread(Interpreter(F, self.run.symbols, self.run.binder, (*self.run.frames, frame))(factor), x)

    def _row(self, factors: tuple[Values, Values, bool] | None, j: int, half: int) -> tuple[np.ndarray, np.ndarray]:
        lat = self.lattice
        w = lat.weights1[lat.n1 - half : lat.n1 + half + 1]
        if factors is not None:
            middle, a, b = lat.a * lat.n1 + lat.b * lat.n2, lat.a, lat.b
            f, g = (
                values[middle + sign * b * j - a * half : middle + sign * b * j + a * half + 1 : a]
                for values, sign in zip(factors[:2], (1, -1))
            )
            return w * f, g
        F = self.run.field
        z1, z2 = F.integers(-half, half) * (lat.h1 * self.rotation[0]), lat.h2 * self.rotation[1] * j
        frame = tuple(m + s * (z1 + z2 * sign) for m, s, sign in zip(self.means, self.scales, (1, -1), strict=True))
        value = Interpreter(F, self.run.symbols, self.run.binder, (*self.run.frames, frame))(self.body)
        return w, _spread(value, z1)


def _spread(value: Values, nodes: np.ndarray) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else np.full(nodes.shape, value, dtype=object)
