"""Many branches: how they grow from starts through branch points and junctions, and what they are together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.continuation.admission import check_kind
from meanfield.continuation.branch import Branch
from meanfield.continuation.field import Field
from meanfield.continuation.grow import Garden
from meanfield.continuation.passing import SAME, passes
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.subject import Subject
from meanfield.continuation.switching import crossed
from meanfield.errors import ModelError, ParameterError
from meanfield.model import Model
from meanfield.solve.problem import Array

_NO_SOLUTION = 1e-3  # residual, in units of what the unknowns' sizes make of it, that is none of a root

SECTIONS = 9
_GENERATIONS = 12


@dataclass(frozen=True)
class Origin:
    """What a forest was asked for: the models, the path from ``begin`` to ``end``, the parameters given, and how to look."""

    family: tuple[Model, ...]
    along: str | Mapping[str, Any]
    begin: float
    end: float
    given: Mapping[str, float]
    find: str = "all"
    switch: bool = True
    sections: int = SECTIONS
    tol: float = 1e-10
    steps: Steps = Steps()
    expressions: Mapping[str, Any] | None = None

    @property
    def field(self) -> Field:
        """The window, with what is held fixed."""
        return Field(self.along, min(self.begin, self.end), max(self.begin, self.end), self.given)


class Forest(Sequence[Branch]):
    """Branches, with what they share. ``interrupted``: whether some may be missing; ``why``: why there are none, in a sentence;
    origin: what was asked for, if they were found by `bifurcation_diagram`."""

    def __init__(self, branches: Sequence[Branch], interrupted: bool = False, why: str = "", origin: Origin | None = None) -> None:
        self.branches = list(branches)
        self.interrupted = interrupted
        self.why = why
        self.origin = origin

    def __len__(self) -> int:
        return len(self.branches)

    def __getitem__(self, i: Any) -> Any:
        return self.branches[i]

    def __iter__(self) -> Iterator[Branch]:
        return iter(self.branches)

    def events(self, kind: str | None = None) -> list[Any]:
        """The events of all branches, or those of a type or name. Raises `ParameterError` for a kind that none could have."""
        every = [e for branch in self.branches for e in branch.events()]
        if self.branches:
            check_kind(kind, [branch.subject for branch in self.branches], (e.name for e in every))
        return [e for e in every if kind is None or kind in (e.type, e.name)]

    def to_dataset(self) -> Any:
        """All branches as an xarray dataset; `meanfield.store.save` and `load_branches` carry it through a file."""
        from meanfield.store import branch_dataset

        return branch_dataset(self)

    def to_netcdf(self, file: Any) -> None:
        """Save all branches in one file; `meanfield.store.load_branches` reads it."""
        from meanfield.store import save_branches  # the room above, asked when it is wanted

        save_branches(self, file)

    def plot(self, quantity: str | Sequence[str] | None = None, ax: Any = None, save: Any = None) -> Any:
        """Draw ``quantity`` (default: the first unknown) against the coordinate; returns the matplotlib Axes, of several quantities
        one for each, below one another. save: also to this file."""
        from meanfield.plotting import bifurcation_diagram, bifurcation_panels

        if quantity is not None and not isinstance(quantity, str):
            if ax is not None:
                raise ParameterError("several quantities have axes of their own; draw them one by one with ax=")
            return bifurcation_panels(self, list(quantity), save).axes
        return bifurcation_diagram(self, quantity, ax=ax, save=save)

    def __repr__(self) -> str:
        return f"<Forest of {len(self)} branches>"


def grown(garden: Garden, roots: Sequence[Start], switch: bool, make: Callable[[Model], Subject | None], name: str) -> None:
    """Follow the roots that no known branch passes, and, with ``switch``, all that branches off from them."""
    todo: list[Start] = []
    for start in roots:
        image = any(_image_of(start, other) for other in todo)
        if not image and not any(garden.covers(b, start) for b in garden.branches):
            todo.append(start)
    generations(garden, todo, switch, make, name)


def generations(garden: Garden, todo: list[Start], switch: bool, make: Callable[[Model], Subject | None], name: str) -> None:
    """Follow starts, then what branches off from them, and so on."""
    for _ in range(_GENERATIONS):
        if not todo or garden.interrupted:
            return
        if garden.progress is not None:
            garden.progress.start(None, f"{_counted(todo)} along {name}")
        fresh = _new(garden, garden.grow(todo))
        if not switch:
            return
        todo = [*garden.offshoots(), *arrivals(garden, fresh, make)]


def _counted(todo: Sequence[Start]) -> str:
    """``2 branches of rank1-chaotic``."""
    models = dict.fromkeys((s.subject.model.name or s.subject.model.title) for s in todo if s.subject.model is not None)
    what = f" of {' and '.join(models)}" if models else ""
    return f"following {len(todo)} branch{'es' if len(todo) != 1 else ''}{what}"


def arrivals(garden: Garden, branches: Sequence[Branch], make: Callable[[Model], Subject | None]) -> list[Start]:
    """Starts in the phases that join the branches, where no branch is known yet."""
    found = [s for branch in branches for event in branch.sketch for s in crossed(event, make)]
    return [s for s in found if not _known(garden, s)]


def _new(garden: Garden, fresh: Sequence[Branch]) -> list[Branch]:
    """The branches that are no others run through again; those are forgotten.

    A piece of curve between two branch points or junctions is entered from both when both are found at once.
    """
    kept: list[Branch] = []
    for branch in fresh:
        others = [other for other in garden.branches if other is not branch] if len(branch.pieces) == 1 else []
        if run_through(garden, branch, others):
            garden.branches.remove(branch)
        else:
            kept.append(branch)
    return kept


def run_through(garden: Garden, branch: Branch, others: Sequence[Branch]) -> bool:
    """Whether one of the others is the same curve."""
    u = branch._raw[0]
    probes = [Start(branch.subject, u[k], branch.base) for k in {len(u) // 4, len(u) // 2, 3 * len(u) // 4}]
    return any(all(garden.covers(other, probe) for probe in probes) for other in others)


def _image_of(start: Start, other: Start) -> bool:
    subject, u = start.subject, start.u
    if subject is not other.subject or not subject.same_line(start.base, other.base):
        return False
    scale = np.maximum(np.abs(u), subject.floor)
    return any(np.abs((image(u[None])[0] - other.u) / scale).max() < SAME for image in subject.symmetries)


def _known(garden: Garden, start: Start) -> bool:
    """Whether a branch of that phase passes through the junction, or begins or ends there."""
    return any(garden.covers(branch, start) for branch in garden.branches) or _arrived(garden, start)


def _arrived(garden: Garden, start: Start) -> bool:
    """Whether a branch of that phase is known to end or begin at the junction."""
    scale = np.maximum(np.abs(start.u), start.subject.floor)
    for branch in garden.branches:
        if branch.subject is not start.subject or not branch.subject.same_line(branch.base, start.base):
            continue
        ends = branch._raw[0][[0, -1]]
        images = [start.u, *(image(start.u[None])[0] for image in start.subject.symmetries)]
        if any(np.abs((end - at) / scale).max() < 1e-5 for end in ends for at in images):
            return True
    return False


def with_partners(branches: Sequence[Branch]) -> list[Branch]:
    """The branches, each followed by its images under the model's symmetries where it is not its own image."""
    out: list[Branch] = []
    for branch in branches:
        out.append(_numbered(branch, len(out)))
        original = out[-1]
        u, _, scale, _ = branch._raw
        orbit = [u]
        for image in branch.subject.symmetries:
            moved = image(u)
            if all(np.abs((moved - known) / scale).max() > SAME for known in orbit) and not _runs_through(moved, branch):
                _check_solves(branch, moved)
                orbit.append(moved)
                out.append(original.mirrored(image, len(out)))
    return out


