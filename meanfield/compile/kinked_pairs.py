"""Averages over two Gaussian variables whose bodies have kinks: a product rule whose panels end at the kinks of either variable.

What delta functions contribute is not of this module (`meanfield.compile.pair_kinks`): bodies count by their classical parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import Gaussian
from meanfield.averages.scope import nodes, open_body, replace, substitute
from meanfield.compile.generators import Analyticity, analyticity
from meanfield.compile.group import EPS, FINE, ROUGH, TIGHT, WORKING, Array, Checks
from meanfield.compile.source import array_names, assignments, function
from meanfield.errors import AverageError
from meanfield.quadrature import correlation, split_pair_nodes
from meanfield.quadrature.gauss import CUTOFF
from meanfield.transfer import Applied

U, V = sp.Symbol("U", real=True), sp.Symbol("V", real=True)
# Nodes a panel, and half the length of the longest one in widths of the strip of analyticity: errors fall by 1.9^2 a node.
_NODES = {ROUGH: 12, WORKING: 20, TIGHT: 24, FINE: 32}
_LENGTH = 1.4
_PER_OCTAVE = 2
_WIDEST = 512.0  # standard deviation; beyond, an iterate has wandered off
_BLOCK = 1 << 15
_BEYOND = float(np.exp(-(CUTOFF**2) / 2))  # of a body, beyond the cut-off
_NOWHERE = 1e-30  # what a body may add that vanishes at all nodes


class KinkedPairs:
    """Averages of bodies over one law of two variables, which may have different means and variances; any correlation."""

    def __init__(self, law: Gaussian, bodies: Sequence[sp.Expr], scalar: Callable[[sp.Basic], sp.Basic], prefix: str) -> None:
        opened = [scalar(open_body(b, [U, V])) for b in bodies]
        self.kinks = [sorted({k for b in opened for k in kinks_of(b, x, other)}, key=str) for x, other in ((U, V), (V, U))]
        symmetric = law.mean[0] == law.mean[1] and law.cov[0, 0] == law.cov[1, 1]
        if symmetric:
            opened = [_symmetrised(b) for b in opened]
            self.kinks = [sorted({*self.kinks[0], *self.kinks[1]}, key=str)] * 2
        self.symmetric = symmetric
        self.facts: list[Analyticity] = [analyticity(opened, x) for x in (U, V)]
        # Derivatives such as 1 - tanh^2 cancel: their rounding is that of numbers of order one.
        sloped = [any(a.order > 0 for a in nodes(b, Applied, inside=True)) for b in opened]
        self.floor = np.where(sloped, 4 * EPS, _NOWHERE)
        written = [_classical(b) for b in opened]
        places = [*self.kinks[0], *self.kinks[1]]
        used = set().union(*(e.free_symbols for e in [*written, *places])) - {U, V}
        self.parameters = sorted(used, key=lambda s: s.name)
        self._run = _code("bodies", [U, V, *self.parameters], written)
        self._places = _code("places", self.parameters, places)
        law_inputs = [*law.mean, law.cov[0, 0], law.cov[1, 1], law.cov[0, 1]]
        self.inputs = [*(scalar(e) for e in law_inputs), *self.parameters]
        self.outputs = [sp.Symbol(f"{prefix}k{i}", real=True) for i in range(len(bodies))]

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        m_u, m_v, var_u, var_v, cov = inputs[:5]
        var_u, var_v = np.maximum(var_u, 0.0), np.maximum(var_v, 0.0)
        bound = np.sqrt(var_u * var_v)
        rho, plus, minus = correlation(var_u, var_v, np.clip(cov, -bound, bound))
        s_u, s_v = np.sqrt(var_u), np.sqrt(var_v)
        values, noise = np.full((len(self.outputs), rho.size), np.nan), np.full((len(self.outputs), rho.size), np.inf)
        good = np.flatnonzero(np.isfinite(rho + m_u + m_v) & (np.maximum(s_u, s_v) < _WIDEST))
        law = [a[good] for a in (m_u, m_v, s_u, s_v)]
        parameters = [p[good] for p in inputs[5:]]
        level = max(level, ROUGH)
        longest = _LENGTH * self._strip(*law[2:])
        first, second = self._kinks(law, parameters)
        nodes_of = split_pair_nodes(
            first, second, plus[good], minus[good], _NODES[level], longest, half=self.symmetric, block=_BLOCK
        )
        for part, u, v, w in nodes_of:
            m_u, m_v, s_u, s_v = (a[part, None] for a in law)
            found = self._run(m_u + s_u * u, m_v + s_v * v, *(p[part, None] for p in parameters))
            for k, f in enumerate(found):
                f = np.broadcast_to(f, w.shape)
                values[k, good[part]] = np.einsum("ij,ij->i", f, w)
                if checks is not None:
                    size = np.abs(f)
                    noise[k, good[part]] = np.einsum("ij,ij->i", size, w) * (16 * EPS) + size.max(axis=1) * _BEYOND + self.floor[k]
        if checks is not None:
            checks.rounding.extend(noise)
        return list(values)

    def _strip(self, s_u: Array, s_v: Array) -> Array:
        """Half width of the strip of analyticity in standard deviations, on a ladder."""
        with np.errstate(divide="ignore"):
            width = np.minimum(self.facts[0].strip / s_u, self.facts[1].strip / s_v)
            return np.asarray(2.0 ** (np.floor(_PER_OCTAVE * np.log2(np.minimum(width, 64.0))) / _PER_OCTAVE))

    def _kinks(self, law: Sequence[Array], parameters: Sequence[Array]) -> list[Array]:
        """Places of the kinks in standard deviations from the mean, (P, K) of either variable."""
        size = law[0].size
        places = [np.broadcast_to(np.asarray(p, dtype=float), size) for p in self._places(*parameters)]
        first = len(self.kinks[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            return [
                np.reshape([(p - mean) / sigma for p in some], (-1, size)).T
                for some, mean, sigma in ((places[:first], law[0], law[2]), (places[first:], law[1], law[3]))
            ]


def kinks_of(body: sp.Expr, x: sp.Symbol, other: sp.Symbol) -> list[sp.Expr]:
    """Where transfer functions of ``x`` in ``body`` have their kinks, as expressions in parameters.

    Raises `AverageError` for a kink whose place is not known: of a function of both variables, or of no affine function.
    """
    found = []
    for node in nodes(body, Applied, inside=True):
        token, argument = node.args[0], node.args[2]
        if not token.traits.kinks or not argument.has(x):
            continue
        slope = sp.diff(argument, x) if not argument.has(Applied) else sp.nan
        if slope is sp.nan or slope.has(x) or argument.has(other):
            raise AverageError(
                f"{token.name}({argument}) has a kink at a place that is not known, in an average over two variables; write the "
                "whole as one transfer function (meanfield.transfer.custom)"
            )
        found += [sp.expand((_number(k.location) - substitute(argument, {x: sp.S.Zero})) / slope) for k in token.traits.kinks]
    return found


def _number(location: float) -> sp.Expr:
    return sp.Integer(int(location)) if float(location).is_integer() else sp.Float(location)


def _symmetrised(body: sp.Expr) -> sp.Expr:
    return (body + substitute(body, {U: V, V: U})) / 2


def _classical(body: sp.Expr) -> sp.Expr:
    """Plain functions for the transfer functions, without delta functions."""
    return replace(body, lambda e: e.explicit() if isinstance(e, Applied) else None)


def _code(name: str, arguments: Sequence[sp.Symbol], exprs: Sequence[sp.Expr]) -> Callable[..., list[Any]]:
    lines, values = assignments(exprs, "c_")
    head = f"def {name}({', '.join(s.name for s in arguments)}):"
    return function("\n".join([head, *(f"    {line}" for line in lines), f"    return [{', '.join(values)}]"]), name, array_names())
