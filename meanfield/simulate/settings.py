"""How a simulation is done: sizes, times, steps; and what it will need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import ceil, gcd, lcm
from typing import Any, Literal

import numpy as np

from meanfield.errors import ParameterError
from meanfield.networks import Numbers
from meanfield.simulate.field import leak
from meanfield.simulate.normals import BLOCK
from meanfield.simulate.sample import ROWS

__all__ = ["ADAPTIVE", "Settings", "Start", "default_interval", "default_step", "memory", "settings_of"]

ADAPTIVE = ("RK23", "RK45", "DOP853")
"""SciPy's integrators that may be asked for."""
_NUMBER = int | float | np.integer | np.floating
_STAGES = 36  # arrays of the size of a state that SciPy's integrators hold, at most
_SMALL = 100_000  # bytes, of what does not grow with the network
_LONGEST, _SHORTEST = 0.5, 0.01  # intervals that are chosen for lags


@dataclass(frozen=True)
class Start:
    """Where trajectories start: ``x_i = mean + sum_k (m^(k)_i - M_m) kappa_k + (I_i - M_I) + noise``, of this total variance.

    The noise, different in each trajectory, takes what the vectors leave of the variance.
    """

    mean: float = 0.0
    variance: float = 1.0
    kappa: tuple[float, ...] = ()


