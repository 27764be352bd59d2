"""The state x = 0. Any network that starts there stays there, and nothing of it has a size: networks start around it instead, and
what is left of how they start is what counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from meanfield.errors import ParameterError
from meanfield.networks import Numbers
from meanfield.simulate.settings import Start
from meanfield.simulate.verification.states import State

__all__ = ["AROUND", "LEFT", "at_origin", "check_start", "sizes_of", "told"]

AROUND = 0.01
"""Variance of x where networks start, unless another start is asked for."""

LEFT = 2e-5
"""Share of that variance that may be left in networks that count as at rest."""

_ZERO = 1e-12


def at_origin(state: State) -> bool:
    """Whether every unknown is 0 within its claim."""
    names = [s.name for s in state.model.public_unknowns if s.name in state.values]
    return bool(names) and all(abs(state.values[n]) <= float(state.solution.error[n]) + _ZERO for n in names)


def check_start(start: Start) -> None:
    """Raise `ParameterError` for a start at x = 0 itself."""
    if start.variance <= 0 and start.mean == 0:
        raise ParameterError(
            "the state to verify is x = 0, where any network stays that starts there; "
            f"give another start, Start(variance={AROUND:g}) say, got {start}"
        )


def sizes_of(numbers: Numbers, start: Start) -> Mapping[str, float]:
    """The variance about 0 and <phi^2> of the start, which errors are shares of: ``Delta_0`` and ``mean_square_phi``."""
    width = np.sqrt(start.variance + start.mean**2)
    squares = [np.mean(np.square(p.transfer.jet([0], np.array([-width, width]))[0])) for p in numbers.populations]
    return {"Delta_0": float(width**2), "mean_square_phi": float(max(squares))}


def told(start: Start) -> str:
    """What is verified, in words."""
    return (
        f"the state is x = 0: networks start around it, with <x^2> = {start.variance + start.mean**2:g}; "
        "errors of what is 0 are shares of the size that it has there"
    )
