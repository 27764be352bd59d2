"""The last step at a root: one correction with the finest quadrature, and the claim of what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.compile import FINE, Kernel
from meanfield.compile.group import ROUGH, TIGHT, TOLERANCES
from meanfield.solve.claims import claim
from meanfield.solve.extension import ExtendedProblem, extended
from meanfield.solve.linear import columns, inverse_columns
from meanfield.solve.problem import EPS, Array
from meanfield.solve.table import Table

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
class Refined(Table):
    """x (P, n), error (P, n) claimed, condition (P,), residual (P, n) and jacobian (P, n, n) at x; settled (P,): one correction
    was enough; share (P,) of the correction that may be wrong; family (P,): whether the root is known to be one of a continuous
    family (it is not here that this is found out)."""

    x: Array
    error: Array
    condition: Array
    residual: Array
    jacobian: Array
    settled: Any
    share: Array
    family: Any


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
    with np.errstate(all="ignore"):
        inverted = inverse_columns(columns(jacobian))
        x, fine, bound, way = _refined(kernel, x, p, inverted, scale)
        first = _FirstOrder(kernel, columns(jacobian), inverted, *(np.ascontiguousarray(a.T) for a in (x, scale, fine, bound)))
        step, error, share, settled = first.correction(taken + way, stale, TOLERANCES[slopes] / EPS)
        extent, condition = first.extent, first.condition
        corrected, residual = x - step.T, fine - (first.jacobian * step).sum(axis=1).T
        # Without averages the terms are what is written, such as (x - a)^2, and their size says nothing; but there a look is cheap.
        weak = first.weak | (not kernel.averages)
        curved = np.flatnonzero(weak | ~(condition < _CURVED) | ~((error / extent).max(axis=0, initial=0.0) < _DOUBTFUL))
        error = error.T
    if curved.size:
        problem, at = extended(kernel), corrected[curved]
        known = problem.residual_jacobian(at, p[curved])
        again = claim(problem, p[curved], at, scale=scale[curved], evaluated=known, bound=bound[curved])
        error[curved], residual[curved] = np.maximum(error[curved], again.error), known[0]
    exact = ((first.residual == 0) & (first.bound == 0)).all(axis=0)  # such as x = 0, whatever the Jacobian
    error = np.where(exact[:, None], 0.0, np.where(np.isfinite(error), error, np.inf))
    corrected, residual, settled = np.where(exact[:, None], x, corrected), np.where(exact[:, None], 0.0, residual), settled | exact
    return Refined(corrected, error, condition, residual, jacobian, settled, share, np.zeros(len(x), dtype=bool))


class _FirstOrder:
    """The correction J^-1 F of roots, and what may be wrong with it. Points come last, (n, P) and (n, n, P): operations across the
    unknowns are then a few vector operations."""

    def __init__(
        self, kernel: Kernel, jacobian: Array, inverted: Array, x: Array, scale: Array, residual: Array, bound: Array
    ) -> None:
        self.kernel, self.jacobian, self.inverted, self.x, self.scale = kernel, jacobian, inverted, x, scale
        self.residual, self.bound = residual, bound
        self.variances = (kernel.lower == 0)[:, None]
        self.raw = (inverted * residual).sum(axis=1)
        self.extent = np.abs(x) + scale
        scaled = jacobian * self.extent
        rows = np.abs(scaled).max(axis=1)
        scaled /= np.where(rows > 0, rows, 1.0)[:, None]
        norms = [np.abs(m).sum(axis=0).max(axis=0, initial=0.0) for m in (scaled, inverse_columns(scaled))]
        self.strengths = self._strengths(rows)
        self.strength = self.strengths.min(axis=0, initial=np.inf)
        # Where the slopes of an equation are nothing but rounding the matrix is singular, whatever its inverse says.
        none = (self.strength < 8 * EPS) | np.isnan(norms[1]) & np.isfinite(scaled).all(axis=(0, 1))
        self.condition = np.where(none, np.inf, norms[0] * norms[1])
        self.weak = self.strength < 1 / _CURVED

    def _strengths(self, rows: Array) -> Array:
        """(n, P) how much each equation depends on the unknowns: next to nothing near a multiple root, which equilibration would
        hide. An equation ``u = F`` is compared with the size of u, another one with that of its terms, which its rounding shows.
        """
        model = self.kernel.model
        count = len(model.equations)
        place = [self.kernel.unknowns.index(u) for u in model.equations]
        terms = np.where(np.isfinite(self.bound[count:]), self.bound[count:], 0.0) / (4 * EPS)
        return np.nan_to_num(rows / np.concatenate([self.extent[place], terms]), nan=np.inf)

    def correction(self, taken: Array, stale: Array | float, slopes: float) -> tuple[Array, Array, Array, Array]:
        """The correction (n, P), 0 where the first order means nothing; the claim (n, P) of what it leads to; which share (P,) of
        it may be wrong; whether it was enough (P,). slopes: error of the quadrature of the Jacobian, in units of rounding."""
        x, raw, size = self.x, np.abs(self.raw), np.abs(self.x) + 1e-2 * self.scale
        usable = (raw < _LONGEST * self.extent).all(axis=0)
        # Over a step the Jacobian changes by about as much as the unknowns do, and its inverse by the condition number times it.
        aged = _STALE * taken * (self.extent / size).max(axis=0, initial=0.0)
        share = np.clip(self.condition * (_STEEP * (raw / size).max(axis=0, initial=0.0) + aged), _SHARE, 4.0)
        share = np.maximum(np.where(usable, share, 4.0), stale)
        missed = share * raw + np.where(raw != 0, 1e-6 * EPS * self.scale, 0.0)  # no step is exact in its last digits
        missed += self._turned(raw, slopes)
        # A long step in one unknown bends the equations of the others, however short their own.
        # (Sizes of starts may be far larger than the scale of transfer functions, 1, over which slopes change.)
        unit = np.minimum(self.extent, np.abs(x) + 1.0)
        longest = (raw / unit).max(axis=0, initial=0.0)
        missed += np.where(usable, self.condition * longest * (_BEND * longest + aged), 0.0) * unit
        error = (np.abs(self.inverted) * self.bound).sum(axis=1) + 4 * EPS * np.abs(x)
        # On the way from where the Jacobian is, the sign of what is left of 1 - F' may have changed.
        outdated = (self.strengths[: len(self.kernel.model.equations)] < _STALE / 4 * taken).any(axis=0)
        within = np.clip(np.abs(x), _SMALL, np.where(self.variances, np.inf, 1.0))
        settled = usable & (missed <= error + _SETTLED * within).all(axis=0) & (self.condition < _CURVED) & ~self.weak & ~outdated
        return np.where(usable, self.raw, 0.0), error + missed, share, settled

    def _turned(self, raw: Array, slopes: float) -> Array:
        """(n, P) what rough slopes make of a step: (J + dJ)^-1 J = 1 - J^-1 dJ.

        Where large terms cancel in a slope, as close to a critical point, the quadrature of each is what is wrong: its tolerance
        times the size of the terms, which the rounding shows, over the scale on which a variance matters: itself, up to that of
        transfer functions, 1. (The slope of an average over a wide law is one of phi'', whose positive and negative parts cancel.)
        """
        width = np.where(self.variances, np.abs(self.x), 0.0).sum(axis=0)
        reach = np.minimum(np.where(self.variances & (width > 0), width, self.extent), 1.0)
        turned = _SLOPES * (np.abs(self.jacobian) * raw).sum(axis=1) + slopes * self.bound * (raw / reach).sum(axis=0)
        return np.asarray((np.abs(self.inverted) * turned).sum(axis=1))


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
        step = _times(inverted[:, :, at], kernel.at(TIGHT).residual(x[at], p[at]))
        distance = (np.abs(step) / extent).max(axis=1)
        near = (distance < _LONGEST) & (x[at] - step >= kernel.lower).all(axis=1)
        there, extent, at = (x[at] - step)[near], extent[near], at[near]
        moved[at] = distance[near]
        fine[at], bound[at] = kernel.refined(there, p[at], np.zeros_like(there))
        left = _times(inverted[:, :, at], fine[at])
        little = (np.abs(left) < _LITTLE * np.minimum(extent, np.abs(there) + 1.0)).all(axis=1)
        x, open_rows = np.array(x), np.array(inside)
        x[at] = np.where(little[:, None], there, np.maximum(there - left, kernel.lower))
        open_rows[at[little]] = False
    if open_rows.all():
        fine, bound = kernel.refined(x, p)
    elif open_rows.any():
        fine[open_rows], bound[open_rows] = kernel.refined(x[open_rows], p[open_rows])
    if not inside.all():
        out, beyond = ~inside, ExtendedProblem(kernel.at(FINE))
        fine[out], bound[out] = beyond.residual(x[out], p[out]), beyond.claims(x[out], p[out])
    return x, fine, bound, moved


def _times(matrix: Array, vector: Array) -> Array:
    """(n, n, P) times (P, n), without BLAS: its answer may depend on the batch."""
    return np.asarray((matrix * vector.T).sum(axis=1).T)
