"""The only module that walks under a binder.

A binder (an average, a tilted law, a divided difference) refers to its variables by de Bruijn index: ``Bound(level, i)``
is variable ``i`` of the ``level``-th binder counted outwards. SymPy's own traversals (``xreplace``, ``subs``, ``atoms``,
``cse``) do not know this; used on a body they capture variables, differentiate wrongly, or hoist a bound variable out of
its average. Every traversal of a body therefore goes through the functions below.

A class that binds declares ``binds``: one flag per argument, true where that argument lies under the binder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.core.cache import cacheit


class Bound(sp.Symbol):
    """Variable ``index`` of the ``level``-th enclosing binder. Made by this package only."""

    __slots__ = ("index", "level")

    level: int
    index: int

    def __new__(cls, level: int, index: int = 0) -> Bound:
        return _bound(int(level), int(index))

    def __getnewargs_ex__(self) -> tuple[tuple[int, int], dict[str, Any]]:
        return (self.level, self.index), {}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Bound, (self.level, self.index)


@cacheit
def _bound(level: int, index: int) -> Bound:
    made = sp.Symbol.__xnew__(Bound, f"_b{level}_{index}", real=True)
    made.level, made.index = level, index
    return made


def binds(expr: sp.Basic) -> Sequence[int]:
    """How many binders each argument of ``expr`` lies under (0 or 1), argument by argument."""
    return getattr(expr, "binds", None) or (0,) * len(expr.args)


def walk(expr: sp.Basic, change: Callable[[Bound, int], sp.Basic], level: int = 0) -> sp.Basic:
    """Replace every bound variable ``b`` seen at depth ``level`` by ``change(b, level)``; nodes are rebuilt canonically."""
    if isinstance(expr, Bound):
        return change(expr, level)
    if not expr.args or not mentions_bound(expr):
        return expr
    return expr.func(*(walk(arg, change, level + k) for arg, k in zip(expr.args, binds(expr), strict=True)))


@cacheit
def mentions_bound(expr: sp.Basic) -> bool:
    """True if a bound variable occurs anywhere in ``expr``, dangling or not (cheap test before a walk)."""
    return isinstance(expr, Bound) or any(mentions_bound(arg) for arg in expr.args)


@cacheit
def dangling(expr: sp.Basic) -> frozenset[Bound]:
    """Bound variables of ``expr`` that point out of it, with the levels that they have at its surface."""
    if isinstance(expr, Bound):
        return frozenset((expr,))
    found: set[Bound] = set()
    for arg, k in zip(expr.args, binds(expr), strict=True):
        inner = dangling(arg)
        found |= {Bound(b.level - k, b.index) for b in inner if b.level >= k} if k else inner
    return frozenset(found)


def own(expr: sp.Basic) -> list[int]:
    """Sorted indices of the innermost enclosing binder's variables that occur in ``expr``."""
    return sorted(b.index for b in dangling(expr) if b.level == 0)


def shift(expr: sp.Basic, by: int, start: int = 0) -> sp.Basic:
    """Move dangling variables of level >= ``start`` by ``by`` levels (put an expression under, or take it from, a binder)."""
    if not dangling(expr):
        return expr
    return walk(expr, lambda b, level: Bound(b.level + by, b.index) if b.level >= level else b, start)


def open_body(body: sp.Basic, values: Sequence[sp.Basic]) -> sp.Basic:
    """Take ``body`` out of its binder: variable ``i`` becomes ``values[i]``, variables of outer binders come down a level."""

    def change(b: Bound, level: int) -> sp.Basic:
        if b.level == level:
            return shift(values[b.index], level)
        return Bound(b.level - 1, b.index) if b.level > level else b

    return walk(body, change)


def rename(body: sp.Basic, table: Mapping[int, sp.Basic]) -> sp.Basic:
    """Replace variables of the innermost binder by expressions that live under that same binder."""

    def change(b: Bound, level: int) -> sp.Basic:
        return shift(table[b.index], level) if b.level == level and b.index in table else b

    return walk(body, change)


