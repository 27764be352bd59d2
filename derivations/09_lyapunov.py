"""Delta(tau) and the Lyapunov exponent: from the equation of motion to equations that are regular from end to end.

``Delta'' = F(Delta)`` with ``W = F'``; ``r = (Delta - Delta_inf)/delta`` falls from 1 to 0. Kinetic energy divided by r^2 (the
tail) and, without noise, by 1 - r (the turning point) is smooth and positive; time, ground state and exponent follow from it.
"""

from __future__ import annotations

import sympy as sp
from rules import at, correlation, normal_average
from step import Derivation, Differentiate, Equal, Numeric

import meanfield as mf
from meanfield.averages.price import price_backwards
from meanfield.models import scs
from meanfield.symbols import symbol
from meanfield.transfer import tanh as phi

names = ("Delta", "Delta_0", "g", "s", "t", "tau", "xi", "epsilon", "a", "k", "Delta_end", "rate")
Delta, Delta_0, g, s, t, tau, xi, epsilon, a, k, Delta_end, rate = [symbol(n) for n in names]
delta, r, q_here, U_here = (sp.Symbol(n, positive=True) for n in ("delta", "r", "q", "U"))
w = sp.symbols("w0:5", real=True)
x, y = sp.symbols("x y", real=True)
U, W, u, psi = (sp.Function(n) for n in ("U", "W", "u", "psi"))
SCS = "Sompolinsky, Crisanti & Sommers 1988"
SGH = "Schuecker, Goedeke & Helias 2018"


def potential(force: sp.Expr) -> sp.Expr:
    """``V = -int F dDelta``, by Price backwards."""
    return sp.expand(price_backwards(-force, Delta))


def curvature(V: sp.Expr) -> sp.Expr:
    """``W = -V''``."""
    return sp.expand(-V.diff(Delta, 2))


def stiffness(start: sp.Expr) -> sp.Expr:
    """A polynomial W, as a function of ``start``: what holds for every power holds for every series."""
    return sum(c * start**n for n, c in enumerate(w))


def kinetic_energy(end: sp.Expr) -> sp.Expr:
    """``Delta'^2/2 = int F`` from rest at the end, ``F = int W``, at ``Delta = end + delta r``; divided by ``(delta r)^2``."""
    F = sp.integrate(stiffness(x), (x, end, y))
    return sp.expand(sp.cancel(sp.expand(sp.integrate(F, (y, end, end + delta * r))) / (delta * r) ** 2))


def weighted_mean(end: sp.Expr) -> sp.Expr:
    """``int_0^1 (1 - s) W(end + s delta r) ds``."""
    return sp.expand(sp.integrate(sp.expand((1 - s) * stiffness(end + s * delta * r)), (s, 0, 1)))


def at_turning_point(energy: sp.Expr) -> sp.Expr:
    """Without noise the motion starts at rest, U(1) = 0: then ``U/(1 - r)`` is a polynomial too."""
    free = sp.solve(energy.subs(r, 1), w[0])[0]
    quotient, rest = sp.div(sp.Poly(sp.expand(energy.subs(w[0], free)), r), sp.Poly(1 - r, r))
    assert rest.is_zero
    return sp.expand(quotient.as_expr())


def mean_slope(energy: sp.Expr) -> sp.Expr:
    """``-1/(1 - r) int_r^1 U'``, under the same condition."""
    free = sp.solve(energy.subs(r, 1), w[0])[0]
    slope = sp.expand(energy.subs(w[0], free).diff(r))
    return sp.expand(sp.cancel(-sp.integrate(slope.subs(r, x), (x, r, 1)) / (1 - r)))


def speed(shape: sp.Expr, squared: sp.Expr) -> sp.Expr:
    """``dxi/dtau`` for r = shape(xi), from ``(dr/dtau)^2 = squared``, xi growing where r falls."""
    return sp.simplify(sp.sqrt(sp.simplify(squared.subs(r, shape) / shape.diff(xi) ** 2)))


def drive_of_difference(growth: sp.Expr) -> sp.Expr:
    """``(1 + d/dt)(1 + d/ds)`` of a difference between two copies that has grown to ``exp(growth (t + s)) psi(t - s)``."""
    D = sp.exp(growth * (t + s)) * psi(t - s)
    with_t = D + D.diff(t)
    both = (with_t + with_t.diff(s)).doit() * sp.exp(-growth * (t + s))
    return sp.expand(sp.expand(both.subs(t, tau + s).doit()))


def schroedinger(drive: sp.Expr, source: sp.Expr) -> sp.Expr:
    """``-psi'' + W psi - E psi`` with ``E = 1 - (1 + growth)^2``, from ``drive = source psi``."""
    second = sp.solve(drive - source * psi(tau), psi(tau).diff(tau, 2))[0]
    return sp.expand(-second + (1 - source) * psi(tau) - (1 - (1 + rate) ** 2) * psi(tau))


