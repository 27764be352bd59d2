"""From SymPy expressions to Python source: straight-line functions for arrays (NumPy) or for floats (math).

The text that is executed here is printed from SymPy expressions by this module, never taken from a user.
"""

from __future__ import annotations

import builtins
import dis
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.codeprinter import PrintMethodNotImplementedError
from sympy.printing.pycode import PythonCodePrinter

from meanfield.averages.opaque import Opaque, Sealed
from meanfield.errors import ModelError
from meanfield.transfer import Transfer
from meanfield.transfer.functions import NOT_CODED, NUMPY_FUNCTIONS

_LARGEST_PRODUCT = 12  # integer powers up to here are printed as products: NumPy's pow is twenty times slower


class _Printer(PythonCodePrinter):
    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": False, "allow_unknown_functions": True})

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        base, power = expr.base, expr.exp
        if power == sp.S.Half:
            return f"sqrt({self._print(base)})"
        if power == -sp.S.Half:
            return f"(1.0/sqrt({self._print(base)}))"
        if power.is_Integer and 1 <= abs(int(power)) <= _LARGEST_PRODUCT:
            product = "*".join([f"({self._print(base)})" if not base.is_Atom else self._print(base)] * abs(int(power)))
            return f"({product})" if power > 0 else f"(1.0/({product}))"
        return f"power({self._print(base)}, {self._print(power)})"

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))  # SymPy prints fifteen digits, which is another number

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"({expr.p}/{expr.q})"

    def _print_Function(self, expr: sp.Function) -> str:
        name = type(expr).__name__
        return f"{name}({', '.join(self._print(a) for a in expr.args)})"

    def _print_Transfer(self, expr: Transfer) -> str:
        return _token_name(expr)

    def _print_Sealed(self, expr: Sealed) -> str:
        return expr.name

    def _print_Max(self, expr: sp.Max) -> str:
        return self._fold("maximum", expr.args)

    def _print_Min(self, expr: sp.Min) -> str:
        return self._fold("minimum", expr.args)

    def _fold(self, name: str, args: Sequence[sp.Expr]) -> str:
        first, *rest = args
        return f"{name}({self._print(first)}, {self._fold(name, rest)})" if rest else self._print(first)

    def _print_Pi(self, expr: sp.Expr) -> str:
        return repr(math.pi)

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        *pairs, last = expr.args
        # Where no condition holds the expression has no value.
        text = self._print(last.expr if last.cond == sp.true else sp.nan)
        for pair in reversed(pairs if last.cond == sp.true else expr.args):
            text = f"where({self._print(pair.cond)}, {self._print(pair.expr)}, {text})"
        return text

    def _print_And(self, expr: sp.And) -> str:
        return self._fold("logical_and", expr.args)

    def _print_Or(self, expr: sp.Or) -> str:
        return self._fold("logical_or", expr.args)

    def _print_Not(self, expr: sp.Not) -> str:
        return f"logical_not({self._print(expr.args[0])})"

    def _print_NaN(self, expr: sp.Expr) -> str:
        return "nan"

    _print_ComplexInfinity = _print_NaN

    def _print_Infinity(self, expr: sp.Expr) -> str:
        return "inf"

    def _print_NegativeInfinity(self, expr: sp.Expr) -> str:
        return "(-inf)"

    def _print_Abs(self, expr: sp.Expr) -> str:
        return f"absolute({self._print(expr.args[0])})"

    def _print_known(self, expr: sp.Function) -> str:
        return self._print_Function(expr)

    _print_tanh = _print_exp = _print_log = _print_sin = _print_cos = _print_sqrt = _print_erf = _print_known
    _print_asin = _print_acos = _print_atan = _print_sinh = _print_cosh = _print_erfc = _print_loggamma = _print_known
    _print_asinh = _print_acosh = _print_atanh = _print_known
    _print_sign = _print_Heaviside = _print_floor = _print_known


_PRINTER = _Printer()


def code(expr: sp.Expr) -> str:
    """Python text of one expression."""
    try:
        return _PRINTER.doprint(expr)
    except PrintMethodNotImplementedError as error:
        raise ModelError(f"{expr} holds a function that is {NOT_CODED}") from error


