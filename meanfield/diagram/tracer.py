"""Boundaries as curves: the equations of a condition, continued through the plane from every seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import compile
from meanfield.continuation.branch import Branch
from meanfield.continuation.corrector import correct
from meanfield.continuation.event import Event
from meanfield.continuation.field import moved_parameters
from meanfield.continuation.grow import Garden
from meanfield.continuation.path import path_of
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject, as_floor, subject_of
from meanfield.diagram.curves import Curve, curve_of
from meanfield.diagram.grid import Plane, make_plane
from meanfield.diagram.seeds import Condition, Seed, held_parameters, seed_of
from meanfield.errors import MeanfieldError, ParameterError
from meanfield.model import Model
from meanfield.model.conditional import needed_zero, where_zero
from meanfield.progress import Progress, ProgressOption, reporting
from meanfield.solve.newton import newton
from meanfield.solve.points import parameter_points
from meanfield.solve.problem import Array

_NEAR = 0.02  # scaled distance from a curve within which a seed may be a point of it
_ON = 1e-6
_STEPS = Steps(first=0.01, largest=0.06, angle=0.15, correction=3e-3, predictor="tangent", between=0, worst=0.4)


@dataclass(eq=False)
class Tracer:
    """Traces conditions in a plane; ``traced``: their curves, in order. computed: parameters of a model that are functions of those
    of the plane; None: those that its preparation computes from them."""

    plane: Plane
    fixed: Mapping[str, float]
    progress: Progress | None = None
    computed: Callable[[Model], Mapping[sp.Symbol, sp.Expr]] | None = None
    traced: list[tuple[Condition, Curve]] = field(default_factory=list)
    subjects: dict[Any, Subject | None] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def trace(self, seed: Seed) -> None:
        """The curve through a seed, unless it lies on one that is known."""
        subject = self.subject(seed.condition)
        start = None if subject is None else self._start(seed, subject)
        if start is None or any(lies_on(branch, start.u) for branch in self._known(seed.condition)):
            return
        branch = self._walk(start)
        self.keep(seed.named(), branch)

    def keep(self, condition: Condition, branch: Branch) -> None:
        """A curve that has been traced."""
        self.traced.append((condition, curve_of(condition, branch)))

    def _known(self, condition: Condition) -> list[Branch]:
        return [c.branch for other, c in self.traced if other.key == condition.key and c.branch is not None]

    def _walk(self, start: Start) -> Branch:
        names = self.plane.names
        edges = self.plane.edges
        window = {n: (float(min(e)), float(max(e))) for n, e in zip(names, edges, strict=True)}
        garden = Garden(_STEPS, Stops(window), self.progress)
        branch = garden.grow([start])[0]
        if garden.interrupted:
            raise KeyboardInterrupt  # half a boundary would pass for a whole one
        return branch

    def subject(self, condition: Condition) -> Subject | None:
        """What is followed to trace a condition; None if that cannot be written, which is noted among the ``failures``."""
        if condition.key not in self.subjects:
            try:
                self.subjects[condition.key] = self._made(condition)
            except MeanfieldError as problem:
                self.subjects[condition.key] = None
                self.failures += {f"{condition.label}: {problem}"} - {*self.failures}
        return self.subjects[condition.key]

    def _made(self, condition: Condition) -> Subject:
        x, y = self.plane.names
        moved = self.computed(condition.model) if self.computed else self._prepared(condition.model)
        model = condition.rewritten(y, {**self._nothing(condition), **moved})
        kernel = compile(model)
        widths = {n: float(np.ptp(e)) for n, e in zip(self.plane.names, self.plane.edges, strict=True)}
        sizes = [widths.get(name, 1.0) for name in kernel.names]
        path = path_of(kernel.parameter_names, x, model.name or model.title)
        return subject_of(kernel, path, as_floor(sizes, widths[x]), asking=False)

    def _nothing(self, condition: Condition) -> dict[sp.Symbol, sp.Expr]:
        """The parameters that are 0 all over the plane, where it matters: they may be what makes unknowns vanish together (without
        inputs, say, x = 0 is a state), or what a symmetry needs."""
        zero = {s: sp.S.Zero for s, value in self._held(condition.model).items() if value == 0}
        needed = needed_zero(where_zero(condition.model, (s.name for s in zero)))
        return zero if condition.zero else {s: value for s, value in zero.items() if s.name in needed}

    def _prepared(self, model: Model) -> dict[sp.Symbol, sp.Expr]:
        """What the model's preparation computes from the parameters of the plane, as formulas."""
        if model.prepare is None:
            return {}
        own = {s.name: s for s in model.parameters}
        axes = {name: own[name] for name in self.plane.names}
        held = {n: v for n, v in self.fixed.items() if n in own or n in model.prepare.accepts}
        found = moved_parameters(model, held, axes)
        return {own[name]: value for name, value in found.items() if name not in axes}

    def _held(self, model: Model) -> dict[sp.Symbol, float]:
        """The parameters of a model that stay all over the plane, with those that its preparation computes."""
        accepted = {*(s.name for s in model.parameters), *(model.prepare.accepts if model.prepare else ())}
        ends = []
        for end in (0, 1):
            place = {name: edge[end] for name, edge in zip(self.plane.names, self.plane.edges, strict=True)}
            given = {name: value for name, value in {**self.fixed, **place}.items() if name in accepted}
            ends.append(parameter_points(model, given).p[0].tolist())
        return {s: a for s, a, b in zip(model.parameters, *ends, strict=True) if a == b and s.name not in self.plane.names}

    def _start(self, seed: Seed, subject: Subject) -> Start | None:
        """The seed as a point of the curve, solved for once more in the condition's own equations."""
        kernel: Any = subject.curve.problem
        model: Model = kernel.model
        x_name, y_name = self.plane.names
        known = {**seed.unknowns, y_name: seed.place[1]}
        if any(name not in known for name in kernel.names):
            return None
        allowed = {*kernel.parameter_names, *(model.prepare.accepts if model.prepare else ())}
        held = {} if model.prepare else {s.name: value for s, value in self._held(seed.condition.model).items()}
        given = {k: v for k, v in {**held, **self.fixed, x_name: seed.place[0]}.items() if k in allowed}
        base = parameter_points(model, given).p[0]
        u = np.array([*(known[name] for name in kernel.names), seed.place[0]])
        x = newton(kernel, base[None], u[None, :-1], scale=subject.floor[None, :-1])
        if x.converged[0] and np.abs((x.x[0] - u[:-1]) / subject.floor[:-1]).max() < 1e-3:
            u[:-1] = x.x[0]
        return Start(subject, u, base)