def along_r(function: sp.Expr) -> sp.Expr:
    """The second derivative by tau of a function of r, with ``(dr/dtau)^2 = 2 r^2 U`` (so ``r'' = 2 r U + r^2 U'``)."""
    return 2 * r**2 * U(r) * function.diff(r, 2) + (2 * r * U(r) + r**2 * U(r).diff(r)) * function.diff(r)


def without_tail(exponent: sp.Expr) -> sp.Expr:
    """``psi = r^exponent u(r)`` in ``psi'' = (W - E) psi`` with ``E = k^2 (1 - exponent^2)``; divided by ``r^(exponent + 1)``."""
    state = r**exponent * u(r)
    E = k**2 * (1 - exponent**2)
    return sp.expand(sp.simplify((along_r(state) - (W(r) - E) * state) / r ** (exponent + 1)))


def regular_form(exponent: sp.Expr) -> sp.Expr:
    """As the program solves it: ``2 r U u'' + (f + 4 s U) u' + [s^2 (2U - k^2)/r + s U' - (W - k^2)/r] u``, f = 2U + r U'."""
    f = 2 * U(r) + r * U(r).diff(r)
    inner = exponent**2 * (2 * U(r) - k**2) / r + exponent * U(r).diff(r) - (W(r) - k**2) / r
    return 2 * r * U(r) * u(r).diff(r, 2) + (f + 4 * exponent * U(r)) * u(r).diff(r) + inner * u(r)


def velocity_in_the_well(energy: sp.Expr) -> sp.Expr:
    """``psi'' - W psi`` for ``psi = Delta' = -delta r sqrt(2 U)``, with ``W = F'``, ``F = delta (2 r U + r^2 U')``."""
    stiff = (2 * r * energy + r**2 * energy.diff(r)).diff(r)
    state = r * sp.sqrt(2 * energy)
    second = 2 * r**2 * energy * state.diff(r, 2) + (2 * r * energy + r**2 * energy.diff(r)) * state.diff(r)
    return sp.simplify(second - stiff * state)


def cubic_stiffness(order: int) -> sp.Expr:
    """W near the onset, phi = x - a x^3 and Delta_0 small: the powers of Delta up to ``order`` in ``1 - g^2 <phi'phi'>``."""
    z, v = sp.symbols("z v", real=True)
    # x and y of variance Delta_0 and covariance Delta have the parts sqrt((Delta_0 +- Delta)/2) (z, v) in x + y and x - y.
    plus, minus = sp.symbols("plus minus", positive=True)
    one, two = (plus * z + minus * v), (plus * z - minus * v)
    body = sp.expand((1 - 3 * a * one**2) * (1 - 3 * a * two**2))
    mean = normal_average(body, [z, v])
    mean = sp.expand(mean.subs({plus: sp.sqrt((Delta_0 + Delta) / 2), minus: sp.sqrt((Delta_0 - Delta) / 2)}))
    W_here = sp.expand(1 - (1 + epsilon) ** 2 * mean)
    return sp.expand(sum(W_here.coeff(Delta, n) * Delta**n for n in range(order + 1)))


def near_onset(stiff: sp.Expr) -> sp.Expr:
    """Leading order of W in epsilon at ``Delta_0 = epsilon/(3 a)``; its constant from ``U(1) = 0``."""
    scaled = sp.expand(stiff.coeff(Delta, 2).subs(epsilon, 0) * (epsilon / (3 * a)) ** 2) * r**2
    constant = sp.Symbol("constant")
    energy = sp.integrate((1 - s) * (constant + scaled.subs(r, s)), (s, 0, 1))
    return sp.expand(sp.solve(energy, constant)[0] + scaled)


def bound_state(stiff: sp.Expr) -> sp.Expr:
    """E for the trial ``psi = r^2`` in this W; the equation must hold for every r."""
    energy = sp.expand(sp.integrate(sp.expand((1 - s) * stiff.subs(r, s * r)), (s, 0, 1)))
    state = r**2
    second = 2 * r**2 * energy * state.diff(r, 2) + (2 * r * energy + r**2 * energy.diff(r)) * state.diff(r)
    return sp.simplify((-second + stiff * state) / state)


def exponent_of(E: sp.Expr) -> sp.Expr:
    """``lambda = -1 + sqrt(1 - E)``, to leading order."""
    return sp.series(-1 + sp.sqrt(1 - E), epsilon, 0, 3).removeO()


