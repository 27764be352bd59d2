"""What models ask of their transfer function: named tests for `Requirement` (named, so that models pickle)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from meanfield.transfer import Transfer

_SLOPES_AT = np.sinh(np.linspace(-4.0, 4.0, 257))  # from -27 to 27, most of them where transfer functions bend


def continuous(phi: Transfer) -> bool:
    """phi does not jump, so that ``<phi'^2>`` exists."""
    return phi.traits.smooth_order >= 0


def odd(phi: Transfer) -> bool:
    """``phi(-x) = -phi(x)``."""
    return phi.traits.parity == "odd"


def bounded(phi: Transfer) -> bool:
    """The values of phi lie between two numbers."""
    return phi.traits.growth == "bounded"


@lru_cache(maxsize=256)
def sigmoid(phi: Transfer) -> bool:
    """phi rises from one number to another and nowhere falls (as far as its slopes at some places show)."""
    if not bounded(phi):
        return False
    if not continuous(phi):
        return True  # nothing is computed from its slopes
    with np.errstate(all="ignore"):
        slopes = phi.jet((1,), _SLOPES_AT)[0]
    return bool((slopes >= -1e-12).all())
