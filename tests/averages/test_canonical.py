"""The canonical form of averages: what must be one expression is one, and what must stay apart stays apart."""

import itertools

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from meanfield.averages import Average, E, Gaussian
from meanfield.averages.scope import nodes, substitute
from meanfield.symbols import distributed, gaussian, gaussian_pair, gaussian_vector, standard_normal, symbol, tilted, uniform
from meanfield.transfer import erf
from meanfield.transfer import tanh as phi
from tests.averages.reference import Reference

mu, D0, Dinf, C, a, b, p = [symbol(n) for n in ("mu", "Delta_0", "Delta_inf", "C", "a", "b", "p")]
x = gaussian("x", mean=mu, var=D0)
u, v = gaussian_pair("u v", mean=mu, var=D0, cov=Dinf)
z, w = standard_normal("z"), standard_normal("w")
Phi = phi.d(-1)


def test_equality_up_to_renaming() -> None:
    other = gaussian("another", mean=mu, var=D0)
    assert E(phi(x)) == E(phi(other))
    assert hash(E(phi(x))) == hash(E(phi(other)))
    assert E(phi(x)) != E(phi(gaussian("x", mean=mu, var=Dinf)))
    assert E(phi(x)) != E(erf(x))


def test_replicas_are_the_correlated_pair() -> None:
    """Paper notation: the square of a nested average is the pair with covariance Delta_inf, and no root survives."""
    nested = E(E(phi(mu + sp.sqrt(D0 - Dinf) * w + sp.sqrt(Dinf) * z), w) ** 2, z)
    assert nested == E(phi(u) * phi(v))
    assert not nested.has(sp.sqrt(Dinf))
    nested = E(E(Phi(mu + sp.sqrt(D0 - Dinf) * w + sp.sqrt(Dinf) * z), w) ** 2, z)
    assert nested == E(Phi(u) * Phi(v))


def test_root_notation_is_the_law() -> None:
    assert E(phi(mu + sp.sqrt(D0) * z)) == E(phi(x))
    assert E(phi(mu + sp.sqrt(D0) * z) ** 2) == E(phi(x) ** 2)


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_powers_of_nested_averages_are_vectors(power: int) -> None:
    nested = E(E(phi(mu + a * w + b * z), w) ** power, z)
    cov = [[a**2 * int(i == j) + b**2 for j in range(power)] for i in range(power)]
    copies = gaussian_vector(" ".join(f"x{i}" for i in range(power)), mean=[mu] * power, cov=cov)
    assert nested == E(sp.Mul(*map(phi, copies)))


def test_linearity_and_constants() -> None:
    assert E(a * phi(x) + b * phi(x) ** 2 + p + 0 * x) == a * E(phi(x)) + b * E(phi(x) ** 2) + p
    assert E((phi(x) + a) ** 2) == E(phi(x) ** 2) + 2 * a * E(phi(x)) + a**2
    assert E((phi(x) - phi(v)) * phi(u)) == E(phi(x)) * E(phi(u)) - E(phi(u) * phi(v))


def test_independent_factors_come_apart() -> None:
    assert E(phi(x) * erf(z)) == E(phi(x)) * E(erf(z))
    q, r = gaussian_pair("q r", mean=mu, var=D0, cov=0)
    assert E(phi(q) * phi(r)) == E(phi(x)) ** 2


def test_degenerate_covariances_collapse() -> None:
    q, r = gaussian_pair("q r", mean=mu, var=D0, cov=D0)
    assert E(phi(q) * phi(r)) == E(phi(x) ** 2)
    assert E(phi(gaussian("q", mean=mu, var=0))) == phi(mu)
    assert substitute(E(phi(u) * phi(v)), {Dinf: D0}) == E(phi(x) ** 2)
    assert substitute(E(phi(u) * phi(v)), {Dinf: sp.S.Zero}) == E(phi(x)) ** 2
    assert substitute(E(phi(u) * phi(v)), {D0: sp.S.Zero, Dinf: sp.S.Zero}) == phi(mu) ** 2


