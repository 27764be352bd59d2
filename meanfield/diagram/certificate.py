"""Is any boundary missing? Along every grid edge the curves that cross it must explain exactly what changes between its ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meanfield.diagram.changes import Signature, signatures
from meanfield.diagram.classify import said
from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.ledger import Edge, Ledger

__all__ = ["Certificate", "Edge", "certify", "ends_of"]


@dataclass(frozen=True)
class Certificate:
    """edges: how many were looked at; differing: at whose ends different states exist; unexplained: those whose change is not
    the one that the crossing curves make, as pairs of places ((x, y), (x, y)); missing: for each of them, in words, what there
    is more or less at its second end than the curves explain."""

    edges: int
    differing: int
    unexplained: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """True if nothing is unexplained."""
        return not self.unexplained

    def __str__(self) -> str:
        if not self.unexplained:
            return f"the curves explain all that changes along {self.edges} grid edges ({self.differing} with different states)"
        return f"{len(self.unexplained)} of {self.edges} grid edges ({self.differing} with different states) are not explained"


def certify(sheets: Sequence[Sheet], curves: Sequence[Curve], fixed: Mapping[str, float]) -> tuple[Certificate, list[Edge]]:
    """The certificate, and the edges that are not explained."""
    ledger = Ledger(sheets, fixed)
    ledger.add(curves)
    return certified(ledger)


def certified(ledger: Ledger) -> tuple[Certificate, list[Edge]]:
    """The certificate of what a ledger knows, and the edges that are not explained."""
    plane, here, explained = ledger.plane, signatures(ledger.sheets), ledger.explained()
    rows, columns = plane.shape
    left: dict[Edge, Signature] = {}  # what is not explained
    differing = 0
    for edge in ((row, column, axis) for row in range(rows) for column in range(columns) for axis in (0, 1)):
        row, column, axis = edge
        other = (row, column + 1) if axis == 0 else (row + 1, column)
        if other[0] >= rows or other[1] >= columns:
            continue
        change = difference(here[other[0] * columns + other[1]], here[row * columns + column])
        differing += bool(change)
        left[edge] = difference(change, explained.get(edge, Counter()))
    for before, behind, change in ledger.undecided():
        _decide(left, before, behind, change)
    count, missing = len(left), [(edge, change) for edge, change in left.items() if change]
    ends = tuple(_ends(plane, edge) for edge, _ in missing)
    words = tuple(in_words(change, ledger.sheets) for _, change in missing)
    return Certificate(count, differing, ends, words), [edge for edge, _ in missing]


def _decide(left: dict[Edge, Signature], before: Edge | None, behind: Edge | None, change: Signature) -> None:
    """Take a change at a grid point from what is left to explain along the edge that begins there, or along that which ends there,
    whichever leaves less. Beyond the outermost points there is no edge, and nothing to explain."""
    gain = [0 if edge is None else _size(left[edge]) - _size(difference(left[edge], change)) for edge in (before, behind)]
    edge = before if gain[0] > gain[1] else behind
    if edge is not None:
        left[edge] = difference(left[edge], change)


def _size(change: Signature) -> int:
    return sum(map(abs, change.values()))


def difference(one: Signature, other: Signature) -> Signature:
    """How much more there is of each kind of state, negative where less."""
    return Counter({key: one[key] - other[key] for key in {*one, *other} if one[key] != other[key]})


def in_words(change: Signature, sheets: Sequence[Sheet]) -> str:
    """``+2 stable states of rank1-stationary``, kind by kind."""
    models = {sheet.name: sheet.model for sheet in sheets}
    return ", ".join(f"{n:+d} {said(models[key[0]], key)}" for key, n in sorted(change.items(), key=str))


def ends_of(edges: Sequence[Edge], columns: int) -> set[int]:
    """The grid points at the ends of edges, as indices row by row."""
    return {r * columns + c for r, c, _ in edges} | {(r + (a == 1)) * columns + c + (a == 0) for r, c, a in edges}


def _ends(plane: Plane, edge: Edge) -> tuple[tuple[float, float], tuple[float, float]]:
    row, column, axis = edge
    other = (row, column + 1) if axis == 0 else (row + 1, column)
    return (float(plane.x[column]), float(plane.y[row])), (float(plane.x[other[1]]), float(plane.y[other[0]]))
