"""Moments of one scalar law: generated code that makes one pass over the nodes for all bodies of that law."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.compile.generators import Generators, Monomial, monomials
from meanfield.compile.source import array_names, code, function, shared_parts
from meanfield.transfer.functions import erf_integral, lncosh

Array = np.ndarray


class Moments:
    """``run(grid, dot, *parameters) -> (moments, arrays)``, and each body as an expression in moment symbols.

    bodies: expressions in ``variable`` and parameters. A body that is a short polynomial in the generators becomes a
    combination of monomial moments (shared between bodies); any other body is averaged as it stands.
    tables: bodies whose values at the nodes are wanted as arrays (n, B). tilt: a weight handed to ``dot.tilt`` first.
    grid: a `Grid` of nodes (n, B); parameters (B,); ``dot`` averages values (n, B) into (B,).
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
    def parities(self) -> tuple[list[int], list[bool]] | None:
        """For a law that is symmetric about 0: places of the moments that vanish, and which of the tables are odd. None if some
        are neither even nor odd, or not known to be."""
        if self.parameters or self.tilt is not None:
            return None
        signs: dict[sp.Expr, int | None] = {self.variable: -1}
        for e, s in self.generators.table.items():
            signs[s] = _parity(e, signs)
        moments = {s: sp.Mul(*(g**n for g, n in key)) for key, s in self._monomials.items()} | {
            s: e for e, s in self._whole.items()
        }
        found = [_parity(moments[s], signs) for s in self.moment_symbols]
        tables = [_parity(t, signs) for t in self.tables]
        if None in found or None in tables:
            return None
        return [k for k, sign in enumerate(found) if sign == -1], [sign == -1 for sign in tables]

    @cached_property
    def powers(self) -> tuple[list[int], Array] | None:
        """Powers of tanh, and the matrix (moments, 1 + powers) that makes the moments of 1 and their averages; None if there is
        more in the bodies. They are fewer sums, but without the relative accuracy of ``1 - tanh^2`` where tanh saturates."""
        tanh = sp.tanh(self.variable)
        t, q = (self.generators.table.get(e) for e in (tanh, self.generators.sech2))
        if t is None or q is None or {t, q} != set(self.generators.symbols) or self._whole or self.tables or self.tilt is not None:
            return None
        polynomials = [sp.Poly(substitute(sp.Mul(*(g**n for g, n in key)), {q: 1 - t**2}), t) for key in self._monomials]
        if {g for key in self._monomials for g, _ in key} - {t, q}:
            return None
        orders = sorted({k for poly in polynomials for (k,) in poly.monoms() if k})
        matrix = np.array([[float(poly.coeff_monomial(t**k)) for k in (0, *orders)] for poly in polynomials])
        return orders, matrix

    @cached_property
    def _combinations(self) -> list[list[tuple[float, int]]]:
        place = {s: i for i, s in enumerate(self.moment_symbols)}
        split = lambda t: t.as_independent(*place, as_Add=False)  # numbers such as pi belong to the coefficient
        terms = [[split(t) for t in sp.Add.make_args(sp.expand(v)) if t != 0] for v in self.values]
        return [[(float(c), place[m]) if m in place else (float(c), -1) for c, m in row] for row in terms]

    @cached_property
    def combination(self) -> tuple[Array, Array]:
        """Matrix (bodies, moments) and constants (bodies,) that give the bodies' averages from the moments."""
        matrix, constants = np.zeros((len(self.values), len(self.moment_symbols))), np.zeros(len(self.values))
        for k, row in enumerate(self._combinations):
            for c, i in row:
                if i >= 0:
                    matrix[k, i] += c
                else:
                    constants[k] += c
        return matrix, constants

    def used_by(self, bodies: Sequence[int]) -> frozenset[int]:
        """Places of the moments that occur in bodies (places)."""
        return frozenset(i for k in bodies for _, i in self._combinations[k] if i >= 0)

    def combine(self, moments: Sequence[Array], size: int, *, absolute: bool = False) -> list[Array]:
        """The bodies' averages (B,) from the moments, for bodies without parameters; with ``absolute``, bounds
        on their errors from those of the moments. (Constants have none.)"""
        constant = 0.0 if absolute else 1.0
        combined = []
        for row in self._combinations:
            total: Array | float = 0.0
            for c, i in row:
                c = abs(c) if absolute else c
                part = moments[i] if i >= 0 else constant
                total = total + (part if c == 1 else c * part)
            combined.append(total if isinstance(total, np.ndarray) else np.full(size, total))
        return combined

    def source(self) -> str:
        arguments = ["grid", "dot", *(s.name for s in self.parameters)]
        lines = [f"def moments({', '.join(arguments)}):"]
        needed = self._needed()
        if self.variable in needed:
            lines.append(f"    {self.variable} = grid.x")
        table, plain = self.generators.table, sp.tanh(self.variable)
        slope, log_cosh = table.get(self.generators.sech2), table.get(lncosh(self.variable))
        if log_cosh in needed:  # first: the others use up what it is made of
            lines.append(f"    {log_cosh} = grid.lncosh()")
        if slope in needed:
            lines.append(f"    {table[plain]}, {slope} = grid.tanh_slope()")
        elif table.get(plain) in needed:
            lines.append(f"    {table[plain]} = grid.tanh()")
        made = {table.get(plain), slope, log_cosh, self.variable}
        names: dict[Monomial, str] = {((s, 1),): str(s) for s in (*self.generators.symbols, self.variable)}
        definitions = {s: e for e, s in table.items() if s in needed and s not in made}
        whole = {s: e for e, s in self._whole.items()}
        shared = _Shared([*definitions.values(), *([] if self.tilt is None else [self.tilt]), *whole.values(), *self.tables], self)
        for s, e in definitions.items():
            lines += shared.lines(e)
            lines.append(f"    {s} = {shared.text(e)}")
        if self.tilt is not None:
            lines += shared.lines(self.tilt)
            lines.append(f"    dot.tilt({shared.text(self.tilt)})")
        for e in (*whole.values(), *self.tables):
            lines += shared.lines(e)
        products: list[str] = []
        values = {self._monomials[key]: self._product(key, names, products) for key in sorted(self._monomials, key=_degree)}
        values |= {s: shared.text(e) for s, e in whole.items()}
        lines += _summed({str(s): values[s] for s in self.moment_symbols}, products)
        moments, tables = ", ".join(map(str, self.moment_symbols)), ", ".join(shared.text(t) for t in self.tables)
        return "\n".join([lines[0], *_sparing(lines[1:], tables), f"    return [{moments}], [{tables}]"])

    def _needed(self) -> set[sp.Symbol]:
        needed = {s for key in self._monomials for s, _ in key} | {s for e in self._whole for s in e.free_symbols}
        needed |= {s for t in (*self.tables, self.tilt) if t is not None for s in t.free_symbols}
        for expr, s in reversed(self.generators.table.items()):
            if s in needed and expr not in (sp.tanh(self.variable), lncosh(self.variable)):
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


