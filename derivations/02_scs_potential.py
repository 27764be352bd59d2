"""The random network of Sompolinsky, Crisanti & Sommers: from the equation of motion to the energy relation, with white noise.

``x_i' = -x_i + sum_j J_ij phi(x_j) + xi_i``, J_ij of variance g^2/N, ``<xi(t) xi(s)> = 2 sigma^2 delta(t - s)``, phi odd. For
large N each x_i is a Gaussian process driven by noise of covariance ``g^2 <phi(x(t)) phi(x(s))>``, which depends on the
autocovariance Delta(t - s) alone.
"""

from __future__ import annotations

import sympy as sp
from quadrature import newton, value
from rules import at, correlation, difference, normal_average
from step import Derivation, Differentiate, Equal, Numeric

from meanfield.averages import E
from meanfield.averages.passes import parity
from meanfield.averages.price import price_backwards
from meanfield.models import scs
from meanfield.symbols import gaussian, symbol
from meanfield.transfer import Transfer
from meanfield.transfer import tanh as phi

t, s, tau = symbol("t"), symbol("s"), symbol("tau")
Delta, Delta_0, g, sigma_squared = [symbol(n) for n in ("Delta", "Delta_0", "g", "sigma_squared")]
epsilon, a, b, z = symbol("epsilon"), sp.Symbol("a", positive=True), symbol("b"), symbol("z")
motion = sp.Function("Delta", real=True)
Phi = phi.d(-1)
x = gaussian("x", var=Delta_0)
SCS = "Sompolinsky, Crisanti & Sommers 1988"
SGH = "Schuecker, Goedeke & Helias 2018"


def covariance_of_drive(autocovariance: sp.Expr) -> sp.Expr:
    """``<(x'(t) + x(t)) (x'(s) + x(s))> = (1 + d/dt)(1 + d/ds) Delta(t - s)``, written in tau = t - s."""
    with_t = autocovariance + autocovariance.diff(t)
    both = (with_t + with_t.diff(s)).doit()
    return sp.expand(both.subs(t, tau + s).doit())


def acceleration(drive: sp.Expr, noise: sp.Expr) -> sp.Expr:
    """Solve ``Delta - Delta'' = noise`` for Delta'' at tau != 0."""
    second = sp.Symbol("second")
    return sp.solve(drive.subs(motion(tau).diff(tau, 2), second).subs(motion(tau), Delta) - noise, second)[0]


def potential(force: sp.Expr) -> sp.Expr:
    """``V = -int Delta'' dDelta`` by Price backwards, with the constant that makes ``V(0) = 0``."""
    V = price_backwards(-force, Delta)
    return sp.expand(V - at(V, {Delta: sp.S.Zero}))


def change_of_energy(V: sp.Expr, force: sp.Expr) -> sp.Expr:
    """``d/dtau (Delta'^2/2 + V)`` along the motion."""
    velocity = sp.Symbol("velocity")
    return sp.expand(velocity * force + V.diff(Delta) * velocity)


def slope_at_zero_plus(intensity: sp.Expr) -> sp.Expr:
    """The kink: integrate ``Delta'' = ... - 2 sigma^2 delta(tau)`` over tau = 0, with Delta even."""
    right = sp.Symbol("right")
    return sp.solve(right - (-right) + 2 * intensity, right)[0]


def energy(V: sp.Expr, slope: sp.Expr) -> sp.Expr:
    """Energy at tau = 0+ minus energy at infinity, where ``Delta = Delta' = 0``."""
    return sp.expand(slope**2 / 2 + difference(V, Delta, Delta_0, sp.S.Zero))


def without_trivial_root(relation: sp.Expr) -> sp.Expr:
    """Divide by ``Delta_0^2/2``: Delta_0 = 0 is no root any more."""
    return sp.expand(relation / (Delta_0**2 / 2))


