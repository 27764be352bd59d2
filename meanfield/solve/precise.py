"""Solutions to N digits: Newton's method in multiple precision from a float64 root, and every named quantity there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from meanfield.compile import FINE, Kernel
from meanfield.compile.precise import PreciseModel
from meanfield.compile.states import StateKernel
from meanfield.errors import AverageError, ParameterError, QuadratureError, brief
from meanfield.model import Model
from meanfield.solve.polish import MpVector, Polished, polish
from meanfield.solve.rows import Rows
from meanfield.solve.solution import Solution, Solutions
from meanfield.solve.status import Status

Table = Mapping[str, tuple[Any, Any]]
MOST_DIGITS = 300
_ROUNDS = 6  # of Newton steps with a new Jacobian before a root is given up
_JACOBIAN_DIGITS = 25
ROUNDED = 2.0**-53  # relative error of the nearest double
_DOUBT = 1e-3  # relative change of the inverse that the digits of the Jacobian may make
_NEAR = 1e-2  # change of an inverse, from where it was computed to the root, up to which it is trusted unseen
_TRUSTED = 1e6  # condition number up to which the float64 Jacobian serves all iterations


def check_digits(digits: Any, shape: tuple[int, ...]) -> None:
    """Raises `ParameterError` unless ``digits`` is a whole number >= 1 and there is one parameter point."""
    if isinstance(digits, bool) or not isinstance(digits, int | np.integer) or digits < 1:
        raise ParameterError(f"digits must be a whole number, at least 1; got {digits!r}")
    if digits > MOST_DIGITS:
        raise ParameterError(f"digits may be at most {MOST_DIGITS}, which takes minutes already; got {digits}")
    if shape != ():
        raise ParameterError(f"digits are for one parameter point, but there are points of shape {shape}; solve them one by one")


def with_digits(result: Any, digits: int, given: Mapping[str, Any] | None = None) -> Any:
    """A `Solution` or `Solutions` at one parameter point, polished to ``digits`` digits.

    given: the parameters as the caller wrote them; a float means the decimal number that it prints as, and strings,
    fractions, SymPy and mpmath numbers mean themselves. The values become `mpmath.mpf`, errors too; what is known in double
    precision only (spectra, quantities that are no averages) stays as it is. Raises `ParameterError` for arrays of parameters.
    """
    check_digits(digits, result.shape)
    if isinstance(result, Solutions):
        return Solutions([with_digits(s, digits, given) for s in result], result.why, asked=result.asked)
    if not result.found:
        return result
    wanted = given if given is not None else result.parameters
    kernel = result.kernel
    data = dict.fromkeys(kernel.model.data, kernel.state(result.p).tolist()) if isinstance(kernel, StateKernel) else None
    root = polished(kernel, result.rows, exact_parameters(kernel.model, wanted, digits), digits, result.tol, data)
    return result if root is None else replace(result, rows=root.rows, precise=PreciseTable(root, result, digits))  # type: ignore[arg-type]


def exact_parameters(model: Model, given: Mapping[str, Any], digits: int) -> list[Any]:
    """The model's parameters, in order, as numbers of at least ``digits`` digits."""
    with mpmath.workdps(digits + 40):
        values = {name: exact(name, value) for name, value in given.items()}
        if model.prepare:
            boxed = {name: np.array(value, dtype=object) for name, value in values.items()}
            values = {name: np.asarray(value, dtype=object).item() for name, value in model.prepare.function(boxed).items()}
        defaults = {s.name: v for s, v in model.defaults.items()}
        return [values[s.name] if s.name in values else _constant(defaults[s.name]) for s in model.parameters]


def exact(name: str, value: Any) -> mpmath.mpf:
    """A number as it was written, in the working precision: 2.1 is 21/10, not the nearest double."""
    while isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, mpmath.mpf | int):
        return mpmath.mpf(value)
    if isinstance(value, Fraction):
        return mpmath.mpf(value.numerator) / value.denominator
    if isinstance(value, sp.Expr):
        return _constant(value)
    try:
        return mpmath.mpf(repr(value) if isinstance(value, float) else str(value))
    except (TypeError, ValueError):
        raise ParameterError(f"the parameter {name!r} must be a number, got {brief(value)}") from None


def _constant(expr: sp.Expr) -> mpmath.mpf:
    digits = mpmath.mp.dps + 5
    return mpmath.mpf(sp.Float(sp.N(expr, digits), digits)._mpf_)


@dataclass(frozen=True)
class Root:
    """A polished root: x, error (n,) of mpmath, the parameters it belongs to, and the float64 row that rounds it."""

    model: PreciseModel
    parameters: list[Any]
    x: MpVector
    error: MpVector
    rows: Rows