def measured() -> list[tuple[float, float]]:
    """``lambda/eps^2``, ``k/eps`` and ``eps tau_half`` at g = 1.001, corrected by what they are at 1.002 (linear in eps)."""
    state = mf.solve(scs.MODEL, g=[1.001, 1.002])
    eps = (0.001, 0.002)
    wanted = {"lambda_max": (0.5, 2), "decay_rate": (3**-0.5, 1), "tau_half": (3**0.5 * float(sp.acosh(2)), -1)}
    out = []
    for name, (limit, power) in wanted.items():
        near, far = (float(state[name][i]) / eps[i] ** power for i in (0, 1))
        out.append((limit, 2 * near - far))
    return [*out, (0.49818, float(state["lambda_max"][0]) / 1e-6)]


def motion(d: Derivation) -> tuple[sp.Expr, sp.Expr]:
    """Potential and stiffness."""
    force = Delta - g**2 * correlation(phi, sp.S.Zero, Delta_0, Delta)
    V = d.step("potential", potential, force, check=Differentiate(Delta, -force), source=SCS)
    stiff = d.step(
        "the well", curvature, V, check=Equal(1 - g**2 * correlation(phi.d(1), 0, Delta_0, Delta)), uses=("potential",), source=SCS
    )
    return V, stiff


def parametrisation(d: Derivation) -> None:
    """Regular at the tail and at the turning point."""
    energy = d.step("kinetic energy over (delta r)^2", kinetic_energy, Delta_end, check=Equal(weighted_mean(Delta_end)))
    simple = kinetic_energy(sp.S.Zero)
    d.step("regular at the tail: U(0) = W(Delta_inf)/2", at, energy, {r: sp.S.Zero}, check=Equal(stiffness(Delta_end) / 2))
    d.step(
        "regular at the turning point",
        at_turning_point,
        simple,
        uses=("kinetic energy over (delta r)^2",),
        check=Equal(mean_slope(simple)),
    )
    squared = 2 * r**2 * (1 - r) * q_here
    d.step(
        "time without noise, r = sech^2 xi",
        speed,
        sp.sech(xi) ** 2,
        squared,
        check=Equal(sp.sqrt(q_here / 2)),
        uses=("regular at the turning point",),
    )
    d.step("time with noise, r = exp(-xi)", speed, sp.exp(-xi), 2 * r**2 * U_here, check=Equal(sp.sqrt(2 * U_here)), source=SGH)


def ground_state(d: Derivation) -> None:
    """From two copies to the quadratic eigenvalue problem."""
    grown = d.step(
        "difference of two copies",
        drive_of_difference,
        rate,
        check=Equal((1 + rate) ** 2 * psi(tau) - psi(tau).diff(tau, 2)),
        source=SCS,
    )
    d.step(
        "it moves in the well",
        schroedinger,
        grown,
        g**2 * correlation(phi.d(1), 0, Delta_0, Delta),
        check=Equal(0),
        uses=("difference of two copies",),
        source=SCS,
    )
    d.step("without its tail", without_tail, s, check=Equal(regular_form(s)), uses=("it moves in the well",))
    d.step(
        "the velocity is a state of energy zero",
        velocity_in_the_well,
        sum(c * r**n for n, c in enumerate(w[:3])),
        check=Equal(0),
        uses=("it moves in the well",),
        source=SCS,
    )


def onset(d: Derivation) -> None:
    """g -> 1: the well of Poeschl and Teller."""
    stiff = d.step("cubic phi", cubic_stiffness, 2, check=Equal(cubic_by_hand()))
    well = d.step("near the onset", near_onset, stiff, check=Equal(epsilon**2 / 3 * (1 - 6 * r**2)), uses=("cubic phi",))
    E = d.step("its ground state is r^2", bound_state, well, check=Equal(-(epsilon**2)), uses=("near the onset",))
    d.step(
        "the exponent near the onset", exponent_of, E, check=Equal(epsilon**2 / 2), uses=("its ground state is r^2",), source=SCS
    )
    d.step(
        "the same by the program",
        exponent_of,
        E,
        uses=("the exponent near the onset",),
        check=Numeric(measured, rel=5e-5),
    )


def cubic_by_hand() -> sp.Expr:
    """``<phi'phi'> = (1 - 3 a Delta_0)^2 + 18 a^2 Delta^2`` for phi = x - a x^3."""
    return sp.expand(1 - (1 + epsilon) ** 2 * ((1 - 3 * a * Delta_0) ** 2 + 18 * a**2 * Delta**2))


def derive() -> Derivation:
    d = Derivation("Delta(tau) and the Lyapunov exponent")
    V, stiff = motion(d)
    parametrisation(d)
    ground_state(d)
    onset(d)
    library = scs.motion.changed(lambda e: e)
    d.result("scs: potential", V, library.potential(Delta))
    d.result("scs: stiffness", stiff, library.stiffness)
    return d


if __name__ == "__main__":
    derive().report()
