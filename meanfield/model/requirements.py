"""What models ask of their transfer function: named tests for `Requirement` (named, so that models pickle)."""

from __future__ import annotations

from meanfield.transfer import Transfer


def continuous(phi: Transfer) -> bool:
    """phi does not jump, so that ``<phi'^2>`` exists."""
    return phi.traits.smooth_order >= 0


def odd(phi: Transfer) -> bool:
    """``phi(-x) = -phi(x)``."""
    return phi.traits.parity == "odd"


def bounded(phi: Transfer) -> bool:
    """The values of phi lie between two numbers."""
    return phi.traits.growth == "bounded"


def differentiable(phi: Transfer) -> bool:
    """phi' does not jump."""
    return phi.traits.smooth_order >= 1
