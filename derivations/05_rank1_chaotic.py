"""Rank-one network: chaotic states, homogeneous and structured.

In a chaotic state the random input of a neuron fluctuates with covariance ``g^2 <phi(x(t)) phi(x(s))>``, while ``m_i kappa`` is
constant in time: it adds ``c = Sigma_m^2 kappa^2`` to the covariance at all lags, and mu to the mean.
"""

from __future__ import annotations

import sympy as sp
from quadrature import newton, value
from rules import at, correlation, difference, law_of, minus_slope, regular_energy
from step import Derivation, Differentiate, Equal, Numeric

from meanfield.averages import E
from meanfield.averages.passes import parity
from meanfield.averages.price import price_backwards
from meanfield.averages.scope import substitute
from meanfield.models import rank1_chaotic, scs
from meanfield.symbols import standard_normal, symbol
from meanfield.transfer import tanh as phi

names = ("mu", "Delta", "Delta_0", "Delta_inf", "g", "M_m", "M_n", "Sigma_m", "kappa", "c", "delta")
mu, Delta, Delta_0, Delta_inf, g, M_m, M_n, Sigma_m, kappa, c, delta = [symbol(n) for n in names]
u = symbol("u")
x = rank1_chaotic.x
Phi = phi.d(-1)
MO = "Mastrogiuseppe & Ostojic 2018"
STATE = {g: 2.1, M_m: 1.0, M_n: 2.5, Sigma_m: 1.0}
KNOWN = {mu: 0.622399831895, Delta_0: 3.06958624671, Delta_inf: 2.55359826925}


def force(static: sp.Expr) -> sp.Expr:
    """Equation of motion of the autocovariance: ``Delta'' = Delta - g^2 C_phi(Delta) - c``."""
    return Delta - g**2 * correlation(phi, mu, Delta_0, Delta) - static


def potential(motion: sp.Expr) -> sp.Expr:
    """``V = -int Delta'' dDelta``, by Price backwards."""
    return sp.expand(price_backwards(-motion, Delta))


def with_structure(equation: sp.Expr, static: sp.Expr, overlap: sp.Expr) -> sp.Expr:
    """Put in c, the part of the covariance that is constant in time, and kappa."""
    return sp.expand(substitute(substitute(equation, {c: static}), {kappa: overlap}))


def in_integrals(covariance: sp.Expr) -> sp.Expr:
    """``g^2 int Dz [int Dx phi(mu + sqrt(Delta_0 - Delta_inf) x + sqrt(Delta_inf) z)]^2 + c``, as the paper prints it."""
    w, z = standard_normal("w"), standard_normal("z")
    inner = E(phi(mu + sp.sqrt(Delta_0 - Delta_inf) * w + sp.sqrt(Delta_inf) * z), w)
    return g**2 * E(inner**2, z) + covariance


def growth_of_structure(overlap: sp.Expr) -> sp.Expr:
    """``dkappa_out/dkappa`` at kappa = 0: the variances respond to kappa^2 only, so only ``mu = M_m kappa`` moves."""
    return substitute(overlap.diff(mu) * M_m, {mu: sp.S.Zero})


def without_structure(potential: sp.Expr) -> sp.Expr:
    """``2 V[0, 0, Delta_0] = (V(Delta_0) - V(0) - V'(0) Delta_0) / (Delta_0^2/2)`` at mu = c = 0; ``V'(0) = 0`` by parity."""
    V = substitute(potential, {mu: sp.S.Zero, c: sp.S.Zero})
    quotient = difference(V, Delta, Delta_0, sp.S.Zero) + minus_slope(V, Delta, sp.S.Zero) * Delta_0
    return parity(sp.expand(quotient * 2 / Delta_0**2))


def solve_state(equations: list[sp.Expr]) -> list[tuple[float, float]]:
    """The structured state at g = 2.1, M_n = 2.5, Sigma_m = 1, beside known values."""
    put = lambda v: {mu: v[0], Delta_0: v[1], Delta_inf: v[2], **STATE}
    found = newton(lambda v: [value(e, put(v)) for e in equations], [0.62, 3.07, 2.55])
    return list(zip(KNOWN.values(), found, strict=True))


