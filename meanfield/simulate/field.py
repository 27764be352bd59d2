"""The right side of a network's equation of motion, for many trajectories at once, in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from meanfield.errors import ParameterError
from meanfield.networks import PopulationNumbers
from meanfield.simulate.products import product
from meanfield.simulate.sample import Sample
from meanfield.transfer import Transfer
from meanfield.transfer.numeric import array_function
from meanfield.transfer.token import X

__all__ = ["Field", "leak", "rates"]

Array = Any

Operation = Callable[[Array, Array], Any]


class Field:
    """``out = f(x) + J phi(x) + I`` for states x (N, B); with ``tangent`` the state is (N, 2 B), x and beside it perturbations v
    that follow ``v' = f'(x) v + J (phi'(x) v)``.

    J is applied as it was drawn: one matrix product with all columns, and the low-rank part as ``m (n^T phi) / N``. What a network
    needs is put together once, as operations on (x, out): for small networks calls cost as much as what they do. So steps of fixed
    length leave out drifts that are leaks, ``f(x) = -c x`` (``pushes``, and ``leaks``, the rates c by population, 0 for others),
    since they add up multiples of x anyway.
    """

    def __init__(self, net: Sample, columns: int, tangent: bool = False) -> None:
        self.net, self.columns = net, columns
        self.dtype = net.input.dtype
        self._rates = np.empty((net.neurons, columns * (2 if tangent else 1)), self.dtype)
        units = [_Unit(p, columns, tangent) for p in net.numbers.populations]
        whole = len(units) == 1
        self._operations = [unit.rates(rows, self._rates, whole) for unit, rows in zip(units, net.slices)]
        self._operations += self._inputs()
        drifts = [unit.drift(rows, whole) for unit, rows in zip(units, net.slices)]
        self._push = [*self._operations, *(drift for unit, drift in zip(units, drifts) if not unit.linear)]
        self._operations += drifts
        self.leaks = [unit.leak if unit.linear else 0.0 for unit in units]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the state."""
        return self._rates.shape

    def __call__(self, x: Array, out: Array) -> None:
        """Write the right side at x into ``out``."""
        for operation in self._operations:
            operation(x, out)

    def pushes(self, x: Array, out: Array) -> list[Callable[[], Any]]:
        """What writes the same without leaks, step by step, for arrays that stay."""
        return [partial(operation, x, out) for operation in self._push]

    def _inputs(self) -> list[Operation]:
        """What writes into ``out`` what a neuron receives from others and from outside."""
        net, rates, J, B = self.net, self._rates, self.net.random, self.columns
        found: list[Operation] = []
        if J is None:
            found.append(lambda x, out: out.fill(0.0))
        else:
            multiply = product(J, rates)
            found.append(lambda x, out: multiply(out))
        if net.right.shape[1]:
            left, right = net.left / np.asarray(net.neurons, self.dtype), np.ascontiguousarray(net.right.T)
            found.append(lambda x, out: np.add(out, left @ (right @ rates), out=out))
        if net.numbers.couplings.any():
            found.append(self._add_mean_couplings)
        if net.input.any():
            column = net.input[:, None]
            found.append(lambda x, out: np.add(out[:, :B], column, out=out[:, :B]))
        return found

    def _add_mean_couplings(self, x: Array, out: Array) -> None:
        sums = np.stack([self._rates[rows].sum(axis=0) for rows in self.net.slices]) / self.net.neurons
        for rows, drive in zip(self.net.slices, (self.net.numbers.couplings @ sums).astype(self.dtype)):
            out[rows] += drive


class _Unit:
    """phi, f and their slopes of one population."""

    def __init__(self, population: PopulationNumbers, columns: int, tangent: bool) -> None:
        self._phi = rates(population.transfer, (0, 1) if tangent else (0,))
        self.leak = leak(population.drift)
        self.linear = population.drift == -X or sp.expand(population.drift + sp.Float(self.leak, 17) * X) == 0
        self._f, self._B, self._tangent = population.drift, columns, tangent

    def rates(self, rows: slice, rates: Array, whole: bool) -> Operation:
        """Writes phi(x), and phi'(x) v where there are perturbations, into these rows of ``rates``."""
        phi, B, part = self._phi, self._B, rates[rows]
        if not self._tangent:
            if phi is _tanh and whole:
                return lambda x, out: np.tanh(x, part)
            return (lambda x, out: phi(x, (part,))) if whole else (lambda x, out: phi(x[rows], (part,)))
        value, slope = part[:, :B], part[:, B:]

        def both(x: Array, out: Array) -> None:
            phi(x[rows, :B], (value, slope))
            np.multiply(slope, x[rows, B:], out=slope)

        return both

    def drift(self, rows: slice, whole: bool) -> Operation:
        """Adds f(x), and f'(x) v, to these rows of ``out``."""
        if not self.linear:
            return self._curved(rows)
        if self.leak == 1.0:
            return (
                (lambda x, out: np.subtract(out, x, out=out))
                if whole
                else (lambda x, out: np.subtract(out[rows], x[rows], out=out[rows]))
            )
        return lambda x, out: np.subtract(out[rows], np.asarray(self.leak, x.dtype) * x[rows], out=out[rows])

    def _curved(self, rows: slice) -> Operation:
        exprs = [self._f, sp.diff(self._f, X)]
        both, B = array_function(X, exprs, cse=True), self._B

        def add(x: Array, out: Array) -> None:
            value, slope = both(x[rows, :B])
            out[rows, :B] += value
            if self._tangent:
                out[rows, B:] += slope * x[rows, B:]

        return add


def rates(phi: Transfer, orders: tuple[int, ...]) -> Callable[[Array, tuple[Array, ...]], None]:
    """A function that writes ``phi^(k)(x)`` for the given orders into given arrays, in their precision."""
    if phi.definition == sp.tanh(X) and orders in ((0,), (0, 1)):
        return _tanh

    def write(x: Array, outs: tuple[Array, ...]) -> None:
        for out, value in zip(outs, phi.jet(orders, x), strict=True):
            out[:] = value

    return write


def _tanh(x: Array, outs: tuple[Array, ...]) -> None:
    np.tanh(x, out=outs[0])
    if len(outs) > 1:
        np.multiply(outs[0], outs[0], out=outs[1])
        np.subtract(1, outs[1], out=outs[1])


@lru_cache(maxsize=64)
def leak(drift: sp.Expr) -> float:
    """The rate c >= 0 at which a unit alone relaxes near 0, ``f(x) = -c x + ...``. Raises `ParameterError` if f is not smooth."""
    slope = sp.diff(drift, X).subs(X, 0)
    if not slope.is_number or not slope.is_finite:
        raise ParameterError(f"the drift {drift} of a population has no slope at 0 (it must be a smooth function of x)")
    return max(-float(slope), 0.0)
