"""A state of the theory beside networks that run: averages over time, extrapolated to infinite size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from meanfield.model import Model
from meanfield.networks import Numbers
from meanfield.progress import Progress
from meanfield.simulate.averages import Measured
from meanfield.simulate.estimates import estimates
from meanfield.simulate.run import Simulation, check_memory, run
from meanfield.simulate.settings import Settings, Start, settings_of
from meanfield.simulate.verification.fit import extrapolated, selection_error
from meanfield.simulate.verification.origin import AROUND, LEFT, at_origin, check_start, sizes_of, told
from meanfield.simulate.verification.plan import LEAST, Plan, chosen
from meanfield.simulate.verification.quantities import in_time, measured_names, natural_scale, value_of
from meanfield.simulate.verification.record import Comparison, Verification
from meanfield.simulate.verification.saved import Saved
from meanfield.simulate.verification.states import State, Where, classify, counted, states_of, target_of

__all__ = ["verify_running"]

Array = Any

_ROUNDING = {"float32": 2e-5, "float64": 1e-10}  # of averages (states at rest count as such within this), as shares
_ENOUGH = 10  # networks that are run again with a coarser step


def verify_running(plan: Plan, shown: Progress) -> Verification:
    """Run networks near the state, leave out what a finite network does not keep there, and compare the averages."""
    numbers, given = plan.numbers, plan.settings
    model = in_time(plan.model, given.get("lags", ()), bool(given.get("lyapunov")))
    states = states_of(model, plan.theory)
    target = target_of(model, plan.theory, states, plan.state)
    base = _settings(numbers, target, plan.sizes, given)
    saved = Saved(plan.save, plan.words({f.name: getattr(base, f.name) for f in fields(base)}))
    runs = [_run(model, numbers, replace(base, neurons=n), k, shown, saved) for n, k in zip(plan.sizes, plan.counts, strict=True)]
    coarse = _coarse(model, numbers, runs[0], shown, saved)
    around = sizes_of(numbers, base.start) if at_origin(target) else None
    least = around["Delta_0"] if around else 0.0
    places = [[classify(m, numbers, target, states, least) for m in _in_order(r)] for r in runs]
    rows = [_rows(r, w) for r, w in zip(runs, places, strict=True)]
    left_out = [1 - float(np.mean([w.inside for w in group])) for group in places]
    common: dict[str, Any] = {
        "model": model.name or model.title,
        "parameters": numbers.parameters,
        "state": target.label,
        "others": [s.label for s in states if s is not target],
        "neurons": plan.sizes,
        "networks": plan.counts,
        "used": [len(r) for r in rows],
        "counts": [counted(w) for w in places],
        "settings": {name: getattr(base, name) for name in ("trajectories", "time", "transient", "precision", "seed", "orthogonal")}
        | {"step": base.step},
        "note": told(base.start) if around else "",
    }
    if min(len(r) for r in rows) < LEAST:
        why = f"too few networks are in the state: {[len(r) for r in rows]} of {list(plan.counts)}"
        return Verification(**common, comparisons=[], skipped=[], why=why)
    names = measured_names(model, set(rows[0][0]))
    names = chosen(names, plan.quantities) if plan.quantities is not None else _independent(names)
    if not names:
        why = f"networks show none of the model's quantities; what they show is called {', '.join(sorted(rows[0][0]))}"
        return Verification(**common, comparisons=[], skipped=[], why=why)
    step = _step_effect(runs[0], places[0], coarse, lambda m: classify(m, numbers, target, states, least))
    rounding = _ROUNDING[base.precision]
    compared = [
        _compare(target, label, name, plan.sizes, rows, left_out, numbers, step, rounding, around) for label, name in names.items()
    ]
    common["note"] = "; ".join(filter(None, [common["note"], _told(plan.sizes, left_out)]))
    every = [*(s.name for s in model.public_unknowns), *model.observables]
    return Verification(**common, comparisons=compared, skipped=[n for n in every if n not in names])


def _told(sizes: Sequence[int], left_out: Sequence[float]) -> str:
    """How many trajectories are left out, in words; empty if none are."""
    shares = ", ".join(f"{q:.0%} of N = {n}" for n, q in zip(sizes, left_out, strict=True) if q > 0)
    return f"trajectories left out: {shares}; what their choice may shift is part of the errors" if shares else ""


def _settings(numbers: Numbers, target: State, sizes: Sequence[int], given: Mapping[str, Any]) -> Settings:
    values, origin = target.values, at_origin(target)
    kappa = tuple(values[k] for k in values if k == "kappa" or (k.startswith("kappa_") and k[6:].isdigit()))
    start = Start(_common(values, "mu", 0.0), AROUND if origin else max(_common(values, "Delta_0", 1.0), 0.0), kappa)
    wanted: dict[str, Any] = {"trajectories": 2, "time": 60.0, "transient": 40.0, "precision": "float32", "orthogonal": True}
    wanted |= {"start": start, **given}
    found = settings_of(numbers, sizes[0], wanted)
    if origin:
        check_start(found.start)
    # Lags are multiples of the interval, which the coarser step must not outgrow.
    return replace(found, dt=found.interval / 2) if found.lags and found.stride == 1 and found.method == "fixed" else found


def _common(values: Mapping[str, float], name: str, default: float) -> float:
    """Of the only population, or the mean over several: trajectories start alike in all of them."""
    several = [v for n, v in values.items() if n.startswith(f"{name}_") and n[len(name) + 1 :].isdigit()]
    return values.get(name, float(np.mean(several)) if several else default)


def _run(model: Model, numbers: Numbers, settings: Settings, networks: int, progress: Progress, saved: Saved) -> Simulation:
    check_memory(numbers, settings)
    group = f"N = {settings.neurons}, dt = {settings.step:g}, interval = {settings.interval:g}"
    before = {k: _measured(r) for k, r in sorted(saved.of(group).items()) if k < networks}
    keep = lambda s: saved.append(group, *_latest(s))
    result = run(Simulation(numbers, settings, networks, before, model.name), progress, keep)
    if not result.complete:
        raise KeyboardInterrupt
    return result


def _latest(done: Simulation) -> tuple[int, dict[str, Any]]:
    """The network that was finished last, as arrays."""
    index = list(done.measured)[-1]
    return index, {f.name: getattr(done.measured[index], f.name) for f in fields(Measured)}


def _measured(record: Mapping[str, Any]) -> Measured:
    return Measured(**{f.name: bool(record[f.name]) if f.name == "diverged" else record[f.name] for f in fields(Measured)})


def _in_order(result: Simulation) -> list[Measured]:
    return [result.measured[k] for k in sorted(result.measured)]


def _rows(result: Simulation, places: Sequence[Where]) -> list[dict[str, float]]:
    """The estimates of each network that is in the state, from the trajectories that are."""
    return [
        estimates(m, result.numbers, result.settings, np.flatnonzero(w.inside), w.signs)
        for m, w in zip(_in_order(result), places, strict=True)
        if w.inside.any()
    ]


def _coarse(model: Model, numbers: Numbers, fine: Simulation, progress: Progress, saved: Saved) -> Simulation | None:
    """The smallest networks again with a coarser step; None where nothing moves, or the error of steps is controlled."""
    if fine.settings.method != "fixed" or all(bool((m.speed < 1e-4).all()) for m in fine.measured.values()):
        return None
    factor = 4 if numbers.sigma_squared > 0 else 2
    stride, interval = fine.settings.stride, fine.settings.interval
    settings = replace(fine.settings, dt=interval / max(stride // factor, 1))
    if stride == 1:
        settings = replace(settings, interval=factor * interval, dt=factor * interval)
    return _run(model, numbers, settings, min(fine.networks, _ENOUGH), progress, saved)


def _step_effect(
    fine: Simulation, places: Sequence[Where], coarse: Simulation | None, where: Callable[[Measured], Where]
) -> dict[str, tuple[float, float]]:
    """``{name: (what the fine step adds, standard error)}`` by Richardson's rule: errors go with the order's power of the step.

    The networks are the same, so what differs between them drops out of the difference.
    """
    if coarse is None:
        return {}
    order = 2 if fine.numbers.sigma_squared > 0 else 4
    less = (coarse.settings.step / fine.settings.step) ** order - 1
    differences = []
    for (k, other), w in zip(sorted(coarse.measured.items()), places):
        m = fine.measured[k]
        there = where(other)
        if w.inside.any() and there.inside.any():
            a = estimates(m, fine.numbers, fine.settings, np.flatnonzero(w.inside), w.signs)
            b = estimates(other, coarse.numbers, coarse.settings, np.flatnonzero(there.inside), there.signs)
            differences.append({name: b[name] - a[name] for name in a})
    if len(differences) < LEAST:
        return {}
    table = {name: np.array([d[name] for d in differences]) / less for name in differences[0]}
    return {name: (float(v.mean()), float(v.std(ddof=1) / np.sqrt(len(v)))) for name, v in table.items()}


def _independent(names: dict[str, str]) -> dict[str, str]:
    """Without differences of others, whose errors are shares of a small number."""
    return {n: v for n, v in names.items() if not (v == "Delta_T" and {"Delta_0", "Delta_inf"} <= set(names.values()))}


def _compare(
    target: State,
    label: str,
    name: str,
    sizes: Sequence[int],
    rows: Sequence[Sequence[Mapping[str, float]]],
    left_out: Sequence[float],
    numbers: Numbers,
    step: Mapping[str, tuple[float, float]],
    rounding: float,
    around: Mapping[str, float] | None,
) -> Comparison:
    """One quantity. left_out: shares of the trajectories of each size. rounding: as a share.
    around: sizes at the start (see `origin`), where the state is x = 0."""
    theory, error = float(target.values[label]), float(target.solution.error[label])
    values = [np.array([value_of(row, name) for row in group]) for group in rows]
    means = {k: float(np.mean([row[k] for row in rows[-1]])) for k in rows[-1][0]}
    exact_zero = abs(theory) <= error + 1e-12
    scale = natural_scale(name, 0.0 if exact_zero else theory, numbers, around or means)
    rounding = scale * (max(rounding, LEFT) if around and exact_zero else rounding)
    effect, effect_error = step.get("bulk_radius" if name == "bulk_radius_squared" else name, (0.0, 0.0))
    if name == "bulk_radius_squared":
        effect, effect_error = (2 * means["bulk_radius"] * e for e in (effect, effect_error))
    effect_error = float(np.linalg.norm([effect_error, rounding, selection_error(sizes, values, left_out)]))
    return Comparison(label, theory, error, extrapolated(sizes, values, rounding), effect, effect_error, scale)
