"""The always-canonical form of a Gaussian average: rewrites that are true for every transfer function.

Linearity; powers of nested averages become replicas (``int Dz [int Dx phi(mu + sqrt(Delta_0 - Delta_inf) x +
sqrt(Delta_inf) z)]^2`` *is* the pair ``<phi(x) phi(y)>`` with covariance Delta_inf, no root survives); affine arguments
become the joint law; coinciding, deterministic and independent variables collapse; equal variables are exchanged into one
order. Rewrites that depend on phi (parity, closed forms) are named passes and never happen here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import sympy as sp

from meanfield.averages.measures import Gaussian
from meanfield.averages.scope import Bound, dangling, dissolve, mentions_bound, own, rename, shift
from meanfield.transfer import Applied

_MAX_PERMUTED = 5  # 120 orders; more variables than that keep the order in which they came


def canonical_gaussian(
    body: sp.Expr,
    law: Gaussian,
    make: Callable[[sp.Expr, Gaussian], sp.Expr],
    nested: Callable[[sp.Expr], tuple[sp.Expr, Gaussian] | None],
) -> sp.Expr:
    """Canonical form of ``<body>_law``.

    ``make(body, law)`` builds the node once nothing is left to rewrite; ``nested(e)`` gives body and law of ``e`` if it is a
    Gaussian average, else None (both are handed in by the node's own module, which would otherwise be imported in a circle).
    """

    def go(body: sp.Expr, law: Gaussian) -> sp.Expr:
        if not own(body):
            return shift(body, -1, 1)
        body = expand_shallow(body)
        if body.is_Add:
            return sp.Add(*(go(term, law) for term in body.args))
        free, dependent = split_factors(body)
        if free is not sp.S.One:
            return shift(free, -1, 1) * go(dependent, law)
        for rewrite in (merge_nested, merge_affine, drop_degenerate):
            new = rewrite(dependent, law)
            if new is not None:
                return go(*new)
        parts = independent_parts(dependent, law)
        if len(parts) > 1:
            return sp.Mul(*(go(part, law) for part in parts))
        return make(*canonical_order(dependent, law))

    def merge_nested(body: sp.Expr, law: Gaussian) -> tuple[sp.Expr, Gaussian] | None:
        for factor in sp.Mul.make_args(body):
            base, power = factor.as_base_exp()
            inner = nested(base)
            if inner is None or not (power.is_Integer and power > 0) or mentions_own(inner[1].cov):
                continue
            if all(is_affine(m) for m in inner[1].mean):
                return replicate(body / factor, law, inner, int(power))
        return None

    return go(body, law)


def mentions_own(expr: sp.Basic) -> bool:
    """True if ``expr`` contains a variable of the innermost binder around it."""
    return any(b.level == 0 for b in dangling(expr))


def expand_shallow(body: sp.Expr) -> sp.Expr:
    """Multiply out sums and integer powers of sums at the top of ``body``, and nothing inside functions."""
    if not (body.is_Mul or body.is_Pow):
        return body
    factors = []
    for factor in sp.Mul.make_args(body):
        base, power = factor.as_base_exp()
        is_power_of_sum = base.is_Add and power.is_Integer and power > 1
        factors.append(sp.expand_multinomial(factor, deep=False) if is_power_of_sum else factor)
    if not any(f.is_Add for f in factors):
        return body
    terms = [sp.Mul(*choice) for choice in itertools.product(*(sp.Add.make_args(f) for f in factors))]
    return sp.Add(*(expand_shallow(t) for t in terms))


def split_factors(body: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``body`` as (product of the factors free of this binder's variables) * (the rest)."""
    free: list[sp.Expr] = []
    dependent: list[sp.Expr] = []
    for factor in sp.Mul.make_args(body):
        (dependent if own(factor) else free).append(factor)
    return sp.Mul(*free), sp.Mul(*dependent)


def slope(expr: sp.Expr, i: int) -> sp.Expr:
    return expr.diff(Bound(0, i))


def is_affine(expr: sp.Expr) -> bool:
    """True if ``expr`` is affine in this binder's variables."""
    return all(not mentions_own(slope(expr, i)) for i in own(expr))


def replicate(body: sp.Expr, law: Gaussian, inner: tuple[sp.Expr, Gaussian], power: int) -> tuple[sp.Expr, Gaussian]:
    """Replace the factor ``<inner>^power`` by independent copies of its variables, joined to the outer law.

    Given the outer variables ``b`` the inner ones have mean ``A b + const`` and covariance ``K``, so together they have
    covariance ``[[C, C A^T], [A C, A C A^T + K]]``; copies share only what comes through ``b``.
    """
    inner_body, inner_law = inner
    size = law.dimension
    mean, cov = list(law.mean), sp.Matrix(law.cov)
    for _ in range(power):
        have = len(mean)
        coupling = sp.Matrix(inner_law.dimension, have, lambda a, b: slope(inner_law.mean[a], b) if b < size else 0)
        coupling = coupling.applyfunc(lambda e: shift(e, -1, 1))
        at_mean = {i: shift(m, 1) for i, m in enumerate(law.mean)}
        mean += [shift(rename(m, at_mean), -1, 1) for m in inner_law.mean]
        inner_cov = sp.Matrix(inner_law.cov).applyfunc(lambda e: shift(e, -1, 1))
        cross = cov * coupling.T
        cov = sp.Matrix(sp.BlockMatrix([[cov, cross], [cross.T, coupling * cross + inner_cov]]).as_explicit())
        body = body * dissolve(inner_body, have)
    return body, Gaussian(mean, cov)


def merge_affine(body: sp.Expr, law: Gaussian) -> tuple[sp.Expr, Gaussian] | None:
    """Make affine arguments of transfer functions the variables themselves, where that needs no more variables than before."""
    heads = collect_heads(body)
    variables = own(body)
    if heads is None or len(heads) > len(variables) or all(isinstance(h, Bound) for h in heads):
        return None
    if not all(is_affine(h) for h in heads):
        return None
    order = sorted(heads, key=sp.default_sort_key)
    place = {h: Bound(0, k) for k, h in enumerate(order)}
    jacobian = sp.Matrix([[shift(slope(h, i), -1, 1) for i in range(law.dimension)] for h in order])
    at_mean = {i: shift(m, 1) for i, m in enumerate(law.mean)}
    mean = [sp.expand(shift(rename(h, at_mean), -1, 1)) for h in order]
    return put_heads(body, place), Gaussian(mean, jacobian * law.cov * jacobian.T)


def collect_heads(body: sp.Expr) -> set[sp.Expr] | None:
    """Expressions through which ``body`` sees this binder's variables; None if it holds another binder that sees them."""
    heads: set[sp.Expr] = set()

    def visit(e: sp.Basic) -> bool:
        if not mentions_bound(e) or not mentions_own(e):
            return True
        if isinstance(e, Applied):
            heads.add(e.args[-1])
            return True
        if isinstance(e, Bound):
            heads.add(e)
            return True
        return getattr(e, "binds", None) is None and all(visit(arg) for arg in e.args)

    return heads if visit(body) else None


def put_heads(body: sp.Expr, place: dict[sp.Expr, Bound]) -> sp.Expr:
    def visit(e: sp.Basic) -> sp.Basic:
        if isinstance(e, Applied) and e.args[-1] in place:
            return e.func(*e.args[:-1], place[e.args[-1]])
        if isinstance(e, Bound):
            return place.get(e, e)
        # What does not see this binder may be another binder, whose own variables carry the same names.
        if not mentions_bound(e) or not mentions_own(e):
            return e
        return e.func(*(visit(arg) for arg in e.args))

    return visit(body)


def drop_degenerate(body: sp.Expr, law: Gaussian) -> tuple[sp.Expr, Gaussian] | None:
    """Replace a variable of zero variance by its mean, and one of two that are equal almost surely by the other."""
    live = own(body)
    for i in live:
        if law.cov[i, i] == 0:
            return rename(body, {i: shift(law.mean[i], 1)}), law
    for i, j in itertools.combinations(live, 2):
        if law.mean[i] == law.mean[j] and law.cov[i, i] == law.cov[j, j] == law.cov[i, j]:
            return rename(body, {j: Bound(0, i)}), law
    return None


def independent_parts(body: sp.Expr, law: Gaussian) -> list[sp.Expr]:
    """Factors of ``body`` grouped so that groups share no variable and no covariance."""
    factors = sp.Mul.make_args(body)
    groups: list[tuple[set[int], list[sp.Expr]]] = []
    for factor in factors:
        seen, members = set(own(factor)), [factor]
        rest = []
        for other, factors_of_other in groups:
            if seen & other or any(law.cov[i, j] != 0 for i in seen for j in other):
                seen, members = seen | other, members + factors_of_other
            else:
                rest.append((other, factors_of_other))
        groups = [*rest, (seen, members)]
    return [sp.Mul(*members) for _, members in groups]


def canonical_order(body: sp.Expr, law: Gaussian) -> tuple[sp.Expr, Gaussian]:
    """Drop variables that do not occur and choose, among all orders of the others, the first in SymPy's sort order."""
    live = own(body)

    def arranged(order: tuple[int, ...]) -> tuple[sp.Expr, Gaussian]:
        renamed = rename(body, {old: Bound(0, new) for new, old in enumerate(order)})
        return renamed, Gaussian([law.mean[i] for i in order], [[law.cov[i, j] for j in order] for i in order])

    if len(live) == 1 or len(live) > _MAX_PERMUTED:
        return arranged(tuple(live))
    candidates = [arranged(order) for order in itertools.permutations(live)]
    return min(candidates, key=lambda c: (sp.default_sort_key(c[0]), sp.default_sort_key(c[1].mean), sp.default_sort_key(c[1].cov)))
