"""A function with kinks, split into smooth pieces at exactly known places."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.functions.elementary.integers import RoundFunction

from meanfield.errors import TransferError
from meanfield.transfer.functions import heaviside0
from meanfield.transfer.token import X
from meanfield.transfer.traits import Kink

__all__ = ["Pieces", "split"]

_SWITCHES = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, heaviside0, sp.Piecewise)
_HOPELESS = (RoundFunction, sp.Mod, sp.DiracDelta, sp.frac)
_HIGHEST_JUMP = 8


@dataclass(frozen=True)
class Pieces:
    """`parts[i]` is phi between `edges[i - 1]` and `edges[i]`; every part is smooth there."""

    parts: tuple[sp.Expr, ...]
    edges: tuple[sp.Expr, ...] = ()

    def joined(self) -> sp.Expr:
        """One expression in `X`; on an edge it takes the value from the left."""
        if not self.edges:
            return self.parts[0]
        *bounded, last = self.parts
        branches = [(part, X <= edge) for part, edge in zip(bounded, self.edges, strict=True)]
        return sp.Piecewise(*branches, (last, True))

    def kinks(self) -> tuple[Kink, ...]:
        """Jumps of phi and of its first derivatives at every edge."""
        found = []
        for i, edge in enumerate(self.edges):
            jumps = {}
            step = self.parts[i + 1] - self.parts[i]
            for order in range(_HIGHEST_JUMP + 1):
                jump = float(step.xreplace({X: edge}).evalf(40, chop=True))
                if abs(jump) > 1e-13:
                    jumps[order] = jump
                step = sp.diff(step, X)
            found.append(Kink(float(edge), jumps))
        return tuple(kink for kink in found if kink.jumps)


def split(expr: sp.Expr) -> Pieces:
    """The pieces of an expression in `X`.

    Raises `TransferError` where kinks exist whose places cannot be found, e.g. those of `Abs(sin(x))`.
    """
    if expr.has(*_HOPELESS):
        raise _undetectable(next(iter(expr.atoms(*_HOPELESS))))
    parts: list[sp.Expr] = []
    edges: list[sp.Expr] = []
    for upper, part in _split_between(expr, -sp.oo, sp.oo):
        if parts and parts[-1] == part:
            edges[-1] = upper
        else:
            parts.append(part)
            edges.append(upper)
    return Pieces(tuple(parts), tuple(edges[:-1]))


def _split_between(expr: sp.Expr, low: sp.Expr, high: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """`[(upper edge, smooth part), ...]` from low to high; the innermost switch is resolved first."""
    switches = [node for node in expr.atoms(*_SWITCHES) if node.has(X)]
    inner = [s for s in switches if not any(s is not t and s.has(t) for t in switches)]
    if not inner:
        return [(high, expr)]
    switch = min(inner, key=sp.default_sort_key)
    roots = {root for level in _levels(switch) for root in _real_roots(level) if low < root < high}
    edges = [low, *sorted(roots, key=float), high]
    found = []
    for a, b in zip(edges, edges[1:], strict=False):
        resolved = expr.xreplace({switch: _branch(switch, _between(a, b))})
        found += _split_between(resolved, a, b)
    return found


def _levels(switch: sp.Expr) -> list[sp.Expr]:
    """Expressions whose zeros are the places where the switch may change its branch."""
    if isinstance(switch, (sp.Max, sp.Min)):
        args = list(switch.args)
        return [a - b for i, a in enumerate(args) for b in args[:i]]
    if isinstance(switch, sp.Piecewise):
        conditions = [condition for _, condition in switch.args]
        relations = set().union(*(c.atoms(sp.core.relational.Relational) for c in conditions))
        return [r.lhs - r.rhs for r in relations if not isinstance(r, (sp.Eq, sp.Ne))]
    return [switch.args[0]]


def _branch(switch: sp.Expr, at: sp.Expr) -> sp.Expr:
    """What the switch equals around the point `at`."""
    here = {X: at}
    if isinstance(switch, (sp.Max, sp.Min)):
        best = max if isinstance(switch, sp.Max) else min
        return best(switch.args, key=lambda arg: arg.xreplace(here).evalf())
    if isinstance(switch, sp.Piecewise):
        return next((e for e, condition in switch.args if condition.xreplace(here) == True), sp.nan)  # noqa: E712
    u = switch.args[0]
    positive = bool(u.xreplace(here).evalf() > 0)
    if isinstance(switch, sp.Abs):
        return u if positive else -u
    return sp.Integer(positive) if not isinstance(switch, sp.sign) else sp.Integer(1 if positive else -1)


def _between(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    if a == -sp.oo and b == sp.oo:
        return sp.Rational(1, 7)
    if a == -sp.oo:
        return b - 1
    return a + 1 if b == sp.oo else (a + b) / 2


def _real_roots(level: sp.Expr) -> list[sp.Expr]:
    if not level.has(X):
        return []
    if level.is_polynomial(X):
        poly = sp.Poly(level, X)
        if poly.degree() == 1:
            a, b = poly.all_coeffs()
            return [-b / a]
        if poly.domain.is_QQ or poly.domain.is_ZZ:
            return list(dict.fromkeys(poly.real_roots()))
        return [sp.re(root) for root in poly.nroots(n=30) if abs(sp.im(root)) < 1e-20]
    found = sp.solveset(level, X, sp.S.Reals)
    if not isinstance(found, sp.FiniteSet) and found is not sp.S.EmptySet:
        raise _undetectable(level)
    return list(found)


def _undetectable(culprit: sp.Expr) -> TransferError:
    return TransferError(
        f"cannot find the kinks that {culprit} makes; declare them: kinks=[Kink(location, {{order: jump of that derivative}}), ...]"
    )
