"""Averages of f(u) g(v) over a normal pair, accurate for every correlation from -1 to 1.

Smooth f and g: with rho the correlation and a, b independent standard normal numbers,

    u = m_u + s_u (sqrt((1 + rho)/2) a + sqrt((1 - rho)/2) b),
    v = m_v + s_v (sqrt((1 + rho)/2) a - sqrt((1 - rho)/2) b),

is symmetric in u and v and regular for -1 <= rho <= 1, unlike the conditional form, whose square root of the covariance
is singular at 0. Functions with kinks: see ``split_pairs``.
"""

from __future__ import annotations

from math import ceil, pi

import numpy as np

from meanfield.quadrature.nested import BLOCK, ROUNDING, Function
from meanfield.quadrature.rule import Array
from meanfield.quadrature.trapezoid import gaussian_cutoff, trapezoid_step

GROUPS_PER_OCTAVE = 4


def correlation(var_u: Array, var_v: Array, cov: Array) -> tuple[Array, Array, Array]:
    """Correlation rho (P,), and ``1 + rho``, ``1 - rho`` without cancellation. A pair without variance has rho = 0.

    Covariances beyond the geometric mean of the variances by rounding are clipped; beyond that rho is NaN.
    """
    scale = np.where(var_u == var_v, var_u, np.sqrt(np.maximum(var_u, 0.0) * np.maximum(var_v, 0.0)))
    safe = np.where(scale > 0, scale, 1.0)
    plus, minus = (safe + cov) / safe, (safe - cov) / safe
    allowed = 1e-10
    wrong = (plus < -allowed) | (minus < -allowed) | ~(var_u >= 0) | ~(var_v >= 0)
    wrong |= (scale == 0) & (np.abs(cov) > allowed)
    plus, minus = np.clip(plus, 0.0, 2.0), np.clip(minus, 0.0, 2.0)
    plus, minus = np.where(scale > 0, plus, 1.0), np.where(scale > 0, minus, 1.0)
    rho = np.where(minus < plus, 1 - minus, plus - 1)
    return tuple(np.where(wrong, np.nan, x) for x in (rho, plus, minus))  # type: ignore[return-value]


def pair_average(
    f: Function,
    g: Function,
    mean: Array,
    var: Array,
    cov: Array,
    *,
    mean_v: Array | None = None,
    var_v: Array | None = None,
    strip: float = pi / 2,
    pole_order: float = 1,
    imaginary_growth: float = 0.0,
    tol: float = 1e-12,
    max_nodes: int = 4001,
    claims: bool = True,
) -> tuple[Array, Array]:
    """``<f(u) g(v)>`` for analytic f, g: values and claimed errors, both (P,).

    f, g: vectorised and elementwise; where both return several arrays at once, stacked along a new first axis (K, ...), so do
    the results (K, P): products ``f_k(u) g_k(v)`` that share what is expensive. mean, var: (P,) of u, and of v unless
    ``mean_v``, ``var_v`` are given; cov: (P,). strip, pole_order, imaginary_growth: of the less regular of f and g, see
    ``trapezoid_step``. ``max_nodes`` bounds the nodes per axis; where it bites, the claim shows it.

    The value is the mean of four product grids displaced by half a step (so the grid of half the step); the claim is
    the largest deviation of one of them, the error of a single grid, so the value is far better than claimed. Without
    ``claims`` it is a single grid, a quarter of the work, and the errors are infinite.
    Impossible covariances give NaN with an infinite claim.
    """
    m_u, v_u, c = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (mean, var, cov))
    m_v = m_u if mean_v is None else np.atleast_1d(np.asarray(mean_v, dtype=float))
    v_v = v_u if var_v is None else np.atleast_1d(np.asarray(var_v, dtype=float))
    m_u, m_v, v_u, v_v, c = np.broadcast_arrays(m_u, m_v, v_u, v_v, c)
    many = f(m_u[:0, None, None]).shape[:-3]
    value, error = np.full((*many, *c.shape), np.nan), np.full((*many, *c.shape), np.inf)
    _, plus, minus = correlation(v_u, v_v, c)
    good = np.flatnonzero(np.isfinite(plus + minus + m_u + m_v + v_u + v_v))
    if good.size == 0:
        return value, error
    cutoff = gaussian_cutoff(tol) + 1
    # columns: mean and the two coefficients, of u and of v
    a, b = np.sqrt(plus / 2), np.sqrt(minus / 2)
    s_u, s_v = np.sqrt(np.maximum(v_u, 0.0)), np.sqrt(np.maximum(v_v, 0.0))
    pairs = np.stack([m_u, s_u * a, s_u * b, m_v, s_v * a, -s_v * b], axis=1)[good]
    widths = np.maximum(s_u, s_v)[good, None] * np.stack([a, b], axis=1)[good]
    keys = _octaves(widths)
    for key in np.unique(keys, axis=0):
        rows = np.flatnonzero((keys == key).all(axis=1))
        # Both factors depend on either axis: orders of poles and growths add up.
        steps = [
            trapezoid_step(strip, w, tol / 4, pole_order=2 * pole_order, imaginary_growth=2 * imaginary_growth)
            for w in widths[rows].max(axis=0)
        ]
        h = [max(step, 2 * cutoff / max_nodes) for step in steps]
        value[..., good[rows]], error[..., good[rows]] = (_displaced if claims else _alone)(f, g, pairs[rows], h, cutoff, many)
    return value, error


