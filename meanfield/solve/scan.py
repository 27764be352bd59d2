"""Models of one unknown are scanned: every change of sign of the residual on a fine grid is a root, whatever the starts miss."""

from __future__ import annotations

import numpy as np

from meanfield.compile import ROUGH, Kernel
from meanfield.solve.problem import Array

_PER_DECADE = 16
_DECADES = 9  # below the reach
_HALVINGS = 4
_MOST = 12  # starts of one point
_BLOCK = 1 << 15  # residuals at once


def scanned(kernel: Kernel, p: Array, reach: Array) -> Array:
    """Starts (P, S, 1), padded with NaN: where the residual changes sign or comes near zero, for |x| <= ``reach`` (P,).

    Two roots closer than a tenth of their size count as one dip: Newton and the restarts near known roots separate them.
    """
    step = max(1, _BLOCK // (_PER_DECADE * _DECADES))
    parts = [_of_points(kernel, p[i : i + step], reach[i : i + step]) for i in range(0, len(p), step)]
    width = max((a.shape[1] for a in parts), default=0)
    padded = [np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=np.nan) for a in parts]
    return np.concatenate(padded)[:, :, None] if padded else np.zeros((0, 0, 1))


def _of_points(kernel: Kernel, p: Array, reach: Array) -> Array:
    shape = 10.0 ** np.linspace(-_DECADES, 0, _PER_DECADE * _DECADES + 1)
    if not np.isfinite(kernel.lower[0]):
        shape = np.concatenate([-shape[::-1], [0.0], shape])
    low = kernel.lower[0] if np.isfinite(kernel.lower[0]) else 0.0
    x = low + reach[:, None] * shape
    r = _residuals(kernel, x, p)
    sign = np.sign(r)  # products of residuals may be too large, or too small, for numbers
    owner, at = np.nonzero(sign[:, :-1] * sign[:, 1:] < 0)
    crossing = _bisected(kernel, p[owner], x[owner, at], x[owner, at + 1], r[owner, at])
    size = np.abs(r)
    with np.errstate(invalid="ignore"):
        dip = (size[:, 1:-1] < size[:, :-2]) & (size[:, 1:-1] < size[:, 2:]) & (sign[:, :-2] * sign[:, 2:] > 0)
    dip_owner, dip_at = np.nonzero(dip)
    zero_owner, zero_at = np.nonzero(r == 0)
    owners = np.concatenate([owner, zero_owner, dip_owner])
    found = np.concatenate([crossing, x[zero_owner, zero_at], x[dip_owner, dip_at + 1]])
    return _padded(owners, found, len(p))


def _padded(owner: Array, values: Array, size: int) -> Array:
    """Values (N,) by owner, the first of each owner first: (size, at most _MOST)."""
    order = np.argsort(owner, kind="stable")
    owner, values = owner[order].astype(np.intp), values[order]
    count = np.bincount(owner, minlength=size)
    rank = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    keep = rank < _MOST
    out = np.full((size, min(int(count.max(initial=0)), _MOST)), np.nan)
    out[owner[keep], rank[keep]] = values[keep]
    return out


def _bisected(kernel: Kernel, p: Array, a: Array, b: Array, at_a: Array) -> Array:
    """The middle of each bracket after a few halvings."""
    for _ in range(_HALVINGS if len(p) else 0):
        middle = (a + b) / 2
        r = _residuals(kernel, middle[:, None], p)[:, 0]
        left = np.sign(r) * np.sign(at_a) > 0
        a, b = np.where(left, middle, a), np.where(left, b, middle)
    return (a + b) / 2


def _residuals(kernel: Kernel, x: Array, p: Array) -> Array:
    """(P, K) residuals at x (P, K), by rough quadrature."""
    count = x.shape[1]
    with np.errstate(all="ignore"):
        values = kernel.at(ROUGH, quick=True).residual(x.reshape(-1, 1), np.repeat(p, count, axis=0))
    return values[:, 0].reshape(x.shape)
