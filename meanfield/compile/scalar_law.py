"""Averages over one scalar Gaussian law: one table of the transfer function per point, contracted into moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import isfinite

import numpy as np
import sympy as sp

from meanfield.averages.passes import body_parity
from meanfield.averages.scope import close
from meanfield.compile.generators import analyticity
from meanfield.compile.grid import Grid, UniformGrid
from meanfield.compile.group import BLOCK_ELEMENTS, Array, Dot, NodeErrors, by_width, pieces
from meanfield.compile.moments import Moments
from meanfield.compile.rules import NodeChoice, mapped_count, mapped_nodes, smooth_nodes, split_nodes

LARGEST_SIGMA = 3e3  # iterates that wander off beyond are given up: nothing is computed for them
LARGEST_CENTRED = 1e9  # where the sinh-mapped rule will do, whose nodes grow like the logarithm


class ScalarLaw:
    """Moments of bodies over ``x ~ N(mean, var)``.

    inputs: mean, var and the parameters that occur in the bodies. ``values``: the averages, body by body, as expressions
    in the outputs.
    """

    # Another choice of nodes, see `meanfield.compile.schemes`.
    blocks_of: Callable[[Array, Array, int], Iterator[tuple[Array | slice, NodeChoice, bool]]] | None = None

    def __init__(self, mean: sp.Expr, var: sp.Expr, bodies: Sequence[sp.Expr], variable: sp.Symbol, prefix: str) -> None:
        self.moments = Moments(bodies, variable, prefix)
        self.facts = analyticity(bodies, variable)
        self.inputs = [mean, var, *self.moments.parameters]
        self.outputs = list(self.moments.moment_symbols)
        self.values = self.moments.values
        even = all(body_parity(close(b, [variable])) == "even" for b in bodies)
        self.half = mean == 0 and even and not self.facts.kinks

    def evaluate(self, inputs: Sequence[Array], level: int, rounding: list[Array] | None = None) -> list[Array]:
        if not self.outputs:  # every body vanishes almost everywhere, such as phi phi'' of a threshold-linear phi
            return []
        mean, var = inputs[:2]
        sigma = np.sqrt(np.maximum(var, 0.0))
        broken = ~(np.isfinite(mean) & (sigma <= (LARGEST_SIGMA if self.facts.centre is None else LARGEST_CENTRED)))
        if broken.any():
            sigma, mean = np.where(broken, np.nan, sigma), np.where(broken, np.nan, mean)
        out = np.empty((len(self.outputs), sigma.size))
        noise = np.empty_like(out) if rounding is not None else None
        for index, choice, half in (self.blocks_of or self._blocks)(mean, sigma, level):
            here = (mean[index], sigma[index], choice.nodes)
            dot = self._dot(choice.weights, None if noise is None else NodeErrors(*here, choice.ends))
            grid = (UniformGrid if choice.nodes.ndim == 1 else Grid)(*here)
            out[:, index] = self._run(grid, dot, [p[index] for p in inputs[2:]])
            if noise is not None:
                noise[:, index] = dot.bounds
            if half:
                for k in self._odd or ():
                    out[k, index] = 0.0
        if rounding is not None and noise is not None:
            rounding.extend(noise)
        return list(out)

    def _dot(self, weights: Array, errors: NodeErrors | None) -> Dot:
        return Dot(weights, errors)

    def _run(self, grid: Grid, dot: Dot, parameters: list[Array]) -> Array:
        return np.asarray(self.moments.run(grid, dot, *parameters)[0])

    @cached_property
    def _odd(self) -> list[int] | None:
        """Places of the moments that vanish where the mean is 0; None if some are not known to be even or odd."""
        parities = None if self.facts.kinks else self.moments.parities
        return None if parities is None else parities[0]

    @cached_property
    def _floor(self) -> float:
        """Width below which the rule no longer depends on it: no pole is near."""
        return self.facts.strip / 13 if isfinite(self.facts.strip) and not self.facts.rate else 1e-3

    def _blocks(self, mean: Array, sigma: Array, level: int) -> Iterator[tuple[Array | slice, NodeChoice, bool]]:
        """Blocks of points with their nodes, and whether these are half of the nodes of a symmetric law. The rule depends on the
        point alone, never on the others in the batch: it is that of the next wider law on a ladder."""
        if self.facts.kinks:
            for chosen, choice in split_nodes(self.facts, mean, sigma, level):
                for piece in pieces(np.arange(chosen.size), max(1, BLOCK_ELEMENTS // choice.nodes.shape[0])):
                    yield chosen[piece], choice.take(piece), False
            return
        for half, among in self._by_symmetry(mean):
            for index, widest in by_width(sigma[among], self._floor):
                count = mapped_count(self.facts, widest, level, half=half or self.half)
                if count:
                    for piece in pieces(np.arange(sigma.size)[among][index], max(1, BLOCK_ELEMENTS // (2 * count))):
                        yield piece, mapped_nodes(self.facts, mean[piece], sigma[piece], widest, count, level), False
                    continue
                choice = smooth_nodes(self.facts, widest, level, half=half or self.half)
                for some in pieces(index, max(1, BLOCK_ELEMENTS // choice.nodes.size)):
                    yield some if isinstance(among, slice) else among[some], choice, half

    def _by_symmetry(self, mean: Array) -> Iterator[tuple[bool, Array | slice]]:
        centred = mean == 0
        if self.half or self._odd is None or not centred.any():
            yield False, slice(None)
        elif centred.all():
            yield True, slice(None)
        else:
            yield True, np.flatnonzero(centred)
            yield False, np.flatnonzero(~centred)
