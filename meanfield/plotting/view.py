"""Which part of a quantity is shown, where something runs away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["robust_range"]

Array = Any

_SHARES = (0.05, 0.95)  # of all the way along the horizontal axis
_TYPICAL = 1e-3  # the least size that is taken for typical: branches at 0 are no measure
_FAR = 1e3  # typical sizes: what reaches farther runs away
_MARGIN = 0.05


def robust_range(curves: Sequence[tuple[Array, Array]]) -> tuple[float, float] | None:
    """The range of y in which nearly all of the curves, (x, y) each, lie; None where all of it can be shown.

    A part counts by how far it leads along x: a branch that runs away where it stands nearly upright counts for nothing.
    """
    y = np.concatenate([(y[1:] + y[:-1]) / 2 for _, y in curves])
    way = np.concatenate([np.abs(np.diff(x)) for x, _ in curves])
    seen = np.isfinite(y) & np.isfinite(way)
    y, way = y[seen], way[seen]
    if not way.sum() > 0:
        return None
    order = np.argsort(y)
    share = (np.cumsum(way[order]) - way[order] / 2) / way.sum()
    low, middle, high = np.interp((_SHARES[0], 0.5, _SHARES[1]), share, y[order])
    typical = max(abs(low), abs(high), high - low, _TYPICAL)
    if float(np.abs(y - middle).max()) <= _FAR * typical:
        return None
    width = max(high - low, _TYPICAL)
    low = max(low - width / 2, y.min())  # all of a side on which nothing runs away
    high = min(high + width / 2, y.max())
    return float(low - _MARGIN * width), float(high + _MARGIN * width)