@dataclass(frozen=True)
class Settings:
    """neurons: N. trajectories: how many per network, started independently; they share the matrix products. transient, time:
    what is left out, and over what is averaged, in the time unit of the equations. dt: largest step. interval: between two samples.
    lags: times tau of ``Delta(tau)``, multiples of the interval (`default_interval`). lyapunov: follow a perturbation beside each
    trajectory. precision: of the arithmetic; averages are always summed in float64. seed: networks number k of two simulations
    with the same seed and N are the same. fix_moments, orthogonal: see `meanfield.simulate.sample`. spectrum: the eigenvalues of
    the Jacobian where each trajectory ends (of the order of 25 N^3 operations each). method: "fixed", steps dt of order 4 (with
    noise: weak order 2); or one of SciPy's integrators, "RK23", "RK45", "DOP853", without noise and in float64, with steps for a
    local ``accuracy`` (relative and absolute); dt then does not matter.
    Raises `ParameterError` for numbers that make no sense.
    """

    neurons: int
    trajectories: int = 1
    transient: float = 100.0
    time: float = 200.0
    dt: float = 0.25
    interval: float = 0.5
    lags: tuple[float, ...] = ()
    lyapunov: bool = False
    precision: Literal["float32", "float64"] = "float64"
    seed: int = 0
    fix_moments: bool = True
    orthogonal: bool = False
    start: Start = Start()
    spectrum: bool = False
    method: str = "fixed"
    accuracy: float = 1e-8

    def __post_init__(self) -> None:
        for name, least in (("neurons", 1), ("trajectories", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                raise ParameterError(f"{name} must be a whole number, at least {least}, got {value!r}")
        if not isinstance(self.start, Start):
            raise ParameterError(f"start must be a Start(mean, variance, kappa), got {self.start!r}")
        for name in ("time", "dt", "interval", "accuracy"):
            value = getattr(self, name)
            if not (isinstance(value, _NUMBER) and np.isfinite(value) and value > 0):
                raise ParameterError(f"{name} must be positive, got {value!r}")
        if not (isinstance(self.transient, _NUMBER) and np.isfinite(self.transient) and self.transient >= 0):
            raise ParameterError(f"transient must not be negative, got {self.transient!r}")
        if self.precision not in ("float32", "float64"):
            raise ParameterError(f'precision must be "float32" or "float64", got {self.precision!r}')
        if self.method != "fixed" and (self.method not in ADAPTIVE or self.precision != "float64"):
            raise ParameterError(
                f'method must be "fixed" or, in float64, one of {", ".join(ADAPTIVE)}; got {self.method!r} with {self.precision}'
            )
        if self.samples < 4:
            raise ParameterError(f"time = {self.time:g} holds {self.samples} samples at intervals of {self.interval:g}; take 4")
        if self.lags and (min(self.lags) < 0 or max(self.lags) > self.time / 2):
            raise ParameterError(f"lags must lie between 0 and half of time = {self.time:g}, got {self.lags}")
        for tau, samples in zip(self.lags, self.lag_samples):
            if abs(tau - samples * self.interval) > 1e-9 * max(tau, self.interval):
                raise ParameterError(
                    f"lags must be multiples of the interval between samples, {self.interval:g}; {tau:g} is none: take "
                    "interval from default_interval(lags), or other lags"
                )

    @property
    def dtype(self) -> Any:
        return np.dtype(self.precision)

    @property
    def stride(self) -> int:
        """Steps between two samples; SciPy's integrators choose their own."""
        return 1 if self.method != "fixed" else max(ceil(self.interval / self.dt - 1e-9), 1)

    @property
    def step(self) -> float:
        """The step that is taken: a whole number of them makes an interval."""
        return self.interval / self.stride

    @property
    def samples(self) -> int:
        """Samples that are averaged: an even number, for two halves."""
        return 2 * (round(self.time / self.interval) // 2)

    @property
    def lag_samples(self) -> tuple[int, ...]:
        return tuple(round(tau / self.interval) for tau in self.lags)


def settings_of(numbers: Numbers, neurons: int, given: dict[str, Any]) -> Settings:
    """The settings that a user means: step and interval are chosen where they are not given.

    Raises `ParameterError` for names that are no settings, and for a step that no step could be as long as.
    """
    from difflib import get_close_matches

    names = list(Settings.__dataclass_fields__)
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f'did you mean "{near[0]}"?' if near else "there are " + ", ".join(names)
            raise ParameterError(f"there is no setting {name!r}; {hint}")
    chosen = dict(given) | {"lags": tuple(np.ravel(given.get("lags", ())).tolist())}  # or a single one
    if chosen.get("dt") is None:
        chosen["dt"] = default_step(numbers)
    if chosen.get("interval") is None:
        chosen["interval"] = default_interval(chosen["lags"])
    settings = Settings(neurons=neurons, **chosen)
    if settings.method == "fixed" and settings.dt > (longest := max(settings.interval, _LONGEST)):
        raise ParameterError(
            f"dt must be at most the time between two samples, {longest:g}, got {settings.dt:g}; for longer steps give the interval"
        )
    return settings


def default_interval(lags: Sequence[float]) -> float:
    """The longest time between samples, at most 1/2, of which all lags are multiples.

    Raises `ParameterError` where it would be below 1/100: such lags take more than one simulation.
    """
    fractions = [Fraction(float(tau)).limit_denominator(10**6) for tau in lags if tau > 0 and np.isfinite(tau)]
    if not fractions:
        return _LONGEST
    if len(fractions) == 1:
        return float(max(lags)) / ceil(max(lags) / _LONGEST - 1e-9)
    denominator = reduce(lcm, (f.denominator for f in fractions))
    common = Fraction(reduce(gcd, (int(f * denominator) for f in fractions)), denominator)
    interval = float(common) / ceil(float(common) / _LONGEST - 1e-9)
    if interval < _SHORTEST:
        raise ParameterError(
            f"lags must be multiples of one time of at least {_SHORTEST}, got {tuple(lags)}; ask for fewer at once"
        )
    return interval


def default_step(numbers: Numbers) -> float:
    """A step at which the method's bias of averages is well below a permille (with noise: a few permille).

    1/4 without noise (Runge-Kutta, order 4), 1/10 with noise (weak order 2), smaller where couplings are strong.
    """
    fastest = max(leak(p.drift) for p in numbers.populations) + float(np.sqrt(numbers.variances.sum(axis=1).max()))
    return min(0.1, 0.4 / fastest) if numbers.sigma_squared > 0 else min(0.25, 1.0 / fastest)


def memory(numbers: Numbers, settings: Settings) -> int:
    """Bytes that the simulation of one network needs at most; networks are simulated one after the other."""
    N, B, size = settings.neurons, settings.trajectories, settings.dtype.itemsize
    couplings = N * N * size if numbers.variances.any() else 0
    if settings.orthogonal:  # rows at a time
        couplings += min(N, ROWS) * N * size
    width = B * (2 if settings.lyapunov else 1)
    working = (13 if settings.method == "fixed" else 13 + _STAGES) * N * width * size
    averages = (12 + len(numbers.populations)) * N * B * 8
    ring = (max(settings.lag_samples, default=-1) + 1) * N * B * size
    vectors = 4 * N * len(numbers.vectors) * 8
    dense = 4 * N * N * 8 if settings.spectrum else 0
    noise = 16 * BLOCK if numbers.sigma_squared > 0 else 0
    return couplings + working + averages + ring + vectors + dense + noise + _SMALL
