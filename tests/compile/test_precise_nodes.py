"""Nodes other than Gaussian averages, at high precision."""

import mpmath
import pytest
import sympy as sp

from meanfield.averages import E, Opaque, divided_difference, hermite_genocchi, log_norm
from meanfield.compile.precise import evaluate
from meanfield.errors import AverageError, ParameterError
from meanfield.symbols import distributed, gaussian, gaussian_pair, sampled, tilted, uniform
from meanfield.transfer import relu, tanh

mu, Delta, C, a = sp.symbols("mu Delta C a", real=True)
phi, Phi = tanh, tanh.d(-1)
values = {mu: "0.3", Delta: 2, C: "0.5", a: "0.7"}
x = gaussian("x", mean=mu, var=Delta)


@pytest.fixture(autouse=True)
def forty_digits():
    """Comparisons in the tests themselves must not round."""
    with mpmath.workdps(40):
        yield


def correlation(c):
    u, v = gaussian_pair("u v", mean=mu, var=Delta, cov=c)
    return E(Phi(u) * Phi(v))


def test_uniform_over_pairs():
    s = uniform("s")
    p, q = gaussian_pair("p q", mean=mu, var=Delta, cov=s * Delta)
    integral = E(E(phi(p) * phi(q), p, q))
    # d/dC <Phi Phi> = <phi phi>: the integral over the covariance is a difference.
    difference = (correlation(Delta) - correlation(sp.S.Zero)) / Delta
    found, expected = evaluate([integral, difference], values, 18)
    assert abs(found - expected) < 1e-18


def test_divided_difference_is_its_integral():
    node = divided_difference(correlation, C, C, Delta)
    found, expected = evaluate(node, values, 16) + evaluate(hermite_genocchi(node), values, 12)
    assert abs(found - expected) < 1e-12


@pytest.mark.parametrize("gap", ["1e-3", "1e-9", "1e-20", "1e-45"])
def test_divided_difference_near_coincidence(gap):
    points = (C, C, C + a)
    near = evaluate(divided_difference(correlation, *points), {**values, a: gap}, 16)[0]
    coincident, slope = evaluate([divided_difference(correlation, *points), correlation(C).diff(C, 3) / 6], {**values, a: 0}, 25)
    assert abs(near - coincident - slope * mpmath.mpf(gap)) < 1e-15 + float(gap) ** 2


def test_derivative_of_a_divided_difference():
    node = divided_difference(correlation, C, C, Delta)
    h = mpmath.mpf("1e-10")
    up, down = (evaluate(node, {**values, C: mpmath.mpf("0.5") + s * h}, 32)[0] for s in (1, -1))
    assert abs(evaluate(node.diff(C), values, 16)[0] - (up - down) / (2 * h)) < 1e-15


def test_tilted_law_against_mpmath():
    y = tilted("y", mean=mu, var=Delta, log_tilt=lambda y: sp.log(1 + a * phi.d(1)(y) ** 2) / 2 + a * phi(y) ** 2)
    with mpmath.workdps(30):
        m, s, t = mpmath.mpf("0.3"), mpmath.sqrt(2), mpmath.mpf("0.7")

        def weight(y):
            q = 1 - mpmath.tanh(y) ** 2
            return mpmath.npdf(y, m, s) * mpmath.sqrt(1 + t * q * q) * mpmath.exp(t * mpmath.tanh(y) ** 2)

        ends = [-16, -8, -3, 0, 3, 8, 16]
        norm = mpmath.quad(weight, ends)
        mean = mpmath.quad(lambda y: y**2 * weight(y), ends) / norm
        found = evaluate([log_norm(y), E(y**2)], values, 22)
        assert abs(found[0] - mpmath.log(norm)) < 1e-22
        assert abs(found[1] - mean) < 1e-21


def test_tilted_law_with_a_kink_and_a_delta():
    y = tilted("y", mean=mu, var=Delta, log_tilt=lambda y: a * relu(y) - y**2)
    with mpmath.workdps(25):
        m, s = mpmath.mpf("0.3"), mpmath.sqrt(2)
        norm = mpmath.quad(lambda y: mpmath.npdf(y, m, s) * mpmath.exp(mpmath.mpf("0.7") * max(y, 0) - y * y), [-12, 0, 12])
        found = evaluate([log_norm(y), E(relu.d(2)(y))], values, 18)
        assert abs(found[0] - mpmath.log(norm)) < 1e-18
        assert abs(found[1] - mpmath.npdf(0, m, s) / norm) < 1e-18


def test_log_norm_differentiates_to_averages():
    y = tilted("y", var=Delta, log_tilt=lambda y: a * phi(y) ** 2)
    h = mpmath.mpf("1e-8")
    up, down = (evaluate(log_norm(y), {**values, a: mpmath.mpf("0.7") + s * h}, 30)[0] for s in (1, -1))
    assert abs(evaluate(log_norm(y).diff(a), values, 14)[0] - (up - down) / (2 * h)) < 1e-14


def test_nested_average_with_a_nonlinear_mean():
    z = gaussian("z")
    inner = gaussian("y", mean=a * phi(z), var=Delta)
    found, square = evaluate([E(phi(inner)), E(E(phi(inner), inner) ** 2, z)], values, 7)

    def integrand(z):
        mean = evaluate(E(phi(x)), {**values, mu: mpmath.mpf("0.7") * mpmath.tanh(z)}, 10)[0]
        return mpmath.npdf(z) * mean**2

    # By symmetry the mean vanishes; the square is the integral of squares.
    assert abs(found) < 1e-7
    assert abs(square - mpmath.quad(integrand, [-6, 0, 6], maxdegree=3)) < 1e-6


def test_samples():
    n = sampled("n", "points")
    expr = E(phi(n) ** 2) - E(phi(n)) ** 2
    data = {"points": ["0.1", 0.25, -1]}
    with mpmath.workdps(30):
        t = [mpmath.tanh(mpmath.mpf(v)) for v in data["points"]]
        expected = sum(v * v for v in t) / 3 - (sum(t) / 3) ** 2
        assert abs(evaluate(expr, {}, 25, data=data)[0] - expected) < 1e-25
    with pytest.raises(ParameterError, match="'points'"):
        evaluate(expr, {}, 25)


def test_law_that_depends_on_an_average():
    y = gaussian("y", mean=E(phi(x)), var=1)
    mean = evaluate(E(phi(x)), values, 30)[0]
    z = gaussian("z", mean=mu, var=1)
    assert abs(evaluate(E(phi(y)), values, 20)[0] - evaluate(E(phi(z)), {mu: mean}, 20)[0]) < 1e-19


class halved(Opaque):
    """Half of its argument, in double precision only."""


@pytest.mark.parametrize(
    "expr, match", [(E(phi(distributed("q", "rho"))), "'rho'"), (phi(x), "random variable x"), (halved(mu), "double precision")]
)
def test_refusals(expr, match):
    with pytest.raises(AverageError, match=match):
        evaluate(expr, values, 15)
