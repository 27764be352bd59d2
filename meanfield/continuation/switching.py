"""Onto another curve: at branch points through the normal form, at junctions into the model of the other phase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.branching import branching, probes, same_direction
from meanfield.continuation.curve import scale_at
from meanfield.continuation.event import Event
from meanfield.continuation.grow import Garden
from meanfield.continuation.locate import standing
from meanfield.continuation.start import Start, birth
from meanfield.continuation.subject import Subject, inside_domain, leads_inside, room
from meanfield.continuation.tangent import first_tangent
from meanfield.continuation.walk import rescaled
from meanfield.errors import ParameterError
from meanfield.model import Junction, Model
from meanfield.model.phases import joined
from meanfield.solve.newton import newton
from meanfield.solve.problem import Array
from meanfield.solve.search import parameters_for

_ROUNDING = 1e-14  # of the sizes of unknowns
_SINGULAR = 1e-7  # of the largest singular value


def switched(event: Event, side: int) -> Branch:
    """See `Event.switch`."""
    branch = event.branch
    if branch is None or event.branching is None or event.branching.other is None or event.located is None:
        raise ParameterError(f"nothing branches off at this {event.type} ({event.name}); switch at a branch point")
    way = float(np.sign(side) or 1.0) * event.branching.other
    trunk = event.branching.trunk
    if (
        event.branching.type == "pitchfork"
        and trunk is not None
        and not (same_direction(trunk, way) or same_direction(-trunk, way))
    ):
        leading = int(np.abs(way[:-1]).argmax())  # +1: the side on which the unknown that changes most grows
        way = way * np.sign(way[leading]) * (np.sign(side) or 1.0)
    if not leads_inside(branch.subject, event.located.u, way * event.located.scale):
        raise ParameterError(f"on that side of the {event.type} ({event.name}) the domain ends; take side={1 if side < 0 else -1}")
    garden = Garden(branch.steps, branch.stops)
    way = rescaled(way, event.located.scale, scale_at(event.located.u, branch.subject.floor))
    found = garden.grow([birth(branch.subject, event.located.u, branch.base, way, event.located.error)])[0]
    return found if branch.image is None else found.mirrored(branch.image, found.id)


def crossed(event: Event, make: Callable[[Model], Subject | None]) -> list[Start]:
    """Starts in the phases that join at the event, going on in the same sense as the parameter did."""
    branch = event.branch
    if branch is None or event.type != "junction" or event.located is None:
        return []
    out = []
    for junction, other in joined(branch.model):
        if (other.name or other.title) != event.name:
            continue
        subject = make(other)
        out += _arrivals(branch, event, junction, other, subject) if subject is not None else []
    return out


def _arrivals(branch: Branch, event: Event, junction: Junction, other: Model, subject: Subject) -> list[Start]:
    """The other phase's curve at the junction, in every direction that leads into its domain."""
    kernel, inner = subject.curve.problem, branch.subject.curve.problem
    values = np.append(np.maximum(event.u[:-1], inner.lower), 0.0)[:-1]
    p = branch.subject.curve.path.points(branch.base[None], event.u[None, -1])
    exprs = tuple(branch.model.resolve(junction.arrive.get(s, s)) for s in other.unknowns)
    x = inner.values(exprs, values[None], p)  # type: ignore[attr-defined]
    base = parameters_for(other, branch.model, p)
    run = newton(kernel, base, x, scale=subject.floor[None, :-1])
    if run.converged[0] and np.abs((run.x[0] - x[0]) / np.maximum(1.0, np.abs(x[0]))).max() < 1e-4:
        # What rounding lifts off an edge of the domain is put back: beside a corner second derivatives are differences of rounding.
        x = np.where(np.abs(run.x - kernel.lower) <= _ROUNDING * subject.floor[None, :-1], kernel.lower, run.x)
    u = np.append(x[0], event.u[-1])
    _, jacobian = subject.curve.residual_jacobian(u[None], base)
    scale = scale_at(u, subject.floor)
    if not np.isfinite(jacobian).all():
        return []
    crossing = _degenerate(jacobian[0] * scale[None, :])
    if crossing:
        lines = _crossing_lines(subject, u, base[0])
    else:
        rising = np.zeros((1, len(u)))
        rising[0, -1] = 1.0
        lines = [first_tangent(jacobian, rising, scale[None])[0]]
    ways = [sign * way for way in lines for sign in (1.0, -1.0) if _allowed(subject, u, sign * way * scale, base[0])]
    if len(ways) == 2 and not crossing:  # the other phase passes through the junction: one branch
        return [Start(subject, u, base[0])]
    error = np.full(len(u), max(event.error.values(), default=0.0))  # that of the event; the other phase starts where it is
    return [birth(subject, u, base[0], one, error) for one in ways]