def force_at_zero(force: sp.Expr) -> sp.Expr:
    """Delta'' at tau = 0+. There ``psi = |Delta'|`` has the slope ``-Delta''``, and as an even function it needs 0."""
    return at(-force, {Delta: Delta_0})


def solution_of_oscillator(V: sp.Expr) -> sp.Expr:
    """``d/dtau`` of ``Delta'' = -V'``: Delta' solves ``[-d^2/dtau^2 + W] psi = 0`` with ``W = -V''``."""
    return sp.expand(-V.diff(Delta, 2))


def polynomial_phi(order: int) -> sp.Expr:
    """Taylor polynomial of an odd phi of unit slope, ``x - a x^3 + b x^5``, in z with x = sqrt(Delta) z."""
    return {-1: z**2 / 2 - a * z**4 / 4 + b * z**6 / 6, 0: z - a * z**3 + b * z**5}[order]


def near_onset(relation: sp.Expr) -> tuple[sp.Expr, ...]:
    """Coefficients of ``Delta_0 = d1 eps + d2 eps^2``, g = 1 + eps, from the relation for the Taylor polynomial of phi."""
    d1, d2 = sp.symbols("d1 d2")
    Phi_of = polynomial_phi(-1).subs(z, sp.sqrt(Delta_0) * z)
    moments = {E(Phi(x) ** 2): normal_average(sp.expand(Phi_of**2), [z]), E(Phi(x)): normal_average(sp.expand(Phi_of), [z])}
    series = sp.expand(relation.xreplace(moments).subs(sigma_squared, 0))
    series = sp.series(sp.expand(series.subs({g: 1 + epsilon, Delta_0: d1 * epsilon + d2 * epsilon**2})), epsilon, 0, 3).removeO()
    first = sp.solve(series.coeff(epsilon, 1), d1)[0]
    second = sp.solve(series.coeff(epsilon, 2).subs(d1, first), d2)[0]
    return first, sp.factor(second)


def strong_coupling(relation: sp.Expr) -> sp.Expr:
    """``Delta_0/g^2`` for g -> infinity: phi -> sign, Phi -> |x|, ``<|x|^2> = Delta_0``, ``<|x|>^2 = 2 Delta_0/pi``."""
    ratio = sp.Symbol("ratio", positive=True)
    limit = relation.xreplace({E(Phi(x) ** 2): Delta_0, E(Phi(x)): sp.sqrt(2 / sp.pi) * sp.sqrt(Delta_0)})
    limit = sp.simplify(limit.subs(sigma_squared, 0).subs(Delta_0, ratio * g**2))
    return sp.solve(limit, ratio)[0]


def root(relation: sp.Expr, gain: float, noise: float, start: float) -> float:
    """Delta_0 by Newton's method."""
    return float(newton(lambda u: [value(relation, {Delta_0: u[0], g: gain, sigma_squared: noise})], [start])[0])


def known_roots(relation: sp.Expr) -> list[tuple[float, float]]:
    """Delta_0 at g = 2, without noise and with sigma^2 = 1."""
    return [(1.9248054137370, root(relation, 2.0, 0.0, 1.5)), (2.46862308897694, root(relation, 2.0, 1.0, 2.0))]


def expanded(token: Transfer) -> dict[sp.Symbol, sp.Expr]:
    """a and b of a transfer function of unit slope."""
    series = sp.series(token.explicit(0, z), z, 0, 6).removeO()
    return {a: -series.coeff(z, 3), b: series.coeff(z, 5)}


