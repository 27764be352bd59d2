"""Moments of one scalar law: generated code that makes one pass over the nodes for all bodies of that law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import sympy as sp

from meanfield.compile.generators import Generators, Monomial, monomials
from meanfield.compile.source import array_names, code, function

Array = np.ndarray


class Moments:
    """``run(grid, dot, *parameters) -> (moments, arrays)``, and each body as an expression in moment symbols.

    bodies: expressions in ``variable`` and parameters. A body that is a short polynomial in the generators becomes a
    combination of monomial moments (shared between bodies); any other body is averaged as it stands.
    tables: bodies whose values at the nodes are wanted as arrays (B, n). tilt: a weight handed to ``dot.tilt`` first.
    grid: a `Grid` of nodes (B, n); parameters (B, 1); ``dot`` averages values (B, n) into (B,).
    """

    def __init__(
        self,
        bodies: Sequence[sp.Expr],
        variable: sp.Symbol,
        prefix: str,
        tables: Sequence[sp.Expr] = (),
        tilt: sp.Expr | None = None,
    ) -> None:
        self.generators = Generators(variable)
        self.moment_symbols: list[sp.Symbol] = []
        self._prefix = prefix
        self._monomials: dict[Monomial, sp.Symbol] = {}
        self._whole: dict[sp.Expr, sp.Symbol] = {}
        self.values: list[sp.Expr] = [self._reduce(self.generators.lower(b)) for b in bodies]
        self.tables = [self.generators.lower(t) for t in tables]
        self.tilt = None if tilt is None else self.generators.lower(tilt)
        extra = self.tables if self.tilt is None else [*self.tables, self.tilt]
        used = {s for g in (*self.generators.table, *self._whole, *extra) for s in g.free_symbols}
        self.parameters = sorted(used - {variable, *self.generators.symbols}, key=lambda s: s.name)
        self.variable = variable
        self._run: Callable[..., tuple[list[Array], list[Array]]] | None = None

    def _new(self) -> sp.Symbol:
        s = sp.Symbol(f"{self._prefix}{len(self.moment_symbols)}", real=True)
        self.moment_symbols.append(s)
        return s

    def _reduce(self, lowered: sp.Expr) -> sp.Expr:
        terms = monomials(lowered, self.generators)
        if terms is None:
            if lowered not in self._whole:
                self._whole[lowered] = self._new()
            return self._whole[lowered]
        total = sp.S.Zero
        for key, coefficient in terms.items():
            if key and key not in self._monomials:
                self._monomials[key] = self._new()
            total += coefficient * (self._monomials[key] if key else 1)
        return total

    @property
    def run(self) -> Callable[..., tuple[list[Array], list[Array]]]:
        if self._run is None:
            self._run = function(self.source(), "moments", array_names())
        return self._run

    @cached_property
    def _combinations(self) -> list[list[tuple[float, int]]]:
        place = {s: i for i, s in enumerate(self.moment_symbols)}
        split = lambda t: t.as_independent(*place, as_Add=False)  # numbers such as pi belong to the coefficient
        terms = [[split(t) for t in sp.Add.make_args(sp.expand(v)) if t != 0] for v in self.values]
        return [[(float(c), place[m]) if m in place else (float(c), -1) for c, m in row] for row in terms]

    def combine(self, moments: Sequence[Array], size: int) -> list[Array]:
        """The bodies' averages from the moments, for bodies without parameters."""
        ones = np.ones(size)
        return [sum((c * (moments[i] if i >= 0 else ones) for c, i in row), np.zeros(size)) for row in self._combinations]

    def source(self) -> str:
        arguments = ["grid", "dot", *(s.name for s in self.parameters)]
        lines = [f"def moments({', '.join(arguments)}):"]
        needed = self._needed()
        if self.variable in needed:
            lines.append(f"    {self.variable} = grid.x")
        table, plain = self.generators.table, sp.tanh(self.variable)
        slope = table.get(self.generators.sech2)
        if slope in needed:
            lines.append(f"    {table[plain]}, {slope} = grid.tanh_slope()")
        elif table.get(plain) in needed:
            lines.append(f"    {table[plain]} = grid.tanh()")
        made = (table.get(plain), slope)
        lines += [f"    {s} = {code(e)}" for e, s in table.items() if s in needed and s not in made]
        if self.tilt is not None:
            lines.append(f"    dot.tilt({code(self.tilt)})")
        names: dict[Monomial, str] = {((s, 1),): str(s) for s in (*self.generators.symbols, self.variable)}
        values = {self._monomials[key]: self._product(key, names, lines) for key in sorted(self._monomials, key=_degree)}
        values |= {s: code(e) for e, s in self._whole.items()}
        dots = ", ".join(f"dot({values[s]})" for s in self.moment_symbols)
        lines.append(f"    return [{dots}], [{', '.join(code(t) for t in self.tables)}]")
        return "\n".join(lines)

    def _needed(self) -> set[sp.Symbol]:
        needed = {s for key in self._monomials for s, _ in key} | {s for e in self._whole for s in e.free_symbols}
        needed |= {s for t in (*self.tables, self.tilt) if t is not None for s in t.free_symbols}
        for expr, s in reversed(self.generators.table.items()):
            if s in needed and expr != sp.tanh(self.variable):
                needed |= expr.free_symbols
        return needed

    def _product(self, key: Monomial, made: dict[Monomial, str], lines: list[str]) -> str:
        """Name of the array for a monomial, made from the largest monomial that is already there."""
        if key in made:
            return made[key]
        powers = dict(key)
        best: tuple[int, Monomial, Monomial] | None = None
        for other in made:
            rest = {s: powers.get(s, 0) - n for s, n in other}
            if all(n >= 0 for n in rest.values()):
                left = tuple(
                    sorted(((s, n - dict(other).get(s, 0)) for s, n in key if n > dict(other).get(s, 0)), key=lambda i: i[0].name)
                )
                size = _degree(other) + (left in made)
                if best is None or size > best[0]:
                    best = (size, other, left)
        assert best is not None
        _, other, left = best
        partner = self._product(left, made, lines)
        name = f"m{len(made)}"
        lines.append(f"    {name} = {made[other]} * {partner}")
        made[key] = name
        return name


def _degree(key: Monomial) -> int:
    return sum(n for _, n in key)
