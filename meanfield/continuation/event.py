"""What happens on a branch: an `Event`, its place, its claims, and what branches off there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.continuation.branching import Branching
from meanfield.continuation.locate import Located
from meanfield.solve.problem import Array

if TYPE_CHECKING:
    from meanfield.continuation.branch import Branch
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
