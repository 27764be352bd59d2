"""The window in which branches grow, in words that every model understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile import compile
from meanfield.continuation.path import Path, path_of
from meanfield.continuation.subject import Subject, as_floor, subject_of
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.conditional import where_zero
from meanfield.solve.points import parameter_points
from meanfield.solve.problem import Array
from meanfield.solve.starts import own_starts, scale_of

_PROBES = 5  # values of the coordinate at which a symbolic path is compared with what the model's preparation says
_AGREE = 1e-12


def moved_parameters(model: Model, given: Mapping[str, float], moved: Mapping[str, sp.Expr]) -> dict[str, sp.Expr]:
    """The model's own parameters that move, as formulas ``{name: expression}``: those of ``moved`` (``{name: expression}``, in
    the words of the model's preparation), and what the preparation computes from them. given: what is held fixed.

    Raises `ParameterError` where the preparation has no formula for it.
    """
    symbols = set().union(*(v.free_symbols for v in moved.values()))
    positive = {s: sp.Symbol(s.name, positive=True) for s in symbols}  # a formula does not ask for the sign; comparisons in it do
    exprs: dict[str, sp.Expr] = dict(moved)
    if model.prepare is not None:
        values = {**given, **{name: v.xreplace(positive) for name, v in moved.items()}}
        try:
            found = model.prepare.function({name: np.array(value, dtype=object) for name, value in values.items()})
            exprs = {name: sp.sympify(np.asarray(value).item()) for name, value in found.items()}
        except (TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ParameterError):
                raise
            raise _no_formula(model, list(moved)) from error
    back = {p: s for s, p in positive.items()}
    names = [s.name for s in model.parameters]
    return {n: exprs[n].xreplace(back) for n in names if n in exprs and exprs[n].free_symbols}


def _no_formula(model: Model, words: Sequence[str]) -> ParameterError:
    return ParameterError(
        f"{model.name or model.title} computes parameters from {' and '.join(map(repr, words))} in a way that has no formula here; "
        f"give the path in its own parameters, along={{'{model.parameters[0].name}': expression, ...}}"
    )


@dataclass(frozen=True)
class Field:
    """Along a path, from ``low`` to ``high`` of its coordinate, with ``given`` held fixed.

    Where a model prepares its parameters (the variance of the input from Sigma_nI, Sigma_n and Sigma_perp), both what
    moves and what is held may be names that only its preparation understands; all parameters that it computes from what
    moves then move too.
    """

    along: str | Mapping[str, Any]
    low: float
    high: float
    given: Mapping[str, float]

    def path(self, model: Model) -> Path:
        """The path in the parameters of this model. Raises `ParameterError` for names that it does not understand."""
        names = [s.name for s in model.parameters]
        words = [*names, *(model.prepare.accepts if model.prepare else ())]
        spoken = path_of(words, self.along, model.name or model.title)
        return spoken if model.prepare is None else self._prepared(model, spoken, words)

    def _prepared(self, model: Model, spoken: Path, words: list[str]) -> Path:
        """The model's own parameters on a path that is given in the words of its preparation."""
        moved = {words[i]: v for i, v in zip(spoken.index, spoken.values, strict=True)}
        names = [s.name for s in model.parameters]
        values = moved_parameters(model, self._understood(model), moved)
        path = Path(spoken.name, tuple(names.index(n) for n in values), spoken.symbol, tuple(values.values()))
        at = np.linspace(self.low, self.high, _PROBES)
        truth = self.points(model, at)
        if not np.allclose(path.points(truth, at), truth, rtol=_AGREE, atol=_AGREE):
            raise _no_formula(model, [spoken.name])
        return path

    def _understood(self, model: Model) -> dict[str, float]:
        """What is held fixed, as far as this model knows it."""
        known = {*(s.name for s in model.parameters), *(model.prepare.accepts if model.prepare else ())}
        return {name: value for name, value in self.given.items() if name in known}

    def points(self, model: Model, at: Array) -> Array:
        """Parameters (P, m) of the model at coordinates (P,), checked."""
        words = [*(s.name for s in model.parameters), *(model.prepare.accepts if model.prepare else ())]
        spoken = path_of(words, self.along, model.name or model.title)
        moved = spoken.points(np.zeros((len(at), len(words))), at)
        return parameter_points(model, {**self._understood(model), **{words[i]: moved[:, i] for i in spoken.index}}).p

    def resting(self, model: Model) -> Model:
        """The model with the symmetries that need parameters to vanish, where these are held at 0."""
        moved, p = self.path(model).index, self.points(model, np.array([self.low]))[0]
        return where_zero(model, (s.name for i, s in enumerate(model.parameters) if i not in moved and p[i] == 0))

    def subject(self, model: Model, expressions: Mapping[str, Any] | None = None, asking: bool = True) -> Subject:
        """The model along the path, with sizes of its unknowns from its starts in the window."""
        kernel = compile(model)
        sizes = scale_of(own_starts(model, self.points(model, np.linspace(self.low, self.high, 3))))
        return subject_of(
            kernel, self.path(model), as_floor(np.median(sizes, axis=0), self.high - self.low), expressions, asking=asking
        )
