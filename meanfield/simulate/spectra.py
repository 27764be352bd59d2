"""Eigenvalues of the Jacobian of a drawn network at given states."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from meanfield.simulate.field import rates
from meanfield.simulate.sample import Sample
from meanfield.transfer.numeric import array_function
from meanfield.transfer.token import X

__all__ = ["jacobian_eigenvalues"]

Array = Any


def jacobian_eigenvalues(net: Sample, x: Array) -> Array:
    """(B, N) eigenvalues of ``diag(f'(x)) + J diag(phi'(x))`` at the states x (N, B), J with all its parts."""
    J = net.matrix().astype(float)
    gain, own = np.empty((2, *x.shape))
    for p, rows in zip(net.numbers.populations, net.slices):
        rates(p.transfer, (1,))(x[rows].astype(float), (gain[rows],))
        own[rows] = array_function(X, sp.diff(p.drift, X))(x[rows].astype(float))
    return np.stack([np.linalg.eigvals(J * g + np.diag(f)) for g, f in zip(gain.T, own.T)]).astype(complex)
