"""Names as a paper writes them."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["quantity_label", "symbol", "typesets"]


_GREEK = ("alpha", "beta", "gamma", "delta", "kappa", "mu", "sigma", "Delta", "Sigma", "rho", "tau", "lambda", "zeta")
_LETTER = re.compile(rf"(?:[A-Za-z]|{'|'.join(_GREEK)})(?:_\w{{1,3}})?$")  # with a short index, if any: r_E, not bulk_radius


def typesets(text: str) -> bool:
    """Whether matplotlib can typeset the formulas in ``text``."""
    if "$" not in text:
        return True
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(text)
    except (ValueError, RuntimeError):
        return False
    return True


def symbol(name: str) -> str:
    """The name of a parameter as the field writes it: ``M_n`` becomes an M with an index, ``sigma_squared`` a square."""
    square = name.endswith("_squared")
    base, _, index = name.removesuffix("_squared").partition("_")
    base = f"\\{base}" if base in _GREEK else base
    index = {"inf": r"\infty", "perp": r"\perp"}.get(index, index)
    text = base + (f"_{{{index}}}" if index else "") + ("^2" if square else "")
    return f"${text}$"


def quantity_label(name: str, models: Any = ()) -> str:
    """The label of an axis: a symbol for unknowns, parameters and definitions of the models and for letters such as r_E; other
    names as words."""
    for model in models:
        if name in {s.name for s in (*model.public_unknowns, *model.unknowns, *model.parameters, *model.definitions)}:
            return symbol(name)
    return symbol(name) if _LETTER.match(name) else name.replace("_", " ")
