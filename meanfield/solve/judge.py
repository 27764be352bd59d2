"""Which roots are solutions, which of them are physical, and which are stable: the model's conditions at the roots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.scope import replace, substitute
from meanfield.compile import FINE, ROUGH, SKETCH, WORKING, Kernel
from meanfield.model import Spectrum
from meanfield.solve.claims import carried
from meanfield.solve.existence import implied
from meanfield.solve.linear import eigenvalue_errors, eigenvalues
from meanfield.solve.problem import Array, rows_of
from meanfield.transfer import Applied

_S = sp.Symbol("s", real=True)
_SAMPLES = [sp.Rational(k, 8) for k in range(1, 8)]  # of a condition that must hold for all s in (0, 1)
_ASIDE, _SAME = 1e-9, 1e-6  # how far beside a point a matrix is looked at, and a difference that is none
EDGE = 1e-10  # where a label changes, a value within the accuracy of the quadrature counts as holding
_DOUBT = 1e-2  # by how much sketches, right to about 1e-4, must tell stable states from others
_SLACK = 1e-7  # conditions are evaluated by rough rules; margins matter only at boundaries


@dataclass(frozen=True)
class Verdict:
    """accepted (P,); reason (P,) index into ``sentences`` of the first condition that fails, -1 if none."""

    accepted: Any
    reason: Any
    sentences: tuple[str, ...]


def accept(kernel: Kernel, x: Array, p: Array, error: Array) -> Verdict:
    """Apply the domain of the unknowns, ``model.accept``, what the model's laws ask, and ``model.refuse``."""
    model = kernel.model
    lower = kernel.lower
    reason = np.full(len(x), -1)
    sentences: list[str] = []

    def fail(mask: Any, sentence: str) -> None:
        sentences.append(sentence)
        reason[mask & (reason < 0)] = len(sentences) - 1

    fail(~np.isfinite(x).all(axis=1), "the root is not a finite number")
    for i, name in enumerate(kernel.names):
        fail(x[:, i] + error[:, i] < lower[i], f"{name} is negative")
    room = np.maximum(np.where(np.isfinite(error), error, 0.0).max(axis=1, initial=0.0) * 4, _SLACK * 1e-3)
    for expr, sentence in (*((e, f"not true: {s}") for s, e in model.accept.items()), *implied(model)):
        values = _sampled(kernel, expr, x, p)
        slack = np.maximum(room, _SLACK)
        close = np.flatnonzero((values < 0) & (values >= -slack))
        if close.size:
            values[close] = np.where(_possible(kernel, expr, x[close], p[close], error[close]), 0.0, -np.inf)
        fail(~(values >= -slack), sentence)
    for sentence, expr in model.refuse.items():
        values = _sampled(kernel, expr, x, p)
        refused: Any = ~(np.abs(values) > room)
        close = np.flatnonzero(refused & (np.abs(values) > _SLACK * 1e-3))
        if close.size:
            refused[close] = _may_vanish(kernel, expr, x[close], p[close], error[close])
        fail(refused, sentence)
    return Verdict(reason < 0, reason, tuple(sentences))


def _possible(kernel: Kernel, expr: sp.Expr, x: Array, p: Array, error: Array) -> Array:
    """(P,) whether a condition that nearly holds may hold within the claims of its value and of the root."""
    value, room = _with_room(kernel, expr, x, p, 2 * error)
    return np.asarray(~(value + room < 0))  # NaN: nothing is known, so it may


def _may_vanish(kernel: Kernel, expr: sp.Expr, x: Array, p: Array, error: Array) -> Array:
    """(P,) whether a quantity may be 0 by the claims of the unknowns that it depends on: next to a pitchfork that of one of them is
    large, and says nothing about the others."""
    value, room = _with_room(kernel, expr, x, p, 4 * np.where(np.isfinite(error), error, 0.0))
    return np.asarray(~(np.abs(value) > room))


def _with_room(kernel: Kernel, expr: sp.Expr, x: Array, p: Array, error: Array) -> tuple[Array, Array]:
    """A quantity (P,), and how far it may be off (P,): its own claim and what errors (P, n) of the unknowns do to it."""
    resolved = kernel.resolved(expr)
    if _has_coordinate(kernel, resolved):
        return np.zeros(len(x)), np.full(len(x), np.inf)
    inside = np.maximum(x, kernel.lower)
    (value, own), gradient = kernel.quantities((resolved,), inside, p), kernel.gradients((resolved,), inside, p)
    return value[:, 0], (own + carried(gradient, error))[:, 0]


