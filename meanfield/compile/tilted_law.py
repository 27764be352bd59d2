"""Averages over a tilted law ``N(y; mean, var) exp(log_tilt(y))`` and its log-normalisation, on the nodes of its base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.passes import body_parity
from meanfield.averages.scope import close, nodes
from meanfield.compile.generators import analyticity
from meanfield.compile.grid import Grid
from meanfield.compile.group import EPS, Array, Dot
from meanfield.compile.moments import Moments
from meanfield.compile.scalar_law import ScalarLaw
from meanfield.transfer import Applied


class TiltedDot(Dot):
    """Weighted sums under the tilted weight; ``tilt`` must be called first."""

    def tilt(self, values: Array) -> None:
        self.factor = values
        self.norm = self.sum(values)
        if self.coarse is not None:
            some, rule = self.coarse
            rule.norm = rule.sum(values[some])  # type: ignore[attr-defined]

    def __call__(self, values: Array) -> Array:
        if self.errors is not None:
            self.bounds.append(self.errors.bound(values, self.weights, self.factor) / self.norm)
        tilted = values * self.factor
        if self.coarse is not None:
            some, rule = self.coarse
            self.coarse_sums.append(rule.sum(tilted[some]) / rule.norm)  # type: ignore[attr-defined]
        return self.sum(tilted) / self.norm


class TiltedLaw(ScalarLaw):
    """Moments over a tilted law; the last output is its log-normalisation."""

    rule = TiltedDot

    def __init__(
        self, mean: sp.Expr, var: sp.Expr, log_tilt: sp.Expr, bodies: Sequence[sp.Expr], variable: sp.Symbol, prefix: str
    ) -> None:
        self.moments = Moments(bodies, variable, prefix, tilt=tilt_factor(log_tilt))
        exprs = [*bodies, *(sp.exp(t) for t in sp.Add.make_args(log_tilt))]
        # Half of phi's strip is taken for functions of it: not certain, but on the safe side where phi's own is known. Claims rest
        # on the distance of two rules as it is.
        known = all(a.token.traits.strip is not None for e in exprs for a in nodes(e, Applied, inside=True))
        self.facts = replace(analyticity(exprs, variable), certain=known)
        self.inputs = [mean, var, *self.moments.parameters]
        self.log_norm = sp.Symbol(f"{prefix}norm", real=True)
        self.outputs = [*self.moments.moment_symbols, self.log_norm]
        self.values = self.moments.values
        even = all(body_parity(close(b, [variable])) == "even" for b in (*bodies, log_tilt))
        self.half = mean == 0 and even and not self.facts.kinks

    def _run(self, grid: Grid, dot: Any, parameters: list[Array]) -> Array:
        moments = self.moments.run(grid, dot, *parameters)[0]
        norm = dot.norm
        if dot.errors is not None:
            dot.bounds.append(4 * EPS * (1.0 + np.abs(norm - 1) * EPS))
        if dot.coarse is not None:
            dot.coarse_sums.append(np.log(dot.coarse[1].norm))
        return np.asarray([*moments, np.log(norm)])


def tilt_factor(log_tilt: sp.Expr) -> sp.Expr:
    """``exp(log_tilt)`` with terms ``c log f`` written as ``f^c``, which is cheaper and exact near 1."""
    powers, rest = [], []
    for term in sp.Add.make_args(log_tilt):
        coefficient, factor = term.as_coeff_Mul()
        if isinstance(factor, sp.log) and coefficient.is_Rational:
            powers.append(sp.Pow(factor.args[0], coefficient))
        else:
            rest.append(term)
    return sp.Mul(*powers, sp.exp(sp.Add(*rest)) if rest else 1)


__all__ = ["TiltedLaw"]
