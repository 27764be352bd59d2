"""`verify`: theory beside finite networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.networks import Numbers, bind_model
from meanfield.progress import Progress, ProgressOption, reporting
from meanfield.simulate.estimates import estimates
from meanfield.simulate.run import Simulation, check_memory, run
from meanfield.simulate.settings import Settings, Start, default_step
from meanfield.simulate.verification.fit import extrapolated
from meanfield.simulate.verification.quantities import in_time, measured_names, natural_scale, value_of
from meanfield.simulate.verification.record import Comparison, Verification
from meanfield.simulate.verification.states import State, Where, classify, counted, states_of, target_of

__all__ = ["verify"]

Array = Any

_ROUNDING = {"float32": 2e-5, "float64": 1e-10}  # of averages (states at rest count as such within this), as shares
_ENOUGH = 10  # networks that are run again with a coarser step
_LEAST = 3  # networks of each size without which no error can be estimated


def verify(
    model: Model,
    *,
    neurons: Sequence[int] = (250, 500, 1000),
    networks: int | Sequence[int] = 12,
    state: int | None = None,
    quantities: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: ProgressOption = None,
    **parameters: Any,
) -> Verification:
    """Compare a state of ``model`` with networks of its `Network`, quantity by quantity, extrapolated to infinite size.

    neurons: at least three sizes. networks: of each size; one number is that of the largest, smaller ones get as many more as
    they have fewer neurons (they fluctuate more and cost less). state: which solution (of ``find="all"``); default: the one that
    ``solve`` prefers. quantities: only these (default: all but Delta_T, the difference of two others). settings: fields of
    `Settings`; here trajectories = 2, time = 60, transient = 40, precision float32 and orthogonal couplings unless given;
    with lags, ``Delta(tau)`` is compared too, with lyapunov=True the exponent, if the model has an equation of motion.
    parameters: one value each.

    Trajectories start near the state. Those that a finite network does not keep there (it may be on the other side of a boundary)
    are counted and left out; mirror images count as the state. What a finite step does to the averages is measured by repeating
    the smallest networks with a coarser one.
    Raises `ModelError` for a model without a network, `NoSolution` where there is nothing to verify, and `ParameterError`.
    """
    sizes, counts = _plan(neurons, networks)
    numbers = bind_model(model, **parameters)
    given = dict(settings or {})
    model = in_time(model, given.get("lags", ()), bool(given.get("lyapunov")))
    known = {s.name for s in model.parameters} | set(model.prepare.accepts if model.prepare else ())
    theory = {name: v for name, v in parameters.items() if name in known}
    states = states_of(model, theory)
    target = target_of(model, theory, states, state)
    base = _settings(numbers, target, sizes, given)
    with reporting(progress) as shown:
        runs = [_run(model, numbers, replace(base, neurons=n), k, shown) for n, k in zip(sizes, counts, strict=True)]
        coarse = _coarse(model, numbers, runs[0], shown)
    places = [[classify(m, numbers, target, states) for m in r.measured.values()] for r in runs]
    rows = [_rows(r, w) for r, w in zip(runs, places, strict=True)]
    common: dict[str, Any] = {
        "model": model.name or model.title,
        "parameters": numbers.parameters,
        "state": target.label,
        "others": [s.label for s in states if s is not target],
        "neurons": sizes,
        "networks": counts,
        "used": [len(r) for r in rows],
        "counts": [counted(w) for w in places],
        "settings": {name: getattr(base, name) for name in ("trajectories", "time", "transient", "precision", "seed", "orthogonal")}
        | {"step": base.step},
    }
    if min(len(r) for r in rows) < _LEAST:
        why = f"too few networks are in the state: {[len(r) for r in rows]} of {list(counts)}"
        return Verification(**common, comparisons=[], skipped=[], why=why)
    names = measured_names(model, set(rows[0][0]))
    names = _chosen(names, quantities) if quantities is not None else _independent(names)
    step = _step_effect(runs[0], places[0], coarse, target, states)
    compared = [_compare(target, label, name, sizes, rows, numbers, step, base.precision) for label, name in names.items()]
    every = [*(s.name for s in model.public_unknowns), *model.observables]
    return Verification(**common, comparisons=compared, skipped=[n for n in every if n not in names])


def _plan(neurons: Sequence[int], networks: int | Sequence[int]) -> tuple[list[int], list[int]]:
    sizes = sorted({int(n) for n in neurons})
    if len(sizes) < 3:
        raise ParameterError(f"extrapolation in 1/N needs at least three different sizes, got {list(neurons)}")
    counts = [int(np.ceil(networks * sizes[-1] / n)) for n in sizes] if isinstance(networks, int) else [int(k) for k in networks]
    if len(counts) != len(sizes) or min(counts) < _LEAST:
        raise ParameterError(f"networks must be one number, or one for each size, at least {_LEAST}; got {networks}")
    return sizes, counts


def _settings(numbers: Numbers, target: State, sizes: Sequence[int], given: Mapping[str, Any]) -> Settings:
    values = target.values
    kappa = tuple(values[k] for k in values if k == "kappa" or (k.startswith("kappa_") and k[6:].isdigit()))
    start = Start(values.get("mu", 0.0), max(values.get("Delta_0", 1.0), 0.0), kappa)
    chosen: dict[str, Any] = {"trajectories": 2, "time": 60.0, "transient": 40.0, "precision": "float32", "orthogonal": True}
    chosen |= {"start": start, **given}
    if chosen.get("dt") is None:
        chosen["dt"] = default_step(numbers)
    return Settings(neurons=sizes[0], **chosen)


def _run(model: Model, numbers: Numbers, settings: Settings, networks: int, progress: Progress) -> Simulation:
    check_memory(numbers, settings)
    result = run(Simulation(numbers, settings, networks, {}, model.name), progress)
    if not result.complete:
        raise KeyboardInterrupt
    return result


def _rows(result: Simulation, places: Sequence[Where]) -> list[dict[str, float]]:
    """The estimates of each network that is in the state, from the trajectories that are."""
    return [
        estimates(m, result.numbers, result.settings, np.flatnonzero(w.inside), w.signs)
        for m, w in zip(result.measured.values(), places, strict=True)
        if w.inside.any()
    ]


def _coarse(model: Model, numbers: Numbers, fine: Simulation, progress: Progress) -> Simulation | None:
    """The smallest networks again with a coarser step; None where nothing moves, so that no step matters."""
    if all(bool((m.speed < 1e-4).all()) for m in fine.measured.values()):
        return None
    factor = 4 if numbers.sigma_squared > 0 else 2
    settings = replace(fine.settings, dt=factor * fine.settings.step)
    if settings.step <= 1.5 * fine.settings.step:
        settings = replace(settings, interval=factor * fine.settings.interval)
    return _run(model, numbers, settings, min(fine.networks, _ENOUGH), progress)


def _step_effect(
    fine: Simulation, places: Sequence[Where], coarse: Simulation | None, target: State, states: Sequence[State]
) -> dict[str, tuple[float, float]]:
    """``{name: (what the fine step adds, standard error)}`` by Richardson's rule: errors go with the order's power of the step.

    The networks are the same, so what differs between them drops out of the difference.
    """
    if coarse is None:
        return {}
    order = 2 if fine.numbers.sigma_squared > 0 else 4
    less = (coarse.settings.step / fine.settings.step) ** order - 1
    differences = []
    for (k, other), w in zip(coarse.measured.items(), places):
        m = fine.measured[k]
        there = classify(other, fine.numbers, target, states)
        if w.inside.any() and there.inside.any():
            a = estimates(m, fine.numbers, fine.settings, np.flatnonzero(w.inside), w.signs)
            b = estimates(other, coarse.numbers, coarse.settings, np.flatnonzero(there.inside), there.signs)
            differences.append({name: b[name] - a[name] for name in a})
    if len(differences) < _LEAST:
        return {}
    table = {name: np.array([d[name] for d in differences]) / less for name in differences[0]}
    return {name: (float(v.mean()), float(v.std(ddof=1) / np.sqrt(len(v)))) for name, v in table.items()}


def _independent(names: dict[str, str]) -> dict[str, str]:
    """Without differences of others, whose errors are shares of a small number."""
    return {n: v for n, v in names.items() if not (v == "Delta_T" and {"Delta_0", "Delta_inf"} <= set(names.values()))}


def _chosen(names: dict[str, str], wanted: Sequence[str]) -> dict[str, str]:
    for name in wanted:
        if name not in names:
            raise ParameterError(f"networks do not show {name!r}; they show {', '.join(names)}")
    return {name: names[name] for name in wanted}


def _compare(
    target: State,
    label: str,
    name: str,
    sizes: Sequence[int],
    rows: Sequence[Sequence[Mapping[str, float]]],
    numbers: Numbers,
    step: Mapping[str, tuple[float, float]],
    precision: str,
) -> Comparison:
    theory, error = float(target.values[label]), float(target.solution.error[label])
    values = [np.array([value_of(row, name) for row in group]) for group in rows]
    means = {k: float(np.mean([row[k] for row in rows[-1]])) for k in rows[-1][0]}
    exact_zero = 0.0 if abs(theory) <= error + 1e-12 else theory
    scale = natural_scale(name, exact_zero, numbers, means)
    effect, effect_error = step.get("bulk_radius" if name == "bulk_radius_squared" else name, (0.0, 0.0))
    if name == "bulk_radius_squared":
        effect, effect_error = (2 * means["bulk_radius"] * e for e in (effect, effect_error))
    effect_error = float(np.hypot(effect_error, _ROUNDING[precision] * scale))
    return Comparison(label, theory, error, extrapolated(sizes, values), effect, effect_error, scale)
