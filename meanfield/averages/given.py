"""What a user hands in as an expression: SymPy or a number. Text is never evaluated."""

from __future__ import annotations

from typing import Any

import sympy as sp

from meanfield.errors import AverageError, brief

__all__ = ["given"]


def given(value: Any, what: str) -> sp.Expr:
    """``value`` in SymPy. Raises `AverageError` for text, arrays and whatever else is no expression, and for NaN."""
    if isinstance(value, sp.Basic):
        expr = value
    else:
        try:
            expr = sp.sympify(value, strict=True)
        except (sp.SympifyError, TypeError, ValueError):
            expr = None
    if not isinstance(expr, sp.Expr) or expr is sp.nan:
        raise AverageError(f"{what} must be an expression or a number, got {brief(value)}")
    return expr
