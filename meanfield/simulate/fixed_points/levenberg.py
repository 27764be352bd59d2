"""Levenberg-Marquardt for fixed points of one network, from many starts at once.

A fixed point solves ``y(x) = -x + J phi(x) + I = 0``, with the Jacobian ``A = J diag(phi') - 1``. A step solves
``(A^T A + lambda) s = -A^T y``. With ``d = phi'(x)`` and ``G = J^T J`` known once and for all, the matrix is
``A^T A = diag(d) G diag(d) - diag(d) J^T - J diag(d) + 1``: N^2 operations instead of N^3, which leaves one Cholesky factorisation
a step, in single precision: a step need not be accurate, and neither that nor the squared condition number touch the result,
because the last steps are Newton's, with A itself in double precision.

Every row is computed on its own (matrix times vector, one factorisation each): what comes of a start does not depend, to the
bit, on which other starts are there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meanfield.transfer import Transfer

__all__ = ["System", "descend", "newton"]

Array = NDArray[np.float64]

_DAMPING, _UP, _DOWN = 1e-2, 4.0, 6.0
_LEAST, _LARGEST = 1e-8, 1e10
_FAST = 1e4  # damping in proportion to |y|^2, once that is below 1e-4, makes the convergence quadratic
_CONVERGED = 1e-11  # of |y|^2, relative to 1 + |x|^2: Newton's method does the rest
# A run whose |y|^2 has not fallen by this factor in so many steps creeps along a valley without a fixed point at its end.
_WINDOW, _PROGRESS = 7, 0.8
_NEAR = 1e-10


@dataclass(frozen=True)
class System:
    """``x' = -x + J phi(x) + I`` of N neurons: J (N, N), I (N,)."""

    J: Array
    phi: Transfer
    input: Array

    def velocity(self, x: Array) -> tuple[Array, Array]:
        """``-x + J phi(x) + I`` and ``phi'(x)``, both (B, N), at x (B, N)."""
        value, slope = self.phi.jet([0, 1], x)
        return np.matmul(self.J, value[:, :, None])[:, :, 0] - x + self.input, slope

    def jacobian(self, slope: Array) -> Array:
        """``J diag(phi') - 1``: (B, N, N) from phi' (B, N)."""
        A: Array = self.J * slope[:, None, :]
        A.reshape(len(A), -1)[:, :: A.shape[1] + 1] -= 1.0
        return A


def descend(system: System, x: Array, steps: int = 200) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    """Levenberg-Marquardt on ``|y|^2`` from every row of x (B, N).

    Returns the last points (B, N), whether each is within reach of Newton's method (``|y|^2 <= 1e-11 (1 + |x|^2)``), and the
    number of steps of each (B,). A run ends early where ``|y|^2`` no longer falls: at a local minimum that is no fixed point.
    """
    solve = _Step(system)
    last, good, used = x.copy(), np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=np.int64)
    who = np.arange(len(x))
    with np.errstate(over="ignore", invalid="ignore"):  # a trial far away is refused
        y, slope = system.velocity(x)
        f = _square(y)
        damping = np.full(len(x), _DAMPING)
        history = np.full((len(x), _WINDOW), np.inf)
        for k in range(steps):
            trial = x + solve(y, slope, damping * np.minimum(_FAST * f, 1.0))
            y_new, slope_new = system.velocity(trial)
            f_new = _square(y_new)
            better = f_new < f
            x, y, slope = (np.where(better[:, None], new, old) for new, old in ((trial, x), (y_new, y), (slope_new, slope)))
            f = np.where(better, f_new, f)
            damping = np.where(better, np.maximum(damping / _DOWN, _LEAST), damping * _UP)
            done = f <= _CONVERGED * (1.0 + _square(x))
            creeps = (f > _PROGRESS * history[:, k % _WINDOW]) & (f > _NEAR)
            history[:, k % _WINDOW] = f
            last[who], good[who], used[who] = x, done, k + 1
            on = ~(done | creeps | (damping > _LARGEST))
            who = who[on]
            x, y, slope, f, damping, history = (a[on] for a in (x, y, slope, f, damping, history))
            if not len(who):
                break
    return last, good, used


def newton(system: System, x: Array, steps: int = 5) -> tuple[Array, Array]:
    """Newton's method, a step being taken where it does not raise ``|y|^2``; the points (B, N) and their ``|y|^2`` (B,).

    Five steps from where `descend` ends reach rounding, unless the Jacobian is singular there.
    """
    y, slope = system.velocity(x)
    f = _square(y)
    for _ in range(steps):
        try:
            s = np.linalg.solve(system.jacobian(slope), -y[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:  # exactly singular: such a point is left as it is
            break
        y_new, slope_new = system.velocity(x + s)
        f_new = _square(y_new)
        better = f_new <= f
        x, y, slope = (np.where(better[:, None], new, old) for new, old in ((x + s, x), (y_new, y), (slope_new, slope)))
        f = np.where(better, f_new, f)
    return x, f


class _Step:
    """Solves ``(A^T A + lambda) s = -A^T y`` row by row, in one workspace that stays in cache."""

    def __init__(self, system: System) -> None:
        from scipy.linalg import lapack

        self.transposed = np.ascontiguousarray(system.J.T)
        self.J32, self.transposed32 = system.J.astype(np.float32), self.transposed.astype(np.float32)
        self.G = (self.transposed @ system.J).astype(np.float32)
        self.matrix, self.product = np.empty_like(self.G), np.empty_like(self.G)
        self.diagonal = self.matrix.reshape(-1)[:: len(self.G) + 1]
        self.posv = lapack.sposv

    def __call__(self, y: Array, slope: Array, damping: Array) -> Array:
        minus_gradient = y - slope * np.matmul(self.transposed, y[:, :, None])[:, :, 0]
        # A step may be as long as it likes: what is small must not vanish in single precision.
        size = np.maximum(abs(minus_gradient).max(axis=1, keepdims=True), 1e-300)
        right, d32 = (minus_gradient / size).astype(np.float32), slope.astype(np.float32)
        out = np.empty_like(right)
        for i, d in enumerate(d32):
            np.multiply(self.G, d, out=self.matrix)
            np.subtract(self.matrix, self.transposed32, out=self.matrix)
            np.multiply(self.matrix, d[:, None], out=self.matrix)
            np.multiply(self.J32, d, out=self.product)
            np.subtract(self.matrix, self.product, out=self.matrix)
            self.diagonal += np.float32(1.0 + damping[i])
            # The matrix is symmetric: its transpose is the same matrix in the order of columns that LAPACK overwrites in place.
            _, s, failed = self.posv(self.matrix.T, right[i], lower=1, overwrite_a=1, overwrite_b=1)
            out[i] = s if not failed else np.nan
        return out * size


def _square(v: Array) -> Array:
    squares: Array = (v * v).sum(axis=1)
    return squares
