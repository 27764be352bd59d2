"""`evaluate` and `PreciseModel`: as much working precision as the digits asked for turn out to need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp

from meanfield.averages.divided_difference import DividedDifference
from meanfield.averages.scope import nodes
from meanfield.compile.precise.engine import Goal, Noise
from meanfield.compile.precise.evaluator import BINDERS, Evaluator, bits_for
from meanfield.compile.precise.field import Field
from meanfield.errors import ParameterError, QuadratureError

if TYPE_CHECKING:
    from meanfield.model import Model

MARGIN = 3
"""Digits of the averages beyond those asked of the result."""
MAX_ROUNDS = 8


def evaluate(
    expr: sp.Expr | Sequence[sp.Expr], values: Mapping[sp.Symbol, Any], digits: int, data: Mapping[str, Sequence[Any]] | None = None
) -> list[mpmath.mpf]:
    """Values of expressions, each with a claimed error below ``10^-digits max(1, |value|)``.

    expr: one expression or several. values: number, mpf or decimal string of every free symbol (the float 0.1 means its
    exact binary value, the string "0.1" the decimal one). data: samples of empirical laws by name. Raises `QuadratureError`
    if the digits cannot be reached, `ParameterError` for a missing value, `AverageError` if an average does not exist.
    """
    found, errors, _ = _evaluate(_listed(expr), values, digits, data, 0)
    for value, error in zip(found, errors, strict=True):
        if error > _allowed(value, digits):
            what, reached = mpmath.nstr(value, 8), mpmath.nstr(error, 3)
            raise QuadratureError(f"asked for {digits} digits of {what}, reached an error of {reached}")
    return found


def evaluate_with_error(
    expr: sp.Expr | Sequence[sp.Expr], values: Mapping[sp.Symbol, Any], digits: int, data: Mapping[str, Sequence[Any]] | None = None
) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
    """Like `evaluate`, with the claimed absolute errors; they may exceed the goal where it cannot be reached."""
    found, errors, _ = _evaluate(_listed(expr), values, digits, data, 0)
    return found, errors


def _listed(expr: Any) -> list[sp.Expr]:
    return [sp.sympify(e) for e in (expr if isinstance(expr, Sequence | sp.Tuple) else [expr])]


def _allowed(value: mpmath.mpf, digits: int) -> mpmath.mpf:
    return mpmath.mpf(10) ** -digits * max(1, abs(value))


def _evaluate(
    exprs: list[sp.Expr], values: Mapping[sp.Symbol, Any], digits: int, data: Any, extra: int
) -> tuple[list[mpmath.mpf], list[mpmath.mpf], int]:
    """Values, errors and the extra working digits that they took (a good first guess for the next point)."""
    if digits != int(digits) or digits < 1:
        raise ParameterError(f"digits must be a positive integer, got {digits!r}")
    extra = max(extra, _cancellation(exprs, values, digits))
    for attempt in range(MAX_ROUNDS):
        work = digits + MARGIN + extra
        field = Field(bits_for(work))
        with field:
            try:
                estimates = Evaluator(field, Goal(work), values, data).values(exprs)
            except Noise as noise:
                if attempt == MAX_ROUNDS - 1:
                    raise QuadratureError(f"rounding errors hide the convergence even with {work} digits") from noise
                extra += noise.digits
                continue
            found = [field.to_mpf(e.value) for e in estimates]
            errors = [field.to_mpf(e.error) for e in estimates]
            missing = max((mpmath.log10(e / _allowed(v, digits)) for v, e in zip(found, errors, strict=True) if e), default=-1)
        if missing <= 0 or attempt == MAX_ROUNDS - 1:
            break
        extra += math.ceil(missing) + 1
    return found, errors, extra


def _cancellation(exprs: Sequence[sp.Expr], values: Mapping[sp.Symbol, Any], digits: int) -> int:
    """Digits that divided differences with points close to each other will lose, as far as plain points tell."""
    from meanfield.compile.precise.divided import combination

    lost = 0.0
    field = Field(bits_for(2 * digits + 40))
    with field:
        evaluator = Evaluator(field, Goal(digits + MARGIN), values)
        for node in dict.fromkeys(n for e in exprs for n in nodes(e, DividedDifference)):
            if not any(True for p in node.points for _ in nodes(p, BINDERS)):
                try:
                    points = [evaluator.interpreter()(p) for p in node.points]
                except ParameterError:
                    continue
                lost = max(lost, combination(field, points, digits + MARGIN).lost_digits(field))
    return math.ceil(lost)


class PreciseModel:
    """A model's residuals and other quantities at any precision; the counterpart of the double-precision kernel.

    data: samples of empirical laws by name.
    """

    def __init__(self, model: Model, data: Mapping[str, Sequence[Any]] | None = None) -> None:
        self.model, self.data = model, data
        self._residuals = list(model.residuals)
        self._extra: dict[tuple[sp.Expr, ...], int] = {}

    def residual(self, x: Sequence[Any], p: Sequence[Any], digits: int) -> list[mpmath.mpf]:
        """Residuals at unknowns ``x`` and parameters ``p`` (in the model's order), absolute error below ``10^-digits``
        times ``max(1, |value|)``."""
        return self.with_error(self._residuals, x, p, digits)[0]

    def quantity(self, expr: sp.Expr | str, x: Sequence[Any], p: Sequence[Any], digits: int) -> mpmath.mpf:
        """An expression in unknowns, parameters and definitions, or the observable or indicator of that name."""
        return self.with_error([self._resolved(expr)], x, p, digits)[0][0]

    def with_error(
        self, exprs: Sequence[sp.Expr | str], x: Sequence[Any], p: Sequence[Any], digits: int
    ) -> tuple[list[mpmath.mpf], list[mpmath.mpf]]:
        """Values of several expressions (they share their averages) and claimed absolute errors."""
        resolved = tuple(self._resolved(e) for e in exprs)
        values = self._values(x, p)
        guess = max(self._extra.get(resolved, 0) - 2, 0)
        found, errors, self._extra[resolved] = _evaluate(list(resolved), values, digits, self.data, guess)
        return found, errors

    def _resolved(self, expr: sp.Expr | str) -> sp.Expr:
        return self.model.named(expr) if isinstance(expr, str) else self.model.resolve(sp.sympify(expr))

    def _values(self, x: Sequence[Any], p: Sequence[Any]) -> dict[sp.Symbol, Any]:
        names = (*self.model.unknowns, *self.model.parameters)
        if len(x) != len(self.model.unknowns) or len(p) != len(self.model.parameters):
            unknowns, parameters = (", ".join(map(str, part)) for part in (self.model.unknowns, self.model.parameters))
            raise ParameterError(f"expected unknowns ({unknowns}) and parameters ({parameters}), got {len(x)} and {len(p)} numbers")
        return dict(zip(names, (*x, *p), strict=True))
