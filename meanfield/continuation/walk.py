"""Pseudo-arclength continuation of many lanes in lockstep: every evaluation serves all of them.

A lane is one walk along a curve in one direction. All lanes of a walk share the problem, not the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import acos, cos, isfinite, sqrt
from typing import Any

import numpy as np

from meanfield.continuation.corrector import correct
from meanfield.continuation.curve import Curve, scale_at
from meanfield.continuation.excursion import Stretch, may_leave, point_inside, point_outside, within
from meanfield.continuation.lane import Lane
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import End, Stops
from meanfield.continuation.tangent import PREDICTORS, Behind, tangent
from meanfield.solve.problem import Array

_SLANTED = 1e-3  # component of a unit tangent that leads towards an edge of the domain
_ALONG = 0.1  # share of such a component that is left on a curve along the edge
_NEARER = 0.05  # share of the distance to the edge that is left there
_STILL = 1e-7  # of the length of a step: what a parameter moves; the coordinate is 1 long in its window
_ROUNDED = 1e-13  # and one that has no sign
_FAR = 0.05  # scaled length of two steps
_FASTER = 1.001  # by which it grows from step to step where it is only beginning to move
_CREEPING = 1e-4  # length of a step that still leads around a corner: shorter ones come to where rounding leads around it
_AWAY = 4.0  # steps (scaled by either of their ends) from the start in the coordinate alone: the last one did not pass it
_PENDING = 64  # Jacobians of points that are kept until their determinants are computed
_ON_EDGE = 1e-9  # an unknown that is below its edge by less than this (scaled) lies on it


class Walk:
    """Lanes and how they go on. ``advance`` makes one attempt of a step on every lane that has not come to an end."""

    def __init__(
        self,
        curve: Curve,
        lanes: list[Lane],
        floor: Array,
        steps: Steps,
        stops: Stops,
        symmetries: Sequence[Callable[[Array], Array]] = (),
    ) -> None:
        self.curve, self.lanes, self.floor, self.steps, self.stops = curve, lanes, floor, steps, stops
        self.symmetries = symmetries
        places = {name: i for i, name in enumerate(curve.names)}
        self.watched = [places[name] for name in {curve.names[-1], *stops.window}]
        self.bounds = [(places[name], *_loose(float(low), float(high))) for name, (low, high) in stops.window.items()]
        self._fresh: list[tuple[Lane, int, Array]] = []  # points without a determinant, with the Jacobians there
        self.edge = curve.lower - _ON_EDGE * floor

    @property
    def active(self) -> list[Lane]:
        """The lanes that go on."""
        return [lane for lane in self.lanes if lane.end is None]

    def advance(self) -> list[Lane]:
        """Try a step on every active lane; returns the lanes that have a new point."""
        lanes = self.active
        if not lanes:
            return []
        rows = np.array([row for lane in lanes for row in lane.latest()]).reshape(len(lanes), 6, -1)
        u, t, scale, *behind = rows.transpose(1, 0, 2)
        step, base = np.array([lane.step for lane in lanes]), np.array([lane.base for lane in lanes])
        with np.errstate(all="ignore"):
            guess = PREDICTORS[self.steps.predictor](u, Behind(*behind), t, step, scale)
            plane, natural = t, self.steps.predictor == "natural"
            if natural:
                plane = np.zeros_like(t)
                plane[:, -1] = np.where(t[:, -1] < 0, -1.0, 1.0)
            done = correct(
                self.curve, base, guess, plane, scale, tol=self.steps.tol, max_iterations=self.steps.iterations, soon=True
            )
            ahead = tangent(done.jacobian, t, scale) if natural else done.ahead
            ways = np.empty((len(lanes), 3, u.shape[1]))
            ways[:, 0], ways[:, 1] = t, ahead
            np.divide(done.u - u, scale, out=ways[:, 2])
            products = (ways @ ways.transpose(0, 2, 1)).tolist()
            found, first, iterations = (a.tolist() for a in (done.converged, done.first, done.iterations))
            corner = self._around_a_corner(lanes, t, done.u, ahead).tolist() if self.curve.edged else [False] * len(lanes)
            good: list[int] = []
            jumps: list[float] = []
            for k, lane in enumerate(lanes):
                (_, cosine, leaving), (_, _, arriving), (_, _, square) = products[k]
                angle, jump, tried = acos(max(min(cosine, 1.0), -1.0)), sqrt(square), lane.step
                # From one flank of a thin bump to the other one, where the curve runs the other way, only the chord is slanted.
                straight = angle <= self.steps.worst and min(leaving, arriving) >= cos(self.steps.worst) * jump
                if found[k] and not corner[k] and straight and 0.3 * tried < jump <= 2 * tried:
                    good.append(k)
                    jumps.append(jump)
                    lane.length += jump
                    lane.step = self._next(tried, first[k], angle, iterations[k])
                    if lane.length <= lane.slow_until:
                        lane.step = min(lane.step, lane.slow)
                else:
                    lane.step = 0.4 * tried
                    if lane.step < self.steps.smallest or (found[k] and corner[k] and tried < _CREEPING):
                        lane.end = End.LOST if np.isfinite(done.last[k]) else End.UNDEFINED
            if len(good) == len(lanes):
                self._accept(lanes, jumps, done.u, done.jacobian, ahead, scale)
                return lanes
            moved = [lanes[k] for k in good]
            self._accept(moved, jumps, *(a[good] for a in (done.u, done.jacobian, ahead, scale)))
            return moved

    def _around_a_corner(self, lanes: Sequence[Lane], t: Array, new: Array, ahead: Array) -> Any:
        """(P,) whether a step led from the interior onto a curve within an edge of the domain, or away from such a curve.

        Curves with a kink cross there; a smooth step from one to the other has missed the point where they do. (A smooth curve
        that touches the edge may be taken for one: then a shorter step is tried.)
        """
        u = np.array([lane.u[-1] for lane in lanes])
        young = np.array([lane.born and len(lane.u) < 4 for lane in lanes])[:, None]
        old, now = np.abs(u - self.curve.lower), np.abs(new - self.curve.lower)
        arrives = (now <= _NEARER * old) & (t < -_SLANTED) & (np.abs(ahead) <= _ALONG * np.abs(t))
        leaves = (old <= _NEARER * now) & (ahead > _SLANTED) & (np.abs(t) <= _ALONG * np.abs(ahead)) & ~young
        return (np.isfinite(self.curve.lower) & (arrives | leaves)).any(axis=1)

    def _next(self, step: float, first: float, angle: float, iterations: int) -> float:
        """How long the step after one of length ``step`` should be: the prediction's error and the turn grow like its square."""
        by_error = sqrt(self.steps.correction / max(first, 1e-300))
        by_angle = self.steps.angle / max(angle, 1e-300)
        change = max(min(by_error, by_angle, 0.7 if iterations > 4 else 2.0), 0.4)
        return max(min(step * change, self.steps.largest), self.steps.smallest)

    def _accept(self, lanes: Sequence[Lane], jumps: Sequence[float], u: Array, jacobian: Array, ahead: Array, scale: Array) -> None:
        """New points u (P, N) of P lanes, one each, at scaled distances ``jumps`` from their last ones."""
        if not lanes:
            return
        away = [self._turned(lane, k, jumps[k], u, jacobian, ahead, scale) for k, lane in enumerate(lanes)]
        fresh = scale_at(u, self.floor)
        unit = rescaled(ahead, scale, fresh)
        for k, lane in enumerate(lanes):
            self._fresh.append((lane, len(lane.u), jacobian[k]))
            lane.append(u[k], unit[k], fresh[k], np.nan)
            if away[k]:
                lane.ahead[-1] = np.nan  # not where the step led to: the walk can go on from where it began
            lane.end = self._end(lane, jumps[k])
        if len(self._fresh) >= _PENDING:
            self.determine()

    def _turned(self, lane: Lane, k: int, jump: float, u: Array, jacobian: Array, ahead: Array, scale: Array) -> bool:
        """Whether a lane left the window within its step to u[k] and came back; a point outside then takes the place of u[k].

        Of a lane that leads from an end of the window inwards, and out again in its first step, that is put in which lies inside.
        """
        way = Stretch(lane.u[-1], u[k], lane.tangent[-1], ahead[k], scale[k])
        if within(self.bounds, u[k]):
            leaves = may_leave(self.bounds, way, jump)
            found = point_outside(self.curve, self.bounds, lane.base, way) if leaves else None
            if found is not None:
                u[k], jacobian[k], ahead[k] = found.u[0], found.jacobian[0], found.ahead[0]
            return found is not None
        found = point_inside(self.curve, self.bounds, lane.base, way) if len(lane.u) == 1 else None
        if found is not None:
            own = scale_at(found.u[0], self.floor)
            self._fresh.append((lane, 1, found.jacobian[0]))
            lane.append(found.u[0], rescaled(found.ahead[0], scale[k], own), own, np.nan)
            lane.ahead[-1] = np.nan
        return False

    def determine(self) -> None:
        """The determinants of the points that were walked to since this was last done: all together they cost what one does."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, []
        pick = lambda name: np.array([getattr(lane, name)[k] for lane, k, _ in fresh])
        jacobian, weight = np.array([slope for *_, slope in fresh]), np.array([lane.weight for lane, *_ in fresh])
        with np.errstate(all="ignore"):
            values = determinants(jacobian, pick("tangent"), pick("scale"), weight).tolist()
        for (lane, k, _), value in zip(fresh, values, strict=True):
            if k > 0 or not lane.born:  # it vanishes at a branch point, and what rounding leaves has no sign
                lane.determinant[k] = value

    def begin(self, u: Array, jacobian: Array, ahead: Array, base: Array, step: float) -> Lane:
        """A lane that starts at the solution ``u`` with the scaled tangent ``ahead``."""
        scale = scale_at(u, self.floor)
        lane = Lane(np.array(base, dtype=float), step=step)
        size = np.abs(jacobian * scale[None, :]).max(axis=1)
        lane.weight = np.where((size > 0) & np.isfinite(size), size, 1.0)
        self._fresh.append((lane, 0, jacobian))
        lane.append(np.array(u), ahead, scale, np.nan)
        self.lanes.append(lane)
        return lane

    def _end(self, lane: Lane, jump: float) -> End | None:
        """Why a lane ends with its last step, of scaled length ``jump``; None if it goes on."""
        u, before, stops = lane.u[-1], lane.u[-2], self.stops
        if not within(self.bounds, u):
            lane.beyond = True
            return End.WINDOW
        if stops.domain and self.curve.edged and ((u < self.edge) & (before >= self.edge)).any():
            lane.beyond = True
            return End.DOMAIN
        if stops.closed and len(lane.u) > 4 and self._returned(lane, jump):
            self.determine()
            lane.u[-1], lane.tangent[-1], lane.scale[-1] = lane.u[0], lane.tangent[0], lane.scale[0]
            lane.determinant[-1] = lane.determinant[0]
            if lane.twin is not None:
                lane.twin.end = End.CLOSED  # it would go the same way round
            return End.CLOSED
        if self._mirrored(lane):
            lane.beyond = True
            return End.MIRRORED
        if len(lane.u) > 4 and self._stands_still(lane):
            return End.STILL
        if lane.length >= stops.length:
            return End.LENGTH
        if len(lane.u) * (1 + self.steps.between) >= stops.points and 1 + lane.walked * (1 + self.steps.between) > stops.points:
            return End.POINTS
        if stops.until is not None and stops.until(dict(zip(self.curve.names, u.tolist(), strict=True))):
            return End.CONDITION
        return None

    def _stands_still(self, lane: Lane) -> bool:
        """Whether the last steps, which were no short ones, led nowhere in the space of the parameters. (At a cusp that holds for
        less than a step; beside a turning point or a pitchfork of hardly any curvature the parameters move little, but more with
        every step.)"""
        there, here = lane.u[-2], lane.u[-1]
        if abs(here.item(-1) - there.item(-1)) >= _STILL * lane.scale[-2].item(-1):
            return False
        strides = [lane.stride(-4), lane.stride(-3), lane.stride(-2)]
        if strides[1] + strides[2] < _FAR:
            return False
        # Chords, since tangents next to a limit may be those of what rounding has made of the curve.
        moved = np.abs(np.diff(np.array(lane.u[-4:])[:, self.watched], axis=0)) / np.array(lane.scale[-4:-1])[:, self.watched]
        last = moved / np.array(strides)[:, None]
        return bool((last < _STILL).all()) and not bool((last[1:] > _FASTER * last[:-1]).all(axis=0).any())

    def _mirrored(self, lane: Lane) -> bool:
        """Whether the last step passed through a symmetric point: what lies beyond is the image of what lies behind.

        (Signs of determinants would not tell it next to a point at which several eigenvalues vanish.)"""
        before, ahead = lane.tangent[-2].item(-1), lane.tangent[-1].item(-1)
        if not self.symmetries or before * ahead >= 0 and abs(ahead) > _ROUNDED:  # there the coordinate turns
            return False
        return bool(mirrored(self.symmetries, lane.u[-2], lane.u[-1:], lane.scale[-1])[0])

    def _returned(self, lane: Lane, jump: float) -> bool:
        """Whether the last step, of scaled length ``jump``, passed the lane's own start."""
        scale = lane.scale[-1]
        if abs(lane.u[0].item(-1) - lane.u[-2].item(-1)) > _AWAY * jump * scale.item(-1):
            return False
        chord = (lane.u[-1] - lane.u[-2]) / scale
        length = sqrt(float(chord.dot(chord)))
        if length == 0:
            return False
        way = (lane.u[0] - lane.u[-2]) / scale
        share = float((chord * way).sum()) / length**2
        aside = float(np.sqrt(((way - share * chord) ** 2).sum()))
        alike = float((lane.tangent[-2] * lane.tangent[0]).sum())
        return 0.0 <= share <= 1.0 and aside <= 0.3 * length and alike > 0.8

    def run(self, tick: Callable[[Walk], None] | None = None) -> None:
        """All lanes to their ends. A KeyboardInterrupt ends them where they are and is handed on."""
        try:
            while self.active:
                self.advance()
                if tick is not None:
                    tick(self)
        except KeyboardInterrupt:
            for lane in self.active:
                lane.end = End.INTERRUPTED
            raise
        finally:
            self.determine()

    def steps_of(self, lane: Lane) -> Iterator[Array]:
        """The points of one lane as they are found, as far as they lie in the window and the domain."""
        yield lane.u[0]
        while lane.end is None:
            for moved in self.advance():
                if moved is lane and not lane.beyond:
                    yield lane.u[-1]