def trace(
    event: Event,
    *,
    plane: tuple[str, str],
    window: tuple[tuple[float, float], tuple[float, float]],
    progress: ProgressOption = None,
) -> Curve:
    """The curve in the ``plane`` of two parameters on which an event, such as ``branch.events("fold")[0]``, lies.

    window: ``((from, to), (from, to))``. The other parameters keep the values that they have on the event's branch. Raises
    `ParameterError` for an event that is on no boundary, and the `ModelError` of a condition that cannot be written.
    """
    if not isinstance(event, Event):
        raise ParameterError(
            f"trace needs one event of a branch, such as branch.events('fold')[0], got {'a ' + type(event).__name__}"
            + (f" of {len(event)}; pick one of them" if isinstance(event, Sequence) and not isinstance(event, str) else "")
        )
    if event.type in ("window", "refused"):
        raise ParameterError(f"the branch merely ends here ({event.name}), which is no boundary; trace another of its events")
    grid = make_plane(plane, window, 2)
    held = {**held_parameters(event.branch), **event.at} if event.branch is not None else {}
    if any(name not in held for name in plane):
        raise ParameterError(f"the event's branch does not know the parameters of the plane {plane}; it has {', '.join(held)}")
    seed = seed_of(event, plane)
    for name, value, edges in zip(plane, seed.place, grid.edges, strict=True):
        if not min(edges) <= value <= max(edges):
            raise ParameterError(f"the event is at {name} = {value:g}, outside of the window ({min(edges):g}, {max(edges):g})")
    held = {name: value for name, value in held.items() if name not in plane}
    with reporting(progress) as report:
        report.start(None, f"tracing {seed.condition.label}")
        tracer = Tracer(grid, held, report, lambda _: _moved_along(event))
        tracer.trace(seed)
    if not tracer.traced:
        raise ParameterError(f"{seed.condition.label} could not be traced: {'; '.join(tracer.failures) or 'no curve passes here'}")
    return tracer.traced[0][1]


def _moved_along(event: Event) -> dict[sp.Symbol, sp.Expr]:
    """The parameters that move along the branch of an event as functions of another one, which is the coordinate."""
    branch = event.branch
    if branch is None or branch.model is None:
        return {}
    path, own = branch.subject.curve.path, branch.model.parameters
    coordinate = next((s for s in own if s.name == path.name), None)
    if path.plain or coordinate is None:
        return {}
    moved = {own[i]: value.xreplace({path.symbol: coordinate}) for i, value in zip(path.index, path.values, strict=True)}
    return {s: value for s, value in moved.items() if s != value}


def lies_on(branch: Branch, u: Array) -> bool:
    """Whether a curve, or an image of it, passes through the point u (N,)."""
    points, _, scale, _ = branch._raw
    subject = branch.subject
    if len(points) < 2:
        return False
    for at in (u, *(image(u[None])[0] for image in subject.symmetries)):
        chord = (points[1:] - points[:-1]) / scale[:-1]
        way = (at[None] - points[:-1]) / scale[:-1]
        length = np.maximum((chord**2).sum(axis=1), 1e-300)
        share = np.clip((chord * way).sum(axis=1) / length, 0.0, 1.0)
        aside = np.sqrt(((way - share[:, None] * chord) ** 2).sum(axis=1))
        k = int(aside.argmin())
        if aside[k] > _NEAR:
            continue
        unit = chord[k] / np.sqrt(length[k])
        guess = points[k] + share[k] * (points[k + 1] - points[k])
        done = correct(subject.curve, branch.base[None], guess[None], unit[None], scale[k][None])
        end = min(np.abs((points[j] - at) / scale[j]).max() for j in (0, -1))
        if end < _ON or (done.converged[0] and np.abs((done.u[0] - at) / scale[k]).max() < _ON):
            return True
    return False
