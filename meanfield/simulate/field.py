"""The right side of a network's equation of motion, for many trajectories at once, in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from meanfield.errors import ParameterError
from meanfield.networks import PopulationNumbers
from meanfield.simulate.sample import Sample
from meanfield.transfer import Transfer
from meanfield.transfer.functions import NUMPY_FUNCTIONS
from meanfield.transfer.token import X

__all__ = ["Field", "leak", "rates"]

Array = Any

_FEW = 4  # columns up to which products with single columns are faster than one with all (measured, N = 500 and 1000)


class Field:
    """``out = f(x) + J phi(x) + I`` for states x (N, B); with ``tangent`` the state is (N, 2 B), x and beside it perturbations v
    that follow ``v' = f'(x) v + J (phi'(x) v)``.

    J is applied as it was drawn: one matrix product with all columns, and the low-rank part as ``m (n^T phi) / N``.
    """

    def __init__(self, net: Sample, columns: int, tangent: bool = False) -> None:
        self.net, self.columns, self.tangent = net, columns, tangent
        self.dtype = net.input.dtype
        width = columns * (2 if tangent else 1)
        self._rates = np.empty((net.neurons, width), self.dtype)
        self._input = np.ascontiguousarray(np.repeat(net.input[:, None], columns, axis=1))
        self._driven = bool(net.input.any())
        self._left = net.left / np.asarray(net.neurons, self.dtype)
        self._units = [_Unit(p, tangent) for p in net.numbers.populations]
        self._coupled = bool(net.numbers.couplings.any())

    @property
    def shape(self) -> tuple[int, int]:
        """Of the state."""
        return self._rates.shape

    def __call__(self, x: Array, out: Array) -> None:
        """Write the right side at x into ``out``."""
        B = self.columns
        for unit, rows in zip(self._units, self.net.slices):
            unit.rates(x[rows], self._rates[rows], B)
        if self.net.random is None:
            out[:] = 0.0
        else:
            _multiply(self.net.random, self._rates, out)
        if self.net.right.shape[1]:
            out += self._left @ (self.net.right.T @ self._rates)
        if self._coupled:
            self._add_mean_couplings(out)
        if self._driven:
            out[:, :B] += self._input
        for unit, rows in zip(self._units, self.net.slices):
            unit.add_drift(x[rows], out[rows], B)

    def _add_mean_couplings(self, out: Array) -> None:
        sums = np.stack([self._rates[rows].sum(axis=0) for rows in self.net.slices]) / self.net.neurons
        for rows, drive in zip(self.net.slices, (self.net.numbers.couplings @ sums).astype(self.dtype)):
            out[rows] += drive


def _multiply(J: Array, x: Array, out: Array) -> None:
    """``J @ x``; with few columns one after the other, which linear algebra libraries do faster."""
    if x.shape[1] == 1 or x.shape[1] > _FEW:
        np.matmul(J, x, out=out)
        return
    for b in range(x.shape[1]):
        out[:, b] = J @ x[:, b]


class _Unit:
    """phi, f and their slopes of one population."""

    def __init__(self, population: PopulationNumbers, tangent: bool) -> None:
        self._phi = rates(population.transfer, (0, 1) if tangent else (0,))
        self._leak = leak(population.drift)
        self._linear = bool(sp.expand(population.drift + sp.Float(self._leak, 17) * X) == 0) or population.drift == -X
        exprs = [population.drift, sp.diff(population.drift, X)]
        self._drift = sp.lambdify(X, exprs, modules=[NUMPY_FUNCTIONS, "numpy"], cse=True)
        self._tangent = tangent

    def rates(self, x: Array, out: Array, B: int) -> None:
        """phi(x), and phi'(x) v where there are perturbations."""
        if not self._tangent:
            self._phi(x, (out,))
            return
        self._phi(x[:, :B], (out[:, :B], out[:, B:]))
        out[:, B:] *= x[:, B:]

    def add_drift(self, x: Array, out: Array, B: int) -> None:
        """Add f(x), and f'(x) v."""
        if self._linear and self._leak == 1.0:
            out -= x
        elif self._linear:
            out -= np.asarray(self._leak, x.dtype) * x
        else:
            value, slope = self._drift(x[:, :B])
            out[:, :B] += value
            if self._tangent:
                out[:, B:] += slope * x[:, B:]


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


def leak(drift: sp.Expr) -> float:
    """The rate c >= 0 at which a unit alone relaxes near 0, ``f(x) = -c x + ...``. Raises `ParameterError` if f is not smooth."""
    slope = sp.diff(drift, X).subs(X, 0)
    if not slope.is_number or not slope.is_finite:
        raise ParameterError(f"the drift {drift} of a population has no slope at 0 (it must be a smooth function of x)")
    return max(-float(slope), 0.0)
