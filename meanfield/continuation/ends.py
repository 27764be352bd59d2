"""Ends of lanes that are special points, or lie right beside them, where the systems of the ends themselves are singular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from meanfield.continuation.between import cubic, direction, first_at, hermite
from meanfield.continuation.corrector import lengths
from meanfield.continuation.curve import Curve
from meanfield.continuation.planes import meeting
from meanfield.continuation.settle import ON_EDGE
from meanfield.solve.problem import EPS

if TYPE_CHECKING:
    from meanfield.continuation.locate import Located

_NEAR = 0.5  # of the way from a branch point to where an end is expected: farther from there it is that of another curve


def beside(curve: Curve, found: Sequence[Located]) -> list[Located]:
    """The located points, ends of the window that share a step with a branch point sought from there: right beside it two curves
    meet the end, and what is expected from the ends of the step may be nearer to the other one."""
    points = {(id(x.bracket.lane), x.bracket.at): x for x in found if x.bracket.type == "branch" and x.sharp}
    out = []
    for one in found:
        point = points.get((id(one.bracket.lane), one.bracket.at)) if one.bracket.type == "window" else None
        better = _from(curve, point, one) if point is not None else None
        out.append(one if better is None else better)
    return out


def _from(curve: Curve, point: Located, one: Located) -> Located | None:
    """The end of the window as it is found from a branch point of the same step; None if that leads to none."""
    lane, at, edge = one.bracket.lane, one.bracket.at, one.bracket.edge
    assert edge is not None
    (place, value), scale = edge, lane.scale[at]
    step = hermite(lane.u[at], lane.u[at + 1], lane.tangent[at], lane.tangent[at + 1] * lane.scale[at + 1] / scale, scale)
    if step is None:
        return None
    ahead = direction(*step, point.place - at) / scale  # at the branch point the Jacobian tells none
    before = (point.u[place] - value) * (lane.u[at + 1][place] - value) > 0
    ends = (step[0], point.u, step[2] / scale, ahead) if before else (point.u, step[1], ahead, step[3] / scale)
    part = hermite(*ends, scale)
    share = first_at(value, *(x.item(place) for x in part)) if part is not None else np.nan
    if part is None or not np.isfinite(share):
        return None
    guess = cubic(*part, np.array([[share]]))
    special = meeting(curve, guess, lane.base[None], scale[None], place, value)
    u, error = special.y[0], special.error[0]
    apart, room = lengths((np.array([u, point.u]) - guess) / scale).tolist()
    if not (special.found[0] and apart <= _NEAR * room):
        return None
    way, chord = direction(*part, share) / scale, (step[1] - step[0]) / scale
    along = float(((u - step[0]) / scale * chord).sum() / (chord * chord).sum())
    return replace(
        one,
        u=u,
        error=error,
        tangent=way / np.sqrt((way**2).sum()),
        scale=scale,
        place=at + float(np.clip(along, 0, 1)),
        sharp=True,
    )


def borrowed(found: Sequence[Located]) -> list[Located]:
    """Where a lane ends, or an indicator vanishes, in a branch point, the system of the former is singular: it is that point.

    So is the end at an edge on which a branch point of the same step lies: all of the curve that crosses there, which may lie
    within the edge, solves the system of the end. And so is what its own error does not tell from the branch point: what goes on
    from there should go on from one place. An indicator may vanish where the lane leaves the domain, and have no slope there.
    """
    ends = {(id(x.bracket.lane), x.bracket.at): x for x in found if x.bracket.type == "domain" and x.sharp}
    points = {(id(x.bracket.lane), x.bracket.at): x for x in found if x.bracket.type == "branch" and x.sharp}
    out = []
    for one in _folded(found):
        point = points.get((id(one.bracket.lane), one.bracket.at))
        edge = one.bracket.edge
        slack = ON_EDGE if one.bracket.type == "domain" else 0.0
        on_edge = point is not None and edge is not None and abs(point.u[edge[0]] - edge[1]) <= point.error[edge[0]] + slack
        if point is not None and (on_edge or not one.sharp and one.bracket.type != "fold" and _close(point, one)):
            one = replace(one, u=point.u, error=point.error, place=point.place, sharp=True)
        elif point is not None and point is not one and one.sharp and one.bracket.type != "fold":
            apart = np.abs(point.u - one.u)
            if (apart <= one.error).all():
                one = replace(one, u=point.u, error=one.error + apart, place=point.place)
        end = ends.get((id(one.bracket.lane), one.bracket.at))
        if end is not None and not one.sharp and _vanishes(one, end):
            one = replace(one, u=end.u, error=end.error, place=end.place, sharp=True)
        out.append(one)
    return out


def _vanishes(one: Located, end: Located) -> bool:
    """Whether what one point asks for is zero at another, as far as that is known."""
    question, lane = one.bracket.question, one.bracket.lane
    return question is not None and not question.signs(end.u[None], end.error[None], lane.base[None])[0]


def _folded(found: Sequence[Located]) -> list[Located]:
    """Ends of the window that are folds: there the curve touches the end, and the system of the latter is singular."""
    folds = [x for x in found if x.bracket.type == "fold" and x.sharp]
    out = []
    for one in found:
        for fold in folds if one.bracket.type == "window" and not one.sharp else ():
            lane, edge = one.bracket.lane, one.bracket.edge
            # What happens at the common start of two lanes is told by one of them.
            if edge is None or fold.bracket.lane is not lane and fold.bracket.lane is not lane.twin or not _close(fold, one):
                continue
            if abs(fold.u[edge[0]] - edge[1]) <= fold.error[edge[0]] + 2 * EPS * abs(edge[1]):
                later = fold.place if fold.bracket.lane is lane and fold.bracket.at == one.bracket.at else one.place
                one = replace(one, u=fold.u, error=fold.error, place=max(one.place, later), sharp=True)
        out.append(one)
    return out


def _close(point: Located, one: Located) -> bool:
    return bool(np.abs((point.u - one.u) / point.scale).max() < 1e-2)
