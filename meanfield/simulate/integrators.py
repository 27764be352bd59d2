"""Steps in place, for all trajectories of a network at once; of fixed length unless SciPy's integrators are asked for.

Without noise: the classical Runge-Kutta method of order 4. With white noise: the exponential Heun method. It treats the leak
exactly, ``x' = -c x + F(x) + xi`` (so that units without couplings have the right law at any step), and is of weak order 2 for
additive noise: what it gets wrong in averages shrinks like dt^2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from meanfield.errors import ParameterError
from meanfield.simulate.field import Field, leak
from meanfield.simulate.normals import Normals
from meanfield.simulate.settings import Settings

__all__ = ["Adaptive", "ExponentialHeun", "Integrator", "RungeKutta4", "integrator"]

Array = Any
Operation = Callable[[], Any]


class Integrator(Protocol):
    """``step(x)`` advances the state x by dt, in place."""

    order: int

    def step(self, x: Array) -> None: ...


class _Rows:
    """Copies of a state and the slopes beside it as rows of one array, so that a sum of them is one call of linear algebra."""

    def __init__(self, field: Field, rows: int) -> None:
        self._flat = np.empty((rows, field.shape[0] * field.shape[1]), field.dtype)
        self.rows = [row.reshape(field.shape) for row in self._flat]

    def sum(self, *weights: float, part: slice = slice(None)) -> Callable[[Array], Any]:
        """A function that writes the sum of the first rows, with these weights, into a given flat array; part: of these neurons."""
        width = self.rows[0].shape[1]
        begin, end, _ = part.indices(len(self.rows[0]))
        factors, rows = np.array(weights, self._flat.dtype), self._flat[: len(weights), width * begin : width * end]
        return partial(factors.dot, rows)


def _sums(field: Field, rows: _Rows, weights: Sequence[Sequence[float]]) -> Callable[[Array], Any]:
    """A function that writes sums of the first rows, with weights of their own for each population, into a given array."""
    if len(weights) == 1:
        whole = rows.sum(*weights[0])
        return lambda out: whole(out.reshape(-1))
    parts = [(part, rows.sum(*w, part=part)) for part, w in zip(field.net.slices, weights, strict=True)]
    return lambda out: [add(out[part].reshape(-1)) for part, add in parts]


def _sums_into(out: Array, field: Field, rows: _Rows, weights: Sequence[Sequence[float]]) -> list[Operation]:
    """The same, for an array that stays."""
    every = zip(field.net.slices, weights, strict=True)
    return [partial(rows.sum(*w, part=part), out[part].reshape(-1)) for part, w in every]


class RungeKutta4:
    """The classical method of order 4: four evaluations of the right side."""

    order = 4

    def __init__(self, field: Field, dt: float) -> None:
        self.field = field
        rows = _Rows(field, 5)
        self._x, *self._k = rows.rows
        at = np.empty(field.shape, field.dtype)
        *stages, last = zip(*(_fourth_order(dt, c) for c in field.leaks))
        self._operations = field.pushes(self._x, self._k[0])
        for weights, slope in zip(stages, self._k[1:]):
            self._operations += [*_sums_into(at, field, rows, weights), *field.pushes(at, slope)]
        self._last = _sums(field, rows, last)

    def step(self, x: Array) -> None:
        self._x[:] = x
        for operation in self._operations:
            operation()
        self._last(x)


def _fourth_order(h: float, c: float) -> list[Array]:
    """Weights of x and of the pushes F so far, ``x' = F - c x``, in the places where F is asked for next, and at the end."""
    x, *pushes = np.eye(5)
    place, places, slopes = x, [], []
    for push, ahead in zip(pushes, (h / 2, h / 2, h, 0.0)):
        slopes.append(push - c * place)
        place = x + ahead * slopes[-1]
        places.append(place)
    last = x + h / 6 * (slopes[0] + 2 * slopes[1] + 2 * slopes[2] + slopes[3])
    return [place[: k + 2] for k, place in enumerate(places[:3])] + [last]


