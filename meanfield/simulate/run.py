"""`simulate`: networks drawn at random and run, one after the other, each from random numbers of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.networks import Network, Numbers, bind, bind_model
from meanfield.progress import NullProgress, Progress, ProgressOption, reporting
from meanfield.simulate.averages import Averages, Measured
from meanfield.simulate.field import Field
from meanfield.simulate.integrators import Integrator, integrator
from meanfield.simulate.sample import Sample, Streams, sample, streams
from meanfield.simulate.settings import Settings, memory, settings_of
from meanfield.simulate.spectra import jacobian_eigenvalues

__all__ = ["Simulation", "run", "run_network", "simulate"]

Array = Any

_AT_REST = {"float32": 3e-6, "float64": 1e-11}  # largest |x'| of a network that has come to rest, relative to 1 + max |x|
_TICKS = 50  # reports of progress per network
_LIMIT = 4e9  # bytes


@dataclass(frozen=True)
class Simulation:
    """Simulated networks: what they were drawn from, how they were run, and what was measured in each, by its number.

    name: of the model. networks: how many were asked for; fewer are there if the run was interrupted.
    """

    numbers: Numbers
    settings: Settings
    networks: int
    measured: Mapping[int, Measured] = field(default_factory=dict)
    name: str = ""

    @property
    def complete(self) -> bool:
        """True if no network is missing."""
        return all(k in self.measured for k in range(self.networks))


def simulate(
    system: Model | Network,
    *,
    neurons: int,
    networks: int = 10,
    memory_limit: float = _LIMIT,
    resume: Simulation | None = None,
    finished: Callable[[Simulation], object] | None = None,
    progress: ProgressOption = None,
    settings: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> Simulation:
    """Simulate ``networks`` networks of ``neurons`` neurons of a `Network`, or of a model that has one.

    settings: other fields of `Settings` (trajectories, transient, time, dt, interval, lags, lyapunov, precision, seed,
    fix_moments, orthogonal, start, spectrum, method, accuracy). memory_limit: bytes that are not exceeded. resume: an earlier
    `Simulation` with the same parameters and settings; its networks are kept, the missing ones run. finished: called with the
    `Simulation` so far after each network. parameters: one value each. An interrupt (Ctrl-C) returns what is finished. The same
    seed gives the same numbers, bit for bit, on the same machine with the same number of threads of its linear algebra.
    Raises `ParameterError` for parameters and settings that make no sense, a size that needs too much memory or a ``resume`` of
    something else, and `ModelError` for a model without a network.
    """
    model = isinstance(system, Model)
    numbers = bind_model(system, **parameters) if isinstance(system, Model) else bind(system, parameters)
    if not isinstance(networks, int | np.integer) or networks < 1:
        raise ParameterError(f"networks must be a positive whole number, got {networks!r}")
    chosen = settings_of(numbers, neurons, dict(settings or {}))
    plan = Simulation(numbers, chosen, networks, {}, system.name if model else "")  # type: ignore[union-attr]
    check_memory(numbers, plan.settings, memory_limit)
    if resume is not None:
        plan = _continued(plan, resume)
    with reporting(progress) as shown:
        return run(plan, shown, finished)


def check_memory(numbers: Numbers, settings: Settings, limit: float = _LIMIT) -> int:
    """Bytes needed; raises `ParameterError` if that is more than the limit."""
    needed = memory(numbers, settings)
    if needed > limit:
        raise ParameterError(
            f"{settings.neurons} neurons with {settings.trajectories} trajectories need {needed / 1e9:.1f} GB, more than the limit "
            f"of {limit / 1e9:.1f} GB; take fewer, shorter lags, precision float32, or a larger memory_limit"
        )
    return needed


def _continued(plan: Simulation, before: Simulation) -> Simulation:
    if before.settings != plan.settings or before.numbers.parameters != plan.numbers.parameters or before.name != plan.name:
        raise ParameterError(
            f"cannot resume: what is there was made with {before.name} {dict(before.numbers.parameters)}, {before.settings}; "
            f"asked for is {plan.name} {dict(plan.numbers.parameters)}, {plan.settings}"
        )
    return replace(plan, measured=dict(before.measured))


def run(plan: Simulation, progress: Progress, finished: Callable[[Simulation], object] | None = None) -> Simulation:
    """Run the networks of ``plan`` that are missing. An interrupt returns those that are finished."""
    missing = [k for k in range(plan.networks) if k not in plan.measured]
    progress.start(len(missing) * _TICKS, f"networks of {plan.settings.neurons} neurons")
    for index in missing:
        try:
            one = run_network(plan.numbers, plan.settings, index, progress)
        except KeyboardInterrupt:
            return plan
        plan = replace(plan, measured={**plan.measured, index: one})
        if finished is not None:
            finished(plan)
    return plan


def run_network(numbers: Numbers, settings: Settings, index: int, progress: Progress | None = None) -> Measured:
    """Draw network number ``index`` and run it."""
    rng = streams(settings.seed, settings.neurons, index)
    net = sample(
        numbers,
        settings.neurons,
        rng.structure,
        fix_moments=settings.fix_moments,
        orthogonal=settings.orthogonal,
        dtype=settings.dtype,
    )
    # Run-away is reported, not warned about.
    with np.errstate(over="ignore", invalid="ignore"):
        return _Run(net, settings, rng, progress or NullProgress()).go()


class _Run:
    """One network on its way."""

    def __init__(self, net: Sample, settings: Settings, rng: Streams, progress: Progress) -> None:
        self.net, self.settings, self.progress = net, settings, progress
        B = settings.trajectories
        self.field = Field(net, B, settings.lyapunov)
        self.steps: Integrator = integrator(self.field, settings, rng.noise)
        self.x = np.empty(self.field.shape, settings.dtype)
        self.x[:, :B] = _start(net, settings, rng.start)
        self.growth = np.zeros(B)
        if settings.lyapunov:
            self.x[:, B:] = rng.start.standard_normal((net.neurons, B), dtype=settings.dtype)
            self._renormalise()
        self._velocity = np.empty_like(self.x)
        self._told = 0

    def go(self) -> Measured:
        s = self.settings
        before = round(s.transient / s.interval)
        averages = Averages(self.net, s.trajectories, s.lag_samples)
        total, half = before + s.samples, before + s.samples // 2
        quiet = s.lyapunov or self.net.numbers.sigma_squared > 0
        for k in range(total):
            self.steps.advance(self.x, s.stride)
            if k % 8 == 7 and not np.isfinite(self.x).all():
                return self._diverged()
            if s.lyapunov:
                self.growth += self._renormalise() * (k >= before)
            if not quiet and k % 8 == 7 and self._at_rest():
                # Nothing will change any more: one sample is the average over all times.
                averages = Averages(self.net, s.trajectories, s.lag_samples)
                averages.add(self.x, 0)
                break
            if k >= before:
                averages.add(self.x[:, : s.trajectories], 0 if k < half else 1)
            self._tell((k + 1) / total)
        self._tell(1.0)
        if not np.isfinite(self.x).all():
            return self._diverged()
        exponent = self.growth / (s.samples * s.interval) if s.lyapunov else np.full(s.trajectories, np.nan)
        measured = averages.measured(self._speed(), exponent)
        return (
            replace(measured, eigenvalues=jacobian_eigenvalues(self.net, self.x[:, : s.trajectories])) if s.spectrum else measured
        )

    def _renormalise(self) -> Array:
        B = self.settings.trajectories
        size = np.sqrt(np.einsum("ib,ib->b", self.x[:, B:], self.x[:, B:], dtype=float))
        self.x[:, B:] /= size.astype(self.x.dtype)
        return np.log(size)

    def _speed(self) -> Array:
        self.field(self.x, self._velocity)
        return np.sqrt(np.mean(np.square(self._velocity[:, : self.settings.trajectories], dtype=float), axis=0))

    def _at_rest(self) -> bool:
        self.field(self.x, self._velocity)
        return bool(np.abs(self._velocity).max() < _AT_REST[self.settings.precision] * (1 + np.abs(self.x).max()))

    def _tell(self, share: float) -> None:
        ticks = int(share * _TICKS)
        if ticks > self._told:
            self.progress.advance(ticks - self._told)
            self._told = ticks

    def _diverged(self) -> Measured:
        self._tell(1.0)
        B = self.settings.trajectories
        nothing = Averages(self.net, B, self.settings.lag_samples).measured(np.full(B, np.nan), np.full(B, np.nan), diverged=True)
        return nothing


def _start(net: Sample, settings: Settings, rng: Any) -> Array:
    """(N, B) initial states; see `Start`."""
    start, size = settings.start, (net.neurons, settings.trajectories)
    x = np.zeros(net.neurons)
    for (m, _), kappa in zip(net.numbers.low_rank, start.kappa):
        x += _centred(net, m) * kappa
    x += _centred(net, net.numbers.vectors[-1])
    rest = max(start.variance - float(x.var()), 0.0)
    noise = rng.standard_normal(size)
    return start.mean + x[:, None] + np.sqrt(rest) * noise


def _centred(net: Sample, vector: str) -> Array:
    values = net.vectors[vector].astype(float)
    return values - values.mean()
