"""Gaussian averages of any dimension: the case distinction, and integration variable by variable where no better rule exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound, own, rename, shift
from meanfield.compile.precise.engine import Estimate, Goal
from meanfield.compile.precise.features import features, has_kinks, kink_positions, lattice_width, line_of, strip_width
from meanfield.compile.precise.field import Number, Values, array
from meanfield.compile.precise.interpret import Interpreter
from meanfield.compile.precise.kinked import kinked_average
from meanfield.compile.precise.line import added, integrate_normal, line_averages
from meanfield.compile.precise.pair import pair_averages
from meanfield.compile.precise.singular import Law, condition, delta_part
from meanfield.errors import AverageError


def gaussian_averages(run: Interpreter, bodies: Sequence[sp.Expr], law: Law, goal: Goal) -> list[Estimate]:
    """``[<body>]`` over jointly normal variables with the given numeric means and covariance."""
    means, cov = law[0], checked(run, law[1])
    law = (means, cov)

    def again(inner: Interpreter, rest: Sequence[sp.Expr], left: Law, tilt: sp.Expr | None) -> list[Estimate]:
        return gaussian_averages(inner, rest, left, goal)

    deltas = [delta_part(run, body, law, again) for body in bodies]
    smooth = _regular(run, bodies, law, goal)
    return [s if d is None else added([s, d]) for s, d in zip(smooth, deltas, strict=True)]


def checked(run: Interpreter, cov: Sequence[Sequence[Number]]) -> list[list[Number]]:
    """The covariance with variances that rounding left below zero set to zero; raises `AverageError` if one is negative."""
    F = run.field
    size = max((abs(v) for row in cov for v in row), default=F.constant(sp.S.Zero))
    small = 10 * size * F.noise
    out = [list(row) for row in cov]
    for i, row in enumerate(out):
        if row[i] < -small:
            raise AverageError(f"the variance of variable {i} of a Gaussian is {float(row[i]):.6g}; it must not be negative")
        if row[i] <= (small if len(out) > 1 or row[i] <= 0 else 0):
            out[i] = [0 * v for v in row]
            for other in out:
                other[i] = 0 * other[i]
    return out


def _regular(run: Interpreter, bodies: Sequence[sp.Expr], law: Law, goal: Goal) -> list[Estimate]:
    means, cov = law
    scales = _single_source(run, cov)
    if scales is not None:
        return line_averages(run, bodies, means, scales, goal)[0]
    if len(means) == 2 and not any(has_kinks(b) for b in bodies):
        return pair_averages(run, bodies, means, cov, goal)
    if len(means) == 2:
        found = [_kinked(run, b, law, goal) for b in bodies]
        left = [b for b, e in zip(bodies, found, strict=True) if e is None]
        rest = iter(nested_averages(run, left, law, goal) if left else [])
        return [next(rest) if e is None else e for e in found]
    return nested_averages(run, bodies, law, goal)


def _kinked(run: Interpreter, body: sp.Expr, law: Law, goal: Goal) -> Estimate | None:
    def averages(inner: Interpreter, parts: Sequence[sp.Expr], law: Law) -> list[Estimate]:
        return gaussian_averages(inner, parts, law, goal)

    def deltas(inner: Interpreter, parts: Sequence[sp.Expr], law: Law) -> list[Estimate]:
        regular = lambda run, rest, left, tilt: gaussian_averages(run, rest, left, goal)  # noqa: E731
        zero = inner.field.constant(sp.S.Zero)
        return [delta_part(inner, b, law, regular) or Estimate(zero, zero, zero) for b in parts]

    if not has_kinks(body):
        return pair_averages(run, [body], law[0], law[1], goal)[0]
    return kinked_average(run, body, law, goal, averages, deltas)


def _single_source(run: Interpreter, cov: list[list[Number]]) -> list[Number] | None:
    """Scales s with ``cov = s s^T``, if the variables are multiples of one normal variable; else None."""
    F = run.field
    zero = F.constant(sp.S.Zero)
    lead = max(range(len(cov)), key=lambda i: cov[i][i], default=None)
    if lead is None or not cov[lead][lead]:
        return [zero] * len(cov)
    top = F.call("sqrt", cov[lead][lead])
    scales = [cov[i][lead] / top for i in range(len(cov))]
    small = 100 * F.noise
    for i, row in enumerate(cov):
        rest = row[i] - scales[i] * scales[i]
        if rest < -small * row[i]:
            raise AverageError(
                f"the covariance {float(cov[i][lead]):.6g} of two variables exceeds what their variances "
                f"{float(cov[lead][lead]):.6g} and {float(row[i]):.6g} allow"
            )
        if rest > small * row[i]:
            return None
    return scales


def nested_averages(run: Interpreter, bodies: Sequence[sp.Expr], law: Law, goal: Goal) -> list[Estimate]:
    """Outer integral over variable 0, inner averages over the others given its value."""
    F = run.field
    means, cov = law
    if not cov[0][0]:
        order = sorted(range(len(means)), key=lambda i: -cov[i][i])
        return _reordered(run, bodies, law, order, goal)
    s = F.call("sqrt", cov[0][0])
    slopes = [row[0] / cov[0][0] for row in cov[1:]]
    inner_cov = [[cov[k][n] - slopes[k - 1] * cov[n][0] for n in range(1, len(means))] for k in range(1, len(means))]
    inner_bodies = [condition(b, 0) for b in bodies]
    own_line = [s, *(slope * s for slope in slopes)]
    scale_errors: list[Number] = [F.constant(sp.S.Zero)] * len(bodies)

    def at(z: Values) -> list[Values]:
        columns = []
        for value in z if isinstance(z, np.ndarray) else [z]:
            x = means[0] + s * value
            inner = Interpreter(F, run.symbols, run.binder, (*run.frames, (x,)))
            found = _inner(inner, inner_bodies, ([m + k * s * value for m, k in zip(means[1:], slopes)], inner_cov), goal)
            columns.append([e.value for e in found])
            for k, e in enumerate(found):
                scale_errors[k] = max(scale_errors[k], e.error / e.scale if e.scale else e.error)
        return [array(list(row)) for row in zip(*columns, strict=True)]

    # Given variable 0, a kink of variable i sits where its conditional mean crosses it: there the inner average bends fast.
    kinks = kink_positions(run, bodies, means, own_line, goal.reach + 5)
    strip = min(strip_width(run, bodies, means, own_line, lattice_width(goal)), _bend(run, bodies, means, inner_cov, own_line))
    outer = integrate_normal(F, at, goal, kinks, strip)
    return [Estimate(e.value, e.error + e.scale * err, e.scale) for e, err in zip(outer, scale_errors, strict=True)]


def _inner(run: Interpreter, bodies: Sequence[sp.Expr], law: Law, goal: Goal) -> list[Estimate]:
    """Inner averages; a body that vanishes because of a factor of the outer variable alone costs nothing."""
    zero = run.field.constant(sp.S.Zero)
    prefactors = [run(shift(sp.Mul(*(f for f in sp.Mul.make_args(b) if not own(f))), -1, 1)) for b in bodies]
    left = [sp.Mul(*(f for f in sp.Mul.make_args(b) if own(f))) for b, p in zip(bodies, prefactors) if p]
    found = iter(_regular(run, left, law, goal) if left else [])
    out = []
    for p in prefactors:
        e = next(found) if p else Estimate(zero, zero, zero)
        out.append(Estimate(p * e.value, abs(p) * e.error, abs(p) * e.scale))
    return out


def _bend(
    run: Interpreter, bodies: Sequence[sp.Expr], means: Sequence[Number], inner_cov: list[list[Number]], own_line: Sequence[Number]
) -> float:
    """Width in z over which inner averages over kinks vary: conditional spread over slope."""
    width = 1.0
    for body in bodies:
        for token, argument, _ in features(body).applied:
            line = line_of(run, argument, means, own_line) if token.traits.kinks else None
            if line is None or 0 not in own(argument) and not line[1]:
                continue
            spread = max((float(inner_cov[i - 1][i - 1]) for i in own(argument) if i), default=0.0) ** 0.5
            if spread and line[1]:
                width = min(width, spread / abs(float(line[1])))
    # The doubly exponential rules resolve a layer at an end point themselves, down to logarithms of its width.
    return max(width, 0.3)


def _reordered(run: Interpreter, bodies: Sequence[sp.Expr], law: Law, order: list[int], goal: Goal) -> list[Estimate]:
    means, cov = law
    table = {old: Bound(0, new) for new, old in enumerate(order)}
    law = ([means[i] for i in order], [[cov[i][j] for j in order] for i in order])
    return nested_averages(run, [rename(b, table) for b in bodies], law, goal)
