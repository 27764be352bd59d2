"""Names of inputs in generated code: those that mean something there already, or to Python, are exchanged."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.compile.source import FLOAT_NAMES, array_names, opaque_names

_WORDS = frozenset({"run", "grid", "dot", "program", "moments", "formulas", "float64"})
# What the rooms of `compile` call their own symbols: outputs of groups, common parts, generators, monomials, variables.
_MADE = re.compile(r"A\d+_\w*|[cm]\d+_?\d*|d_\d+|[ftqr]\d+|[xX]\d*|_[uv]\d+|shared_\d+|s")


def unclashing(exprs: Sequence[sp.Expr], inputs: Sequence[sp.Symbol]) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """The expressions, and the symbols that they are functions of, under names that generated code can use.

    A parameter may be called ``lambda``, ``sqrt`` or ``c0_1``: in the text it is another one then.
    """
    taken = {s.name for s in inputs}
    words = _WORDS | FLOAT_NAMES.keys() | array_names().keys() | opaque_names(exprs).keys()
    table: dict[sp.Basic, sp.Basic] = {}
    for s in inputs:
        if s.name in words or keyword.iskeyword(s.name) or _MADE.fullmatch(s.name):
            name = f"given_{s.name}"
            while name in taken:
                name += "_"
            taken.add(name)
            table[s] = sp.Symbol(name, real=True)
    if not table:
        return list(exprs), list(inputs)
    return [substitute(e, table) for e in exprs], [table.get(s, s) for s in inputs]
