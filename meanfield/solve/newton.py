"""Batched damped Newton with the exact Jacobian: one evaluation of the whole active batch per iteration.

Each point has its own damping, status and end; points that are finished leave the batch. Inside, the points are the
*last* axis, so that every quantity is a few contiguous vectors. Only elementwise operations act across the batch:
no point's result depends on the batch it is in (if that holds for the problem's residual).

Damping: the full step if it reduces the residual, each row measured by sum_j |J_ij| X_j at the last accepted iterate
(X_j = |x_j| + scale_j), otherwise a backtracking step from the parabola through the two residuals. Deflated runs may climb.
The end: a step below `step_tolerance` is taken and looked at once more; then the point ends as soon as the correction
is at the rounding floor, or no longer shrinks while the residual is within its claim. So it never circles at the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.deflation import Deflation
from meanfield.solve.extension import extended
from meanfield.solve.linear import inverse, solve_columns
from meanfield.solve.problem import EPS, Array, Problem, points_of, residual_claims
from meanfield.solve.status import Status

_HUGE = float(np.finfo(float).max)
_RUNNING = -1
Mask = NDArray[np.bool_]
Codes = NDArray[np.int8]
_DECREASE = 1e-4  # the least relative decrease of the residual that a step must bring
_DEFLATED_GROWTH = 10.0  # a deflated residual has many local minima: a step may raise it by so much
_AT_FLOOR = 16 * EPS
_FAST = 0.1  # the least relative decrease of the corrections where the iteration converges better than linearly
_SLOW = 1e-6  # size of a correction that is small whether they shrink or not
_NEAR = 1e-4  # size of steps above which an iteration is still on its way, whether they shrink or not
_CHECK_EVERY = 12  # evaluations in which the residual must at least halve
_STATE = (
    *("x", "p", "scale", "r", "jacobian", "step", "damping", "last"),
    *("weight", "merit", "checked_weight", "checked_merit"),
)
_CONVERGED, _STAGNATED, _SINGULAR, _NAN, _MAXIMUM = (
    s.code for s in (Status.CONVERGED, Status.STAGNATED, Status.SINGULAR, Status.NAN, Status.MAX_ITERATIONS)
)


@dataclass(frozen=True)
class NewtonOptions:
    """max_iterations counts evaluations of a point. Steps are relative to |x_j| + scale_j: `step_tolerance` is the
    size below which the next iterate is the last but for polishing, `max_step` the longest step of an unknown.
    `min_damping`: a point whose damping falls below it has stagnated. `enough`: after a step within `step_tolerance`, a
    correction within this is left to the caller, who refines the root by better means (0: nothing is left); with `taking` it is
    taken without another look, and where corrections shrink slowly it must be a hundred times smaller, or 1e-6. `on_edge`: an
    iterate that far below an edge of the domain, relative to scale_j, is put on it."""

    max_iterations: int = 50
    step_tolerance: float = 1e-8
    max_step: float = 2.0
    min_damping: float = 1 / 256
    enough: float = 0.0
    taking: bool = False
    on_edge: float = 16 * EPS


@dataclass(frozen=True)
class NewtonResult:
    """x (P, n); status (P,) codes; iterations (P,); step (P, n), Newton's correction at x (computed, not taken);
    residual (P, n) and jacobian (P, n, n) at x. Where `NewtonOptions.taking` ended the iteration the step has been taken: x is
    where it leads, the others are what they were before, and taken (P,) is its relative size (0 elsewhere). A root may lie
    outside the domain: `certify` judges that."""

    x: Array
    status: NDArray[np.int8]
    iterations: NDArray[np.int64]
    step: Array
    residual: Array
    jacobian: Array
    taken: Array

    @property
    def converged(self) -> NDArray[np.bool_]:
        """(P,) mask."""
        return self.status == _CONVERGED


def newton(
    problem: Problem,
    p: ArrayLike,
    x0: ArrayLike,
    *,
    scale: ArrayLike = 1.0,
    options: NewtonOptions | None = None,
    deflation: Deflation | None = None,
    arrived: ArrayLike = np.inf,
) -> NewtonResult:
    """Solve residual(x, p) = 0 from x0 at every point.

    p (P, m) or one point (m,), x0 (P, n) or (n,). scale: typical size of each unknown, broadcasts to (P, n); it matters
    for unknowns near zero only. arrived: relative size (P,) of the step that led to x0, where there was one. Edges of the
    domain may be crossed (see `extension`). Never raises because of a point: see the statuses. Raises ValueError for arrays of the
    wrong shape.
    """
    parameters, start = points_of(problem, p, x0)
    size = np.broadcast_to(np.asarray(scale, dtype=float), start.shape)
    run = _Run(extended(problem), parameters, start, size, options or NewtonOptions(), deflation)
    run.last = np.broadcast_to(np.asarray(arrived, dtype=float), run.index.shape)
    with np.errstate(all="ignore"):
        while run.index.size:
            run.iterate()
    return run.result


def _largest(columns: Array) -> Array:
    """Largest entry of each point, (n, P) -> (P,); NaN if any is NaN. (A reduction over so short an axis is slow.)"""
    largest = columns[0]
    for column in columns[1:]:
        largest = np.maximum(largest, column)
    return largest


class _Run:
    """The state of the points still active (the points last) and the results of those that are finished."""

    def __init__(
        self, problem: Problem, p: Array, x: Array, scale: Array, options: NewtonOptions, deflation: Deflation | None
    ) -> None:
        count, n = x.shape
        self.problem, self.options, self.deflation = problem, options, deflation
        self.edges = np.flatnonzero(np.isfinite(problem.lower))
        self.index: NDArray[np.intp] = np.arange(count)
        self.p, self.scale = np.ascontiguousarray(p.T), np.ascontiguousarray(scale.T)
        self.x = np.ascontiguousarray(x.T)
        self.step, self.damping = np.zeros((n, count)), np.zeros(count)
        self.merit, self.last = np.full(count, _HUGE), np.full(count, np.inf)
        self.weight = self.checked_weight = np.ones((n, count))
        self.checked_merit = self.merit
        self.r, self.jacobian = np.full((n, count), np.nan), np.full((n, n, count), np.nan)
        self.count = 0
        nothing = np.full((n + 2, n, count), np.nan)
        at, step, residual, jacobian = self.ends = self.x.copy(), nothing[0], nothing[1], nothing[2:]
        codes, iterations = np.full(count, _MAXIMUM, dtype=np.int8), np.zeros(count, dtype=np.int64)
        self.result = NewtonResult(at.T, codes, iterations, step.T, residual.T, jacobian.transpose(2, 0, 1), np.zeros(count))

    def iterate(self) -> None:
        """Evaluate every active point at its trial iterate; accept it or damp; take the finished points out."""
        trial = self._on_edges(self.x + self.damping * self.step) if self.count else self.x
        value, slope = self.problem.residual_jacobian(trial.T, self.p.T)
        r, jacobian = np.ascontiguousarray(value.T), np.ascontiguousarray(slope.transpose(1, 2, 0))
        merit = _largest(np.abs(r) * self.weight)
        if self.deflation is None:
            accepted = merit <= np.maximum(self.merit * (1.0 - _DECREASE), _AT_FLOOR)
        else:
            merit = merit * self.deflation(trial)[0]
            accepted = merit <= _DEFLATED_GROWTH * self.merit
        damped = None
        if not accepted.all():  # those points stay where they were: what follows computes for them the same again
            damped = _shorter(self.damping, merit / self.merit)
            trial = np.where(accepted, trial, self.x)
            r, jacobian = np.where(accepted, r, self.r), np.where(accepted, jacobian, self.jacobian)
        self.x, self.r, self.jacobian = trial, r, jacobian
        self._advance(accepted, damped, merit)

    def _on_edges(self, trial: Array) -> Array:
        """Iterates that miss an edge of the domain by no more than the noise of the residual are on it: below it the extension
        would cost further evaluations."""
        for j in self.edges:
            low, row = self.problem.lower[j], trial[j]
            below = row < low
            if below.any():
                row[below & (row >= low - self.options.on_edge * self.scale[j])] = low
        return trial

    def _advance(self, accepted: Mask, damped: Array | None, merit: Array) -> None:
        """Newton's step and its damping at the current iterates, and the ends of those that have come to one."""
        options = self.options
        extent = np.abs(self.x) + self.scale
        self.weight = _row_weights(self.jacobian, extent)
        self.merit = floor = _largest(np.abs(self.r) * self.weight)
        step, relative, odd = self._newton_step(extent)
        self.step, longest, factor = step, relative, None
        if self.deflation is not None:
            factor, eta = self.deflation(self.x)
            self.merit = floor * factor
            self.step = step / (1.0 - (eta * step).sum(axis=0))
            longest = _largest(np.abs(self.step) / extent)
        self.damping = options.max_step / np.maximum(longest, options.max_step)
        code: Codes | None = None  # made only when some point may have come to an end: most iterations are spared it
        if self.count % _CHECK_EVERY == 0:
            code = self._check_progress(floor, factor)
        small = self.last <= options.step_tolerance
        if small.any() or floor.min() == 0.0:
            code = self._codes(code)
            self._judge_small(code, small & accepted, floor, relative, step)
        last, self.last = self.last, relative
        self.count += 1
        if damped is not None:
            self.last = np.where(accepted, relative, last)
            failed = ~accepted & ((damped < options.min_damping * self.damping) | (self.count == 1))
            self.damping = np.where(accepted, self.damping, damped)
            code = self._codes(code)
            self._judge_failed(code, failed, floor, merit)
        if odd:
            code = self._codes(code)
            code[(code == _RUNNING) & ~(relative < np.inf)] = _SINGULAR
        if self.count >= options.max_iterations:
            code = self._codes(code)
            code[code == _RUNNING] = _MAXIMUM
        if code is not None and (code != _RUNNING).any():
            self._close(code, step)

    def _codes(self, code: Codes | None) -> Codes:
        return np.full(self.index.size, _RUNNING, dtype=np.int8) if code is None else code

    def _newton_step(self, extent: Array) -> tuple[Array, Array, bool]:
        """-J^-1 r, its relative size, and whether some step had to be replaced.

        Where J is singular it is the shortest least-squares step, NaN where that is of no use.
        """
        step = solve_columns(self.jacobian, -self.r)
        relative = _largest(np.abs(step) / extent)
        if relative.max() < np.inf:
            return step, relative, False
        odd = ~(relative < np.inf)
        step[:, odd] = _least_squares_step(self.jacobian[:, :, odd], self.r[:, odd])
        return step, _largest(np.abs(step) / extent), True

    def _check_progress(self, floor: Array, factor: Array | None) -> Codes | None:
        """Ends of the points that have come nowhere since the last check: they creep towards a minimum of |r|."""
        code = None
        if self.count:
            merit = _largest(np.abs(self.r) * self.checked_weight)
            merit = merit if factor is None else merit * factor
            code = self._codes(None)
            self._judge_failed(code, ~(merit <= 0.5 * self.checked_merit), floor, merit)
        self.checked_weight, self.checked_merit = self.weight, self.merit
        return code

    def _judge_small(self, code: Codes, small: Mask, floor: Array, relative: Array, step: Array) -> None:
        """Ends of the points whose last step was small: the correction is at the floor, or it no longer shrinks."""
        at_floor = (floor <= 2 * EPS) | ((relative <= _AT_FLOOR) & (floor <= 2 * _AT_FLOOR))
        enough = self.options.enough
        code[(floor == 0.0) | (small & (at_floor | (relative <= (0.0 if self.options.taking else enough))))] = _CONVERGED
        if self.options.taking:
            slow = min(enough, max(_SLOW, _FAST**2 * enough))
            taken = small & (relative <= np.where(relative <= _FAST * self.last, enough, slow)) & (code == _RUNNING)
            code[taken] = _CONVERGED
            self.x = self._on_edges(np.where(taken, self.x + step, self.x))
            self.result.taken[self.index[taken]] = relative[taken]
        near = self.last <= max(self.options.enough, _NEAR)
        stalled = small & near & (code == _RUNNING) & (relative >= 0.25 * self.last)
        if not stalled.any():
            return
        code[stalled & (floor <= 64 * EPS)] = _CONVERGED
        unsure = stalled & (code == _RUNNING)
        if unsure.any():
            within = self._within_claim(unsure)
            code[within] = _CONVERGED
            code[unsure & ~within & (relative >= self.last)] = _STAGNATED

    def _judge_failed(self, code: Codes, failed: Mask, floor: Array, merit: Array) -> None:
        """Ends of the points for which no step reduces the residual."""
        if not failed.any():
            return
        failed = failed & (code == _RUNNING)
        code[failed] = np.where(np.isfinite(merit[failed]), _STAGNATED, _NAN)
        candidates = failed & (floor < 1e-3)
        if candidates.any():
            code[candidates & self._within_claim(candidates)] = _CONVERGED

    def _within_claim(self, which: Mask) -> Mask:
        """Is the residual within four claims of zero, or a small correction? (Looked at for the points of `which` only.)

        Near a pitchfork the noise of one equation moves the unknowns so far that the curvature of another one shows: what is left
        of that one is more than its own claim, but the correction is no more than the claims of all of them explain.
        """
        x, p, r = self.x[:, which].T, self.p[:, which].T, self.r[:, which].T
        jacobian = self.jacobian[:, :, which].transpose(2, 0, 1)
        claims = residual_claims(self.problem, x, p, r, jacobian)
        inverted = inverse(jacobian)
        step, noise = ((m * v[:, None, :]).sum(axis=2) for m, v in ((inverted, r), (np.abs(inverted), claims)))
        small = np.minimum(4 * noise, _NEAR * (np.abs(x) + self.scale[:, which].T))
        within = np.zeros(len(which), dtype=bool)
        within[which] = (np.abs(r) <= 4 * claims).all(axis=1) | (np.abs(step) <= small).all(axis=1)
        return within

    def _close(self, code: Codes, step: Array) -> None:
        """Write the finished points to the result; keep the others."""
        ended = code != _RUNNING
        done = np.flatnonzero(ended)
        at, out = self.index[done], self.result
        out.status[at], out.iterations[at] = code[done], self.count
        for whole, values in zip(self.ends, (self.x, step, self.r, self.jacobian), strict=True):
            for row, new in zip(whole.reshape(-1, out.status.size), values.reshape(-1, ended.size), strict=True):
                row[at] = new[done]  # row by row: ten times faster than all at once
        keep = np.flatnonzero(~ended)
        self.index = self.index[keep]
        if keep.size == 0:
            return
        for name in _STATE:
            setattr(self, name, getattr(self, name).take(keep, axis=-1))
        if self.deflation is not None:
            self.deflation = self.deflation.take(keep)


