"""Where two eigenvalues of the dynamics that are not real cross the imaginary axis together.

At a Hopf point the sum of two eigenvalues vanishes, and so it does where two real ones are opposite (a neutral saddle), which is
no bifurcation: a step is looked at for a zero of either kind, the point itself for which it is. The number of unstable
eigenvalues alone would not do: next to a fold a pair may cross, become real, and one of the two cross back, all in one step.
(Govaerts, Numerical Methods for Bifurcations of Dynamical Equilibria, 2000, section 4.4: the bialternate product.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from meanfield.continuation.lane import Lane
from meanfield.continuation.questions import Question
from meanfield.continuation.signs import changes
from meanfield.continuation.subject import Subject
from meanfield.solve.problem import Array

__all__ = ["crowded", "eigenvalues", "hopf_steps", "is_hopf", "sums", "turning"]


def eigenvalues(subject: Subject, u: Array, base: Array) -> Any:
    """(P, n) eigenvalues of the dynamics at points u (P, N); NaN where they are unknown."""
    assert subject.matrix is not None
    matrix = subject.matrix(u, base)
    out = np.full(matrix.shape[:2], np.nan, dtype=complex)
    good = np.isfinite(matrix).all(axis=(1, 2))
    out[good] = np.linalg.eigvals(matrix[good])
    return out


def turning(values: Any) -> Array:
    """(P,) real part of that pair of eigenvalues (P, n) which is closest to the imaginary axis; NaN where all are real."""
    paired = _paired(values)
    closest = np.where(paired, np.abs(values.real), np.inf).argmin(axis=1)
    return np.where(paired.any(axis=1), values.real[np.arange(len(values)), closest], np.nan)


def sums(values: Any) -> Array:
    """(P,) with the sign of the product of all sums of two eigenvalues (P, n), and the size of the least of those that are real,
    relative to its terms: continuous where it changes its sign."""
    first, second = np.triu_indices(values.shape[1], 1)
    out = np.full(len(values), np.nan)
    for k in np.flatnonzero(np.isfinite(values).all(axis=1)):
        both = values[k, first] + values[k, second]
        size = np.abs(values[k, first]) + np.abs(values[k, second])
        share = np.where(both.imag == 0, both.real / np.where(size > 0, size, 1.0), np.inf)  # the others come in conjugate pairs
        out[k] = np.abs(share).min() * np.prod(np.sign(share))
    return out


def is_hopf(values: Any) -> bool:
    """Whether of the sums of two eigenvalues (n,) that are real the one next to 0 belongs to a pair, not to two real ones."""
    paired = _paired(values[None])[0]
    real = values[~paired].real
    first, second = np.triu_indices(len(real), 1)
    opposite = np.abs(real[first] + real[second]).min(initial=np.inf)
    return bool(2 * np.abs(values[paired].real).min(initial=np.inf) < opposite)


def crowded(values: Any) -> list[int]:
    """Steps k between rows k and k + 1 of eigenvalues (L, n) within which more happens than one pair or one eigenvalue crossing."""
    jumps, single = _unstable(values), set(changes(sums(values)))
    return [k for k, jump in enumerate(jumps.tolist()) if jump > 2 or (jump > 0 and (jump == 2) != (k in single))]


def hopf_steps(subject: Subject, lane: Lane) -> list[tuple[int, Question]]:
    """Steps within which a Hopf point may lie, and what changes its sign there."""
    if subject.matrix is None or subject.curve.n < 2:
        return []
    u = lane.points()
    values = eigenvalues(subject, u, np.repeat(lane.base[None], len(u), axis=0))
    single = changes(sums(values))
    pairs = (_paired(values) & (values.real > 0)).sum(axis=1)
    together = (_unstable(values) >= 2) & (np.abs(np.diff(pairs)) >= 2)
    several = [k for k in np.flatnonzero(together).tolist() if k not in single]
    found = [(k, _question(subject, "one pair", sums)) for k in single]
    return sorted(found + [(k, _question(subject, "several pairs", turning)) for k in several], key=lambda step: step[0])


def _question(subject: Subject, name: str, measure: Callable[[Any], Array]) -> Question:
    value = partial(_measured, subject, measure)
    return Question("hopf", name, value, lambda u, p: (value(u, p), np.zeros(len(u))))


def _measured(subject: Subject, measure: Callable[[Any], Array], u: Array, p: Array) -> Array:
    return measure(eigenvalues(subject, u, p))


def _paired(values: Any) -> Any:
    """(P, n) which eigenvalues are not real."""
    return np.abs(values.imag) > 1e-9 * (1 + np.abs(values.real))


def _unstable(values: Any) -> Array:
    """(L - 1,) by how much the number of eigenvalues on the right changes; a point just on the axis counts like the one before."""
    count = (values.real > 0).sum(axis=1)
    for k in np.flatnonzero(sums(values) == 0):
        count[k] = count[k - 1] if k else count[k]
    return np.abs(np.diff(count))
