"""Averages over one scalar Gaussian law: one table of the transfer function per point, contracted into moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, isfinite, log2, sqrt
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.passes import body_parity
from meanfield.averages.scope import close
from meanfield.compile.generators import analyticity
from meanfield.compile.grid import Grid, Line, UniformGrid
from meanfield.compile.group import (
    BLOCK_ELEMENTS,
    ROUGH,
    SKETCH,
    WIDTHS_PER_OCTAVE,
    Array,
    Checks,
    Dot,
    NodeErrors,
    by_width,
    pieces,
)
from meanfield.compile.moments import Moments
from meanfield.compile.narrow import Narrow, narrow_places
from meanfield.compile.panels import split_nodes, steep_places
from meanfield.compile.rules import STILL, NodeChoice, mapped_count, mapped_nodes, smooth_nodes
from meanfield.transfer import tanh

_FEW = 6  # points that are sooner done one by one
_SMALL = 2048  # values at the nodes of a block below which it is sooner done with others
LARGEST_SIGMA = 3e3  # iterates that wander off beyond are given up: nothing is computed for them
LARGEST_CENTRED = 1e9  # where rules will do whose nodes grow like the logarithm, mapped or graded ones


@dataclass(frozen=True)
class Block:
    """Points (their indices; a slice stands for all points of a small batch) with their nodes. half: whether these are half of the
    nodes of a symmetric law. widest: a bound on the standard deviations, of which all are at least half, if it is known."""

    index: Array | slice
    choice: NodeChoice
    half: bool = False
    widest: float | None = None


def _together(blocks: Sequence[Block]) -> Iterator[Block]:
    """Small blocks made one, in which each point has its own nodes: the same ones, and others of weight 0 where it has fewer.

    A pass over few points costs what its calls cost, not what is computed in it.
    """
    for half in (False, True):
        small = [b for b in blocks if b.half == half and _is_small(b)]
        if len(small) > 1:
            yield _one(small, half)
            blocks = [b for b in blocks if b.half != half or not _is_small(b)]
    yield from blocks


def _is_small(block: Block) -> bool:
    nodes = block.choice.nodes
    return not isinstance(block.index, slice) and nodes.ndim == 1 and nodes.size * block.index.size < _SMALL


def _one(blocks: Sequence[Block], half: bool) -> Block:
    indices = [np.asarray(b.index) for b in blocks]
    index = np.concatenate(indices)
    nodes = np.zeros((max(b.choice.nodes.size for b in blocks), index.size))
    weights, stop = np.zeros_like(nodes), 0
    for block, points in zip(blocks, indices, strict=True):
        count, start, stop = block.choice.nodes.size, stop, stop + points.size
        nodes[:count, start:stop] = block.choice.nodes[:, None]
        weights[:count, start:stop] = block.choice.weights[:, None]
    return Block(index, NodeChoice(nodes, weights, (0.0, 0.0)), half)


def _joined(indices: Sequence[Array | slice]) -> Array | None:
    """All indices one after the other; None for a single slice."""
    arrays = [i for i in indices if not isinstance(i, slice)]
    return np.concatenate(arrays) if arrays else None


class ScalarLaw:
    """Moments of bodies over ``x ~ N(mean, var)``.

    inputs: mean, var and the parameters that occur in the bodies. ``values``: the averages, body by body, as expressions
    in the outputs.
    """

    rule: type[Dot] = Dot
    narrow: Narrow | None = None
    # Another choice of nodes, see `meanfield.compile.schemes`.
    blocks_of: Callable[[Array, Array, int], Iterator[Block]] | None = None

    def __init__(self, mean: sp.Expr, var: sp.Expr, bodies: Sequence[sp.Expr], variable: sp.Symbol, prefix: str) -> None:
        self.moments = Moments(bodies, variable, prefix)
        self.facts = analyticity(bodies, variable)
        if not self.facts.certain:
            self.narrow = narrow_places(bodies, variable, self.moments.parameters)
        self.inputs = [mean, var, *self.moments.parameters]
        self.outputs = list(self.moments.moment_symbols)
        self.values = self.moments.values
        even = all(body_parity(close(b, [variable])) == "even" for b in bodies)
        self.half = mean == 0 and even and not self.facts.kinks
        self._lines: dict[tuple[int, bool, int], tuple[Array, Any] | None] = {}

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        if not self.outputs:  # every body vanishes almost everywhere, such as phi phi'' of a threshold-linear phi
            return []
        if checks is None and inputs[0].size <= _FEW and self._simple:
            found = [self.evaluate_one(point, level) for point in zip(*(i.tolist() for i in inputs), strict=True)]
            return list(np.array(found).T)
        if level <= ROUGH and checks is None and self._powers is not None:
            law, matrix = self._powers
            return list(matrix[:, 1:] @ np.stack(law.evaluate(inputs, level)) + matrix[:, :1])
        return self._evaluate(inputs, level, checks)

    @cached_property
    def _powers(self) -> tuple[ScalarLaw, Array] | None:
        """The averages of powers of tanh of which the rough ones are made, see `Moments.powers`."""
        if type(self) is not ScalarLaw or self.blocks_of is not None or self.moments.powers is None:
            return None
        orders, matrix = self.moments.powers
        variable = self.moments.variable
        law = ScalarLaw(self.inputs[0], self.inputs[1], [tanh(variable) ** k for k in orders], variable, "powers")
        law.facts, law._powers = self.facts, None
        return law, matrix

    def evaluate_one(self, inputs: Sequence[float], level: int) -> list[float]:
        """The same at a single point, in numbers."""
        mean, sigma = inputs[0], sqrt(max(inputs[1], 0.0))
        if not self._simple or not (isfinite(mean) and sigma <= self._widest):
            return [o.item() for o in self._evaluate([np.array([v]) for v in inputs], level, None)] if self.outputs else []
        half = mean == 0 and self._odd is not None
        rung = ceil(WIDTHS_PER_OCTAVE * log2(max(sigma, self._floor)))
        key = rung, half, level
        if key not in self._lines:
            self._lines[key] = self._line(2.0 ** (rung / WIDTHS_PER_OCTAVE), half or self.half, level)
        line = self._lines[key]
        if line is None:
            return [o.item() for o in self._evaluate([np.array([v]) for v in inputs], level, None)]
        nodes, dot = line
        moments, _ = self.moments.run(Line(mean, sigma, nodes), dot, *inputs[2:])
        found = [float(m) for m in moments]
        for k in (self._odd or ()) if half else ():
            found[k] = 0.0
        return found

    def _line(self, widest: float, half: bool, level: int) -> tuple[Array, Any] | None:
        """Equally spaced nodes and what sums over them; None where mapped ones are cheaper."""
        _, choice = self._rule(widest, half, level)
        return None if choice is None else (choice.nodes, choice.weights.dot)

    @cached_property
    def _simple(self) -> bool:
        """Whether one point is a pass over equally spaced nodes."""
        plain = self.rule is Dot and self.blocks_of is None and self.narrow is None
        return plain and type(self) is ScalarLaw and bool(self.outputs) and not self.facts.kinks

    def _evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None) -> list[Array]:
        mean, var = inputs[:2]
        sigma = np.sqrt(np.maximum(var, 0.0))
        broken = ~(np.isfinite(mean) & (sigma <= self._widest))
        if broken.any():
            sigma, mean = np.where(broken, np.nan, sigma), np.where(broken, np.nan, mean)
        kept = np.empty((1 if checks is None else 3, len(self.outputs), sigma.size))
        nested, start = True, 0
        blocks = list(self._chosen(mean, sigma, level, inputs[2:]))
        if checks is None and self.rule is Dot:
            blocks = list(_together(blocks))
        order = _joined([block.index for block in blocks])
        columns = [c if order is None else c[order] for c in (mean, sigma, *inputs[2:])]
        for block in blocks:  # in the order of the blocks, points are neighbours in memory
            stop = sigma.size if isinstance(block.index, slice) else start + block.index.size
            here = [c[start:stop] for c in columns]
            part = self._block(here[0], here[1], block, here[2:], level, checks is not None)
            nested = nested and block.choice.coarse is not None
            for whole, values in zip(kept, part, strict=True):
                whole[:, start:stop] = values
            start = stop
        if order is not None:
            back = np.empty_like(order)
            back[order] = np.arange(order.size)
            kept = kept.take(back, axis=2)
        if checks is not None:
            checks.rounding.extend(kept[1])
            checks.coarse.extend(kept[2] if nested else ())
        return list(kept[0])

    @property
    def sketches(self) -> bool:
        """Whether there is a rule of few nodes for the first steps towards a root."""
        return self.blocks_of is None and not self.facts.kinks

    def _block(self, mean: Array, sigma: Array, block: Block, parameters: list[Array], level: int, check: bool) -> list[Array]:
        """Outputs of a block of points, (outputs, B), in single precision for a sketch; to check, also bounds on their rounding,
        and their values by the coarser rule."""
        choice, coarse = block.choice, None
        errors = NodeErrors(mean, sigma, choice.nodes, choice.ends) if check else None
        if check and choice.coarse is not None:
            some, weights = choice.coarse
            coarse = some, self.rule(weights)
        shared = choice.nodes.ndim == 1
        plain = shared and not check and self.rule is Dot
        nodes, weights = choice.nodes, choice.weights
        if plain and level == SKETCH:
            mean, sigma, nodes, weights, *parameters = (a.astype(np.float32) for a in (mean, sigma, nodes, weights, *parameters))
        dot: Any = weights.dot if plain else self.rule(weights, errors, coarse=coarse)
        grid = UniformGrid(mean, sigma, nodes, block.widest) if shared else Grid(mean, sigma, nodes)
        out = self._run(grid, dot, parameters)
        found = [out, np.asarray(dot.bounds), np.asarray(dot.coarse_sums) if coarse else out] if check else [out]
        for values in found if block.half else ():
            values[self._odd or []] = 0.0
        return found

    def _run(self, grid: Grid, dot: Any, parameters: list[Array]) -> Array:
        return np.asarray(self.moments.run(grid, dot, *parameters)[0])

    @cached_property
    def _odd(self) -> list[int] | None:
        """Places of the moments that vanish where the mean is 0; None if some are not known to be even or odd."""
        parities = None if self.facts.kinks else self.moments.parities
        return None if parities is None else parities[0]

    @property
    def _widest(self) -> float:
        """Standard deviation up to which the nodes needed are few enough."""
        return LARGEST_SIGMA if self.facts.centre is None and self.narrow is None else LARGEST_CENTRED

    @cached_property
    def _floor(self) -> float:
        """Width below which the rule no longer depends on it: no pole is near."""
        return self.facts.strip / 13 if isfinite(self.facts.strip) and not self.facts.rate else 1e-3

    def _chosen(self, mean: Array, sigma: Array, level: int, parameters: Sequence[Array]) -> Iterator[Block]:
        """Blocks of points and their nodes; points with something narrow of which the facts do not know have nodes of their own."""
        if self.blocks_of is not None or self.narrow is None:
            yield from (self.blocks_of or self._blocks)(mean, sigma, level)
            return
        centre, width = self.narrow.where(sigma.size, *parameters)
        steep, narrow = steep_places(self.facts, sigma, centre, width, self.narrow.wavelength(sigma.size, *parameters))
        plain, special = np.flatnonzero(~narrow), np.flatnonzero(narrow)
        for block in self._blocks(mean[plain], sigma[plain], level) if plain.size else ():
            yield replace(block, index=plain[block.index])
        if special.size:
            own = split_nodes(self.facts, mean[special], sigma[special], level, steep.take(special))
            for chosen, choice in own:
                for piece in pieces(np.arange(chosen.size), max(1, BLOCK_ELEMENTS // choice.nodes.shape[0])):
                    yield Block(special[chosen[piece]], choice.take(piece))

    def _blocks(self, mean: Array, sigma: Array, level: int) -> Iterator[Block]:
        """Blocks of points with their nodes. The rule depends on the point alone, never on the others in the batch: it is that of
        the next wider law on a ladder."""
        if self.facts.kinks:
            for chosen, choice in split_nodes(self.facts, mean, sigma, level):
                for piece in pieces(np.arange(chosen.size), max(1, BLOCK_ELEMENTS // choice.nodes.shape[0])):
                    yield Block(chosen[piece], choice.take(piece))
            return
        moving = sigma != 0
        if not moving.all():
            yield Block(np.flatnonzero(~moving), STILL)
        room = 2 * BLOCK_ELEMENTS if level == SKETCH else BLOCK_ELEMENTS  # single precision takes half the memory
        for half, among in self._by_symmetry(mean, moving):
            for index, widest in by_width(sigma[among], self._floor):
                count, rule = self._rule(widest, half or self.half, level)
                if rule is None:
                    for piece in pieces(np.arange(sigma.size)[among][index], max(1, BLOCK_ELEMENTS // (2 * count))):
                        yield Block(piece, mapped_nodes(self.facts, mean[piece], sigma[piece], widest, count, level))
                    continue
                known = widest if widest > 2 * self._floor else None  # the narrowest laws share a rung
                for some in pieces(index, max(1, room // rule.nodes.size)):
                    yield Block(some if isinstance(among, slice) else among[some], rule, half, known)

    @cached_property
    def _rules(self) -> dict[tuple[float, bool, int], tuple[int, NodeChoice | None]]:
        return {}

    def _rule(self, widest: float, half: bool, level: int) -> tuple[int, NodeChoice | None]:
        """Equally spaced nodes, or how many mapped ones are cheaper. (To hash the facts at every look-up takes longer.)"""
        key = widest, half, level
        if key not in self._rules:
            count = mapped_count(self.facts, widest, level, half=half)
            self._rules[key] = count, None if count else smooth_nodes(self.facts, widest, level, half=half)
        return self._rules[key]

    def _by_symmetry(self, mean: Array, mask: Array) -> Iterator[tuple[bool, Array | slice]]:
        """The points of a mask whose law is symmetric about 0, for which half of the nodes will do, and the others."""
        centred = (mean == 0) & (not self.half and self._odd is not None)
        for half, points in ((True, mask & centred), (False, mask & ~centred)):
            if points.all():
                yield half, slice(None)
            elif points.any():
                yield half, np.flatnonzero(points)
