"""The library of transfer functions, and how to find one by its name."""

from __future__ import annotations

import difflib

from meanfield.errors import TransferError
from meanfield.transfer.algebraic import algebraic
from meanfield.transfer.cubic import cubic
from meanfield.transfer.erf import erf
from meanfield.transfer.exponential import exponential
from meanfield.transfer.linear import linear
from meanfield.transfer.logistic import logistic
from meanfield.transfer.relu import relu
from meanfield.transfer.sine import sine
from meanfield.transfer.softplus import softplus
from meanfield.transfer.step import step
from meanfield.transfer.tanh import tanh
from meanfield.transfer.threshold_power import threshold_power
from meanfield.transfer.token import Transfer

__all__ = ["LIBRARY", "by_name"]

LIBRARY: dict[str, Transfer] = {
    phi.name: phi for phi in (tanh, erf, relu, step, softplus, logistic, algebraic, sine, cubic, linear, exponential)
}
"""All transfer functions without parameters, by name."""

_FAMILY = "threshold_power"


def by_name(name: str) -> Transfer:
    """The library's transfer function of that name, e.g. `"erf"` or `"threshold_power:3"`.

    The name is looked up, never evaluated. Raises `TransferError` with the nearest name if there is none.
    """
    if not isinstance(name, str):
        raise TransferError(f"expected the name of a transfer function, got {name!r}")
    if name in LIBRARY:
        return LIBRARY[name]
    family, colon, power = name.partition(":")
    if family == _FAMILY:
        if not (colon and power.isascii() and power.isdigit() and len(power) < 4):
            raise TransferError(f'{_FAMILY} needs an integer power, as in "{_FAMILY}:3", got {name!r}')
        return threshold_power(int(power))
    near = difflib.get_close_matches(name.lower(), [*LIBRARY, _FAMILY], n=1, cutoff=0.4)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    raise TransferError(f"unknown transfer function {name!r}{hint} Known: {', '.join(LIBRARY)}, {_FAMILY}:n")