class ExponentialHeun:
    """Weak order 2 with additive noise: two evaluations of the right side, the same noise in both.

    ``a = e^{-c h} x + h p1 F(x) + w``, ``x <- a + h p2 (F(a) - F(x))`` with ``p1 = (1 - e^{-ch})/(ch)``,
    ``p2 = (e^{-ch} - 1 + ch)/(ch)^2`` and w of the variance ``sigma_squared (1 - e^{-2ch})/c`` (Cox & Matthews, J. Comput. Phys.
    176, 430 (2002), doi:10.1006/jcph.2002.6995, ETD2RK, with additive noise). normals: writes standard normal numbers.
    """

    order = 2

    def __init__(self, field: Field, dt: float, normals: Callable[[Array], object]) -> None:
        self.field, self._normals = field, normals
        numbers, B = field.net.numbers, field.columns
        rows = _Rows(field, 4)
        self._x, f, self._w, fa = rows.rows
        self._w[:] = 0.0  # no noise in the perturbations
        self._noise = self._w if field.shape[1] == B else np.empty((field.shape[0], B), field.dtype)
        a = np.empty(field.shape, field.dtype)
        every = zip(numbers.populations, field.leaks)
        predict, correct = zip(*(_heun(dt, leak(p.drift), apart, numbers.sigma_squared) for p, apart in every))
        self._operations = [*field.pushes(self._x, f), *_sums_into(a, field, rows, predict), *field.pushes(a, fa)]
        self._correct = _sums(field, rows, correct)

    def step(self, x: Array) -> None:
        self._x[:] = x
        self._normals(self._noise)
        if self._noise is not self._w:
            self._w[:, : self._noise.shape[1]] = self._noise
        for operation in self._operations:
            operation()
        self._correct(x)


def _heun(h: float, c: float, apart: float, sigma_squared: float) -> tuple[Array, Array]:
    """Weights of x, the push at x, the noise and, in the end, the push at a. apart: the leak that the push leaves out, c or 0."""
    z = c * h
    first = h if z == 0 else -np.expm1(-z) / c
    # A series where the quotient would cancel.
    second = h * (0.5 - z / 6 + z**2 / 24) if z < 1e-3 else (np.expm1(-z) + z) / (c * z)
    spread = np.sqrt(2 * sigma_squared * h if z == 0 else -sigma_squared * np.expm1(-2 * z) / c)
    x, push, noise, ahead = np.eye(4)
    F = push + (c - apart) * x
    a = np.exp(-z) * x + first * F + spread * noise
    return a[:3], a + second * (ahead + (c - apart) * a - F)


class Adaptive:
    """One of SciPy's integrators with its own control of the error; what fails, as running away does, becomes NaN.

    Every sample is the end of a step, so that nothing is interpolated.
    """

    def __init__(self, field: Field, dt: float, method: str, accuracy: float) -> None:
        from scipy import integrate

        self.field, self.dt, self.accuracy = field, dt, accuracy
        self._solver = getattr(integrate, method)
        self.order = int(self._solver.order)
        self._first: float | None = None

    def step(self, x: Array) -> None:
        if not np.isfinite(x).all():
            return
        start, tolerance = x.reshape(-1).copy(), self.accuracy
        run = self._solver(self._velocity, 0.0, start, self.dt, rtol=tolerance, atol=tolerance, first_step=self._first)
        while run.status == "running":
            run.step()
        self._first = min(float(run.h_abs), self.dt)
        x.reshape(-1)[:] = run.y if run.status == "finished" else np.nan
        vars(run).clear()  # it refers to itself, and its stages would stay until garbage is collected

    def _velocity(self, t: float, x: Array) -> Array:
        out = np.empty(self.field.shape)
        self.field(x.reshape(self.field.shape), out)
        return out.reshape(-1)


def integrator(field: Field, settings: Settings, rng: Generator) -> Integrator:
    """The method for this network: with noise `ExponentialHeun`, else `RungeKutta4`, or what the settings ask for.

    Raises `ParameterError` for one of SciPy's integrators and noise.
    """
    noisy = field.net.numbers.sigma_squared > 0
    if settings.method != "fixed":
        if noisy:
            raise ParameterError(f'white noise needs steps of fixed length: method "fixed", not {settings.method!r}')
        return Adaptive(field, settings.step, settings.method, settings.accuracy)
    return ExponentialHeun(field, settings.step, Normals(rng, field.dtype)) if noisy else RungeKutta4(field, settings.step)
