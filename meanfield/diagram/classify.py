"""Which states exist and are stable at each point of the plane, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.diagram.grid import Sheet
from meanfield.records import Record

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["NOTHING", "UNSOLVED", "classify", "kind", "named", "said", "signs", "symmetric"]

NOTHING, UNPHYSICAL, UNSOLVED = "no solution", "no physical solution", "not solved"
_MARGINAL = 1e-8  # an indicator this close to zero: the grid point lies on a boundary, where "stable" is a coin's toss


def classify(sheets: Sequence[Sheet]) -> tuple[np.ndarray, tuple[str, ...]]:
    """A label for every grid point.

    Returns region (ny, nx), indices into the labels, and the labels, the most frequent first. A point is named after its
    stable states (several coexist: joined by " + "); if none is stable, after its physical ones, called unstable; the
    symmetric partners of a state count once.
    """
    plane = sheets[0].plane
    words = _from_neighbours(named(sheets, plane.x.size * plane.y.size), plane.shape)
    labels = tuple(name for name, _ in Counter(words).most_common())
    index = {name: k for k, name in enumerate(labels)}
    return np.array([index[w] for w in words]).reshape(plane.shape), labels


def named(sheets: Sequence[Sheet], size: int) -> list[str | None]:
    """The name of each of ``size`` points; None where it lies on a boundary and has no stable state of its own. A point that one of
    the models has not been solved at is called so."""
    here: list[list[tuple[Model, Record, bool | None]]] = [[] for _ in range(size)]
    for sheet in sheets:
        for i, flags in symmetric(sheet).items():
            here[i] += [(sheet.model, one, even) for one, even in zip(sheet.points[i], flags, strict=True)]
    solved = min(len(sheet.points) for sheet in sheets)
    return [_label(states) if i < solved else UNSOLVED for i, states in enumerate(here)]


def _from_neighbours(words: Sequence[str | None], shape: tuple[int, int]) -> list[str]:
    """Points on a boundary belong to the region of most of their neighbours: a line of grid points is no region."""
    rows, columns = shape
    out = []
    for i, word in enumerate(words):
        row, column = divmod(i, columns)
        near = [(row, column - 1), (row - 1, column), (row, column + 1), (row + 1, column)]
        around = [words[r * columns + c] for r, c in near if 0 <= r < rows and 0 <= c < columns]
        known = Counter(w for w in around if w is not None)
        out.append(word if word is not None else known.most_common(1)[0][0] if known else NOTHING)
    return out


def _label(here: Sequence[tuple[Model, Record, bool | None]]) -> str | None:
    """The name of a point; None where it lies on a boundary and has no stable state of its own."""
    physical = [one for one in here if one[1].physical is not False]
    stable = [one for one in physical if one[1].stable is not False]
    if stable:
        return _join(stable)
    if any(abs(v) < _MARGINAL for _, one, _ in physical for v in one.indicators.values()):
        return None
    if physical:
        return f"{_join(physical)}, unstable"
    return UNPHYSICAL if here else NOTHING


def _join(states: Sequence[tuple[Model, Record, bool | None]]) -> str:
    count: Counter[str] = Counter()
    orbit: dict[str, int] = {}
    for model, one, even in states:
        name = kind(model, even) + signs(model, one)
        count[name] += 1
        orbit[name] = 1 if even is not False else 1 + len(model.symmetries)
    parts = []
    for name in sorted(count):
        several = -(-count[name] // orbit[name])
        parts.append(name if several == 1 else f"{name} ({several} states)")
    return " + ".join(parts)


def signs(model: Model, state: Record) -> str:
    """What the indicators say of a state where stability has no meaning: ", beyond onset of chaos"."""
    if model.labels_stability:
        return ""
    return "".join(f", beyond {name.replace('_', ' ')}" for name, value in state.indicators.items() if value > 0)


def said(model: Model, key: tuple[str, bool | None, bool | None, str]) -> str:
    """What a key of a signature (model, symmetric, stable, signs) says: ``homogeneous chaos of rank1-chaotic, stable``."""
    name, even, stable, more = key
    return f"{kind(model, even)} of {name}{more}" + {True: ", stable", False: ", unstable", None: ""}[stable]


def kind(model: Model, even: bool | None) -> str:
    """The field's word for a state of ``model``; ``even``: it is its own mirror image (None: the model has no symmetry)."""
    unknowns = {u.name for u in model.public_unknowns}
    chaotic = "Delta_inf" in unknowns
    if "mu" in unknowns:
        if even is None:
            return "chaotic" if chaotic else "stationary"
        if chaotic:
            return "homogeneous chaos" if even else "structured chaos"
        return "homogeneous stationary" if even else "heterogeneous stationary"
    name = model.phase or model.name or model.title
    return name if even is None else f"{name}, {'symmetric' if even else 'broken symmetry'}"


def symmetric(sheet: Sheet) -> dict[int, list[bool | None]]:
    """For every grid point, whether each solution is its own mirror image under all symmetries of the model."""
    model = sheet.model
    if not model.symmetries:
        return {i: [None] * len(point) for i, point in enumerate(sheet.points)}
    flat = [one for point in sheet.points for one in point]
    names = list(model.public_unknowns)
    values = np.array([[one.unknowns[u.name] for u in names] for one in flat], float).reshape(len(flat), len(names))
    errors = np.array([[one.error.get(u.name, 0.0) for u in names] for one in flat], float).reshape(values.shape)
    even = np.ones(len(flat), bool)
    for symmetry in model.symmetries:
        image = sp.lambdify([names], [symmetry.get(u, u) for u in names], "numpy", cse=False)
        mirrored = np.stack(np.broadcast_arrays(*image(values.T)), -1) if len(flat) else values
        allowed = 1e-7 * (1 + np.abs(values)) + 10 * np.nan_to_num(errors)
        even &= (np.abs(mirrored - values) <= allowed).all(axis=1)
    answers = iter(even.tolist())
    return {i: [next(answers) for _ in point] for i, point in enumerate(sheet.points)}