def _octaves(widths: Array) -> Array:
    """Groups of points that share a grid: widths within a factor 2^(1/4), all widths below 1/8 together."""
    return np.ceil(GROUPS_PER_OCTAVE * np.log2(np.maximum(widths, 0.125)))


def _alone(f: Function, g: Function, pairs: Array, h: list[float], cutoff: float, many: tuple[int, ...]) -> tuple[Array, float]:
    a, b = (_grid(step, cutoff, 0.0) for step in h)
    return _product(f, g, pairs, a, b, many)[0], np.inf


def _displaced(f: Function, g: Function, pairs: Array, h: list[float], cutoff: float, many: tuple[int, ...]) -> tuple[Array, Array]:
    grids_a, grids_b = ([_grid(step, cutoff, offset) for offset in (0.0, 0.5)] for step in h)
    values, sizes = zip(*(_product(f, g, pairs, a, b, many) for a in grids_a for b in grids_b))
    value = sum(values) / 4
    # Displacing by half a step flips the signs of the leading errors E_a, E_b, E_ab independently, so the largest
    # deviation is at least their root sum of squares: no phase of the poles makes all four grids agree by accident.
    bound = np.max([np.abs(single - value) for single in values], axis=0)
    error = bound + (2 * ROUNDING + np.exp(-(cutoff**2) / 2)) * np.max(sizes, axis=0)
    return value, np.where(np.isfinite(value + error), error, np.inf)


def _grid(h: float, cutoff: float, offset: float) -> tuple[Array, Array]:
    count = ceil(cutoff / h)
    z = np.asarray((np.arange(-count, count + 1) + offset) * h, dtype=float)
    w = np.asarray(np.exp(-(z**2) / 2), dtype=float)
    return z, w / w.sum()


def _product(
    f: Function, g: Function, pairs: Array, a: tuple[Array, Array], b: tuple[Array, Array], many: tuple[int, ...]
) -> tuple[Array, Array]:
    """Product rule for each row of ``pairs``, and the average of |f g|, in blocks of about BLOCK numbers."""
    (za, wa), (zb, wb) = a, b
    value, scale = np.zeros((*many, len(pairs))), np.zeros((*many, len(pairs)))
    block = BLOCK // max(many, default=1)
    rows = max(1, block // (za.size * zb.size))
    slab = max(1, block // (min(rows, len(pairs)) * zb.size))
    for start in range(0, len(pairs), rows):
        part = slice(start, start + rows)
        m_u, u_a, u_b, m_v, v_a, v_b = pairs[part].T[:, :, None, None]
        for first in range(0, za.size, slab):
            some = za[first : first + slab, None]
            values = f(m_u + u_a * some + u_b * zb) * g(m_v + v_a * some + v_b * zb)
            weight = wa[first : first + slab]
            value[..., part] += (values @ wb) @ weight
            scale[..., part] += (np.abs(values) @ wb) @ weight
    return value, scale
