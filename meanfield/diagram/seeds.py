"""From events on lines to conditions in the plane: which equations a boundary obeys, and a point of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from meanfield.conditions import fix_parameters, hopf, indicator_zero, singular
from meanfield.conditions.singular import weights
from meanfield.conditions.subspace import restricted
from meanfield.conditions.transversal import transversal
from meanfield.continuation.branch import Branch
from meanfield.continuation.event import Event
from meanfield.continuation.report import breaks_symmetry, exact
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.phases import among, joined
from meanfield.solve.problem import Array

_FLAT = 1e-10  # an unknown smaller than this all along a branch is zero on it
_SAME = 1e-7
_WALKED = 1e-9  # scaled: how well the points of a walk are known
_PART = 1e-5  # of a null vector: components below this share do not belong to it
_NONE = ("window", "junction")  # what is no boundary
BRANCHINGS = ("fold", "pitchfork", "transcritical", "branch point")  # boundaries that are told by what branches do there


def edge(unknown: str) -> str:
    """What the boundary is called at which an unknown leaves its domain."""
    return f"{unknown} = 0"


@dataclass(frozen=True)
class Condition:
    """What vanishes on a boundary: ``kind`` "indicator", "expression", "fold", "hopf", "transversal", "edge" or "accept", ``name``
    of the indicator or expression, of the unknown, or the sentence of the condition without which a root is no solution.

    zero: unknowns that are 0 on the branch; critical: those in which a transversal condition is singular; label: what the
    boundary is called; own: an expression of the user's.
    """

    model: Model
    kind: str
    name: str
    zero: tuple[str, ...]
    critical: tuple[str, ...]
    label: str
    own: sp.Expr | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Conditions with the same key are the same equations."""
        return id(self.model), self.kind, self.name, self.zero, self.critical, self.own

    @property
    def expr(self) -> sp.Expr:
        """What vanishes, for the kinds of which the model itself says it."""
        if self.own is not None:
            return self.own
        if self.kind == "edge":
            return next(u for u in self.model.unknowns if u.name == self.name)
        return (self.model.accept if self.kind == "accept" else self.model.indicators)[self.name]

    def rewritten(self, free: str, computed: Mapping[sp.Symbol, sp.Expr]) -> Model:
        """The model of the boundary, with the parameter ``free`` as an unknown. computed: parameters that are functions of those
        of the plane. Raises `ModelError` if there is none."""
        bare = _bare(self.model)
        if computed:
            bare = fix_parameters(replace(bare, prepare=None), computed)
        values: dict[sp.Symbol, sp.Expr] = {u: sp.S.Zero for u in bare.unknowns if u.name in self.zero}
        if self.kind == "transversal":
            return transversal(bare, values, [u for u in bare.unknowns if u.name in self.critical], free=free)
        if self.kind == "fold":  # which of the signs of the null vector counts does not matter along a curve
            return replace(singular(restricted(bare, values) if values else bare, free=free), accept={})
        if self.kind == "hopf":  # nor do those of the eigenvector; omega and -omega are images of one another
            return replace(hopf(bare, free=free), accept={})
        out = indicator_zero(replace(bare, restrict={}), bare.resolve(self.expr), free)
        return restricted(out, values) if values else out


@dataclass(frozen=True)
class Seed:
    """A point of a boundary: unknowns by name, working ones and those of a null vector or eigenvector, and the place in the plane.
    event: what happens there, as it was located."""

    condition: Condition
    unknowns: dict[str, float]
    place: tuple[float, float]
    event: Event

    def named(self) -> Condition:
        """The condition under the name that the exact normal form of the event gives it."""
        if self.condition.kind != "transversal":
            return self.condition
        kind = self.event.type if breaks_symmetry(self.event) else exact(self.event).type
        label = self.condition.label
        return replace(self.condition, label=kind if kind == "pitchfork" or label == self.event.type else label)


