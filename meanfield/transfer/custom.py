"""Transfer functions of one's own."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal, TypeAlias

import mpmath
import sympy as sp

from meanfield.errors import TransferError
from meanfield.transfer import analysis, primitives
from meanfield.transfer.functions import CODED, NOT_CODED, NUMPY_FUNCTIONS, lncosh, logistic, softplus
from meanfield.transfer.library import LIBRARY
from meanfield.transfer.pieces import Pieces, split
from meanfield.transfer.token import Applied, Transfer, X
from meanfield.transfer.traits import Traits

__all__ = ["custom"]

_REAL_POLES = (sp.tan, sp.cot, sp.sec, sp.csc, sp.gamma)

Definition: TypeAlias = sp.Expr | Callable[[sp.Symbol], Any]


def custom(
    name: str,
    definition: Definition,
    *,
    derivative: Definition | None = None,
    antiderivative: Definition | None = None,
    **traits: Any,
) -> Transfer:
    """A transfer function from a SymPy expression in one symbol or a Python function of one.

    definition: e.g. `x / (1 + x**2)` or `lambda x: sp.tanh(x)**3`, without free parameters (a gain belongs
        outside: `phi(beta * x)`).
    derivative: phi', where a better form than SymPy's derivative is known.
    antiderivative: Phi, where SymPy finds none; its constant is free.
    traits: override what was detected, by the fields of `Traits`, e.g. `strip=1.0` or
        `kinks=[Kink(0.0, {1: 2.0})]`. Parity, kinks, strip, growth and antiderivative are detected where they
        can be proved; an unknown strip is None.

    Raises `TransferError` if the definition is not a real finite function of one symbol, if kinks exist that
    cannot be located, for an unknown trait, or where there is no name.
    """
    if not isinstance(name, str):
        raise TransferError(f"the name comes first, and is text: custom('hard', {name}); got {name!r}")
    if name in LIBRARY:
        raise TransferError(f"{name!r} is a transfer function of the library; choose another name")
    _check_traits(traits)
    declared = "kinks" in traits
    pieces = _pieces(_in_x(name, definition), declared)
    _check_finite(name, pieces, declared)
    Phi = _in_x(name, antiderivative) if antiderivative is not None else primitives.antiderivative(pieces)
    slope = _in_x(name, derivative) if derivative is not None else None
    _check_coded(name, pieces, slope)
    _check_growth(name, pieces)
    if Phi is not None and antiderivative is None and _not_coded(Phi):
        Phi = None
    if declared:
        traits["kinks"] = tuple(traits["kinks"])
    phi = pieces.joined()
    detected = {"latex": sp.latex(phi), "antiderivative": Phi is not None, **_smoothness(pieces), **_shape(pieces)}
    return Transfer(name, phi, Traits(name, **(detected | traits)), derivative=slope, antiderivative=Phi)


def _in_x(name: str, definition: Definition) -> sp.Expr:
    if isinstance(definition, str):
        raise TransferError(f"{name}: text is never evaluated; give a SymPy expression or a function")
    if callable(definition) and not isinstance(definition, sp.Basic):
        try:
            definition = definition(X)
        except (TypeError, AttributeError) as error:
            raise TransferError(f"{name}: the function must accept a SymPy symbol; use SymPy's functions") from error
    try:
        expr = sp.sympify(definition, strict=True)
    except sp.SympifyError as error:
        raise TransferError(f"{name}: expected a SymPy expression, got {definition!r}") from error
    symbols = expr.free_symbols
    if not isinstance(expr, sp.Expr) or len(symbols) > 1:
        names = ", ".join(sorted(map(str, symbols)))
        raise TransferError(f"{name}: expected an expression in one symbol, got {names or expr}; put numbers in")
    if undone := expr.atoms(sp.Integral, sp.Sum, sp.Derivative, sp.Limit):
        raise TransferError(f"{name}: {min(map(str, undone))} is not evaluated; write the function that it is equal to")
    expr = expr.xreplace(dict.fromkeys(symbols, X))
    return _safe(expr.replace(Applied, lambda token, order, x: token.explicit(order, x)))


def _safe(expr: sp.Expr) -> sp.Expr:
    """Recognise the usual ways to write functions whose plain form overflows."""
    u = sp.Wild("u")
    expr = expr.replace(1 / (1 + sp.exp(u)), lambda u: logistic(-u))
    expr = expr.replace(sp.log(1 + sp.exp(u)), lambda u: softplus(u))
    return expr.replace(sp.log(sp.cosh(u)), lambda u: lncosh(u))


def _pieces(expr: sp.Expr, declared: bool) -> Pieces:
    try:
        return split(expr)
    except TransferError:
        if declared:
            return Pieces((expr,))
        raise


def _check_traits(traits: dict[str, Any]) -> None:
    known = [field.name for field in fields(Traits) if field.name not in ("name", "antiderivative")]
    for key in traits:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise TransferError(f"unknown trait {key!r}; did you mean {near[0] if near else ', '.join(known)}?")


def _check_finite(name: str, pieces: Pieces, declared: bool) -> None:
    """Refuse poles and complex values on the real axis, as far as they can be seen."""
    phi = pieces.joined()
    if phi.has(*_REAL_POLES):
        raise TransferError(f"{name} has poles on the real axis; a transfer function must be finite everywhere")
    value = analysis.evaluator(phi)
    for x in (*(0.25 * i for i in range(-40, 41)), *map(float, pieces.edges)):
        try:
            fine = mpmath.isfinite(value(x)) and mpmath.im(value(x)) == 0
        except analysis.FAILURES:
            fine = False
        if not fine:
            raise TransferError(f"{name} has no finite real value at x = {x}; define it on the whole line")
    if not declared and any(strip is not None and strip[0] < 1e-12 for strip in _strips(pieces)):
        raise TransferError(
            f"{name} is singular on the real axis (a power or a logarithm of 0), where its derivatives diverge; "
            "only jumps are supported, declared as kinks=[Kink(location, {order: jump of that derivative}), ...]"
        )


def _check_coded(name: str, pieces: Pieces, slope: sp.Expr | None) -> None:
    """Refuse functions that have no code, here or in the derivatives that Price's theorem brings in."""
    parts = pieces.parts if slope is None else (*pieces.parts, slope)
    for expr in (*parts, *(sp.diff(part, X) for part in parts)):
        for function in _not_coded(expr):
            raise TransferError(f"{name}: {function} is {NOT_CODED}")