def polished(kernel: Kernel, rows: Rows, parameters: Sequence[Any], digits: int, tol: float, data: Any = None) -> Root | None:
    """The root near the only row of ``rows`` to ``digits`` digits; None if Newton's method does not get there."""
    precise = PreciseModel(kernel.model, data)
    newton = _Newton(precise, list(parameters), digits, kernel.lower)
    jacobian = rows.jacobian[0] if rows.condition[0] < _TRUSTED else None
    try:
        done = newton.run([float(v) for v in rows.x[0]], jacobian)
    except (QuadratureError, ZeroDivisionError):
        return None
    if not done.status.found:
        return None
    with mpmath.workdps(digits + 20):
        x, bounds = _inside(done.x, done.error, kernel.lower)
        x = _on_edges(x, bounds, rows.x[0], kernel.lower)
        rounded = np.array([float(v) for v in x])
        # What the rows hold are doubles: each may be away from its value by half a unit in the last place.
        error = np.array([float(e) for e in bounds]) + ROUNDED * np.abs(rounded)
    allowed = tol * np.maximum(1.0, np.abs(rounded))
    status = Status.CONVERGED if (error <= allowed).all() else Status.CLAIM_ABOVE_TOLERANCE
    new = replace(
        rows,
        x=rounded[None],
        error=error[None],
        residual=np.array([float(max(abs(r) for r in newton.last))]),
        status=np.array([status.code]),
        jacobian=_slopes(kernel, rows, rounded, parameters, data) if newton.jacobian is None else newton.jacobian[None],
    )
    return Root(precise, list(parameters), x, bounds, new)


def _slopes(kernel: Kernel, rows: Rows, x: np.ndarray, parameters: Sequence[Any], data: Any) -> np.ndarray:
    """The Jacobian (1, n, n) at the root; that of ``rows`` may be a rough one."""
    if data is not None:
        return rows.jacobian
    p = np.array([[float(v) for v in parameters]])
    better = kernel.at(FINE).residual_jacobian(x[None], p)[1]
    return better if np.isfinite(better).all() else rows.jacobian


def _inside(x: MpVector, error: MpVector, lower: np.ndarray) -> tuple[MpVector, MpVector]:
    """Unknowns below an edge of their domain by rounding are put on it, and their errors grow by as much."""
    at = [max(v, mpmath.mpf(edge)) for v, edge in zip(x, lower.tolist(), strict=True)]
    return at, [e + 2 * (a - v) for a, v, e in zip(at, x, error, strict=True)]


def _on_edges(x: MpVector, error: MpVector, rough: np.ndarray, lower: np.ndarray) -> MpVector:
    """Unknowns that lie exactly on an edge of their domain, or are exactly 0 by symmetry, stay there."""
    snap = [r if r == edge or r == 0.0 else None for r, edge in zip(rough.tolist(), lower.tolist(), strict=True)]
    return [v if s is None or abs(v - s) > e else mpmath.mpf(s) for v, e, s in zip(x, error, snap, strict=True)]