def _row_weights(jacobian: Array, extent: Array) -> Array:
    """1 / sum_j |J_ij| X_j, (n, P): the residual times it is a distance relative to the size of the unknowns.

    A row that is not finite gets a huge weight: there only a residual of exactly zero is small.
    """
    size = np.abs(jacobian)
    size *= extent
    total = size[:, 0]
    for column in range(1, size.shape[1]):
        total += size[:, column]
    total[~(total < np.inf)] = 0.0
    np.maximum(total, 1e-300, out=total)
    return np.divide(1.0, total)


def _shorter(damping: Array, growth: Array) -> Array:
    """The next damping after a rejected step, from the parabola 1 - t + c t^2 through the relative residuals."""
    with_parabola = damping * damping / (2.0 * (growth - 1.0 + damping))
    return np.where(np.isfinite(growth), np.clip(with_parabola, 0.1 * damping, 0.5 * damping), 0.25 * damping)


def _least_squares_step(jacobian: Array, r: Array) -> Array:
    """(n, n, P), (n, P) -> (n, P): the shortest minimiser of |J d + r|; NaN if J is not finite or d is of no use."""
    step = np.full(r.shape, np.nan)
    for k in range(r.shape[1]):
        if not r[:, k].any():
            step[:, k] = 0.0
        elif np.isfinite(jacobian[:, :, k]).all() and np.isfinite(r[:, k]).all():
            d = -np.linalg.pinv(jacobian[:, :, k]) @ r[:, k]
            useful = np.linalg.norm(jacobian[:, :, k] @ d + r[:, k]) < 0.99 * np.linalg.norm(r[:, k])
            step[:, k] = d if useful else np.nan
    return step
