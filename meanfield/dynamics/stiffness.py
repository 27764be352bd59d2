"""``W = d Delta''/d Delta`` as a function of the delayed covariance: values at many covariances for every point of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import inf

import numpy as np
import sympy as sp

from meanfield.averages import Average
from meanfield.averages.opaque import Closure
from meanfield.averages.passes import closed_forms, explicit
from meanfield.averages.scope import nodes, open_body
from meanfield.compile.group import Array
from meanfield.compile.kernel import late_passes
from meanfield.compile.pair_curve import PairCurve
from meanfield.compile.plan import NODES, Program, replace_nodes, separable, smooth
from meanfield.compile.source import array_names, assignments, function
from meanfield.errors import AverageError
from meanfield.transfer import Applied, Transfer

_X = sp.Symbol("X", real=True)


class Curve:
    """Expressions in a covariance ``at`` and in ``symbols``, evaluated at covariances (P, m) and symbols (P,): (N, P, m)."""

    def __init__(self, exprs: Sequence[sp.Expr], at: sp.Symbol, symbols: Sequence[sp.Symbol]) -> None:
        self.at, self.symbols = at, list(symbols)
        exprs = [_prepared(e, at) for e in exprs]
        found = list(dict.fromkeys(n for e in exprs for n in nodes(e, NODES)))
        moving = [n for n in found if at in n.free_symbols]
        self.fixed = [n for n in found if at not in n.free_symbols]
        self.program = Program(self.fixed, self.symbols) if self.fixed else None
        self.laws: list[tuple[Program, PairCurve]] = []
        names: dict[sp.Basic, sp.Expr] = {n: sp.Symbol(f"fixed{i}", real=True) for i, n in enumerate(self.fixed)}
        moved: list[sp.Basic] = []
        for key, members in _by_law(moving, at).items():
            pairs = PairCurve([_factors(n) for n in members], _X, f"law{len(self.laws)}_")
            self.laws.append((Program([*key, *pairs.parameters], self.symbols), pairs))
            names |= {n: sp.Symbol(f"pair{len(moved) + i}", real=True) for i, n in enumerate(members)}
            moved += members
        written = [explicit(replace_nodes(e, names)) for e in exprs]
        arguments = [at, *self.symbols, *(names[n] for n in self.fixed), *(names[n] for n in moved)]
        common, values = assignments(written, "c_")
        lines = [f"def curve({', '.join(s.name for s in arguments)}):", *(f"    {line}" for line in common)]
        self.function = function("\n".join([*lines, f"    return [{', '.join(values)}]"]), "curve", array_names())

    def __call__(self, at: Array, symbols: Sequence[Array], level: int) -> Array:
        columns = [np.ascontiguousarray(s) for s in symbols]
        fixed = self.program(columns, level) if self.program else []
        moved: list[Array] = []
        for program, pairs in self.laws:
            mean, var, *parameters = program(columns or [np.zeros(len(at))], level)
            mean, var = (np.broadcast_to(v, (len(at),)) for v in (mean, var))
            moved += list(pairs.evaluate(mean, var, at, parameters, level))
        with np.errstate(all="ignore"):
            found = self.function(at, *(c[:, None] for c in (*columns, *fixed)), *moved)
        return np.stack([np.broadcast_to(v, at.shape) for v in found])


def _prepared(expr: sp.Expr, at: sp.Symbol) -> sp.Expr:
    """Closed forms where they leave no average that moves with the covariance; else what every program does."""
    closed = closed_forms(expr)
    moving = [n for n in nodes(closed, NODES) if at in n.free_symbols]
    return closed if not moving else late_passes(expr)


def _by_law(moving: Sequence[sp.Basic], at: sp.Symbol) -> dict[tuple[sp.Expr, sp.Expr], list[Average]]:
    laws: dict[tuple[sp.Expr, sp.Expr], list[Average]] = {}
    for n in moving:
        plain = isinstance(n, Average) and separable(n) is not None and smooth(n) and n.measure.cov[0, 1] == at
        if not plain or at in n.measure.mean[0].free_symbols | n.measure.cov[0, 0].free_symbols:
            raise AverageError(f"as a function of the covariance {at} only averages <f(x) h(y)> over pairs are known, got {n}")
        laws.setdefault((n.measure.mean[0], n.measure.cov[0, 0]), []).append(n)
    return laws


def _factors(node: Average) -> tuple[sp.Expr, sp.Expr]:
    f, h = (open_body(part, [_X, _X]) for part in separable(node) or ())
    return f, h


class Stiffness:
    """W and its derivatives, from the closure ``W(Delta, s_1, ..., s_k)`` that observables carry."""

    def __init__(self, closure: Closure, count: int) -> None:
        self.at = sp.Symbol("Delta", real=True)
        self.symbols = [sp.Symbol(f"s{i}", real=True) for i in range(count)]
        self.expr = closure.applied([self.at, *self.symbols])
        self._curves: dict[bool, Curve] = {}
        tokens = {a.token for a in nodes(self.expr, Applied, inside=True)}
        self.smoothness = min((_smoothness(t) for t in tokens), default=1.0)
        self.even = not any(t.traits.kinks for t in tokens)  # in the root of Delta_0 - Delta

    def _curve(self, slopes: bool) -> Curve:
        if slopes not in self._curves:
            exprs = [self.expr, *(self.expr.diff(s) for s in (self.at, *self.symbols))] if slopes else [self.expr]
            size = sp.Add(*(sp.Abs(t) for t in sp.Add.make_args(sp.expand(self.expr))))
            self._curves[slopes] = Curve([*exprs, size], self.at, self.symbols)
        return self._curves[slopes]

    def __call__(self, at: Array, symbols: Sequence[Array], level: int, *, slopes: bool = False) -> Array:
        """W at covariances (P, m): first axis (W, dW/dDelta, dW/ds_1, ...) with ``slopes``, else (W,); last of all the sum of the
        absolute values of the terms of W, a measure of its rounding."""
        return self._curve(slopes)(at, symbols, level)


def _smoothness(phi: Transfer) -> float:
    """The root of ``Delta_0 - Delta`` at which W begins to feel phi's singularities."""
    traits = phi.traits
    if traits.strip is not None and traits.strip < inf:
        return traits.strip / 2
    return 0.5 / max(traits.imaginary_growth, 0.25) ** 0.5


@lru_cache(maxsize=64)
def stiffness(closure: Closure, count: int) -> Stiffness:
    """The `Stiffness` of a closure in ``count`` symbols, made once."""
    return Stiffness(closure, count)
