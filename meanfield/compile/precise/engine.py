"""Trapezoid sums with step halving: the one quadrature under all one-dimensional laws.

Halving the step at least doubles the digits of the sum for an integrand that is analytic in a strip and decays; if two
successive sums differ by ``delta`` (relative to the average of |f|), the finer one is claimed to be good to
``delta**1.6``, which leaves a margin of a fifth of the digits for prefactors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from meanfield.compile.precise.field import Field, Number, Values, array
from meanfield.errors import QuadratureError

EXPONENT = 1.6
_PHASE = 1.5
"""Digits by which the change of a trapezoid sum may be smaller than its error: the leading error is a cosine of where the nearest
singularity lies between the nodes, and the change with the step shows that cosine, which may happen to be small."""
MAX_NODES = 2**18
MAX_REACH = 400.0

Sample = Callable[[np.ndarray], list[Values]]
Mapped = Callable[[Values, Values], list[Values]]
"""``(r, dr) -> [f(r) dr]``."""


def refined(change: float) -> float:
    """Exponent of ten of the relative error of a sum, from that of its change when its step was halved."""
    return EXPONENT * (change + _PHASE)


class Noise(Exception):
    """Rounding errors hide the convergence: ``digits`` more are needed."""

    def __init__(self, digits: int) -> None:
        super().__init__(digits)
        self.digits = digits


@dataclass
class Estimate:
    """An average: value, claimed absolute error, and the average of |f| to which the error was made relative."""

    value: Number
    error: Number
    scale: Number


@dataclass(frozen=True)
class Goal:
    """Digits to reach, relative to the average of |f|, on arithmetic that carries more of them."""

    digits: float

    @property
    def log(self) -> float:
        """-ln of the tolerance."""
        return self.digits * math.log(10.0)

    @property
    def reach(self) -> float:
        """Where the normal density falls below the tolerance, with a margin for the growth of the integrand."""
        return math.sqrt(2.0 * self.log + 20.0)


def strip_step(strip: float, log_goal: float) -> float:
    """Step of the trapezoid rule for ``exp(-z^2/2) f(z)``, f analytic for |Im z| < strip, at error ``exp(-log_goal)``."""
    reach = math.sqrt(2.0 * log_goal)
    return 2 * math.pi * strip / (log_goal + strip**2 / 2) if strip < reach else 2 * math.pi / reach


def checked_step(strip: float, goal: Goal, order: int = 0) -> float:
    """Step that passes the check: already the sum of twice the step is good to the goal's digits / EXPONENT.

    order: of the derivatives in the body, each of which raises the order of the poles by one.
    """
    return 0.49 * strip_step(strip, goal.log / EXPONENT + _PHASE * math.log(10.0) + 3.5 + order * math.log(goal.log))


def whole_line(field: Field, sample: Sample, goal: Goal, step: float) -> list[Estimate]:
    """``sum_z h sample(z)`` over the line, for integrands that hold a Gaussian weight; ``step`` is the first, coarse one."""
    reach = goal.reach
    while True:
        found = halve(field, sample, goal, step, -reach, reach)
        if found is not None:
            return found
        reach *= 1.3
        if reach > MAX_REACH:
            raise QuadratureError("the integrand does not decay: the average does not exist, or the tilt is not normalisable")


def halve(field: Field, sample: Sample, goal: Goal, step: float, low: float, high: float) -> list[Estimate] | None:
    """Trapezoid sums on [low, high], halved until they agree; None if the integrand has not decayed at the ends."""
    h = field.number(step)
    first, last = math.ceil(low / step), math.floor(high / step)
    if last - first > MAX_NODES:
        raise QuadratureError(f"an average would need more than {MAX_NODES} nodes: its integrand is too steep for its Gaussian")
    sums: list[Number] | None = None
    sizes: list[Number] = []
    previous = math.inf
    nodes = field.integers(first, last) * h
    while True:
        values = sample(nodes)
        new = [np.sum(v) for v in values]
        new_sizes = [np.sum(abs(v)) for v in values]
        if sums is None:
            small = field.power_of_ten(-goal.digits) / 300
            if any(ends > size * small for ends, size in zip(_ends(values), new_sizes, strict=True)):
                return None
            sums, sizes = new, new_sizes
        else:
            change = [abs(s - n) / z if z else 0 * z for s, n, z in zip(sums, new, new_sizes, strict=True)]
            sums = [s + n for s, n in zip(sums, new, strict=True)]
            sizes = [s + n for s, n in zip(sizes, new_sizes, strict=True)]
            worst = max((field.log10(c) for c in change), default=-math.inf)
            _refuse_nan(field, sums)
            if refined(worst) < -goal.digits:
                return [_claim(field, goal, s * h, z * h, c) for s, z, c in zip(sums, sizes, change, strict=True)]
            if worst > previous - 0.5 and worst < -0.4 * goal.digits and worst < -8:
                raise Noise(int(goal.digits / EXPONENT + worst) + 4)
            previous = worst
        if len(nodes) > MAX_NODES:
            raise QuadratureError(f"{2 * len(nodes)} nodes give only {-previous:.0f} digits; is a kink or a pole undeclared?")
        h = h / 2
        first, last = 2 * first, 2 * last
        nodes = field.integers(first + 1, last - 1, 2) * h


def _ends(values: list[np.ndarray]) -> list[Number]:
    return [max(abs(v[0]), abs(v[-1]), abs(v[min(1, v.size - 1)]), abs(v[max(v.size - 2, 0)])) for v in values]


def _refuse_nan(field: Field, sums: Sequence[Number]) -> None:
    if any(field.is_nan(s) for s in sums):
        raise QuadratureError("the integrand is not a real number at some node (a logarithm or root of a negative number?)")


def _claim(field: Field, goal: Goal, value: Number, size: Number, change: Number) -> Estimate:
    exponent = max(refined(field.log10(change)), -goal.digits - 2)
    return Estimate(value, abs(size) * (field.power_of_ten(exponent) + field.noise), size)


def half_line(field: Field, sample: Mapped, goal: Goal, step: float, reach: float) -> list[Estimate]:
    """``int_0^inf f(r) dr`` for f that decays like a Gaussian at distance ``reach``; ``sample(r, dr)`` gives f dr.

    ``r = exp(t - exp(-t))`` makes both ends decay doubly exponentially, whatever f does at 0.
    """

    def mapped(t: np.ndarray) -> list[Values]:
        u = field.call("exp", -t)
        r = field.call("exp", t - u)
        return sample(r, r * (1 + u))

    low, high = -math.log(goal.log + 5), math.log(max(reach, 2.0)) + 0.05
    return _extended(field, mapped, goal, step, low, high)


def segment(field: Field, sample: Mapped, goal: Goal, step: float, length: Number) -> list[Estimate]:
    """``int_0^length f(r) dr`` by the tanh-sinh rule; ``sample(r, dr)`` gives f dr."""
    pi = field.constant(sp.pi)

    def mapped(t: np.ndarray) -> list[Values]:
        e = field.call("exp", -pi * field.call("sinh", t))
        share = 1 / (1 + e)
        return sample(length * share, length * pi * field.call("cosh", t) * e * share * share)

    high = math.asinh((goal.log + 10) / math.pi)
    return _extended(field, mapped, goal, step, -high, high)


def _extended(field: Field, sample: Sample, goal: Goal, step: float, low: float, high: float) -> list[Estimate]:
    for _ in range(12):
        found = halve(field, sample, goal, step, low, high)
        if found is not None:
            return found
        low, high = low - 0.3, high + 0.3
    raise QuadratureError("the integrand does not decay at the ends of its domain: the average does not exist")


@lru_cache(maxsize=64)
def _legendre(n: int, bits: int, native: bool) -> tuple[np.ndarray, np.ndarray]:
    field = Field(bits + 16, native=native)
    with field:
        x = array([field.number(float(v)) for v in np.polynomial.legendre.leggauss(n)[0]])
        for _ in range(max(2, math.ceil(math.log2(bits / 40)) + 1)):
            before, now = x * 0 + 1, x
            for k in range(2, n + 1):
                before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
            slope = n * (x * now - before) / (x * x - 1)
            x = x - now / slope
        # The slope belongs to the node before the last step; the error of the weight is of second order in that step.
        return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


def gauss_legendre(field: Field, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [0, 1]."""
    return _legendre(n, field.bits, field.native)


def unit_interval(field: Field, sample: Callable[[np.ndarray], list[Values]], goal: Goal) -> list[Estimate]:
    """``int_0^1 f(s) ds`` with ``1 - s = t^2``, which opens the layer at s = 1 of correlations near one."""
    sums: list[Number] | None = None
    n = 16
    while n <= 1024:
        t, w = gauss_legendre(field, n)
        values = [v * w * 2 * t for v in sample(1 - t * t)]
        new, sizes = [np.sum(v) for v in values], [np.sum(abs(v)) for v in values]
        _refuse_nan(field, new)
        if sums is not None:
            change = [abs(a - b) / z if z else 0 * z for a, b, z in zip(new, sums, sizes, strict=True)]
            if refined(max(map(field.log10, change), default=-math.inf)) < -goal.digits:
                return [_claim(field, goal, v, z, c) for v, z, c in zip(new, sizes, change, strict=True)]
        sums, n = new, 2 * n
    raise QuadratureError("1024 Gauss-Legendre nodes do not suffice on [0, 1]; is the integrand singular there?")
