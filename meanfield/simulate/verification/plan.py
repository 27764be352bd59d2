"""What is to be verified, checked before any network is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.networks import Numbers

__all__ = ["LEAST", "Plan", "checked_whole", "chosen", "sizes_and_counts"]

LEAST = 3
"""Networks of each size without which no error can be estimated."""


@dataclass(frozen=True)
class Plan:
    """The arguments of `verify`. theory: the parameters that the model has (a network may have more). sizes, counts: how many
    networks of how many neurons."""

    model: Model
    numbers: Numbers
    theory: Mapping[str, Any]
    sizes: list[int]
    counts: list[int]
    state: int | None
    quantities: Sequence[str] | None
    settings: Mapping[str, Any]
    save: str | Path | None

    def words(self, settings: Mapping[str, Any]) -> str:
        """All that a network depends on but its size, in words: model, transfer function, parameters, settings."""
        n = self.numbers
        phi = ", ".join(str(p.transfer) for p in n.populations)
        drawn = [n.variances.tolist(), n.couplings.tolist(), n.sigma_squared, n.low_rank, n.vectors]
        drawn += [[p.fraction, str(p.drift), p.mean.tolist(), p.covariance.tolist()] for p in n.populations]
        told = {k: v for k, v in settings.items() if k != "neurons"}
        return f"{self.model.name or self.model.title} with {phi}, {dict(n.parameters)}, {told}, drawn from {drawn}"


def sizes_and_counts(neurons: Sequence[int], networks: int | Sequence[int]) -> tuple[list[int], list[int]]:
    """Sizes in order and how many networks of each; a single number is that of the largest, smaller ones get as many more as they
    have fewer neurons. Raises `ParameterError` for fewer than three sizes or networks, and for what is no whole number."""
    if isinstance(neurons, str) or not np.iterable(neurons):
        raise ParameterError(f"neurons must be three sizes at least, such as (250, 500, 1000), got {neurons!r}")
    sizes = sorted({checked_whole("neurons", n, 1) for n in neurons})
    if len(sizes) < 3:
        raise ParameterError(f"extrapolation in 1/N needs at least three different sizes, got {list(neurons)}")
    if isinstance(networks, str) or not np.iterable(networks):
        most = checked_whole("networks", networks, LEAST)
        return sizes, [int(np.ceil(most * sizes[-1] / n)) for n in sizes]
    counts = [checked_whole("networks", k, LEAST) for k in networks]
    if len(counts) != len(sizes):
        raise ParameterError(f"networks must be one number, or one for each size, at least {LEAST}; got {networks}")
    return sizes, counts


def checked_whole(name: str, value: Any, least: int) -> int:
    """The number as it is. Raises `ParameterError` unless it is whole, and at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(f"{name} must be a whole number, at least {least}, got {value!r}")
    return int(value)


def chosen(names: Mapping[str, str], wanted: Sequence[str]) -> dict[str, str]:
    """Only the names that are wanted. Raises `ParameterError` for one that networks do not show."""
    wanted = [wanted] if isinstance(wanted, str) else wanted
    for name in wanted:
        if name not in names:
            raise ParameterError(f"networks do not show {name!r}; they show {', '.join(names)}")
    return {name: names[name] for name in wanted}
