"""From SymPy's own functions, as users type them, to transfer tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp

from meanfield.transfer import functions
from meanfield.transfer.algebraic import algebraic
from meanfield.transfer.erf import erf
from meanfield.transfer.logistic import logistic
from meanfield.transfer.relu import relu
from meanfield.transfer.softplus import softplus
from meanfield.transfer.step import step
from meanfield.transfer.tanh import tanh
from meanfield.transfer.threshold_power import rectified_power
from meanfield.transfer.token import Applied

__all__ = ["lift", "lift_body"]

_LIFTED: dict[type, Callable[[sp.Expr], sp.Expr]] = {
    sp.tanh: tanh,
    sp.erf: lambda u: erf(2 * u / sp.sqrt(sp.pi)),
    sp.Heaviside: step,
    functions.heaviside0: step,
    functions.lncosh: tanh.d(-1),
    functions.logistic: logistic,
    functions.softplus: softplus,
    functions.softplus_integral: softplus.d(-1),
}


def lift(expr: Any) -> sp.Expr:
    """`expr` with `sp.tanh(x)`, `sp.erf(x)`, `sp.Max(0, x)`, `sp.Heaviside(x)` and the safe functions as tokens.

    Sine, cosine, exponential and powers stay: as plain functions they already differentiate and print well.
    """
    expr = sp.sympify(expr, strict=True)
    expr = expr.replace(lambda e: type(e) in _LIFTED, lambda e: _LIFTED[type(e)](e.args[0]))
    return expr.replace(_is_rectified, lambda e: relu(next(arg for arg in e.args if arg != 0)))


def _is_rectified(expr: sp.Basic) -> bool:
    return isinstance(expr, sp.Max) and len(expr.args) == 2 and sp.S.Zero in expr.args


def lift_body(expr: sp.Expr, variables: Iterable[sp.Symbol]) -> sp.Expr:
    """`expr` with functions of expressions affine in one of ``variables`` as tokens where the plain ones would fail.

    `Abs`, `Max`, `Min`, `sign`, `Heaviside` and `Piecewise` become relu and step, whose kinks quadrature and Price's theorem know;
    `log(1 + exp(u))` and `1/(1 + exp(u))` become softplus and logistic, which do not overflow. The others stay.
    """
    among = set(variables)

    def affine(u: sp.Expr) -> bool:
        seen = u.free_symbols & among
        return len(seen) == 1 and not (u.diff(next(iter(seen))).free_symbols & among)

    if expr.has(*_KINKED):
        expr = expr.replace(lambda e: isinstance(e, _KINKED), lambda e: _with_kinks(e, affine))
    if any(_is_composed(e) for e in expr.atoms(Applied)):
        expr = expr.replace(_is_composed, _resolved)
    if expr.has(sp.exp):
        for kinds in (sp.Mul, (sp.Pow, sp.log)):  # products first: they need more than one of their factors
            expr = expr.replace(lambda e, kinds=kinds: isinstance(e, kinds), lambda e: _with_logistic(e, affine))  # type: ignore[misc]
    return expr


_KINKED = (sp.Abs, sp.sign, sp.Heaviside, functions.heaviside0, sp.Max, sp.Min, sp.Piecewise)


def _with_kinks(e: sp.Basic, affine: Callable[[sp.Expr], bool]) -> sp.Basic:
    known = lambda u: affine(u) or bool(_inner_kinks(u))
    if isinstance(e, sp.Abs) and known(e.args[0]):
        return 2 * relu(e.args[0]) - e.args[0]
    if isinstance(e, sp.sign) and known(e.args[0]):
        return 2 * step(e.args[0]) - 1
    if isinstance(e, (sp.Heaviside, functions.heaviside0)) and known(e.args[0]):
        return step(e.args[0])
    if isinstance(e, (sp.Max, sp.Min)) and len(e.args) == 2 and known(e.args[0] - e.args[1]):
        first, second = sorted(e.args, key=sp.default_sort_key)
        larger = relu(first - second)
        return second + larger if isinstance(e, sp.Max) else first - larger
    if isinstance(e, sp.Piecewise):
        return _steps(e, affine)
    return e


def _is_composed(e: sp.Basic) -> bool:
    """Whether e is a rectified power of something with kinks of its own, or of an increasing odd function."""
    if not isinstance(e, Applied) or _degree(e) is None:
        return False
    return bool(_inner_kinks(e.argument)) or _argument_of_odd(e.argument) is not None


def _resolved(e: Applied) -> sp.Expr:
    """The same function with kinks where affine expressions vanish: on either side of an inner kink, or of that of its own."""
    for inner in _inner_kinks(e.argument):
        low, high = (e.func(e.token, e.order, sp.expand(e.argument.xreplace({inner: v}))) for v in (sp.S.Zero, _right_of(inner)))
        low, high = (_resolved(v) if _is_composed(v) else v for v in (low, high))
        return step(-inner.argument) * low + step(inner.argument) * high
    return _right_of(e) * step(_argument_of_odd(e.argument))


def _degree(a: Applied) -> int | None:
    """n - k of the k-th derivative of ``max(0, x)^n`` where it is no delta function, else None."""
    n = rectified_power(a.token)
    return None if n is None or a.order > n else n - a.order


def _right_of(a: Applied) -> sp.Expr:
    """What a derivative of a rectified power is where its argument is positive."""
    degree = _degree(a) or 0
    return sp.ff(degree + a.order, a.order) * a.argument**degree


def _inner_kinks(u: sp.Expr) -> list[Applied]:
    """Rectified powers in u that have no others in their own arguments."""
    found = (a for a in u.atoms(Applied) if _degree(a) is not None and not _inner_kinks(a.argument))
    return sorted(found, key=sp.default_sort_key)


def _argument_of_odd(u: sp.Expr) -> sp.Expr | None:
    """w of ``c h(w)`` with a positive number c and h odd and increasing: they have the same sign."""
    factor, h = u.as_coeff_Mul()
    if isinstance(h, Applied):
        increasing = h.order == 0 and h.token in (tanh, erf, algebraic)
        return h.argument if factor.is_positive and increasing else None
    return h.args[0] if factor.is_positive and isinstance(h, (sp.tanh, sp.erf, sp.atan, sp.sinh, sp.asinh)) else None


def _with_logistic(e: sp.Basic, affine: Callable[[sp.Expr], bool]) -> sp.Basic:
    """`exp(u) (1 + exp(u))**-n` needs both factors at once: one may overflow where the other vanishes."""
    if isinstance(e, sp.log):
        u = _exponent(e.args[0])
        return softplus(u) if u is not None and affine(u) else e
    for power in sp.Mul.make_args(e):
        u = _exponent(power.base) if isinstance(power, sp.Pow) and power.exp.is_Integer and power.exp < 0 else None
        if u is None or not affine(u):
            continue
        rest = e / power
        with_exp = sp.exp(u) in sp.Mul.make_args(rest)
        return rest / sp.exp(u) * logistic(u) * logistic(-u) ** (-power.exp - 1) if with_exp else rest * logistic(-u) ** -power.exp
    return e


def _exponent(expr: sp.Expr) -> sp.Expr | None:
    """u of `1 + exp(u)`, else None."""
    rest = expr - 1 if isinstance(expr, sp.Add) and sp.S.One in expr.args else None
    return rest.args[0] if isinstance(rest, sp.exp) else None


def _steps(e: sp.Piecewise, affine: Callable[[sp.Expr], bool]) -> sp.Expr:
    """A piecewise expression as steps, if every condition but the last is one inequality that is affine."""
    *first, last = e.args
    usable = all(isinstance(c, (sp.Lt, sp.Le, sp.Gt, sp.Ge)) and affine(c.lhs - c.rhs) for _, c in first)
    if not usable or last.cond != sp.true:
        return e
    value = last.expr
    for pair in reversed(first):  # each side has its own step: what is written for one may have no value on the other
        u = pair.cond.gts - pair.cond.lts
        value = step(u) * pair.expr + step(-u) * value
    return value
