"""A root to N digits: chord iterations in multiple precision with the float64 Jacobian's inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mpmath as mp
import numpy as np
from numpy.typing import ArrayLike

from meanfield.solve.status import Status

MpVector = list[mp.mpf]
_LONGEST_TAIL = 40  # of corrections not taken, over the next one
_GUARD = 10  # digits beyond those wanted, for the rounding of the residual's own operations


@dataclass(frozen=True)
class Polished:
    """x: n values of mpmath; error: claimed error of each; status; iterations. Print with ``mpmath.nstr``."""

    x: MpVector
    error: MpVector
    status: Status
    iterations: int


def polish(
    residual: Callable[[MpVector], Sequence[mp.mpf]],
    x: Sequence[float] | MpVector,
    inverse: ArrayLike,
    digits: int,
    *,
    claims: Callable[[MpVector], Sequence[mp.mpf]] | None = None,
    guard: int = _GUARD,
    max_iterations: int = 100,
) -> Polished:
    """Improve a float64 root until the step is below 10^-digits (absolute, or relative for |x| > 1).

    residual: n values at n values, to the precision mpmath is set to while it is called. inverse: (n, n) inverse of
    the Jacobian at x; ten digits or so are gained per iteration where it is accurate, and Broyden's update mends it
    where it is not. claims: bound on the residual's error (quadrature), propagated to the claimed error. Iterations
    that no longer shrink end with STAGNATED and an honest error. Raises ValueError for a singular (not finite) inverse.
    """
    matrix = np.asarray(inverse, dtype=float)
    n = len(x)
    if matrix.shape != (n, n) or not np.isfinite(matrix).all():
        raise ValueError(f"inverse Jacobian of shape {matrix.shape} {matrix!r}; expected {n} x {n} finite numbers")
    with mp.workdps(digits + guard):
        chord = _Chord(residual, [mp.mpf(value) for value in x], mp.matrix(matrix.tolist()))
        status = chord.run(mp.mpf(10) ** (-digits), max_iterations)
        error = chord.error(claims(chord.x) if claims is not None else None)
        if status is Status.CONVERGED and any(e > t for e, t in zip(error, chord.tolerances, strict=True)):
            status = Status.CLAIM_ABOVE_TOLERANCE
        return Polished(chord.x, error, status, chord.iterations)


class _Chord:
    """x -> x - B r(x), with Broyden's update of B. Progress is judged with the given inverse B_0, which cannot shrink."""

    def __init__(self, residual: Callable[[MpVector], Sequence[mp.mpf]], x: MpVector, inverse: mp.matrix) -> None:
        self.evaluate = residual
        self.x, self.given, self.inverse = x, inverse, inverse
        self.iterations = 0
        self.tolerances: MpVector = []
        self.taken: mp.matrix | None = None
        self._look()

    def _look(self) -> None:
        self.r = mp.matrix(list(self.evaluate(self.x)))
        self.distance = self.given * self.r
        self.step = -(self.inverse * self.r)

    def run(self, tolerance: mp.mpf, max_iterations: int) -> Status:
        """Iterate; the step that is small enough is taken as well."""
        best, idle = mp.inf, 0
        while self.iterations < max_iterations:
            size = _norm(self.distance)
            if not mp.isfinite(size):
                return Status.NAN
            idle = 0 if size < best / 2 else idle + 1
            best = min(best, size)
            if idle >= 4:
                return Status.STAGNATED
            self.tolerances = [tolerance * max(1, abs(value)) for value in self.x]
            done = all(abs(d) < t for d, t in zip(self.distance, self.tolerances, strict=True))
            self._advance()
            if done:
                return Status.CONVERGED
        return Status.MAX_ITERATIONS

    def _advance(self) -> None:
        """Take the step; Broyden's good update of the inverse (Sherman-Morrison form) from what it led to."""
        self.iterations += 1
        taken = self.taken = self.step
        self.x = [a + b for a, b in zip(self.x, taken, strict=True)]
        self._look()
        square = (taken.T * taken)[0]
        if not square or not mp.isfinite(_norm(self.step)):
            return
        overlap = (taken.T * self.step)[0] / square
        if abs(1 - overlap) > mp.mpf("0.1"):
            self.inverse = self.inverse + self.step * (taken.T * self.inverse) / (square * (1 - overlap))
            self.step = self.step / (1 - overlap)

    def error(self, claims: Sequence[mp.mpf] | None) -> MpVector:
        """Twice the corrections not taken (by both inverses), plus |B| times the residual's claim or rounding.

        Near a multiple root steps shrink like a geometric series only, whose sum is what is left.
        """
        n, out = len(self.x), []
        shrink = _norm(self.step) / _norm(self.taken) if self.taken is not None and _norm(self.taken) else mp.mpf(0)
        left = min(_LONGEST_TAIL, 2 / (1 - shrink)) if shrink < 1 else _LONGEST_TAIL
        for i, value in enumerate(self.x):
            rows = [max(abs(self.given[i, j]), abs(self.inverse[i, j])) for j in range(n)]
            noise = [abs(c) for c in claims] if claims is not None else [16 * mp.eps] * n
            correction = max(abs(self.distance[i]), abs(self.step[i]))
            bound = left * correction + sum(a * b for a, b in zip(rows, noise, strict=True)) + 4 * mp.eps * max(1, abs(value))
            out.append(bound if mp.isfinite(bound) else mp.inf)
        return out


def _norm(vector: mp.matrix) -> mp.mpf:
    return max(abs(v) for v in vector)