def test_anticorrelated_variables_keep_their_value() -> None:
    q, r = gaussian_pair("q r", mean=mu, var=D0, cov=-D0)
    direct = E(phi(mu + sp.sqrt(D0) * z) * phi(mu - sp.sqrt(D0) * z))
    at = {mu: 0.3, D0: 0.1}
    assert Reference(24)(E(phi(q) * phi(r)), at) == pytest.approx(Reference(24)(direct, at), abs=1e-12)


@given(st.permutations(["q", "r", "s", "t"]))
def test_names_and_their_order_do_not_matter(names: list[str]) -> None:
    entries = {frozenset(ij): symbol(f"c{min(ij)}{max(ij)}") for ij in itertools.product(range(3), repeat=2)}
    cov = [[entries[frozenset((i, j))] for j in range(3)] for i in range(3)]

    def four(order: list[str]) -> sp.Expr:
        first, second, third = gaussian_vector(" ".join(order[:3]), mean=[mu, a, mu], cov=cov)
        return E(sp.cos(phi(first) * phi(second) + phi(third)) * phi(gaussian(order[3], mean=first, var=b)))

    assert four(names) == four(["q", "r", "s", "t"])


@given(st.permutations(range(3)))
def test_exchange_of_equal_variables(order: list[int]) -> None:
    xs = gaussian_vector("q r s", mean=[mu] * 3, cov=[[D0 if i == j else Dinf for j in range(3)] for i in range(3)])
    f = [phi(xs[0]), phi.d(1)(xs[1]), phi(xs[2]) ** 2]
    exchanged = [phi(xs[order[0]]), phi.d(1)(xs[order[1]]), phi(xs[order[2]]) ** 2]
    assert E(sp.Mul(*f)) == E(sp.Mul(*exchanged))


def test_variables_declared_apart_are_independent_even_with_equal_laws() -> None:
    q, r = gaussian_pair("q r", mean=mu, var=D0, cov=Dinf)
    assert E(phi(u) * phi(q)) == E(phi(x)) ** 2
    assert E(phi(u) * phi(v) * phi(q) * phi(r)) == E(phi(u) * phi(v)) ** 2


def test_a_law_that_depends_on_a_variable_is_averaged_first() -> None:
    noisy = gaussian("noisy", mean=x, var=b)
    assert E(phi(noisy)) == E(phi(gaussian("q", mean=mu, var=D0 + b)))
    first, second = gaussian_vector("first second", mean=[mu, mu], cov=[[D0, D0], [D0, D0 + b]])
    assert E(phi(x) * phi(noisy)) == E(phi(first) * phi(second))
    s = uniform("s")
    q, r = gaussian_pair("q r", mean=0, var=D0, cov=s * D0)
    assert E(phi(q) * phi(r)) == E(E(phi(q) * phi(r), q, r), s)


def test_bound_variables_of_inner_averages_are_not_captured() -> None:
    """Merging affine arguments renames this binder's variables, never those of a binder inside it."""
    q, r = gaussian_pair("q r", mean=mu, var=D0, cov=Dinf)
    inner = E(phi(q) * phi(r))
    merged = E(sp.cos(phi(a * z) + phi(w) + inner), z, w)
    assert inner in set(nodes(merged, Average, inside=True))


def test_inner_law_may_depend_on_the_outer_variable() -> None:
    scaled = E(phi(gaussian("q", mean=0, var=x**2)), gaussian("q", mean=0, var=x**2))
    outer = E(scaled**2, x)
    at = {mu: 0.4, D0: 0.1}
    grid = Reference(24)
    direct = E(phi(z * x) * phi(w * x))
    assert grid(outer, at) == pytest.approx(grid(direct, at), abs=1e-9)


def test_other_measures_are_linear() -> None:
    s, y = uniform("s"), tilted("y", mean=0, var=b, log_tilt=lambda y: a * phi(y) ** 2)
    assert E((1 - s) ** 2) == sp.Rational(1, 3)
    assert E(a * phi(s) + s) == a * E(phi(s)) + sp.Rational(1, 2)
    assert E(a + b * phi(y)) == a + b * E(phi(y))
    assert tilted("y", mean=mu, var=D0, log_tilt=lambda y: sp.S.Zero).law == Gaussian([mu], [[D0]])
    rho = distributed("rho", "rho")
    assert E(a * rho**2 + b) == a * E(rho**2) + b
