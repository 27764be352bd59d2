"""Every state that theory allows, and in which of them a trajectory of a finite network is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.errors import MeanfieldError, NoSolution, ParameterError
from meanfield.model import Model
from meanfield.model.conditional import holding, unconditional
from meanfield.model.exchange import is_symmetry
from meanfield.model.phases import joined
from meanfield.networks import Numbers
from meanfield.simulate.averages import Measured
from meanfield.simulate.summary import at_rest
from meanfield.simulate.verification.quantities import numbered
from meanfield.solve import solve
from meanfield.solve.symmetries import model_at

__all__ = ["State", "Where", "classify", "states_of", "target_of"]

Array = Any

_TOLD = ("kappa", "mu", "Delta_0", "Delta_inf", "complexity")
_ENDS = ("", *(f"_{k}" for k in range(1, 10)))  # of names: of the only population, or of one of several
_SAME = 1e-6  # relative: values of symmetric partners


@dataclass(frozen=True)
class State:
    """A solution of the equations. label: in words. values: of all unknowns, definitions and observables. fluctuates: in time
    without noise. attracts: physical and stable, as far as the model says. solution: what ``solve`` returned."""

    label: str
    values: Mapping[str, float]
    fluctuates: bool
    attracts: bool
    solution: Any
    model: Model


@dataclass(frozen=True)
class Where:
    """Trajectories of one network: those in the state to be verified, with a sign -1 where mirrored; the others in words."""

    inside: Array
    signs: Array
    words: tuple[str, ...]


def states_of(model: Model, parameters: Mapping[str, Any]) -> list[State]:
    """All solutions of the model, then those of the phases that it joins (stationary beside chaotic)."""

    found: list[State] = []
    seen: set[str] = set()
    for phase in (model, *(phase for _, phase in joined(model))):
        if phase.name in seen and phase.name:
            continue
        seen.add(phase.name)
        try:
            solutions = solve(phase, find="all", **parameters)
        except (NoSolution, ParameterError):
            if phase is model:
                raise
            continue
        found += [_state(phase, s) for s in solutions]
    return found


def _state(model: Model, solution: Any) -> State:
    values: dict[str, float] = {}
    for name in (*(s.name for s in model.public_unknowns), *(s.name for s in model.definitions), *model.observables):
        try:
            values[name] = values[numbered(model, name)] = float(np.real(solution[name]))
        except (MeanfieldError, TypeError):
            continue
    fluctuates = model.motion is not None or values.get("Delta_inf", np.inf) < values.get("Delta_0", -np.inf)
    attracts = solution.physical is not False and solution.stable is not False
    told = {n: v for n, v in values.items() if n in _TOLD or n.startswith(("mu_", "Delta_0_"))}
    label = f"{model.name or model.title}: " + ", ".join(f"{n} = {v:.4g}" for n, v in told.items())
    return State(label, values, fluctuates, attracts, solution, model)


def target_of(model: Model, parameters: Mapping[str, Any], states: Sequence[State], number: int | None) -> State:
    """The state to be verified: the one that ``solve`` prefers, or number ``number`` of all solutions of the model.

    Raises `NoSolution` if the model has none and `ParameterError` if it has fewer.
    """

    own = [s for s in states if s.model is model]
    if not own:
        why = solve(model, find="all", **parameters).why.removeprefix("no solution: ")
        where = f"{model.name or model.title} has no solution at these parameters, so there is nothing to verify"
        raise NoSolution(f"{where}: {why}" if why else where)
    if number is not None:
        if not isinstance(number, int | np.integer) or not 0 <= number < len(own):
            raise ParameterError(f"state must be from 0 to {len(own) - 1}, the solutions of find='all'; got {number!r}")
        return own[number]
    chosen = _state(model, solve(model, find="one", **parameters))
    return min(own, key=lambda s: _distance(s.values, chosen.values))


def _distance(a: Mapping[str, float], b: Mapping[str, float], least: float = 0.0) -> float:
    """least: the smallest <x^2> that counts as a size."""
    total = 0.0
    for end in _ENDS:
        scale = max(abs(a.get(f"Delta_0{end}", 1.0)), abs(b.get(f"Delta_0{end}", 1.0)), least, 1e-12)
        kappa = max(abs(a.get(f"kappa{end}", 0.0)), abs(b.get(f"kappa{end}", 0.0)), np.sqrt(least), 1e-12)
        sizes = {f"mu{end}": np.sqrt(scale), f"kappa{end}": kappa, f"Delta_0{end}": scale}
        total += sum(((a[n] - b[n]) / sizes[n]) ** 2 for n in sizes if n in a and n in b)
    return float(total)


def classify(m: Measured, numbers: Numbers, target: State, states: Sequence[State], least: float = 0.0) -> Where:
    """Compare each trajectory with all states; it is in the nearest one that moves, or rests, as it does itself. least: the <x^2>
    of the start where the state to be verified is x = 0; what is much smaller is nothing."""
    B = m.speed.shape[0]
    if m.diverged:
        return Where(np.zeros(B, bool), np.ones(B), ("ran away",) * B)
    noisy = numbers.sigma_squared > 0
    rest = at_rest(m, least)
    symmetric = _mirrors(target)
    inside, signs, words = np.zeros(B, bool), np.ones(B), []
    for b in range(B):
        values: dict[str, float] = {}
        for k, (mean, square) in enumerate(zip(m.mean[:, b], m.mean_square[:, b], strict=True)):
            end = f"_{k + 1}" if len(m.mean) > 1 else ""
            values |= {f"mu{end}": mean, f"Delta_0{end}": square - mean**2}
        if len(m.kappa):
            values["kappa"] = m.kappa[0, b]
        alike = [s for s in states if (s.attracts or s is target) and (noisy or s.fluctuates != rest[b])]
        if not noisy and target.fluctuates == rest[b]:
            words.append("at rest, where the theory fluctuates" if rest[b] else "moving, where the theory is at rest")
            continue
        nearest = min([target, *alike], key=lambda s: _distance(s.values, values, least))
        if nearest is target:
            inside[b] = True
            words.append("in the state")
        elif symmetric and _is_mirror(nearest, target):
            inside[b], signs[b] = True, -1.0
            words.append("in its mirror image")
        else:
            words.append(f"in another state ({nearest.label})")
    return Where(inside, signs, tuple(words))


def _mirrors(target: State) -> bool:
    """Whether the model has the symmetry x -> -x: mu changes its sign, and kappa with it."""
    model = model_at(target.model, target.solution.p)
    return any(is_symmetry(model, s) for s in unconditional(model)) or any(is_symmetry(model, c) for c in holding(model))


def _is_mirror(a: State, b: State) -> bool:
    if a.model is not b.model:
        return False
    odd, even = ([f"{name}{end}" for name in names for end in _ENDS] for names in (("mu", "kappa"), ("Delta_0", "Delta_inf")))
    pairs = [(a.values[n], -b.values[n]) for n in odd if n in a.values] + [
        (a.values[n], b.values[n]) for n in even if n in a.values
    ]
    return all(abs(p - q) <= _SAME * (1 + abs(q)) for p, q in pairs)


def counted(wheres: Sequence[Where]) -> dict[str, int]:
    """Trajectories by what is said of them."""
    return dict(Counter(words for w in wheres for words in w.words).most_common())