class _Shared:
    """Text of the expressions of one pass, in which what they have in common, and what does not depend on the node, is computed
    once."""

    def __init__(self, exprs: Sequence[sp.Expr], moments: Moments) -> None:
        arrays = {moments.variable, *moments.generators.symbols}
        self.grouped: dict[sp.Expr, sp.Symbol] = {}
        grouped = [self._group(e, arrays) for e in exprs]
        common, reduced = shared_parts([*self.grouped, *grouped], "_u")
        self.definitions = dict(common)
        fixed = len(self.grouped)
        self.definitions |= dict(zip(self.grouped.values(), reduced[:fixed], strict=True))
        self.reduced = dict(zip(exprs, reduced[fixed:], strict=True))
        self.done: set[sp.Symbol] = set()

    def _group(self, expr: sp.Expr, arrays: set[sp.Symbol]) -> sp.Expr:
        """Products with their factors that do not depend on the node put together: numbers, not arrays, are multiplied."""
        if not expr.args or not expr.free_symbols & arrays:
            return expr
        args = [self._group(a, arrays) for a in expr.args]
        if isinstance(expr, sp.Mul):
            fixed = sp.Mul(*(a for a in args if not a.free_symbols & arrays))
            if fixed.free_symbols and not fixed.is_Symbol:
                symbol = self.grouped.setdefault(fixed, sp.Symbol(f"_v{len(self.grouped)}", real=True))
                return sp.Mul(symbol, *(a for a in args if a.free_symbols & arrays))
        return expr.func(*args) if tuple(args) != expr.args else expr

    def lines(self, expr: sp.Expr) -> list[str]:
        """Lines that must come before the text of ``expr``."""
        return self._before(self.reduced[expr])

    def _before(self, expr: sp.Expr) -> list[str]:
        found: list[str] = []
        for s in sorted(expr.free_symbols & self.definitions.keys(), key=lambda s: s.name):
            if s not in self.done:
                self.done.add(s)
                found += [*self._before(self.definitions[s]), f"    {s} = {code(self.definitions[s])}"]
        return found

    def text(self, expr: sp.Expr) -> str:
        return code(self.reduced[expr])


