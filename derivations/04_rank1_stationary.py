"""Rank-one network: stationary states, the eigenvalues that decide their stability, and the pitchfork.

``J = g chi + m n^T/N``, ``m_i = M_m + Sigma_m u_i``, n independent of m but for its mean M_n. At a stationary state
``x_i = g sum_j chi_ij phi(x_j) + m_i kappa`` with ``kappa = (1/N) sum_j n_j phi(x_j)``: x is normal over neurons.
"""

from __future__ import annotations

import sympy as sp
from quadrature import newton, value
from rules import law_of, normal_average
from step import Derivation, Equal, Numeric

from meanfield.averages import E
from meanfield.averages.scope import substitute
from meanfield.models import rank1_stationary
from meanfield.symbols import gaussian, gaussian_vector, symbol
from meanfield.transfer import tanh as phi

names = ("mu", "Delta_0", "g", "M_m", "M_n", "Sigma_m", "kappa", "mu_1", "c_1", "k_1")
mu, Delta_0, g, M_m, M_n, Sigma_m, kappa, mu_1, c_1, k_1 = [symbol(n) for n in names]
h, u, s, a, z = symbol("h"), symbol("u"), symbol("s"), symbol("a"), symbol("z")
x = gaussian("x", mean=mu, var=Delta_0)
MO = "Mastrogiuseppe & Ostojic 2018"


