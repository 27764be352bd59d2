"""From networks of several sizes to infinitely many neurons, with an honest error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Limit", "extrapolated", "selection_error"]

Array = Any

_BY_CHANCE = 2.0  # standard deviations of the distance of a parabola from a line that chance explains


@dataclass(frozen=True)
class Limit:
    """``value + slope / N``, fitted to all networks. standard_error: of ``value``. dof: networks less sizes. curvature: how many
    standard errors the sizes' means are off the line (NaN with two sizes). means, errors: per size. added: what the theory says
    that a finite size adds, which the line is fitted without; empty if it says nothing. missed: how far from ``value`` a
    parabola in 1/N ends, if it fits clearly better."""

    value: float
    standard_error: float
    slope: float
    dof: int
    curvature: float
    means: tuple[float, ...]
    errors: tuple[float, ...]
    added: tuple[float, ...] = ()
    missed: float = 0.0

    def z(self, theory: float, more_error: float) -> float:
        """Deviation from ``theory`` in standard deviations of a normal law.

        The standard error is itself estimated from few networks, so the ratio follows Student's law; it is turned into the normal
        deviate that is as unlikely. more_error: what else is uncertain, the error of the theory say, added in squares.
        """
        from scipy import stats

        spread = float(np.hypot(self.standard_error, more_error))
        off = self.value - theory
        if spread == 0 or off == 0:
            return 0.0 if off == 0 else float(np.copysign(np.inf, off))
        tail = stats.t.logsf(abs(off) / spread, self.dof)
        return float(np.copysign(-stats.norm.ppf(np.exp(max(tail, -700.0))), off))


def extrapolated(sizes: Sequence[int], values: Sequence[Array], rounding: float = 0.0) -> Limit:
    """Fit ``a + b/N`` by least squares to the ``values`` of single networks (an array for each of at least two ``sizes``).

    Fluctuations between networks shrink like N^-1/2, so networks weigh like N; their scatter about the mean of their own size,
    not about the line, says how large they are: a line that does not fit cannot hide in it. rounding: by which the sizes' means
    may be off the line without being called so; networks at rest may differ by less.
    """
    N = np.concatenate([np.full(len(v), n, float) for n, v in zip(sizes, values, strict=True)])
    y = np.concatenate(values)
    means = np.array([v.mean() for v in values])
    dof = len(y) - len(sizes)
    scatter = sum(n * float(((v - v.mean()) ** 2).sum()) for n, v in zip(sizes, values, strict=True)) / dof
    (a, b), variance = _fitted(N, y, 1)
    each = np.asarray(sizes, float)
    variances = scatter / (np.array([len(v) for v in values]) * each) + rounding**2
    spare = len(sizes) - 2
    off = (means - a - b / each) ** 2
    curvature = float(np.sqrt((off / variances).sum() / spare)) if spare and variances.all() else float("nan")
    return Limit(
        float(a),
        float(np.sqrt(variance * scatter)),
        float(b),
        dof,
        curvature,
        tuple(means.tolist()),
        tuple(float(v.std(ddof=1) / np.sqrt(len(v))) for v in values),
        missed=_missed(N, y, scatter) if spare else 0.0,
    )


def selection_error(sizes: Sequence[int], values: Sequence[Array], left_out: Sequence[float]) -> float:
    """What it may do to the limit that a share of each size, ``left_out``, is not among the ``values``.

    If those were one end of a normal law, the mean of the others is off by ``phi(u)/(1 - share)`` standard deviations, u the
    quantile of the share: the most that a choice can do. The sizes' shifts, times their shares of the limit, add up in squares.
    """
    from scipy import stats

    N = np.concatenate([np.full(len(v), n, float) for n, v in zip(sizes, values, strict=True)])
    q = np.clip(left_out, 0.0, 1 - 1e-9)
    shifts = stats.norm.pdf(stats.norm.ppf(q)) / (1 - q) * [v.std(ddof=1) for v in values]
    of_limit = [_fitted(N, np.equal(N, n).astype(float), 1)[0][0] for n in sizes]
    return float(np.linalg.norm(shifts * of_limit))


def _fitted(N: Array, y: Array, degree: int) -> tuple[Array, float]:
    """Coefficients of a polynomial in 1/N, with weights N, and the intercept's variance if y has the variance 1/N."""
    powers = np.arange(degree + 1)
    design = (N.min() / N)[:, None] ** powers
    inverse = np.linalg.inv(design.T @ (N[:, None] * design))
    return inverse @ (design.T @ (N * y)) * N.min() ** powers, float(inverse[0, 0])


def _missed(N: Array, y: Array, scatter: float) -> float:
    """The distance of a line's and a parabola's intercepts, less its variance if the line is right, in squares; 0 if that explains
    it."""
    (line, less), (parabola, more) = (_fitted(N, y, degree) for degree in (1, 2))
    distance, variance = abs(parabola[0] - line[0]), (more - less) * scatter
    return float(np.sqrt(distance**2 - variance)) if distance**2 > _BY_CHANCE**2 * variance else 0.0