def _has_coordinate(kernel: Kernel, resolved: sp.Expr) -> bool:
    """Whether a condition is meant for all s in (0, 1); in a model that has a parameter or an unknown s, it means that one."""
    return _S in resolved.free_symbols and _S not in kernel.symbols


def _sampled(kernel: Kernel, expr: sp.Expr, x: Array, p: Array) -> Array:
    """The smallest value of a condition over its coordinate s, or its value."""
    resolved = kernel.resolved(expr)
    if resolved.is_Symbol and resolved in kernel.unknowns:
        return x[:, kernel.unknowns.index(resolved)]
    samples = [substitute(resolved, {_S: s}) for s in _SAMPLES] if _has_coordinate(kernel, resolved) else [resolved]
    return kernel.values(tuple(samples), np.maximum(x, kernel.lower), p, level=ROUGH).min(axis=1)


def holds(kernel: Kernel, conditions: Mapping[str, sp.Expr] | bool | None, x: Array, p: Array, *, strict: bool) -> Any:
    """(P,) whether all conditions hold: >= 0, or > 0 if strict. None if the question has no meaning."""
    if conditions is None:
        return None
    if isinstance(conditions, bool):
        return np.full(len(x), conditions)
    if not conditions:
        return np.ones(len(x), dtype=bool)
    values = kernel.values(tuple(kernel.resolved(e) for e in conditions.values()), x, p)
    return (values > 0).all(axis=1) if strict else (values >= -EDGE).all(axis=1)


def spectra(kernel: Kernel, x: Array, p: Array, error: Array) -> dict[str, list[Array]]:
    """Eigenvalues of every spectrum, point by point (their number may depend on the point)."""
    found: dict[str, list[Array]] = {}
    for name, spectrum in kernel.model.spectra.items():
        values = list(eigenvalues(kernel.matrices(spectrum, x, p)))
        at, special = _degenerate(kernel, spectrum, x, p, error, FINE)
        for row, one in zip(at, special, strict=True):
            values[row] = one
        found[name] = values
    return found


def spectrum_errors(kernel: Kernel, x: Array, p: Array, error: Array) -> dict[str, list[Array]]:
    """The claimed errors of `spectra`: the errors of the matrices' entries, what those of the unknowns do to them included, as the
    eigenvalues feel them."""
    found: dict[str, list[Array]] = {}
    for name, spectrum in kernel.model.spectra.items():
        values = list(eigenvalue_errors(*_entries(kernel, spectrum.matrix, kernel.resolved, x, p, error)))
        at = _degenerate_at(kernel, spectrum, x, error)
        if at.size and spectrum.at_zero is not None:
            plain = lambda e: _beside_kinks(kernel.resolved(e))
            rows = (rows_of(x, at), rows_of(p, at), rows_of(error, at))
            for row, one in zip(at, eigenvalue_errors(*_entries(kernel, spectrum.at_zero[1], plain, *rows)), strict=True):
                values[row] = one
        found[name] = values
    return found


def _entries(
    kernel: Kernel, matrix: sp.ImmutableMatrix, resolved: Callable[[sp.Expr], sp.Expr], x: Array, p: Array, error: Array
) -> tuple[Array, Array]:
    """The matrices (P, k, k) and the errors of their entries."""
    exprs, shape = tuple(resolved(e) for e in matrix), (-1, *matrix.shape)
    inside = np.maximum(x, kernel.lower)
    (value, own), gradient = kernel.quantities(exprs, inside, p), kernel.gradients(exprs, inside, p)
    return value.reshape(shape), (own + carried(gradient, error)).reshape(shape)


def _degenerate_at(kernel: Kernel, spectrum: Spectrum, x: Array, error: Array) -> Any:
    """The points where the matrix of a spectrum degenerates."""
    if spectrum.at_zero is None:
        return np.zeros(0, dtype=np.intp)
    i = kernel.unknowns.index(spectrum.at_zero[0])
    return np.flatnonzero(np.abs(x[:, i]) <= np.maximum(error[:, i], 1e-300))


def _degenerate(kernel: Kernel, spectrum: Spectrum, x: Array, p: Array, error: Array, level: int = WORKING) -> tuple[Any, Any]:
    """The points where the matrix of a spectrum degenerates, and its eigenvalues there."""
    at = _degenerate_at(kernel, spectrum, x, error)
    if spectrum.at_zero is None or at.size == 0:
        return at, np.zeros((0, 0))
    matrix = spectrum.at_zero[1]
    flat = tuple(_beside_kinks(kernel.resolved(e)) for e in matrix)
    return at, eigenvalues(kernel.values(flat, rows_of(x, at), rows_of(p, at), level=level).reshape(-1, *matrix.shape))


