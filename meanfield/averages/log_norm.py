"""``log_norm``: the logarithm of the normalisation of a tilted law, a node closed under differentiation."""

from __future__ import annotations

from typing import Any

import sympy as sp

from meanfield.averages.derivatives import log_weight_derivative
from meanfield.averages.measures import Gaussian, Tilted
from meanfield.averages.node import Average
from meanfield.averages.scope import Bound, free_symbols
from meanfield.averages.variables import Variable
from meanfield.errors import AverageError


class LogNorm(sp.Expr):
    """``ln int N(y; mean, var) exp(log_tilt(y)) dy``, zero for a law without tilt. Its derivative is ``<d log w>``.

    With the unnormalised weight ``exp(-y^2/2 beta + log_tilt)`` of the literature, ``ln Z = log_norm + ln(2 pi beta)/2``.
    """

    binds = (0,)
    is_commutative = True
    is_real = True

    def __new__(cls, law: Tilted | Gaussian) -> sp.Expr:
        if isinstance(law, Gaussian):
            return sp.S.Zero
        if not isinstance(law, Tilted):
            raise AverageError(f"log_norm needs a tilted law, got {type(law).__name__}")
        return sp.Expr.__new__(cls, law)

    measure: Tilted = property(lambda self: self.args[0])  # type: ignore[assignment]

    @property
    def free_symbols(self) -> set[sp.Symbol]:  # type: ignore[override]
        return free_symbols(self)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        inside = Bound(s.level + 1, s.index) if isinstance(s, Bound) else s
        return Average(log_weight_derivative(self.measure, s, inside), self.measure)

    def _sympystr(self, printer: Any) -> str:
        return "log_norm"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return r"\ln \mathcal{N}" if exp is None else rf"\left(\ln \mathcal{{N}}\right)^{{{exp}}}"


def log_norm(variable: Variable) -> sp.Expr:
    """Log-normalisation of the tilted law of a random variable declared with ``tilted``."""
    if not isinstance(variable, Variable):
        raise AverageError(f"log_norm needs a random variable declared with tilted, got {variable!r}")
    return LogNorm(variable.law)
