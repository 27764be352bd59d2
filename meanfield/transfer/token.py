"""A transfer function is a token, and `phi^(k)(x)` one node, whatever function the token stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from meanfield.errors import TransferError
from meanfield.transfer import numeric
from meanfield.transfer.traits import Traits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["X", "Applied", "Transfer"]

X = sp.Symbol("x", real=True)
"""The symbol in which every transfer function is defined."""

_numbered: ContextVar[tuple[Any, ...]] = ContextVar("_numbered", default=())  # functions that are printed with a number


class Transfer(sp.Atom):
    """A transfer function phi: `phi(x)`, `phi.d(k)(x)` for its k-th derivative, `phi.d(-1)(x)` for Phi.

    Tokens are equal if name and definition are, so expressions that hold them hash, compare and pickle, and
    `expr.xreplace({tanh: erf})` exchanges the function.

    name: used in messages and by `by_name`.
    definition: phi as a SymPy expression in `X` (plain and safe functions).
    derivative: phi' in `X`, given where plain differentiation would leave the few generators in which all
        derivatives are polynomials.
    antiderivative: Phi in `X`; its constant is free, since no physical quantity depends on it.
    library: the text with which `by_name` finds this token again, if it is one of the library.
    """

    __slots__ = ("_explicit", "_library", "compiled", "definition", "name", "traits")

    name: str
    definition: sp.Expr
    traits: Traits
    compiled: dict[Any, Any]

    def __new__(
        cls,
        name: str,
        definition: sp.Expr,
        traits: Traits,
        *,
        derivative: sp.Expr | None = None,
        antiderivative: sp.Expr | None = None,
        library: str | None = None,
    ) -> Transfer:
        self = super().__new__(cls)
        self.name, self.definition, self.traits, self._library = name, definition, traits, library
        self.compiled = {}
        given = {-1: antiderivative, 0: definition, 1: derivative}
        self._explicit = {order: expr for order, expr in given.items() if expr is not None}
        return self

    def _hashable_content(self) -> tuple[str, sp.Expr]:
        return self.name, self.definition

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self._library is not None:
            return _from_library, (self._library,)
        given = tuple(self._explicit.get(order) for order in (1, -1))
        return _rebuild, (self.name, self.definition, self.traits, *given)

    def sort_key(self, order: Any = None) -> Any:
        return self.class_key(), (2, (self.name, str(self.definition))), sp.S.One.sort_key(), sp.S.One

    def __call__(self, x: Any) -> Applied:
        """`phi(x)`."""
        return Applied(self, 0, x)

    def d(self, order: int) -> Callable[[Any], Applied]:
        """The derivative of the given order, ready to be applied; order -1 is the antiderivative Phi."""
        order = _checked_order(order)
        return lambda x: Applied(self, order, x)

    def explicit(self, order: int, x: Any) -> sp.Expr:
        """`phi^(order)(x)` in plain and safe functions: the classical part, without deltas at kinks.

        Raises `TransferError` below order -1, and at order -1 if the antiderivative is not known.
        """
        order = _checked_order(order)
        if order not in self._explicit:
            if order == -1:
                raise TransferError(f"the antiderivative of {self.name} is not known; give antiderivative=... when you define it")
            slope = sp.expand_mul(sp.diff(self.explicit(order - 1, X), X))
            if slope.has(sp.Derivative, sp.Subs, sp.DiracDelta):
                raise TransferError(f"SymPy cannot differentiate {self.name}; give derivative=... when you define it")
            self._explicit[order] = slope
        return self._explicit[order].xreplace({X: sp.sympify(x, strict=True)})

    def kink_terms(self, order: int) -> list[tuple[float, int, float]]:
        """The delta functions in `phi^(order)`: it holds `weight * delta^(m)(x - location)` for every returned
        `(location, m, weight)`; `explicit` gives the rest."""
        order = _checked_order(order)
        return [
            (kink.location, order - 1 - jumping, jump)
            for kink in self.traits.kinks
            for jumping, jump in sorted(kink.jumps.items(), reverse=True)
            if jumping < order
        ]

    def jet(self, orders: Sequence[int], x: Any) -> list[NDArray[np.float64]]:
        """`[phi^(k)(x) for k in orders]`, classical parts, for an array x of floats, in one pass."""
        return numeric.jet(self, tuple(map(_checked_order, orders)), x)

    def mp(self, order: int, x: Any) -> Any:
        """`phi^(order)(x)`, classical part, for a number x at `mpmath`'s current precision."""
        return numeric.at_precision(self, _checked_order(order), x)

    def _sympystr(self, printer: Any) -> str:
        return self.name

    def _sympyrepr(self, printer: Any) -> str:
        return f"Transfer({self.name!r}, {printer._print(self.definition)})"

    def _latex(self, printer: Any) -> str:
        return self.traits.latex


