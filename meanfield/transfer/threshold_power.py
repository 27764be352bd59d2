"""Powers of the rectified input: step, threshold-linear and beyond."""

from __future__ import annotations

from functools import cache
from math import factorial

import sympy as sp

from meanfield.errors import TransferError
from meanfield.transfer.functions import heaviside0
from meanfield.transfer.moments import edge_moment, half_moment, pairs_of, quadrant_moment, singles_of
from meanfield.transfer.probabilities import gauss_density, pair_density
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Closed, Kink, Signature, Traits

__all__ = ["rectified_power", "threshold_power"]

HIGHEST = 16


def threshold_power(n: int) -> Transfer:
    """`max(0, x)^n` for an integer `0 <= n <= 16`; `n = 0` is the step function with `theta(0) = 0`, `n = 1` relu.

    `Phi = max(0, x)^(n + 1) / (n + 1)`. Raises `TransferError` for any other n.
    """
    if isinstance(n, bool) or n != int(n) or not 0 <= n <= HIGHEST:
        raise TransferError(f"threshold_power expects an integer from 0 to {HIGHEST}, got {n!r}")
    return _build(int(n))


def rectified_power(token: Transfer) -> int | None:
    """n, if ``token`` is `max(0, x)^n`, else None."""
    degree = token.traits.degree
    return int(degree) if token.traits.kinks and degree <= HIGHEST and token == _build(int(degree)) else None


@cache
def _build(n: int) -> Transfer:
    name = {0: "step", 1: "relu"}.get(n, f"threshold_power:{n}")
    latex = {0: r"\Theta(x)", 1: r"\max(0, x)"}.get(n, rf"\max(0, x)^{{{n}}}")
    return Transfer(
        name,
        _power(n),
        Traits(
            name=name,
            latex=latex,
            strip=float("inf"),
            kinks=(Kink(0.0, {n: float(factorial(n))}),),
            range=(0.0, 1.0 if n == 0 else float("inf")),
            growth=("bounded", "linear")[n] if n < 2 else "polynomial",
            degree=n,
            slope_at_zero=0.0 if n > 1 else None,
            closed1=_closed1(n),
            closed2=_closed2(n),
        ),
        derivative=n * _power(n - 1) if n else sp.S.Zero,
        antiderivative=_power(n + 1) / (n + 1),
        library=name,
    )


def _power(n: int) -> sp.Expr:
    return X**n * heaviside0(X)


def _factor(n: int, order: int) -> sp.Expr:
    """`phi^(order) = _factor(n, order) max(0, x)^(n - order)`; up to order n + 1, where the power is a delta."""
    return sp.Rational(factorial(n), factorial(min(n - order, n + 1))) if order <= n else sp.Integer(factorial(n))


def _closed1(n: int) -> dict[Signature, Closed]:
    """Averages in the sense of distributions: of order n + 1 and n + 2 they are a density and its slope."""

    def single(k: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
        if k <= n:
            return _factor(n, k) * half_moment(n - k, mu, Delta)
        density = _factor(n, k) * gauss_density(mu, Delta)
        return density if k == n + 1 else -mu / Delta * density

    def product(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
        return _factor(n, j) * _factor(n, k) * half_moment(2 * n - j - k, mu, Delta)

    products = {
        signature: Closed(lambda mu, Delta, pair=pair: pair(mu, Delta, Delta))
        for signature, pair in pairs_of(range(-1, n + 1), product).items()
    }
    # delta(x) times a continuous power vanishes, times a step it counts half.
    edges = {(j, n + 1): Closed(lambda mu, Delta: sp.S.Zero) for j in range(-1, n)}
    edges[n, n + 1] = Closed(lambda mu, Delta: factorial(n) ** 2 * gauss_density(mu, Delta) / 2)
    return singles_of(range(-1, n + 3), single) | products | edges


def _closed2(n: int) -> dict[Signature, Closed]:
    def pair(j: int, k: int, mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
        factor = _factor(n, j) * _factor(n, k)
        if k <= n:
            return factor * quadrant_moment(n - j, n - k, mu, Delta, C)
        if j <= n:
            return factor * edge_moment(n - j, mu, Delta, C) / Delta
        return factor * pair_density(mu, Delta, C)

    return pairs_of(range(-1, n + 2), pair)
