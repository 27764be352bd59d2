"""Random variables that a user writes in an expression: a name and a law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from meanfield.averages.measures import Measure
from meanfield.errors import AverageError


class Variable(sp.Symbol):
    """Component ``index`` of a law, under a name. Equal if name, law, index and group are equal.

    ``group`` holds the names declared together: only variables of one group are correlated, even where laws are equal.

    Outside an average its law cannot be differentiated or substituted (SymPy would answer 0, or do nothing, silently):
    that raises `AverageError`.
    """

    __slots__ = ("group", "index", "law")

    law: Measure
    index: int
    group: tuple[str, ...]

    def __new__(cls, name: str, law: Measure, index: int = 0, group: Sequence[str] = ()) -> Variable:
        made = sp.Symbol.__xnew__(cls, name, real=True)
        made.law, made.index, made.group = law, index, tuple(group) or (name,)
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self._hashable_content(), {}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Variable, self._hashable_content()

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.law, self.index, self.group)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Variable) and self._hashable_content() == other._hashable_content())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("Variable", *self._hashable_content()))

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        # The law's symbols are included so that ``diff`` and ``subs`` reach the refusals below instead of skipping them.
        return {self} | self.law.free_symbols

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        if self == s:
            return sp.S.One
        self._refuse({s}, "differentiate")
        return sp.S.Zero

    def _eval_derivative_n_times(self, s: sp.Symbol, n: int) -> sp.Expr:
        if self != s:
            self._refuse({s}, "differentiate")
        return super()._eval_derivative_n_times(s, n)

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Basic | None:
        if old != self:
            self._refuse({old}, "substitute")
        return None

    def _xreplace(self, rule: dict[sp.Basic, sp.Basic]) -> tuple[sp.Basic, bool]:
        if self in rule:
            return rule[self], True
        self._refuse(set(rule), "substitute")
        return self, False

    def xreplace(self, rule: dict[sp.Basic, sp.Basic], hack2: bool = False) -> sp.Basic:
        return self._xreplace(rule)[0]

    def _refuse(self, symbols: set[Any], what: str) -> None:
        hit = self.law.free_symbols & symbols
        if hit:
            names = ", ".join(sorted(str(s) for s in hit))
            raise AverageError(
                f"cannot {what} {names} in the law of the random variable {self.name!r} outside an average; "
                f"take the average first, then {what} it"
            )


def random_variables(expr: sp.Basic) -> list[Variable]:
    """Free random variables of ``expr``, sorted by name."""
    return sorted((s for s in expr.free_symbols if isinstance(s, Variable)), key=lambda v: (v.name, v.index, str(v.law)))