def seeds(names: tuple[str, str], branches: Iterable[Branch], models: Sequence[Model]) -> list[Seed]:
    """Seeds of all boundaries that the branches cross, without those of states that are not physical on either side.

    names: of the two parameters of the plane. models: all of the diagram, of which one may tell a boundary for another.
    """
    found = []
    for branch in branches:
        zero = _zero(branch)
        events = [e for e in branch.sketch if e.sharp and e.type not in _NONE]
        for event in events:
            condition = _condition(branch, event, zero, events, models)
            if condition is not None and _matters(branch, event):
                found.append(_seed(event, branch, condition, names))
    return found


def seed_of(event: Event, names: tuple[str, str]) -> Seed:
    """The seed of the boundary that one event lies on. Raises `ParameterError` if it lies on none that is traced."""
    branch = event.branch
    condition = None
    if branch is not None and branch.model is not None and event.sharp and event.type not in _NONE:
        condition = _condition(branch, event, _zero(branch), [event], ())
    if branch is None or condition is None:
        what = event.type if event.name in ("", event.type) else f"{event.type} {event.name}"
        why = "" if event.sharp else ", and only bracketed"
        raise ParameterError(f"this event ({what}{why}) is no boundary that can be traced from here; take another one")
    return _seed(event, branch, condition, names)


def _seed(event: Event, branch: Branch, condition: Condition, names: tuple[str, str]) -> Seed:
    lower = branch.subject.curve.lower[:-1]
    unknowns = dict(zip(branch.subject.curve.problem.names, np.maximum(event.u[:-1], lower).tolist(), strict=True))
    at = {**held_parameters(branch), **event.at}
    return Seed(condition, {**unknowns, **_vectors(event, branch)}, (at[names[0]], at[names[1]]), event)


def _vectors(event: Event, branch: Branch) -> dict[str, float]:
    """The null vector of a fold, or the eigenvector and frequency of a Hopf point, by the names that they have as unknowns."""
    names = branch.subject.curve.problem.names
    if event.type == "fold":
        return {f"v_{name}": float(v) for name, v in zip(names, _null(branch, event), strict=True)}
    if event.type != "hopf" or branch.subject.matrix is None:
        return {}
    values, vectors = np.linalg.eig(branch.subject.matrix(event.u[None], branch.base[None])[0])
    pair = int(np.where(values.imag > 0, np.abs(values.real), np.inf).argmin())
    z = vectors[:, pair] / np.linalg.norm(vectors[:, pair])
    phase = z @ weights(len(z))
    z = z * np.conj(phase) / abs(phase)
    parts = {
        f"{letter}_{name}": float(v) for letter, part in (("c", z.real), ("s", z.imag)) for name, v in zip(names, part, strict=True)
    }
    return {**parts, "omega": float(values[pair].imag)}


def held_parameters(branch: Branch) -> dict[str, float]:
    """The parameters that stay along a branch, by name."""
    path, names = branch.subject.curve.path, branch.subject.curve.problem.parameter_names
    return {name: float(value) for i, (name, value) in enumerate(zip(names, branch.base, strict=True)) if i not in path.index}


def _zero(branch: Branch) -> tuple[str, ...]:
    u = branch._raw[0]
    names = branch.subject.curve.problem.names
    return tuple(name for i, name in enumerate(names) if np.abs(u[:, i]).max() <= _FLAT)