def _check_solves(branch: Branch, moved: Array) -> None:
    """Raise `ModelError` if the image of a branch is none: a declared symmetry that the equations do not have."""
    at = moved[len(moved) // 2][None]
    residual, jacobian = branch.subject.curve.residual_jacobian(at, branch.base[None])
    size = (np.abs(jacobian) * np.maximum(np.abs(at), branch.subject.floor)[:, None, :]).sum(axis=2)
    if (np.abs(residual) > _NO_SOLUTION * size).any():
        names = [*branch.subject.curve.names]
        place = ", ".join(f"{name} = {value:.3g}" for name, value in zip(names, at[0], strict=True))
        raise ModelError(
            f"a symmetry that the model declares sends a solution to {place}, which is none: the equations do not have it; "
            "leave it out of symmetries, or say where it holds by ConditionalSymmetry"
        )


def _runs_through(moved: Array, branch: Branch) -> bool:
    """Whether the branch holds its own image (it passes through a symmetric point)."""
    alone = Branch(branch.subject, branch.pieces, branch.begins)
    return passes(branch.subject.curve, alone.base, *alone._raw[:3], moved[len(moved) // 2])


def _numbered(branch: Branch, id: int) -> Branch:
    from dataclasses import replace

    return replace(branch, id=id)


__all__ = ["SECTIONS", "Field", "Forest", "Origin", "arrivals", "generations", "grown", "run_through", "with_partners"]
