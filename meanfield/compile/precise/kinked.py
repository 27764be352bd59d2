"""Pairs of piecewise polynomials, such as ReLU: Price's theorem takes derivatives until only delta functions are left.

``d/dC <f(u) g(v)>_C = <f' g'>_C``, so with n derivatives that leave f or g a sum of delta functions

    <f g>_C = sum_(k<n) C^k/k! <f^(k)><g^(k)> + int_0^C dc (C - c)^(n-1)/(n-1)! <f^(n) g^(n)>_c ,

scalar averages and one smooth integral (in t, ``c = s_u s_v sin t``) of averages over at most one variable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import factorial

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound, rename, replace
from meanfield.compile.precise.engine import Estimate, Goal, unit_interval
from meanfield.compile.precise.field import Values, array
from meanfield.compile.precise.interpret import Interpreter
from meanfield.compile.precise.line import added
from meanfield.compile.precise.singular import Law
from meanfield.compile.precise.thin import split_product
from meanfield.transfer import Applied

MAX_DERIVATIVES = 18

Averages = Callable[[Interpreter, Sequence[sp.Expr], Law], list[Estimate]]


def kinked_average(run: Interpreter, body: sp.Expr, law: Law, goal: Goal, averages: Averages, deltas: Averages) -> Estimate | None:
    """``<body>`` by Price's theorem; None if the body is no product f(u) g(v) or neither factor is piecewise polynomial.

    averages: of any body over a law; deltas: the part of them that delta functions contribute.
    """
    plan = derivatives(body)
    if plan is None:
        return None
    F = run.field
    if len(plan) == 1:  # nothing but delta functions, which are not this function's business
        return Estimate(F.number(0), F.number(0), F.number(0))
    means, cov = law
    pieces = []
    for k, (f, g) in enumerate(plan[:-1]):
        (a,) = averages(run, [f], ([means[0]], [[cov[0][0]]]))
        (b,) = averages(run, [g], ([means[1]], [[cov[1][1]]]))
        weight = cov[0][1] ** k / factorial(k)
        error = abs(weight) * (abs(a.value) * b.error + abs(b.value) * a.error)
        pieces.append(Estimate(weight * a.value * b.value, error, abs(weight) * a.scale * b.scale))
    n = len(plan) - 1
    last = sp.Mul(plan[-1][0], rename(plan[-1][1], {0: Bound(0, 1)}))
    product = F.call("sqrt", cov[0][0] * cov[1][1])
    end = F.call("asin", max(min(cov[0][1] / product, F.number(1)), F.number(-1)))
    worst = [F.number(0)]

    def at(s: np.ndarray) -> list[Values]:
        values = []
        for t in s * end:
            c = product * F.call("sin", t)
            (e,) = deltas(run, [last], (means, [[cov[0][0], c], [c, cov[1][1]]]))
            jacobian = end * product * F.call("cos", t) * (cov[0][1] - c) ** (n - 1) / factorial(n - 1)
            worst[0] = max(worst[0], abs(e.error * jacobian))
            values.append(e.value * jacobian)
        return [array(values)]

    (rest,) = unit_interval(F, at, goal)
    return added([*pieces, Estimate(rest.value, rest.error + worst[0], rest.scale)])


@lru_cache(maxsize=1024)
def derivatives(body: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """``[(f, g), (f', g'), ...]`` until the classical part of one of them vanishes, both in variable 0; or None."""
    split = split_product(body)
    if split is None:
        return None
    f, g = split[0], rename(split[1], {1: Bound(0, 0)})
    plan = [(f, g)]
    while not (_classical(f) == 0 or _classical(g) == 0):
        if len(plan) > MAX_DERIVATIVES:
            return None
        f, g = (sp.expand(e.diff(Bound(0, 0))) for e in (f, g))
        plan.append((f, g))
    return plan


def _classical(f: sp.Expr) -> sp.Expr:
    written = replace(f, lambda e: e.args[0].explicit(int(e.args[1]), e.args[2]) if isinstance(e, Applied) else None)
    return sp.expand(written)
