"""Where a walk ends: rules as data, and the ends as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class End(Enum):
    """Why a branch ends; the value is a sentence."""

    WINDOW = "the end of the window was reached"
    DOMAIN = "an unknown left its domain"
    REFUSED = "beyond this point the roots are no solutions of the model"
    CLOSED = "the branch closed on itself"
    MIRRORED = "beyond this point the branch is its own symmetric image"
    JOINED = "it arrived at a branch point that is known already"
    STILL = "the parameters no longer change, while unknowns grow or vanish without an end"
    LENGTH = "the greatest length was reached"
    POINTS = "the greatest number of points was reached"
    EVENT = "the event asked for was found"
    CONDITION = "the user's condition was met"
    LOST = "no step, however small, led to another point of the curve"
    UNDEFINED = "from this point on the equations have no value, or do not say which way the curve goes"
    INTERRUPTED = "interrupted; it can be resumed"


@dataclass(frozen=True)
class Stops:
    """window: ``{name: (low, high)}`` for the coordinate of the path, other unknowns or, in a curve of a condition, its
    second parameter. length: greatest length in scaled units (a window is 1 long). points: their greatest number.
    event: ``(type or name, n)``: the n-th event of that type or name. until: a condition ``f({name: value}) -> bool``.
    domain: end where an unknown leaves its domain; closed: end where the branch returns to its start."""

    window: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    length: float = 50.0
    points: int = 2000
    event: tuple[str, int] | None = None
    until: Callable[[Mapping[str, float]], Any] | None = None
    domain: bool = True
    closed: bool = True
