"""Equations with poles, such as ``u = 1 / (1 + a u r)``, multiplied by their denominators.

The roots are the same, but Newton's method does not have to get around the poles: some that one start in a thousand finds are then
found by one in ten. It ends with the equations as they stand.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import sympy as sp

from meanfield.averages.scope import nodes, substitute
from meanfield.compile import Kernel
from meanfield.compile.kernel import late_passes, slopes
from meanfield.compile.plan import NODES, replace_nodes
from meanfield.model import Model
from meanfield.solve.problem import Array


class Cleared:
    """The equations of a kernel without their denominators, as a `Problem`."""

    def __init__(self, kernel: Kernel, equations: tuple[sp.Expr, ...]) -> None:
        self.kernel, self.equations = kernel, equations
        self.names, self.parameter_names, self.lower = kernel.names, kernel.parameter_names, kernel.lower

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n)."""
        return self.residual_jacobian(x, p)[0]

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) and (P, n, n)."""
        n = len(self.names)
        made = lambda: [*map(late_passes, self.equations), *slopes(self.equations, self.kernel.unknowns)]
        program = self.kernel.program("cleared", made)
        values = program.table([*np.ascontiguousarray(x.T), *np.ascontiguousarray(p.T)], self.kernel.level)
        return values[:, :n], values[:, n:].reshape(-1, n, n)


def cleared(kernel: Kernel) -> Cleared | None:
    """The equations of ``kernel`` without their denominators; None if no unknown occurs in those."""
    equations = _numerators(kernel.model)
    return None if equations is None else Cleared(kernel, equations)


@lru_cache(maxsize=64)
def _numerators(model: Model) -> tuple[sp.Expr, ...] | None:
    found, poles = [], False
    for expr in model.residuals:
        marks = {n: sp.Dummy(real=True) for n in dict.fromkeys(nodes(expr, NODES))}
        marked = replace_nodes(expr, marks)
        varying = {*model.unknowns, *marks.values()}
        if any(power.exp.is_Integer and power.exp < 0 and power.free_symbols & varying for power in marked.atoms(sp.Pow)):
            numerator, denominator = sp.fraction(sp.together(marked))
            if denominator.free_symbols & varying:
                marked, poles = numerator, True
        found.append(substitute(marked, {m: n for n, m in marks.items()}))
    return tuple(found) if poles else None
