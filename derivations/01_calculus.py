"""The calculus of averages: Price, Stein and the score, from integration by parts; replicas.

Everything else rests on these. f is any function; what has to be shown is that two integrands differ by a total derivative
(which integrates to nothing for every f that grows slower than the Gaussian decays).
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from quadrature import mean, value
from step import Derivation, Equal, Numeric

from meanfield.averages import E, log_norm
from meanfield.averages.passes import functional_derivative
from meanfield.symbols import distributed, gaussian, gaussian_pair, standard_normal, symbol, tilted
from meanfield.transfer import tanh as phi

x, y, mu, a, b = [symbol(n) for n in ("x", "y", "mu", "a", "b")]
D, C, D0, Dinf = [symbol(n) for n in ("Delta", "C", "Delta_0", "Delta_inf")]
f = sp.Function("f", real=True)
AT = {mu: 0.3, D: 0.8, C: 0.35, D0: 0.8, Dinf: 0.35, a: 0.7, b: 0.4}


def density(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """The normal density in x."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def pair_density(mean: sp.Expr, variance: sp.Expr, covariance: sp.Expr) -> sp.Expr:
    """The normal density of (x, y) with equal means and variances."""
    determinant = variance**2 - covariance**2
    u, v = x - mean, y - mean
    return sp.exp(-(variance * (u**2 + v**2) - 2 * covariance * u * v) / (2 * determinant)) / (2 * sp.pi * sp.sqrt(determinant))


def drift(weight: sp.Expr) -> sp.Expr:
    """``dN/dmu + dN/dx``, over N: shifting the mean shifts the density."""
    return sp.simplify((weight.diff(mu) + weight.diff(x)) / weight)


def diffusion(weight: sp.Expr) -> sp.Expr:
    """``dN/dDelta - (1/2) d^2 N/dx^2``, over N: the density diffuses in its variance."""
    return sp.simplify((weight.diff(D) - weight.diff(x, 2) / 2) / weight)


def diffusion_of_pair(weight: sp.Expr) -> sp.Expr:
    """``dN/dC - d^2 N/dx dy``, over N: and in its covariance."""
    return sp.simplify((weight.diff(C) - weight.diff(x, y)) / weight)


def price_mean(weight: sp.Expr) -> sp.Expr:
    """``(dN/dmu) f - N f'`` is the total derivative of ``-N f``; what is left over."""
    return sp.simplify(weight.diff(mu) * f(x) - weight * f(x).diff(x) - (-weight * f(x)).diff(x))


def price_variance(weight: sp.Expr) -> sp.Expr:
    """``(dN/dDelta) f - N f''/2`` is the total derivative of ``(N' f - N f')/2``; what is left over."""
    boundary = (weight.diff(x) * f(x) - weight * f(x).diff(x)) / 2
    return sp.simplify(weight.diff(D) * f(x) - weight * f(x).diff(x, 2) / 2 - boundary.diff(x))


