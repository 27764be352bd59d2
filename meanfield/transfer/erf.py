"""The error function with unit slope, for which all Gaussian averages are elementary."""

import sympy as sp

from meanfield.transfer.probabilities import gauss_edge, gauss_tail, orthant, pair_density
from meanfield.transfer.token import Transfer, X
from meanfield.transfer.traits import Closed, Signature, Traits

__all__ = ["erf"]

_noise = 2 / sp.pi
_bell = sp.exp(-sp.pi * X**2 / 4)
_definition = sp.erf(sp.sqrt(sp.pi) * X / 2)


def _single(order: int) -> Closed:
    """`<phi^(k)>`: smoothing by a Gaussian only widens Phi, and `<f'> = d<f>/dmu`."""

    def formula(mu: sp.Expr, Delta: sp.Expr) -> sp.Expr:
        a = 1 + sp.pi * Delta / 2
        m = sp.Dummy("m", real=True)
        Phi = m * _definition.xreplace({X: m / sp.sqrt(a)}) + 2 * sp.sqrt(a) / sp.pi * sp.exp(-sp.pi * m**2 / 4 / a)
        first = {-1: Phi, 0: _definition.xreplace({X: m / sp.sqrt(a)})}
        bell = sp.exp(-sp.pi * m**2 / 4 / a) / sp.sqrt(a)
        return (first[order] if order < 1 else sp.diff(bell, m, order - 1)).xreplace({m: mu})

    return Closed(formula)


# With x' = x + sqrt(2/pi) xi, xi standard normal: phi(x) = <sign x'>, Phi(x) = <|x'|>, phi'(x) = 2 <delta(x')>,
# so pairs are those of a threshold function with the variance Delta + 2/pi.
def _potential(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    s = Delta + _noise
    if mu.is_zero:
        return 2 / sp.pi * (C * sp.asin(C / s) + sp.sqrt(s**2 - C**2))
    far = gauss_tail(mu * (1 - C / s), s - C**2 / s)
    positive = (
        (mu**2 + C) * orthant(mu, s, C) + 2 * mu * gauss_edge(mu, s) * far + (s**2 - C**2) * pair_density(mu, s, C)
    )
    half = (mu**2 + C) * gauss_tail(mu, s) + mu * gauss_edge(mu, s)
    return 4 * positive - 4 * half + mu**2 + C


def _pair(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    s = Delta + _noise
    if mu.is_zero:
        return 2 / sp.pi * sp.asin(C / s)
    return 4 * orthant(mu, s, C) - 4 * gauss_tail(mu, s) + 1


def _slopes(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    return 4 * pair_density(mu, Delta + _noise, C)


def _curvatures(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    c = sp.Dummy("c", real=True)
    return sp.diff(_slopes(mu, Delta, c), c).xreplace({c: C})


_pairs = {(-1, -1): Closed(_potential), (0, 0): Closed(_pair), (1, 1): Closed(_slopes), (2, 2): Closed(_curvatures)}


def _equal_times(closed: Closed) -> Closed:
    return Closed(lambda mu, Delta: closed(mu, Delta, Delta))


_singles: dict[Signature, Closed] = {(order,): _single(order) for order in range(-1, 5)}

erf = Transfer(
    "erf",
    _definition,
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
        closed1=_singles | {order: _equal_times(closed) for order, closed in _pairs.items()},
        closed2=_pairs,
    ),
    derivative=_bell,
    antiderivative=X * _definition + 2 / sp.pi * _bell,
    library="erf",
)
"""`erf(sqrt(pi) x / 2)`; `Phi = x phi + (2/pi) exp(-pi x^2/4)`, hence `Phi(0) = 2/pi`; derivatives are polynomials in x
times `exp(-pi x^2 / 4)`. Pairs at `mu = 0`: THEORY of Sompolinsky-Crisanti-Sommers with error functions, `asin`."""
