"""What was followed, as plain data: which model, along which path; and the same model found again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import compile
from meanfield.continuation.path import Path
from meanfield.continuation.subject import Subject, subject_of
from meanfield.errors import FileFormatError
from meanfield.model import Model
from meanfield.store.expressions import from_data, to_data
from meanfield.store.provenance import equations

__all__ = ["same_problem", "subject_data", "subject_from"]


def subject_data(subject: Subject) -> dict[str, Any]:
    """Model and path of a subject. Raises `ValueError` for a path whose expressions cannot be saved."""
    path, model = subject.curve.path, subject.model
    indicators = set(model.indicators) if model is not None else set()
    return {
        **_identity(model if model is not None else subject.curve.problem),
        "path": {"name": path.name, "index": list(path.index), "values": [to_data(v, path.symbol) for v in path.values]},
        "floor": np.asarray(subject.floor).tolist(),
        "asking": not indicators or any(q.type == "indicator" and q.name in indicators for q in subject.questions),
    }


def _identity(problem: Any) -> dict[str, Any]:
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


def same_problem(data: Mapping[str, Any], problem: Any) -> bool:
    """Whether ``problem`` has the unknowns, parameters, equations and transfer functions of a saved one."""
    own = _identity(problem)
    return all(data.get(key) == value for key, value in own.items()) and ("equations" in own) == ("equations" in data)


def subject_from(data: Mapping[str, Any], candidates: Iterable[Any], file: Any, expressions: Mapping[str, Any] | None) -> Subject:
    """The subject again, of the first candidate that is what was followed."""
    seen: list[str] = []
    for problem in candidates:
        if same_problem(data, problem):
            model = problem if isinstance(problem, Model) else None
            symbol = sp.Symbol(data["path"]["name"], real=True)
            values = tuple(from_data(v, symbol) for v in data["path"]["values"])
            path = Path(symbol.name, tuple(int(i) for i in data["path"]["index"]), symbol, values)
            kernel = compile(model) if model is not None else problem
            extra = expressions if model is not None else None
            return subject_of(kernel, path, np.array(data["floor"], dtype=float), extra, asking=bool(data["asking"]))
        seen.append(getattr(problem, "name", "") or "another")
    what = f"{data['name'] or 'a hand-written problem'} in {', '.join(data['unknowns'])}"
    what += f" with {', '.join(data['transfers'])}" if data.get("transfers") else ""
    raise FileFormatError(f"{file} holds branches of {what}, whose equations are not those of {', '.join(seen) or 'any model'}")
