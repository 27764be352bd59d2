"""Values of expressions at one point or at many: a walk over the expression, each sub-expression computed once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.symbol import Str

from meanfield.averages.opaque import Opaque
from meanfield.averages.scope import Bound
from meanfield.compile.precise.field import Field, Number, Values
from meanfield.compile.precise.jets import applied
from meanfield.errors import AverageError, ParameterError
from meanfield.transfer import Applied

Frame = tuple[Values, ...]
"""Values of the variables of one binder."""
Frames = tuple[Frame, ...]
"""Frames of all enclosing binders, innermost last. Only one of them may hold arrays."""


class Interpreter:
    """Evaluates expressions for given symbols and bound variables.

    ``binder(node, frames)`` evaluates a node that binds variables. The memo lives as long as the interpreter, which is
    made for one set of nodes: bodies over the same nodes share every sub-expression, all phi^(k)(x) one exponential.
    """

    def __init__(
        self,
        field: Field,
        symbols: Mapping[sp.Symbol, Number],
        binder: Callable[[sp.Expr, Frames], Values],
        frames: Frames = (),
    ) -> None:
        self.field, self.symbols, self.binder, self.frames = field, symbols, binder, frames
        self.peak = 0.0  # log10 of the largest intermediate number, for the claim about rounding (scalars only)
        self._memo: dict[sp.Expr, Values] = {}
        self._jets: dict[Any, Values] = {}

    def __call__(self, expr: sp.Expr) -> Values:
        value = self._memo.get(expr)
        if value is None:
            value = self._memo[expr] = self._value(expr)
            if not isinstance(value, np.ndarray):
                self.peak = max(self.peak, self.field.log10(value))
        return value

    def _value(self, e: sp.Expr) -> Values:
        if isinstance(e, Bound):
            return self.frames[-1 - e.level][e.index]
        if e.is_Symbol:
            return self._symbol(e)
        if e.is_number and not e.args:
            return self.field.constant(e)
        if isinstance(e, Applied):
            return applied(self.field, e.args[0], int(e.args[1]), e.args[2], self(e.args[2]), self._jets)
        if e.is_Add:
            return total([self(a) for a in e.args])
        if e.is_Mul:
            return product([self(a) for a in e.args])
        if e.is_Pow:
            return self._power(e.base, e.exp)
        if getattr(e, "binds", None) is not None:
            return self.binder(e, self.frames)
        if isinstance(e, sp.Piecewise):
            return self._piecewise(e)
        if isinstance(e, sp.Max | sp.Min):
            better = operator.gt if isinstance(e, sp.Max) else operator.lt
            return reduce(lambda a, b: choose(better(a, b), a, b), (self(a) for a in e.args))
        if isinstance(e, Opaque):
            raise AverageError(f"{type(e).__name__} is no average and is known in double precision only; leave digits out for it")
        if isinstance(e, sp.Function):
            return self.field.call(type(e).__name__, *(self(a) for a in e.args))
        raise AverageError(f"cannot evaluate {type(e).__name__} {e} at arbitrary precision")

    def _symbol(self, s: sp.Symbol) -> Number:
        if s in self.symbols:
            return self.symbols[s]
        if getattr(s, "law", None) is not None:
            raise AverageError(f"the random variable {s} stands outside an average; take the average of it")
        raise ParameterError(f"no value was given for {s}; got values for {', '.join(sorted(map(str, self.symbols)))}")

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> Values:
        x = self(base)
        if exponent.is_Integer:
            n = abs(int(exponent))
            value = x if n == 1 else x * x if n == 2 else x**n
            return value if exponent > 0 else self._reciprocal(value)
        if exponent.is_Rational and exponent.q == 2:
            root = self.field.call("sqrt", x)
            n = abs(int(exponent.p))
            value = root if n == 1 else root**n
            return value if exponent > 0 else self._reciprocal(value)
        return self.field.call("exp", self(exponent) * self.field.call("log", x))

    def _reciprocal(self, x: Values) -> Values:
        one = self.field.constant(sp.S.One)
        if isinstance(x, np.ndarray):
            # phi'^(-2) underflows nowhere, but phi' of a custom function may round to 0: 1/0 is then infinite, not an error.
            return np.array([one / v if v else self._infinite() for v in x], dtype=object)
        return one / x if x else self._infinite()

    def _infinite(self) -> Number:
        import mpmath

        return mpmath.inf if not self.field.native else 1 / self.field.constant(sp.S.Zero)

    def _piecewise(self, e: sp.Piecewise) -> Values:
        names = {"Gt": operator.gt, "Ge": operator.ge, "Lt": operator.lt, "Le": operator.le}
        result: Values = None
        for value, condition in reversed(e.args):
            if condition == sp.true:
                result = self(value)
                continue
            compare = names.get({">": "Gt", ">=": "Ge", "<": "Lt", "<=": "Le"}.get(getattr(condition, "rel_op", ""), ""))
            if compare is None:
                raise AverageError(f"cannot evaluate the condition {condition}")
            mask = compare(self(condition.lhs), self(condition.rhs))
            result = choose(mask, self(value), self(value) if result is None else result)
        return result


def total(terms: list[Values]) -> Values:
    """Sum, numbers before arrays."""
    return reduce(_add, sorted(terms, key=_is_array))


def product(factors: list[Values]) -> Values:
    """Product, numbers before arrays."""
    return reduce(_multiply, sorted(factors, key=_is_array))


def _is_array(x: Values) -> bool:
    return isinstance(x, np.ndarray)


def _add(a: Values, b: Values) -> Values:
    return np.add(b, a) if _is_array(b) and not _is_array(a) else a + b


def _multiply(a: Values, b: Values) -> Values:
    return np.multiply(b, a) if _is_array(b) and not _is_array(a) else a * b


def choose(mask: Any, yes: Values, no: Values) -> Values:
    if isinstance(mask, np.ndarray):
        return np.where(mask.astype(bool), yes, no)
    return yes if mask else no


def data_name(measure: Any) -> str:
    """The name under which the sample of an Empirical law is handed in."""
    name = measure.args[0]
    return name.name if isinstance(name, Str) else str(name)
