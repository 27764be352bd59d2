"""Averages whose body holds averages that depend on the outer variable, and auxiliary integrals over [0, 1].

The inner averages are compiled as a plan of their own, with the outer variable as one more input, and evaluated at all
outer nodes of all points in one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from meanfield.averages import Gaussian, Uniform
from meanfield.averages.measures import Measure, Tilted
from meanfield.averages.scope import open_body
from meanfield.compile.group import EPS, FINE, ROUGH, TIGHT, WORKING, Array, Checks
from meanfield.errors import AverageError

_UNIT_NODES = {ROUGH: 12, WORKING: 24, TIGHT: 32, FINE: 64}
_FEW_UNIT_NODES = {ROUGH: 6, WORKING: 10, TIGHT: 12, FINE: 16}
_GAUSSIAN_STEPS = {ROUGH: 0.5, WORKING: 0.25, TIGHT: 0.2, FINE: 0.1}
_CUTOFF = 8.5


class NestedLaw:
    """Averages of bodies over one measure, by brute force over its nodes. One output per body."""

    def __init__(
        self,
        measure: Measure,
        bodies: Sequence[sp.Expr],
        scalar: Callable[[sp.Basic], sp.Basic],
        prefix: str,
        smooth: bool = False,
    ) -> None:
        """smooth: whether few nodes do on [0, 1]."""
        self.unit_counts = _FEW_UNIT_NODES if smooth else _UNIT_NODES
        self.variable = sp.Symbol(f"{prefix}s", real=True)
        if isinstance(measure, Gaussian) and measure.dimension != 1:
            raise AverageError("an average over several variables of an average that depends on them is not supported")
        opened = [open_body(b, [self.variable]) for b in bodies]
        self.measure = measure
        if isinstance(measure, Gaussian):
            law = [scalar(measure.mean[0]), scalar(measure.cov[0, 0])]
        elif isinstance(measure, Tilted):
            law = [scalar(measure.base.mean[0]), scalar(measure.base.cov[0, 0])]
            opened = [*opened, open_body(measure.log_tilt, [self.variable])]
        elif isinstance(measure, Uniform):
            law = []
        else:
            raise AverageError(f"cannot average over {measure}: bind it to data or to a law first")
        opened = [scalar(e) for e in opened]
        free = set().union(*(e.free_symbols for e in opened)) - {self.variable}
        self.parameters = sorted((s for s in free if isinstance(s, sp.Symbol)), key=lambda s: s.name)
        from meanfield.compile.plan import Program

        self.program = Program(opened, [self.variable, *self.parameters])
        self.inputs = [*law, *self.parameters]
        self.outputs = [sp.Symbol(f"{prefix}n{i}", real=True) for i in range(len(bodies))]

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        nodes, weights, parameters = self._nodes(inputs, level)
        size, count = nodes.shape
        columns = [nodes.ravel(), *(np.repeat(p, count) for p in parameters)]
        values = [np.reshape(v, (size, count)) for v in self.program(columns, level)]
        if isinstance(self.measure, Tilted):
            weights = weights * np.exp(values.pop())
            weights = weights / weights.sum(axis=1, keepdims=True)
        if checks is not None:
            checks.rounding.extend(np.einsum("ij,ij->i", np.abs(v), weights) * (16 * EPS) for v in values)
        return [np.einsum("ij,ij->i", v, weights) for v in values]

    def _nodes(self, inputs: Sequence[Array], level: int) -> tuple[Array, Array, Sequence[Array]]:
        if isinstance(self.measure, Uniform):
            size = inputs[0].size if inputs else 1
            s, w = unit_nodes(self.unit_counts[level])
            return np.tile(s, (size, 1)), np.tile(w, (size, 1)), inputs
        mean, sigma = inputs[0], np.sqrt(np.maximum(inputs[1], 0.0))
        # The strip of an average of averages is not known; the step resolves structure of width one in the variable.
        widest = float(np.nanmax(sigma, initial=0.0))
        step = _GAUSSIAN_STEPS[level] / max(1.0, min(widest, 64.0))
        z = np.arange(-int(_CUTOFF / step), int(_CUTOFF / step) + 1) * step
        w = np.exp(-z * z / 2)
        w /= w.sum()
        x = mean[:, None] + sigma[:, None] * z
        return x, np.tile(w, (x.shape[0], 1)), inputs[2:]


def unit_nodes(count: int) -> tuple[Array, Array]:
    """Gauss-Legendre on [0, 1] under ``s = t^2 (3 - 2t)``, which resolves square-root ends and thin layers at both."""
    t, w = np.polynomial.legendre.leggauss(count)
    t, w = (t + 1) / 2, w / 2
    return t * t * (3 - 2 * t), w * 6 * t * (1 - t)