def differentiate(average: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """The library's derivative of an average."""
    return average.diff(by)


def stein(weight: sp.Expr) -> sp.Expr:
    """``(x - mu) N f - Delta N f'`` is the total derivative of ``-Delta N f``; what is left over."""
    return sp.simplify((x - mu) * f(x) * weight - D * f(x).diff(x) * weight - (-D * f(x) * weight).diff(x))


def stein_of_tanh(variable: sp.Symbol) -> sp.Expr:
    """``<(x - mu) phi> - Delta <phi'>`` of phi = tanh."""
    return E((variable - mu) * phi(variable)) - D * E(phi.d(1)(variable))


def quotient(above: sp.Expr, below: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """Derivative of ``<f> = I[f w]/I[w]`` with ``dI[h] = I[dh]``, written in averages again."""
    F, W = sp.Function("F")(by), sp.Function("W")(by)
    return sp.expand((F / W).diff(by).doit().subs({F.diff(by): above * W, W.diff(by): below * W}).subs(F, sp.Symbol("mean") * W))


def second_moment(inner: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """``int Dz inner^2``; the canonical form turns powers of averages into averages over copies (replicas)."""
    return E(inner**2, z)


def gaussian_rules(d: Derivation) -> None:
    """Price's theorem and Stein's lemma."""
    weight, pair_weight = density(mu, D), pair_density(mu, D, C)

    d.step("drift", drift, weight, check=Equal(0))
    d.step("diffusion", diffusion, weight, check=Equal(0))
    d.step("diffusion of a pair", diffusion_of_pair, pair_weight, check=Equal(0))
    d.step("Price, mean: d<f>/dmu = <f'>", price_mean, weight, check=Equal(0), uses=("drift",), source="Price 1958")
    d.step(
        "Price, variance: d<f>/dDelta = <f''>/2", price_variance, weight, check=Equal(0), uses=("diffusion",), source="Price 1958"
    )
    d.step("Stein: <(x - mu) f> = Delta <f'>", stein, weight, check=Equal(0), source="Stein 1972")


def library_rules(d: Derivation) -> None:
    """The library's derivatives of Gaussian averages."""
    variable = gaussian("x", mean=mu, var=D)
    u, v = gaussian_pair("u v", mean=mu, var=D, cov=C)
    h = 1e-5
    d.step(
        "the library's rule, mean",
        differentiate,
        E(phi(variable) ** 2),
        mu,
        check=Equal(2 * E(phi(variable) * phi.d(1)(variable))),
        uses=("Price, mean: d<f>/dmu = <f'>",),
    )
    in_variance = d.step(
        "the library's rule, variance",
        differentiate,
        E(phi(variable)),
        D,
        check=Equal(E(phi.d(2)(variable)) / 2),
        uses=("Price, variance: d<f>/dDelta = <f''>/2",),
    )
    d.step(
        "the same, in numbers",
        differentiate,
        E(phi(variable)),
        D,
        uses=("the library's rule, variance",),
        check=Numeric(
            lambda: [((mean(np.tanh, 0.3, 0.8 + h) - mean(np.tanh, 0.3, 0.8 - h)) / (2 * h), value(in_variance, AT))], rel=1e-8
        ),
    )
    for order, letter in ((-1, "Phi"), (0, "phi")):
        pair = E(phi.d(order)(u) * phi.d(order)(v))
        d.step(
            f"Price, covariance of {letter}",
            differentiate,
            pair,
            C,
            check=Equal(E(phi.d(order + 1)(u) * phi.d(order + 1)(v))),
            uses=("diffusion of a pair",),
            source="Price 1958",
        )
    left, right = E((variable - mu) * phi(variable)), D * E(phi.d(1)(variable))
    d.step(
        "Stein, in numbers",
        stein_of_tanh,
        variable,
        check=Numeric(lambda: [(value(left, AT), value(right, AT))]),
        uses=("Stein: <(x - mu) f> = Delta <f'>",),
    )


def other_measures(d: Derivation) -> None:
    """Tilted laws, functionals, replicas."""
    t = tilted("t", var=b, log_tilt=lambda s: a * phi(s) ** 2)
    log_w = phi(t) ** 2  # d log w / da
    by_hand = d.step(
        "score: d<f> = <f dlog w> - <f><dlog w>",
        quotient,
        sp.Symbol("f_dlogw"),
        sp.Symbol("dlogw"),
        a,
        check=Equal(sp.Symbol("f_dlogw") - sp.Symbol("mean") * sp.Symbol("dlogw")),
    )
    put = {sp.Symbol("f_dlogw"): E(phi(t) * log_w), sp.Symbol("dlogw"): E(log_w), sp.Symbol("mean"): E(phi(t))}
    d.step(
        "the library's rule, tilted law",
        differentiate,
        E(phi(t)),
        a,
        check=Equal(by_hand.xreplace(put)),
        uses=("score: d<f> = <f dlog w> - <f><dlog w>",),
    )
    d.step("the norm: dln Z = <dlog w>", differentiate, log_norm(t), a, check=Equal(E(log_w)))

    r = distributed("r", "rho")
    d.step(
        "functional derivative: delta F(<f>)/delta rho(y) = F' f(y)",
        functional_derivative,
        sp.log(E(phi(r) ** 2)),
        "rho",
        y,
        check=Equal(phi(y) ** 2 / E(phi(r) ** 2)),
    )

    w, z = standard_normal("w"), standard_normal("z")
    inner = E(phi(mu + sp.sqrt(D0 - Dinf) * w + sp.sqrt(Dinf) * z), w)
    one, two = gaussian_pair("one two", mean=mu, var=D0, cov=Dinf)
    d.step(
        "replicas: int Dz [int Dx phi]^2 is a correlated pair",
        second_moment,
        inner,
        z,
        check=Equal(E(phi(one) * phi(two))),
        source="Mastrogiuseppe & Ostojic 2018, eq. 86",
    )


def derive() -> Derivation:
    d = Derivation("The calculus of averages")
    gaussian_rules(d)
    library_rules(d)
    other_measures(d)
    return d


if __name__ == "__main__":
    derive().report()
