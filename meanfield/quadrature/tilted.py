"""Nodes for integrals over the whole line with an unnormalised weight exp(l(y)), decaying on a scale of its own."""

from __future__ import annotations

from math import ceil

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Array


def line_trapezoid(
    scale: Array, h: Array | float, *, half: bool = False, cutoff: float = 11.0, level: int = 0
) -> tuple[Array, Array]:
    """Trapezoid nodes y (P, n) on ``|y| <= cutoff * scale`` and their steps (P, n): ``int f dy ~ sum f(y) steps``.

    scale: (P,) width of the weight, sqrt(beta) for Kac-Rice; h: (P,) or scalar, largest step allowed, in units of y
    (0.25 serves Kac-Rice at g = 2). All points get the same number of nodes, so that steps are at most h.
    ``half=True``: nodes y >= 0 only, for even integrands; the steps are doubled except at 0. ``level=k``: each step is
    cut into 2^k, and level k + 1 contains the nodes of level k, bit for bit.
    """
    scale = np.atleast_1d(np.asarray(scale, dtype=float))
    step = np.broadcast_to(np.asarray(h, dtype=float), scale.shape)
    usable = np.isfinite(scale) & (scale > 0)
    if not (np.all(step > 0) and cutoff > 0 and level >= 0):
        raise QuadratureError(f"steps and cutoff must be positive and level >= 0; got {h!r}, {cutoff!r}, {level!r}")
    if not usable.any():
        raise QuadratureError(f"the scale of the weight must be positive and finite, got {scale!r}")
    count = max(1, ceil(float(np.max(cutoff * scale[usable] / step[usable])) - 1e-9))
    count = _rounded(count) << level
    # A point without a usable scale gets NaN nodes, so that its results are NaN rather than wrong.
    steps = np.where(usable, cutoff * scale / count, np.nan)
    index = np.arange(0 if half else -count, count + 1, dtype=float)
    nodes = index * steps[:, None]
    widths = np.repeat(steps[:, None], index.size, axis=1)
    if half:
        widths[:, 1:] *= 2
    return nodes, widths


def _rounded(count: int) -> int:
    """Next count with at most five significant bits: sizes repeat, and results do not flicker with the batch."""
    shift = max(0, count.bit_length() - 5)
    return -(-count >> shift) << shift
