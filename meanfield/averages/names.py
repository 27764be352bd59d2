"""Names of quantities as a paper writes them, in LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sympy as sp
from sympy.core.alphabets import greeks

_INDICES = {"inf": r"_{\infty}", "perp": r"_{\perp}", "star": "^*"}
_LONGEST_INDEX = 3  # else it is a word


def latex_name(name: str) -> str:
    """A symbol: ``M_n`` becomes an M with an index, ``Delta_inf`` one with an infinity sign, ``sigma_squared`` a square."""
    text = sp.latex(sp.Symbol(name.removesuffix("_squared")))
    for index, written in _INDICES.items():
        text = text.replace(f"_{{{index}}}", written)
    if not name.endswith("_squared"):
        return text
    return f"{{{text}}}^2" if "^" in text else f"{text}^2"


def is_letter(name: str) -> bool:
    """Whether a name is a letter, with a short index if any, such as r_E or z_star, and not words such as bulk_radius."""
    base, _, index = name.partition("_")
    return (len(base) == 1 and base.isalpha() or base.lower() in greeks) and (
        len(index) <= _LONGEST_INDEX and "_" not in index or index in _INDICES
    )


@contextmanager
def as_in_papers(expr: sp.Expr, printer: Any) -> Iterator[None]:
    """While a LaTeX ``printer`` writes ``expr``: its symbols have the names that papers give them, unless the caller named them."""
    given = printer._settings["symbol_names"]
    printer._settings["symbol_names"] = {s: latex_name(s.name) for s in expr.free_symbols} | given
    try:
        yield
    finally:
        printer._settings["symbol_names"] = given
