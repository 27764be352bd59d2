"""Delta functions in derivatives across kinks: ``weight delta^(m)(x_i - a)`` leaves an average of one variable less.

Integrated by parts, ``<delta^(m)(x_i - a) R> = (-1)^m p_i(a) <D^m R | x_i = a>`` with ``D R = dR/dx_i + R dln p/dx_i``. A
factor of R that jumps where the delta sits is averaged along the jump: ``theta^n delta`` is ``delta/(n+1)``, the only value for
which the derivative of ``<theta^(n+1)> = <theta>`` comes out right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from meanfield.averages.scope import Bound, dangling, nodes, own, rename, replace, shift
from meanfield.compile.precise.engine import Estimate, gauss_legendre
from meanfield.compile.precise.field import Number
from meanfield.compile.precise.interpret import Interpreter
from meanfield.compile.precise.jets import one_sided
from meanfield.compile.precise.line import added
from meanfield.errors import AverageError
from meanfield.transfer import Applied, Transfer

_PATH_NODES = 12  # exact for products of up to 23 factors that jump


class Classical(Applied):
    """phi^(k) without its delta functions, once those have been taken care of."""


@dataclass(frozen=True)
class Delta:
    """A term ``weight delta^(m)(x_variable - location) rest``."""

    variable: int
    location: float
    m: int
    weight: float
    rest: sp.Expr


Law = tuple[list[Number], list[list[Number]]]
Regular = Callable[[Interpreter, Sequence[sp.Expr], Law, sp.Expr | None], list[Estimate]]


@lru_cache(maxsize=4096)
def delta_terms(body: sp.Expr) -> tuple[Delta, ...]:
    """Delta functions of a body, those of one factor at a time; raises `AverageError` where a product is not defined."""
    singular = sorted({a for a in nodes(body, Applied) if _is_singular(a)}, key=sp.default_sort_key)
    if not singular:
        return ()
    marks = {a: sp.Dummy(f"d{j}", real=True) for j, a in enumerate(singular)}
    marked = replace(body, lambda e: marks.get(e))
    back = {m: a for a, m in marks.items()}
    terms: list[Delta] = []
    for a in singular:
        mark = marks[a]
        coefficient = sp.diff(marked, mark)
        if coefficient.has(mark):
            raise AverageError(f"the average of {body} does not exist: it holds a power of the delta function in {a}")
        rest = replace(coefficient, lambda e: back.get(e))
        variable = a.args[2].index
        terms += [Delta(variable, at, m, weight, rest) for at, m, weight in a.args[0].kink_terms(int(a.args[1]))]
        # Products of two deltas are counted with the first of the two.
        back[mark] = Classical(*a.args)
    return tuple(terms)


def _is_singular(a: Applied) -> bool:
    if isinstance(a, Classical) or not a.args[0].kink_terms(int(a.args[1])):
        return False
    if not any(b.level == 0 for b in dangling(a)):
        return False
    if not isinstance(a.args[2], Bound):
        raise AverageError(f"the argument of {a} must be a random variable itself for a derivative across a kink")
    return True


def delta_part(run: Interpreter, body: sp.Expr, law: Law, regular: Regular, tilt: sp.Expr | None = None) -> Estimate | None:
    """Contribution of the deltas in ``body``, None if there are none; ``regular`` averages what is left of a body.

    With a tilt the result is *not* divided by the norm of the tilted law.
    """
    terms = delta_terms(body)
    if not terms:
        return None
    return added([_one(run, term, law, regular, tilt) for term in terms])


def _one(run: Interpreter, term: Delta, law: Law, regular: Regular, tilt: sp.Expr | None) -> Estimate:
    field, i = run.field, term.variable
    means, cov = law
    location = field.written(term.location)
    variance = cov[i][i]
    if variance <= 0:
        raise AverageError("a derivative across a kink has no average over a variable of zero variance")
    symbols = dict(run.symbols)
    rest = term.rest
    for _ in range(term.m):
        rest = _by_parts(rest, i, law, symbols, field.constant(sp.S.One), tilt)
    if tilt is not None:
        rest = rest * sp.exp(tilt)
    distance = location - means[i]
    density = field.call("exp", -(distance * distance) / (2 * variance)) / field.call("sqrt", 2 * field.constant(sp.pi) * variance)
    factor = field.written(term.weight) * (-1) ** term.m * density
    others = [k for k in range(len(means)) if k != i]
    slopes = [cov[k][i] / variance for k in others]
    left = (
        [means[k] + s * distance for k, s in zip(others, slopes)],
        [[cov[k][n] - s * cov[n][i] for n in others] for k, s in zip(others, slopes)],
    )
    estimates = []
    for share, jumping in _along_jumps(run, rest, i, term.location):
        here = Interpreter(field, {**symbols, **jumping[1]}, run.binder, (*run.frames, (location,)))
        inner = condition(jumping[0], i)
        (e,) = regular(here, [inner], left, None)
        estimates.append(Estimate(e.value * share * factor, e.error * abs(share * factor), e.scale * abs(share * factor)))
    return added(estimates)


def condition(body: sp.Expr, i: int) -> sp.Expr:
    """``body`` with variable i moved to a binder of its own, just outside: its value is then a frame of its own."""
    count = max(own(body), default=0) + 1
    table = {k: Bound(0, k if k < i else k - 1) for k in range(count) if k != i}
    return rename(shift(body, 1, 1), {**table, i: Bound(1, 0)})


def _by_parts(rest: sp.Expr, i: int, law: Law, symbols: dict[sp.Symbol, Number], one: Number, tilt: sp.Expr | None) -> sp.Expr:
    """``dR/dx_i + R dln p/dx_i``; the numbers of the law enter as symbols with values."""
    means, cov = law
    precision = _inverse(cov, one)
    score = sp.S.Zero if tilt is None else tilt.diff(Bound(0, i))
    for k, mean in enumerate(means):
        p, m = sp.Dummy("p", real=True), sp.Dummy("m", real=True)
        symbols[p], symbols[m] = precision[i][k], mean
        score -= p * (Bound(0, k) - m)
    return rest.diff(Bound(0, i)) + rest * score


def _inverse(cov: list[list[Number]], one: Number) -> list[list[Number]]:
    """Inverse of a small positive definite matrix (Gauss-Jordan)."""
    n = len(cov)
    rows = [[*row, *(one if a == b else 0 * one for b in range(n))] for a, row in enumerate(cov)]
    for a in range(n):
        if not rows[a][a]:
            raise AverageError("a derivative across a kink needs variables that are not perfectly correlated")
        rows[a] = [v / rows[a][a] for v in rows[a]]
        for b in range(n):
            if b != a:
                rows[b] = [v - rows[b][a] * w for v, w in zip(rows[b], rows[a])]
    return [row[n:] for row in rows]


def _along_jumps(
    run: Interpreter, rest: sp.Expr, i: int, location: float
) -> list[tuple[Number, tuple[sp.Expr, dict[sp.Symbol, Number]]]]:
    """(weight, (rest, values)) for points along the jump of the factors of ``rest`` at ``location``."""
    field = run.field
    at_kink: dict[Applied, sp.Dummy] = {}
    for a in nodes(rest, Applied):
        if a.args[2] == Bound(0, i) and any(k.location == location for k in a.args[0].traits.kinks):
            terms = () if isinstance(a, Classical) else a.args[0].kink_terms(int(a.args[1]))
            if any(at == location for at, _, _ in terms):
                name = a.args[0].name
                raise AverageError(f"the average does not exist: two delta functions of {name} at {location} are multiplied")
            at_kink.setdefault(a, sp.Dummy("j", real=True))
    one = field.constant(sp.S.One)
    if not at_kink:
        return [(one, (rest, {}))]
    marked = replace(rest, lambda e: at_kink.get(e))
    sides = {mark: _sides(run, a.args[0], int(a.args[1]), location) for a, mark in at_kink.items()}
    if all(left == right for left, right in sides.values()):
        return [(one, (marked, {mark: left for mark, (left, _) in sides.items()}))]
    points = zip(*gauss_legendre(field, _PATH_NODES))
    return [(w, (marked, {mark: left + t * (right - left) for mark, (left, right) in sides.items()})) for t, w in points]


def _sides(run: Interpreter, token: Transfer, order: int, location: float) -> tuple[Number, Number]:
    at = run.field.written(location)
    return one_sided(run.field, token, order, at, -1), one_sided(run.field, token, order, at, +1)
