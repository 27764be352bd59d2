"""Choice of nodes for a scalar Gaussian law, from the analyticity of the bodies and the spread of the law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, sqrt

import numpy as np

from meanfield.compile.generators import Analyticity
from meanfield.compile.group import FINE, TIGHT, TOLERANCES, refinement
from meanfield.quadrature.sinh import sinh_count, sinh_trapezoid
from meanfield.quadrature.trapezoid import gaussian_cutoff, gaussian_trapezoid, trapezoid_step

Array = np.ndarray
SMALLEST_RULE_STEP = 2.0**-12  # below, the law is so wide that the plain rule would need 10^5 nodes
TAIL = 2.0  # powers of x slow the decay beyond the cut-off a little
_WIDEST_PLAIN = 512.0  # standard deviation above which equally spaced nodes would be too many
NEAR_POLES = 3.5  # standard deviations; what is farther off costs the step of a Gaussian integrand nothing


@dataclass(frozen=True)
class NodeChoice:
    """Nodes in standard deviations: shared by all points of a block, (n,), or each point's own, (n, B).

    ends: factors by which |f| at the first and the last node bounds what lies beyond them, two numbers or two (B,).
    coarse: which of the nodes make a rule of twice the step, and its weights, if there is one.
    """

    nodes: Array
    weights: Array
    ends: tuple[Array | float, Array | float]
    coarse: tuple[slice, Array] | None = None

    def take(self, rows: Array | slice) -> NodeChoice:
        """The nodes of some points, for nodes of each point's own."""
        first, last = (np.broadcast_to(e, (self.nodes.shape[1],))[rows] for e in self.ends)
        return NodeChoice(self.nodes[:, rows], self.weights[:, rows], (first, last))


STILL = NodeChoice(np.zeros(1), np.ones(1), (0.0, 0.0), (slice(None), np.ones(1)))
"""Where nothing varies."""


def cutoff_of(facts: Analyticity, sigma: float, level: int) -> float:
    """Where the integrand has fallen below the tolerance; the square of phi and less need no extra reach."""
    return gaussian_cutoff(TOLERANCES[level], degree=max(facts.degree - 1.0, 0.0), rate=facts.rate * sigma)


@lru_cache(maxsize=1024)
def smooth_nodes(facts: Analyticity, sigma: float, level: int, *, half: bool) -> NodeChoice:
    """Trapezoid nodes for an analytic integrand at standard deviation ``sigma``; FINE refines the step of TIGHT."""
    strip = facts.strip if facts.strip > 0 else inf
    tol = TOLERANCES[min(level, TIGHT)]
    step = trapezoid_step(strip, sigma, tol, pole_order=facts.pole_order, imaginary_growth=facts.growth)
    if level == FINE:  # where no pole is near, errors fall with the square of the step: half of FINE must still show convergence
        step /= refinement(facts.certain and facts.strip < NEAR_POLES * sigma)
    step = max(step, SMALLEST_RULE_STEP)
    cutoff = cutoff_of(facts, sigma, level)
    rule = gaussian_trapezoid(step, cutoff, half=half)
    # Beyond the cutoff the integrand falls at least like exp(-(cutoff - rate sigma) z): a geometric series.
    spacing = float(rule.nodes[-1] - rule.nodes[-2])
    beyond = TAIL * float(rule.weights[-1]) / -np.expm1(-spacing * (cutoff - facts.rate * sigma))
    some = slice(0 if half else rule.nodes.size // 2 % 2, None, 2)
    coarse = (some, rule.weights[some] / rule.weights[some].sum()) if level == FINE else None
    return NodeChoice(rule.nodes, rule.weights, (0.0 if half else beyond, beyond), coarse)


@lru_cache(maxsize=1024)
def mapped_count(facts: Analyticity, sigma: float, level: int, *, half: bool) -> int:
    """Number of nodes of the sinh-mapped rule where that is the cheaper one at standard deviation ``sigma``, else 0.

    A mapped node costs as much as eight equally spaced ones, whose exponentials are products and whose weights are shared.
    """
    if facts.centre is None or facts.growth or facts.kinks or not sigma > facts.strip:
        return 0
    tol, cutoff = TOLERANCES[min(level, TIGHT)], cutoff_of(facts, sigma, level)
    step = trapezoid_step(facts.strip, sigma, tol, pole_order=facts.pole_order) if sigma < _WIDEST_PLAIN else 0.0
    count = sinh_count(facts.strip / sigma, tol, cutoff=cutoff, pole_order=facts.pole_order)
    return count if step == 0.0 or 8 * count * step < (cutoff if half else 2 * cutoff) else 0


def mapped_nodes(facts: Analyticity, mean: Array, sigma: Array, widest: float, count: int, level: int) -> NodeChoice:
    """Nodes of each point's own, crowded around the steep point of the integrand; FINE has twice the nodes of TIGHT."""
    cutoff = cutoff_of(facts, widest, level)
    centre = ((facts.centre or 0.0) - mean) / sigma
    nodes, weights = sinh_trapezoid(centre, facts.strip / sigma, cutoff, 2 * count - 1 if level == FINE else count)
    beyond = TAIL * np.exp(-(cutoff**2) / 2) / (sqrt(2 * np.pi) * (cutoff - facts.rate * sigma))
    nodes, weights, some = nodes.T, weights.T, slice(0, None, 2)
    coarse = (some, weights[some] / weights[some].sum(axis=0)) if level == FINE else None
    return NodeChoice(nodes, weights, (beyond, beyond), coarse)
