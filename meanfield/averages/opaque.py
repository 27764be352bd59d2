"""Quantities that are not averages (a Lyapunov exponent, a half width) as nodes that carry their own value and derivatives.

Upper floors subclass `Opaque`; the compiler knows only this protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import sympy as sp

from meanfield.averages.scope import close, free_symbols, open_body


class Closure(sp.Expr):
    """An expression as a function of bound variables: one argument of an `Opaque` node. Made by `closure`.

    It mentions no free symbol, so substitution and differentiation pass it by, while exchanges of the transfer function reach
    the averages in it. To the functions of the node it comes as it is.
    """

    binds = (1,)
    is_commutative = True
    is_real = True

    @property
    def body(self) -> sp.Expr:
        return self.args[0]

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return free_symbols(self)

    def applied(self, values: Sequence[sp.Expr]) -> sp.Expr:
        """The expression with ``values`` for its variables."""
        return open_body(self.body, values)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return sp.S.Zero

    def _sympystr(self, printer: Any) -> str:
        return "..."

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return r"\ldots"


def closure(expr: sp.Expr, variables: Sequence[sp.Symbol]) -> Closure:
    """``expr`` as a function of ``variables``, which must be all its free symbols."""
    made = Closure(close(sp.sympify(expr), variables))
    if made.free_symbols:
        raise ValueError(f"a closure must bind all symbols; {made.free_symbols} are left free")
    return made


class Sealed(sp.AtomicExpr):
    """A `Closure` in a program: an atom, so that nothing looks for averages in it."""

    is_commutative = True
    is_real = True
    closure: Closure

    def __new__(cls, closure: Closure) -> Sealed:
        made = sp.AtomicExpr.__new__(cls)
        made.closure = closure
        return made

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.closure,)

    @cached_property
    def name(self) -> str:
        return f"closure_{hash(self.closure) & 0xFFFFFFFFFFFFFFFF:x}"

    def _sympystr(self, printer: Any) -> str:
        return self.name


def seal(expr: sp.Basic) -> sp.Basic:
    """``expr`` with every closure in it sealed."""
    if isinstance(expr, Closure):
        return Sealed(expr)
    if not expr.args or not expr.has(Closure):
        return expr
    return expr.func(*(seal(a) for a in expr.args))


class Opaque(sp.Function):
    """Subclasses define ``evaluate(*args)`` and, if the node is to be differentiated, ``partial(i, *args)``; both vectorised.

    ``claim(*args)``, if it is there, bounds the error of ``evaluate``. Arguments are scalars, for which arrays come, and
    transfer functions and closures, which come as they are. unit: of the value, such as "time constant"; empty for a mere number.
    """

    claim: ClassVar[Any] = None
    unit: ClassVar[str] = ""

    @staticmethod
    def evaluate(*args: Any) -> np.ndarray:
        raise NotImplementedError

    @staticmethod
    def partial(index: int, *args: Any) -> np.ndarray:
        raise NotImplementedError("this quantity carries no derivative")

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return _partial_class(type(self), argindex)(*self.args)

    @property
    def uncertainty(self) -> sp.Expr:
        """Bound on the error of the value, as a node with the same arguments; 0 if the class claims none."""
        return sp.S.Zero if type(self).claim is None else _claim_class(type(self))(*self.args)


_PARTIALS: dict[tuple[type, int], type] = {}
_CLAIMS: dict[type, type] = {}


def _partial_class(cls: type[Opaque], argindex: int) -> type[Opaque]:
    key = (cls, argindex)
    if key not in _PARTIALS:

        def evaluate(*args: Any) -> np.ndarray:
            return cls.partial(argindex - 1, *args)

        def reduce(self: Opaque, protocol: Any) -> tuple[Any, ...]:
            return _partial, (cls, argindex, self.args)  # a class made here cannot be found by its name

        parts = {"evaluate": staticmethod(evaluate), "__reduce_ex__": reduce}
        _PARTIALS[key] = type(f"{cls.__name__}_d{argindex}", (Opaque,), parts)
    return _PARTIALS[key]


def _claim_class(cls: type[Opaque]) -> type[Opaque]:
    if cls not in _CLAIMS:
        _CLAIMS[cls] = type(f"{cls.__name__}_claim", (Opaque,), {"evaluate": staticmethod(cls.claim)})
    return _CLAIMS[cls]


def _partial(cls: type[Opaque], argindex: int, args: tuple[sp.Basic, ...]) -> sp.Expr:
    return _partial_class(cls, argindex)(*args)
