"""What a branch point is, from the exact normal form of the equations there; by differences only where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.continuation.branching import Branching
from meanfield.continuation.normal_forms import NormalForm, reduced
from meanfield.continuation.subject import Subject
from meanfield.errors import MeanfieldError
from meanfield.model import Model
from meanfield.solve.problem import Array

__all__ = ["Classified", "classified"]

_SHARE = 1e-8  # of a null vector: components below this do not belong to it
_AMPLITUDE = 1e-3  # of the arms of a pitchfork, relative to the null vector, at which they are in the domain or not


@dataclass(frozen=True)
class Classified:
    """kind: the `Branching` with the type, the side and the sense that the normal form gives; details: the same in words and
    numbers, as an event carries them."""

    kind: Branching
    details: dict[str, Any]


def classified(subject: Subject, u: Array, base: Array, kind: Branching) -> Classified:
    """Classify the branch point u (N,), which differences have taken for ``kind``, by its normal form.

    A pitchfork is supercritical if its arms exist where the trunk has lost the stability that it loses here. Which side that is,
    the stability of the trunk says; where it is unstable on both sides anyway, the sign of its critical eigenvalue, if the
    equations have a fixed-point form ``x = G(x)``.
    """
    try:
        form = reduced(subject, u, base)
        what = form.kind()
    except (MeanfieldError, ValueError, AttributeError, np.linalg.LinAlgError):
        return Classified(kind, {"opens": kind.side, "supercritical": kind.supercritical})
    if what == "transcritical":
        kind = replace(kind, type=what, side=0, supercritical=None) if kind.other is not None else kind
        return Classified(kind, {"opens": 0, "supercritical": None, "coefficients": _named(form, "b20 b11 b02")})
    if what != "pitchfork":
        return Classified(kind, {"opens": kind.side, "supercritical": kind.supercritical})
    side = form.side if _inside(subject, form) else 0
    sense = None
    if side and kind.lost:
        sense = side == kind.lost
    elif side and _fixed_point_form(subject.model, form):
        sense = form.supercritical()
    kind = replace(kind, type=what, side=side, supercritical=sense)
    return Classified(kind, {"opens": side, "supercritical": sense, "coefficients": _named(form, "c30 b11")})


def _named(form: NormalForm, names: str) -> dict[str, float]:
    return {name: getattr(form, name) for name in names.split()}


def _inside(subject: Subject, form: NormalForm) -> bool:
    """Whether the arms of a pitchfork lie in the domain of the unknowns."""
    lower = subject.curve.lower[:-1]
    scale = np.maximum(subject.floor[:-1], np.abs(form.x))
    amplitude = _AMPLITUDE / float(np.abs(form.v / scale).max())
    arms = [form.predict(sign * amplitude)[0] for sign in (1, -1)]
    return all(bool((x >= np.minimum(lower, form.x) - 1e-3 * _AMPLITUDE**2 * scale).all()) for x in arms)


def _fixed_point_form(model: Model | None, form: NormalForm) -> bool:
    """Whether the equations that become singular are those ``x = G(x)`` of the unknowns in which they do."""
    if model is None:
        return False
    names = [u.name for u in model.equations]
    rows = np.flatnonzero(np.abs(form.w) > _SHARE * np.abs(form.w).max()).tolist()
    moving = np.flatnonzero(np.abs(form.v) > _SHARE * np.abs(form.v).max()).tolist()
    unknowns = [model.unknowns[i].name for i in moving]
    return all(i < len(names) for i in rows) and set(unknowns) <= {names[i] for i in rows}
