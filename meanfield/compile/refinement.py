"""What the distance of two trapezoid rules says about the finer one.

The distance is the error of the coarser rule. Where the integrand is known to be analytic in a strip, errors fall
exponentially with the number of nodes: the error of the finer rule is that of the coarser one to the power of the ratio of
their steps (DESIGN 1.5: claims come from refinement, not from the a-priori formula).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from meanfield.compile.group import Array, Group
from meanfield.compile.scalar_law import ScalarLaw

EXPONENT = 1.5  # for steps in the ratio 2; the rest of the exponent makes up for prefactors
LARGEST = 1e-6  # relative distance up to which the convergence counts as seen


@dataclass(frozen=True)
class Left:
    """An average's distance (P,) between the rules, signed, and the bound on the error of the finer one."""

    difference: Array
    error: Array


def squared_errors(
    groups: Sequence[Group], finer: Sequence[Sequence[Array]], coarser: Sequence[Sequence[Array]]
) -> Iterator[tuple[int, Left]]:
    """(index among all outputs, `Left`) of the averages whose integrand is known to be analytic, and that depend on no other."""
    index = 0
    others = {s for group in groups for s in group.outputs}
    for group, fine, coarse in zip(groups, finer, coarser, strict=True):
        trusted = type(group) is ScalarLaw and group.facts.certain and not group.facts.kinks
        trusted = trusted and not any(e.free_symbols & others for e in group.inputs)
        for f, c in zip(fine, coarse, strict=True):
            if trusted:
                difference = f - c
                share = np.abs(difference) / np.abs(f)
                seen = share < LARGEST
                error = np.abs(difference) * np.where(seen, share ** (EXPONENT - 1), 1.0)
                yield index, Left(difference, np.where(difference == 0, 0.0, error))
            index += 1