@cache
def array_names() -> Mapping[str, Any]:
    """Functions that generated code for arrays may call."""
    return {
        **{n: getattr(np, n) for n in ("tanh", "exp", "log", "sin", "cos", "sqrt", "power", "maximum", "minimum", "absolute")},
        **{n: getattr(np, n) for n in ("sinh", "cosh", "sign", "floor")},
        **{"asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh},
        **{n: getattr(np, n) for n in ("where", "logical_and", "logical_or", "logical_not", "nan", "inf")},
        **{"asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "erfc": _erfc},
        "Heaviside": np.heaviside,
        **NUMPY_FUNCTIONS,
        "lncosh": fast_lncosh,
        "trisected": _trisected,
    }


def _trisected(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.cos(np.arccos(np.clip(x, -1.0, 1.0)) / 3) * np.cosh(np.arccosh(np.maximum(x, 1.0)) / 3))


def _erfc(x: np.ndarray) -> np.ndarray:
    from scipy.special import erfc

    return np.asarray(erfc(x))


def fast_lncosh(x: np.ndarray) -> np.ndarray:
    """``ln cosh x``: to absolute rounding in a block that spreads over 2 and more; to relative rounding in one near 0, where
    equations divide a variance of it by Delta_0^2 (`scs` close to g = 1)."""
    a = np.asarray(np.absolute(x))
    if not a.ndim:
        return np.asarray(NUMPY_FUNCTIONS["lncosh"](a))  # of a number in the code of a table
    if a.size and a.max() < 2.0:  # the narrowest laws, which share their blocks, all are
        a *= 0.5
        near = np.sinh(a)
        near *= near
        near *= 2.0
        return np.log1p(near, out=near)
    out = np.exp(-2.0 * a)
    out += 1.0
    np.log(out, out=out)
    out += a
    out -= math.log(2.0)
    return out


def _float_sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def _float_power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


def _float_log(x: float) -> float:
    return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)


def _float_exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


FLOAT_NAMES: Mapping[str, Any] = {
    "tanh": math.tanh, "exp": _float_exp, "log": _float_log, "sin": math.sin, "cos": math.cos, "sqrt": _float_sqrt,
    "power": _float_power, "maximum": max, "minimum": min, "absolute": abs, "sinh": math.sinh, "cosh": math.cosh,
    "erf": math.erf, "erfc": math.erfc, "asin": math.asin, "acos": math.acos, "atan": math.atan,
    "sech": lambda x: 1.0 / math.cosh(x) if abs(x) < 700 else 0.0,
    "asinh": math.asinh, "acosh": math.acosh, "atanh": math.atanh, "nan": math.nan, "inf": math.inf,
    "where": lambda condition, x, y: x if condition else y,
    "logical_and": lambda a, b: bool(a and b), "logical_or": lambda a, b: bool(a or b), "logical_not": lambda a: not a,
}  # fmt: skip
"""The same functions for floats: a batch of one costs no array overhead."""


def function(text: str, name: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """Compile generated source that defines ``name``."""
    scope = dict(names)
    exec(compile(text, f"<meanfield {name}>", "exec"), scope)
    made = scope[name]
    missing = [n for n in made.__code__.co_names if n not in scope and not hasattr(builtins, n)]  # or names of attributes
    for step in dis.get_instructions(made) if missing else ():
        if step.opname == "LOAD_GLOBAL" and step.argval in missing:
            raise ModelError(f"{step.argval} is {NOT_CODED}")
    return made


def opaque_names(exprs: Sequence[sp.Basic]) -> dict[str, Any]:
    """Opaque nodes' functions, and those of their arguments that are no numbers, by the names under which they are printed."""
    from meanfield.averages.scope import nodes

    found = {n for e in exprs for n in nodes(e, Opaque, inside=True)}
    tokens = {t for n in found for t in n.args if isinstance(t, Transfer)}
    closures = {a for n in found for a in n.args if isinstance(a, Sealed)}
    functions = {type(n).__name__: type(n).evaluate for n in found}
    return functions | {_token_name(t): t for t in tokens} | {a.name: a.closure for a in closures}


def _token_name(token: Transfer) -> str:
    return "transfer_" + "".join(c if c.isalnum() else "_" for c in token.name)


def shared_parts(exprs: Sequence[sp.Expr], prefix: str) -> tuple[list[tuple[sp.Symbol, sp.Expr]], list[sp.Expr]]:
    """Common sub-expressions of expressions without binders, and the expressions in terms of them."""
    return sp.cse(list(exprs), symbols=sp.numbered_symbols(prefix, real=True), order="none")


def assignments(exprs: Sequence[sp.Expr], prefix: str) -> tuple[list[str], list[str]]:
    """Lines that compute common sub-expressions, and the text of each expression in terms of them.

    The expressions hold no binder (averages are symbols by now), so ordinary common-sub-expression elimination is legal.
    """
    common, reduced = shared_parts(exprs, prefix)
    return [f"{s} = {code(e)}" for s, e in common], [code(e) for e in reduced]
