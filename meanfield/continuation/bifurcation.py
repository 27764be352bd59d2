"""All branches of one or several models over a window of one parameter: the bifurcation diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from meanfield.continuation.field import Field
from meanfield.continuation.forest import SECTIONS, Forest, Origin, arrivals, generations, grown, with_partners
from meanfield.continuation.grow import Garden
from meanfield.continuation.questions import check_remembered, checked
from meanfield.continuation.regrow import regrow
from meanfield.continuation.start import Start
from meanfield.continuation.steps import Steps
from meanfield.continuation.stops import Stops
from meanfield.continuation.subject import Subject
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.forms import as_models
from meanfield.model.phases import among
from meanfield.progress import ProgressOption, reporter
from meanfield.solve.absence import explained
from meanfield.solve.choose import find_one
from meanfield.solve.families import refuse_family
from meanfield.solve.problem import Array
from meanfield.solve.search import find_all
from meanfield.solve.status import Status

# A forest is whole: only what never comes to an end is cut short, and then another start of the same curve knows nothing of it.
_LENGTH, _POINTS = 500.0, 20_000


def bifurcation_diagram(
    models: Model | Sequence[Model],
    along: str | Mapping[str, Any],
    window: tuple[float, float],
    *,
    find: Literal["all", "one"] = "all",
    switch: bool = True,
    sections: int = SECTIONS,
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
    family = tuple(as_models(models, "bifurcation_diagram"))
    if np.shape(window) != (2,) or not np.isfinite(ends := np.asarray(window, dtype=float)).all() or ends[0] == ends[1]:
        raise ParameterError(f"the window must be two different numbers (from, to), got {window!r}")
    begin, end = float(window[0]), float(window[1])
    _check_names(family, along, parameters)
    asked = checked(expressions, family, [along] if isinstance(along, str) else ())
    origin = Origin(family, along, begin, end, parameters, find, switch, sections, tol, steps or Steps(), asked)
    return _cultivated(origin, progress)


def resume_forest(forest: Forest, window: tuple[float, float] | None = None, *, progress: ProgressOption = None) -> Forest:
    """Go on with an interrupted forest, or, with a ``window`` that holds the old one, beyond its ends.

    Branches go on where they ended; what branches off and what was not looked at yet is followed as `bifurcation_diagram`
    would. Raises `ParameterError` for branches that were not found by it, or for a window that leaves out a part of the old one.
    """
    origin = forest.origin
    if origin is None:
        raise ParameterError("only branches found by bifurcation_diagram can go on together; resume goes on with a single one")
    check_remembered(q for branch in forest for q in branch.subject.questions)
    if window is not None:
        begin, end = float(window[0]), float(window[1])
        same_way = (end - begin) * (origin.end - origin.begin) > 0
        if not same_way or not (min(begin, end) <= origin.field.low and origin.field.high <= max(begin, end)):
            raise ParameterError(
                f"the branches were followed from {origin.begin:g} to {origin.end:g}; "
                f"to go on give a window in the same direction that holds that one, got {begin:g} to {end:g}"
            )
        origin = replace(origin, begin=begin, end=end)
    return _cultivated(origin, progress, forest)


def _cultivated(origin: Origin, progress: ProgressOption, known: Forest | None = None) -> Forest:
    """All branches that an origin asks for, those ``known`` first."""
    field = origin.field
    family = [field.resting(model) for model in origin.family]
    name = field.path(family[0]).name
    report = reporter(progress)
    stops = Stops({name: (field.low, field.high)}, length=_LENGTH, points=_POINTS)
    garden = Garden(origin.steps, stops, report, sense=float(np.sign(origin.end - origin.begin)))
    places = np.array([origin.begin]) if origin.find == "one" else _places(field.low, field.high, origin.sections)
    whys: list[str] = []
    shown = [*(b.model for b in known or ()), *family]
    subjects: dict[int, Subject] = {id(b.model): b.subject for b in known or ()}

    def subject(model: Model) -> Subject:
        one = among(model, shown)
        if one is None:
            shown.append(one := model)
        if id(one) not in subjects:
            subjects[id(one)] = field.subject(one, origin.expressions)
        return subjects[id(one)]

    try:
        if known is not None:
            report.start(None, f"going on along {name}")
            regrow(garden, [branch for branch in known if branch.image is None])
            if origin.switch:
                generations(garden, [*garden.offshoots(), *arrivals(garden, garden.branches, subject)], True, subject, name)
        if not garden.interrupted:
            report.start(None, f"solving at {len(places)} value{'s' if len(places) > 1 else ''} of {name}")
            tables = [table for m in family for table in _tables(m, subject, field, places, origin, whys)]
            for k in range(len(places)):
                for table in tables:
                    grown(garden, table.get(k, []), origin.switch, subject, name)
    except KeyboardInterrupt:
        garden.interrupted = True
    finally:
        report.close()
    branches = with_partners(garden.branches) if origin.switch or origin.find == "all" else garden.branches
    return Forest(branches, garden.interrupted, "" if garden.branches else _why(whys, name, places), origin)


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
    model: Model, make: Callable[[Model], Subject], field: Field, places: Array, origin: Origin, whys: list[str]
) -> list[dict[int, list[Start]]]:
    """Starts at all sections; where there are none, those of the phase that `solve` would go to."""
    own = _roots(make(model), field, places, origin, whys)
    tables = [own]
    missing = [k for k in range(len(places)) if k not in own]
    for junction in model.junctions:
        if junction.follow and missing:
            found = _roots(make(junction.phase), field, places[missing], origin, whys)
            tables.append({missing[k]: starts for k, starts in found.items()})
    return tables


def _roots(subject: Subject, field: Field, places: Array, origin: Origin, whys: list[str]) -> dict[int, list[Start]]:
    """Starts at all sections, in one batch; those with the larger unknowns first. whys: gathers why there are none."""
    model = subject.model
    assert model is not None
    p = field.points(model, places)
    search = find_one(model, p, origin.tol) if origin.find == "one" else find_all(model, p, origin.tol)
    whys += explained(model, p, search).why.values()
    for k in np.flatnonzero(search.rows.status == Status.FAMILY.code)[:1]:
        refuse_family(model, dict(zip((u.name for u in model.unknowns), search.rows.x[k].tolist(), strict=True)))
    out: dict[int, list[Start]] = {}
    for k in np.lexsort((*(-search.rows.x.T[::-1]), search.rows.owner)):
        owner = int(search.rows.owner[k])
        out.setdefault(owner, []).append(Start(subject, np.append(search.rows.x[k], places[owner]), p[owner]))
    return out
