"""From rough roots to solutions: refined by the finest quadrature, with claims, and judged by the rules of acceptance."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from meanfield.averages.node import Average
from meanfield.averages.opaque import Opaque
from meanfield.averages.scope import nodes
from meanfield.compile import FINE, ROUGH, WORKING, Kernel
from meanfield.solve import judge
from meanfield.solve.at_zero import put_at_zero
from meanfield.solve.certify import above_tolerance
from meanfield.solve.claims import carried
from meanfield.solve.extension import extended
from meanfield.solve.families import on_family, settled
from meanfield.solve.newton import NewtonOptions, NewtonResult, newton
from meanfield.solve.problem import EPS, Array, rows_of
from meanfield.solve.refine import Refined, refine
from meanfield.solve.rows import Found, Rows
from meanfield.solve.status import Status
from meanfield.solve.symmetries import exactly_symmetric

_REGULAR = 1e2  # condition number up to which a second correction by the same slopes is worth a try
_SINGULAR = 1e8  # condition number above which a root may belong to a continuous family
# Noise c of the equations and their slope s leave a claim of c/s. The roots on either side of a pitchfork are at a distance of
# about the root of s, which is beyond it as long as the claim is less than the cube root of the noise.
_APART = EPS ** (1 / 3)
_SWALLOWED = 4  # claims from a root on the symmetric subspace within which another one with the same claim counts as the same
_UNSOLVED = 1e-3  # residual, in units of what the unknowns' sizes make of it, that is none of a root
_ON_EDGE = 1e-13  # relative distance from an edge of the domain that is rounding, if the claim covers it
ROUGHLY = NewtonOptions(max_iterations=24, step_tolerance=1e-4, enough=1e-6, on_edge=1e-7)


def finish(
    kernel: Kernel, p: Array, found: Found, scale: Array, tol: float, level: int = ROUGH
) -> tuple[Rows, Array, tuple[str, ...]]:
    """Refine roots, put those within their claim of an edge on it, and apply the rules of acceptance.

    p, scale: of all points. level: quality of quadrature with which the roots were found; those that the finest quadrature
    moves too far for one correction are polished first. Returns the accepted rows, and for the rejected ones which sentence
    (index) applies: (R, 2) of owner and sentence.
    """
    found, done = _refined(kernel, p, found, scale, level)
    done = put_at_zero(kernel, p, found, done, scale, tol)
    solved = np.flatnonzero(_solved(done, np.abs(done.x) + rows_of(scale, found.owner)))
    found, done = found.take(solved), done.take(solved)
    owner, at, p = found.owner, done.x, rows_of(p, found.owner)
    size = rows_of(scale, owner)
    below = kernel.lower - at
    near: Any = ((below > 0) & (below <= done.error)) | (np.abs(below) <= np.minimum(done.error, _ON_EDGE * size))
    error = np.where(near, done.error + np.abs(below), done.error)
    inside = np.where(near, kernel.lower, at)
    at, exact = exactly_symmetric(kernel, inside, error, size)
    error = np.maximum(error, np.abs(at - inside))  # what a root is moved by belongs to its claim
    # Near a pitchfork the roots beside the symmetric one are within its claim: then 0 stands for all of them. (A claim of 0 would
    # be less than the rounding of whoever checks it with more digits.)
    known = exact & (error < _APART * size) & (done.condition < _SINGULAR)[:, None]
    error = np.where(known, np.minimum(error, EPS * size), np.where(exact, _SWALLOWED * error, error))
    if kernel.pairs:  # with more digits an average over independent variables is not 0 but its rounding
        error = np.where((error == 0) & (error > 0).any(axis=1, keepdims=True), EPS * np.minimum(size, 1.0), error)
    if done.family.any():
        one = done.family
        at[one], error[one] = settled(kernel, p[one], at[one], size[one])
    verdict = judge.accept(kernel, at, p, error)
    above = above_tolerance(at, error, tol) | _reported_above(kernel, at, p, error, tol)
    status = np.where(above, Status.CLAIM_ABOVE_TOLERANCE.code, np.where(done.family, Status.FAMILY.code, Status.CONVERGED.code))
    rows = Rows(owner, at, error, done.condition, np.abs(done.residual).max(axis=1, initial=0.0), status, done.jacobian)
    rejected = np.stack([owner[~verdict.accepted], verdict.reason[~verdict.accepted]], axis=1)
    return rows.take(np.flatnonzero(verdict.accepted)), rejected, verdict.sentences


def _reported_above(kernel: Kernel, x: Array, p: Array, error: Array, tol: float) -> Any:
    """(Q,) whether a public unknown, where that is another quantity than those solved for, is known less well than ``tol``."""
    exprs = tuple(e for e in kernel.model.reports.values() if not e.is_Symbol and not any(nodes(e, (Average, Opaque), inside=True)))
    if not exprs or not len(x):
        return np.zeros(len(x), dtype=bool)
    inside = np.maximum(x, kernel.lower)
    value, slope = kernel.values(exprs, inside, p), kernel.gradients(exprs, inside, p)
    return above_tolerance(value, carried(slope, error), tol)


def _solved(done: Refined, extent: Array) -> Any:
    """(Q,) whether the equations nearly hold: they need not where Newton's method ended on an edge with slopes that vanish or are
    infinite, such as at g = 0, and there nothing can be claimed, or no more than that the root lies somewhere."""
    with np.errstate(invalid="ignore"):
        slopes = (np.abs(done.jacobian) * extent[:, None, :]).sum(axis=2)
        off = (np.abs(done.residual) > _UNSOLVED * slopes).any(axis=1)
    return ~(off & ~(done.error <= extent).any(axis=1))


def _refined(kernel: Kernel, p: Array, found: Found, scale: Array, level: int) -> tuple[Found, Refined]:
    """Refined roots; those that one correction does not settle are polished by better rules first, at last by the finest."""
    size = rows_of(scale, found.owner)
    done = refine(kernel, rows_of(p, found.owner), found.x, found.jacobian, size, taken=found.taken)
    weak = np.flatnonzero(~(done.condition < _SINGULAR))
    if weak.size and not kernel.model.delicate:  # where there is a root next to every root, Newton's method has no end
        at = found.owner[weak]
        done.family[weak] = on_family(extended(kernel.at(FINE)), p[at], found.x[weak], found.jacobian[weak], scale[at])
        done.settled[done.family] = True
        done.x[done.family] = found.x[done.family]
    # A step of first order leads off an edge of the domain by its second order: x = 0, found as 1e-8, to a variance of -1e-16.
    outside = (done.x < kernel.lower).any(axis=1)
    again = np.flatnonzero((~done.settled | outside) & (done.x != found.x).any(axis=1) & (done.condition < _REGULAR))
    if again.size:  # where only slopes are too rough for one correction, a second one is all it takes
        at = found.owner[again]
        old = found.take(again)
        short = (done.x < kernel.lower) & (done.x >= kernel.lower - ROUGHLY.on_edge * size)
        inside = np.where(short, kernel.lower, done.x)[again]  # beyond the edge the extension would cost further evaluations
        second = refine(kernel, p[at], inside, old.jacobian, scale[at], done.share[again], taken=old.taken)
        done = _merged(done, again, second)
    for better in (kernel.at(max(level, WORKING), quick=True), kernel.at(FINE)):
        far = np.flatnonzero(~done.settled)
        if far.size == 0:
            break
        at = found.owner[far]
        run = newton(better, p[at], found.x[far], scale=scale[at])
        found, done = _replaced(found, done, far, run, refine(kernel, p[at], run.x, run.jacobian, scale[at], slopes=better.level))
    return found, done


def _merged(done: Refined, rows: Any, again: Refined) -> Refined:
    """``done`` with some rows exchanged for those of ``again`` that are settled."""
    rows, settled = rows[again.settled], np.flatnonzero(again.settled)
    merged = {f.name: np.array(getattr(done, f.name)) for f in fields(done)}
    for name, values in merged.items():
        values[rows] = getattr(again, name)[settled]
    return Refined(**merged)


def _replaced(found: Found, done: Refined, far: Any, run: NewtonResult, again: Refined) -> tuple[Found, Refined]:
    """The rows ``far`` exchanged for what Newton's method and a new refinement made of them; left out where it fails."""
    merged = {f.name: np.array(getattr(done, f.name)) for f in fields(done)}
    for name, values in merged.items():
        values[far] = getattr(again, name)
    x, jacobian = np.array(found.x), np.array(found.jacobian)
    x[far], jacobian[far] = run.x, run.jacobian
    keep = np.ones(len(x), dtype=bool)
    keep[far] = run.converged
    return Found(found.owner, x, jacobian).take(keep), Refined(**merged).take(keep)
