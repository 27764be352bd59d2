"""Where two lines of straight pieces meet."""

from __future__ import annotations

import numpy as np

__all__ = ["crosses", "meetings"]

_PARALLEL = 1e-18  # area between two pieces: less is none


def meetings(line: np.ndarray, other: np.ndarray, slack: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of ``line`` (K, 2) and of ``other`` that meet, (M,) each, and the share of the former at which they do.

    Pieces are in the order of ``line``, then of ``other``; those that are parallel do not meet. slack: by which share of its
    length a piece counts as longer at either end.
    """
    low, high = np.minimum(line[:-1], line[1:])[:, None], np.maximum(line[:-1], line[1:])[:, None]
    near = (np.minimum(other[:-1], other[1:]) <= high) & (np.maximum(other[:-1], other[1:]) >= low)
    k, j = np.nonzero(near.all(axis=2))
    way, back, gap = line[k + 1] - line[k], other[j] - other[j + 1], other[j] - line[k]
    area = _cross(way, back)
    with np.errstate(divide="ignore", invalid="ignore"):
        s, t = _cross(gap, back) / area, _cross(way, gap) / area
    met = (np.abs(area) >= _PARALLEL) & (np.minimum(s, t) >= -slack) & (np.maximum(s, t) <= 1 + slack)
    return k[met], j[met], s[met]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def crosses(p: np.ndarray, q: np.ndarray, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the way from p to q crosses one of the pieces from a (k, 2) to b (k, 2)."""
    side = lambda u, v, w: (v[..., 0] - u[..., 0]) * (w[..., 1] - u[..., 1]) - (v[..., 1] - u[..., 1]) * (w[..., 0] - u[..., 0])
    return bool(((side(a, b, p) * side(a, b, q) < 0) & (side(p, q, a) * side(p, q, b) < 0)).any())