def _not_coded(expr: sp.Expr) -> list[str]:
    """The functions in an expression that generated code cannot compute."""
    known = (*CODED, sp.DiracDelta)  # a derivative of what jumps, which becomes a kink
    found = expr.atoms(sp.Function)
    return sorted({type(f).__name__ for f in found if not isinstance(f, known) and type(f).__name__ not in NUMPY_FUNCTIONS})


def _check_growth(name: str, pieces: Pieces) -> None:
    """Refuse what outgrows every exp(a x): there are Gaussians for which its averages do not converge."""
    for phi, side in ((pieces.parts[0], -1), (pieces.parts[-1], 1)):
        value = analysis.evaluator(phi)
        try:
            near, far = (float(mpmath.log(1 + abs(value(side * at)))) for at in (40.0, 80.0))
        except analysis.FAILURES:
            continue
        if far > 100 and far > 3 * near:  # twice for exp(a x), four times for exp(a x^2)
            raise TransferError(
                f"{name} grows faster than exp(a |x|), so that its averages do not converge for every variance; bound it, or write "
                "such an exponential itself where it is averaged, as in E(exp(a*x**2))"
            )


def _strips(pieces: Pieces) -> list[tuple[float, float] | None]:
    ends = [-math.inf, *map(float, pieces.edges), math.inf]
    return [analysis.strip(part, (ends[i], ends[i + 1])) for i, part in enumerate(pieces.parts)]


def _smoothness(pieces: Pieces) -> dict[str, Any]:
    strips = _strips(pieces)
    known = [strip for strip in strips if strip is not None]
    return {
        "strip": min(strip for strip, _ in known) if len(known) == len(strips) else None,
        "imaginary_growth": max((growth for _, growth in known), default=0.0),
        "centre": analysis.centre(pieces.parts[0]) if len(pieces.parts) == 1 and len(known) == 1 else None,
        "kinks": pieces.kinks(),
    }


def _shape(pieces: Pieces) -> dict[str, Any]:
    power = max(analysis.degree(pieces.parts[0], -1), analysis.degree(pieces.parts[-1], 1), 0)
    return {
        "parity": _parity(pieces),
        "growth": _growth(power),
        "degree": float(power),
        "slope_at_zero": _slope_at_zero(pieces),
    }


def _growth(power: float) -> Literal["bounded", "linear", "polynomial", "exponential"]:
    if power <= 0:
        return "bounded"
    if power <= 1:
        return "linear"
    return "polynomial" if power < math.inf else "exponential"


def _slope_at_zero(pieces: Pieces) -> float | None:
    if any(kink.location == 0.0 and min(kink.jumps) <= 1 for kink in pieces.kinks()):
        return None
    try:
        return float(mpmath.re(analysis.evaluator(sp.diff(pieces.joined(), X))(0.0)))
    except analysis.FAILURES:
        return None


def _parity(pieces: Pieces) -> Literal["odd", "even"] | None:
    if any(sp.simplify(a + b) != 0 for a, b in zip(pieces.edges, reversed(pieces.edges), strict=True)):
        return None
    mirrored = [part.xreplace({X: -X}) for part in reversed(pieces.parts)]
    if all(_is_zero(a + b) for a, b in zip(pieces.parts, mirrored, strict=True)):
        return "odd"
    return "even" if all(_is_zero(a - b) for a, b in zip(pieces.parts, mirrored, strict=True)) else None


def _is_zero(expr: sp.Expr) -> bool:
    expr = sp.expand(expr)
    if expr == 0:
        return True
    value = analysis.evaluator(expr)
    # Numbers refuse quickly; only what looks like zero is worth a proof.
    return all(abs(value(x)) < 1e-9 for x in (0.31, 1.7, -2.3)) and sp.simplify(expr) == 0
