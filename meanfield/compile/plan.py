"""From expressions with averages to groups and one scalar program.

Level one: every average becomes a symbol, and the averages over one law become a group that is evaluated in one go. Level
two: what is left is ordinary scalar algebra, in which common-sub-expression elimination is legal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import Average, DividedDifference, Empirical, Gaussian, LogNorm, Tilted, Uniform
from meanfield.averages.opaque import seal
from meanfield.averages.passes import explicit
from meanfield.averages.scope import Bound, dangling, nodes, open_body, own
from meanfield.compile.convergence import refuse_divergent
from meanfield.compile.group import FINE, TIGHT, WORKING, Array, Checks, Group
from meanfield.compile.names import unclashing
from meanfield.compile.pair_kinks import pair_kink_terms
from meanfield.compile.source import FLOAT_NAMES, array_names, assignments, code, function, opaque_names
from meanfield.transfer import Applied

Node = Average | LogNorm | DividedDifference
NODES = (Average, LogNorm, DividedDifference)


def replace_nodes(expr: sp.Basic, table: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """``expr`` with averages exchanged for scalar expressions."""
    if isinstance(expr, NODES):
        return table.get(expr, expr)
    if not expr.args:
        return expr
    args = [replace_nodes(a, table) for a in expr.args]
    return expr if tuple(args) == expr.args else expr.func(*args)


def has_dangling_nodes(expr: sp.Basic) -> bool:
    """True if an average inside ``expr`` depends on a variable bound outside it."""
    return any(dangling(n) for n in nodes(expr, NODES, inside=True))


class Plan:
    """Groups in the order in which they must run, and ``exprs`` with averages replaced by the groups' outputs.

    inputs: the symbols that the caller supplies (unknowns and parameters, in order). join: averages over one variable may go
    with those over a pair of such variables. series: pairs of functions with kinks may be done by series; divided differences
    are else over covariances close to each other (if ``near``) or anywhere.
    """

    def __init__(
        self, exprs: Sequence[sp.Expr], inputs: Sequence[sp.Symbol], join: bool = True, series: bool = True, near: bool = False
    ) -> None:
        self.series, self.near = series, near
        self.symbols = list(inputs)
        self.groups: list[Group] = []
        self.values: dict[sp.Basic, sp.Expr] = {}
        self._open: set[Any] = set()
        self._members: dict[Any, list[sp.Basic]] = {}
        for e in exprs:
            for node in nodes(e, NODES, inside=True):
                if isinstance(node, Average):
                    refuse_divergent(node)
                if not dangling(node):
                    members = self._members.setdefault(self._key(node), [])
                    if node not in members:
                        members.append(node)
        if join:
            self._join_pairs()
        for key in list(self._members):
            self._visit(key)
        self.exprs = [explicit(seal(self.scalar(e))) for e in exprs]  # phi at plain arguments, such as phi'(0)

    def scalar(self, e: sp.Basic) -> sp.Basic:
        return replace_nodes(e, self.values)

    def _key(self, node: sp.Basic) -> Any:
        if isinstance(node, LogNorm):
            return ("tilted", node.measure)
        if isinstance(node, DividedDifference):
            pair = pair_of(node)
            if pair is None or not (smooth(pair) or self._by_series(pair)):
                return ("segment", frozenset(node.points), self.near)
            return ("pair" if smooth(pair) else "kinked pair", pair.measure.mean[0], pair.measure.cov[0, 0])
        law = node.measure
        if isinstance(law, Tilted):
            return ("tilted", law) if not has_dangling_nodes(node.body) else ("nested", node)
        if isinstance(law, Uniform):
            return ("uniform",) if not any(k[0] == "uniform" for k in self._open) else ("nested", node)
        if isinstance(law, Empirical):
            return ("data", law.name)
        if not isinstance(law, Gaussian):
            raise TypeError(f"{node} is over a law that is still open; bind it to data or to a tilted law first")
        if has_dangling_nodes(node.body):
            return ("nested", node)
        if law.dimension == 1:
            return ("law", law.mean[0], law.cov[0, 0])
        if law.dimension == 2 and not smooth(node):
            return ("kinked pair", law.mean[0], law.cov[0, 0]) if self._by_series(node) else ("kinked", law)
        if separable(node) is not None:
            return ("pair", law.mean[0], law.cov[0, 0])
        return ("general", law)

    def _by_series(self, node: Average) -> bool:
        """Whether an average of functions with kinks is one of transfer functions of either variable of a pair, without closed
        forms (which are cheaper in a divided difference)."""
        parts = separable(node) if self.series else None
        return parts is not None and all(
            isinstance(f, Applied) and isinstance(f.argument, Bound) and not f.token.traits.closed2 for f in parts
        )

    def _join_pairs(self) -> None:
        """Averages of plain products of transfer functions, over the law that both members of a pair have, go with the pair."""
        for key in [k for k in self._members if k[0] == "law" and ("pair", *k[1:]) in self._members]:
            joined = [m for m in self._members[key] if _plain_product(m)]
            self._members["pair", *key[1:]] += joined
            self._members[key] = [m for m in self._members[key] if m not in joined]

    def _visit(self, key: Any) -> None:
        members = [m for m in self._members[key] if m not in self.values]
        if not members:
            return
        self._open.add(key)
        for member in members:
            beside = (pair_kink_terms(member),) if key[0] == "kinked" else ()
            for inner in [n for a in (*member.args, *beside) for n in nodes(a, NODES, inside=True)]:
                if dangling(inner) or inner in self.values:
                    continue
                inner_key = self._key(inner)
                if inner_key in self._open:  # an average over a law inside another over the same law
                    inner_key = ("again", inner)
                    self._members[inner_key] = [inner]
                self._members.setdefault(inner_key, [inner])
                if inner not in self._members[inner_key]:
                    self._members[inner_key].append(inner)
                self._visit(inner_key)
        self._open.discard(key)
        self._build(self._key(members[0]) if key[0] == "again" else key, members)

    def _build(self, key: Any, members: list[sp.Basic]) -> None:
        from meanfield.compile.build import build_group

        group, values = build_group(key, members, self.scalar, f"A{len(self.groups)}_", self.symbols)
        self.groups.append(group)
        self.values.update(values)


def pair_of(node: DividedDifference) -> Average | None:
    """The pair average whose divided difference in the covariance ``node`` is, if it is one that a pair group can do."""
    body = node.body
    if not (isinstance(body, Average) and isinstance(body.measure, Gaussian) and body.measure.dimension == 2):
        return None
    law = body.measure
    fits = law.cov[0, 1] == Bound(0, 0) and not own(law.cov[0, 0]) and not own(law.mean[0])
    return body if fits and separable(body) is not None else None


def separable(node: Average) -> tuple[sp.Expr, sp.Expr] | None:
    """``(f, g)`` under the node's binder if the body is f(u) g(v) and u, v have equal means and variances."""
    law = node.measure
    if law.dimension != 2 or law.mean[0] != law.mean[1] or law.cov[0, 0] != law.cov[1, 1] or has_dangling_nodes(node.body):
        return None
    parts: list[list[sp.Expr]] = [[], []]
    for factor in sp.Mul.make_args(node.body):
        seen = own(factor)
        if len(seen) != 1:
            return None
        parts[seen[0]].append(factor)
    return sp.Mul(*parts[0]), sp.Mul(*parts[1])


