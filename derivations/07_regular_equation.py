"""The onset of chaos as a regular point: conservation of energy without its double root.

``V(Delta_0) = V(Delta_inf)`` holds wherever Delta_0 = Delta_inf, and doubly so: there every solver dies. Since also
``V'(Delta_inf) = 0``, the relation may be divided by (Delta_0 - Delta_inf)^2. The quotient is a confluent divided difference.
"""

from __future__ import annotations

import sympy as sp
from quadrature import newton, value
from rules import correlation, difference, minus_slope, regular_energy
from step import Derivation, Equal, Numeric

from meanfield.averages import E, divided_difference, hermite_genocchi
from meanfield.averages.price import price_backwards
from meanfield.averages.scope import substitute
from meanfield.models import rank1_chaotic, rank1_stationary
from meanfield.symbols import gaussian_pair, symbol, uniform
from meanfield.transfer import tanh as phi

names = ("mu", "C", "Delta_0", "Delta_inf", "g", "c", "M_m", "M_n", "Sigma_m", "a", "b")
mu, C, Delta_0, Delta_inf, g, c, M_m, M_n, Sigma_m, a, b = [symbol(n) for n in names]
x = rank1_stationary.x
AT = {mu: 0.4, Delta_0: 1.7, Delta_inf: 0.6, g: 1.8, c: 0.2}


def remainder(power: int) -> sp.Expr:
    """``f(b) - f(a) - f'(a) (b - a) - f[a, a, b] (b - a)^2`` of ``f = C^power``: Newton's form of the interpolation error."""
    f = C**power
    value_at = lambda e, p: e.subs(C, p)
    node = divided_difference(lambda s: s**power, a, a, b)
    return sp.expand(value_at(f, b) - value_at(f, a) - value_at(f.diff(C), a) * (b - a) - node * (b - a) ** 2)


def potential(static: sp.Expr) -> sp.Expr:
    """``V = -int Delta'' dDelta``, by Price backwards."""
    return sp.expand(price_backwards(-(C - g**2 * correlation(phi, mu, Delta_0, C) - static), C))


def slope_at_coincidence(energy: sp.Expr) -> sp.Expr:
    """Derivative of the plain relation by Delta_0, where Delta_0 = Delta_inf."""
    return sp.expand(substitute(energy.diff(Delta_0), {Delta_inf: Delta_0}))


def at_coincidence(regular: sp.Expr) -> sp.Expr:
    """The regular equation where Delta_inf = Delta_0: the divided difference becomes ``V''``."""
    return sp.expand(substitute(regular, {Delta_inf: Delta_0}))


def as_integral(regular: sp.Expr) -> sp.Expr:
    """Hermite and Genocchi: ``V[a, a, b] = int_0^1 (1 - s) V''(a + s (b - a)) ds``."""
    return hermite_genocchi(regular)


def mirrored(regular: sp.Expr) -> sp.Expr:
    """The regular equation at mu = 0 and Delta_inf = -Delta_0."""
    return substitute(regular, {mu: sp.S.Zero, Delta_inf: -Delta_0})


def onset(chaos: sp.Expr, at: dict[sp.Symbol, float], start: list[float]) -> float:
    """g where the stationary state has ``chaos = 0``."""
    equations = [*rank1_stationary.MODEL.residuals, chaos]
    put = lambda v: {mu: v[0], Delta_0: v[1], g: v[2], **at}
    return float(newton(lambda v: [value(e, put(v)) for e in equations], start)[2])


def spurious(regular: sp.Expr) -> list[tuple[float, float]]:
    """D_f = g^2 <phi^2> at g = 2, and the regular equation at (Delta_0, Delta_inf) = (D_f, -D_f)."""
    put = lambda v: {mu: 0.0, c: 0.0, g: 2.0, Delta_0: v[0]}
    (frozen,) = newton(lambda v: [v[0] - value(g**2 * E(phi(x) ** 2), put(v))], [2.0])
    return [(2.1214735682, frozen), (0, value(regular, put([frozen])))]


