"""Composite Gauss-Legendre panels for a scalar Gaussian law: between kinks, and shorter and shorter towards steep places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np

from meanfield.compile.generators import Analyticity
from meanfield.compile.group import FINE, ROUGH, TIGHT, by_width
from meanfield.compile.rules import NEAR_POLES, TAIL, Array, NodeChoice, cutoff_of
from meanfield.quadrature.gauss import panel_gauss

PANEL_NODES = {ROUGH: 16, TIGHT: 32, FINE: 64}
LARGEST_PANELS = 512
FARTHEST = 36.0  # standard deviations; beyond, the density of the normal law is no double
_NARROW = 0.5  # what is steeper than that many known strips is a place of its own
_SLOW = 12.0  # standard deviations; waves longer than that cost the step of a Gaussian integrand nothing
_WIDE = 30.0  # standard deviations in widths of the steepest place above which graded panels have fewer nodes than equal steps
_GRADING = 4.0  # ratio of neighbouring panels: a pole at the place is two half lengths from the middle of each
_DEEPEST = 30.0  # gradings: places narrower by more than 4^30 are none
_WIDE_PANEL = 1.5  # half length, in standard deviations, of the panels away from steep places
_MARGIN = 6.0  # what lies beyond a kink far out is integrated so many standard deviations further


def split_nodes(
    facts: Analyticity, mean: Array, sigma: Array, level: int, steep: Steep | None = None
) -> Iterator[tuple[Array, NodeChoice]]:
    """Composite Gauss-Legendre nodes of each point's own, split where a derivative of the integrand jumps, and on shorter and
    shorter panels towards where it is steep.

    Yields indices of points with as many panels each, and their nodes.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = (np.asarray(facts.kinks)[None, :] - mean[:, None]) / sigma[:, None]
    breaks = np.nan_to_num(breaks, nan=0.0, posinf=99.0, neginf=-99.0)
    for index, panels, reach in _panels(facts, sigma, level, steep):
        near = (np.abs(breaks[index]) < reach - _MARGIN).all(axis=1)
        for far, chosen in ((False, index[near]), (True, index[~near])):
            if chosen.size:
                inner = None if steep is None else np.clip(steep.graded(mean, sigma, chosen), -reach, reach)
                yield chosen, _composite(breaks[chosen], reach, reach - facts.rate * sigma[chosen], panels, level, far, inner)


@dataclass(frozen=True)
class Steep:
    """Centres and half widths (K, P) of the steep places of each point, the length (P,) that a panel may cover, and the points
    (P,) by how many gradings their narrowest place needs."""

    centre: Array
    width: Array
    length: Array
    depth: Array

    def take(self, rows: Array) -> Steep:
        return Steep(self.centre[:, rows], self.width[:, rows], self.length[rows], self.depth[rows])

    def graded(self, mean: Array, sigma: Array, chosen: Array) -> Array:
        """Edges (B, E) of panels in standard deviations: each is as long as it is far from the place, but for a factor."""
        c = (self.centre[:, chosen] - mean[chosen]) / sigma[chosen]
        w = self.width[:, chosen] / sigma[chosen]
        powers = _GRADING ** np.arange(int(self.depth[chosen[0]]) + 1)
        steps = np.concatenate([-powers[::-1], [0.0], powers])
        return np.asarray((c[:, None, :] + w[:, None, :] * steps[:, None]).reshape(-1, chosen.size).T)


def steep_places(facts: Analyticity, sigma: Array, centre: Array, width: Array, wavelength: Array) -> tuple[Steep, Array]:
    """`Steep` of all points, and which of them have something narrower than ``facts`` knows of."""
    with np.errstate(all="ignore"):
        narrowest = np.where(width > 0, width, np.inf).min(axis=0, initial=np.inf)
        depth = np.ceil(np.log(np.maximum(_WIDE_PANEL * sigma / narrowest, 1.0)) / np.log(_GRADING))
    narrow = (
        (narrowest < np.minimum(_NARROW * facts.strip, NEAR_POLES * sigma))
        | (narrowest < sigma / _WIDE)
        | (wavelength < _SLOW * sigma)
        | (width == 0).any(axis=0)
    )
    depth = np.where(np.isfinite(depth), np.minimum(depth, _DEEPEST), 0.0)
    return Steep(centre, width, wavelength, depth), np.asarray(narrow & (sigma > 0))


def _panels(facts: Analyticity, sigma: Array, level: int, steep: Steep | None) -> Iterator[tuple[Array, int, float]]:
    """Points by the number of panels that the narrowest structure of the integrand asks for, and by their reach."""
    everything = np.arange(sigma.size)
    if steep is not None:
        yield from _steep_panels(facts, sigma, level, steep)
        return
    for index, widest in by_width(np.nan_to_num(sigma, nan=1.0)):
        widest = max(widest, 1e-12)
        # A panel of 32 nodes is good to 1e-13 if poles are half its half-width away (Bernstein ellipse of 1.6), if the
        # integrand grows by exp(16) along it, or if exp(9) bounds what a Gaussian does in the imaginary direction.
        half = min(4.3, 2 * facts.strip / widest, 16 / max(facts.rate * widest, 1e-12))
        half = min(half, 3 / (widest * sqrt(facts.growth)) if facts.growth else inf)
        reach = cutoff_of(facts, widest, level)
        yield everything[index], min(ceil(reach / half), LARGEST_PANELS), reach


def _steep_panels(facts: Analyticity, sigma: Array, level: int, steep: Steep) -> Iterator[tuple[Array, int, float]]:
    """The same where places are steep: they are resolved by the grading, waves by the panels."""
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.ceil(np.log2(np.maximum(np.nan_to_num(sigma / steep.length, nan=1.0), 1.0)))
    reach = cutoff_of(facts, 1.0, level) + np.ceil(np.nan_to_num(facts.rate * sigma, nan=0.0, posinf=0.0))
    key = np.stack([steep.depth, np.minimum(count, 9), reach])
    for case in np.unique(key, axis=1).T:
        wide = ceil(case[2] / _WIDE_PANEL)
        yield np.flatnonzero((key == case[:, None]).all(axis=0)), max(wide, ceil(2 ** case[1] * case[2])), float(case[2])


def _composite(
    breaks: Array, reach: float, decay: Array, panels: int, level: int, far: bool, inner: Array | None = None
) -> NodeChoice:
    """Nodes between equally spaced edges, ``breaks`` (B, K) and ``inner`` edges on |z| <= reach; with ``far``, up to kinks beyond
    that too."""
    size = len(breaks)
    edges = np.tile(np.linspace(-reach, reach, panels + 1), (size, 1))
    breaks = np.clip(breaks, -FARTHEST, FARTHEST) if far else breaks
    if far:
        low = np.minimum(breaks.min(axis=1, keepdims=True) - _MARGIN, -reach)
        high = np.maximum(breaks.max(axis=1, keepdims=True) + _MARGIN, reach)
        edges = np.concatenate([low, edges, high], axis=1)
    edges = np.sort(np.concatenate([edges, breaks, *(() if inner is None else (inner,))], axis=1), axis=1)
    nodes, weights = panel_gauss(edges, PANEL_NODES.get(level, PANEL_NODES[TIGHT]))
    weights *= np.exp(-(nodes**2) / 2) / sqrt(2 * np.pi)
    first, last = (TAIL * np.exp(-(edges[:, i] ** 2) / 2) / sqrt(2 * np.pi) / decay for i in (0, -1))
    return NodeChoice(nodes.T, weights.T, (first, last))
