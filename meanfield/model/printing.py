"""A Model in print: text for the terminal, LaTeX for papers and Jupyter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from meanfield.model.motion import Motion
    from meanfield.model.record import Model

_LATEX_NAMES = {
    "Delta_inf": r"\Delta_\infty",
    "delta": r"\Delta_T",
    "sigma_squared": r"\sigma^2",
    "z_star": "z^*",
    "Sigma_mI": r"\Sigma_{mI}",
    "Sigma_nI": r"\Sigma_{nI}",
    "Sigma_perp": r"\Sigma_\perp",
}


def symbol_names(model: Model) -> dict[sp.Symbol, str]:
    """LaTeX names of a model's symbols where SymPy's own would not be the field's."""
    symbols = (*model.unknowns, *model.parameters, *model.definitions, *model.reports)
    return {s: _LATEX_NAMES[s.name] for s in symbols if s.name in _LATEX_NAMES}


def latex_expression(model: Model, expr: Any) -> str:
    """LaTeX of one expression in the model's notation."""
    return sp.latex(expr, symbol_names=symbol_names(model))


def _equations(model: Model) -> Iterable[tuple[Any, Any]]:
    yield from model.definitions.items()
    yield from model.equations.items()
    yield from ((e, sp.S.Zero) for e in model.implicit)
    yield from ((name, expr) for name, expr in model.reports.items() if expr != name)


def latex(model: Model) -> str:
    """The equations as an ``align`` environment."""
    rows = [rf"{latex_expression(model, left)} &= {latex_expression(model, right)}" for left, right in _equations(model)]
    return "\\begin{align}\n" + " \\\\\n".join(rows) + "\n\\end{align}"


def text(model: Model) -> str:
    """Everything a reader needs to know about the model, as plain text."""
    lines = [f"{model.name or 'model'}: {model.title}", "", "equations"]
    lines += [f"  {left} = {right}" for left, right in _equations(model)]
    lines += ["", "unknowns    " + ", ".join(_described(model, s) for s in model.public_unknowns)]
    lines += ["parameters  " + ", ".join(_described(model, s) for s in model.parameters)]
    if model.transfers:
        lines += ["transfer    " + ", ".join(f"{t.name}: {t.definition}" for t in model.transfers)]
    for label, table in (("observables", model.observables), ("indicators", model.indicators)):
        if table:
            lines += ["", label, *(f"  {name} = {expr}" for name, expr in table.items())]
    if model.motion is not None:
        lines += ["", "motion of the autocovariance", *(f"  {line}" for line in _motion(model.motion))]
    if model.on_request:
        lines += ["", f"on request: {', '.join(model.on_request)}"]
    for label, table in (("profiles", model.profiles), ("spectra", model.spectra)):
        if table:
            lines += ["", f"{label}: {', '.join(table)}"]
    if model.references:
        lines += ["", "references", *(f"  {r}" for r in model.references)]
    return "\n".join(lines)


def _motion(motion: Motion) -> Iterable[str]:
    yield f"{motion.delay}'' = {motion.acceleration}"
    slope = f", {motion.delay}'(0+) = {-motion.noise}" if motion.noise != 0 else ""
    yield f"{motion.delay}(0) = {motion.start}{slope}, {motion.delay}(infinity) = {motion.end}"


def _described(model: Model, s: sp.Symbol) -> str:
    meaning = model.meanings.get(s)
    return f"{s.name} ({meaning})" if meaning else s.name
