"""What lies on the sides of the curves: which of their parts bound regions, and the regions' areas as areas of polygons.

Green's theorem: the area on the left of a closed way is ``1/2 int x dy - y dx``. Curves are cut where they meet, so each piece has
one region on either side; the fine grid of labels only says which, where it can be seen from the piece. Where a sliver is thinner
than a pixel a straight piece closes the way. A region whose pieces do not close keeps its number of pixels, with an error as large
as that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane
from meanfield.diagram.polylines import crosses, meetings

__all__ = ["areas", "mark_boundaries"]

_TOUCH = 1e-3  # of the window: an end this near to a line lies on it
_SAME = 2e-4  # a piece this near to another is that other under a second name
_OPEN = 1e-2  # what may be missing from a closed way
_OFF = (0.0, 0.7, 1.5)  # pixels from a line at which its side is looked up,
_ASIDE = 0.05  # the middle of a pixel that far from it is on its side,
_CLEAR = 1e-5  # beginning so far from it: other lines may be near
_LOOKS = 48
_LEAST = 1e-9  # of a piece between two points: less is no part of a line


@dataclass(frozen=True)
class _Piece:
    line: np.ndarray
    left: int
    right: int  # -1 outside the window
    error: float
    seen: tuple[bool, bool] = (True, True)  # whether the labels on the left and on the right are known, not guessed

    def without_guesses(self) -> _Piece:
        """The piece with -1 in the place of labels that are not known."""
        left, right = (label if known else -1 for label, known in zip((self.left, self.right), self.seen, strict=True))
        return _Piece(self.line, left, right, self.error)


def areas(
    fine: Plane, labels: np.ndarray, curves: Sequence[Curve], count: int, sure: np.ndarray | None = None, cell: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Area of each region (count,) in units of the plane, and its error (count,); labels: of the pixels of the plane ``fine``, and
    which of them are known (default: all); cell: pixels to a cell of the grid that was solved, to which borders without a curve are
    known."""
    extent = np.array([high - low for low, high in fine.edges])
    pieces = _distinct(_pieces(fine, labels, curves, sure))
    pieces += _window(pieces, labels)
    area, claim = np.zeros(count), np.zeros(count)
    ends: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(count)]
    for piece in pieces:
        full, half = _swept(piece.line), _swept(_thinned(piece.line))
        bend = (full - half) / 3  # chords err like the square of their length
        for label, sign in ((piece.left, 1), (piece.right, -1)):
            if label >= 0:
                area[label] += sign * (full + bend)
                claim[label] += abs(bend) + piece.error * (1 + len(piece.line))
                ends[label].append((piece.line[0], piece.line[-1]) if sign > 0 else (piece.line[-1], piece.line[0]))
    closed = [_closing(some) for some in ends]
    area += [swept for swept, _, _ in closed]
    claim += [error for _, error, _ in closed]
    claim += abs(1.0 - area.sum())  # of slivers that cannot be seen nobody knows whose they are
    gap = np.array([longest for _, _, longest in closed])
    pixels = np.bincount(labels.ravel(), minlength=count) / labels.size
    unclear = (gap > _OPEN) | (np.abs(area - pixels) > 8 * _rim(labels, count))
    area, claim = np.where(unclear, pixels, area), np.where(unclear, (1 + cell) * _rim(labels, count), claim)
    twice = area.sum() - 1.0
    if unclear.any() and twice:  # what no curve separates was counted with the region round it, too, or with none
        host = int(np.argmax(np.sign(twice) * (area - pixels)))
        area[host] -= twice
        claim[host] += abs(twice) + claim[unclear].sum()
    size = float(np.abs(np.prod(extent)))
    return area * size, claim * size


def _closing(ways: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, float]:
    """What closes the ways round a region, from where they begin to where they end: the area that straight pieces sweep from every
    end to a beginning near it, what these may be wrong by, and the longest of them."""
    from scipy.optimize import linear_sum_assignment

    if not ways:
        return 0.0, 0.0, 0.0
    begin, end = np.array([a for a, _ in ways]), np.array([b for _, b in ways])
    distance = np.linalg.norm(end[:, None] - begin[None], axis=2)
    one, other = linear_sum_assignment(distance)
    length = distance[one, other]
    swept = sum(_swept(np.array([end[i], begin[j]])) for i, j in zip(one, other, strict=True))
    return float(swept), float((length**2).sum()), float(length.max())


