"""The Kac-Rice theory beside the fixed points of networks: their number, and averages over them, extrapolated to infinite size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.networks import Numbers
from meanfield.progress import Progress
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.fixed_points.search import search_cost
from meanfield.simulate.fixed_points.workers import available_cores, in_order
from meanfield.simulate.kac_rice import ANNEALED, COMPLETE, QUANTITIES, Beside, beside_tallies
from meanfield.simulate.many_networks import draw, find_in, system_of
from meanfield.simulate.planted import BLOCK, beside_searched, check_effective, effective_samples, planted_block
from meanfield.simulate.proposal import Proposal
from meanfield.simulate.tally import SHARES, Tally, completeness, tally
from meanfield.simulate.verification.fit import Limit
from meanfield.simulate.verification.plan import Plan, checked_whole, chosen
from meanfield.simulate.verification.record import Comparison, Verification
from meanfield.simulate.verification.saved import Saved
from meanfield.simulate.verification.states import states_of, target_of

__all__ = ["counts_fixed_points", "verify_counts"]

_DEFAULTS = {"starts": 4096, "until": 0.02, "seed": 0, "workers": None, "planted": False, "guided": None}
_FEWEST = 2  # networks with fixed points of each size without which their number has no error
_SAMPLES = 4096  # planted networks of each size that lead the searched ones to infinity
_BEYOND = (1.3, 1.8)  # their sizes beyond the largest that is searched
_FREED = "; sizes are extrapolated without what fluctuations from one fixed point to the next add to them"
_GUIDED = "; averages are extrapolated along networks with planted fixed points, which equal them at each size but for errors"
_WORTH_PROCESSES = 10.0  # seconds


def counts_fixed_points(model: Model) -> bool:
    """Whether the model's theory is about all fixed points of a network: it has a complexity."""
    return "complexity" in model.observables


def verify_counts(plan: Plan, shown: Progress) -> Verification:
    """Find the fixed points of the networks, pool them and compare."""
    settings = _settings(plan)
    names = list(chosen({n: n for n in QUANTITIES}, QUANTITIES if plan.quantities is None else plan.quantities))
    states = states_of(plan.model, plan.theory)
    target = target_of(plan.model, plan.theory, states, plan.state)
    planted = bool(settings["planted"])
    if not planted:
        system_of(draw(plan.numbers, plan.sizes[0], settings["seed"], 0))  # what cannot be searched is refused before work begins
    saved = Saved(plan.save, plan.words({k: v for k, v in settings.items() if k not in ("workers", "guided")}))
    finite = FiniteSize.of(target.solution)
    guides = _guides(plan, settings, finite)
    many = sum(plan.counts) + sum(guides.values())
    shown.start(many, "networks with a fixed point planted" if planted else "networks searched for fixed points")
    source: Any = Proposal.of(target.solution) if planted else plan.numbers
    tallies = {
        n: (_plant if planted else _search)(source, n, k, settings, shown, saved)
        for n, k in zip(plan.sizes, plan.counts, strict=True)
    }
    common: dict[str, Any] = {
        "model": plan.model.name or plan.model.title,
        "parameters": plan.numbers.parameters,
        "state": target.label,
        "others": [s.label for s in states if s is not target],
        "neurons": plan.sizes,
        "networks": plan.counts,
        "used": [sum(t.count > 0 for t in tallies[n]) for n in plan.sizes],
        "counts": [(_counted if planted else _found)(tallies[n]) for n in plan.sizes],
        "counted": "fixed points",
    }
    if min(common["used"]) < _FEWEST:
        why = f"too few networks have fixed points (x = 0 aside): {common['used']} of {plan.counts}; take more, or larger ones"
        return Verification(**common, comparisons=[], skipped=[], settings=_shown(settings, guides), why=why)
    if settings["guided"] is None and min(float(completeness(t).value) for t in tallies.values()) < COMPLETE:
        guides = {}  # nothing will be compared
    if guides:
        guide, settings["guided"] = Proposal.of(target.solution), settings["guided"] or True
        leading = {n: _plant(guide, n, k, settings, shown, saved, "planted, ") for n, k in guides.items()}
        found = beside_searched(tallies, leading, target.solution, finite)
    else:
        found = beside_tallies(tallies, target.solution, finite)
    rows = {row.quantity: row for row in found}
    added = rows["complexity"].added.values()
    every = [*(s.name for s in plan.model.public_unknowns), *plan.model.observables]
    return Verification(
        **common,
        comparisons=[_comparison(rows[name], sum(plan.counts) - len(plan.sizes)) for name in names],
        skipped=[n for n in every if n not in names],
        settings=_shown(settings, guides),
        note=ANNEALED + (_FREED if any(added) and np.isfinite([*added]).all() else "") + (_GUIDED if guides else ""),
    )


def _settings(plan: Plan) -> dict[str, Any]:
    for name in plan.settings:
        if name not in _DEFAULTS:
            raise ParameterError(
                f"{plan.model.name or plan.model.title} is about fixed points, which are searched for; "
                f"there is no setting {name!r}, only {', '.join(_DEFAULTS)}"
            )
    found = {**_DEFAULTS, **plan.settings}
    for name, least in (("seed", 0), ("starts", 1), ("workers", 1)):
        if not (name == "workers" and found[name] is None):
            checked_whole(name, found[name], least)
    if not isinstance(found["planted"], bool):
        raise ParameterError(f"planted must be True or False, got {found['planted']!r}")
    if not (found["until"] is None or (isinstance(found["until"], int | float) and found["until"] >= 0)):
        raise ParameterError(f"until must be None or a share of the fixed points that may be missing, got {found['until']!r}")
    return found


