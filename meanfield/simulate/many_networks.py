"""Fixed points of networks drawn from a `Network`, or from that of a model, at one parameter point."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import ModelError, ParameterError
from meanfield.networks import Network, Numbers, bind, bind_model
from meanfield.progress import ProgressOption, reporting
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.fixed_points import FixedPoints, System, find_fixed_points
from meanfield.simulate.fixed_points.search import search_cost
from meanfield.simulate.fixed_points.workers import available_cores, in_order
from meanfield.simulate.sample import Sample, sample, streams
from meanfield.transfer.token import X

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["draw", "find_in", "sample_fixed_points", "system_of"]

_WORTH_PROCESSES = 10.0  # seconds


def sample_fixed_points(
    source: Model | Network,
    *,
    neurons: int,
    networks: int = 20,
    starts: int = 4096,
    until: float | None = 0.03,
    seed: int = 0,
    executor: Executor | None = None,
    workers: int | None = None,
    save: str | Path | None = None,
    progress: ProgressOption = None,
    **parameters: Any,
) -> Ensemble:
    """Find the fixed points of ``networks`` random networks of ``neurons`` neurons each.

    source: a model that has a network (``kac-rice``), or a `Network`; parameters: its values. starts, until: for each network, as
    in `find_fixed_points`. seed: network number k of this size is the same whenever the seed is. executor, workers: networks are
    shared out among processes as the starts are there. save: a folder with a netCDF file for each network, from which an
    interrupted call goes on. Raises `ParameterError` and `ModelError` where there is no such network, and for networks with
    noise or with another drift than -x.
    """
    if neurons < 1 or networks < 1:
        raise ParameterError(f"neurons and networks must be positive, got {neurons} and {networks}")
    numbers = bind(source, parameters) if isinstance(source, Network) else bind_model(source, **parameters)
    system_of(draw(numbers, neurons, seed, 0))  # what cannot be searched is refused before work begins
    folder = Path(save) if save is not None else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    if executor is None and workers is None and search_cost(neurons, starts) * networks < _WORTH_PROCESSES:
        workers = 1
    found = []
    with reporting(progress) as report:
        report.start(networks, f"fixed points of networks, N = {neurons}")
        shared = (numbers, neurons, starts, until, seed, folder)
        for one in in_order(find_in, shared, range(networks), executor, workers or available_cores()):
            found.append(one)
            report.advance()
    return Ensemble(tuple(found))


def find_in(
    numbers: Numbers, neurons: int, starts: int, until: float | None, seed: int, folder: Path | None, index: int
) -> FixedPoints:
    """The fixed points of network number ``index``, by this process; kept in a file of the folder, if there is one."""
    system = system_of(draw(numbers, neurons, seed, index))
    file = folder / f"network_{neurons}_{index:04d}.nc" if folder is not None else None
    return find_fixed_points(system.J, system.phi, input=system.input, starts=starts, seed=seed, until=until, workers=1, save=file)


def draw(numbers: Numbers, neurons: int, seed: int, index: int, fix_moments: bool = False) -> Sample:
    """Network ``index`` of this size: the one that `simulate` runs with the same seed and ``fix_moments``."""
    return sample(numbers, neurons, streams(seed, neurons, index).structure, fix_moments=fix_moments)


def system_of(drawn: Sample) -> System:
    """``x' = -x + J phi(x) + I`` of a drawn network.

    Raises `ModelError` for what has another form: populations with different transfer functions, another drift, noise.
    """
    numbers = drawn.numbers
    phi = numbers.populations[0].transfer
    if any(p.transfer != phi or p.drift != -X for p in numbers.populations) or numbers.sigma_squared:
        raise ModelError(
            "fixed points are found of x' = -x + J phi(x) + I without noise; this network has "
            + ("noise (set sigma_squared = 0)" if numbers.sigma_squared else "another drift or several transfer functions")
        )
    return System(np.ascontiguousarray(drawn.matrix(), dtype=float), phi, np.array(drawn.input, dtype=float))
