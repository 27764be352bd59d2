"""Symmetries that hold only where some parameters vanish: without inputs, the states of a driven network come in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import sympy as sp

from meanfield.errors import ModelError, brief
from meanfield.model.frozen import frozen

if TYPE_CHECKING:
    from meanfield.model.record import Model


@dataclass(frozen=True)
class ConditionalSymmetry:
    """A map ``{unknown: expression}`` that sends solutions to solutions where all parameters ``zero`` are 0.

    ``ConditionalSymmetry({mu: -mu, kappa: -kappa}, zero=(M_I, Sigma_mI, Sigma_nI))``. Raises `ModelError` if no parameter is named.
    held: whether it is among the symmetries of its model, one for points at which those parameters are 0; `where_zero` says so.
    """

    images: Mapping[sp.Symbol, sp.Expr]
    zero: Sequence[sp.Symbol]
    held: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.images, Mapping):
            raise ModelError(f"a conditional symmetry must be a map {{unknown: expression}}, got {brief(self.images)}")
        if isinstance(self.zero, sp.Symbol | str) or not all(isinstance(s, sp.Symbol) for s in self.zero) or not self.zero:
            raise ModelError(
                f"zero must list the parameters that vanish where the symmetry holds, zero=(M_I,), got {brief(self.zero)}; "
                "one that always holds belongs into symmetries"
            )
        object.__setattr__(self, "images", frozen(self.images, "a conditional symmetry"))
        object.__setattr__(self, "zero", tuple(self.zero))

    def holds(self, quiet: Iterable[str]) -> bool:
        """Whether the parameters named in ``quiet`` are all that must vanish."""
        return {s.name for s in self.zero} <= set(quiet)


def unconditional(model: Model) -> list[Mapping[sp.Symbol, sp.Expr]]:
    """The symmetries of a model that hold for all of its parameters."""
    conditional = [c.images for c in model.conditional_symmetries]
    return [s for s in model.symmetries if s not in conditional]


def holding(model: Model) -> list[ConditionalSymmetry]:
    """The conditional symmetries that are among the symmetries of a model: one for points at which they hold, see `where_zero`.

    Of several with the same images only some may: those of which the parameters are 0.
    """
    return [c for c in model.conditional_symmetries if c.held]


def needed_zero(model: Model) -> frozenset[str]:
    """Names of the parameters that must be 0 wherever this model is solved, since some of its symmetries need it."""
    return frozenset(s.name for c in holding(model) for s in c.zero)


def where_zero(model: Model, quiet: Iterable[str]) -> Model:
    """``model`` for points at which the parameters named in ``quiet`` are 0, with the symmetries that hold there among its own; and
    so for the phases that join it.

    For solving and following at such points only: it keeps all its parameters, and at other values the symmetries are wrong.
    The same object every time, and the model itself if nothing is to be changed.
    """
    asked = {s.name for c in model.conditional_symmetries for s in c.zero}
    return _where_zero(model, frozenset(asked & set(quiet))) if asked else model


@lru_cache(maxsize=64)
def _where_zero(model: Model, quiet: frozenset[str]) -> Model:
    conditional = [replace(c, held=c.holds(quiet)) for c in model.conditional_symmetries]
    if tuple(conditional) == model.conditional_symmetries:
        return model
    symmetries = unconditional(model)
    symmetries += [c.images for k, c in enumerate(conditional) if c.held and c.images not in _held_images(conditional[:k])]
    change = partial(where_zero, quiet=quiet)
    junctions = [replace(j, model=j.elsewhere(change)) for j in model.junctions]
    return replace(model, symmetries=symmetries, conditional_symmetries=conditional, junctions=junctions)


def _held_images(conditional: Sequence[ConditionalSymmetry]) -> list[Mapping[sp.Symbol, sp.Expr]]:
    return [c.images for c in conditional if c.held]
