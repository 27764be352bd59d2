"""Boundary curves as data: exact points with errors, a smooth line through them, and which parts bound a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.continuation.branch import Branch
from meanfield.diagram.crossings import at_line
from meanfield.diagram.seeds import Condition
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.printing import latex_expression

__all__ = ["Curve", "CurvePoint", "curve_of", "smoothed"]

_PIECES = 8  # of the smooth line between two exact points


@dataclass(frozen=True)
class CurvePoint:
    """A point of a boundary: values and claimed errors by name, of both parameters and of the unknowns of its equations."""

    values: dict[str, float]
    error: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]


@dataclass(repr=False)
class Curve:
    """A curve on which a condition of a model holds.

    condition: its name; equation, latex: what vanishes. points (k, 2) as (x, y) and errors (k, 2), claimed; path (m, N): a smooth
    line through the points, unknowns included, and ``smooth`` (m, 2) its places in the plane; bounds (m,): which of its points
    separate regions. ends: why it begins and ends. branch: the continuation that it comes from, with the unknowns;
    of: the model whose states it bounds.
    """

    model: str
    condition: str
    equation: str
    latex: str
    points: np.ndarray
    errors: np.ndarray
    path: np.ndarray
    bounds: np.ndarray
    ends: str = ""
    branch: Branch | None = field(default=None, repr=False)
    of: Model | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        x, y = ([*self.branch.subject.curve.names[-1:], *self.branch.subject.curve.names[-2:-1]] if self.branch else ["x", "y"])[:2]
        spans = ", ".join(f"{n} = {low:.6g} to {high:.6g}" for n, low, high in zip((x, y), *self._box, strict=True))
        worst = float(np.nanmax(self.errors, initial=0.0))
        return f"<Curve {self.condition} of {self.model}: {len(self.points)} points, {spans}, known to {worst:.1e}; {self.ends}>"

    @property
    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        return self.points.min(axis=0), self.points.max(axis=0)

    @property
    def smooth(self) -> np.ndarray:
        """(m, 2) as (x, y): a smooth line through the points, for drawing."""
        return self.path[:, [-1, -2]]

    def at(self, **where: float) -> list[CurvePoint]:
        """Where the curve passes through a value of one parameter, ``curve.at(g=2.0)``: exact points of its equations.

        Raises `ParameterError` for a name that is none of the plane's two, or a curve without its continuation (from a file).
        """
        if self.branch is None:
            raise ParameterError("this curve was read from a file, which holds points and not the equations; trace it again")
        names = self.branch.subject.curve.names
        plane = (names[-1], names[-2])
        if len(where) != 1 or next(iter(where)) not in plane:
            raise ParameterError(f"a curve in the plane of {' and '.join(plane)} is cut at one value of one of them, got {where!r}")
        name, value = next(iter(where.items()))
        u, error = at_line(self.branch, self.path, plane.index(name), float(value))
        own = (*names[:-2], *plane[::-1])
        return [CurvePoint(*(dict(zip(own, row.tolist(), strict=True)) for row in pair)) for pair in zip(u, error, strict=True)]

    @property
    def bounds_at_points(self) -> np.ndarray:
        """(k,): which of the exact points separate regions."""
        return self.bounds[:: (len(self.smooth) - 1) // max(len(self.points) - 1, 1) or 1]


def curve_of(condition: Condition, branch: Branch) -> Curve:
    """The curve that a traced branch of a condition's equations is; without a point of which nothing can be claimed, such as where
    it ends in a singular point of its equations."""
    points, errors = branch.u[:, [-1, -2]], branch._refined[1][:, [-1, -2]]
    known = np.flatnonzero(np.isfinite(errors).all(axis=1))
    if known.size < 2:
        known = np.arange(len(points))
    points, errors, path = points[known], errors[known], smoothed(branch, known)
    text, latex = equation(condition, branch)
    model = condition.model
    name = model.name or model.title
    return Curve(name, condition.label, text, latex, points, errors, path, np.ones(len(path), bool), branch.status, branch, model)


def smoothed(branch: Branch, rows: np.ndarray) -> np.ndarray:
    """(M, N): cubic interpolation between some of the points of a branch, by their tangents."""
    u, t, scale = branch.u[rows], branch.tangent[rows], branch.scale[rows]
    s = np.linspace(0.0, 1.0, _PIECES + 1)[:-1, None]
    parts = []
    for k in range(len(u) - 1):
        chord = (u[k + 1] - u[k]) / scale[k]
        length = np.sqrt((chord**2).sum())
        a, b = t[k] * scale[k] * length, t[k + 1] * scale[k + 1] * length
        if not (np.isfinite(a).all() and np.isfinite(b).all() and length > 0):
            parts.append(u[k] + s * (u[k + 1] - u[k]))
            continue
        parts.append((1 + 2 * s) * (1 - s) ** 2 * u[k] + s**2 * (3 - 2 * s) * u[k + 1] + s * (1 - s) ** 2 * a - s**2 * (1 - s) * b)
    return np.concatenate([*parts, u[-1:]])


def equation(condition: Condition, branch: Branch) -> tuple[str, str]:
    """What vanishes on the curve, as text and as LaTeX, with the constant on the right."""
    if condition.kind == "fold":
        return "det F_x = 0", r"\det F_x = 0"
    if condition.kind == "hopf":
        return "Re lambda = 0", r"\mathrm{Re}\,\lambda = 0"
    model: Any = branch.model
    expr = model.implicit[-1] if condition.kind == "transversal" else _own(condition)
    constant, rest = expr.as_coeff_Add() if expr.is_Add else (sp.S.Zero, expr)
    sign = -1 if rest.could_extract_minus_sign() else 1
    rest, constant = sign * rest, -sign * constant
    return f"{rest} = {constant}", f"{latex_expression(model, rest)} = {latex_expression(model, constant)}"


def _own(condition: Condition) -> sp.Expr:
    zero = {u: sp.S.Zero for u in condition.model.unknowns if u.name in condition.zero}
    return condition.expr if condition.kind == "edge" else substitute(condition.expr, zero)
