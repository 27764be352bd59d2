"""The plane cut along the boundaries: which label holds where, much finer than the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane
from meanfield.diagram.polylines import crosses

__all__ = ["pixels", "refined"]

_PIXELS = 240  # along each axis
_MOST = 200  # pieces that are asked about, the largest first
Ask = Callable[[np.ndarray], Sequence[int]]


def pixels(plane: Plane) -> Plane:
    """A fine grid whose points are the middles of pixels that fill the window."""
    axes = [low + (np.arange(_PIXELS) + 0.5) / _PIXELS * (high - low) for low, high in plane.edges]
    return Plane(plane.names, axes[0], axes[1], plane.edges)


def refined(
    plane: Plane, curves: Sequence[Curve], region: np.ndarray, ask: Ask | None = None
) -> tuple[Plane, np.ndarray, np.ndarray]:
    """The pixels, their labels (index as in ``region``), and which of these are known, not taken from the surroundings.

    ask: labels at places (k, 2) of the plane, -1 where they have none.

    Pixels hang together unless a curve passes between them; a piece of the plane takes the label of the grid points in it. Where
    these contradict one another (a curve that ends inside the window separates nothing) every pixel takes that of the nearest
    grid point of its piece; pieces without a grid point are asked about, and where that is not done take that of their
    surroundings.
    """
    fine = pixels(plane)
    piece = _pieces(fine, curves)
    out = np.full(fine.shape, -1)
    known: dict[int, list[tuple[int, int, int]]] = {}
    for home, label in zip(_homes(plane, fine, curves), region.ravel().tolist(), strict=True):
        if home is not None:
            known.setdefault(int(piece[home]), []).append((*home, label))
    for number, points in known.items():
        here = piece == number
        labels = {label for _, _, label in points}
        if len(labels) == 1:
            out[here] = labels.pop()
            continue
        where = np.argwhere(here)
        places = np.array([p[:2] for p in points])
        nearest = ((where[:, None, :] - places[None]) ** 2).sum(axis=2).argmin(axis=1)
        out[here] = np.array([p[2] for p in points])[nearest]
    if ask is not None:
        inner = _inner(piece, set(known))
        places = np.array([[fine.x[c], fine.y[r]] for r, c in inner.values()])
        for number, label in zip(inner, ask(places) if inner else (), strict=True):
            out[piece == number] = label
    return fine, _filled(out), out >= 0


def _inner(piece: np.ndarray, known: set[int]) -> dict[int, tuple[int, int]]:
    """The pixel (row, column) farthest from the rim of each piece that is not ``known``, the largest pieces first."""
    from scipy.ndimage import distance_transform_edt

    size = np.bincount(piece.ravel())
    wanted = [k for k in np.argsort(-size, kind="stable").tolist() if size[k] and k not in known][:_MOST]
    out = {}
    for number in wanted:
        depth = distance_transform_edt(np.pad(piece == number, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        out[number] = (int(row), int(column))
    return out


def _homes(plane: Plane, fine: Plane, curves: Sequence[Curve]) -> list[tuple[int, int] | None]:
    """For every grid point, row by row, the nearest pixel (row, column) whose middle no curve separates from it; None where there
    is none next to it."""
    (x0, x1), (y0, y1) = fine.edges
    scale = np.array([x1 - x0, y1 - y0]) / _PIXELS
    lines = [(c.smooth - [x0, y0]) / scale for c in curves if len(c.smooth) > 1]
    first = np.concatenate([np.empty((0, 2)), *(line[:-1] for line in lines)])
    second = np.concatenate([np.empty((0, 2)), *(line[1:] for line in lines)])
    out: list[tuple[int, int] | None] = []
    for y in plane.y:
        for x in plane.x:
            at = (np.array([x, y]) - [x0, y0]) / scale
            corner = np.floor(at).astype(int)
            around = corner + np.array([[i, j] for j in (-1, 0, 1) for i in (-1, 0, 1)])
            around = around[((around >= 0) & (around < _PIXELS)).all(axis=1)]
            middles = around + 0.5
            order = np.argsort(((middles - at) ** 2).sum(axis=1))
            near = (np.minimum(first, second) < at + 2).all(axis=1) & (np.maximum(first, second) > at - 2).all(axis=1)
            free = next((k for k in order if not crosses(at, middles[k], first[near], second[near])), None)
            out.append(None if free is None else (int(around[free][1]), int(around[free][0])))
    return out


def _pieces(fine: Plane, curves: Sequence[Curve]) -> np.ndarray:
    """(rows, columns) numbers of the pieces into which the curves cut the plane."""
    from scipy.ndimage import label

    rows, columns = fine.shape
    open_ = np.zeros((2 * rows - 1, 2 * columns - 1), bool)  # pixels, and between them the ways from one to the next
    open_[::2, ::2] = open_[::2, 1::2] = open_[1::2, ::2] = True
    for r, c, axis in crossed_edges(fine, [_lengthened(curve.smooth, fine) for curve in curves]):
        open_[(2 * r, 2 * c + 1) if axis == 0 else (2 * r + 1, 2 * c)] = False
    return np.asarray(label(open_)[0][::2, ::2])


def _lengthened(line: np.ndarray, fine: Plane) -> np.ndarray:
    """A line longer by a pixel at both ends: one that ends on another must not leave a gap there."""
    if len(line) < 2:
        return line
    pixel = np.array([fine.x[1] - fine.x[0], fine.y[1] - fine.y[0]])
    ways = [(line[0] - line[1]) / pixel, (line[-1] - line[-2]) / pixel]
    first, last = (w / max(float(np.linalg.norm(w)), 1e-300) * pixel for w in ways)
    return np.concatenate([[line[0] + first], line, [line[-1] + last]])


def _filled(labels: np.ndarray) -> np.ndarray:
    """Pixels without a label take that of the nearest one that has one."""
    from scipy.ndimage import distance_transform_edt

    if (labels >= 0).all() or (labels < 0).all():
        return np.maximum(labels, 0)
    where = distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
    return np.asarray(labels[tuple(where)])


def crossed_edges(plane: Plane, lines: Sequence[np.ndarray]) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
    """For every grid edge the curves that cross it: (index of the line, index of its piece)."""
    out: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    xs, ys = plane.x, plane.y
    for n, line in enumerate(lines):
        for k in range(len(line) - 1):
            a, b = line[k], line[k + 1]
            for axis, (moving, held) in enumerate(((xs, ys), (ys, xs))):
                # Edges of this axis lie on the lines where the other coordinate has a value of the grid.
                lo, hi = sorted((a[1 - axis], b[1 - axis]))
                for j in np.flatnonzero(
                    (held >= lo - _TOUCH * abs(held[1] - held[0])) & (held <= hi + _TOUCH * abs(held[1] - held[0]))
                ):
                    width = b[1 - axis] - a[1 - axis]
                    share = 0.5 if width == 0 else float(np.clip((held[j] - a[1 - axis]) / width, 0.0, 1.0))
                    at = a[axis] + share * (b[axis] - a[axis])
                    for i in _cells(moving, at):
                        edge = (int(j), i, 0) if axis == 0 else (i, int(j), 1)
                        out.setdefault(edge, []).append((n, k))
    return out


_TOUCH = 1e-6


def _cells(values: np.ndarray, at: float) -> list[int]:
    """The intervals of the grid that hold a value; both neighbours where it is on a grid point."""
    step = values[1] - values[0]
    place = (at - values[0]) / step
    low, high = int(np.floor(place - _TOUCH)), int(np.floor(place + _TOUCH))
    return sorted({i for i in (low, high) if 0 <= i < len(values) - 1})
