"""What stands behind ``-p``: numbers, small arithmetic and sweeps, read without ever executing the text."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath

from meanfield.errors import ParameterError

LARGEST_COUNT = 1_000_000  # points of one sweep

__all__ = ["Sweep", "interval", "number", "numbers_of", "parameters", "values_of", "window"]

Value = Any  # float, or mpmath.mpf when digits were asked for

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_SIGNS: dict[type, Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_LONGEST = 200


@dataclass(frozen=True)
class Sweep:
    """``start:stop:count``, both ends included."""

    start: float
    stop: float
    count: int

    def values(self) -> Any:
        """The (count,) values, equally spaced."""
        import numpy as np

        return np.linspace(self.start, self.stop, self.count)


def number(text: str, digits: int | None = None) -> Value:
    """The real number that ``text`` says: a literal, or arithmetic with ``+ - * / **``, ``sqrt(...)`` and ``pi``.

    With ``digits`` the value is an `mpmath.mpf` of that many digits (and a guard), so that ``0.1`` and ``sqrt(2)`` mean
    those numbers and not their nearest float. Raises `ParameterError` for anything else; nothing is executed.
    """
    source = text.strip()
    refusal = f"cannot read {text!r} as a number; expected a number such as 2, 1e-3, or arithmetic with + - * / **, sqrt() and pi"
    if not source or len(source) > _LONGEST:
        raise ParameterError(refusal)
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ParameterError(refusal) from error
    try:
        value = _Floats(source).read(tree) if digits is None else _many(source, tree, digits)
    except (OverflowError, ZeroDivisionError, ValueError) as error:
        raise ParameterError(f"{text!r} is not a finite real number ({error})") from error
    except _NotAllowed as error:
        raise ParameterError(refusal) from error
    if isinstance(value, complex) or not math.isfinite(float(value)):
        raise ParameterError(f"{text!r} is not a finite real number")
    return value


class _NotAllowed(Exception):
    """A node of the syntax tree that is not on the list."""


class _Floats:
    """Evaluate a syntax tree in floats."""

    def __init__(self, source: str) -> None:
        self.source = source

    def literal(self, text: str) -> Value:
        return float(text)

    def sqrt(self, value: Value) -> Value:
        return math.sqrt(value)

    def pi(self) -> Value:
        return math.pi

    def read(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            # The text, not the parsed value: 0.1 with 30 digits is not the float 0.1.
            return self.literal((ast.get_source_segment(self.source, node) or "").replace("_", ""))
        if isinstance(node, ast.Name) and node.id == "pi":
            return self.pi()
        if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
            return _SIGNS[type(node.op)](self.read(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](self.read(node.left), self.read(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt":
            if len(node.args) == 1 and not node.keywords:
                return self.sqrt(self.read(node.args[0]))
        raise _NotAllowed(ast.dump(node))


class _Many(_Floats):
    """Evaluate a syntax tree in mpmath's numbers, at the working precision of the caller."""

    def literal(self, text: str) -> Value:
        return mpmath.mpf(text)

    def sqrt(self, value: Value) -> Value:
        return mpmath.sqrt(value)

    def pi(self) -> Value:
        return +mpmath.pi

    def read(self, node: ast.expr) -> Value:
        value = super().read(node)
        if not isinstance(value, mpmath.mpf):
            raise ValueError("it is complex")
        return value


def _many(source: str, tree: ast.expr, digits: int) -> Value:
    with mpmath.workdps(digits + 10):
        return _Many(source).read(tree)


def _value(text: str, digits: int | None) -> Value | Sweep:
    parts = text.split(":")
    if len(parts) == 1:
        return number(text, digits)
    if len(parts) != 3:
        raise ParameterError(f"cannot read {text!r}; expected a number, or a sweep start:stop:count such as 0.5:3:26")
    start, stop = number(parts[0]), number(parts[1])
    return Sweep(start, stop, _count(parts[2], text))


def _count(text: str, whole: str) -> int:
    try:
        count = int(text)
    except ValueError as error:
        raise ParameterError(f"the count of {whole!r} must be a whole number, got {text!r}") from error
    if count < 1:
        raise ParameterError(f"the count of {whole!r} must be at least 1, got {count}")
    if count > LARGEST_COUNT:
        raise ParameterError(f"the count of {whole!r} must be at most {LARGEST_COUNT}, got {count}; split the sweep")
    return count


def _split(item: str, form: str = "NAME=VALUE, such as g=2 or g=0.5:3:26") -> tuple[str, str]:
    name, equals, text = item.partition("=")
    if not equals or not name.strip().isidentifier():
        raise ParameterError(f"cannot read {item!r}; expected {form}")
    return name.strip(), text.strip()


def parameters(items: Sequence[str], digits: int | None = None) -> dict[str, Value | Sweep]:
    """The ``-p`` options ``["g=2", "M_n=0:3:31"]`` as ``{"g": 2.0, "M_n": Sweep(0.0, 3.0, 31)}``, in the given order."""
    found: dict[str, Value | Sweep] = {}
    for item in items:
        name, text = _split(item)
        if name in found:
            raise ParameterError(f"parameter {name!r} is given twice; give it once, or sweep it with start:stop:count")
        found[name] = _value(text, digits)
    return found


def values_of(items: Sequence[str]) -> dict[str, float]:
    """The ``-p`` options where each parameter must have one value."""
    found: dict[str, float] = {}
    for name, value in parameters(items).items():
        if isinstance(value, Sweep):
            raise ParameterError(f"parameter {name!r} must have one value here, got a sweep")
        found[name] = float(value)
    return found


def numbers_of(text: str) -> tuple[float, ...]:
    """Numbers separated by commas; none for an empty text."""
    return tuple(float(number(part)) for part in text.split(",") if part.strip())


def window(item: str, option: str, count: int) -> tuple[str, Sweep]:
    """An axis of a diagram: ``"g=0:3"`` (``count`` points) or ``"g=0:3:61"``."""
    name, text = _split(item)
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise ParameterError(f"cannot read {option} {item!r}; expected NAME=FROM:TO or NAME=FROM:TO:COUNT, such as g=0:3")
    start, stop = number(parts[0]), number(parts[1])
    if start == stop:
        raise ParameterError(f"the axis {option} {item!r} has no extent")
    points = _count(parts[2], item) if len(parts) == 3 else count
    if points < 2:
        raise ParameterError(f"the axis {option} {item!r} needs at least 2 points, got {points}")
    return name, Sweep(start, stop, points)


def interval(item: str, option: str) -> tuple[str, float, float]:
    """What is followed, and from where to where: ``"g=0.5:3"``; the second number may be the smaller one."""
    form = "NAME=FROM:TO, such as g=0.5:3"
    name, text = _split(item, form)
    parts = text.split(":")
    if len(parts) != 2:
        raise ParameterError(f"cannot read {option} {item!r}; expected {form}")
    begin, end = number(parts[0]), number(parts[1])
    if begin == end:
        raise ParameterError(f"{option} {item!r} leads nowhere; FROM and TO must differ")
    return name, begin, end
