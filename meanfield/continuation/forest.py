"""All branches of one or several models over a window of one parameter: the bifurcation diagram."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from meanfield.compile import Kernel
from meanfield.continuation.branch import Branch
from meanfield.continuation.field import Field
from meanfield.continuation.grow import _SAME, Garden, Start, same_line
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject
from meanfield.continuation.switching import crossed
from meanfield.continuation.walk import Steps
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.progress import ProgressOption, reporter
from meanfield.solve.choose import find_one
from meanfield.solve.problem import Array
from meanfield.solve.search import find_all

_SECTIONS = 9
_GENERATIONS = 12


class Forest(Sequence[Branch]):
    """Branches, with what they share. ``interrupted``: whether some may be missing; ``why``: why there are none, in a sentence."""

    def __init__(self, branches: Sequence[Branch], interrupted: bool = False, why: str = "") -> None:
        self.branches = list(branches)
        self.interrupted = interrupted
        self.why = why

    def __len__(self) -> int:
        return len(self.branches)

    def __getitem__(self, i: Any) -> Any:
        return self.branches[i]

    def __iter__(self) -> Iterator[Branch]:
        return iter(self.branches)

    def events(self, kind: str | None = None) -> list[Any]:
        """The events of all branches."""
        return [e for branch in self.branches for e in branch.events(kind)]

    def to_netcdf(self, file: Any) -> None:
        """Save all branches in one file; `meanfield.store.load_branches` reads it."""
        from meanfield.store import save_branches  # the room above, asked when it is wanted

        save_branches(self, file)

    def plot(self, quantity: str | None = None, ax: Any = None) -> Any:
        """Draw ``quantity`` (default: the first unknown) against the coordinate; returns the matplotlib Axes."""
        from meanfield.plotting import bifurcation_diagram

        return bifurcation_diagram(self, quantity, ax=ax)

    def __repr__(self) -> str:
        return f"<Forest of {len(self)} branches>"


def bifurcation_diagram(
    models: Model | Sequence[Model],
    along: str | Mapping[str, Any],
    window: tuple[float, float],
    *,
    find: Literal["all", "one"] = "all",
    switch: bool = True,
    sections: int = _SECTIONS,
    steps: Steps | None = None,
    expressions: Mapping[str, Any] | None = None,
    tol: float = 1e-10,
    progress: ProgressOption = None,
    **parameters: float,
) -> Forest:
    """Every branch of the models in the window, through branch points and junctions: the whole forest.

    along: a parameter, or ``{parameter: expression in one symbol}``. All solutions at ``sections`` values of the coordinate
    are starts, so that disconnected branches are found if they are longer than the distance of sections; branches that
    start points already lie on are followed once, symmetric partners are images. find="one" starts from the one solution
    that `solve` would choose, at the first end of the window. The window may be given from the larger value to the smaller:
    branches from starts then run that way. switch=False leaves branch points and junctions unfollowed (with find="one":
    also symmetric partners).
    expressions: further quantities ``{name: SymPy}`` whose zeros are events. Interruption keeps what is finished.
    Raises `ParameterError` for parameters that do not fit.
    """
    family = [models] if isinstance(models, Model) else list(models)
    begin, end = float(window[0]), float(window[1])
    low, high = min(begin, end), max(begin, end)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ParameterError(f"the window ({window[0]}, {window[1]}) must be two different numbers")
    _check_names(family, along, parameters)
    field = Field(along, low, high, parameters)
    name = field.path(family[0]).name
    report = reporter(progress)
    garden = Garden(steps or Steps(), Stops({name: (low, high)}), report, sense=float(np.sign(end - begin)))
    whys: list[str] = []
    subjects: dict[int, Subject] = {}

    def subject(model: Model) -> Subject:
        if id(model) not in subjects:
            subjects[id(model)] = field.subject(model, expressions)
        return subjects[id(model)]

    try:
        report.start(None, "solving at the sections")
        places = np.array([begin]) if find == "one" else _places(low, high, sections)
        tables = [table for m in family for table in _tables(m, subject, field, places, tol, find, whys)]
        for k in range(len(places)):
            for table in tables:
                grown(garden, table.get(k, []), switch, subject, name)
    except KeyboardInterrupt:
        garden.interrupted = True
    finally:
        report.close()
    branches = with_partners(garden.branches) if switch or find == "all" else garden.branches
    return Forest(branches, garden.interrupted, "" if garden.branches else _why(whys, name, places))


def _why(whys: Sequence[str], name: str, places: Array) -> str:
    """Why there is nothing to follow."""
    where = f"{name} = {places[0]:g}" if len(places) == 1 else f"any of {len(places)} values of {name}"
    reason = next(iter(whys), "").removeprefix("no solution: ")
    return f"no solution at {where} to start from" + (f": {reason}" if reason else "")


def _check_names(family: Sequence[Model], along: Any, parameters: Mapping[str, Any]) -> None:
    """Every name must be understood by some model; what is missing is told by the models."""
    from meanfield.model.checks import nearest

    known = {n for m in family for n in [*(s.name for s in m.parameters), *(m.prepare.accepts if m.prepare else ())]}
    for given in parameters:
        if given not in known:
            raise ParameterError(f"there is no parameter {given!r}{nearest(given, known)} (there are {', '.join(sorted(known))})")
    moved = {along} if isinstance(along, str) else {str(k) for k in along}
    both = moved & set(parameters)
    if both:
        raise ParameterError(f"the parameter {sorted(both)[0]!r} is what is followed; it cannot also have a fixed value")


def _places(low: float, high: float, sections: int) -> Array:
    """Both ends of the window and values between them, the middle first, not evenly spaced: symmetric points are special."""
    inner = low + (high - low) * (np.arange(1, sections - 1) + 0.13) / (sections - 1)
    order = np.argsort(np.abs(inner - 0.5 * (low + high)), kind="stable")
    return np.concatenate([inner[order], [high, low]])


def _tables(
    model: Model, make: Callable[[Model], Subject], field: Field, places: Array, tol: float, find: str, whys: list[str]
) -> list[dict[int, list[Start]]]:
    """Starts at all sections; where there are none, those of the phase that `solve` would go to."""
    own = _roots(make(model), field, places, tol, find, whys)
    tables = [own]
    missing = [k for k in range(len(places)) if k not in own]
    for junction in model.junctions:
        if junction.follow and missing:
            found = _roots(make(junction.phase), field, places[missing], tol, find, whys)
            tables.append({missing[k]: starts for k, starts in found.items()})
    return tables


def _roots(subject: Subject, field: Field, places: Array, tol: float, find: str, whys: list[str]) -> dict[int, list[Start]]:
    """Starts at all sections, in one batch; those with the larger unknowns first. whys: gathers why there are none."""
    model = subject.model
    assert model is not None
    p = field.points(model, places)
    search = find_one(model, p, tol) if find == "one" else find_all(model, p, tol)
    whys += search.why.values()
    out: dict[int, list[Start]] = {}
    for k in np.lexsort((*(-search.rows.x.T[::-1]), search.rows.owner)):
        owner = int(search.rows.owner[k])
        out.setdefault(owner, []).append(Start(subject, np.append(search.rows.x[k], places[owner]), p[owner]))
    return out


def grown(garden: Garden, roots: Sequence[Start], switch: bool, make: Callable[[Model], Subject], name: str) -> None:
    """Follow the roots that no known branch passes, and, with ``switch``, all that branches off from them."""
    todo: list[Start] = []
    for start in roots:
        image = any(_image_of(start, other) for other in todo)
        if not image and not any(garden.covers(b, start) for b in garden.branches):
            todo.append(start)
    for _ in range(_GENERATIONS):
        if not todo or garden.interrupted:
            return
        if garden.progress is not None:
            garden.progress.start(None, f"following {len(todo)} branches along {name}")
        fresh = _new(garden, garden.grow(todo))
        if not switch:
            return
        todo = garden.offshoots()
        for branch in fresh:
            for event in branch.events("junction"):
                todo += [s for s in crossed(event, make) if not _known(garden, s)]


def _new(garden: Garden, fresh: Sequence[Branch]) -> list[Branch]:
    """The branches that are no others run through again; those are forgotten.

    A piece of curve between two branch points or junctions is entered from both when both are found at once.
    """
    kept: list[Branch] = []
    for branch in fresh:
        u = branch._raw[0]
        probes = [Start(branch.subject, u[k], branch.base) for k in {len(u) // 4, len(u) // 2, 3 * len(u) // 4}]
        others = [other for other in garden.branches if other is not branch] if len(branch.pieces) == 1 else []
        if any(all(garden.covers(other, probe) for probe in probes) for other in others):
            garden.branches.remove(branch)
        else:
            kept.append(branch)
    return kept


def _image_of(start: Start, other: Start) -> bool:
    subject, u = start.subject, start.u
    if subject is not other.subject or not same_line(subject, start.base, other.base):
        return False
    scale = np.maximum(np.abs(u), subject.floor)
    return any(np.abs((image(u[None])[0] - other.u) / scale).max() < _SAME for image in subject.symmetries)


def _known(garden: Garden, start: Start) -> bool:
    """Whether a branch of that phase passes through the junction, or begins or ends there."""
    return any(garden.covers(branch, start) for branch in garden.branches) or _arrived(garden, start)


def _arrived(garden: Garden, start: Start) -> bool:
    """Whether a branch of that phase is known to end or begin at the junction."""
    scale = np.maximum(np.abs(start.u), start.subject.floor)
    for branch in garden.branches:
        if branch.subject is not start.subject or not same_line(branch.subject, branch.base, start.base):
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
        for image in branch.subject.symmetries:
            moved = image(u)
            if np.abs((moved - u) / scale).max() > _SAME and not _runs_through(moved, branch):
                out.append(original.mirrored(image, len(out)))
    return out


def _runs_through(moved: Array, branch: Branch) -> bool:
    """Whether the branch holds its own image (it passes through a symmetric point)."""
    garden = Garden(branch.steps, branch.stops)
    middle = moved[len(moved) // 2]
    alone = Branch(branch.subject, branch.pieces, branch.begins)
    u, _, scale, _ = alone._raw
    step = np.flatnonzero((u[:-1, -1] - middle[-1]) * (u[1:, -1] - middle[-1]) <= 0)
    close = [k for k in step if np.abs((u[k] - middle) / scale[k]).max() < 4 * garden.steps.largest]
    if not close:
        return False
    q = alone.subject.curve.path.points(alone.base[None], middle[None, -1])
    from meanfield.solve.newton import newton

    for k in close:
        run = newton(alone.subject.curve.problem, q, u[k][None, :-1], scale=alone.subject.floor[None, :-1])
        if run.converged[0] and np.abs((run.x[0] - middle[:-1]) / scale[k][:-1]).max() < _SAME:
            return True
    return False


def _numbered(branch: Branch, id: int) -> Branch:
    from dataclasses import replace

    return replace(branch, id=id)


__all__ = ["Forest", "Field", "Kernel", "bifurcation_diagram"]