class _Newton:
    """Chord iterations with a float64 Jacobian, and with new ones of multiple precision where that one does not serve."""

    def __init__(self, model: PreciseModel, parameters: list[Any], digits: int, lower: np.ndarray) -> None:
        self.model, self.parameters, self.digits = model, parameters, digits
        self.lower = [mpmath.mpf(v) for v in lower.tolist()]
        self.residuals = list(model.model.residuals)
        self.derivatives = [r.diff(u) for r in self.residuals for u in model.model.unknowns]
        self.last: MpVector = []
        self.bounds: MpVector = []
        self.jacobian: np.ndarray | None = None

    def run(self, x: Sequence[Any], jacobian: np.ndarray | None) -> Polished:
        done: Polished | None = None
        outside = False
        for _ in range(_ROUNDS):
            if jacobian is None:
                jacobian = self.jacobian = self._jacobian(x)
            inverse = self._inverse(jacobian)
            if inverse is None:
                break
            guard = 10 + max(0, math.ceil(math.log10(max(1.0, float(np.abs(inverse).max())))))
            self.work = self.digits + guard
            done = polish(self._residual, list(x), inverse, self.digits, claims=lambda _: self.bounds, guard=guard)
            if done.status.found and self._lasts(inverse, jacobian, x, done.x):
                return done
            before, outside = outside, any(v < edge for v, edge in zip(done.x, self.lower, strict=True))
            if done.status is Status.NAN or (before and outside):  # again, from the edge on: the root is beyond it
                break
            x, jacobian = done.x, None
        end = done.x if done is not None else [mpmath.mpf(v) for v in x]
        return Polished(end, [mpmath.inf] * len(end), Status.SINGULAR, 0)

    def _lasts(self, inverse: np.ndarray, jacobian: np.ndarray, begin: Sequence[Any], end: Sequence[Any]) -> bool:
        """Whether the inverse, from which the error is claimed, still is one at the root: not where the Jacobian vanishes there."""
        moved = max(abs(b - a) for a, b in zip(begin, end, strict=True))
        near = moved * max(1.0, float(np.abs(inverse).max())) <= _NEAR  # times slopes that change by as much as the unknowns
        if near and float((np.abs(inverse) @ np.abs(jacobian)).max()) < _TRUSTED:
            return True
        values, n = self._slopes(end), len(inverse)
        with mpmath.workdps(40):  # both are large and nearly cancel
            for i in range(n):
                row = [mpmath.fsum(mpmath.mpf(inverse[i, k]) * values[n * k + j] for k in range(n)) - (i == j) for j in range(n)]
                if not mpmath.fsum(map(abs, row)) < 0.5:
                    return False
        return True

    def _inside(self, x: Sequence[Any]) -> MpVector:
        return [max(mpmath.mpf(v), edge) for v, edge in zip(x, self.lower, strict=True)]

    def _residual(self, x: MpVector) -> MpVector:
        self.last, self.bounds = self.model.with_error(self.residuals, self._inside(x), self.parameters, self.work)
        return self.last

    def _jacobian(self, x: Sequence[Any]) -> np.ndarray:
        self.exact_jacobian = self._slopes(x)
        return np.array([float(v) for v in self.exact_jacobian]).reshape(len(self.residuals), -1)

    def _slopes(self, x: Sequence[Any]) -> MpVector:
        with mpmath.workdps(self.digits + 40):  # where x is what it is, not the nearest double
            return self.model.with_error(self.derivatives, self._inside(x), self.parameters, _JACOBIAN_DIGITS)[0]

    def _inverse(self, jacobian: np.ndarray) -> np.ndarray | None:
        """The inverse, computed in multiple precision where the matrix is known so well; None if singular."""
        n = len(jacobian)
        entries = self.exact_jacobian if jacobian is self.jacobian else jacobian.ravel().tolist()
        with mpmath.workdps(40):
            try:
                inverse = mpmath.matrix(n, n)
                for i in range(n):
                    for j in range(n):
                        inverse[i, j] = mpmath.mpf(entries[n * i + j])
                inverse = inverse**-1
            except (ZeroDivisionError, TypeError):  # without a pivot mpmath looks for row None
                return None
            found = np.array([[float(inverse[i, j]) for j in range(n)] for i in range(n)])
        return found if np.isfinite(found).all() and self._known(jacobian, found) else None

    def _known(self, jacobian: np.ndarray, inverse: np.ndarray) -> bool:
        """Whether the digits of the Jacobian tell it from a singular one, as they cannot where solutions form a line (a ring of
        them, say): there an inverse says nothing, and no error can be claimed from it."""
        if jacobian is not self.jacobian:
            return True  # of float64, and trusted
        digits = 10.0 ** (1 - _JACOBIAN_DIGITS)
        return float((np.abs(inverse) @ np.abs(jacobian)).max()) * digits < _DOUBT


class PreciseTable(Mapping[str, tuple[Any, Any]]):
    """(value, claimed error) by name, each computed when it is first asked for.

    The error of an observable is that of its evaluation plus what the errors of the unknowns do to it.
    """

    def __init__(self, root: Root, solution: Solution, digits: int) -> None:
        self.root, self.digits = root, digits
        self.float64 = replace(solution, rows=root.rows, precise={})
        model = solution.kernel.model
        public = [s.name for s in model.public_unknowns]
        self._names = list(dict.fromkeys([*public, *solution.kernel.names, *model.observables, *model.indicators]))
        self._known: dict[str, tuple[Any, Any]] = {}

    def __getitem__(self, name: str) -> tuple[Any, Any]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._evaluate(name)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.float64.kernel.names)}

    def _evaluate(self, name: str) -> tuple[Any, Any]:
        if name in self._place:
            i = self._place[name]
            return self.root.x[i], self.root.error[i]
        root = self.root
        expr = root.model.model.named(name)
        try:
            (value,), (own,) = root.model.with_error([expr], root.x, root.parameters, self.digits + 2)
        except AverageError:
            return self.float64._quantity(name)
        with mpmath.workdps(self.digits + 10):
            return value, own + self._carried(expr, value)

    def _carried(self, expr: sp.Expr, value: mpmath.mpf) -> mpmath.mpf:
        """What the unknowns' errors do: twice the float64 gradient times them; differences where it is not finite."""
        root, kernel = self.root, self.float64.kernel
        gradient = kernel.at(FINE).gradients((expr,), root.rows.x, self.float64.p)[0, 0]
        total = mpmath.mpf(0)
        for i, (slope, error) in enumerate(zip(gradient.tolist(), root.error, strict=True)):
            if not error:
                continue
            if math.isfinite(slope):
                total += 2 * abs(slope) * error
                continue
            moved = [v + error if k == i else v for k, v in enumerate(root.x)]
            (other,), (own,) = root.model.with_error([expr], moved, root.parameters, self.digits + 2)
            total += 2 * abs(other - value) + own
        return total
