"""Averages of f(u) g(v) over a normal pair for functions with kinks or jumps at known places.

<f(u) g(v)> = <f(u) G(u)>, G(u) = <g(v) | u>. G is smooth, but for |rho| -> 1 it has layers of width
sqrt(1 - rho^2)/|rho| around the images of the kinks of g. The outer panels end at the kinks of f, at those images and
at the edges of the layers; the inner panels end at the kinks of g. So every panel sees an analytic integrand on its
own scale, for all correlations, the ends included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from meanfield.quadrature.gauss import CUTOFF, split_gauss
from meanfield.quadrature.nested import BLOCK, ROUNDING, Function
from meanfield.quadrature.pairs import correlation
from meanfield.quadrature.rule import Array

# (outer, inner) nodes a panel: each level is the next one's coarse rule
COUNTS = ((20, 34), (28, 48), (40, 68), (56, 96), (80, 136))
LAYER = 8.5  # layer widths on either side: outside of them G is g itself up to exp(-36)


def pair_average_split(
    f: Function,
    g: Function,
    mean: Array,
    var: Array,
    cov: Array,
    *,
    kinks_f: Sequence[float] = (),
    kinks_g: Sequence[float] = (),
    mean_v: Array | None = None,
    var_v: Array | None = None,
    tol: float = 1e-12,
) -> tuple[Array, Array]:
    """``<f(u) g(v)>`` for f, g analytic between the ``kinks`` (locations in x): values and claimed errors, both (P,).

    f, g: vectorised and elementwise; jumps are allowed. mean, var: (P,) of u, and of v unless ``mean_v``, ``var_v`` are
    given; cov: (P,), any correlation in [-1, 1]. The panels are refined until the claim, the distance of two
    successive rules plus rounding, is below ``tol`` times max(1, average of |f g|), or the finest rule is reached.
    Impossible covariances give NaN with an infinite claim.
    """
    m_u, v_u, c = (np.atleast_1d(np.asarray(x, dtype=float)) for x in (mean, var, cov))
    m_v = m_u if mean_v is None else np.atleast_1d(np.asarray(mean_v, dtype=float))
    v_v = v_u if var_v is None else np.atleast_1d(np.asarray(var_v, dtype=float))
    m_u, m_v, v_u, v_v, c = np.broadcast_arrays(m_u, m_v, v_u, v_v, c)
    value, error = np.full(c.shape, np.nan), np.full(c.shape, np.inf)
    rho, plus, minus = correlation(v_u, v_v, c)
    active = np.flatnonzero(np.isfinite(rho + m_u + m_v))
    data = np.stack([m_u, np.sqrt(np.maximum(v_u, 0)), m_v, np.sqrt(np.maximum(v_v, 0)), rho, plus * minus], axis=1)
    places = np.asarray(kinks_f, dtype=float), np.asarray(kinks_g, dtype=float)
    coarse = np.full(c.shape, np.nan)
    for level, counts in enumerate(COUNTS):
        if active.size == 0:
            break
        fine, scale = _nested(f, g, data[active], places, counts)
        value[active] = fine
        if level:
            bound = np.abs(fine - coarse[active]) + 4 * ROUNDING * scale
            error[active] = np.where(np.isfinite(bound), bound, np.inf)
            wanted = np.maximum(tol * np.maximum(1.0, scale), 8 * ROUNDING * scale)
            active, fine = active[bound > wanted], fine[bound > wanted]
        coarse[active] = fine
    return value, error


def _nested(f: Function, g: Function, data: Array, places: tuple[Array, Array], counts: tuple[int, int]) -> tuple[Array, Array]:
    """One rule for all points: averages and averages of |f g|, in blocks of about BLOCK numbers."""
    outer, inner = counts
    panels = 1 + places[0].size + 3 * places[1].size
    rows = max(1, BLOCK // (panels * outer * (1 + places[1].size) * inner))
    value, scale = np.empty(len(data)), np.empty(len(data))
    for start in range(0, len(data), rows):
        part = slice(start, start + rows)
        m_u, s_u, m_v, s_v, rho, rest = data[part].T[:, :, None]
        z, w = _outer_rule(data[part], places, outer)
        values = f(m_u + s_u * z) * w
        centre, width = m_v + s_v * rho * z, s_v * np.sqrt(rest)
        inner_value, inner_scale = _conditional(g, centre, np.broadcast_to(width, z.shape), places[1], inner)
        value[part] = (values * inner_value).sum(axis=1)
        scale[part] = (np.abs(values) * inner_scale).sum(axis=1)
    return value, scale


def _outer_rule(data: Array, places: tuple[Array, Array], count: int) -> tuple[Array, Array]:
    m_u, s_u, m_v, s_v, rho, rest = data.T[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (places[0] - m_u) / s_u
        images = (places[1] - m_v) / (s_v * rho)
        layers = np.broadcast_to(LAYER * np.sqrt(rest) / np.abs(rho), images.shape)
    layers = np.concatenate([np.zeros(own.shape), layers], axis=1)
    return split_gauss(np.concatenate([own, images], axis=1), CUTOFF, count, layers=layers)


def _conditional(g: Function, centre: Array, width: Array, places: Array, count: int) -> tuple[Array, Array]:
    """``int Dz g(centre + width z)`` and the same of |g|, both of the shape of ``centre`` (p, n)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = (places - centre[..., None]) / width[..., None]
    z, w = split_gauss(breaks, CUTOFF, count)
    values = g(centre[..., None] + width[..., None] * z) * w
    return values.sum(axis=-1), np.abs(values).sum(axis=-1)
