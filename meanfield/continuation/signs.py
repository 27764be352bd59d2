"""Changes of sign along a row of values."""

from __future__ import annotations

import numpy as np

from meanfield.solve.problem import Array


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
