"""Quantities that are not averages (a Lyapunov exponent, a half width) as nodes that carry their own value and derivatives.

Upper floors subclass `Opaque`; the compiler knows only this protocol.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp


class Opaque(sp.Function):
    """Subclasses define ``evaluate(*args)`` and, if the node is to be differentiated, ``partial(i, *args)``; both vectorised."""

    @staticmethod
    def evaluate(*args: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    @staticmethod
    def partial(index: int, *args: np.ndarray) -> np.ndarray:
        raise NotImplementedError("this quantity carries no derivative")

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return _partial_class(type(self), argindex)(*self.args)


_PARTIALS: dict[tuple[type, int], type] = {}


def _partial_class(cls: type[Opaque], argindex: int) -> type[Opaque]:
    key = (cls, argindex)
    if key not in _PARTIALS:

        def evaluate(*args: Any) -> np.ndarray:
            return cls.partial(argindex - 1, *args)

        _PARTIALS[key] = type(f"{cls.__name__}_d{argindex}", (Opaque,), {"evaluate": staticmethod(evaluate)})
    return _PARTIALS[key]
