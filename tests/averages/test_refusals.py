"""What would silently mean something else is refused, with a sentence that says what to do."""

import pytest
import sympy as sp

from meanfield.averages import Average, Bound, E, Gaussian, LogNorm, Tilted, log_norm
from meanfield.averages.passes import explicit
from meanfield.averages.scope import substitute
from meanfield.errors import AverageError, ModelError
from meanfield.symbols import distributed, gaussian, gaussian_pair, gaussian_vector, standard_normal, symbol, tilted
from meanfield.transfer import relu
from meanfield.transfer import tanh as phi

mu, D = symbol("mu"), symbol("Delta_0")
x = gaussian("x", mean=mu, var=D)
y, y2 = gaussian_pair("y y2", mean=mu, var=D, cov=D / 2)
z = standard_normal("z")


def test_the_law_of_a_free_variable_is_out_of_reach() -> None:
    with pytest.raises(AverageError, match="cannot differentiate mu in the law of the random variable 'x'"):
        phi(x).diff(mu)
    with pytest.raises(AverageError, match="cannot substitute"):
        phi(x).subs(mu, 0)
    with pytest.raises(AverageError, match="cannot substitute"):
        phi(x).xreplace({D: sp.S.One})
    with pytest.raises(AverageError, match="cannot substitute"):
        substitute(phi(x), {mu: sp.S.Zero})
    assert phi(x).diff(x) == phi.d(1)(x)
    assert (phi(x) + mu * 0).subs(x, z) == phi(z)
    assert E(phi(x)).subs(mu, 0) == E(phi(gaussian("q", var=D)))


def test_nothing_to_average() -> None:
    with pytest.raises(AverageError, match="nothing to average"):
        E(E(phi(x)) ** 2)
    with pytest.raises(AverageError, match="does not contain z"):
        E(phi(x), z)
    with pytest.raises(AverageError, match="nothing to average"):
        E(mu)


def test_part_of_a_joint_law() -> None:
    with pytest.raises(AverageError, match="y2 and y have one joint law"):
        E(phi(y) * phi(y2), y)


def test_a_variable_on_which_a_law_depends() -> None:
    noisy = gaussian("noisy", mean=x, var=1)
    with pytest.raises(AverageError, match="depends on x: average over it first"):
        E(phi(noisy), x)


def test_what_is_not_a_random_variable() -> None:
    with pytest.raises(AverageError, match="is not a random variable"):
        E(phi(x), mu)
    with pytest.raises(AverageError, match="declared with tilted"):
        log_norm(mu)
    with pytest.raises(AverageError, match="needs a tilted law"):
        log_norm(distributed("r", "rho"))


def test_laws_that_are_none() -> None:
    with pytest.raises(AverageError, match="must not be negative"):
        gaussian("q", var=-1)
    with pytest.raises(AverageError, match="covariance"):
        gaussian_vector("q r", mean=[0, 0], cov=[[1]])
    with pytest.raises(ModelError, match="names"):
        gaussian_vector("q", mean=[0, 0], cov=[[1, 0], [0, 1]])
    with pytest.raises(ModelError, match="two names|expected 2 names"):
        gaussian_pair("q")
    with pytest.raises(AverageError, match="scalar Gaussian"):
        Tilted(Gaussian([0, 0], [[1, 0], [0, 1]]), phi(Bound(0, 0)))


def test_delta_functions_are_not_written_out() -> None:
    assert explicit(E(relu.d(1)(x))) != 0
    with pytest.raises(AverageError, match="delta function at a kink"):
        explicit(E(relu(x)).diff(D))


def test_log_norm_without_tilt_is_zero() -> None:
    assert log_norm(x) == 0
    assert isinstance(log_norm(tilted("y", var=D, log_tilt=phi)), LogNorm)
    assert isinstance(E(phi(x)), Average)


def test_variables_of_one_name_and_different_laws_are_not_taken_for_independent():
    a, b = gaussian("x", var=1), gaussian("x", var=2)
    with pytest.raises(AverageError, match="are called 'x' and have different laws"):
        E(sp.tanh(a) * sp.tanh(b))
    assert E(sp.tanh(a) * E(sp.tanh(b) ** 2, b) * sp.tanh(a), a) != 0  # apart they are what they are


def test_a_negative_variance_names_its_variable():
    with pytest.raises(AverageError, match="^x: the variance of a Gaussian variable is -1, which must not be negative"):
        gaussian("x", var=-1)
    with pytest.raises(AverageError, match=r"^y z: the variance of a Gaussian variable \(number 1 of 2\) is -2"):
        gaussian_pair("y z", var=-2)