def _rim(labels: np.ndarray, count: int) -> np.ndarray:
    """The share of the window that the pixels at the border of each region fill."""
    out = np.zeros(count)
    for one, other in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        differ = one != other
        out += np.bincount(one[differ], minlength=count) + np.bincount(other[differ], minlength=count)
    return (out + 1) / labels.size


def _swept(line: np.ndarray) -> float:
    """``1/2 int x dy - y dx`` along a line."""
    x, y = line.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def _thinned(line: np.ndarray) -> np.ndarray:
    keep = np.arange(len(line)) % 2 == 0
    keep[-1] = True
    return line[keep]


def mark_boundaries(curves: Sequence[Curve], fine: Plane, labels: np.ndarray, sure: np.ndarray | None = None) -> None:
    """Mark the parts of curves, between the places where these meet, that separate regions."""
    lines, cuts = _cut(fine, curves)
    look = _Looks(lines, labels, sure)
    for curve, line, places in zip(curves, lines, cuts, strict=True):
        curve.bounds = np.zeros(len(line), bool)
        for p, q in pairwise(places):
            piece = look.piece(_part(line, p, q), 0.0)
            curve.bounds[ceil(p) : int(q) + 1] |= piece.left != piece.right


def _pieces(fine: Plane, labels: np.ndarray, curves: Sequence[Curve], sure: np.ndarray | None) -> list[_Piece]:
    extent = np.array([high - low for low, high in fine.edges])
    lines, cuts = _cut(fine, curves)
    look = _Looks(lines, labels, sure)
    out = []
    for curve, line, places in zip(curves, lines, cuts, strict=True):
        error = float(np.nanmax(curve.errors / np.abs(extent), initial=0.0))
        out += [look.piece(_part(line, p, q), error).without_guesses() for p, q in pairwise(places)]
    return out


def _cut(fine: Plane, curves: Sequence[Curve]) -> tuple[list[np.ndarray], list[list[float]]]:
    """The curves as lines in the unit square, and for each the places (index + share of a piece) at which it begins, meets others,
    their ends or itself, and ends."""
    origin = np.array([low for low, _ in fine.edges])
    extent = np.array([high - low for low, high in fine.edges])
    lines = [(c.smooth - origin) / extent for c in curves]
    cuts = []
    for n, line in enumerate(lines):
        places: list[float] = []
        for m, other in enumerate(lines):
            places += _meetings(line, other, own=n == m)
            if m != n:
                places += [at for end in (other[0], other[-1]) if (at := _foot(line, end)) is not None]
        last = float(len(line) - 1)
        inner = [p for p in sorted(places) if _LEAST < p < last - _LEAST]
        kept = [p for p, before in zip(inner, [0.0, *inner]) if p - before > _LEAST]
        cuts.append([0.0, *kept, last] if last > 0 else [])
    return lines, cuts


def _meetings(line: np.ndarray, other: np.ndarray, own: bool) -> list[float]:
    """Where a line meets another, as index + share of the piece."""
    k, j, share = meetings(line, other)
    apart = np.abs(k - j) > 1 if own else np.ones(len(k), bool)
    return [float(at) for at in (k + share)[apart]]


def _foot(line: np.ndarray, at: np.ndarray) -> float | None:
    """The place of a line that is nearest to a point, if it is near enough; a line of one point has none."""
    if len(line) < 2:
        return None
    chord, way = line[1:] - line[:-1], at - line[:-1]
    share = np.clip((way * chord).sum(axis=1) / np.maximum((chord**2).sum(axis=1), 1e-300), 0.0, 1.0)
    aside = np.linalg.norm(way - share[:, None] * chord, axis=1)
    k = int(aside.argmin())
    return k + float(share[k]) if aside[k] < _TOUCH else None


def _part(line: np.ndarray, p: float, q: float) -> np.ndarray:
    """The part of a line between two places."""
    point = lambda at: line[int(at)] + (at - int(at)) * (line[min(int(at) + 1, len(line) - 1)] - line[int(at)])
    return np.concatenate([[point(p)], line[int(p) + 1 : ceil(q)], [point(q)]])


