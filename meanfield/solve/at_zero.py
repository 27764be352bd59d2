"""Multiple roots at which some unknowns are 0 and solve their equations whatever the others are.

On its own boundaries a state of rest is a multiple root of the equations and the condition: Newton's method comes near to half the
digits, and a claim from the singular Jacobian says no more. But with the unknowns at 0 their equations hold exactly, and what is
left are as many equations as there are other unknowns, of which the root is simple: ``g^2 phi'(0)^2 = 1`` for g.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from meanfield.compile import FINE, Kernel
from meanfield.solve.certify import above_tolerance
from meanfield.solve.linear import inverse
from meanfield.solve.problem import EPS, Array
from meanfield.solve.refine import Refined
from meanfield.solve.rows import Found

_NEAR = 1e-3  # of an unknown's size: what is taken for 0 is below it, and within its claim
_STEPS = 8  # of Newton's method for the other unknowns
_REGULAR = 1e5  # condition number up to which a root is a simple one
_ARRIVED = 4  # roundings that the last step may be long, beside what the equations' errors make of it


def put_at_zero(kernel: Kernel, p: Array, found: Found, done: Refined, scale: Array, tol: float) -> Refined:
    """``done`` with multiple roots, known to no better than ``tol``, put where some unknowns are 0. p, scale: of all points."""
    rows = np.arange(len(done.x))
    at_zero: list[Refined] = []
    multiple = above_tolerance(done.x, done.error, tol) & ~(done.condition < _REGULAR) & ~done.family
    for row in np.flatnonzero(multiple):
        owner = [found.owner[row]]
        root = _root(kernel, p[owner], done.take([row]), scale[owner])
        if root is not None:
            rows[row] = len(rows) + len(at_zero)
            at_zero.append(root)
    return Refined.joined([done, *at_zero]).take(rows) if at_zero else done


def _root(kernel: Kernel, p: Array, near: Refined, scale: Array) -> Refined | None:
    """The root at 0 of those unknowns that may be 0, or None where there is none within the claim of the root ``near``."""
    size = np.abs(near.x) + scale
    zero = ((np.abs(near.x) <= np.minimum(near.error, _NEAR * size)) & (kernel.lower <= 0))[0]
    if zero.all() or not zero.any():
        return None
    x = np.where(zero, 0.0, near.x)
    for _ in range(_STEPS):
        with np.errstate(all="ignore"):
            residual, bound = kernel.refined(x, p)
            jacobian = kernel.at(FINE).residual_jacobian(x, p)[1]
        left = _left(zero, residual, bound, jacobian)
        if left is None:
            return None
        inverted, condition = _inverse(jacobian[0][np.ix_(left, ~zero)], size[0, ~zero])
        step, error = np.zeros(x.shape), np.zeros(x.shape)
        step[0, ~zero] = inverted @ residual[0, left]
        error[0, ~zero] = np.abs(inverted) @ bound[0, left] + _ARRIVED * EPS * np.abs(x[0, ~zero])
        if not (condition < _REGULAR and (np.abs(x - near.x) <= near.error).all()):
            return None
        if (np.abs(step) <= error).all():
            error += np.abs(step)
            return replace(near, x=x, error=error, condition=np.array([condition]), residual=residual, jacobian=jacobian)
        x = x - step
    return None


def _left(zero: NDArray[np.bool_], residual: Array, bound: Array, jacobian: Array) -> NDArray[np.intp] | None:
    """The equations that are left for the other unknowns; None if the rest does not hold exactly, or depends on those."""
    holds = ((residual == 0) & (bound == 0) & (jacobian[:, :, ~zero] == 0).all(axis=2))[0]
    return np.flatnonzero(~holds) if holds.sum() == zero.sum() else None


def _inverse(slopes: Array, size: Array) -> tuple[Array, float]:
    """Of a matrix (k, k), and the condition number in units of the unknowns' sizes and of the rows'."""
    with np.errstate(all="ignore"):
        scaled = slopes * size
        scaled = scaled / np.abs(scaled).max(axis=1, keepdims=True)
        inverted = inverse(scaled[None])[0]
        condition = np.abs(scaled).sum(axis=0).max() * np.abs(inverted).sum(axis=0).max()
        return inverse(slopes[None])[0], float(condition)