def mirrored(symmetries: Sequence[Callable[[Array], Array]], u: Array, others: Sequence[Array], scale: Array) -> Any:
    """(P,) whether points (N,) lie beyond the symmetric ones of an image, seen from u (N,)."""
    there = np.array(others)
    out = np.zeros(len(there), dtype=bool)
    for image in symmetries:
        behind, ahead = u - image(u[None])[0], there - image(there)
        out |= (behind * ahead / scale**2).sum(axis=1) < 0
    return out


def _loose(low: float, high: float) -> tuple[float, float]:
    """A range that is wider by rounding."""
    room = 1e-12 * (high - low if isfinite(high - low) else 1.0)
    return low - room, high + room


def determinants(jacobian: Array, ahead: Array, scale: Array, weight: Array) -> Array:
    """(P,) determinants of the bordered systems in scaled unknowns, rows divided by weight (P, n), as far as floats go."""
    matrix = np.empty((*ahead.shape, ahead.shape[1]))
    rows = np.multiply(jacobian, scale[:, None, :], out=matrix[:, :-1])
    rows /= weight[:, :, None]
    matrix[:, -1] = ahead
    sign, size = np.linalg.slogdet(matrix)
    size += 0.0 * np.add.reduce(matrix, axis=(1, 2))  # NaN where an entry is not finite
    return np.asarray(sign * np.exp(np.maximum(np.minimum(size, 700.0), -700.0)))


def rescaled(unit: Array, scale: Array, fresh: Array) -> Array:
    """Scaled unit tangents (..., N) in another scale."""
    other = unit * scale / fresh
    return np.asarray(other / np.sqrt(np.add.reduce(other * other, axis=-1, keepdims=True)))
