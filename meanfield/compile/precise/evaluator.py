"""One evaluation at one precision: binder nodes grouped by the numbers of their law, then the scalar algebra around them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.divided_difference import DividedDifference
from meanfield.averages.log_norm import LogNorm
from meanfield.averages.measures import Empirical, Functional, Gaussian, Tilted, Uniform
from meanfield.averages.node import Average
from meanfield.averages.scope import Bound, dangling, nodes
from meanfield.compile.precise.divided import combination, derivative, point_symbol
from meanfield.compile.precise.engine import Estimate, Goal, unit_interval
from meanfield.compile.precise.field import Field, Number, Values, array
from meanfield.compile.precise.interpret import Frames, Interpreter, data_name
from meanfield.compile.precise.line import added, line_averages
from meanfield.compile.precise.nested import checked, gaussian_averages
from meanfield.compile.precise.singular import Law, delta_part
from meanfield.errors import AverageError, ParameterError

BINDERS = (Average, LogNorm, DividedDifference)


class Evaluator:
    """Evaluates expressions at the precision of ``field``, averages to ``goal``, closed nodes only once.

    values: numbers of the free symbols. data: samples of `Empirical` laws by name.
    """

    def __init__(
        self, field: Field, goal: Goal, values: Mapping[sp.Symbol, Any], data: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self.field, self.goal, self.data = field, goal, dict(data or {})
        self.symbols: dict[sp.Symbol, Number] = {}
        for symbol, value in values.items():
            try:
                self.symbols[symbol] = field.number(value)
            except ParameterError as error:
                raise ParameterError(f"{symbol}: {error}") from error
        self.found: dict[sp.Expr, Estimate] = {}
        self._points = 0

    def values(self, exprs: Sequence[sp.Expr]) -> list[Estimate]:
        """Values with claimed errors: those of the averages through the scalar algebra, and rounding."""
        self.prepare(exprs)
        return [self._propagated(e) for e in exprs]

    def prepare(self, exprs: Sequence[sp.Expr]) -> None:
        """Evaluate all closed binder nodes of ``exprs``, those with numerically equal laws together."""
        fresh = dict.fromkeys(n for e in exprs for n in nodes(e, BINDERS) if n not in self.found and not dangling(n))
        combined = {n: self._combine(n) for n in fresh if isinstance(n, DividedDifference)}
        parts = [n for _, exprs_of in combined.values() for e in exprs_of for n in nodes(e, BINDERS)]
        averages = dict.fromkeys([*(n for n in fresh if n not in combined), *parts])
        for members in self._groups([n for n in averages if n not in self.found]):
            for node, estimate in zip(members, self._group(members, ()), strict=True):
                self.found[node] = estimate
        for node, (weights, exprs_of) in combined.items():
            terms = self.values(exprs_of)
            scaled = [Estimate(t.value * w, t.error * abs(w), t.scale * abs(w)) for t, w in zip(terms, weights[:-1], strict=False)]
            total = added(scaled)
            if len(exprs_of) > len(scaled):  # the first neglected term of a series
                total.error += abs(terms[-1].value * weights[-1])
            self.found[node] = total

    def _groups(self, members: Sequence[sp.Expr]) -> Iterator[list[sp.Expr]]:
        groups: dict[Any, list[sp.Expr]] = {}
        for node in members:
            groups.setdefault(self._law_key(node), []).append(node)
        yield from groups.values()

    def _law_key(self, node: sp.Expr) -> Any:
        if isinstance(node.measure, Gaussian):
            means, cov = self._law(node.measure, ())
            return (*means, *(v for row in cov for v in row))
        return node.measure if isinstance(node.measure, Tilted | Empirical) else node

    def _law(self, law: Gaussian, frames: Frames) -> Law:
        run = self.interpreter(frames)
        n = law.dimension
        return [run(m) for m in law.mean], [[run(law.cov[i, j]) for j in range(n)] for i in range(n)]

    def interpreter(self, frames: Frames = ()) -> Interpreter:
        return Interpreter(self.field, self.symbols, self._binder, frames)

    def _combine(self, node: DividedDifference) -> tuple[list[Number], list[sp.Expr]]:
        """Weights and expressions whose combination is the divided difference, and last the first neglected term, if any.

        The list of weights always has one entry more than terms are summed.
        """
        run = self.interpreter()
        plan = combination(self.field, [run(p) for p in node.points], self.goal.digits)
        symbols = []
        for point in plan.points:
            symbols.append(point_symbol(self._points))
            self.symbols[symbols[-1]] = point
            self._points += 1
        terms = [*plan.terms, *([plan.neglected] if plan.neglected else [])]
        weights = [t.weight for t in terms]
        exprs = [derivative(node.body, t.order, symbols[t.point]) for t in terms]
        return (weights if plan.neglected else [*weights, self.field.number(0)]), exprs

    def _binder(self, node: sp.Expr, frames: Frames) -> Values:
        """A binder node met during evaluation: at the current frames, for each node if they hold arrays."""
        seen = dangling(node)
        if not seen:
            if node not in self.found:
                self.prepare([node])
            return self.found[node].value
        size = {frames[-1 - b.level][b.index].size for b in seen if isinstance(frames[-1 - b.level][b.index], np.ndarray)}
        if not size:
            return self._open(node, frames)
        picked = lambda k: tuple(tuple(v[k] if isinstance(v, np.ndarray) else v for v in f) for f in frames)  # noqa: E731
        return array([self._open(node, picked(k)) for k in range(size.pop())])

    def _open(self, node: sp.Expr, frames: Frames) -> Number:
        if isinstance(node, DividedDifference):
            return self._open_difference(node, frames)
        return self._group([node], frames)[0].value

    def _open_difference(self, node: DividedDifference, frames: Frames) -> Number:
        run = self.interpreter(frames)
        plan = combination(self.field, [run(p) for p in node.points], self.goal.digits)
        total = self.field.number(0)
        for term in plan.terms:
            body = node.body
            for _ in range(term.order):
                body = body.diff(_FIRST)
            total += term.weight * self.interpreter((*frames, (plan.points[term.point],)))(body)
        return total

    def _group(self, members: Sequence[sp.Expr], frames: Frames) -> list[Estimate]:
        """Values of binder nodes with one law."""
        measure = members[0].measure
        run = self.interpreter(frames)
        if isinstance(measure, Gaussian):
            return gaussian_averages(run, [n.body for n in members], self._law(measure, frames), self.goal)
        if isinstance(measure, Tilted):
            return self._tilted(run, members, measure, frames)
        (node,) = members if isinstance(measure, Uniform) else (None,)
        if node is not None:
            here = lambda s: [_spread(self.interpreter((*frames, (s,)))(node.body), s)]  # noqa: E731
            return unit_interval(self.field, here, self.goal)
        if isinstance(measure, Empirical):
            return self._sample_means(members, measure, frames)
        if isinstance(measure, Functional):
            raise AverageError(f"the law {measure.name!r} is not bound; use bind_functional to give it data or a density")
        raise AverageError(f"no rule for averages over {type(measure).__name__}")

    def _tilted(self, run: Interpreter, members: Sequence[sp.Expr], measure: Tilted, frames: Frames) -> list[Estimate]:
        F = self.field
        means, cov = self._law(measure.base, frames)
        cov = checked(run, cov)
        bodies = [n.body for n in members if isinstance(n, Average)]
        scale = F.call("sqrt", cov[0][0])
        found, norm = line_averages(run, bodies, means, [scale], self.goal, measure.log_tilt)
        deltas = [delta_part(run, b, (means, cov), self._rest_of_tilted, measure.log_tilt) for b in bodies]
        averages = iter(
            e if d is None else added([e, Estimate(d.value / norm.value, d.error / norm.value, d.scale / norm.value)])
            for e, d in zip(found, deltas, strict=True)
        )
        log_norm = Estimate(F.call("log", norm.value), norm.error / norm.value, F.number(1))
        return [log_norm if isinstance(n, LogNorm) else next(averages) for n in members]

    def _rest_of_tilted(self, run: Interpreter, bodies: Sequence[sp.Expr], law: Law, tilt: sp.Expr | None) -> list[Estimate]:
        return gaussian_averages(run, bodies, law, self.goal)

    def _sample_means(self, members: Sequence[sp.Expr], measure: Empirical, frames: Frames) -> list[Estimate]:
        name = data_name(measure)
        if name not in self.data:
            raise ParameterError(f"no data under the name {name!r}; got {sorted(self.data) or 'none'}")
        sample = array([self.field.number(v) for v in self.data[name]])
        run = self.interpreter((*frames, (sample,)))
        out = []
        for node in members:
            values = _spread(run(node.body), sample)
            mean, size = np.sum(values) / len(values), np.sum(abs(values)) / len(values)
            out.append(Estimate(mean, size * self.field.noise, size))
        return out

    def _propagated(self, expr: sp.Expr) -> Estimate:
        """Value of ``expr``; its error is the sum of the changes that each average's own error makes."""
        F = self.field
        run = self.interpreter()
        value = run(expr)
        error = F.power_of_ten(run.peak + 2 - 0.301 * F.bits)
        for node in dict.fromkeys(nodes(expr, BINDERS)):
            kept = self.found[node]
            if node == expr:
                return Estimate(value, kept.error + error, kept.scale)
            self.found[node] = Estimate(kept.value + kept.error, kept.error, kept.scale)
            error += abs(self.interpreter()(expr) - value)
            self.found[node] = kept
        if F.is_nan(value):
            raise ParameterError(f"{expr} is not a real number at these values")
        return Estimate(value, error, abs(value))


_FIRST = Bound(0, 0)


def _spread(value: Values, like: np.ndarray) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else np.full(like.shape, value, dtype=object)


def bits_for(digits: float) -> int:
    """Binary digits of the arithmetic for averages of ``digits`` digits: room for a sum of a million roundings."""
    return math.ceil((digits + 9) / math.log10(2))
