"""Claimed errors from nested refinement, and one-dimensional averages refined until their claim is small enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import QuadratureError
from meanfield.quadrature.gauss import CUTOFF, split_gauss
from meanfield.quadrature.rule import Array
from meanfield.quadrature.sinh import sinh_count, sinh_trapezoid
from meanfield.quadrature.trapezoid import gaussian_cutoff, trapezoid_size, trapezoid_step

Function = Callable[[Array], Array]

EPS = float(np.finfo(float).eps)
ROUNDING = 8 * EPS
BLOCK = 1 << 17  # numbers per temporary: small enough to stay near the cache, large enough to amortise calls


def claim(coarse: Array, fine: Array, scale: Array, *, earlier: Sequence[Array] = ()) -> Array:
    """Claimed error of ``fine``: its distance from ``coarse`` (half the nodes) plus rounding, 8 eps times ``scale``.

    scale: average of |f|, same shape. The distance is the error of ``coarse``, so the claim is far above the true error
    once convergence is exponential. Where it may be slow (a kink that nobody declared) neighbouring rules can agree by
    accident: give ``earlier`` = (a rule of a quarter, a rule of an eighth of the nodes), and the claim is twice the
    larger of the last distance and of the one extrapolated from the two before. A value that is not finite gets an
    infinite claim.
    """
    bound = np.abs(fine - coarse)
    if len(earlier) >= 2:
        previous, before = np.abs(coarse - earlier[0]), np.abs(earlier[0] - earlier[1])
        ratio = np.minimum(previous / np.maximum(before, np.finfo(float).tiny), 1.0)
        bound = 2 * np.maximum(bound, previous * ratio)
    bound = bound + ROUNDING * np.abs(scale)
    return np.where(np.isfinite(fine) & np.isfinite(bound), bound, np.inf)


def gaussian_average(
    f: Function,
    mean: Array,
    var: Array,
    *,
    strip: float | None = None,
    pole_order: float = 1,
    imaginary_growth: float = 0.0,
    steep: float | None = None,
    kinks: Sequence[float] = (),
    tol: float = 1e-12,
    max_nodes: int = 1 << 13,
) -> tuple[Array, Array]:
    """``int Dz f(mean + sqrt(var) z)`` for a batch: values and claimed errors, both (P,).

    f: vectorised, (p, n) -> (p, n), any integrand. mean, var: (P,) or broadcastable to it. The rule is

    - split Gauss-Legendre if ``kinks`` (locations in x) are given;
    - the sinh-mapped trapezoid if ``strip`` is finite, ``steep`` (the location in x of the steep point) is given, and
      that needs fewer nodes;
    - else the trapezoid, starting from the step that ``strip`` predicts, or from a coarse one if it is not known.

    Each point is refined until its claim is below ``tol`` times max(1, average of |f|), or ``max_nodes`` is reached:
    then the claim says what was achieved. Without ``strip`` or ``kinks`` nothing better than that tolerance is claimed.
    A negative variance gives NaN with an infinite claim.
    """
    if not 0 < tol < 1:
        raise QuadratureError(f"the tolerance must lie between 0 and 1, got {tol!r}")
    mean, var = np.broadcast_arrays(np.atleast_1d(np.asarray(mean, float)), np.atleast_1d(np.asarray(var, float)))
    value, error = np.full(mean.shape, np.nan), np.full(mean.shape, np.inf)
    sigma = np.sqrt(np.maximum(var, 0.0))
    for group in _groups(mean, var, sigma, split=bool(len(kinks))):
        m, s = mean[group], sigma[group]
        cutoff, truncated = _cutoff(f, m, s, tol)
        if len(kinks):
            rule = _split_rule(kinks, cutoff)
        else:
            step = None
            if strip is not None:
                step = trapezoid_step(strip, float(s.max()), tol / 10, pole_order=pole_order, imaginary_growth=imaginary_growth)
            rule = _smooth_rule(float(s.max()), step, strip, pole_order, steep, cutoff, tol)
        value[group], error[group] = _refine(f, m, s, rule, tol, max_nodes, trusted=bool(len(kinks)) or strip is not None)
        error[group] += truncated
    return value, error


LevelRule = Callable[[Array, Array, int], tuple[Array, Array]]


def _groups(mean: Array, var: Array, sigma: Array, *, split: bool) -> list[NDArray[np.intp]]:
    """Usable points, grouped by the octave of their width, which decides how many nodes they need."""
    good = np.flatnonzero(np.isfinite(mean) & np.isfinite(sigma) & (var >= 0))
    if split or good.size < 2:
        return [good] if good.size else []
    octave = np.floor(np.log2(np.maximum(sigma[good], 1e-3)))
    return [good[octave == o] for o in np.unique(octave)]


def _cutoff(f: Function, mean: Array, sigma: Array, tol: float) -> tuple[float, Array]:
    """Half width beyond which the integrand is negligible, and what lies beyond (P,), by probing: f may grow fast."""
    base = max(CUTOFF, gaussian_cutoff(tol) + 1)
    probe = np.linspace(0.0, 37.0, 38)
    with np.errstate(all="ignore"):
        z = np.concatenate([-probe, probe])
        size = np.abs(f(mean[:, None] + sigma[:, None] * z)) * np.exp(-(z**2) / 2)
    size = np.nan_to_num(size, nan=0.0, posinf=0.0)
    size = np.maximum(size[:, : probe.size], size[:, probe.size :])
    needed = size > 1e-4 * tol * np.maximum(size.max(axis=1), 1.0)[:, None]
    cutoff = max(base, float((probe * needed.any(axis=0)).max()) + 1)
    return cutoff, size[:, probe >= np.floor(cutoff)].sum(axis=1)


def _split_rule(kinks: Sequence[float], cutoff: float) -> LevelRule:
    """A rule is a function (mean, sigma, level) -> nodes and weights (p, n) in z; a level has about twice the nodes."""
    places = np.asarray(kinks, dtype=float)

    def split(m: Array, s: Array, level: int) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            breaks = (places - m[:, None]) / s[:, None]
        return split_gauss(breaks, cutoff, 32 << level)

    return split


def _smooth_rule(
    widest: float,
    step: float | None,
    strip: float | None,
    pole_order: float,
    steep: float | None,
    cutoff: float,
    tol: float,
) -> LevelRule:
    h0 = 1.0 if step is None else step
    if strip is not None and steep is not None and np.isfinite(strip) and widest > 0:
        distance = strip / widest
        count = sinh_count(distance, tol, cutoff=cutoff, pole_order=pole_order) // 2
        if 2 * count < trapezoid_size(h0, cutoff):

            def mapped(m: Array, s: Array, level: int) -> tuple[Array, Array]:
                safe = np.maximum(s, 1e-3 * widest)
                return sinh_trapezoid((steep - m) / safe, distance, cutoff, (count << (level + 1)) + 1)

            return mapped

    def plain(m: Array, s: Array, level: int) -> tuple[Array, Array]:
        count = int(cutoff / h0 + 1) << level
        z = np.arange(-count, count + 1) * (h0 / 2**level)
        w = np.exp(-(z**2) / 2)
        return z[None, :], (w / w.sum())[None, :]

    return plain


def _refine(
    f: Function, mean: Array, sigma: Array, rule: LevelRule, tol: float, max_nodes: int, *, trusted: bool
) -> tuple[Array, Array]:
    """Halve the step until the claims suffice. ``trusted``: the convergence is known to be exponential."""
    value, error = np.full(mean.shape, np.nan), np.full(mean.shape, np.inf)
    history: list[Array] = []
    active = np.arange(mean.size)
    level = 0
    while active.size:
        fine, scale, edge, size = _evaluate(f, mean[active], sigma[active], rule, level)
        more = np.ones(active.size, dtype=bool)
        value[active] = fine
        if history:
            # What the integrand still has at the ends of the grid bounds what was cut off.
            bound = claim(history[0], fine, scale, earlier=() if trusted else history[1:3]) + edge
            wanted = np.maximum(tol * np.maximum(1.0, scale), 2 * ROUNDING * scale)
            if trusted or len(history) >= 3:
                more = (bound > wanted) & np.isfinite(fine)
            # An undeclared kink far in the tail can hide below the tolerance: claim no better than that.
            error[active] = bound if trusted else np.maximum(bound, wanted)
        if history and 2 * size > max_nodes:
            break
        history = [past[more] for past in (fine, *history[:2])]
        active = active[more]
        level += 1
    return value, error


def _evaluate(f: Function, mean: Array, sigma: Array, rule: LevelRule, level: int) -> tuple[Array, Array, Array, int]:
    """Average, average of |f|, truncation bound (p,) and number of nodes, in blocks of points."""
    size = rule(mean[:1], sigma[:1], level)[0].shape[1]
    value, scale, edge = np.empty(mean.size), np.empty(mean.size), np.empty(mean.size)
    rows = max(1, BLOCK // size)
    for start in range(0, mean.size, rows):
        part = slice(start, start + rows)
        z, w = rule(mean[part], sigma[part], level)
        terms = f(mean[part, None] + sigma[part, None] * z) * w
        value[part] = terms.sum(axis=1)
        np.abs(terms, out=terms)
        scale[part] = terms.sum(axis=1)
        edge[part] = (4 + size / 100) * (terms[:, 0] + terms[:, -1])
    return value, scale, edge, size