def _shown(settings: dict[str, Any], guides: Mapping[int, int]) -> dict[str, Any]:
    """The settings that say what was done."""
    shown = ["planted", "seed"] if settings["planted"] else ["starts", "until", "seed", *(["guided"] if guides else [])]
    return {k: settings[k] for k in shown}


def _guides(plan: Plan, settings: dict[str, Any], finite: FiniteSize | None) -> dict[int, int]:
    """Sizes and numbers of the planted networks that lead searched ones to infinity; none where the theory is another than
    kac-rice, if that is not wanted, or where nothing will be compared, because networks are too small to say anything."""
    samples = settings["guided"]
    if samples is None:
        known = finite is not None and all(np.isfinite(finite.added("complexity", n)) for n in plan.sizes)
        samples = not settings["planted"] and known
    if not samples:
        return {}
    if settings["planted"]:
        raise ParameterError("guided=True takes planted networks beside searched ones; with planted=True nothing is searched")
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise ParameterError(f"guided must be True, False or a number of planted networks of each size, got {samples!r}")
    larger = [round(f * plan.sizes[-1]) for f in _BEYOND]
    return dict.fromkeys([*plan.sizes, *larger], _SAMPLES if samples is True else int(samples))


def _search(numbers: Numbers, neurons: int, networks: int, settings: dict[str, Any], shown: Progress, saved: Saved) -> list[Tally]:
    """Tallies of the networks of one size, those that are missing being searched."""
    group = f"N = {neurons}"
    found = {k: Tally.from_record(r) for k, r in saved.of(group).items() if k < networks}
    shown.advance(len(found))
    missing = [k for k in range(networks) if k not in found]
    workers = settings["workers"]
    if workers is None:
        worth = search_cost(neurons, settings["starts"]) * len(missing) > _WORTH_PROCESSES
        workers = available_cores() if worth else 1
    shared = (numbers, neurons, settings["starts"], settings["until"], settings["seed"])
    for k, one in zip(missing, in_order(_tally, shared, missing, workers=workers)):
        saved.append(group, k, one.record())
        found[k] = one
        shown.advance()
    return [found[k] for k in sorted(found)]


def _plant(
    proposal: Proposal, neurons: int, networks: int, settings: dict[str, Any], shown: Progress, saved: Saved, which: str = ""
) -> list[Tally]:
    """Tallies of so many networks with a fixed point planted, those that are missing being drawn, a block at a time."""
    group = f"{which}N = {neurons}"
    found = {k: Tally.from_record(r) for k, r in saved.of(group).items() if k < networks}
    shown.advance(len(found))
    missing = sorted({k // BLOCK for k in range(networks) if k not in found})
    shared, workers = (proposal, neurons, settings["seed"]), settings["workers"] or available_cores()
    for block, tallies in zip(missing, in_order(planted_block, shared, missing, workers=workers)):
        for k, one in enumerate(tallies, block * BLOCK):
            if k < networks and k not in found:
                saved.append(group, k, one.record())
                found[k] = one
                shown.advance()
    tallies = [found[k] for k in sorted(found)]
    check_effective(tallies)
    return tallies


def _tally(numbers: Numbers, neurons: int, starts: int, until: float | None, seed: int, index: int) -> Tally:
    return tally(find_in(numbers, neurons, starts, until, seed, None, index))


def _found(tallies: Sequence[Tally]) -> dict[str, int]:
    count, estimated = (sum(getattr(t, name) for t in tallies) for name in ("count", "estimated"))
    return {"found": int(count), "missing by Chao's estimate": round(estimated - count)}


def _counted(tallies: Sequence[Tally]) -> dict[str, int]:
    return {"planted": len(tallies), "of equal weight in effect": round(effective_samples(tallies))}


def _comparison(row: Beside, dof: int) -> Comparison:
    """The row of the table; networks are many, so their number less the sizes' will do for the degrees of freedom."""
    assert row.line is not None
    sizes = row.sizes.values()
    curvature = float(np.sqrt(row.line.chi_squared / row.line.degrees)) if row.line.degrees else float("nan")
    limit = Limit(
        row.line.intercept,
        row.line.intercept_error,
        row.line.slope,
        dof,
        curvature,
        tuple(float(p.value) for p in sizes),
        tuple(float(p.error) for p in sizes),
        tuple(row.added.values()),
    )
    missed = float(np.hypot(row.extrapolation, _impossible(row.quantity, row.line.intercept)))
    return Comparison(row.quantity, row.theory, row.theory_error, limit, 0.0, missed, abs(row.theory) or 1.0, row.doubt)


def _impossible(quantity: str, limit: float) -> float:
    """How far a limit is beyond what the quantity can be: so much at least a line in 1/N misses.

    Shares lie between 0 and 1, and a network has one fixed point at least. Where the limit is 0, what a finite network adds falls
    exponentially in N, by no line (eigenvalues outside the unit circle when the bulk lies inside, say).
    """
    high = 1.0 if quantity in SHARES else np.inf
    return max(0.0, -limit, limit - high) if quantity in (*SHARES, "complexity") else 0.0
