"""Gaussian moments in closed form, and the tables of closed averages made of them.

`x` and `y` have mean mu and variance Delta, their covariance is C. All recursions are Stein's lemma
`<x f> = mu <f> + Delta <f_x> + C <f_y>`; a step contributes the density at its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import combinations_with_replacement

import sympy as sp

from meanfield.transfer.probabilities import gauss_edge, gauss_tail, orthant
from meanfield.transfer.traits import Closed, Signature

__all__ = [
    "at_equal_times",
    "edge_moment",
    "half_moment",
    "moment",
    "pair_moment",
    "pairs_of",
    "polynomial_closed",
    "quadrant_moment",
    "singles_of",
]


def moment(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    """`<x^k>`."""
    return pair_moment(k, 0, mu, Delta, sp.S.Zero)


def pair_moment(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    """`<x^j y^k>`."""
    j, k = max(j, k), min(j, k)
    if j == 0:
        return sp.S.One
    value = mu * pair_moment(j - 1, k, mu, Delta, C)
    if j > 1:
        value += (j - 1) * Delta * pair_moment(j - 2, k, mu, Delta, C)
    if k > 0:
        value += k * C * pair_moment(j - 1, k - 1, mu, Delta, C)
    return sp.expand(value)


def half_moment(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    """`<theta(x) x^k>`."""
    if k == 0:
        return gauss_tail(mu, Delta)
    if k == 1:
        return mu * gauss_tail(mu, Delta) + gauss_edge(mu, Delta)
    return mu * half_moment(k - 1, mu, Delta) + (k - 1) * Delta * half_moment(k - 2, mu, Delta)


def edge_moment(k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    """`Delta <delta(x) theta(y) y^k>`: at x = 0, y has mean `mu (1 - C/Delta)` and variance `Delta - C^2/Delta`."""
    return gauss_edge(mu, Delta) * half_moment(k, mu * (1 - C / Delta), (Delta - C) * (Delta + C) / Delta)


def quadrant_moment(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    """`<theta(x) x^j theta(y) y^k>`, finite and exact up to `C = Delta` and `C = -Delta`."""
    j, k = max(j, k), min(j, k)
    if j == 0:
        return orthant(mu, Delta, C)
    value = mu * quadrant_moment(j - 1, k, mu, Delta, C)
    if j > 1:
        value += (j - 1) * Delta * quadrant_moment(j - 2, k, mu, Delta, C)
    else:
        value += edge_moment(k, mu, Delta, C)
    if k > 0:
        return value + k * C * quadrant_moment(j - 1, k - 1, mu, Delta, C)
    return value + C / Delta * edge_moment(j - 1, mu, Delta, C)


def pairs_of(orders: Iterable[int], formula: Callable[..., sp.Expr]) -> dict[Signature, Closed]:
    """Closed pairs `{(j, k): formula(j, k, mu, Delta, C)}` for all `j <= k` out of `orders`."""

    def closed(j: int, k: int) -> Closed:
        return Closed(lambda mu, Delta, C: formula(j, k, mu, Delta, C))

    return {(j, k): closed(j, k) for j, k in combinations_with_replacement(orders, 2)}


def singles_of(orders: Iterable[int], formula: Callable[..., sp.Expr]) -> dict[Signature, Closed]:
    """Closed averages `{(k,): formula(k, mu, Delta)}`."""

    def closed(k: int) -> Closed:
        return Closed(lambda mu, Delta: formula(k, mu, Delta))

    return {(k,): closed(k) for k in orders}


def at_equal_times(pairs: Mapping[Signature, Closed]) -> dict[Signature, Closed]:
    """`<f(x) g(x)>` as the pair `<f(x) g(y)>` at `C = Delta`."""

    def closed(pair: Closed) -> Closed:
        return Closed(lambda mu, Delta: pair(mu, Delta, Delta), pair.zero_mean_only)

    return {signature: closed(pair) for signature, pair in pairs.items()}


def polynomial_closed(derivatives: Mapping[int, sp.Expr], x: sp.Symbol) -> tuple[dict[Signature, Closed], dict[Signature, Closed]]:
    """`(closed1, closed2)` of a polynomial whose derivatives in x are given by order."""

    @cache
    def terms(order: int) -> list[tuple[tuple[int], sp.Expr]]:
        return sp.Poly(derivatives[order], x).terms()

    def single(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
        return sp.Add(*(c * moment(p, mu, Delta) for (p,), c in terms(k)))

    def pair(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
        return sp.expand(sp.Add(*(a * b * pair_moment(p, q, mu, Delta, C) for (p,), a in terms(j) for (q,), b in terms(k))))

    pairs = pairs_of(derivatives, pair)
    return singles_of(derivatives, single) | at_equal_times(pairs), pairs
