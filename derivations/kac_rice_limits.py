"""Limits of the topological complexity: the expansion about g = 1 and the closed form for g -> infinity."""

from __future__ import annotations

import itertools

import sympy as sp
from rules import normal_average

a, b, epsilon = sp.Symbol("a", positive=True), sp.Symbol("b", real=True), sp.Symbol("epsilon", positive=True)
A, B, k = sp.symbols("A B k", positive=True)
G, z = sp.symbols("G z", real=True)


def complexity_series(order: int) -> list[sp.Expr]:
    """Coefficients of ``c = ln<w> - alpha/2g^2 - gamma beta/g^2`` (D = 0) in epsilon = g - 1 up to ``order``, for any odd
    ``phi = y - a y^3 + b y^5 + ...``, with ``alpha = A epsilon``, ``beta = B epsilon``, ``gamma = G``: ``ln<w>`` by cumulants
    of ``ln w = ln(1 + alpha phi'^2)/2 + gamma phi^2``, y = sqrt(beta) z being small.
    """
    y = sp.sqrt(B * epsilon) * z
    phi, slope = y - a * y**3 + b * y**5, 1 - 3 * a * y**2 + 5 * b * y**4
    x = A * epsilon * slope**2
    logarithm = sum((-1) ** (n + 1) * x**n / n for n in range(1, order + 1))
    log_w = sp.Poly(sp.expand(logarithm / 2 + G * phi**2), epsilon)
    parts = [log_w.coeff_monomial(epsilon**n) for n in range(1, order + 1)]
    log_mean = [sp.expand(c) for c in _cumulants(parts, order)]
    rest = sp.series((-A * epsilon / 2 - G * B * epsilon) / (1 + epsilon) ** 2, epsilon, 0, order + 1).removeO()
    return [sp.expand(log_mean[n - 1] + sp.expand(rest).coeff(epsilon, n)) for n in range(1, order + 1)]


def _cumulants(parts: list[sp.Expr], order: int) -> list[sp.Expr]:
    """Coefficients of ``ln<exp(sum_n epsilon^n parts_n)>``."""
    moments = [sp.S.One]
    for total in range(1, order + 1):
        moment = sp.S.Zero
        for count in range(1, total + 1):
            for choice in itertools.product(range(1, total + 1), repeat=count):
                if sum(choice) == total:
                    moment += sp.Mul(*(parts[n - 1] for n in choice)) / sp.factorial(count)
        moments.append(normal_average(sp.expand(moment), [z]))
    series = sp.series(sp.log(sum(m * epsilon**n for n, m in enumerate(moments))), epsilon, 0, order + 1).removeO()
    return [sp.expand(series).coeff(epsilon, n) for n in range(1, order + 1)]


def leading_complexity(coefficients: list[sp.Expr]) -> dict[str, sp.Expr]:
    """Make ``c2 epsilon^2 + c3 epsilon^3`` stationary. c2 alone fixes A and G in terms of B and vanishes there, so that the
    next order, ``dc3/dB = 0`` along that line, fixes B."""
    first, second, third = coefficients
    assert first == 0, first
    line = sp.solve([second.diff(s) for s in (A, G)], [A, G], dict=True)[0]
    along = sp.factor(sp.simplify(third.subs(line)))
    (scale,) = [s for s in sp.solve(along.diff(B), B) if s != 0]
    put = lambda e: sp.simplify(sp.sympify(e).subs(line).subs(B, scale))
    assert put(second) == 0 and all(put(second.diff(s)) == 0 for s in (A, B, G))
    return {"c": put(along), "alpha": put(A), "beta": put(B), "gamma": put(G)}


def strong_coupling_parts(saturated: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """``Z/g`` for ``alpha = A g^2, beta = B g^2, gamma = -k`` and phi of the height ``saturated``: a narrow part, where phi'
    is not 0 and ``sqrt(1 + alpha phi'^2) dy -> g sqrt(A) dphi``, and a wide one, where ``phi^2 = 1``."""
    value = sp.Symbol("p", real=True)
    narrow = sp.sqrt(A) * sp.integrate(sp.exp(-k * value**2), (value, -saturated, saturated))
    wide = sp.sqrt(2 * sp.pi * B) * sp.exp(-k * saturated**2)
    return narrow, wide


def strong_coupling_equations(narrow: sp.Expr, wide: sp.Expr) -> tuple[sp.Expr, ...]:
    """The three equations at leading order: alpha/g^2 is the weight of the narrow part, ``B = <phi^2>``,
    ``-k = (<y^2>/beta - 1)/(2 B)`` with ``<y^2>/beta`` the weight of the wide part."""
    weight = narrow / (narrow + wide)
    square_inside = -sp.diff(narrow, k) / narrow
    return (weight - A, (1 - weight) + weight * square_inside - B, -weight / (2 * B) + k)


def strong_coupling_solution(equations: tuple[sp.Expr, ...]) -> dict[str, sp.Expr]:
    """Eliminate. With A for the weight, the last gives ``k = A/2B``; the second then fixes wide/narrow, the first too."""
    ratio = sp.Symbol("ratio", positive=True)  # exp(-k)/P, P = narrow/sqrt(A)
    narrow, wide = strong_coupling_parts(sp.S.One)
    P = narrow / sp.sqrt(A)
    assert sp.simplify(-sp.diff(narrow, k) / narrow - (1 / (2 * k) - sp.exp(-k) / (k * P))) == 0  # by parts
    weight_of_wide = sp.solve((1 - A) + A * (1 / (2 * k) - ratio / k) - B, ratio)[0].subs(k, A / (2 * B))
    same_from_first = (1 - A) / A * sp.sqrt(A) / sp.sqrt(2 * sp.pi * B)  # (1 - A)/A = wide/narrow
    scale = sp.solve(sp.simplify(weight_of_wide**2 - same_from_first**2), B)
    (scale,) = [s for s in scale if sp.simplify((weight_of_wide - same_from_first).subs(B, s)) == 0]
    exponent = sp.simplify((A / (2 * B)).subs(B, scale))
    share = sp.solve(sp.simplify(same_from_first.subs(B, scale) - (sp.exp(-k) / P).subs(k, exponent)), A)[0]
    solution = {A: sp.simplify(share), B: sp.simplify(scale.subs(A, share)), k: exponent}
    assert all(abs(sp.N(e.subs(solution), 30)) < 1e-25 for e in equations), "the solution does not satisfy the equations"
    return {"alpha/g^2": solution[A], "beta/g^2": solution[B], "gamma": -solution[k]}


def strong_coupling_complexity(solution: dict[str, sp.Expr]) -> sp.Expr:
    """``c = ln Z - ln(2 pi beta)/2 - alpha/2g^2 - gamma <phi^2>`` there."""
    narrow, wide = strong_coupling_parts(sp.S.One)
    c = sp.log(narrow + wide) - sp.log(2 * sp.pi * B) / 2 - A / 2 + k * B
    c = c.subs({A: solution["alpha/g^2"], B: solution["beta/g^2"], k: -solution["gamma"]})
    return sp.log(sp.expand(sp.simplify(sp.exp(c))))