def _condition(
    branch: Branch, event: Event, zero: tuple[str, ...], events: Sequence[Event], models: Sequence[Model]
) -> Condition | None:
    model: Any = branch.model
    here = [e for e in events if e is not event and _together(e, event)]
    if event.type == "fold":
        return Condition(model, "fold", "", zero, (), "fold")
    if event.type == "hopf":
        return Condition(model, "hopf", "", (), (), "hopf")
    if event.type in BRANCHINGS:
        critical = _critical(branch, event)
        if not critical or not set(critical) <= set(zero):
            return None  # seen from the branch that ends here: the one that goes through tells it
        also = [e.name for e in here if e.type == "indicator"]  # in an order that rounding decides
        label = next((name for name in (*model.indicators, *also) if name in also), event.type)
        return Condition(model, "transversal", "", zero, critical, label)
    if any(e.type in BRANCHINGS for e in here):
        return None  # the same boundary, told by what it does to branches
    if event.type == "indicator" and event.name in model.indicators:
        return Condition(model, "indicator", event.name, zero, (), event.name)
    own = _asked(event)
    if event.type == "indicator" and own is not None:
        return Condition(model, "expression", event.name, (), (), event.name, own)
    if event.type == "domain" and not _told_elsewhere(branch, event, models):
        return _leaving(model, event.name, zero)
    return None


def _asked(event: Event) -> sp.Expr | None:
    """What an event is a zero of."""
    question = event.located.bracket.question if event.located is not None else None
    return None if question is None else question.expr


def _leaving(model: Model, name: str, zero: tuple[str, ...]) -> Condition | None:
    """The boundary at which an unknown leaves its domain, or a root stops being a solution."""
    own = {u.name: u for u in model.unknowns}
    if name not in own and name not in model.accept:
        return None
    kind, label = ("edge", edge(name)) if name in own else ("accept", name)
    found = Condition(model, kind, name, zero, (), label)
    same = [n for n, e in model.indicators.items() if model.resolve(e) == model.resolve(found.expr)]
    return replace(found, kind="indicator", name=same[0], label=same[0]) if same else found


def _together(a: Event, b: Event) -> bool:
    near = all(abs(a.at[k] - b.at[k]) <= _SAME * max(1.0, abs(a.at[k])) + a.error[k] + b.error[k] for k in a.at)
    return near and abs(a.place - b.place) < 1.0


def _critical(branch: Branch, event: Event) -> tuple[str, ...]:
    """The unknowns in which the equations become singular."""
    names, null = branch.subject.curve.problem.names, np.abs(_null(branch, event))
    return tuple(name for name, v in zip(names, null, strict=True) if v > _PART * null.max())


def _null(branch: Branch, event: Event) -> Array:
    """The unit vector (n,) of the unknowns in which the equations become singular at an event, also on a symmetric partner."""
    _, jacobian = branch.subject.curve.fine.residual_jacobian(event.u[None], branch.base[None])
    return np.asarray(np.linalg.svd(np.nan_to_num(jacobian[0, :, :-1]))[2][-1])


def _told_elsewhere(branch: Branch, event: Event, models: Sequence[Model]) -> bool:
    """Whether the phase on the other side of a junction is in the diagram and has the same boundary, as one of its indicators."""
    model: Any = branch.model
    names = branch.subject.curve.names
    for _, phase in joined(model):
        back = [j for j in phase.junctions if among(j.phase, [model]) is not None]
        tells = any(e.free_symbols for e in phase.indicators.values())  # one that is 0 all over a phase tells nothing
        zero = event.name not in names or abs(float(event.u[names.index(event.name)])) < 1e-6
        if back and tells and zero and among(phase, models) is not None:
            return True
    return False


def _matters(branch: Branch, event: Event) -> bool:
    physical, (points, _, scale, _) = branch.subject.physical, branch._raw
    if physical is None:
        return True
    k = int(np.clip(np.floor(event.place), 0, len(points) - 1))
    near = slice(max(0, k - 1), k + 3)
    base = np.repeat(branch.base[None], len(points[near]), axis=0)
    return bool(np.any(physical(points[near], base, _WALKED * scale[near])))


def _bare(model: Model) -> Model:
    """The model without what a boundary does not need: rewriting and compiling it would cost more than solving."""
    return replace(model, observables={}, profiles={}, spectra={}, physical={}, stable=None, seeds=(), junctions=(), accept={})