class _Looks:
    """What lies beside a line: the label of the pixels that can be seen from it, past no other line. Where two lines run closer
    together than pixels, nothing between them can be seen, and the wider parts decide."""

    def __init__(self, lines: Sequence[np.ndarray], labels: np.ndarray, sure: np.ndarray | None) -> None:
        self.labels, self.sure = labels, np.ones(labels.shape, bool) if sure is None else sure
        self.shape = np.array(labels.shape[::-1])
        scaled = [line * self.shape for line in lines if len(line) > 1]
        self.first = np.concatenate([np.empty((0, 2)), *(line[:-1] for line in scaled)])
        self.second = np.concatenate([np.empty((0, 2)), *(line[1:] for line in scaled)])
        self.low, self.high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)

    def piece(self, line: np.ndarray, error: float) -> _Piece:
        """A piece with the labels that most of its points see on its sides."""
        length = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
        at = (np.arange(_LOOKS) + 0.5) / _LOOKS * length[-1]
        middle = np.stack([np.interp(at, length, line[:, k]) for k in (0, 1)], axis=1) * self.shape
        k = np.clip(np.searchsorted(length, at) - 1, 0, len(line) - 2)
        way = (line[k + 1] - line[k]) * self.shape
        normal = np.stack([-way[:, 1], way[:, 0]], axis=1) / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-300)
        (left, one), (right, other) = (self._most(middle, sign * normal) for sign in (1.0, -1.0))
        return _Piece(line, left, right, error, (one, other))

    def _most(self, middle: np.ndarray, normal: np.ndarray) -> tuple[int, bool]:
        """The label most often seen from points (k, 2), in pixels, in the direction of unit vectors, and whether there is one; if
        not, that of the pixels nearest to them."""
        aside = []
        for off in _OFF:
            cell = np.floor(middle + off * normal).astype(int)
            cell = np.clip(cell, 0, self.shape - 1)
            aside.append(cell)
        seen: Counter[int] = Counter()
        for k, (at, way) in enumerate(zip(middle, normal, strict=True)):
            for cell in aside:
                x, y = cell[k]
                beside = float(((cell[k] + 0.5 - at) * way).sum())
                if self.sure[y, x] and beside > _ASIDE and self._free(at + _CLEAR * way, cell[k] + 0.5):
                    seen[int(self.labels[y, x])] += 1
                    break
        known = bool(seen)
        if not known:
            seen.update(self.labels[aside[-1][:, 1], aside[-1][:, 0]].tolist())
        return int(seen.most_common(1)[0][0]), known

    def _free(self, p: np.ndarray, q: np.ndarray) -> bool:
        """Whether nothing lies between two places."""
        near = ((self.low <= np.maximum(p, q)) & (self.high >= np.minimum(p, q))).all(axis=1)
        return not crosses(p, q, self.first[near], self.second[near])


def _distinct(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Pieces that separate something, each once: a boundary may have two names."""
    kept: list[_Piece] = []
    for piece in pieces:
        if piece.left == piece.right:
            continue
        middle = piece.line[len(piece.line) // 2] if len(piece.line) > 2 else piece.line.mean(axis=0)
        pair = {piece.left, piece.right}
        if not any({p.left, p.right} == pair and _distance(p.line, middle) < _SAME for p in kept):
            kept.append(piece)
    return kept


def _distance(line: np.ndarray, at: np.ndarray) -> float:
    chord, way = line[1:] - line[:-1], at - line[:-1]
    share = np.clip((way * chord).sum(axis=1) / np.maximum((chord**2).sum(axis=1), 1e-300), 0.0, 1.0)
    return float(np.linalg.norm(way - share[:, None] * chord, axis=1).min())


def _window(pieces: Sequence[_Piece], labels: np.ndarray) -> list[_Piece]:
    """The border of the window, counter-clockwise, in the pieces between which curves reach it."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    reached = np.array([end for piece in pieces for end in (piece.line[0], piece.line[-1])]).reshape(-1, 2)
    shape = np.array(labels.shape[::-1])
    out = []
    for a, b in zip(corners[:-1], corners[1:], strict=True):
        aside = np.abs((reached - a) @ np.array([-(b - a)[1], (b - a)[0]]))
        shares = np.unique(np.clip(np.append((reached[aside < 1e-6] - a) @ (b - a), [0.0, 1.0]), 0.0, 1.0))
        for low, high in zip(shares[:-1], shares[1:], strict=True):
            looks = a + (low + (np.arange(_LOOKS) + 0.5) / _LOOKS * (high - low))[:, None] * (b - a)
            place = np.clip(np.floor(looks * shape).astype(int), 0, shape - 1)
            label = Counter(labels[place[:, 1], place[:, 0]].tolist()).most_common(1)[0][0]
            out.append(_Piece(np.array([a + low * (b - a), a + high * (b - a)]), int(label), -1, 0.0))
    return out