def energy_balance(d: Derivation) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """The potential, rest at infinity, and energy without its double root."""
    motion = d.step(
        "equation of motion",
        force,
        c,
        check=Equal(Delta - g**2 * correlation(phi, mu, Delta_0, Delta) - c),
        uses=("what is constant in time",),
        source=MO,
    )
    V = d.step("potential", potential, motion, check=Differentiate(Delta, -motion), uses=("equation of motion",), source=MO)
    rest = d.step(
        "rest at infinity: V'(Delta_inf) = 0",
        minus_slope,
        V,
        Delta,
        Delta_inf,
        uses=("potential",),
        source=MO,
        check=Equal(Delta_inf - g**2 * correlation(phi, mu, Delta_0, Delta_inf) - c),
    )
    d.step(
        "as printed",
        in_integrals,
        c,
        uses=("rest at infinity: V'(Delta_inf) = 0",),
        source=f"{MO}, eq. 86",
        check=Equal(Delta_inf - rest),
    )
    energy = d.step(
        "energy: V(Delta_0) = V(Delta_inf)",
        difference,
        V,
        Delta,
        Delta_0,
        Delta_inf,
        uses=("potential",),
        source=f"{MO}, eq. 86",
        check=Equal(
            (Delta_inf**2 - Delta_0**2) / 2
            + c * (Delta_0 - Delta_inf)
            + g**2 * (E(Phi(x) ** 2) - correlation(Phi, mu, Delta_0, Delta_inf))
        ),
    )
    regular = d.step(
        "the same without its double root",
        regular_energy,
        V,
        Delta,
        Delta_inf,
        Delta_0,
        uses=("energy: V(Delta_0) = V(Delta_inf)", "rest at infinity: V'(Delta_inf) = 0"),
        check=Numeric(lambda: at_a_point(energy, rest, regular)),
    )

    return V, rest, regular


def closed_system(d: Derivation, law: tuple[sp.Expr, sp.Expr], overlap: sp.Expr, balance: dict[str, sp.Expr]) -> list[sp.Expr]:
    """The equations in mu, Delta_0 and Delta_inf alone."""
    mean, static = law
    closed = [
        d.step(
            f"closed: {name}",
            with_structure,
            e,
            static,
            overlap,
            uses=("what is constant in time",),
            check=Numeric(lambda e=e: [(0, value(with_structure(e, static, overlap), {**STATE, **KNOWN}))], abs=1e-10),
        )
        for name, e in {"mean": mu - mean, **balance}.items()
    ]
    d.step(
        "a structured state",
        with_structure,
        balance["rest"],
        static,
        overlap,
        uses=("closed: mean", "closed: rest", "closed: energy"),
        check=Numeric(lambda: solve_state(closed), rel=1e-10),
    )
    return closed


def at_a_point(energy: sp.Expr, rest: sp.Expr, regular: sp.Expr) -> list[tuple[float, float]]:
    """``V(Delta_0) - V(Delta_inf) = V'(Delta_inf) delta + V[Delta_inf, Delta_inf, Delta_0] delta^2``, solution or not."""
    p = {mu: 0.4, Delta_0: 1.7, Delta_inf: 0.6, g: 1.8, c: 0.2}
    gap = p[Delta_0] - p[Delta_inf]
    return [(value(energy, p), -value(rest, p) * gap + value(regular, p) / 2 * gap**2)]


def derive() -> Derivation:
    d = Derivation("Rank-one network: chaotic states")
    law = d.step(
        "what is constant in time",
        law_of,
        (M_m + Sigma_m * u) * kappa,
        [u],
        source=MO,
        check=Equal((M_m * kappa, Sigma_m**2 * kappa**2)),
    )
    V, rest, regular = energy_balance(d)
    overlap = M_n * E(phi(x))
    closed = closed_system(d, law, overlap, {"rest": rest, "energy": regular})
    growth = d.step(
        "homogeneous chaos is unstable to kappa above 1",
        growth_of_structure,
        overlap,
        uses=("what is constant in time",),
        check=Equal(M_m * M_n * substitute(E(phi.d(1)(x)), {mu: sp.S.Zero})),
        source=MO,
    )
    d.step(
        "kappa = Delta_inf = 0 is the network without structure",
        without_structure,
        V,
        uses=("potential",),
        check=Equal(substitute(scs.MODEL.residuals[0], {symbol("sigma_squared"): sp.S.Zero})),
    )

    d.equations("rank1-chaotic in (mu, Delta_0, Delta_inf)", closed, rank1_chaotic.IN_VARIANCES.residuals)
    moved = [at(e, {Delta_0: Delta_inf + delta}) for e in closed]
    d.equations("rank1-chaotic in (mu, Delta_inf, delta)", moved, rank1_chaotic.MODEL.residuals)
    structure = rank1_chaotic.IN_VARIANCES.named("structure")
    d.result("rank1-chaotic: structure", growth - 1, substitute(structure, rank1_chaotic.MODEL.restrict["structure"]))
    return d


if __name__ == "__main__":
    derive().report()
