"""Where Newton begins: the model's own formulas, every solution of the models that it is seeded from, and a scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.passes import explicit
from meanfield.compile.names import unclashing
from meanfield.compile.source import array_names, code, function
from meanfield.errors import AverageError
from meanfield.model import Model
from meanfield.solve.problem import Array, Problem

_SCATTER = 12  # quasi-random starts besides the formulas when all solutions are wanted
_BLIND = 36  # and of all sizes, for a model without formulas
_SMALL = 1e-3
_SIZES = (-1.5, 3.0)  # powers of ten
_FURTHER = 96  # starts of the first batch of further ones,
_FURTHER_SIZES = (-1.0, 2.0)  # and their powers of ten


@lru_cache(maxsize=256)
def _formulas(exprs: tuple[sp.Expr, ...], symbols: tuple[sp.Symbol, ...]) -> Any:
    """``f(*columns) -> list`` for expressions without averages."""
    exprs, symbols = (tuple(part) for part in unclashing(exprs, symbols))
    # Shared parts first: formulas repeat themselves at length, and what is written out is walked again and again.
    shared, reduced = sp.cse(exprs, symbols=sp.numbered_symbols("shared_", real=True), order="none")
    # A shared part that is a number, such as phi'(0), may be zero, by which Python's own numbers do not divide.
    lines = [f"    {s} = float64(1.0)*{code(w)}\n" if (w := _written(e)).is_number else f"    {s} = {code(w)}\n" for s, e in shared]
    text = ", ".join(code(_written(e)) if not e.is_Symbol else e.name for e in reduced)
    head = f"def formulas({', '.join(s.name for s in symbols)}):\n"
    return function(f"{head}{''.join(lines)}    return [{text}]", "formulas", {**array_names(), "float64": np.float64})


def _written(expr: sp.Expr) -> sp.Expr:
    """A formula in numbers; NaN, which is no start, where phi has no such derivative as the formula wants."""
    try:
        return sp.N(explicit(expr), 17)
    except AverageError:
        return sp.nan


def evaluate(table: Mapping[sp.Symbol, sp.Expr], unknowns: Sequence[sp.Symbol], columns: Mapping[sp.Symbol, Array]) -> Array:
    """Expressions for the ``unknowns`` at columns (P,) of the symbols they use: (P, n).

    They may also use those unknowns that the table sets to numbers: so the formulas of a boundary are the same whatever
    the value at which its free parameter starts.
    """
    size = len(next(iter(columns.values()))) if columns else 1
    exprs, numbers = _arranged(tuple(table[u] for u in unknowns), tuple(unknowns), tuple(columns))
    values = [*columns.values(), *(np.full(size, v) for _, v in numbers)]
    with np.errstate(all="ignore"):
        found = _formulas(exprs, (*columns, *(u for u, _ in numbers)))(*values)
    return np.stack([np.broadcast_to(np.asarray(v, dtype=float), (size,)) for v in found], axis=1)


@lru_cache(maxsize=1024)
def _arranged(
    exprs: tuple[sp.Expr, ...], unknowns: tuple[sp.Symbol, ...], symbols: tuple[sp.Symbol, ...]
) -> tuple[tuple[sp.Expr, ...], tuple[tuple[sp.Symbol, float], ...]]:
    """The expressions, with unknowns that are numbers and are used by others as symbols; and those numbers."""
    used = set().union(*(e.free_symbols for e in exprs)) - set(symbols)
    numbers = {u: float(e) for u, e in zip(unknowns, exprs, strict=True) if e.is_number and u in used}
    return tuple(u if u in numbers else e for u, e in zip(unknowns, exprs, strict=True)), tuple(numbers.items())


def own_starts(model: Model, p: Array) -> Array:
    """The model's start formulas, (P, S, n); a single start of ones if it has none."""
    columns = {s: p[:, i] for i, s in enumerate(model.parameters)}
    if not model.starts:
        return np.ones((len(p), 1, len(model.unknowns)))
    if not columns:
        columns = {sp.Symbol("unused", real=True): np.zeros(len(p))}
    unknowns, names = tuple(model.unknowns), tuple(columns)
    arranged = [_arranged(tuple(start[u] for u in unknowns), unknowns, names) for start in model.starts]
    if any(numbers for _, numbers in arranged):
        return np.stack([evaluate(start, unknowns, columns) for start in model.starts], axis=1)
    with np.errstate(all="ignore"):  # all at once: they share most of what they are made of
        found = _formulas(tuple(e for exprs, _ in arranged for e in exprs), names)(*columns.values())
    every = [np.broadcast_to(np.asarray(v, dtype=float), (len(p),)) for v in found]
    return np.stack(every).reshape(len(model.starts), len(unknowns), len(p)).transpose(2, 0, 1)


