"""The kernel of a model that averages over data, for many states at once."""

from __future__ import annotations

import numpy as np
import sympy as sp

from meanfield.compile.group import Array
from meanfield.compile.kernel import Kernel
from meanfield.compile.sample import Sample
from meanfield.model import Model


class StateKernel(Kernel):
    """A `Kernel` whose points carry, as one more column of their parameters, the number of the state that they belong to.

    So points can be taken in any order and any selection, as solvers do. values: the states (S, N); all data of the model
    are these.
    """

    def __init__(self, model: Model, values: Array, level: int | None = None, quick: bool = False) -> None:
        self.sample = Sample(values)
        super().__init__(model, dict.fromkeys(model.data, self.sample), *(() if level is None else (level, quick)))
        self.parameter_names = (*self.parameter_names, "state")

    def at(self, level: int, *, quick: bool = False) -> StateKernel:
        other = StateKernel(self.model, self.sample.values, level, quick)
        other._programs, other.sample, other.data = self._programs, self.sample, self.data
        other.__dict__["residuals"] = self.residuals
        return other

    def state(self, p: Array) -> Array:
        """The data (N,) of a point with the parameters p."""
        return np.asarray(self.sample.values[int(np.ravel(p)[-1])])

    def _columns(self, x: Array, p: Array) -> list[Array]:
        p = np.atleast_2d(p)
        self.sample.rows, self.sample.repeat = p[:, -1].astype(np.intp), 1
        return super()._columns(x, p[:, :-1])

    def profile(self, coordinate: sp.Symbol, expr: sp.Expr, at: Array, x: Array, p: Array) -> Array:
        """At coordinates ``at``: (K,) for all points, or (P, K), each point's own."""
        (value,), _ = self.functions(coordinate, [expr], at, x, p)
        return value

    def _repeated(self, count: int) -> None:
        self.sample.repeat = count
