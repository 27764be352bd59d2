"""Where the search for fixed points begins: half the starts on the network's trajectories, drawn in, half anywhere.

Fixed points lie in a shell inside that of the dynamics (Stubenrauch et al., arXiv:2210.07877), so points of a trajectory are
scaled by a factor between 1/2 and 1, and Gaussian points have 0.6 of the trajectory's mean square.
"""

from __future__ import annotations

import numpy as np

from meanfield.simulate.fixed_points.levenberg import Array, System

__all__ = ["BLOCK", "starts"]

BLOCK = 64
"""Starts that are made, and run, together."""

_DT, _TRANSIENT, _INTERVAL, _SAMPLES = 0.1, 20.0, 5.0, 4
_SHRINK = 0.6
# A quiescent network has no trajectory to speak of: then the size of the couplings says how far to look.
_FLOOR = 0.05


def starts(system: System, seed: int, block: int) -> Array:
    """The starts (64, N) of one block: even rows from trajectories, odd rows Gaussian; a function of (seed, block) alone."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block,)))
    N = len(system.J)
    drawn = trajectories(system, rng.normal(size=(BLOCK // 2 // _SAMPLES, N)))
    reach = np.mean(system.J**2) * N + np.mean(system.input**2)
    mean_square = max(np.mean(drawn**2), _FLOOR / _SHRINK * reach)
    out = np.empty((BLOCK, N))
    out[0::2] = drawn * rng.uniform(0.5, 1.0, size=(len(drawn), 1))
    out[1::2] = rng.normal(size=(BLOCK - len(drawn), N)) * np.sqrt(_SHRINK * mean_square)
    return out


def trajectories(system: System, x: Array) -> Array:
    """Points of the network's own trajectories from x (B, N), after a transient: (4 B, N). Euler steps are exact enough here."""
    sampled, often = [], round(_INTERVAL / _DT)
    for k in range(round(_TRANSIENT / _DT) + often * (_SAMPLES - 1) + 1):
        (value,) = system.phi.jet([0], x)
        x = x + _DT * (value @ system.J.T - x + system.input)
        if k >= _TRANSIENT / _DT and (k - round(_TRANSIENT / _DT)) % often == 0:
            sampled.append(x)
    return np.concatenate(sampled)
