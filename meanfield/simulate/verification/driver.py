"""`verify`: theory beside finite networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meanfield.model import Model
from meanfield.networks import bind_model
from meanfield.progress import ProgressOption, reporting
from meanfield.simulate.verification.counting import counts_fixed_points, verify_counts
from meanfield.simulate.verification.plan import Plan, sizes_and_counts
from meanfield.simulate.verification.record import Verification
from meanfield.simulate.verification.running import verify_running

__all__ = ["verify"]

_RUNNING = ((250, 500, 1000), 12)  # sizes, and networks of the largest
_COUNTING = ((40, 60, 80, 100), 100)
_PLANTED = ((100, 180, 250, 400), 1024)


def verify(
    model: Model,
    *,
    neurons: Sequence[int] | None = None,
    networks: int | Sequence[int] | None = None,
    state: int | None = None,
    quantities: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    save: str | Path | None = None,
    progress: ProgressOption = None,
    **parameters: Any,
) -> Verification:
    """Compare a state of ``model`` with networks of its `Network`, quantity by quantity, extrapolated to infinite size.

    neurons: at least three sizes (default: 250, 500, 1000; for fixed points 40, 60, 80, 100). networks: of each size; one number
    is that of the largest, smaller ones get as many more as they have fewer neurons (they fluctuate more and cost less; default
    12, for fixed points 100). state: which solution (of ``find="all"``); default: the one that ``solve`` prefers. quantities: only
    these (default: all but Delta_T, the difference of two others). parameters: one value each. save: a file in which finished
    networks are kept; after an interrupt (Ctrl-C, a crash) the same call goes on with them, and with larger numbers of networks
    too; the result is the same as without one.

    *Networks that run.* settings: fields of `Settings`; here trajectories = 2, time = 60, transient = 40, precision float32 and
    orthogonal couplings unless given; with lags, ``Delta(tau)`` is compared too, with lyapunov=True the exponent, if the model
    has an equation of motion. Trajectories start near the state (around x = 0 with a variance of 0.01, which errors are shares of
    there). Those that a finite network does not keep there (it may be on the other side of a boundary) are counted and left out;
    mirror images count as the state. What a finite step does to the averages is measured by repeating the smallest networks with
    a coarser one.

    *Fixed points* (models with a complexity: ``kac-rice``). settings: starts (4096 for each network), until (0.02), see
    `find_fixed_points`; seed, workers. The theory is annealed: networks count by their number of fixed points, errors are the
    jackknife's over networks. What fluctuations add at a finite size is taken away (`simulate.finite_size`); what is left is
    extrapolated along networks with planted fixed points (`simulate.planted.beside_searched`), 4096 of each size that is searched
    and of 1.3 and 1.8 times the largest, or with ``guided=number`` so many; with ``guided=False`` along a line in 1/N. How far
    the limit moves when the smallest size is left out is an error, too. Where more than 3 % of the fixed points are missing by
    Chao's estimate, nothing is planted and there is no z. With ``planted=True`` nothing is searched: 1024 networks of 400 neurons
    unless given, and more of 250, 180, 100, have a fixed point planted (`planted_fixed_points`); none is missed.

    Raises `ModelError` for a model without a network, `NoSolution` where there is nothing to verify, `ParameterError`, also for a
    ``save`` of another verification, and `FileFormatError` for another kind of file.
    """
    counting = counts_fixed_points(model)
    usual = _usual(settings or {}) if counting else _RUNNING
    sizes, counts = sizes_and_counts(usual[0] if neurons is None else neurons, usual[1] if networks is None else networks)
    numbers = bind_model(model, **parameters)
    known = {s.name for s in model.parameters} | set(model.prepare.accepts if model.prepare else ())
    theory = {name: v for name, v in parameters.items() if name in known}
    plan = Plan(model, numbers, theory, sizes, counts, state, quantities, dict(settings or {}), save)
    with reporting(progress) as shown:
        return (verify_counts if counting else verify_running)(plan, shown)


def _usual(settings: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
    """Sizes and numbers of networks whose fixed points are counted."""
    return _PLANTED if settings.get("planted") else _COUNTING
