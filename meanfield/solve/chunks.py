"""Many parameter points are searched some thousand at a time: memory stays bounded, and progress can be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meanfield.progress import ProgressOption, reporting
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows, Search

POINTS = 16384  # in a chunk; results do not depend on it
_SEEN = 256  # the least between two reports of progress


def in_chunks(search: Callable[[Array], Search], p: Array, text: str, progress: ProgressOption = None) -> Search:
    """``search`` of parameter points p (P, m), a chunk after the other. text: what is done, for the progress."""
    if len(p) <= POINTS and not progress:
        return search(p)
    size = min(POINTS, max(_SEEN, len(p) // 20)) if progress else POINTS
    rows: list[Rows] = []
    why: dict[int, str] = {}
    with reporting(progress) as told:
        told.start(len(p), text)
        for first in range(0, len(p), size):
            part = search(p[first : first + size])
            rows.append(replace(part.rows, owner=part.rows.owner + first))
            why |= {first + i: sentence for i, sentence in part.why.items()}
            told.advance(len(p[first : first + size]))
    return Search(Rows.joined(rows), dict(sorted(why.items()))) if rows else search(p)
