"""Averages over a normal pair for integrands with kinks or jumps at known places of either variable.

With a, b independent standard normal numbers, ``u = m_u + s_u (alpha a + beta b)`` and ``v = m_v + s_v (alpha a - beta b)``,
``alpha^2 = (1 + rho)/2``, ``beta^2 = (1 - rho)/2``: the panels in a end at the kinks of either variable, which move with b; what is
left is analytic in b but where two of these moving ends meet, and the panels in b end there. For rho >= 0 the ends move no
faster than b does (for rho < 0 the pair (u, -v) is taken), so that every panel sees an analytic integrand on its own scale, for
all correlations, the ends included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from meanfield.quadrature.gauss import CUTOFF, half_gauss_hermite, normal_panels
from meanfield.quadrature.nested import BLOCK, ROUNDING, Function
from meanfield.quadrature.pairs import correlation
from meanfield.quadrature.rule import Array

Index = NDArray[np.intp]
# Nodes a panel and half length of the longest panel: each level is the next one's coarse rule.
LEVELS = ((16, 3.0), (24, 3.0), (24, 1.5), (24, 0.75), (32, 0.5))
FARTHEST = 30.0  # standard deviations; what lies beyond kinks farther off than that is left out
_MARGIN = 6.0  # what lies beyond a kink far out is integrated so many standard deviations further
_LARGEST_PANELS = 64  # on either side
_NARROW = 4.0  # widths of b in the longest panel from which a Gauss rule does without panels
_LONGEST = 3.0  # half length of a panel that resolves the normal density with 16 nodes


def split_pair_nodes(
    kinks_u: Array, kinks_v: Array, plus: Array, minus: Array, count: int, longest: Array, *, half: bool = False, block: int = BLOCK
) -> Iterator[tuple[Index, Array, Array, Array]]:
    """Nodes of pairs of standard normal numbers: indices (n,) of points, u, v and weights, each (points, nodes).

    kinks_u (P, K), kinks_v (P, L): in standard deviations from the mean; plus, minus: (P,) 1 + rho and 1 - rho. count: nodes a
    panel. longest: (P,) half lengths of the longest panels, in standard deviations. half: only b >= 0, for integrands that are
    the same with u and v exchanged.
    """
    opposite = plus < minus
    for rows, sign in ((np.flatnonzero(~opposite), 1.0), (np.flatnonzero(opposite), -1.0)):
        if rows.size == 0:
            continue
        alpha, beta = np.sqrt(np.maximum(plus, minus)[rows] / 2), np.sqrt(np.minimum(plus, minus)[rows] / 2)
        for some, u, v, w in _aligned(
            kinks_u[rows], sign * kinks_v[rows], alpha, beta, count, longest[rows], half and sign > 0, block
        ):
            yield rows[some], u, sign * v, w


def _aligned(
    kinks_u: Array, kinks_v: Array, alpha: Array, beta: Array, count: int, longest: Array, half: bool, block: int
) -> Iterator[tuple[Index, Array, Array, Array]]:
    """The same for correlations that are not negative."""
    reach = np.stack([_reach(kinks_u, kinks_v, s) for s in (1 / alpha, beta)])  # u = v = k is at a = k/alpha
    with np.errstate(divide="ignore", invalid="ignore"):
        panels = np.ceil(reach / (2 * np.minimum(longest / np.stack([alpha, beta]), _LONGEST)))
        meet = (kinks_u[:, :, None] - kinks_v[:, None, :]).reshape(alpha.size, -1) / (2 * beta[:, None])
        here = (np.abs(meet) > 0) & (np.abs(meet) < reach[1][:, None])
        panels[1, (longest > _NARROW * beta) & ~here.any(axis=1)] = 0
    key = np.concatenate([reach, np.minimum(panels, _LARGEST_PANELS)])
    for case in np.unique(key, axis=1).T:
        index = np.flatnonzero((key == case[:, None]).all(axis=0))
        ends, counts = (float(case[0]), float(case[1])), (int(case[2]), int(case[3]))
        columns = 2 * counts[0] + kinks_u.shape[1] + kinks_v.shape[1]
        columns *= (counts[1] * (1 if half else 2) + meet.shape[1]) if counts[1] else (1 if half else 2)
        rows = max(1, block // (columns * count**2))
        for some in (index[first : first + rows] for first in range(0, index.size, rows)):
            across = _across(meet[some], counts[1], ends[1], count, half)
            yield some, *_along(kinks_u[some], kinks_v[some], alpha[some], beta[some], across, (counts[0], ends[0]), count)


def _reach(kinks_u: Array, kinks_v: Array, share: Array) -> Array:
    """How far an axis is integrated: to the cut-off, and beyond kinks that are farther out."""
    far = [np.where(np.abs(k) < FARTHEST, np.abs(k), 0.0).max(axis=1, initial=0.0) for k in (kinks_u, kinks_v)]
    return np.asarray(np.maximum(CUTOFF, np.ceil(share * np.maximum(*far) + _MARGIN)))


def _across(meet: Array, panels: int, reach: float, count: int, half: bool) -> tuple[Array, Array]:
    """Nodes and weights in b, (points or 1, n); without panels, those of half a Gauss-Hermite rule on either side."""
    if panels:
        first = 0 if half else -panels
        b, weights = normal_panels(meet, np.linspace(first * reach / panels, reach, panels - first + 1), count)
    else:
        b, weights = (x[None] for x in half_gauss_hermite(3 + count // 2))
        if not half:
            b, weights = np.concatenate([-b, b], axis=1), np.concatenate([weights, weights], axis=1)
    return b, weights * 2 if half else weights


def _along(
    kinks_u: Array, kinks_v: Array, alpha: Array, beta: Array, across: tuple[Array, Array], panels: tuple[int, float], count: int
) -> tuple[Array, Array, Array]:
    """u, v and weights (points, nodes) of the product with panels in a."""
    b, weights = across
    b = beta[:, None] * b
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.concatenate([kinks_u[:, None, :] - b[..., None], kinks_v[:, None, :] + b[..., None]], axis=2)
        ends /= alpha[:, None, None]
    a, w = normal_panels(ends, np.linspace(-panels[1], panels[1], 2 * panels[0] + 1), count)
    w *= weights[..., None]
    a *= alpha[:, None, None]
    shape = (alpha.size, -1)
    return (a + b[..., None]).reshape(shape), (a - b[..., None]).reshape(shape), w.reshape(shape)


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
    data = np.stack([m_u, np.sqrt(np.maximum(v_u, 0)), m_v, np.sqrt(np.maximum(v_v, 0)), plus, minus], axis=1)
    places = np.asarray(kinks_f, dtype=float), np.asarray(kinks_g, dtype=float)
    coarse = np.full(c.shape, np.nan)
    for level, (count, longest) in enumerate(LEVELS):
        if active.size == 0:
            break
        fine, scale = _once(f, g, data[active], places, count, longest)
        value[active] = fine
        if level:
            bound = np.abs(fine - coarse[active]) + 4 * ROUNDING * scale
            error[active] = np.where(np.isfinite(bound), bound, np.inf)
            wanted = np.maximum(tol * np.maximum(1.0, scale), 8 * ROUNDING * scale)
            active, fine = active[bound > wanted], fine[bound > wanted]
        coarse[active] = fine
    return value, error


def _once(f: Function, g: Function, data: Array, places: tuple[Array, Array], count: int, longest: float) -> tuple[Array, Array]:
    """One rule for all points: averages and averages of |f g|."""
    m_u, s_u, m_v, s_v, plus, minus = data.T[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = (places[0] - m_u) / s_u, (places[1] - m_v) / s_v
    value, scale = np.empty(len(data)), np.empty(len(data))
    longest_of_all = np.full(len(data), longest)
    for part, u, v, w in split_pair_nodes(*kinks, plus[:, 0], minus[:, 0], count, longest_of_all):
        values = f(m_u[part] + s_u[part] * u) * g(m_v[part] + s_v[part] * v) * w
        value[part], scale[part] = values.sum(axis=1), np.abs(values).sum(axis=1)
    return value, scale