def self_consistent(mean: sp.Expr, variance: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The mean square of ``sum_j chi_ij phi(x_j)`` is ``<phi^2>``, and n is independent of x: ``kappa = M_n <phi>``."""
    table = {s: sp.sqrt(E(phi(x) ** 2)), kappa: M_n * E(phi(x))}
    return sp.expand(substitute(mean, table)), sp.expand(substitute(variance, table))


def joint_average(f: sp.Expr) -> sp.Expr:
    """``<f(x) x_1>`` by Stein: ``mu_1 <f> + c_1 <f'>``, with ``mu_1 = <x_1>`` and ``c_1 = Cov(x, x_1)``."""
    return sp.expand(mu_1 * E(f) + c_1 * E(f.diff(x)))


def perturbed(overlap: sp.Expr, drive: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A mode ``x -> x + exp((lambda - 1) t) x_1`` obeys ``lambda x_1 = g chi phi'(x) x_1 + m k_1``: its mean and its covariance
    with x, where ``k_1 = (1/N) sum n phi' x_1`` and ``<chi phi . chi phi' x_1> = <phi phi' x_1>``."""
    k = M_n * overlap
    return sp.expand(M_m * k), sp.expand(g**2 * drive + Sigma_m**2 * kappa * k)


def system(rows: tuple[sp.Expr, sp.Expr]) -> sp.Matrix:
    """The 2 x 2 matrix that acts on (mu_1, c_1)."""
    return sp.Matrix(rows).jacobian([mu_1, c_1])


def in_moments(matrix: sp.Matrix) -> sp.Matrix:
    """Change of coordinates: a perturbation of the variance is ``Delta_0 -> Delta_0 + 2 c_1``."""
    T = sp.diag(1, 2)
    return (T * matrix * T.inv()).applyfunc(sp.expand)


def jacobian_of_map(mean: sp.Expr, variance: sp.Expr) -> sp.Matrix:
    """Jacobian of the map (mu, Delta_0) -> right sides, by Price."""
    return sp.Matrix([mean, variance]).jacobian([mu, Delta_0]).applyfunc(sp.expand)


def pitchfork(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """``(M_m M_n - 1)/mu^2`` where a branch leaves mu = 0, for phi = x - a x^3, x = mu + sqrt(Delta_0) z both small."""
    eps, d, excess = sp.symbols("eps d excess")
    put = {mu: eps, Delta_0: d * eps**2, M_n: (1 + excess * eps**2) / M_m}
    cubic = (eps + sp.sqrt(d) * eps * z) - a * (eps + sp.sqrt(d) * eps * z) ** 3
    moments = {E(phi(x)): normal_average(sp.expand(cubic), [z]), E(phi(x) ** 2): normal_average(sp.expand(cubic**2), [z])}
    series = [sp.expand(e.xreplace(moments).subs(put)) for e in (mu - mean, Delta_0 - variance)]
    width = sp.solve(series[1].coeff(eps, 2), d)[0]
    return sp.simplify(sp.solve(series[0].coeff(eps, 3), excess)[0].subs(d, width))


def state(mean: sp.Expr, variance: sp.Expr, at: dict[sp.Symbol, float], start: list[float]) -> dict[sp.Symbol, float]:
    """Solve for mu and Delta_0."""
    put = lambda v: {mu: v[0], Delta_0: v[1], **at}
    found = newton(lambda v: [v[0] - value(mean, put(v)), v[1] - value(variance, put(v))], start)
    return {mu: float(found[0]), Delta_0: float(found[1]), **at}


def mean_field(d: Derivation) -> tuple[sp.Expr, sp.Expr]:
    """Right sides of mu and Delta_0."""
    law = d.step(
        "law of x",
        law_of,
        s * g * h + (M_m + Sigma_m * u) * kappa,
        [h, u],
        check=Equal((M_m * kappa, g**2 * s**2 + Sigma_m**2 * kappa**2)),
        source=MO,
    )
    overlap = M_n * E(phi(x))
    return d.step(
        "closed for mu and Delta_0",
        self_consistent,
        *law,
        uses=("law of x",),
        source=f"{MO}, eq. 83",
        check=Equal((M_m * overlap, g**2 * E(phi(x) ** 2) + Sigma_m**2 * overlap**2)),
    )


def stability(d: Derivation, closed: tuple[sp.Expr, sp.Expr]) -> sp.Matrix:
    """The 2 x 2 system of outliers, in the coordinates (mu, Delta_0)."""
    first, second = gaussian_vector("p q", mean=[mu, mu_1], cov=[[Delta_0, c_1], [c_1, 2]])
    numbers = {mu: 0.3, Delta_0: 0.8, mu_1: -0.4, c_1: 0.7}
    stein = lambda f, of: [(value(E(of(first) * second), numbers), value(f, numbers))]
    k = d.step(
        "k_1 = <phi' x_1>",
        joint_average,
        phi.d(1)(x),
        source=MO,
        check=Numeric(lambda: stein(joint_average(phi.d(1)(x)), phi.d(1))),
    )
    product = phi(x) * phi.d(1)(x)
    both = lambda v: phi(v) * phi.d(1)(v)
    drive = d.step("<phi phi' x_1>", joint_average, product, check=Numeric(lambda: stein(joint_average(product), both)), source=MO)
    rows = d.step(
        "a mode x_1",
        perturbed,
        k,
        drive,
        uses=("k_1 = <phi' x_1>", "<phi phi' x_1>"),
        source=MO,
        check=Equal(
            (
                M_m * M_n * (mu_1 * E(phi.d(1)(x)) + c_1 * E(phi.d(2)(x))),
                g**2 * (mu_1 * E(product) + c_1 * (E(phi.d(1)(x) ** 2) + E(phi(x) * phi.d(2)(x))))
                + Sigma_m**2 * kappa * M_n * (mu_1 * E(phi.d(1)(x)) + c_1 * E(phi.d(2)(x))),
            )
        ),
    )
    matrix = d.step(
        "the 2 x 2 system",
        system,
        rows,
        uses=("a mode x_1",),
        check=Equal(sp.Matrix([[row.coeff(mu_1), row.coeff(c_1)] for row in rows])),
    )
    return d.step(
        "is the Jacobian of the map",
        in_moments,
        matrix.applyfunc(lambda e: substitute(e, {kappa: M_n * E(phi(x))})),
        uses=("the 2 x 2 system",),
        check=Equal(jacobian_of_map(*closed)),
    )


def bifurcation(d: Derivation, closed: tuple[sp.Expr, sp.Expr]) -> None:
    """Where x = 0 loses stability to a mean."""
    near = {g: 0.5, M_m: 1.0, M_n: 1.0001, Sigma_m: 0.5}
    opening = d.step(
        "pitchfork at M_m M_n = 1: (M_m M_n - 1)/mu^2",
        pitchfork,
        *closed,
        uses=("closed for mu and Delta_0",),
        source=MO,
        check=Equal(a * (1 + 3 * (g**2 + Sigma_m**2 / M_m**2) / (1 - g**2))),
    )
    d.step(
        "the same for tanh, a = 1/3",
        pitchfork,
        *closed,
        uses=("pitchfork at M_m M_n = 1: (M_m M_n - 1)/mu^2",),
        check=Numeric(
            lambda: [
                (float(opening.subs({a: sp.Rational(1, 3), **near})), 1e-4 / p[mu] ** 2)
                for p in [state(*closed, near, [0.012, 8e-5])]
            ],
            rel=1e-3,
        ),
    )


def derive() -> Derivation:
    d = Derivation("Rank-one network: stationary states")
    closed = mean_field(d)
    outliers = stability(d, closed)
    bifurcation(d, closed)
    model = rank1_stationary.MODEL
    d.equations("rank1-stationary", [mu - closed[0], Delta_0 - closed[1]], model.residuals)
    library = model.spectra["outliers"].matrix.applyfunc(model.resolve)
    d.result("rank1-stationary: outliers", outliers, sp.Matrix(library))
    return d


if __name__ == "__main__":
    derive().report()
