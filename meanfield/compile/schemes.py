"""A fixed scheme in the place of the chosen rules, for averages over one Gaussian variable (tilted ones included).

A fixed scheme has no nested refinement, and so it cannot say how good it is: its claim is its distance from the library's own
rule, plus what that rule claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile.group import BLOCK_ELEMENTS, FINE, Array
from meanfield.compile.kernel import Kernel
from meanfield.compile.plan import Program
from meanfield.compile.rules import NodeChoice
from meanfield.compile.scalar_law import Block, ScalarLaw
from meanfield.errors import QuadratureError
from meanfield.model import Model
from meanfield.quadrature import Rule, rule_from_scheme

_MOST_NODES = 4096
_STEPS = 5  # of Newton's method from a root by the scheme to one by the library's rules,
_CLOSE = 1e-8  # and the last of them, relatively, if it gets there


class SchemeKernel(Kernel):
    """The kernel of a model that carries a scheme (`with_scheme`). Correlated pairs, divided differences, derivatives across
    kinks and averages over data keep the library's rules; closed forms stay closed."""

    @cached_property
    def plain(self) -> Kernel:
        """The same model by the library's rules."""
        return Kernel(self.model.changed(scheme=None))

    def at(self, level: int, *, quick: bool = False) -> SchemeKernel:
        other = SchemeKernel(self.model, self.data, level, quick)
        other._programs, other._resolved = self._programs, self._resolved
        other.__dict__.update(residuals=self.residuals, plain=self.plain)
        return other

    def program(self, key: Any, make: Callable[[], Sequence[sp.Expr]]) -> Program:
        if key not in self._programs:
            program = Program(make(), self.symbols, join=False)
            for group in program.plan.groups:
                if isinstance(group, ScalarLaw):
                    group.blocks_of = _Blocks(self.model.scheme)  # type: ignore[attr-defined]
            self._programs[key] = program
        return self._programs[key]

    def refined(self, x: Array, p: Array, coarse: Array | None = None) -> tuple[Array, Array]:
        value, bound = super().refined(x, p, coarse)
        other, far = self.plain.refined(x, p)
        away, slopes = x - self._root(x, p), self.residual_jacobian(x, p)[1]
        with np.errstate(invalid="ignore"):
            # To first order the two agree; the second also counts what lies between the roots.
            distance = np.maximum(np.abs(value - other), np.abs(slopes @ away[:, :, None])[:, :, 0])
        return value, _certain(bound + far + distance)

    def quantities(self, exprs: Sequence[sp.Expr], x: Array, p: Array) -> tuple[Array, Array]:
        value, bound = super().quantities(exprs, x, p)
        other, far = self.plain.quantities(exprs, self._root(x, p), p)
        with np.errstate(invalid="ignore"):
            return value, _certain(bound + far + np.abs(value - other))

    def _root(self, x: Array, p: Array) -> Array:
        """The root by the library's rules next to a root by the scheme; NaN where there is none nearby."""
        problem, root = self.plain.at(FINE), np.array(x)
        moved = np.full(len(root), np.inf)
        for _ in range(_STEPS):
            with np.errstate(all="ignore"):
                residual, jacobian = problem.residual_jacobian(root, p)
                regular = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(residual).all(axis=1)
                step = np.full_like(root, np.nan)
                step[regular] = (np.linalg.pinv(jacobian[regular]) @ residual[regular, :, None])[:, :, 0]
                root = np.maximum(root - step, self.lower)
                moved = (np.abs(step) / (1 + np.abs(root))).max(axis=1)
        return np.where((moved < _CLOSE)[:, None], root, np.nan)


def _certain(bound: Array) -> Array:
    return np.where(np.isfinite(bound), bound, np.inf)


class _Blocks:
    """Blocks of points that all have the nodes of the scheme."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self, mean: Array, sigma: Array, level: int) -> Iterator[Block]:
        count = len(self.rule)
        for first in range(0, sigma.size, max(1, BLOCK_ELEMENTS // count)):
            piece = np.arange(first, min(sigma.size, first + max(1, BLOCK_ELEMENTS // count)))
            nodes, weights = (np.repeat(a[:, None], piece.size, axis=1) for a in (self.rule.nodes, self.rule.weights))
            yield Block(piece, NodeChoice(nodes, weights, (0, 0)))


@lru_cache(maxsize=64)
def _carrying(model: Model, nodes: bytes, weights: bytes) -> Model:
    rule = Rule(np.frombuffer(nodes).copy(), np.frombuffer(weights).copy())
    carry = partial(_carrying, nodes=nodes, weights=weights)
    junctions = [type(j)(j.elsewhere(carry), j.condition, j.arrive, j.follow) for j in model.junctions]
    return model.changed(scheme=rule, junctions=junctions, delicate=False)


def with_scheme(model: Model, scheme: Any) -> Model:
    """The model with a quadrature scheme of its own: an object with ``points`` and ``weights`` for the weight exp(-x^2), such as
    `quadpy.e1r2.gauss_hermite(50)`, or a `meanfield.quadrature.Rule`.

    Raises `QuadratureError` for an object that is none, and for models whose averages run over data only.
    """
    rule = scheme if isinstance(scheme, Rule) else rule_from_scheme(scheme)
    if len(rule) > _MOST_NODES:
        raise QuadratureError(f"a scheme may have at most {_MOST_NODES} points, got {len(rule)}")
    if model.data:
        raise QuadratureError(f"{model.name or model.title} averages over data {', '.join(model.data)}, where no scheme is needed")
    return _carrying(model, rule.nodes.tobytes(), rule.weights.tobytes())