def motion_in_potential(d: Derivation) -> tuple[sp.Expr, sp.Expr]:
    """Equation of motion of the autocovariance, and its potential."""
    lag = motion(t - s)
    drive = d.step(
        "covariance of the drive", covariance_of_drive, lag, check=Equal(motion(tau) - motion(tau).diff(tau, 2)), source=SCS
    )
    C_phi = correlation(phi, sp.S.Zero, Delta_0, Delta)
    force = d.step(
        "equation of motion",
        acceleration,
        drive,
        g**2 * C_phi,
        check=Equal(Delta - g**2 * C_phi),
        uses=("covariance of the drive",),
        source=SCS,
    )
    V = d.step("potential", potential, force, check=Differentiate(Delta, -force), uses=("equation of motion",), source=SCS)
    d.step("energy is conserved", change_of_energy, V, force, check=Equal(0), uses=("potential",))
    d.step("odd phi: Delta = 0 is a rest position", parity, at(force, {Delta: sp.S.Zero}), check=Equal(0))
    return force, V


def energy_relation(d: Derivation, V: sp.Expr) -> sp.Expr:
    """Without and with white noise; regular at the onset."""
    quiet = d.step(
        "from rest to rest: V(Delta_0) = V(0)",
        energy,
        V,
        sp.S.Zero,
        check=Equal(-(Delta_0**2) / 2 + g**2 * (E(Phi(x) ** 2) - E(Phi(x)) ** 2)),
        uses=("energy is conserved",),
        source=SCS,
    )
    slope = d.step("kink of white noise", slope_at_zero_plus, sigma_squared, check=Equal(-sigma_squared), source=SGH)
    noisy = d.step(
        "with white noise",
        energy,
        V,
        slope,
        check=Equal(quiet + sigma_squared**2 / 2),
        uses=("energy is conserved", "kink of white noise"),
        source=SGH,
    )
    return d.step(
        "without the trivial root",
        without_trivial_root,
        noisy,
        uses=("with white noise",),
        check=Numeric(lambda: known_roots(without_trivial_root(noisy))),
    )


def chaos(d: Derivation, force: sp.Expr, V: sp.Expr) -> sp.Expr:
    """The oscillator whose ground state decides on chaos; returns what vanishes at the onset."""
    W = d.step(
        "the oscillator",
        solution_of_oscillator,
        V,
        check=Equal(1 - g**2 * correlation(phi.d(1), 0, Delta_0, Delta)),
        uses=("potential",),
        source=SCS,
    )
    onset = d.step(
        "onset of chaos with noise: Delta''(0+) = 0",
        force_at_zero,
        force,
        check=Equal(g**2 * E(phi(x) ** 2) - Delta_0),
        uses=("the oscillator", "equation of motion"),
        source=SGH,
    )
    d.step(
        "rate of the tail: k^2 = W(0)",
        at,
        W,
        {Delta: sp.S.Zero},
        check=Equal(1 - g**2 * E(phi.d(1)(x)) ** 2),
        uses=("the oscillator",),
    )
    return onset


def limits(d: Derivation, regular: sp.Expr) -> None:
    """g -> 1 and g -> infinity."""
    first, second = d.step(
        "near the onset, Delta_0 = d1 eps + d2 eps^2",
        near_onset,
        regular,
        uses=("without the trivial root",),
        check=Numeric(
            lambda: [(7 / 6, float(second.subs(expanded(phi)))), (1.1659, root(regular, 1.001, 0.0, 1e-3) / 1e-6 - 1e3)], rel=2e-4
        ),
    )
    assert sp.simplify(first - 1 / (3 * a)) == 0
    d.step(
        "strong coupling, saturating phi",
        strong_coupling,
        regular,
        check=Equal(2 * (1 - 2 / sp.pi)),
        uses=("without the trivial root",),
    )


def derive() -> Derivation:
    d = Derivation("SCS: potential, energy, noise")
    force, V = motion_in_potential(d)
    regular = energy_relation(d, V)
    onset = chaos(d, force, V)
    limits(d, regular)
    (residual,) = scs.MODEL.residuals
    d.result("model scs", regular, residual)
    d.result("scs: onset_of_chaos", onset, scs.MODEL.named("onset_of_chaos"))
    return d


if __name__ == "__main__":
    derive().report()