def scale_of(starts: Array) -> Array:
    """Typical size (P, n) of each unknown: the largest of its starts."""
    size = np.where(np.isfinite(starts), np.abs(starts), 0.0).max(axis=1, initial=0.0)
    return np.where(size > 0, size, 1.0)


def at_parameters(model: Model, exprs: tuple[sp.Expr, ...], p: Array) -> Array:
    """Values (P, E) of expressions in the parameters alone, at p (P, m)."""
    with np.errstate(all="ignore"):
        found = _formulas(exprs, tuple(model.parameters))(*p.T)
    return np.stack([np.broadcast_to(np.asarray(v, dtype=float), (len(p),)) for v in found], axis=1)


def scattered(model: Model, p: Array, formulas: Array, count: int = _SCATTER) -> Array:
    """Quasi-random starts (P, count, n) in a box that the formulas span, mirrored for unknowns that may be negative; and more, of
    all sizes, for a model that has no formulas."""
    n = len(model.unknowns)
    finite = np.where(np.isfinite(formulas), np.abs(formulas), 0.0)
    size = finite.max(axis=1)
    reach = 1.2 * size + np.where((size > 0) & (size < _SMALL), size, 0.1)  # a size far below 1 tells of a small unit
    u = _kronecker(count, n)
    low = np.array([0.0 if s.name in (model.nonnegative or ()) else -1.0 for s in model.unknowns])
    near = reach[:, None, :] * (low + (1 - low) * u)[None]
    if model.starts:
        return near
    u = _kronecker(_BLIND, n + 1)
    sizes = 10.0 ** (_SIZES[0] + (_SIZES[1] - _SIZES[0]) * u[:, :1])
    far = sizes * (low + (1 - low) * u[:, 1:])
    return np.concatenate([near, np.broadcast_to(far, (len(p), *far.shape))], axis=1)


def further(problem: Problem, turn: int) -> Array:
    """More starts (S, n) for all points, in batches of growing size: unknowns of independent sizes and signs.

    A root whose unknowns differ in size is rarely reached from starts that do not.
    """
    n = len(problem.names)
    first, count = _FURTHER * (2**turn - 1), _FURTHER * 2**turn
    low, high = _FURTHER_SIZES
    u = 2 * _kronecker(first + count, n)[first:] - 1
    size = 10.0 ** (low + (high - low) * np.abs(u))
    return np.where(np.isfinite(problem.lower), size, np.sign(u) * size)


def mapped(problem: Problem, x: Array, p: Array, places: Sequence[int]) -> Array:
    """Where the equations ``u = F`` take x (Q, n); places: the position of the u of each among the unknowns."""
    with np.errstate(all="ignore"):
        r = problem.residual(x, p)
    out = np.array(x)
    out[:, list(places)] -= r[:, : len(places)]
    return out


@lru_cache(maxsize=16)
def _kronecker(count: int, n: int) -> Array:
    """The first ``count`` points of the R_n sequence in the unit cube: evenly spread, no random numbers."""
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (n + 1))
    powers = root ** -np.arange(1.0, n + 1)
    return (0.5 + np.arange(1, count + 1)[:, None] * powers) % 1.0
