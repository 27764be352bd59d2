"""Changes of sign along a row of values, and where it may have changed twice."""

from __future__ import annotations

import numpy as np

from meanfield.solve.problem import Array

ALIKE = 20.0  # lengths of steps beside each other whose quotient is larger: what the one is like does not tell of the other


def changes(values: Array, before: Array | None = None) -> list[int]:
    """Indices k where the sign differs between k and k + 1. A zero counts with the sign of its predecessor; before: that of
    the first value, if there is one."""
    sign = np.sign(values)
    if before is not None and len(before) and len(sign) and sign[0] == 0:
        sign[0] = np.sign(before[0])
    for k in np.flatnonzero(sign[1:] == 0):
        sign[k + 1] = sign[k]
    with np.errstate(invalid="ignore"):
        return [int(k) for k in np.flatnonzero(sign[:-1] * sign[1:] < 0)]


def peaks(chords: Array, values: Array, below: float = 0.0, aside: float = 0.0) -> list[tuple[int, int, float]]:
    """Rows and steps (row, k, share) whose ends have one sign while the lines through the steps before and after meet within the
    step, ``below`` that share of the smaller end: a peak may be too sharp for a cubic. aside: the share of the step by which they
    may meet beside it. chords (L - 1,), values (R, L)."""
    here, there, length = values[:, 1:-2], values[:, 2:-1], chords[1:-1]
    with np.errstate(all="ignore"):
        slopes = (values[:, 1:] - values[:, :-1]) / chords
        left, right = slopes[:, :-2], slopes[:, 2:]
        ahead = (there - here - right * length) / (left - right)
        least = here + left * ahead
        low = least * np.sign(here) < below * np.minimum(np.abs(here), np.abs(there))
        inside = (here * there > 0) & low & (ahead > -aside * length) & (ahead < (1 + aside) * length)
        alike = (chords[:-2] < ALIKE * length) & (chords[2:] < ALIKE * length)
        row, k = np.nonzero(inside & alike)
    return list(zip(row.tolist(), (k + 1).tolist(), (ahead[row, k] / length[k]).tolist(), strict=True))
