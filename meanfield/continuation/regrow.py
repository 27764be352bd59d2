"""Branches that ended before their time go on: after an interrupt, or in a larger window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meanfield.continuation.branch import Branch
from meanfield.continuation.forest import run_through
from meanfield.continuation.grow import Garden
from meanfield.continuation.piece import Piece
from meanfield.continuation.stops import End

RESUMABLE = (End.WINDOW, End.LENGTH, End.POINTS, End.INTERRUPTED, End.CONDITION, End.EVENT)


def regrow(garden: Garden, branches: Sequence[Branch]) -> None:
    """Plant branches in a garden; those that can go on by its rules do, one lane after the other.

    Parts of one curve that meet now become one branch.
    """
    for branch in branches:
        if run_through(garden, branch, garden.branches):
            continue  # another part of the curve, which goes on, has come by
        whole = replace(branch, partner=None, id=len(garden.branches), stops=garden.stops, steps=garden.steps)
        for k, piece in enumerate(branch.pieces):
            if not garden.interrupted and _goes_on(garden, branch, piece):
                pieces = list(whole.pieces)
                pieces[k] = longer = _further(garden, branch, piece)
                whole = replace(whole, pieces=(longer,) if longer.lane.closed else tuple(pieces))
                if longer.lane.closed:
                    break
        begins = branch.begins if len(whole.pieces) == 1 else whole.pieces[0].lane.end
        whole = replace(whole, begins=begins)
        garden.branches.append(whole)
        garden._note(whole)


def _goes_on(garden: Garden, branch: Branch, piece: Piece) -> bool:
    """Whether the lane was interrupted, or came to the end of a window that is larger now."""
    end = piece.lane.end
    if end is not End.WINDOW:
        return end in RESUMABLE
    if branch.stops is None:
        return False
    (low, high), known = garden.stops.window[branch.along], branch.stops.window[branch.along]
    beyond = float(piece.lane.u[-1][-1])
    return (known[1] < beyond and known[1] < high) or (beyond < known[0] and low < known[0])


def _further(garden: Garden, branch: Branch, piece: Piece) -> Piece:
    """The piece with the points that follow."""
    nursery = Garden(garden.steps, garden.stops, garden.progress)
    alone = replace(branch, pieces=(replace(piece, forward=True),), begins=None, partner=None)
    longer = nursery.continued(alone).pieces[0]
    garden.interrupted = garden.interrupted or nursery.interrupted
    return replace(longer, forward=piece.forward)


__all__ = ["RESUMABLE", "regrow"]
