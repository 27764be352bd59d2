"""The symmetries that a model declares, and what follows from them by doing one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

Table = Mapping[sp.Symbol, sp.Expr]
LARGEST = 64  # maps; symmetries that generate more are used as far as that


def symmetry_group(unknowns: Sequence[sp.Symbol], symmetries: Sequence[Table]) -> list[dict[sp.Symbol, sp.Expr]]:
    """All maps ``{unknown: expression}`` that the ``symmetries`` generate, these first, without the identity."""
    declared = [tuple(sp.sympify(s.get(u, u)) for u in unknowns) for s in symmetries]
    found = dict.fromkeys(declared)
    found.pop(tuple(unknowns), None)
    queue = list(found)
    while queue and len(found) < LARGEST:
        first = queue.pop(0)
        moved = dict(zip(unknowns, first, strict=True))
        for second in declared:
            both = tuple(sp.expand(e.xreplace(moved)) for e in second)
            if both not in found and both != tuple(unknowns):
                found[both] = None
                queue.append(both)
    return [dict(zip(unknowns, images, strict=True)) for images in found]
