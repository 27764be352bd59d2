"""Points of curves: moved onto the curve of the finest quadrature, with claims, and as a `Solution`."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.compile import Kernel
from meanfield.continuation.corrector import across
from meanfield.continuation.subject import Subject
from meanfield.solve.problem import EPS, Array
from meanfield.solve.rows import Rows
from meanfield.solve.solution import Solution
from meanfield.solve.status import Status

_LEFT = 1e-6  # of a step of Newton's method: what it leaves
_SHARE = 0.1  # of a claim that it may use
_FURTHER = 24


def refined(subject: Subject, u: Array, t: Array, scale: Array, base: Array) -> tuple[Array, Array]:
    """The points moved onto the curve of the finest quadrature, across it, and the claimed error (L, N) of that.

    Steps are repeated where one may leave more than a share of what it claims; next to a singular point more of them may make it
    worse, so that the best is kept.
    """
    at, error, left = _across(subject, np.array(u), t, scale, base)
    out, error, far = at.copy(), error + left, _unsettled(error, left)
    for _ in range(_FURTHER):
        if not far.size:
            break
        at[far], claim, left = _across(subject, at[far], t[far], scale[far], base[far])
        total = claim + left
        better = (total / scale[far]).max(axis=1) < (error[far] / scale[far]).max(axis=1)
        out[far[better]], error[far[better]] = at[far[better]], total[better]
        far = far[_unsettled(claim, left)]
    edge = subject.curve.lower
    near = (out < edge) & (out + np.maximum(error, 1e-12) >= edge)
    error = np.where(near, np.maximum(error, edge - out), error)
    return np.where(near, edge, out), error


def _unsettled(claim: Array, left: Array) -> Any:
    """Rows of points of which a step may leave more than a share of the claim."""
    return np.flatnonzero((left > _SHARE * claim).any(axis=1))


def _across(subject: Subject, u: Array, t: Array, scale: Array, base: Array) -> tuple[Array, Array, Array]:
    """Points after one step of Newton's method across the curve, their claims, inf where the step is none of a point that is near;
    and what the step may leave: no more than itself, and of its square, on the scale on which the curve bends. That of sigma^2,
    which enters by its square, is sigma^2 itself, not the window."""
    curve = subject.curve
    out, error, left = np.array(u), np.full(u.shape, np.inf), np.zeros(u.shape)
    with np.errstate(all="ignore"):
        _, jacobian = curve.residual_jacobian(out, base)
        residual, bound = _fine(subject, out, base)
        inverse = across(jacobian, t, scale)
        step = np.einsum("pij,pj->pi", inverse, residual)
        near = np.abs(step / scale).max(axis=1) <= 1e-6  # not where it is NaN
        out[near] -= step[near]
        claim = np.einsum("pij,pj->pi", np.abs(inverse), bound) + _LEFT * np.abs(step) + 2 * EPS * np.abs(out)
        error[near] = claim[near]
        rest = step**2 / np.maximum(np.abs(out), np.finfo(float).tiny)
        some = near[:, None] & (np.abs(step) > claim)  # the rest is rounding
        left[some] = np.minimum(rest, np.abs(step))[some]
    return out, error, left


def _fine(subject: Subject, u: Array, base: Array) -> tuple[Array, Array]:
    problem = subject.curve.problem
    if isinstance(problem, Kernel):
        inside = np.maximum(u[:, :-1], problem.lower)
        return problem.refined(inside, subject.curve.path.points(base, u[:, -1]))
    return subject.curve.at.residual(u, base), subject.curve.at.claims(u, base)


def as_solution(subject: Subject, u: Array, error: Array, p: Array) -> Solution:
    """Points of a model as one `Solution` over an array."""
    kernel = subject.curve.problem
    assert isinstance(kernel, Kernel)
    count, n = len(u), subject.curve.n
    nothing = np.full(count, np.nan)
    rows = Rows(
        np.arange(count),
        np.maximum(u[:, :-1], kernel.lower),
        error[:, :-1],
        nothing,
        nothing,
        np.full(count, Status.CONVERGED.code),
        np.full((count, n, n), np.nan),
    )
    given = {name: p[:, i] for i, name in enumerate(kernel.parameter_names)}
    return Solution(kernel, rows, p, (count,), given)
