"""Trapezoid after a sinh map, for integrands that are steep on the scale of the normal law (Delta above about 3).

A transfer function of argument mu + sigma z is steep around z_0 = -mu/sigma within d = strip/sigma << 1. With
z = z_0 + sqrt(2) d sinh t the poles at z_0 +- i d and the turning of the density both bound the strip |Im t| < pi/4,
whatever sigma is: the number of nodes grows like ln sigma, that of the plain rule like sigma.
"""

from __future__ import annotations

from math import asinh, ceil, log, pi, sqrt

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Array

STRIP = pi / 4


def sinh_count(distance: float, tol: float, *, cutoff: float, pole_order: float = 1) -> int:
    """Number of nodes for error ``tol``; ``distance`` d = strip/sigma, the smallest of the batch. Odd, so it nests.

    For an entire but steep function (error function type) use strip = pi/2 divided by its slope.
    """
    if not (distance > 0 and 0 < tol < 1 and cutoff > 0):
        raise QuadratureError(f"needs distance, cutoff > 0 and 0 < tol < 1; got {distance!r}, {cutoff!r}, {tol!r}")
    # The poles lie on the edge of the strip itself: four more e-folds cover their strength (measured on tanh, sech^4).
    level = max(1.0, -log(tol)) + 4
    level += max(0.0, pole_order - 1) * log(level)
    reach = 2 * asinh(cutoff / (sqrt(2) * distance))
    return 2 * ceil(reach * level / (2 * pi * STRIP) / 2) + 1


def sinh_trapezoid(centre: Array, distance: Array | float, cutoff: float, count: int) -> tuple[Array, Array]:
    """Nodes and weights (P, count) of the standard normal measure, crowded around each point's ``centre``.

    centre: (P,) steep point z_0 = (x_0 - mu)/sigma, clipped to the cutoff; distance: (P,) or scalar, d = strip/sigma.
    The weights contain the density and add up to 1. The rule with 2 count - 1 nodes contains this one's nodes.
    """
    if count < 3:
        raise QuadratureError(f"a sinh-mapped rule needs at least 3 nodes, got {count}")
    centre = np.clip(np.atleast_1d(np.asarray(centre, dtype=float)), -cutoff, cutoff)
    scale = sqrt(2) * np.broadcast_to(np.asarray(distance, dtype=float), centre.shape)
    low, high = np.arcsinh((-cutoff - centre) / scale), np.arcsinh((cutoff - centre) / scale)
    fraction = np.arange(count) / (count - 1)
    t = low[:, None] + (high - low)[:, None] * fraction
    # z = z_0 + b sinh t; exponentials once for both sinh and cosh
    up = np.exp(t)
    nodes = centre[:, None] + scale[:, None] * (up - 1 / up) / 2
    weights = np.exp(-(nodes**2) / 2) * (up + 1 / up)
    weights /= weights.sum(axis=1, keepdims=True)
    return nodes, weights
