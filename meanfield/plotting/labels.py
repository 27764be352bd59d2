"""Names as labels of pictures."""

from __future__ import annotations

from typing import Any

from meanfield.averages.names import is_letter, latex_name

__all__ = ["quantity_label", "symbol", "typesets"]


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
    """The name of a parameter as the field writes it, see `latex_name`, for a picture."""
    return f"${latex_name(name)}$"


def quantity_label(name: str, models: Any = ()) -> str:
    """The label of an axis: a symbol for unknowns, parameters and definitions of the models and for letters such as r_E; other
    names as words."""
    for model in models:
        if name in {s.name for s in (*model.public_unknowns, *model.unknowns, *model.parameters, *model.definitions)}:
            return symbol(name)
    return symbol(name) if is_letter(name) else name.replace("_", " ")
