"""Symbols and laws of the Kac-Rice derivation, and the Gaussian law of velocity and Jacobian (N = 3, any phi_j and slopes)."""

from __future__ import annotations

import sympy as sp
from step import Derivation, Equal

from meanfield.averages import E
from meanfield.averages.variables import Variable
from meanfield.symbols import distributed, symbol, tilted
from meanfield.transfer import tanh as phi

N = 3
names = ("g", "D", "alpha", "beta", "gamma", "z_star", "y", "x_i", "k_k")
g, D, alpha, beta, gamma, z_star, y, x_i, k_k = [symbol(n) for n in names]
WT = "Wainrib & Touboul 2013"
f, df = sp.symbols(f"phi_1:{N + 1}", real=True), sp.symbols(f"dphi_1:{N + 1}", real=True)
J = sp.Matrix(N, N, lambda i, j: symbol(f"J_{i}{j}"))
eta = sp.symbols(f"eta_1:{N + 1}", real=True)

r = distributed("y", "rho")
s_squared = g**2 * phi.d(1)(r) ** 2
variance = g**2 * E(phi(r) ** 2) + D
mu_star = tilted("y", var=beta, log_tilt=lambda s: sp.log(1 + alpha * phi.d(1)(s) ** 2) / 2 + gamma * phi(s) ** 2)


def velocity(i: int) -> sp.Expr:
    """``y_i + x_i``: what is random in the velocity."""
    return sum(J[i, j] * f[j] for j in range(N)) + eta[i]


def slope(i: int, k: int) -> sp.Expr:
    """``dy_i/dx_k + delta_ik``: what is random in the Jacobian."""
    return velocity(i).diff(f[k]) * df[k]


def covariance(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """Covariance of two linear forms in the independent J_ij (variance g^2/N) and eta_i (variance D)."""
    total = sum(left.coeff(s) * right.coeff(s) for s in J) * g**2 / N + sum(left.coeff(s) * right.coeff(s) for s in eta) * D
    return sp.expand(total)


def conditional_mean(mean: sp.Expr, cov: sp.Expr, variance: sp.Expr, deviation: sp.Expr) -> sp.Expr:
    """Mean of a Gaussian variable given another one: ``mean + cov/variance * deviation``."""
    return mean + cov / variance * deviation


def eigenvalue_of_rank_one(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """The nonzero eigenvalue of ``left right^T``, per neuron: ``sum_k left_k right_k`` with the 1/N of the entries inside."""
    return E(left * right)


def law_of_velocity(d: Derivation, mu_star: Variable) -> sp.Expr:
    """Covariances of velocity and Jacobian; returns the eigenvalue that conditioning on y = 0 adds to the Jacobian."""
    kappa_N = g**2 / N * sum(v**2 for v in f)
    d.step("Cov(y_i, y_i) = kappa + D", covariance, velocity(0), velocity(0), check=Equal(kappa_N + D), source=WT)
    d.step("rows are independent", covariance, velocity(0), velocity(1), check=Equal(0), source=WT)
    d.step("Cov(y_i, y'_ik)", covariance, velocity(0), slope(0, 1), check=Equal(g**2 / N * f[1] * df[1]), source=WT)
    d.step("Cov(y'_ik, y'_ik)", covariance, slope(0, 1), slope(0, 1), check=Equal(g**2 / N * df[1] ** 2), source=WT)
    d.step("Cov(y'_ik, y'_il)", covariance, slope(0, 1), slope(0, 2), check=Equal(0), source=WT)
    rank_one = "given y = 0 the Jacobian gains a matrix of rank one"
    d.step(rank_one, conditional_mean, sp.S.Zero, k_k, beta, x_i, check=Equal(x_i * k_k / beta), uses=("Cov(y_i, y'_ik)",))
    return d.step(
        "and that matrix one eigenvalue: no effect on the exponent",
        eigenvalue_of_rank_one,
        mu_star,
        g**2 * phi(mu_star) * phi.d(1)(mu_star) / beta,
        check=Equal(g**2 * E(mu_star * phi(mu_star) * phi.d(1)(mu_star)) / beta),
        uses=(rank_one,),
    )