def _beside_kinks(expr: sp.Expr) -> sp.Expr:
    """Derivatives of phi at plain arguments as they are on either side of a kink (on it, see `undecided`)."""

    def change(e: sp.Basic) -> sp.Basic | None:
        return e.token.explicit(int(e.order), e.args[2]) if isinstance(e, Applied) and e.token.kink_terms(e.order) else None

    return replace(expr, change)


def undecided(kernel: Kernel, x: Array, p: Array, error: Array) -> Any:
    """(P,) whether nothing can be said of stability: where a root is known to be somewhere only, its claim being larger than
    itself, and where the matrix of a spectrum does not exist, because a kink of phi lies where nothing varies.

    Its one-sided values there differ, and what a small deviation does depends on its direction: `stability` says False there,
    which means that it is not known to be stable.
    """
    unknown: Any = (np.isfinite(error) & (error > 1 + np.abs(x))).any(axis=1)
    if all(not phi.traits.kinks for phi in kernel.model.transfers):
        return unknown
    for spectrum in kernel.model.spectra.values():
        for side in (1.0, -1.0):
            at, here = _degenerate(kernel, spectrum, x, p, error)
            if at.size == 0:
                continue
            moved = x + np.where(np.isfinite(kernel.lower), 0.0, side * _ASIDE * (1.0 + np.abs(x)))
            there = _degenerate(kernel, spectrum, moved, p, error)[1]
            unknown[at] |= ~(np.abs(there - here) < _SAME * (1.0 + np.abs(here))).all(axis=1)
    return unknown


def stability(kernel: Kernel, x: Array, p: Array, error: Array, *, level: int = WORKING) -> Any:
    """(P,) whether the stability conditions hold and every eigenvalue of every spectrum has a real part below 1; where the
    model has neither, whether its declared dynamics lead back. None for a model that does not say what is stable."""
    return stability_and(kernel, (), x, p, error, level)[0]


def stability_and(
    kernel: Kernel, also: tuple[sp.Expr, ...], x: Array, p: Array, error: Array, level: int
) -> tuple[Any, Array | None]:
    """`stability`, and the values (P, Q) of other resolved expressions where they come from the same pass over the nodes, else
    None."""
    model = kernel.model
    if model.stable is None or not model.labels_stability:
        return None, None
    if isinstance(model.stable, bool):
        return holds(kernel, model.stable, x, p, strict=True), None
    if not model.stable and not model.spectra:
        return (np.linalg.eigvals(kernel.gradients(model.rates or (), x, p, level=level)).real < 0).all(axis=1), None
    margin, rest = _margin(kernel, also, x, p, error, level)
    return (margin > 0) & ~undecided(kernel, x, p, error), rest


def stability_of_drafts(kernel: Kernel, x: Array, p: Array, error: Array) -> Any:
    """(P,) `stability` of a model with conditions or spectra, by sketches where they leave no doubt, else by rough rules."""
    margin, _ = _margin(kernel, (), x, p, error, SKETCH)
    flags = margin > 0
    doubtful = np.flatnonzero(~(np.abs(margin) > _DOUBT))
    if doubtful.size:
        flags[doubtful] = _margin(kernel, (), x[doubtful], p[doubtful], error[doubtful], ROUGH)[0] > 0
    return flags & ~undecided(kernel, x, p, error)


def _margin(kernel: Kernel, also: tuple[sp.Expr, ...], x: Array, p: Array, error: Array, level: int) -> tuple[Array, Array]:
    """The least (P,) of the stability conditions and of the distances of the eigenvalues' real parts below 1, NaN where one is; and
    the values (P, Q) of other resolved expressions."""
    model = kernel.model
    every = [e for spectrum in model.spectra.values() for e in spectrum.matrix]
    conditions = model.stable if isinstance(model.stable, Mapping) else {}
    exprs = tuple(kernel.resolved(e) for e in (*conditions.values(), *every))
    values = kernel.values((*exprs, *also), x, p, level=level)  # conditions and matrices in one pass over the nodes
    used = len(conditions)
    margin = values[:, :used].min(axis=1, initial=np.inf)
    for spectrum in model.spectra.values():
        size = spectrum.matrix.shape[0]
        matrices = values[:, used : used + size * size].reshape(-1, size, size)
        used += size * size
        below = 1 - eigenvalues(matrices).real.max(axis=1)
        at, special = _degenerate(kernel, spectrum, x, p, error)
        if at.size:
            below[at] = 1 - special.real.max(axis=1)
        margin = np.minimum(margin, below)
    return margin, values[:, used:]