def division(d: Derivation) -> sp.Expr:
    """From conservation of energy to the divided difference."""
    for power in range(5):
        d.step(f"Newton's form, C^{power}", remainder, power, check=Equal(0))
    V = d.step("potential", potential, c, check=Equal(-(C**2) / 2 + c * C + g**2 * correlation(phi.d(-1), mu, Delta_0, C)))
    rest = d.step(
        "rest at Delta_inf",
        minus_slope,
        V,
        C,
        Delta_inf,
        uses=("potential",),
        check=Equal(Delta_inf - g**2 * correlation(phi, mu, Delta_0, Delta_inf) - c),
    )
    energy = d.step(
        "plain relation",
        difference,
        V,
        C,
        Delta_0,
        Delta_inf,
        uses=("potential",),
        check=Numeric(lambda: [(0, value(substitute(energy, {Delta_inf: Delta_0}), AT))]),
    )
    d.step(
        "it is flat at coincidence, if at rest",
        slope_at_coincidence,
        energy,
        uses=("plain relation", "rest at Delta_inf"),
        check=Equal(-substitute(rest, {Delta_inf: Delta_0})),
    )
    return d.step(
        "divided by (Delta_0 - Delta_inf)^2",
        regular_energy,
        V,
        C,
        Delta_inf,
        Delta_0,
        uses=("plain relation", "Newton's form, C^2"),
        check=Numeric(lambda: quotient(energy, rest, regular_energy(V, C, Delta_inf, Delta_0))),
    )


def consequences(d: Derivation, regular: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """What the regular equation says at coincidence, as an integral, and where it must not be used."""
    chaos = d.step(
        "at coincidence: the onset of chaos",
        at_coincidence,
        regular,
        check=Equal(g**2 * E(phi.d(1)(x) ** 2) - 1),
        uses=("divided by (Delta_0 - Delta_inf)^2",),
    )
    s = uniform("s")
    u, v = gaussian_pair("u v", mean=mu, var=Delta_0, cov=Delta_0 + s * (Delta_inf - Delta_0))
    pair = E(phi.d(1)(u) * phi.d(1)(v), u, v)
    integral = d.step(
        "as an integral",
        as_integral,
        regular,
        check=Equal(2 * g**2 * E(s * pair, s) - 1),
        uses=("divided by (Delta_0 - Delta_inf)^2",),
    )
    where = {M_m: 1.0, M_n: 2.5, Sigma_m: 1.0}
    d.step(
        "onset at M_m M_n = 2.5, Sigma_m = 1",
        at_coincidence,
        regular,
        uses=("at coincidence: the onset of chaos",),
        check=Numeric(lambda: [(1.9400759374, onset(chaos, where, [0.7, 2.9, 1.9]))], rel=1e-10),
    )
    d.step(
        "a spurious root for odd phi, mu = c = 0",
        mirrored,
        regular,
        uses=("divided by (Delta_0 - Delta_inf)^2",),
        check=Numeric(lambda: spurious(mirrored(regular)), rel=1e-10, abs=1e-6),
    )
    return chaos, integral


def derive() -> Derivation:
    d = Derivation("The regular equation of chaotic states")
    regular = division(d)
    chaos, integral = consequences(d, regular)
    d.result("rank1-chaotic: energy", regular, rank1_chaotic.energy)
    d.result("rank1-chaotic: energy, as an integral", integral, hermite_genocchi(rank1_chaotic.energy))
    d.result("rank1-stationary: chaos", chaos, rank1_stationary.MODEL.named("chaos"))
    return d


def quotient(energy: sp.Expr, rest: sp.Expr, regular: sp.Expr) -> list[tuple[float, float]]:
    """The divided difference and the quotient that it stands for, at a point that solves nothing."""
    gap = AT[Delta_0] - AT[Delta_inf]
    return [(value(regular, AT), 2 * (value(energy, AT) + value(rest, AT) * gap) / gap**2)]


if __name__ == "__main__":
    derive().report()
