"""Products across the kinks of ``max(0, u)^n``, written so that they can be differentiated again and again.

The chain rule makes of ``f(max(0, u))`` products of steps and delta functions at one kink, of which a second derivative holds
``delta^2``. None of these appears if every derivative is put in order first: ``theta^2 = theta``,
``max(0, u) theta(u) = max(0, u)``, and ``h(u) delta(u) = h(0) delta(u)`` for every continuous h.
"""

from __future__ import annotations

import sympy as sp

from meanfield.averages.canonical import expand_shallow
from meanfield.averages.scope import Bound, binds, nodes, own, replace, walk
from meanfield.transfer import Applied, rectified_power


def in_order(body: sp.Expr) -> sp.Expr:
    """``body`` with at most one step at each kink in a product, and with what multiplies a delta function taken at its kink.

    Derivatives of delta functions keep their factors, and so do kinks of functions other than the rectified powers.
    """
    if not any(rectified_power(a.token) is not None for a in nodes(body, Applied, inside=True)):
        return body
    return sp.Add(*(_term(part) for term in sp.Add.make_args(body) for part in sp.Add.make_args(expand_shallow(term))))


def _term(term: sp.Expr) -> sp.Expr:
    factors = list(sp.Mul.make_args(term))
    steps = {u: [f for f in factors if _kind(f, u) == 0] for u in _arguments(factors)}
    for u, at_kink in steps.items():
        if any(_kind(f, -u) in (0, 1) for f in factors) and (at_kink or any(_kind(f, u) == 1 for f in factors)):
            return sp.S.Zero  # one of them vanishes on either side
        covered = any(_kind(f, u) == 1 for f in factors)
        for k, step in enumerate(at_kink):
            base, power = step.as_base_exp()
            height = sp.factorial(rectified_power(base.token))
            factors[factors.index(step)] = height**power if covered or k else height ** (power - 1) * base
    for u in steps:
        deltas = [f for f in factors if _kind(f, u) == -1]
        if len(deltas) == 1:
            return _at_kink(deltas[0], u, factors)
    return sp.Mul(*factors)


def _at_kink(delta: sp.Expr, u: sp.Expr, factors: list[sp.Expr]) -> sp.Expr:
    """``h(u) delta(u) = h(0) delta(u)``, and a step counts half there."""
    place = _kink(u)
    rest: list[sp.Expr] = []
    for f in factors:
        if f is delta:
            continue
        if _kind(f, u) == 0:
            rest.append(sp.factorial(rectified_power(f.as_base_exp()[0].token)) / 2)
        elif place is None or _binds(f) or _jumps_at(f, u):
            return sp.Mul(*factors)
        else:
            rest.append(_numbers(walk(f, lambda b, level: place.get(b, b))))
    return sp.Mul(*rest) * delta


def _arguments(factors: list[sp.Expr]) -> list[sp.Expr]:
    """Arguments of the rectified powers that are factors, without repetition."""
    bases = (f.as_base_exp()[0] for f in factors)
    return list(dict.fromkeys(b.argument for b in bases if isinstance(b, Applied) and rectified_power(b.token) is not None))


def _kind(factor: sp.Expr, u: sp.Expr) -> int | None:
    """Of a power of ``phi^(k)(u)``: 1 if it is continuous and vanishes on one side, 0 a step, -1 a delta function; else None."""
    base, power = factor.as_base_exp()
    if not (isinstance(base, Applied) and base.argument == u and power.is_Integer and power > 0):
        return None
    n = rectified_power(base.token)
    if n is None or base.order > n + 1 or (base.order == n + 1 and power != 1):
        return None
    return (base.order < n) - (base.order > n)


def _jumps_at(expr: sp.Expr, u: sp.Expr) -> bool:
    """Whether something inside ``expr`` jumps, or worse, where u vanishes (of kinks elsewhere, those of other arguments)."""
    for a in nodes(expr, Applied):
        n = rectified_power(a.token)
        if a.argument in (u, -u) and (n is None or a.order >= n) and a.token.traits.kinks:
            return True
        if n is None and a.token.traits.kinks and a.order >= 1:
            return True
    return False


def _kink(u: sp.Expr) -> dict[Bound, sp.Expr] | None:
    """Where ``u = c b + d`` vanishes, if it is affine in one variable of the innermost binder."""
    at = own(u)
    if len(at) != 1 or _binds(u):
        return None
    variable = Bound(0, at[0])
    slope = sp.diff(u, variable)
    return None if slope == 0 or own(slope) else {variable: sp.expand(variable - u / slope)}


def _binds(expr: sp.Expr) -> bool:
    """Whether ``expr`` holds a binder of its own."""
    return any(any(binds(node)) for node in sp.preorder_traversal(expr))


def _numbers(expr: sp.Expr) -> sp.Expr:
    """Transfer functions of numbers have their values: they may be the zero that makes a product vanish. Steps of parameters are
    written so that one of ``theta(K)`` and ``theta(-K)`` is 1 even at K = 0, where two kinks meet: the limit is left."""

    def change(e: sp.Basic) -> sp.Expr | None:
        if not isinstance(e, Applied):
            return None
        if e.argument.is_number:
            return e.explicit()
        n = rectified_power(e.token)
        if n == e.order and not own(e.argument) and e.argument.could_extract_minus_sign():
            return sp.factorial(n) - Applied(e.token, e.order, -e.argument)
        return None

    return replace(expr, change)
