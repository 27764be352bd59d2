"""Regions drawn sharper than their grid: where a polished curve passes through a cell, it separates the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from meanfield.diagram import PhaseDiagram

__all__ = ["refined"]


def refined(diagram: PhaseDiagram, factor: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The regions on a grid ``factor`` times finer.

    Returns x (mx,), y (my,) and region (my, mx) at the middles of the fine cells. A fine cell takes the label of the nearest
    corner of its grid cell from which no boundary curve separates it.
    """
    plane, region = diagram.plane, diagram.region
    rows, columns = plane.shape[0] - 1, plane.shape[1] - 1
    inner = (np.arange(factor) + 0.5) / factor
    u, v = (np.arange(columns)[:, None] + inner).ravel(), (np.arange(rows)[:, None] + inner).ravel()
    nearest = region[np.ix_(np.rint(v - 1e-9).astype(int), np.rint(u - 1e-9).astype(int))].copy()
    for (row, column), cuts in _cuts(diagram).items():
        if 0 <= row < rows and 0 <= column < columns:
            corners = region[row : row + 2, column : column + 2]
            block = nearest[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
            block[:] = _cell(corners, cuts - (column, row), inner)
    x = np.interp(u, np.arange(columns + 1), plane.x)
    y = np.interp(v, np.arange(rows + 1), plane.y)
    return x, y, nearest


def _cuts(diagram: PhaseDiagram) -> dict[tuple[int, int], np.ndarray]:
    """Pieces of boundary curves by the cell in which they lie: (pieces, 2 ends, 2), in units of grid steps."""
    plane = diagram.plane
    origin = np.array([plane.x[0], plane.y[0]])
    step = np.array([plane.x[1] - plane.x[0], plane.y[1] - plane.y[0]])
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for curve in diagram.contours:
        for line, boundary in zip(curve.lines, curve.boundary, strict=True):
            places = (line - origin) / step
            for a, b, one, two in zip(places[:-1], places[1:], boundary[:-1], boundary[1:], strict=True):
                if one or two:
                    column, row = np.floor((a + b) / 2).astype(int)
                    found.setdefault((int(row), int(column)), []).append(np.array([a, b]))
    return {cell: np.array(pieces) for cell, pieces in found.items()}


def _cell(corners: np.ndarray, cuts: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Labels (factor, factor) within one cell of unit size whose corners have the labels (2, 2)."""
    x, y = np.meshgrid(inner, inner)
    places = np.stack([x.ravel(), y.ravel()], -1)
    ends = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float)
    distance = np.linalg.norm(places[:, None] - ends, axis=-1)
    # The pieces are lengthened a little: a line of sight must not slip past their ends on the cell's edges.
    a, b = cuts[:, 0] - 0.02 * (cuts[:, 1] - cuts[:, 0]), cuts[:, 1] + 0.02 * (cuts[:, 1] - cuts[:, 0])
    p, q = places[:, None, None], ends[None, :, None]
    blocked = (_side(a, b, p) * _side(a, b, q) < 0) & (_side(p, q, a) * _side(p, q, b) < 0)
    hidden = blocked.any(axis=-1)
    choice = np.where(hidden, distance + 10.0, distance).argmin(axis=1)
    return corners.ravel()[choice].reshape(x.shape)


def _side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Twice the signed area of the triangle a, b, c."""
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