def _summed(values: dict[str, str], products: list[str]) -> list[str]:
    """Lines that sum each value over the nodes, in order, as soon as the products that it is made of are there."""
    made = {line.split()[0]: line for line in products}
    lines: list[str] = []

    def make(text: str) -> None:
        for name in _NAME.findall(text):
            if name in made:
                line = made.pop(name)
                make(line.split("=")[1])
                lines.append(line)

    for moment, text in values.items():
        make(text)
        lines.append(f"    {moment} = dot({text})")
    return lines


def _sparing(lines: list[str], kept: str) -> list[str]:
    """The lines with arrays given up after their last use, and products written into a factor that is given up: what is computed
    next then finds memory in the cache. kept: what is used later on."""
    last = {name: i for i, line in enumerate(lines) for name in _NAME.findall(line)}
    keep = set(_NAME.findall(kept))
    spared: list[str] = []
    for i, line in enumerate(lines):
        ends = {name for name in _NAME.findall(line) if last[name] == i} - keep
        product = _PRODUCT.match(line)
        factor = next((f for f in product.groups()[1:] if f in ends and _OWNED.match(f)), None) if product else None
        if product and factor:
            name, one, two = product.groups()
            spared += [f"    {factor} *= {two if factor == one else one}", f"    {name} = {factor}"]
        else:
            spared.append(line)
        gone = sorted(name for name in ends if _ARRAY.match(name))
        spared += [f"    del {', '.join(gone)}"] if gone else []
    return spared


# Names in generated lines: of arrays that are made there, and of those among them that are nothing but a table or a product.
_NAME, _PRODUCT = re.compile(r"[A-Za-z_]\w*"), re.compile(r"    (m\d+) = (\w+) \* (\w+)$")
_ARRAY, _OWNED = re.compile(r"(?:[mtqrf]|_u)\d+$"), re.compile(r"[mtq]\d+$")


def _parity(expr: sp.Expr, signs: dict[sp.Expr, int | None]) -> int | None:
    """1 or -1 for an even or odd function of the variable, given those of the symbols in it; None if not known."""
    if any(signs[s] is None for s in expr.free_symbols):
        return None
    if expr.func in _EVEN and expr.args[0].is_Symbol:
        return 1
    mirrored = substitute(expr, {s: -s for s in expr.free_symbols if signs[s] == -1})
    return next((sign for sign in (1, -1) if sp.expand(mirrored - sign * expr) == 0), None)


_EVEN = (lncosh, erf_integral)


def _degree(key: Monomial) -> int:
    return sum(n for _, n in key)
