"""What following returns: a `Branch`, its points with their claims, and its `Event`s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.compile import Kernel
from meanfield.continuation.admission import check_kind
from meanfield.continuation.branching import Branching
from meanfield.continuation.corrector import across
from meanfield.continuation.lane import Lane
from meanfield.continuation.locate import Located
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.errors import ParameterError
from meanfield.model.checks import nearest
from meanfield.solve.problem import EPS, Array
from meanfield.solve.rows import Rows
from meanfield.solve.solution import Solution
from meanfield.solve.status import Status

if TYPE_CHECKING:
    from meanfield.continuation.normal_forms import NormalForm


@dataclass(frozen=True, eq=False, repr=False)
class Event:
    """Something that happens on a branch.

    type: "fold", "pitchfork", "transcritical", "branch point" (degenerate), "hopf", "indicator", "domain", "junction" or
    "window"; name: which (an indicator's name, an unknown that leaves its domain, the model on the other side of a
    junction). at: ``{coordinate and moving parameters: value}``; unknowns, error: values and claimed errors by name (error
    holds ``at`` too). stable_before, stable_after: of the neighbouring points, in the order of the branch; None where
    the branch ends or the question has no meaning. sharp: False if only a bracket is known (then the error is its width).
    place: between which points, as a fraction. details: what the normal form says (side, supercritical, frequency).
    """

    type: str
    name: str
    at: dict[str, float]
    unknowns: dict[str, float]
    error: dict[str, float]
    stable_before: bool | None
    stable_after: bool | None
    sharp: bool
    place: float
    details: dict[str, Any] = field(default_factory=dict)
    u: Array = field(default_factory=lambda: np.zeros(0), repr=False)
    located: Located | None = field(default=None, repr=False)
    branching: Branching | None = field(default=None, repr=False)
    branch: Branch | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        what = self.type if self.name in ("", self.type) else f"{self.type} {self.name}"
        # What moves along with the coordinate has no error of its own.
        where = ", ".join(f"{k} = {v:.10g}" + (f" +- {self.error[k]:.1e}" if k in self.error else "") for k, v in self.at.items())
        state = ", ".join(f"{k} = {v:.6g}" for k, v in self.unknowns.items())
        words = {True: "stable", False: "unstable", None: "-"}
        sides = (self.stable_before, self.stable_after)
        change = "" if sides == (None, None) else f"; {words[sides[0]]} before, {words[sides[1]]} after"
        return f"<Event: {what} at {where}; {state}{change}{'' if self.sharp else '; only bracketed'}>"

    def switch(self, side: int = 1) -> Branch:
        """The branch that crosses here, followed over the same window; ``side``: +1 or -1 along its tangent.

        Raises `ParameterError` if nothing branches off here, or on that side.
        """
        from meanfield.continuation.switching import switched

        return switched(self, side)

    def normal_form(self) -> NormalForm:
        """The reduced equation at this fold or branch point, from exact second and third derivatives (see `NormalForm`).

        Raises `ParameterError` for an event of another type, or of a hand-written problem along a path that moves several
        parameters; ValueError where the null space is not a line.
        """
        from meanfield.continuation.normal_forms import of_event

        return of_event(self)


_AT_THE_END = 1e-9  # of a step: what is so close to the end of a branch is there
_ENDING = {End.WINDOW: "window", End.DOMAIN: "domain", End.REFUSED: "refused", End.MIRRORED: "branch"}


@dataclass(frozen=True, eq=False)
class Piece:
    """A lane with its located events; forward: whether the branch runs through it in the order in which it was walked."""

    lane: Lane
    located: tuple[Located, ...]
    branchings: tuple[Branching | None, ...]
    forward: bool = True
    asked: Located | None = None  # the event that the walk was to stop at

    def reaches(self, one: Located) -> bool:
        """Whether a located point lies before the end or in it: in that of a window if its error does not tell it from there."""
        last = self.last
        if last is None or last is one:
            return True
        if last.bracket.type == "window" and last.bracket.edge is not None and one.bracket.at == last.bracket.at:
            i, value = last.bracket.edge
            beyond = (one.u[i] - value) * np.sign(self.lane.u[-1][i] - value)
            if beyond > one.error[i]:
                return False
        return one.place <= last.place + _AT_THE_END

    @property
    def last(self) -> Located | None:
        """The event at which a lane that went beyond its end really ends."""
        if self.asked is not None:
            return self.asked
        kind = _ENDING.get(self.lane.end) if self.lane.beyond and self.lane.end is not None else None
        at = [x for x in self.located if x.bracket.type == kind and x.bracket.at == len(self.lane.u) - 2]
        return at[-1] if at else None


@dataclass(frozen=True, eq=False)
class Branch:
    """A piece of the solution set along a path in parameter space, as a record.

    ``branch["mu"]``, ``branch["kappa"]``, ``branch["g"]``: values (L,) of an unknown, observable, indicator or
    parameter at its points; ``branch.error[...]`` claimed errors (of unknowns: across the branch, not along it).
    u (L, N): unknowns and coordinate; tangent (L, N), in units of ``scale``; stable, physical: (L,) or None.
    begins, ends: sentences (`End`). partner: the branch whose symmetric image this one is, or None.
    """

    subject: Subject
    pieces: tuple[Piece, ...]
    begins: End | None
    id: int = 0
    partner: Branch | None = None
    image: Any = None
    stops: Any = None
    steps: Any = None

    @property
    def model(self) -> Any:
        """The model, None for a hand-written problem."""
        return self.subject.model

    @property
    def along(self) -> str:
        """Name of the coordinate."""
        return self.subject.curve.path.name

    @property
    def ends(self) -> End | None:
        """Why it ends."""
        return self.pieces[-1].lane.end

    @property
    def status(self) -> str:
        """Both ends in words."""
        joined = "begins at a branch point or junction"
        first = (
            joined if self.begins is End.JOINED else f"begins where {self.begins.value}" if self.begins else "begins at its start"
        )
        last = f"ends where {self.ends.value}" if self.ends else "goes on"
        return f"{first}; {last}"

    @property
    def base(self) -> Array:
        """(m,) parameters that stay (those that move have a value here that means nothing)."""
        return self.pieces[-1].lane.base

    @cached_property
    def _raw(self) -> tuple[Array, Array, Array, Array]:
        """u, tangent, scale (L, N), and the first index of every piece."""
        parts: list[tuple[Array, Array, Array]] = []
        offsets, total = [], 0
        for piece in self.pieces:
            part = columns(piece)
            if parts:  # pieces share the point at which they meet
                part = tuple(a[1:] for a in part)  # type: ignore[assignment]
            offsets.append(total - (1 if parts else 0))
            total += len(part[0])
            parts.append(part)
        u, t, scale = (np.concatenate([p[i] for p in parts]) for i in range(3))
        if self.image is not None:
            u, t = self.image(u), self.image(t)
        return u, t, scale, np.array(offsets)

    @cached_property
    def _refined(self) -> tuple[Array, Array]:
        u, t, scale, _ = self._raw
        base = np.repeat(self.base[None], len(u), axis=0)
        out, error = refined(self.subject, u, t, scale, base)
        for piece in self.pieces:  # points that are events are known better by their own systems
            first, last = (0, -1) if piece.forward else (-1, 0)
            if piece.lane.born and piece.lane.start_error is not None:
                out[first], error[first] = u[first], piece.lane.start_error
            if piece.last is not None and piece.last.sharp:
                out[last], error[last] = u[last], piece.last.error
        return out, error

    @property
    def u(self) -> Array:
        """(L, N) unknowns and coordinate."""
        return self._refined[0]

    @property
    def tangent(self) -> Array:
        """(L, N) unit tangents in units of ``scale``."""
        return self._raw[1]

    @property
    def scale(self) -> Array:
        """(L, N)."""
        return self._raw[2]

    @property
    def p(self) -> Array:
        """(L, m) parameters."""
        return self.subject.curve.path.points(np.repeat(self.base[None], len(self.u), axis=0), self.u[:, -1])

    def __len__(self) -> int:
        return len(self._raw[0])

    @cached_property
    def solution(self) -> Solution:
        """The points as a `Solution` over an array of parameter points (of a model only)."""
        return as_solution(self.subject, self.u, self._refined[1], self.p)

    def __getitem__(self, name: str) -> Any:
        if name == self.along:
            return self.u[:, -1]
        if name in self.subject.curve.problem.names:
            return self.u[:, self.subject.curve.names.index(name)]
        if self.model is None:
            raise ParameterError(f"the branch has no quantity {name!r}{nearest(name, self.subject.curve.names)}")
        return self.solution[name]

    @property
    def error(self) -> Mapping[str, Any]:
        """Claimed errors by name, (L,) each."""
        if self.model is None:
            return {name: self._refined[1][:, i] for i, name in enumerate(self.subject.curve.names)}
        return self.solution.error

    @cached_property
    def stable(self) -> Any:
        """(L,) or None."""
        return self._flags(self.subject.stability)

    @cached_property
    def physical(self) -> Any:
        """(L,) or None."""
        return self._flags(self.subject.physical)

    def _flags(self, function: Any) -> Any:
        if function is None:
            return None
        return np.asarray(function(self.u, np.repeat(self.base[None], len(self), axis=0), self._refined[1]), dtype=bool)

    @cached_property
    def sketch(self) -> tuple[Event, ...]:
        """The events as they were located: types of branch points by differences, and nothing of stability. That is enough to
        go on from them, and costs little; `events` says the rest."""
        from meanfield.continuation.report import sketched

        return sketched(self)

    @cached_property
    def _events(self) -> tuple[Event, ...]:
        from meanfield.continuation.report import completed

        return completed(self.sketch)

    def events(self, kind: str | None = None) -> list[Event]:
        """The events in the order of the branch; ``kind``: only those of that type or name.

        Raises `ParameterError` for a kind that no event here could have.
        """
        check_kind(kind, [self.subject], (e.name for e in self._events))
        return [e for e in self._events if kind is None or kind in (e.type, e.name)]

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Point by point, ``{name: value}``."""
        for row in self.u:
            yield dict(zip(self.subject.curve.names, row.tolist(), strict=True))

    def __repr__(self) -> str:
        name = (self.model.name or self.model.title) if self.model is not None else "problem"
        where = f"{self.along} = {self.u[0, -1]:.6g} to {self.u[-1, -1]:.6g}"
        return f"<Branch {self.id} of {name}: {len(self)} points, {where}, {len(self.sketch)} events>"

    def mirrored(self, image: Any, id: int) -> Branch:
        """The image under a symmetry: nothing is computed again."""
        return replace(self, image=image, partner=self, id=id)

    def to_dataset(self) -> Any:
        """This branch as an xarray dataset (see `Forest.to_dataset`)."""
        from meanfield.continuation.forest import Forest

        return Forest([self]).to_dataset()

    def to_netcdf(self, file: Any) -> None:
        """Save this branch (see `meanfield.continuation.archive`)."""
        from meanfield.continuation.forest import Forest

        Forest([self]).to_netcdf(file)

    def plot(self, quantity: str | None = None, ax: Any = None, save: Any = None) -> Any:
        """Draw ``quantity`` against the coordinate; returns the matplotlib Axes. save: also to this file."""
        from meanfield.continuation.forest import Forest

        return Forest([self]).plot(quantity, ax=ax, save=save)


