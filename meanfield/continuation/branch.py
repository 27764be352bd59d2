"""What following returns: a `Branch`, its points with their claims and its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.continuation.admission import check_kind
from meanfield.continuation.event import Event
from meanfield.continuation.piece import Piece
from meanfield.continuation.points import as_solution, refined
from meanfield.continuation.stops import End
from meanfield.continuation.subject import Subject
from meanfield.errors import ParameterError
from meanfield.model.checks import nearest
from meanfield.solve.problem import Array
from meanfield.solve.solution import Solution


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
    def turned(self) -> int | None:
        """The number of the subject's symmetry under which this is an image; None for what was followed itself."""
        return next((i for i, image in enumerate(self.subject.symmetries) if image is self.image), None)

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
            part = piece.columns()
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

    def plot(self, quantity: Any = None, ax: Any = None, save: Any = None) -> Any:
        """Draw ``quantity`` against the coordinate; returns the matplotlib Axes. save: also to this file."""
        from meanfield.continuation.forest import Forest

        return Forest([self]).plot(quantity, ax=ax, save=save)