def dissolve(body: sp.Basic, offset: int) -> sp.Basic:
    """Merge a nested binder into the one around it: its variable ``i`` becomes ``offset + i`` of the outer binder."""

    def change(b: Bound, level: int) -> sp.Basic:
        if b.level == level:
            return Bound(level, offset + b.index)
        return Bound(b.level - 1, b.index) if b.level > level else b

    return walk(body, change)


def close(expr: sp.Basic, variables: Sequence[sp.Basic]) -> sp.Basic:
    """Put ``expr`` under a new binder: the free symbols ``variables`` become its variables 0, 1, ..."""
    table = {v: i for i, v in enumerate(variables)}

    def go(e: sp.Basic, level: int) -> sp.Basic:
        if e in table:
            return Bound(level, table[e])
        if isinstance(e, Bound):
            return Bound(e.level + 1, e.index) if e.level >= level else e
        if not e.args:
            return e
        args = tuple(go(arg, level + k) for arg, k in zip(e.args, binds(e), strict=True))
        return e if args == e.args else e.func(*args)

    return go(expr, 0)


def nodes(expr: sp.Basic, kinds: type | tuple[type, ...], *, inside: bool = False) -> Iterator[sp.Basic]:
    """Outermost sub-expressions of the given classes, left to right; with ``inside``, those within them as well."""
    if isinstance(expr, kinds):
        yield expr
        if not inside:
            return
    for arg in expr.args:
        yield from nodes(arg, kinds, inside=inside)


def replace(expr: sp.Basic, change: Callable[[sp.Basic], sp.Basic | None]) -> sp.Basic:
    """Bottom-up rewrite: ``change(e)`` gives the new ``e`` or None. For rewrites that look only at one node's own arguments.

    ``change`` must leave alone what it has already changed.
    """
    if expr.args:
        args = tuple(replace(arg, change) for arg in expr.args)
        if args != expr.args:
            rebuilt = expr.func(*args)
            if any(binds(expr)) and not isinstance(rebuilt, type(expr)):
                return _each(rebuilt, type(expr), change)
            expr = rebuilt
    new = change(expr)
    return expr if new is None else new


def _each(expr: sp.Basic, kind: type, change: Callable[[sp.Basic], sp.Basic | None]) -> sp.Basic:
    """Apply ``change`` to every binder of the sum or product into which one binder came apart when it was rebuilt."""
    if isinstance(expr, kind):
        new = change(expr)
        return expr if new is None else new
    if isinstance(expr, sp.Add | sp.Mul | sp.Pow):
        return expr.func(*(_each(arg, kind, change) for arg in expr.args))
    return expr


def free_symbols(expr: sp.Basic) -> set[sp.Symbol]:
    """Free symbols of a binder node: those of its parts, with bound variables of outer binders at their level outside."""
    found: set[sp.Symbol] = set()
    for arg, k in zip(expr.args, binds(expr), strict=True):
        found |= {s for s in arg.free_symbols if not isinstance(s, Bound)}
        found |= {Bound(b.level - k, b.index) for b in dangling(arg) if b.level >= k}
    return found


def substitute(expr: sp.Basic, table: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """Replace free symbols by closed expressions, inside bodies and laws too (all replaced at once)."""
    return substitution(table)(expr) if table else expr


def substitution(table: Mapping[sp.Basic, sp.Basic]) -> Callable[[sp.Basic], sp.Basic]:
    """`substitute` for many expressions: what they have in common is done once."""
    keys = set(table)
    done: dict[sp.Basic, sp.Basic] = {}

    def go(e: sp.Basic) -> sp.Basic:
        if e in table:
            return table[e]
        if not e.args:  # of those only a random variable can change, and refuses: its law would stay as it was
            return e.xreplace(dict(table)) if e.free_symbols & keys else e
        if e not in done:
            args = [go(arg) for arg in e.args]
            done[e] = e if all(new is old for new, old in zip(args, e.args, strict=True)) else e.func(*args)
        return done[e]

    return go
