"""A path in the space of parameters: one parameter, or several that move together as functions of one coordinate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from meanfield.errors import ParameterError
from meanfield.model.checks import nearest
from meanfield.solve.problem import Array
from meanfield.solve.starts import evaluate


@dataclass(frozen=True)
class Path:
    """The coordinate ``name``; index (k,): the parameters that it moves, as ``values`` of it (SymPy, in ``symbol``).

    A single parameter is its own coordinate.
    """

    name: str
    index: tuple[int, ...]
    symbol: sp.Symbol
    values: tuple[sp.Expr, ...]

    @cached_property
    def plain(self) -> bool:
        """Whether the coordinate is itself a parameter."""
        return self.values == (self.symbol,)

    def points(self, p: Array, at: Array) -> Array:
        """Parameters (P, m): those of ``p`` with the path's own at the coordinates ``at`` (P,)."""
        out = np.array(p, dtype=float)
        if self.plain:
            out[:, self.index[0]] = at
        else:
            out[:, list(self.index)] = self._evaluated(self.values, at)
        return out

    def slopes(self, at: Array) -> Array:
        """(P, k): derivatives of the moving parameters by the coordinate."""
        if self.plain:
            return np.ones((len(at), 1))
        return self._evaluated(tuple(v.diff(self.symbol) for v in self.values), at)

    def _evaluated(self, exprs: tuple[sp.Expr, ...], at: Array) -> Array:
        names = tuple(sp.Symbol(f"value_{i}", real=True) for i in range(len(exprs)))
        return evaluate(dict(zip(names, exprs, strict=True)), names, {self.symbol: np.asarray(at, dtype=float)})


def path_of(parameter_names: Sequence[str], along: str | sp.Symbol | Mapping[str, sp.Expr], owner: str = "the problem") -> Path:
    """The path that ``along`` describes: the name of a parameter, or ``{name: expression in one common symbol}``.

    Raises `ParameterError` for an unknown parameter, or expressions in no or several symbols.
    """
    if isinstance(along, str | sp.Symbol):
        name = str(along)
        symbol = sp.Symbol(name, real=True)
        return Path(name, (_place(parameter_names, name, owner),), symbol, (symbol,))
    moved = {str(k): sp.sympify(v) for k, v in along.items() if not isinstance(v, str)}
    symbols = sorted(set().union(*(v.free_symbols for v in moved.values())), key=str) if moved else []
    if len(moved) != len(along) or len(symbols) != 1:
        raise ParameterError(
            f"along={dict(along)!r}: give SymPy expressions in one common symbol, such as {{'g': s, 'M_n': 2 * s}}; "
            f"found the symbols {', '.join(map(str, symbols)) or 'none'}"
        )
    index = tuple(_place(parameter_names, name, owner) for name in moved)
    return Path(symbols[0].name, index, symbols[0], tuple(moved.values()))


def _place(names: Sequence[str], name: str, owner: str) -> int:
    if name not in names:
        raise ParameterError(f"{owner} has no parameter {name!r}{nearest(name, names)} (it has {', '.join(names) or 'none'})")
    return list(names).index(name)
