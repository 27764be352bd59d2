"""Folds, branch points, outliers at 1: one matrix with an eigenvalue zero, and its null vector as further unknowns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from meanfield.averages.passes import mirror
from meanfield.conditions.jets import Table, jacobian, linear_map
from meanfield.conditions.released import Companions, Window, released
from meanfield.conditions.subspace import inside
from meanfield.errors import ModelError
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.symbols import symbol

GAUGE = "the null vector points to one side"  # of its two signs one counts; no property of a solution


def singular(
    model: Model, matrix: str | sp.MatrixBase = "jacobian", *, free: str | sp.Symbol, window: Window | None = None
) -> Model:
    """Solutions at which a matrix is singular: ``F = 0``, ``A v = 0``, ``v . v = 1``, with the parameter ``free`` as an unknown.

    matrix: "jacobian" (folds and branch points: A = F_x); the name of a spectrum (an eigenvalue 1: A = 1 - matrix; an outlier
    that crosses the line of stability); or a square SymPy matrix A of the model's symbols. The null vector v becomes
    unknowns ``v_mu``, ... (``v_1``, ... for other matrices), between the model's and ``free``; ``v -> -v`` is a symmetry,
    and of the two signs one is accepted. A single equation needs no null vector. A pitchfork at a declared symmetry solves these
    equations too, but is a singular root of them: use `symmetry_breaking`.
    Raises `ModelError` for an unknown spectrum or parameter and a matrix that is not square.
    """
    a, names, label, title = _matrix(model, matrix)
    windows = {str(free): window} if window else {}
    if a.shape == (1, 1):
        out = released(model, [a[0, 0]], [free], label=label, title=title, windows=windows, differentiated=True)
    else:
        v = [symbol(f"v_{name}") for name in names]
        conditions = [*(a * sp.Matrix(v)), sum(e**2 for e in v) - 1]
        images = [moved(s, model.unknowns, v) if matrix == "jacobian" else _signs(a, s, v) for s in model.symmetries]
        companions = vector(v, images, "null vector")
        out = released(
            model, conditions, [free], label=label, title=title, companions=companions, windows=windows, differentiated=True
        )
    return replace(out, stable=None)  # neither stable nor unstable


def vector(v: Sequence[sp.Symbol], images: Sequence[Table | None] | None, what: str) -> Companions:
    """A vector of length 1 whose sign means nothing."""
    starts = [{e: sp.Integer(e == chosen) for e in v} for chosen in v]
    meanings = {e: f"{what}, component {e.name.removeprefix('v_')}" for e in v}
    return Companions(v, starts, images, [{e: -e for e in v}], {GAUGE: one_side(v)}, meanings=meanings)


def one_side(v: Sequence[sp.Symbol]) -> sp.Expr:
    """A component of ``v`` in a direction to which no vector of interest is orthogonal: that of no symmetry."""
    return sp.Add(*(sp.Float(w, 12) * e for w, e in zip(weights(len(v)), v, strict=True)))


def weights(n: int) -> np.ndarray:
    """(n,) that direction."""
    return 1.3247179572447460 ** -np.arange(n)


def _matrix(model: Model, matrix: str | sp.MatrixBase) -> tuple[sp.Matrix, list[str], str, str]:
    if isinstance(matrix, str):
        if matrix == "jacobian":
            names = [u.name for u in model.unknowns]
            return jacobian(model.residuals, model.unknowns), names, "singular", "singular Jacobian"
        if matrix not in model.spectra:
            known = [*model.spectra, "jacobian"]
            raise ModelError(
                f"{model.name or model.title} has no spectrum {matrix!r}{nearest(matrix, known)} (it has {', '.join(known)})"
            )
        spectrum = sp.Matrix(model.spectra[matrix].matrix).applyfunc(model.resolve)
        size = spectrum.shape[0]
        return sp.eye(size) - spectrum, _numbered(size), f"{matrix}-one", f"an eigenvalue 1 of {matrix}"
    a = sp.Matrix(matrix)
    if a.shape[0] != a.shape[1]:
        raise ModelError(f"{model.name or model.title}: a singular matrix must be square, got {a.shape[0]} x {a.shape[1]}")
    return a.applyfunc(model.resolve), _numbered(a.shape[0]), "singular-matrix", "singular matrix"


def _numbered(size: int) -> list[str]:
    return [str(i + 1) for i in range(size)]


def _signs(a: sp.Matrix, symmetry: Table, v: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr] | None:
    """Signs of the components of v with which ``A v = 0`` goes into itself under a symmetry; None if there are no such signs."""
    plain, image = a.applyfunc(mirror), a.applyfunc(lambda e: inside(e, symmetry))
    pairs = [(i, j) for i in range(len(v)) for j in range(i, len(v))]
    for signs in itertools.product((1, -1), repeat=len(v) - 1):
        s = (1, *signs)
        if all(sp.expand(image[i, j] - s[i] * s[j] * plain[i, j]) == 0 for i, j in (*pairs, *((j, i) for i, j in pairs))):
            return {e: -e for e, sign in zip(v, s, strict=True) if sign < 0}
    return None


def moved(symmetry: Table, unknowns: Sequence[sp.Symbol], *vectors: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr] | None:
    """The images of vectors of the space of unknowns under a symmetry; None for one that does not keep lengths.

    ``F(S x) = T F(x)`` gives ``F_x(S x) S v = T F_x(x) v``: what is singular at x in the direction v is so at S x in S v.
    """
    s = linear_map(symmetry, unknowns)
    if s.T * s != sp.eye(len(unknowns)):
        return None
    return {e: new for v in vectors for e, new in zip(v, s * sp.Matrix(v), strict=True) if new != e}
