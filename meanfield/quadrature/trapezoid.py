"""Trapezoid rules for the standard normal measure: the workhorse for analytic integrands.

On the whole line the trapezoid rule with step h errs by the Fourier transform of the integrand at 2 pi/h (Poisson
summation; Trefethen and Weideman, SIAM Review 56 (2014) 385, theorem 5.1). With f analytic for |Im x| < strip and
d = strip/sigma the error of int Dz f(mu + sigma z) is exp(d^2/2 - 2 pi d/h), and exp(-2 pi^2/h^2) if d is large.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, inf, isfinite, log, log2, pi, sqrt

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Rule

STEPS_PER_OCTAVE = 24
LARGEST_STEP = 2.0
SMALLEST_STEP = 2.0**-20
_MANTISSAS = tuple(2.0 ** (1 - j / STEPS_PER_OCTAVE) for j in range(STEPS_PER_OCTAVE))


def ladder_index(h: float) -> int:
    """Index k of the largest ladder step ``2^(1 - k/24) <= h``; steps above 2 give k = 0. Halving h adds exactly 24.

    Raises ``QuadratureError`` for a step that is not positive, or so small that a rule would need millions of nodes.
    """
    if not h >= SMALLEST_STEP:
        raise QuadratureError(
            f"trapezoid step {h!r} is below {SMALLEST_STEP:.1e}: the integrand is far steeper than the normal law; "
            "use the sinh-mapped or the split rule instead"
        )
    if h >= LARGEST_STEP:
        return 0
    # The small offset makes the rounding idempotent: a step that is on the ladder stays where it is.
    return max(0, ceil(STEPS_PER_OCTAVE * (1 - log2(h)) - 1e-9))


def ladder_step(index: int) -> float:
    """The step with this ladder index; ``ladder_step(k + 24)`` is exactly half of ``ladder_step(k)``."""
    octave, place = divmod(index, STEPS_PER_OCTAVE)
    return float(np.ldexp(_MANTISSAS[place], -octave))


def gaussian_cutoff(tol: float, *, degree: float = 0.0, rate: float = 0.0) -> float:
    """Half width L beyond which ``int Dz |z|^degree exp(rate |z|)`` is about ``tol`` (standard deviations).

    For coefficient integrands, which carry half of the density's exponent only, multiply by sqrt(2).
    """
    level = _level(tol)
    cutoff = sqrt(2 * level)
    for _ in range(8 if degree else 0):
        cutoff = sqrt(2 * (level + degree * log(max(cutoff, 1.0))))
    return cutoff + rate


def trapezoid_step(strip: float, sigma: float, tol: float, *, pole_order: float = 1, imaginary_growth: float = 0.0) -> float:
    """Step h in z for which the trapezoid rule errs by about ``tol`` on ``int Dz f(mu + sigma z)``.

    strip: half width of the strip |Im x| < strip in which f is analytic, in units of its own argument; ``inf`` if f is
    entire, and then ``imaginary_growth`` is the c of |f(x + iy)| ~ exp(c y^2) (0 for polynomials, sine, exponential).
    pole_order: order p of the nearest pole (f^(k) of a simple pole has p = k + 1); it replaces l by l + (p - 1) ln l.
    The step is rounded down to the ladder of 24 steps per octave, so that rules are found in the cache.
    """
    if not (strip > 0 and sigma >= 0 and isfinite(sigma) and pole_order >= 0 and imaginary_growth >= 0):
        raise QuadratureError(
            f"trapezoid step needs strip > 0, finite sigma >= 0, pole_order >= 0 and imaginary_growth >= 0; got strip="
            f"{strip!r}, sigma={sigma!r}, pole_order={pole_order!r}, imaginary_growth={imaginary_growth!r}"
        )
    level = _level(tol)
    level += max(0.0, pole_order - 1) * log(level)
    distance = strip / sigma if sigma > 0 else inf
    if distance < sqrt(2 * level):
        step = 2 * pi * distance / (level + distance**2 / 2)
    else:
        growth = imaginary_growth * sigma**2 if strip == inf else 0.0
        step = 2 * pi / sqrt(2 * level * (1 + 2 * growth))
    return ladder_step(ladder_index(step))


def gaussian_trapezoid(h: float, cutoff: float, *, half: bool = False) -> Rule:
    """Trapezoid rule of the standard normal measure, symmetric about 0, on |z| <= ``cutoff``.

    h is rounded down to the ladder. The weights sum to 1 to rounding. Rules are nested: the rule of h/2 contains, bit
    for bit, the nodes of the rule of h (``refine``). ``half=True`` returns the nodes z >= 0 with doubled weights, for
    even integrands. Rules are cached.
    """
    if not (cutoff > 0 and isfinite(cutoff)):
        raise QuadratureError(f"the cutoff must be positive and finite (standard deviations), got {cutoff!r}")
    return _rule(ladder_index(h), _extent(h, cutoff), half)


def refine(h: float) -> float:
    """The next finer ladder step: half of h rounded down to the ladder."""
    return ladder_step(ladder_index(h) + STEPS_PER_OCTAVE)


def ladder_floor(h: float) -> float:
    """h rounded down to the ladder."""
    return ladder_step(ladder_index(h))


def trapezoid_size(h: float, cutoff: float) -> int:
    """Number of nodes that ``gaussian_trapezoid(h, cutoff)`` has, without building it."""
    return 2 * _extent(h, cutoff) + 1


def _extent(h: float, cutoff: float) -> int:
    # Rounding down leaves the first omitted node beyond the cutoff, which is what truncation depends on, and nests:
    # floor(2 x) >= 2 floor(x), and halving a ladder step is exact.
    return floor(cutoff / ladder_step(ladder_index(h)))


@lru_cache(maxsize=512)
def _rule(index: int, extent: int, half: bool) -> Rule:
    nodes = np.asarray(np.arange(-extent, extent + 1) * ladder_step(index), dtype=float)
    weights = np.asarray(np.exp(-(nodes**2) / 2), dtype=float)
    weights /= weights.sum()
    if half:
        nodes, weights = nodes[extent:].copy(), np.asarray(2 * weights[extent:])
        weights[0] /= 2
    return Rule(nodes, weights)


def _level(tol: float) -> float:
    if not 0 < tol < 1:
        raise QuadratureError(f"the tolerance must lie between 0 and 1, got {tol!r}")
    return max(1.0, -log(tol))
