"""From starts to lanes: in which directions a walk sets out, and with what first step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from meanfield.continuation.branching import Branching, branching
from meanfield.continuation.curve import scale_at
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import standing
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.continuation.tangent import first_tangent
from meanfield.continuation.walk import Walk
from meanfield.solve.problem import Array


def planted_lanes(walk: Walk, subject: Subject, starts: Sequence[Start], steps: Steps, sense: float) -> list[list[Lane]]:
    """One lane for a start with a direction, else two in opposite directions, the first of them in the given sense."""
    u, base = np.array([s.u for s in starts]), np.array([s.base for s in starts])
    _, jacobian = subject.curve.residual_jacobian(u, base)
    scale = scale_at(u, subject.floor)
    rising = np.zeros(u.shape)
    rising[:, -1] = 1.0
    free = first_tangent(jacobian, rising, scale)
    planted = []
    for k, start in enumerate(starts):
        stands = standing(subject, start.u, start.base) if start.direction is None else start.passes
        kind = branching(subject, stands) if stands is not None else None
        way = free[k] if kind is None or kind.other is None else _rising(kind)
        if start.direction is not None:
            way = start.direction * (np.sign(start.direction[-1]) or 1.0)
        ways = [sense * way, -sense * way] if start.direction is None or start.passes is not None else [start.direction]
        if start.towards is not None:
            ways = [way * start.towards]
        own = [walk.begin(u[k], jacobian[k], way, base[k], start.first or min(steps.first, steps.largest)) for way in ways]
        for lane in own:
            if start.begins is End.JOINED:
                lane.born, lane.start_error = True, start.error
        if stands is not None and kind is not None and kind.other is not None:
            for lane in own:
                lane.born, lane.start_error = True, stands.error
            own[0].stands = replace(stands, bracket=replace(stands.bracket, lane=own[0]), tangent=own[0].tangent[0])
        if len(own) == 2:
            own[0].twin, own[1].twin = own[1], own[0]
        planted.append(own)
    return planted


def _rising(kind: Branching) -> Array:
    """The tangent along which the coordinate grows most."""
    other = kind.other if kind.other is not None else kind.own
    way = kind.own if abs(kind.own[-1]) >= abs(other[-1]) else other
    return way * (np.sign(way[-1]) or 1.0)
