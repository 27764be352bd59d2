"""The parts of a Model as the user gave them: tables where tables are meant, with keys of the right kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from meanfield.errors import ModelError, ParameterError, brief
from meanfield.model.conditional import ConditionalSymmetry

if TYPE_CHECKING:
    from meanfield.model.record import Model

_BY_SYMBOL = {
    "equations": "{unknown: right side}",
    "definitions": "{symbol: expression}",
    "reports": "{public unknown: expression}",
    "defaults": "{parameter: value}",
    "meanings": "{symbol: words}",
}
_BY_NAME = {
    "observables": "{name: expression}",
    "on_request": "{name: expression}",
    "indicators": "{name: expression}",
    "profiles": "{name: (coordinate, expression)}",
    "spectra": "{name: Spectrum(matrix)}",
    "accept": "{sentence: expression}",
    "refuse": "{sentence: expression}",
    "physical": "{sentence: expression}, None or True",
    "stable": "{sentence: expression}, None or True",
    "absent": "{sentence: expression}",
    "restrict": "{indicator: {unknown: value}}",
}
_LISTS = (
    *("implicit", "unknowns", "parameters", "symmetries", "conditional_symmetries"),
    *("starts", "seeds", "junctions", "requires", "references"),
)
_OF_TABLES = {"symmetries": "[{unknown: expression}, ...]", "starts": "[{unknown: expression}, ...]"}
_EXPRESSIONS = ("equations", "definitions", "observables", "on_request", "indicators", "reports")
_TEXT = ("meanings",)  # whose values are words


def check_forms(model: Model) -> None:
    """Raise `ModelError`, with the form that is meant, for a part of another kind."""
    where = f"model {model.name or model.title!r}"
    for part, form in (_BY_SYMBOL | _BY_NAME).items():
        value = getattr(model, part)
        if part in ("physical", "stable") and (value is None or isinstance(value, bool)):
            continue
        _check_table(value, f"{where}: {part}", form, part in _BY_SYMBOL, part in _TEXT)
    if model.dynamics is not None:
        _check_table(model.dynamics, f"{where}: dynamics", "{unknown: its time derivative}", True, False)
        for u, rate in model.dynamics.items():
            _check_kind(rate, f"{where}, dynamics of {u}")
    for part in _LISTS:
        value = getattr(model, part)
        form = _OF_TABLES.get(part, "")
        if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
            raise ModelError(f"{where}: {part} must be a list or tuple{f' {form}' if form else ''}, got {brief(value)}")
        for one in value if form else ():
            if isinstance(one, ConditionalSymmetry):
                raise ModelError(f"{where}: a ConditionalSymmetry belongs into conditional_symmetries=[...], got it in {part}")
            _check_table(one, f"{where}: one of {part}", form[1:].split(",")[0], True, False)
    for one in model.conditional_symmetries:
        if not isinstance(one, ConditionalSymmetry):
            raise ModelError(
                f"{where}: one of conditional_symmetries must be a ConditionalSymmetry({{unknown: expression}}, "
                f"zero=(parameter,)), got {brief(one)}"
            )
    for name, one in model.spectra.items():
        if not hasattr(one, "matrix"):
            raise ModelError(f"{where}: the spectrum {name} is no Spectrum, got {brief(one)}; write mf.Spectrum(sympy.Matrix(...))")
        if not one.matrix.is_square:
            rows, columns = one.matrix.shape
            raise ModelError(f"{where}: the spectrum {name} must be of a square matrix, got one of {rows} x {columns}")
    _check_symbols(model, where)
    for part in _EXPRESSIONS:
        for label, expr in getattr(model, part).items():
            _check_kind(expr, f"{where}, {part} {label}")
    for expr in model.implicit:
        _check_kind(expr, f"{where}, implicit equation")


def _check_symbols(model: Model, where: str) -> None:
    for name in ("unknowns", "parameters", "equations", "definitions", "reports"):
        symbols = list(getattr(model, name))
        for s in symbols:
            if not isinstance(s, sp.Symbol):
                raise ModelError(f"{where}: {name} must be of symbols, such as unknown('mu'), got {brief(s)}")
        if twice := {s.name for s in symbols if [t.name for t in symbols].count(s.name) > 1}:
            raise ModelError(f"{where}: {', '.join(sorted(twice))} stands twice among the {name}")


def _check_kind(expr: Any, where: str) -> None:
    if isinstance(expr, bool | BooleanAtom | Relational):
        return  # refused with a sentence of its own
    if not isinstance(expr, sp.Expr | int | float):
        raise ModelError(f"{where}: expected an expression (text is never evaluated), got {brief(expr)}")


def _check_table(value: Any, what: str, form: str, by_symbol: bool, text: bool) -> None:
    if not isinstance(value, Mapping):
        raise ModelError(f"{what} must be a dictionary {form}, got {brief(value)}")
    for key, entry in value.items():
        if by_symbol and not isinstance(key, sp.Symbol):
            hint = f"give the symbol itself, such as mf.unknown({key!r})" if isinstance(key, str) else "give a symbol"
            raise ModelError(f"{what} must be a dictionary {form}, got the key {key!r}; {hint}")
        if not by_symbol and not isinstance(key, str):
            raise ModelError(
                f"{what} must be a dictionary {form}, got the key {key!r} ({type(key).__name__}); give a name in quotes"
            )
        if callable(entry) and not isinstance(entry, sp.Basic):
            raise ModelError(f"{what}: {key} is given as a function; write the expression itself, in symbols")
        if isinstance(entry, str) and not text:
            raise ModelError(f"{what}: {key} is given as the text {entry!r}; text is never evaluated, write the expression itself")


def as_model(value: Any, verb: str) -> Model:
    """``value`` if it is a Model. Raises `ParameterError` that says where models come from."""
    from meanfield.model.record import Model

    if isinstance(value, Model):
        return value
    if isinstance(value, str):
        raise ParameterError(
            f"{verb} needs a Model, got the text {brief(value)}; take one of the library by mf.models.by_name(...)"
        )
    raise ParameterError(f"{verb} needs a Model, got {brief(value)}")


def as_models(value: Any, verb: str) -> list[Model]:
    """One model or several, as a list; each may be given once."""
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    models = [as_model(one, verb) for one in several]
    for k, model in enumerate(models):
        if any(model is other for other in models[:k]):
            raise ParameterError(f"{model.name or model.title} is given twice to {verb}; give each model once")
    return models
