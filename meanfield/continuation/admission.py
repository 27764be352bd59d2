"""Before a walk begins: whether the start, the window and the rules fit together. Every refusal is one sentence."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from meanfield.continuation.corrector import correct
from meanfield.continuation.curve import Curve, scale_at
from meanfield.continuation.path import Path
from meanfield.continuation.questions import EVENTS
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject, inside_domain
from meanfield.continuation.tangent import first_tangent
from meanfield.errors import ParameterError
from meanfield.model.checks import nearest
from meanfield.model.phases import joined
from meanfield.solve.problem import Array

_SOLVED = 1e-8  # scaled distance to the curve below which a start counts as a point of it
_NEAR = 0.05  # and below which it is moved onto it


def window_of(path: Path, begin: float, to: float, window: tuple[float, float] | None) -> tuple[float, float]:
    """Lower and upper end of the coordinate. Raises `ParameterError` if the start is not between them."""
    name = path.name
    if not np.isfinite([begin, to]).all():
        raise ParameterError(f"follow goes from {name} = {begin:g} to {name} = {to:g}; both must be finite numbers")
    if window is None:
        if begin == to:
            raise ParameterError(f"the start is at {name} = {begin:g} already; give another end, or a window=(low, high) around it")
        return min(begin, to), max(begin, to)
    low, high = float(window[0]), float(window[1])
    if not (np.isfinite([low, high]).all() and low < high):
        raise ParameterError(f"the window ({low:g}, {high:g}) of {name} must be two numbers, the smaller first")
    if not low <= begin <= high:
        raise ParameterError(f"the start at {name} = {begin:g} lies outside of the window ({low:g}, {high:g})")
    return low, high


def check_stops(subject: Subject, stops: Stops) -> None:
    """Raises `ParameterError` for rules that speak of something that is not there."""
    names = subject.curve.names
    for name, bounds in stops.window.items():
        if name not in names:
            raise ParameterError(f"a window for {name!r}{nearest(name, names)}: the branch has {', '.join(names)}")
        if not bounds[0] < bounds[1]:
            raise ParameterError(f"the window ({bounds[0]:g}, {bounds[1]:g}) of {name} must be two numbers, the smaller first")
    if stops.event is not None:
        wanted, count = stops.event
        check_kind(wanted, [subject])
        if count < 1:
            raise ParameterError(f"events are counted from 1; got {count}")


def check_kind(kind: str | None, subjects: Iterable[Subject], more: Iterable[str] = ()) -> None:
    """Raises `ParameterError` for the type or the name of an event that none of the subjects could have; more: names."""
    known = dict.fromkeys([*EVENTS, *(name for subject in subjects for name in _named_events(subject)), *more])
    if kind is not None and kind not in known:
        raise ParameterError(f"there is no event {kind!r}{nearest(kind, known)} (there are {', '.join(known)})")


def _named_events(subject: Subject) -> list[str]:
    names = [q.name for q in subject.questions] + [f"{k} pitchfork" for k in ("supercritical", "subcritical")]
    if subject.model is not None:
        names += [phase.name or phase.title for _, phase in joined(subject.model)]
    return [*names, *subject.curve.names]


def admitted(subject: Subject, u: Array, base: Array, stops: Stops) -> Array:
    """The start u (N,), moved onto the curve if it is only near. Raises `ParameterError` if it is no point of the curve, or lies
    outside of the domain or of a window."""
    curve = subject.curve
    listed = ", ".join(f"{name} = {value:g}" for name, value in zip(curve.names, u.tolist(), strict=True))
    if not np.isfinite(u).all():
        raise ParameterError(f"the start must be finite numbers; got {listed}")
    if not inside_domain(curve, u[None])[0]:
        low = next(i for i in range(len(u)) if u[i] < curve.lower[i])
        raise ParameterError(f"the start {listed} lies outside of the domain: {curve.names[low]} >= {curve.lower[low]:g}")
    for name, (low_end, high_end) in stops.window.items():
        value = u[curve.names.index(name)]
        if not low_end <= value <= high_end:
            raise ParameterError(f"the start {listed} lies outside of the window ({low_end:g}, {high_end:g}) of {name}")
    moved, off = _onto(curve, subject.floor, u, base)
    if off > _NEAR:
        raise ParameterError(f"the start {listed} is no solution: solve there first, or give a better one")
    return u if off <= _SOLVED else moved


def _onto(curve: Curve, floor: Array, u: Array, base: Array) -> tuple[Array, float]:
    """The next point of the curve, and how far (scaled) it is."""
    residual, jacobian = curve.residual_jacobian(u[None], base[None])
    scale = scale_at(u, floor)[None]
    if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
        return u, np.inf
    slope = np.abs(jacobian * scale[:, None, :]).sum(axis=2)
    if (np.abs(residual) <= 1e-12 * (1.0 + slope)).all():  # also where two curves cross, and there is no way onto either
        return u, 0.0
    rising = np.zeros((1, len(u)))
    rising[0, -1] = 1.0
    done = correct(curve, base[None], u[None], first_tangent(jacobian, rising, scale), scale, max_iterations=12)
    moved = float(np.abs((done.u[0] - u) / scale[0]).max())
    return done.u[0], moved if done.converged[0] else np.inf
