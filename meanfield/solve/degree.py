"""How many roots there must be, signs counted: whether some are missing is seen from those that are known.

If F maps a box into itself, the signs of det(1 - F') at the roots of x = F(x) add up to 1, the Brouwer degree of the identity, to
which x - t F(x) is deformed without a root on the edge of the box. So a bounded F has an odd number of regular roots. Roots beyond
the edges of the domain, where the problem is continued (see `extension`), count like others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meanfield.solve.linear import determinant
from meanfield.solve.problem import Array

_REGULAR = 1e-6  # determinant of the Jacobian, its rows scaled to 1, from which its sign is trusted
_FAR = 30.0  # places that are larger, and
_BOUNDED = 3.0  # by how much their largest images may exceed those of the others


def bounded(x: Array, images: Array) -> NDArray[np.bool_]:
    """(P,) whether F seems to be bounded, from places x (S, n) near and far and their images (P, S, n)."""
    far = np.abs(x).max(axis=1) > _FAR
    with np.errstate(invalid="ignore"):
        size = np.abs(images).max(axis=2, initial=0.0)
        beyond = np.abs(images[:, far]).max(axis=1, initial=0.0)
        within = np.abs(images[:, ~far]).max(axis=1, initial=0.0)
        tame = (beyond <= _BOUNDED * (1.0 + within)).all(axis=1)
    return np.asarray(np.isfinite(size).all(axis=1) & tame)


def deficient(owner: NDArray[np.intp], jacobian: Array, extent: Array, size: int) -> NDArray[np.bool_]:
    """(size,) points where roots are missing: the signs at the known ones (owner, Jacobians (Q, n, n), sizes (Q, n) of x), all of
    them regular, do not add up to 1."""
    scaled = jacobian * extent[:, None, :]
    with np.errstate(all="ignore"):
        sign = determinant(scaled / np.abs(scaled).max(axis=2, keepdims=True))
        regular = np.abs(sign) > _REGULAR
    doubtful = np.bincount(owner[~regular], minlength=size) > 0
    total = np.bincount(owner, weights=np.where(regular, np.sign(sign), 0.0), minlength=size)
    return np.asarray((total != 1.0) & ~doubtful)
