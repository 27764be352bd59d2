"""What was followed, as plain data: which model, along which path; and the same model found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import compile
from meanfield.continuation.forest import Origin
from meanfield.continuation.path import Path
from meanfield.continuation.questions import Question, forgotten
from meanfield.continuation.steps import Steps
from meanfield.continuation.subject import Subject, subject_of
from meanfield.errors import FileFormatError
from meanfield.model import Model
from meanfield.model.conditional import needed_zero, where_zero
from meanfield.model.phases import joined
from meanfield.store.expressions import from_data, to_data
from meanfield.store.provenance import equations

__all__ = ["candidates", "described", "found", "origin_data", "origin_from", "subject_data", "subject_from"]

_PLAIN = ("begin", "end", "find", "switch", "sections", "tol")  # parts of an origin that are numbers or words


def subject_data(subject: Subject) -> dict[str, Any]:
    """Model and path of a subject. Raises `ValueError` for a path whose expressions cannot be saved."""
    path, model = subject.curve.path, subject.model
    indicators = set(model.indicators) if model is not None else set()
    return {
        **described(model if model is not None else subject.curve.problem),
        "path": {"name": path.name, "index": list(path.index), "values": [to_data(v, path.symbol) for v in path.values]},
        "floor": np.asarray(subject.floor).tolist(),
        "zero": sorted(needed_zero(model)) if model is not None else [],
        "further": [[q.name, None if q.tells is None else sorted(q.tells, key=str)] for q in _further(subject)],
        "asking": not indicators or any(q.type == "indicator" and q.name in indicators for q in subject.questions),
    }


def _further(subject: Subject) -> list[Question]:
    """The questions that are the user's own."""
    own = set(subject.model.indicators) if subject.model is not None else set()
    return [q for q in subject.questions if q.type == "indicator" and q.name not in own]


def identity(problem: Any) -> dict[str, Any]:
    """What tells a problem from others."""
    if not isinstance(problem, Model):
        return {"name": "", "unknowns": list(problem.names), "parameters": list(problem.parameter_names)}
    return {
        "name": problem.name or problem.title,
        "unknowns": [s.name for s in problem.unknowns],
        "parameters": [s.name for s in problem.parameters],
        "equations": [f"{left} = {right}" for left, right in equations(problem)],
        "transfers": [t.name for t in problem.transfers],
    }


def described(problem: Any) -> dict[str, Any]:
    """What tells a problem from others, and what is asked of it: the names of its indicators."""
    return {**identity(problem), "indicators": list(problem.indicators) if isinstance(problem, Model) else []}


def candidates(model: Any, wanted: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The models given, those of the library that are ``wanted`` if none was, and all that join them, with the indicators that were
    asked of them."""
    if model is None:
        from meanfield import models
        from meanfield.transfer import by_name

        names = {w["name"] for w in wanted}
        given = [models.by_name(name) for name in models.names() if name in names]
        named = [(m, t) for w in wanted for m in given if m.name == w["name"] for t in w.get("transfers", ())[:1]]
        todo = [*given, *(m.with_transfer(by_name(t)) for m, t in dict.fromkeys(named) if [x.name for x in m.transfers] != [t])]
    else:
        todo = list(model) if isinstance(model, Sequence) else [model]
    seen: list[Any] = []
    while todo:
        one = todo.pop(0)
        if any(one is known or (_told(one) and _told(one) == _told(known)) for known in seen):
            continue  # with another transfer function, phases that join each other are new objects whenever they are asked for
        seen.append(one)
        todo += [phase for _, phase in joined(one)] if isinstance(one, Model) else []
    return [_asking(one, wanted) for one in seen]


def _told(problem: Any) -> tuple[Any, ...]:
    """What a named model is known by; nothing of others."""
    return (problem.name, *(t.name for t in problem.transfers)) if isinstance(problem, Model) and problem.name else ()


def _asking(problem: Any, wanted: Sequence[Mapping[str, Any]]) -> Any:
    """The model with what it computes on request, and was asked of it."""
    if not isinstance(problem, Model):
        return problem
    names = {n for w in wanted if w["name"] == (problem.name or problem.title) for n in w.get("indicators", ())}
    return problem.asking(*(n for n in problem.on_request if n in names)) if names & {*problem.on_request} else problem


def found(data: Mapping[str, Any], pool: Sequence[Any], file: Any, holds: str = "branches", given: str = "followed") -> Any:
    """The first of the pool that has the unknowns, parameters, equations and transfer functions of what was saved.

    Raises `FileFormatError` if there is none.
    """
    for problem in pool:
        if isinstance(problem, Model) and (problem.name or problem.title) != data["name"]:
            continue
        own = identity(problem)
        if all(data.get(key) == value for key, value in own.items()) and ("equations" in own) == ("equations" in data):
            return problem
    what = f"{data['name'] or 'a hand-written problem'} in {', '.join(data['unknowns'])}"
    what += f" with {', '.join(data['transfers'])}" if data.get("transfers") else ""
    seen = ", ".join(dict.fromkeys(getattr(p, "name", "") or getattr(p, "title", "") or "another" for p in pool))
    raise FileFormatError(
        f"{file} holds {holds} of {what}, whose equations are not those of {seen or 'any model of the library'}; "
        f"give the model that was {given}"
    )


def subject_from(data: Mapping[str, Any], pool: Sequence[Any], file: Any, expressions: Mapping[str, Any] | None) -> Subject:
    """The subject again, of that one of the pool that was followed."""
    problem = found(data, pool, file)
    model = problem if isinstance(problem, Model) else None
    symbol = sp.Symbol(data["path"]["name"], real=True)
    values = tuple(from_data(v, symbol) for v in data["path"]["values"])
    path = Path(symbol.name, tuple(int(i) for i in data["path"]["index"]), symbol, values)
    kernel = compile(where_zero(model, data.get("zero", ()))) if model is not None else problem
    extra = expressions if model is not None else None
    subject = subject_of(kernel, path, np.array(data["floor"], dtype=float), extra, asking=bool(data["asking"]))
    lost = [forgotten(name, tells) for name, tells in data.get("further", ()) if name not in (expressions or {})]
    return replace(subject, questions=(*subject.questions, *lost))


def origin_data(origin: Origin | None) -> dict[str, Any] | None:
    """What a forest was asked for, without the user's own expressions. Raises `ValueError` for a path that cannot be saved."""
    if origin is None:
        return None
    along = origin.along
    symbols = {} if isinstance(along, str) else {k: next(iter(sp.sympify(v).free_symbols)) for k, v in along.items()}
    return {
        "family": [described(model) for model in origin.family],
        "along": along if isinstance(along, str) else {k: to_data(sp.sympify(v), symbols[k]) for k, v in along.items()},
        "symbol": next((s.name for s in symbols.values()), None),
        "given": {name: float(value) for name, value in origin.given.items()},
        "steps": asdict(origin.steps),
        **{name: getattr(origin, name) for name in _PLAIN},
    }


def origin_from(
    data: Mapping[str, Any] | None, pool: Sequence[Any], file: Any, expressions: Mapping[str, Any] | None
) -> Origin | None:
    """What was asked for, again."""
    if data is None:
        return None
    along = data["along"]
    if not isinstance(along, str):
        symbol = sp.Symbol(data["symbol"], real=True)
        along = {name: from_data(value, symbol) for name, value in along.items()}
    return Origin(
        tuple(found(one, pool, file) for one in data["family"]),
        along,
        given={str(name): float(value) for name, value in data["given"].items()},
        steps=Steps(**{"between": 0, **data["steps"]}),
        expressions=expressions,
        **{name: data[name] for name in _PLAIN},
    )
