"""The library of transfer functions, and how to find one by its name."""

from __future__ import annotations

import difflib

from meanfield.errors import TransferError
from meanfield.transfer.erf import erf
from meanfield.transfer.tanh import tanh
from meanfield.transfer.token import Transfer

__all__ = ["LIBRARY", "by_name"]

LIBRARY: dict[str, Transfer] = {phi.name: phi for phi in (tanh, erf)}


def by_name(name: str) -> Transfer:
    """The library's transfer function of that name, e.g. `"erf"` or `"threshold_power:3"`."""
    return LIBRARY[name]