def smooth(node: Average) -> bool:
    """True if no transfer function in the body has a kink."""
    return not any(a.args[0].traits.kinks for a in nodes(node.body, Applied, inside=True))


def _plain_product(node: sp.Basic) -> bool:
    factors = [f.as_base_exp() for f in sp.Mul.make_args(node.args[0])]
    plain = all(isinstance(b, Applied) and not b.args[2].args and p.is_Integer and p > 0 for b, p in factors)
    return plain and smooth(node)


Evaluate = Callable[[int, list[Array]], list[Array]]  # which group, and its inputs


@dataclass(frozen=True)
class Twice:
    """Values (P, E) of the expressions by the FINE rules and by coarser ones; group by group, bounds on the rounding of the fine
    averages, and the averages (P,) by both."""

    fine: Array
    coarse: Array
    rounding: list[list[Array]]
    finer: list[list[Array]]
    coarser: list[list[Array]]


class Program:
    """``run(*inputs, level) -> list`` of values of expressions, batched.

    inputs: arrays (P,) for the symbols, in order. One point is evaluated with floats outside the groups.
    """

    def __init__(self, exprs: Sequence[sp.Expr], inputs: Sequence[sp.Symbol], join: bool = True, **ways: bool) -> None:
        """join and ``ways``: see `Plan`."""
        exprs, self.inputs = unclashing(exprs, inputs)
        self.plan = Plan(exprs, self.inputs, join, **ways)
        self.functions: dict[bool, Callable[..., Any]] = {}

    def _source(self) -> str:
        lines = [f"def program({', '.join([s.name for s in self.inputs] + ['run'])}):"]
        for i, group in enumerate(self.plan.groups):
            common, values = assignments([explicit(e) for e in group.inputs], f"c{i}_")
            lines += [f"    {line}" for line in common]
            left = ", ".join(s.name for s in group.outputs)
            call = f"run({i}, [{', '.join(values)}])"
            lines.append(f"    {left}, = {call}" if group.outputs else f"    {call}")
        common, values = assignments(self.plan.exprs, "d_")
        lines += [f"    {line}" for line in common]
        lines.append(f"    return [{', '.join(values)}]")
        return "\n".join(lines)

    def _function(self, floats: bool) -> Callable[..., Any]:
        if floats not in self.functions:
            names = FLOAT_NAMES if floats else array_names()
            known = (
                {**array_names(), **names, **opaque_names(self.plan.exprs)}
                if floats
                else {**names, **opaque_names(self.plan.exprs)}
            )
            self.functions[floats] = function(self._source(), "program", known)
        return self.functions[floats]

    def __call__(self, columns: Sequence[Array], level: int = WORKING) -> list[Array]:
        size = _size(columns)
        if size == 0:
            return [np.zeros(0) for _ in self.plan.exprs]
        return _filled(self._results(columns, size, self._at(level), level), size)

    def table(self, columns: Sequence[Array], level: int = WORKING) -> Array:
        """The same values as one array (P, number of expressions)."""
        size = _size(columns)
        if size == 1:
            results = self._results(columns, size, self._at(level), level)
            return np.array([[r.item(0) if isinstance(r, np.ndarray) else float(r) for r in results]])
        return np.stack(self(columns, level)).T

    def twice(self, columns: Sequence[Array], known: Array | None = None) -> Twice:
        """Values by the FINE rules and by coarser ones, with what there is to compare. known: those by the coarser ones (P, E)."""
        size, groups = _size(columns), self.plan.groups
        checks = [Checks() for _ in groups]
        finer: list[list[Array]] = [[] for _ in groups]
        coarser: list[list[Array]] = [[] for _ in groups]

        def finely(i: int, arrays: list[Array]) -> list[Array]:
            checks[i] = Checks()
            finer[i] = groups[i].evaluate(arrays, FINE, checks[i])
            return finer[i]

        def coarsely(i: int, arrays: list[Array]) -> list[Array]:
            known = checks[i].coarse if self._independent[i] else []
            coarser[i] = known or groups[i].evaluate(arrays, TIGHT)
            return coarser[i]

        ways = (finely,) if known is not None else (finely, coarsely)
        fine, *coarse = (np.stack(_filled(self._results(columns, size, by), size), axis=1) for by in ways)
        rounding = [c.rounding for c in checks]
        return Twice(fine, coarse[0], rounding, finer, coarser) if known is None else Twice(fine, known, rounding, finer, finer)

    def with_rounding(self, columns: Sequence[Array], level: int) -> tuple[list[Array], Array]:
        """Values, and the sum (P,) of the bounds on the rounding of all averages that they are made of."""
        noise: list[Array] = []

        def evaluate(i: int, arrays: list[Array]) -> list[Array]:
            checks = Checks()
            found = self.plan.groups[i].evaluate(arrays, level, checks)
            noise.extend(checks.rounding)
            return found

        size = _size(columns)
        values = _filled(self._results(columns, size, evaluate), size)
        return values, np.sum(noise, axis=0)

    @cached_property
    def _independent(self) -> list[bool]:
        """Whether a group depends on no other."""
        outputs = {s for group in self.plan.groups for s in group.outputs}
        return [not any(e.free_symbols & outputs for e in group.inputs) for group in self.plan.groups]

    def _at(self, level: int) -> Evaluate:
        return lambda i, arrays: self.plan.groups[i].evaluate(arrays, level)

    def _results(self, columns: Sequence[Array], size: int, evaluate: Evaluate, level: int | None = None) -> list[Any]:
        """level: where nothing but the values is wanted, so that groups which can do one point in numbers do so."""
        floats = size == 1

        def run(i: int, values: list[Any]) -> list[Any]:
            if floats and level is not None and (one := getattr(self.plan.groups[i], "evaluate_one", None)) is not None:
                return list(one([float(v) for v in values], level))
            if floats:
                return [o.item() for o in evaluate(i, [np.array([v], dtype=float) for v in values])]
            return evaluate(i, [np.full(size, v, dtype=float) if np.ndim(v) == 0 else v for v in values])

        arguments = [c.item(0) if isinstance(c, np.ndarray) else float(c) for c in columns] if floats else list(columns)
        try:
            with np.errstate(all="ignore"):
                results = self._function(floats)(*arguments, run)
        except (ZeroDivisionError, OverflowError):
            results = self._again_as_arrays(columns, run)
        return list(results)

    def _again_as_arrays(self, columns: Sequence[Array], run: Callable[[int, list[Any]], list[Any]]) -> list[Any]:
        """Floats raise where arrays give inf or nan; the arrays' answer is the one that a batch would have had."""

        def as_arrays(i: int, values: list[Any]) -> list[Any]:
            return [np.asarray([o]) for o in run(i, [float(np.ravel(v)[0]) for v in values])]

        with np.errstate(all="ignore"):
            return self._function(False)(*[np.ravel(np.asarray(c, dtype=float)) for c in columns], as_arrays)


def _filled(results: Sequence[Any], size: int) -> list[Array]:
    return [np.full(size, r, dtype=float) if np.ndim(r) == 0 else r for r in results]


def _size(columns: Sequence[Array]) -> int:
    return min((np.size(c) for c in columns), default=1)


__all__ = ["NODES", "Plan", "Program", "code", "open_body", "pair_of", "replace_nodes", "separable"]