class Applied(sp.Expr):
    """`phi^(order)(x)`, with arguments `(token, order, x)`; order -1 is the antiderivative.

    It never evaluates, not even `tanh(0)`: what depends on phi is left to named passes, so that phi can be
    exchanged. Raises `TransferError` for an order below -1.
    """

    is_commutative = True
    is_real = True

    def __new__(cls, token: Transfer, order: Any, x: Any) -> Applied:
        if not isinstance(token, Transfer):
            raise TransferError(f"expected a transfer function, got {token!r}; use one of meanfield.transfer")
        x = _symbolic(token, x)
        return super().__new__(cls, token, sp.Integer(_checked_order(order)), x)

    @property
    def token(self) -> Transfer:
        return self.args[0]

    @property
    def order(self) -> int:
        return int(self.args[1])

    @property
    def argument(self) -> sp.Expr:
        return self.args[2]

    def explicit(self) -> sp.Expr:
        """The same value in plain and safe functions (classical part)."""
        return self.token.explicit(self.order, self.argument)

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        inner = self.argument.diff(symbol)
        return Applied(self.token, self.order + 1, self.argument) * inner if inner else sp.S.Zero

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.explicit().evalf(sp.core.evalf.prec_to_dps(prec)) if self.argument.is_number else self

    def _sympystr(self, printer: Any) -> str:
        return f"{_letter(self.order, *self._letters('phi', 'Phi'), '^({})')}({printer._print(self.argument)})"

    def _latex(self, printer: Any) -> str:
        head = _letter(self.order, *self._letters(r"\phi", r"\Phi"), "^{{({})}}")
        return rf"{head}\left({printer._print(self.argument)}\right)"

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        phi, Phi = ("φ", "Φ") if printer._use_unicode else ("phi", "Phi")
        argument = prettyForm(*printer._print(self.argument).parens())
        head = prettyForm(_letter(self.order, *self._letters(phi, Phi), "^({})"))
        return prettyForm(*head.right(argument))

    def _letters(self, phi: str, Phi: str) -> tuple[str, str]:
        """The letters for this function and its antiderivative, with a number where there are several functions."""
        several = _numbered.get()
        if self.token not in several:
            return phi, Phi
        number = several.index(self.token) + 1
        return f"{phi}_{number}", f"{Phi}_{number}"


@contextmanager
def numbered(tokens: Sequence[Transfer]) -> Iterator[None]:
    """Prints transfer functions as phi_1, phi_2, ... as long as it lasts, if they are several."""
    before = _numbered.set(tuple(tokens) if len(tokens) > 1 else ())
    try:
        yield
    finally:
        _numbered.reset(before)


def _letter(order: int, phi: str, Phi: str, high: str) -> str:
    if order < 0:
        return Phi
    return phi + ("'" * order if order <= 3 else high.format(order))


def _checked_order(order: Any) -> int:
    if order != int(order) or order < -1:
        raise TransferError(f"the order of a derivative must be an integer >= -1 (-1: antiderivative), got {order}")
    return int(order)


def _symbolic(token: Transfer, x: Any) -> sp.Expr:
    try:
        x = sp.sympify(x, strict=True)
    except sp.SympifyError:
        x = None
    if not isinstance(x, sp.Expr):
        raise TransferError(f"{token.name}(x) expects a SymPy expression or a number; for arrays use {token.name}.jet([0], x)")
    return x


def _from_library(name: str) -> Transfer:
    from meanfield.transfer.library import by_name

    return by_name(name)


def _rebuild(
    name: str, definition: sp.Expr, traits: Traits, derivative: sp.Expr | None, antiderivative: sp.Expr | None
) -> Transfer:
    return Transfer(name, definition, traits, derivative=derivative, antiderivative=antiderivative)