def columns(piece: Piece) -> tuple[Array, Array, Array]:
    """u, tangent, scale of a lane in the order of the branch; a last point beyond the end is replaced by the end itself."""
    lane = piece.lane
    u, t, scale = np.array(lane.u), np.array(lane.tangent), np.array(lane.scale)
    if lane.beyond:
        u, t, scale = u[:-1], t[:-1], scale[:-1]
        one = piece.last
        if one is not None:
            u, t, scale = (np.concatenate([a, b[None]]) for a, b in ((u, one.u), (t, one.tangent), (scale, one.scale)))
    return (u, t, scale) if piece.forward else (u[::-1], -t[::-1], scale[::-1])


def refined(subject: Subject, u: Array, t: Array, scale: Array, base: Array) -> tuple[Array, Array]:
    """The points moved onto the curve of the finest quadrature, across it, and the claimed error (L, N) of that."""
    curve = subject.curve
    out, error = np.array(u), np.full(u.shape, np.inf)
    with np.errstate(all="ignore"):
        _, jacobian = curve.residual_jacobian(out, base)
        residual, bound = _fine(subject, out, base)
        inverse = across(jacobian, t, scale)
        step = np.einsum("pij,pj->pi", inverse, residual)
        near = np.abs(step / scale).max(axis=1) <= 1e-6  # not where it is NaN
        out[near] -= step[near]
        claim = np.einsum("pij,pj->pi", np.abs(inverse), bound) + 1e-6 * np.abs(step) + 2 * EPS * np.abs(out)
        error[near] = claim[near]
    edge = curve.lower
    near = (out < edge) & (out + np.maximum(error, 1e-12) >= edge)
    error = np.where(near, np.maximum(error, edge - out), error)
    return np.where(near, edge, out), error


def _fine(subject: Subject, u: Array, base: Array) -> tuple[Array, Array]:
    problem = subject.curve.problem
    if isinstance(problem, Kernel):
        inside = np.maximum(u[:, :-1], problem.lower)
        return problem.refined(inside, subject.curve.path.points(base, u[:, -1]))
    return subject.curve.at.residual(u, base), subject.curve.at.claims(u, base)


def as_solution(subject: Subject, u: Array, error: Array, p: Array) -> Solution:
    """Points of a model as one `Solution` over an array."""
    kernel = subject.curve.problem
    assert isinstance(kernel, Kernel)
    count, n = len(u), subject.curve.n
    nothing = np.full(count, np.nan)
    rows = Rows(
        np.arange(count),
        np.maximum(u[:, :-1], kernel.lower),
        error[:, :-1],
        nothing,
        nothing,
        np.full(count, Status.CONVERGED.code),
        np.full((count, n, n), np.nan),
    )
    given = {name: p[:, i] for i, name in enumerate(kernel.parameter_names)}
    return Solution(kernel, rows, p, (count,), given)


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """A backward and a forward walk from the same start as one branch."""
    return tuple(sorted(pieces, key=lambda piece: piece.forward))
