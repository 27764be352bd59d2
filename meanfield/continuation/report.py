"""Events of a branch as its user sees them: names, values, errors, stability on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.continuation.branch import Branch
from meanfield.continuation.branching import Branching
from meanfield.continuation.classified import classified
from meanfield.continuation.event import Event
from meanfield.continuation.locate import Located, told_twice
from meanfield.continuation.piece import Piece
from meanfield.continuation.points import as_solution
from meanfield.model import Model
from meanfield.model.phases import joined
from meanfield.solve.problem import Array

_AT_JUNCTION = 1e-6  # how far apart two points are that are one
_VANISHES = 1e-9  # a junction's condition that is no larger, but for what errors do to it
_ASIDE, _ALIKE = 1e-3, 1e-5  # scaled: how far beside a point an image is looked at, and how well images agree


def completed(events: Sequence[Event]) -> tuple[Event, ...]:
    """Events of one branch with the types that exact normal forms give, and with the stability of the points around them."""
    branch = events[0].branch if events else None
    if branch is None:
        return tuple(events)
    stable = branch.stable
    sides = [_sides(stable, event.place, len(branch)) for event in events]
    return tuple(
        replace(exact(event), stable_before=before, stable_after=after)
        for event, (before, after) in zip(events, sides, strict=True)
    )


def exact(event: Event) -> Event:
    """A branch point with the type that its exact normal form gives; any other event as it is."""
    if event.branch is None or event.branching is None or event.located is None:
        return event
    found = classified(event.branch.subject, event.located.u, event.branch.base, event.branching)
    return replace(event, type=found.kind.type, name=found.kind.name, details=found.details)


def breaks_symmetry(event: Event) -> bool:
    """Whether a pitchfork is one because of a declared symmetry: the point is its own image, and one of the two curves that cross
    there consists of its own images while the states of the other are exchanged in pairs.

    Then all even terms of the reduced equation vanish, which needs no derivative to be seen.
    """
    kind, one = event.branching, event.located
    if event.branch is None or event.type != "pitchfork" or kind is None or kind.other is None or one is None:
        return False
    bent, trunk = sorted((kind.own, kind.other), key=lambda t: abs(float(t[-1])))

    def turned(image: Any, way: Array, sign: float) -> bool:
        moved = image((one.u + _ASIDE * way * one.scale)[None])[0] - image(one.u[None])[0]
        return bool(np.abs(moved / one.scale - sign * _ASIDE * way).max() <= _ALIKE * _ASIDE)

    return any(
        bool(np.abs((image(one.u[None])[0] - one.u) / one.scale).max() <= _ALIKE)
        and turned(image, bent, -1)
        and turned(image, trunk, 1)
        for image in event.branch.subject.symmetries
    )


def sketched(branch: Branch) -> tuple[Event, ...]:
    """All events of a branch in its order, branch points as differences see them, without stability: see `completed`.

    A turning point that belongs to a branch point is not told twice.
    """
    found = _placed(branch)
    if not found:
        return ()
    u = np.array([_image(branch, one.u) for one, _, _ in found])
    error = np.array([_image_error(branch, one) for one, _, _ in found])
    base = np.repeat(branch.base[None], len(u), axis=0)
    values, claims = _values(branch, u, error, base)
    out: list[Event] = []
    for k, (one, kind, place) in enumerate(found):
        names = branch.subject.curve.path
        at = {names.name: float(u[k, -1])}
        at_error = {names.name: float(error[k, -1])}
        type_, name, details = _named(one, kind)
        event = Event(
            type_,
            name,
            at,
            {n: float(v[k]) for n, v in values.items()},
            {**{n: float(e[k]) for n, e in claims.items()}, **at_error},
            None,
            None,
            bool(one.sharp),
            float(place),
            details,
            u[k],
            one,
            kind,
            branch,
        )
        out.append(event)
        out += [one for one in _junctions(branch, event, u[k], base[k]) if not any(_same(one, known) for known in out)]
    return tuple(out)


def _image(branch: Branch, u: Array) -> Array:
    return u if branch.image is None else np.asarray(branch.image(u[None])[0])


def _image_error(branch: Branch, one: Located) -> Array:
    """The claim of a located point, or of its image: a symmetry may exchange unknowns."""
    if branch.image is None:
        return one.error
    basis = np.concatenate([np.zeros((1, len(one.u))), np.eye(len(one.u))])
    moved = np.asarray(branch.image(basis))
    turned = np.abs(moved[1:] - moved[0]).T
    return np.asarray(np.where(turned != 0, turned * one.error, 0.0).sum(axis=1))  # an error may be infinite


def _placed(branch: Branch) -> list[tuple[Located, Branching | None, float]]:
    """Located points with their places along the whole branch, without what lies beyond an end."""
    found = []
    offsets = branch._raw[3]
    for piece, offset in zip(branch.pieces, offsets, strict=True):
        for one, kind in zip(piece.located, piece.branchings, strict=True):
            if not one.bracket.tells_of(branch.turned) or not piece.reaches(one) or told_twice(one, piece.located):
                continue
            place = _place(one, piece)
            found.append((one, kind, offset + (place if piece.forward else _length(piece) - 1 - place)))
    return sorted(found, key=lambda x: x[2])


def _place(one: Located, piece: Piece) -> float:
    """The place of an event in its lane; the last step is only as long as it is until the end."""
    at, last = one.bracket.at, piece.last
    if last is None or at < last.bracket.at:
        return one.place
    whole = last.place - at
    return at + (1.0 if whole <= 0 else float(np.clip((one.place - at) / whole, 0.0, 1.0)))


def _length(piece: Piece) -> int:
    return len(piece.columns()[0])


def _values(branch: Branch, u: Array, error: Array, base: Array) -> tuple[dict[str, Any], dict[str, Any]]:
    subject = branch.subject
    if branch.model is None:
        names = subject.curve.problem.names
        return {n: u[:, i] for i, n in enumerate(names)}, {n: error[:, i] for i, n in enumerate(names)}
    solution = as_solution(subject, u, error, subject.curve.path.points(base, u[:, -1]))
    return dict(solution.unknowns), dict(solution.errors)


def _sides(stable: Any, place: float, size: int) -> tuple[bool | None, bool | None]:
    """Stability of the points before and after; None beyond an end."""
    if stable is None:
        return None, None
    before, after = int(np.ceil(place - 1e-9)) - 1, int(np.floor(place + 1e-9)) + 1
    return (bool(stable[before]) if before >= 0 else None), (bool(stable[after]) if after < size else None)


def _named(one: Located, kind: Branching | None) -> tuple[str, str, dict[str, Any]]:
    bracket = one.bracket
    if bracket.type == "branch":
        return ("branch point", "branch point", {}) if kind is None else (kind.type, kind.name, {})
    if bracket.type == "hopf":
        known = np.abs(one.vector).tolist() if one.vector is not None else []
        return "hopf", "Hopf point", dict(zip(("frequency", "frequency_error"), known, strict=False))
    if bracket.type == "refused":
        return "domain", bracket.name, {}
    return bracket.type, bracket.name, {}


def _junctions(branch: Branch, event: Event, u: Array, base: Array) -> list[Event]:
    """An event of its own for every phase that joins here."""
    out = []
    for other in joining(branch, event, u, base):
        out.append(
            Event(
                "junction",
                other.name or other.title,
                event.at,
                event.unknowns,
                event.error,
                None,
                None,
                event.sharp,
                event.place,
                {"by": event.name},
                u,
                event.located,
                None,
                branch,
            )
        )
    return out


def _same(one: Event, other: Event) -> bool:
    """Whether a junction is one that is told already: two indicators may vanish at one point."""
    apart = np.abs(one.u - other.u) <= _AT_JUNCTION * np.maximum(1.0, np.abs(other.u))
    return (one.type, one.name) == (other.type, other.name) and bool(apart.all())


def joining(branch: Branch, event: Event, u: Array, base: Array) -> list[Model]:
    """The phases that join the branch at the event: the conditions of their junctions vanish there."""
    if branch.model is None or event.type not in ("indicator", "domain"):
        return []
    kernel: Any = branch.subject.curve.problem
    error = np.zeros(len(u)) if event.located is None else np.nan_to_num(_image_error(branch, event.located), posinf=0.0)
    at = u[None] + error[None] * np.eye(len(u) + 1, len(u))  # the last: as it is
    x = np.maximum(at[:, :-1], kernel.lower)
    p = branch.subject.curve.path.points(np.repeat(base[None], len(at), axis=0), at[:, -1])
    out = []
    for junction, other in joined(branch.model):
        value = kernel.values((branch.model.resolve(junction.condition),), x, p)[:, 0]
        if abs(value[-1]) <= _VANISHES + 2 * np.abs(value[:-1] - value[-1]).sum():
            out.append(other)
    return out
