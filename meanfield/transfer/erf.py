"""The error function with unit slope, whose Gaussian averages are elementary."""

import sympy as sp

from meanfield.transfer.functions import erf_integral
from meanfield.transfer.moments import at_equal_times, half_moment, quadrant_moment, singles_of
from meanfield.transfer.probabilities import gauss_tail, orthant, pair_density
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Closed, Signature, Traits

__all__ = ["erf"]

_phi = sp.erf(sp.sqrt(sp.pi) * X / 2)
_slope = sp.exp(-sp.pi * X**2 / 4)
_offset = 2 / sp.pi
_lifted = X * _phi + _offset * _slope  # Phi + 2/pi

# With x' = x + sqrt(2/pi) xi, xi standard normal: Phi(x) + 2/pi = <|x'|>, phi(x) = <sign x'>, phi'(x) = 2 <delta(x')>.
# So the averages of erf are those of |x|, sign and delta with 2/pi added to the variance but not to the covariance.
_noise = 2 / sp.pi


def _single(order: int, mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
    """`<phi^(k)>`: phi itself, widened, because phi is a smoothed sign."""
    widening = sp.sqrt(1 + sp.pi * Delta / 2)
    at = {X: mu / widening}
    if order == -1:
        return widening * _lifted.xreplace(at) - _offset
    return sp.diff(_phi, X, order).xreplace(at) / widening**order


def _potentials(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    lowering = -2 * _offset * _single(-1, mu, Delta) - _offset**2
    s = Delta + _noise
    if mu.is_zero:
        return 2 / sp.pi * (C * sp.asin(C / s) + sp.sqrt(s**2 - C**2)) + lowering
    mixed = mu * half_moment(1, mu, s) + C * gauss_tail(mu, s)
    return 4 * quadrant_moment(1, 1, mu, s, C) - 4 * mixed + mu**2 + C + lowering


def _rates(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    s = Delta + _noise
    if mu.is_zero:
        return 2 / sp.pi * sp.asin(C / s)
    return 4 * orthant(mu, s, C) - 4 * gauss_tail(mu, s) + 1


def _slopes(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    return 4 * pair_density(mu, Delta + _noise, C)


def _curvatures(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    c = sp.Dummy("c", real=True)
    return sp.diff(_slopes(mu, Delta, c), c).xreplace({c: C})


_pairs: dict[Signature, Closed] = {
    (-1, -1): Closed(_potentials),
    (0, 0): Closed(_rates),
    (1, 1): Closed(_slopes),
    (2, 2): Closed(_curvatures),
}

erf = Transfer(
    "erf",
    _phi,
    Traits(
        name="erf",
        latex=r"\operatorname{erf}\left(\frac{\sqrt{\pi}}{2} x\right)",
        parity="odd",
        strip=float("inf"),
        imaginary_growth=float(sp.pi / 4),
        range=(-1.0, 1.0),
        growth="bounded",
        degree=0,
        slope_at_zero=1.0,
        closed1=singles_of(range(-1, 5), _single) | at_equal_times(_pairs),
        closed2=_pairs,
    ),
    derivative=_slope,
    antiderivative=erf_integral(X),
    library="erf",
)
"""`erf(sqrt(pi) x / 2)`; `Phi = x phi - (2/pi) (1 - exp(-pi x^2 / 4))`, so that `Phi(0) = 0`.

Derivatives are polynomials in x times `exp(-pi x^2 / 4)`."""
