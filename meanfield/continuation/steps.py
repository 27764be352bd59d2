"""How long the steps of a walk are, and what is put in between."""

from __future__ import annotations

from dataclasses import dataclass

from meanfield.continuation.tangent import PREDICTORS, Predictor
from meanfield.errors import ParameterError


@dataclass(frozen=True)
class Steps:
    """Lengths are scaled: the window is 1 long in the coordinate of the path, an unknown is measured by its size or by its
    floor. first, smallest, largest: of steps (the first is no longer than the largest); angle: which a step should turn, in
    radians; worst: which it may turn at most; correction: the size that the first correction should have. between: points that
    are put into every step, at equal distances, when the walk has ended."""

    first: float = 0.1
    smallest: float = 1e-7
    largest: float = 0.25
    angle: float = 0.5
    worst: float = 0.75
    correction: float = 1.2e-2
    tol: float = 1e-9
    iterations: int = 6
    between: int = 3
    predictor: Predictor = "cubic"

    def __post_init__(self) -> None:
        if self.predictor not in PREDICTORS:
            raise ParameterError(f"there is no predictor {self.predictor!r} (there are {', '.join(PREDICTORS)})")
        if not 0 < self.smallest <= self.largest or not self.first > 0:
            raise ParameterError(
                f"steps from {self.smallest} to {self.largest}, the first {self.first}: give positive lengths in order"
            )
        if self.between < 0:
            raise ParameterError(f"between={self.between}: give how many points are put into every step, 0 or more")
