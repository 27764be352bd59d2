"""Choice of nodes for a scalar Gaussian law, from the analyticity of the bodies and the spread of the law."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from meanfield.compile.generators import Analyticity
from meanfield.compile.group import FINE, TIGHT, TOLERANCES
from meanfield.quadrature.trapezoid import gaussian_cutoff, gaussian_trapezoid, trapezoid_step

Array = np.ndarray
SMALLEST_RULE_STEP = 2.0**-12  # below, the law is so wide that the plain rule would need 10^5 nodes
SPLIT_NODES = 32


@dataclass(frozen=True)
class NodeChoice:
    """Nodes in standard deviations: shared by all points of a block, (n,), or each point's own, (B, n)."""

    nodes: Array
    weights: Array


def smooth_nodes(facts: Analyticity, sigma: float, level: int, *, half: bool, rate: float = 0.0) -> NodeChoice:
    """Trapezoid nodes for an analytic integrand at standard deviation ``sigma``; FINE halves the step of TIGHT."""
    strip = facts.strip if facts.strip > 0 else inf
    tol = TOLERANCES[min(level, TIGHT)]
    step = trapezoid_step(strip, sigma, tol, pole_order=facts.pole_order, imaginary_growth=facts.growth)
    step = max(step, SMALLEST_RULE_STEP) / (2 if level == FINE else 1)
    cutoff = gaussian_cutoff(TOLERANCES[level], rate=rate)
    rule = gaussian_trapezoid(step, cutoff, half=half)
    return NodeChoice(rule.nodes, rule.weights)


def split_nodes(facts: Analyticity, mean: Array, sigma: Array, level: int) -> NodeChoice:
    """Composite Gauss-Legendre nodes of each point's own, split where a derivative of the integrand jumps."""
    from meanfield.quadrature.gauss import split_gauss

    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = (np.asarray(facts.kinks)[None, :] - mean[:, None]) / sigma[:, None]
    breaks = np.nan_to_num(breaks, nan=0.0, posinf=99.0, neginf=-99.0)
    nodes, weights = split_gauss(breaks, gaussian_cutoff(TOLERANCES[FINE]), int(SPLIT_NODES * 2.0 ** max(level - 1, -1)))
    return NodeChoice(nodes, weights)
