"""A root to N digits: chord iterations in multiple precision with the float64 Jacobian's inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mpmath as mp
import numpy as np
from numpy.typing import ArrayLike

from meanfield.solve.status import Status

MpVector = list[mp.mpf]
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
    """x -> x - B r(x), with Broyden's update of B after every step."""

    def __init__(self, residual: Callable[[MpVector], Sequence[mp.mpf]], x: MpVector, inverse: mp.matrix) -> None:
        self.residual, self.x, self.inverse = residual, x, inverse
        self.iterations = 0
        self.step: mp.matrix = mp.matrix(len(x), 1)
        self.ratio = mp.mpf(0)
        self.tolerances: MpVector = []

    def run(self, tolerance: mp.mpf, max_iterations: int) -> Status:
        """Iterate; the last step is taken as well."""
        self.step = -(self.inverse * mp.matrix(list(self.residual(self.x))))
        shrinking = 0
        while self.iterations < max_iterations:
            self.iterations += 1
            size = _norm(self.step)
            if not mp.isfinite(size):
                return Status.NAN
            self.x = [a + b for a, b in zip(self.x, self.step, strict=True)]
            self.tolerances = [tolerance * max(1, abs(value)) for value in self.x]
            if all(abs(s) < t for s, t in zip(self.step, self.tolerances, strict=True)):
                # One more residual tells how far the root is; it also measures the rate of convergence.
                self._advance(size)
                return Status.CONVERGED
            self._advance(size)
            shrinking = 0 if _norm(self.step) < size else shrinking + 1
            if shrinking >= 3:
                return Status.STAGNATED
        return Status.MAX_ITERATIONS

    def _advance(self, size: mp.mpf) -> None:
        """The next step from the new x, with Broyden's good update (Sherman-Morrison form)."""
        taken = self.step
        plain = -(self.inverse * mp.matrix(list(self.residual(self.x))))
        square = (taken.T * taken)[0]
        overlap = (taken.T * plain)[0] / square if square else mp.mpf(0)
        if abs(1 - overlap) > mp.mpf("0.1"):
            self.inverse = self.inverse + plain * (taken.T * self.inverse) / (square * (1 - overlap)) if square else self.inverse
            plain = plain / (1 - overlap)
        self.ratio = _norm(plain) / size if size else mp.mpf(0)
        self.step = plain

    def error(self, claims: Sequence[mp.mpf] | None) -> MpVector:
        """|the correction that was not taken|, inflated by the rate of convergence, plus |B| claims and rounding."""
        rate = min(self.ratio, mp.mpf("0.9"))
        out = []
        for i, value in enumerate(self.x):
            bound = abs(self.step[i]) / (1 - rate) + 4 * mp.eps * max(1, abs(value))
            if claims is not None:
                bound += sum(abs(self.inverse[i, j]) * abs(claims[j]) for j in range(len(self.x)))
            else:
                bound += sum(abs(self.inverse[i, j]) for j in range(len(self.x))) * 16 * mp.eps
            out.append(bound)
        return out


def _norm(vector: mp.matrix) -> mp.mpf:
    return max(abs(v) for v in vector)
