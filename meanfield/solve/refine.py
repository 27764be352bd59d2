"""The last step at a root: one correction with the finest quadrature, and the claim of what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.compile import FINE, Kernel
from meanfield.compile.group import ROUGH, TIGHT, TOLERANCES
from meanfield.solve.claims import claim
from meanfield.solve.extension import ExtendedProblem, extended
from meanfield.solve.linear import inverse
from meanfield.solve.problem import EPS, Array

_LITTLE = 1e-11  # relative correction that may go into a claim as it is
_LONGEST = 1e-3  # relative size of a correction beyond which the first order means nothing
_SHARE = 1e-4  # of the correction that may be wrong, at least: the error of a rough Jacobian and the curvature over the step
_SETTLED = 5e-11  # what may be wrong with the last correction of a root, beside the claim
# Unknowns near a critical point are small, and what is derived from them is divided by them; those of either sign may be
# logarithms.
_SMALL = 0.1
_STEEP = 64.0  # how fast the error of a quadrature changes with its law, relative to itself: like the logarithm of the error
_SLOPES = 1e-5  # relative error of a slope by rough quadrature
_BEND = 4.0  # second derivatives over first ones, in units of the unknowns' sizes
_STALE = 16.0  # the same for a step between where a Jacobian was evaluated and where it corrects
_CURVED = 1e5  # condition number above which the claim also looks at the curvature,
_DOUBTFUL = 1e-8  # and relative claim, for a Jacobian all of whose entries are small


@dataclass(frozen=True)
class Refined:
    """x (P, n), error (P, n) claimed, condition (P,), residual (P, n) and jacobian (P, n, n) at x; settled (P,): one correction
    was enough; share (P,) of the correction that may be wrong."""

    x: Array
    error: Array
    condition: Array
    residual: Array
    jacobian: Array
    settled: Any
    share: Array


def refine(
    kernel: Kernel,
    p: Array,
    x: Array,
    jacobian: Array,
    scale: Array,
    stale: Array | float = 0.0,
    slopes: int = ROUGH,
    taken: Array | float = 0.0,
) -> Refined:
    """Correct roots of a coarser system (J at x known) by the FINE residual and claim their errors.

    To first order the corrected root errs by J^-1 times the error of the fine residual, which the distance between the two
    qualities of quadrature bounds, plus rounding. Where the Jacobian is nearly singular the second order is measured too.
    stale: share of an earlier correction that may have been wrong, for a second one by the same Jacobian. slopes: quality of the
    quadrature of the Jacobian. taken: relative size of a step between where the Jacobian was evaluated and x.
    """
    problem = extended(kernel)
    with np.errstate(all="ignore"):
        inverted = inverse(jacobian)
        x, fine, bound, way = _refined(kernel, x, p, inverted, scale)
        taken = taken + way
        raw = (inverted * fine[:, None, :]).sum(axis=2)
        extent = np.abs(x) + scale
        scaled = jacobian * extent[:, None, :]
        rows = np.abs(scaled).max(axis=2, keepdims=True)
        scaled = scaled / np.where(rows > 0, rows, 1.0)
        condition = np.abs(scaled).sum(axis=1).max(axis=1) * np.abs(inverse(scaled)).sum(axis=1).max(axis=1)
        each = _strengths(kernel, rows[:, :, 0], extent, bound)
        strength = each.min(axis=1)
        none = strength < 8 * EPS  # nothing but rounding is left of an equation's slopes
        condition = np.where(none | np.isnan(condition) & np.isfinite(scaled).all(axis=(1, 2)), np.inf, condition)
        usable = (np.abs(raw) < _LONGEST * extent).all(axis=1)
        step = np.where(usable[:, None], raw, 0.0)
        # Over a step the Jacobian changes by about as much as the unknowns do, and its inverse by the condition number times it.
        size = np.abs(x) + 1e-2 * scale
        aged = _STALE * taken * (extent / size).max(axis=1)
        change = _STEEP * (np.abs(raw) / size).max(axis=1) + aged
        share = np.where(usable, np.clip(condition * change, _SHARE, 4.0), 4.0)
        share = np.maximum(share, stale)
        missed = share[:, None] * np.abs(raw) + np.where(raw != 0, 1e-6 * EPS * scale, 0.0)  # no step is exact in its last digits
        # The rough slopes are wrong, too: (J + dJ)^-1 J = 1 - J^-1 dJ.
        turned = _SLOPES * (np.abs(jacobian) * np.abs(raw)[:, None, :]).sum(axis=2)
        # Where large terms cancel in a slope, as close to a critical point, the quadrature of each is what is wrong: its tolerance
        # times the size of the terms, which the rounding shows, over the scale on which a variance matters, itself.
        variances = kernel.lower == 0
        width = np.where(variances, np.abs(x), 0.0).sum(axis=1, keepdims=True)
        reach = np.where(variances & (width > 0), width, extent)
        moved = (np.abs(raw) / reach).sum(axis=1, keepdims=True)
        turned = turned + TOLERANCES[slopes] / EPS * bound * moved
        missed = missed + (np.abs(inverted) * turned[:, None, :]).sum(axis=2)
        # A long step in one unknown bends the equations of the others, however short their own.
        # (Sizes of starts may be far larger than the scale of transfer functions, 1, over which slopes change.)
        unit = np.minimum(extent, np.abs(x) + 1.0)
        longest = (np.abs(raw) / unit).max(axis=1)
        bent = condition * longest * (_BEND * longest + aged)
        missed = missed + np.where(usable, bent, 0.0)[:, None] * unit
        error = (np.abs(inverted) * bound[:, None, :]).sum(axis=2) + 4 * EPS * np.abs(x)
        weak = strength < 1 / _CURVED
        # On the way from where the Jacobian is, the sign of what is left of 1 - F' may have changed.
        outdated = (each[:, : len(kernel.model.equations)] < (_STALE / 4 * taken)[:, None]).any(axis=1)
        within = np.clip(np.abs(x), _SMALL, np.where(variances, np.inf, 1.0))
        settled = usable & (missed <= error + _SETTLED * within).all(axis=1) & (condition < _CURVED) & ~weak & ~outdated
        error = error + missed
        corrected = x - step
        left = (jacobian * step[:, None, :]).sum(axis=2)
    residual = fine - left
    # Without averages the terms are what is written, such as (x - a)^2, and their size says nothing; but there a look is cheap.
    weak = weak | (not kernel.averages)
    curved = np.flatnonzero(weak | ~(condition < _CURVED) | ~((error / extent).max(axis=1) < _DOUBTFUL))
    if curved.size:
        at = corrected[curved]
        known = problem.residual_jacobian(at, p[curved])
        again = claim(problem, p[curved], at, scale=scale[curved], evaluated=known, bound=bound[curved])
        error[curved], residual[curved] = np.maximum(error[curved], again.error), known[0]
    exact = ((fine == 0) & (bound == 0)).all(axis=1)  # such as x = 0, whatever the Jacobian
    error = np.where(exact[:, None], 0.0, np.where(np.isfinite(error), error, np.inf))
    corrected, residual, settled = np.where(exact[:, None], x, corrected), np.where(exact[:, None], 0.0, residual), settled | exact
    return Refined(corrected, error, condition, residual, jacobian, settled, share)


def _strengths(kernel: Kernel, rows: Array, extent: Array, bound: Array) -> Array:
    """(P, n) how much each equation depends on the unknowns: next to nothing near a multiple root, which equilibration would hide.

    An equation ``u = F`` is compared with the size of u, another one with that of its terms, which its rounding shows.
    """
    count = len(kernel.model.equations)
    place = [kernel.unknowns.index(u) for u in kernel.model.equations]
    terms = np.where(np.isfinite(bound), bound, 0.0) / (4 * EPS)
    size = np.concatenate([extent[:, place], terms[:, count:]], axis=1)
    return np.nan_to_num(rows / size, nan=np.inf)


def _refined(kernel: Kernel, x: Array, p: Array, inverted: Array, scale: Array) -> tuple[Array, Array, Array, Array]:
    """The residual by the FINE rules and its claim, beyond the domain's edges too; where, and the relative distance (P,) from x.

    Averages over pairs cost so much that both rules are not evaluated at one place: a correction by the TIGHT residual leads to
    where that one vanishes, and the FINE one there is the distance of the two, or more by what the correction has left. Where that
    is not little, both are.
    """
    fine, bound = np.empty_like(x), np.empty_like(x)
    inside = (x >= kernel.lower).all(axis=1)
    open_rows, moved = inside, np.zeros(len(x))
    if kernel.pairs:
        at = np.flatnonzero(inside)
        extent = np.abs(x[at]) + scale[at]
        step = _times(inverted[at], kernel.at(TIGHT).residual(x[at], p[at]))
        distance = (np.abs(step) / extent).max(axis=1)
        near = (distance < _LONGEST) & (x[at] - step >= kernel.lower).all(axis=1)
        there, extent, at = (x[at] - step)[near], extent[near], at[near]
        moved[at] = distance[near]
        fine[at], bound[at] = kernel.refined(there, p[at], np.zeros_like(there))
        left = _times(inverted[at], fine[at])
        little = (np.abs(left) < _LITTLE * extent).all(axis=1)
        x, open_rows = np.array(x), np.array(inside)
        x[at] = np.where(little[:, None], there, np.maximum(there - left, kernel.lower))
        open_rows[at[little]] = False
    if open_rows.any():
        fine[open_rows], bound[open_rows] = kernel.refined(x[open_rows], p[open_rows])
    if not inside.all():
        out, beyond = ~inside, ExtendedProblem(kernel.at(FINE))
        fine[out], bound[out] = beyond.residual(x[out], p[out]), beyond.claims(x[out], p[out])
    return x, fine, bound, moved


def _times(matrix: Array, vector: Array) -> Array:
    """(P, n, n) times (P, n), without BLAS: its answer may depend on the batch."""
    return (matrix * vector[:, None, :]).sum(axis=2)