def _crossing_lines(subject: Subject, u: Array, base: Array) -> list[Array]:
    """Scaled unit tangents of the two curves that cross at u (N,), a corner of the domain such as Delta_0 = 0 at g = 1."""
    edges = np.flatnonzero(np.abs(u - subject.curve.lower) <= _ROUNDING * subject.floor)
    if len(edges) > 1:
        return _within_edges(subject, u, base, edges)
    point = standing(subject, u, base)
    kind = branching(subject, point) if point is not None else None
    return [] if kind is None or kind.other is None else [kind.own, kind.other]


def _within_edges(subject: Subject, u: Array, base: Array, edges: Any) -> list[Array]:
    """Tangents of curves that leave a corner within one of its edges. Second derivatives say nothing there: they differ from side
    to side, and may vanish on all of the plane of tangents."""
    model, scale = subject.model, scale_at(u, subject.floor)
    kernel: Any = subject.curve.problem
    plane = _plane(subject, u, base, scale)
    if plane is None:
        return []
    first, second = plane
    refused = tuple(model.resolve(e) for e in model.refuse.values()) if model is not None else ()
    ways = []
    for i in edges:
        way = second[i] * first - first[i] * second
        length = np.sqrt((way**2).sum())
        ways += [sign * way / length for sign in (1.0, -1.0) if length > 1e-6]
    lines = []
    for way, found in zip(ways, probes(subject, u, base, scale, np.array(ways)) if ways else (), strict=True):
        if found is None:
            continue
        x, p = np.maximum(found[None, :-1], kernel.lower), subject.curve.path.points(base[None], found[None, -1])
        if not refused or (np.abs(kernel.values(refused, x, p)) > _ROUNDING).all():
            lines.append(way)
    return lines


def _plane(subject: Subject, u: Array, base: Array, scale: Array) -> tuple[Array, Array] | None:
    """Two scaled unit vectors that span the tangents at a point, or those of them that are their own symmetric images: at a triple
    point the state becomes singular in a symmetric direction as well. None where there are more, or fewer."""
    _, jacobian = subject.curve.fine.residual_jacobian(u[None], base[None])
    if not np.isfinite(jacobian).all():
        return None
    _, size, rows = np.linalg.svd(jacobian[0] * scale)
    null = rows[int((size > _SINGULAR * size[0]).sum()) :]
    for image in subject.symmetries if len(null) > 2 else ():
        at = image(u[None])[0]
        if np.abs((at - u) / scale).max() <= _ROUNDING:
            null = 0.5 * (null + (image(u + null * scale) - at) / scale)
    _, size, rows = np.linalg.svd(null)
    plane = np.where(np.abs(rows) > _ROUNDING, rows, 0.0)[: int((size > 0.5).sum())]  # what is no image of its own is 0
    return (plane[0], plane[1]) if len(plane) == 2 else None


def _allowed(subject: Subject, u: Array, way: Array, base: Array) -> bool:
    """Whether beside u (N,), along a direction in units of the unknowns, the domain goes on and the model's conditions hold."""
    at = (u + room(subject, u, way) * way)[None]
    conditions = [q.value(at, base[None])[0] for q in subject.questions if q.type == "refused"]
    return bool(inside_domain(subject.curve, at)[0]) and not any(value < 0 for value in conditions)


def _degenerate(scaled: Array) -> bool:
    """Whether more than one curve passes here."""
    size = np.linalg.svd(scaled, compute_uv=False)
    return bool(size[-1] < _SINGULAR * max(size[0], 1e-300))
