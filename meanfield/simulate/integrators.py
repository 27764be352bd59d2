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
    """``advance(x, steps)`` advances the state x by so many steps of dt, in place."""

    order: int

    def advance(self, x: Array, steps: int = 1) -> None: ...


class _Rows:
    """A state, what a step adds to it and the state after it as rows of one array, so that a sum of them is one call of linear
    algebra. Read from the other end it serves the next step, which begins where this one has ended: nothing is copied in between.
    """

    def __init__(self, field: Field, flat: Array, back: bool = False) -> None:
        self._field, self._flat, self._back = field, flat, back
        self.rows = [row.reshape(field.shape) for row in (flat[::-1] if back else flat)]

    def sum(self, weights: Sequence[Sequence[float]], out: Array) -> list[Operation]:
        """What writes the sum of the first rows, with weights of their own for each population, into ``out``."""
        found: list[Operation] = []
        width = self._field.shape[1]
        for part, w in zip(self._field.net.slices, weights, strict=True):
            factors = np.array(w[::-1] if self._back else w, self._flat.dtype)
            rows = self._flat[-len(w) :] if self._back else self._flat[: len(w)]
            found.append(partial(factors.dot, rows[:, width * part.start : width * part.stop], out[part].reshape(-1)))
        return found


class _BackAndForth:
    """Steps of fixed length, every other one through the rows from behind. ``_step`` lists what is to be done in one of them."""

    def __init__(self, field: Field, rows: int) -> None:
        self.field = field
        flat = np.empty((rows, field.shape[0] * field.shape[1]), field.dtype)
        there, back = _Rows(field, flat), _Rows(field, flat, back=True)
        self._ends = there.rows[0], back.rows[0]
        self._at = np.empty(field.shape, field.dtype)  # where the right side is asked for within a step
        self._ways = self._step(there), self._step(back)

    def _step(self, rows: _Rows) -> list[Operation]:
        raise NotImplementedError

    def advance(self, x: Array, steps: int = 1) -> None:
        self._ends[0][:] = x
        for k in range(steps):
            for operation in self._ways[k % 2]:
                operation()
        x[:] = self._ends[steps % 2]


class RungeKutta4(_BackAndForth):
    """The classical method of order 4: four evaluations of the right side."""

    order = 4

    def __init__(self, field: Field, dt: float) -> None:
        self._weights = list(zip(*(_fourth_order(dt, c) for c in field.leaks)))
        super().__init__(field, 6)

    def _step(self, rows: _Rows) -> list[Operation]:
        x, *pushes, after = rows.rows
        *stages, last = self._weights
        found = self.field.pushes(x, pushes[0])
        for weights, push in zip(stages, pushes[1:]):
            found += [*rows.sum(weights, self._at), *self.field.pushes(self._at, push)]
        return found + rows.sum(last, after)


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


class ExponentialHeun(_BackAndForth):
    """Weak order 2 with additive noise: two evaluations of the right side, the same noise in both.

    ``a = e^{-c h} x + h p1 F(x) + w``, ``x <- a + h p2 (F(a) - F(x))`` with ``p1 = (1 - e^{-ch})/(ch)``,
    ``p2 = (e^{-ch} - 1 + ch)/(ch)^2`` and w of the variance ``sigma_squared (1 - e^{-2ch})/c`` (Cox & Matthews, J. Comput. Phys.
    176, 430 (2002), doi:10.1006/jcph.2002.6995, ETD2RK, with additive noise). normals: writes standard normal numbers.
    """

    order = 2

    def __init__(self, field: Field, dt: float, normals: Callable[[Array], object]) -> None:
        every = zip(field.net.numbers.populations, field.leaks)
        sigma_squared = field.net.numbers.sigma_squared
        self._predict, self._correct = zip(*(_heun(dt, leak(p.drift), apart, sigma_squared) for p, apart in every))
        self._normals = normals
        super().__init__(field, 5)

    def _step(self, rows: _Rows) -> list[Operation]:
        x, push, noise, ahead, after = rows.rows
        found = [*self._draw(noise), *self.field.pushes(x, push), *rows.sum(self._predict, self._at)]
        return [*found, *self.field.pushes(self._at, ahead), *rows.sum(self._correct, after)]

    def _draw(self, noise: Array) -> list[Operation]:
        B = self.field.columns
        if noise.shape[1] == B:
            return [partial(self._normals, noise)]
        noise[:] = 0.0  # none in the perturbations
        drawn = np.empty((len(noise), B), noise.dtype)
        return [partial(self._normals, drawn), partial(np.copyto, noise[:, :B], drawn)]


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

    def advance(self, x: Array, steps: int = 1) -> None:
        for _ in range(steps):
            self._interval(x)

    def _interval(self, x: Array) -> None:
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
