"""Averages of products of transfer functions: the claim holds for whatever growth, kink and width the law meets."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.compile.precise import evaluate_with_error
from meanfield.transfer import by_name

mu, v, m = mf.unknown("mu"), mf.parameter("v", nonnegative=True), mf.parameter("m")
x = mf.gaussian("x", mean=m, var=v)
NAMES = "tanh erf relu threshold_power:2 step softplus logistic algebraic sine cubic exponential linear".split()
SMOOTH = "exponential logistic softplus tanh sine cubic".split()


def check(body: sp.Expr, laws: np.ndarray) -> None:
    """Claims of <body> against 25 digits, for laws (P, 2) of (var, mean)."""
    model = mf.Model("product", equations={mu: 1 + 0 * v + 0 * m}, parameters=(v, m), observables={"e": mf.average(body)})
    value, claim = mf.compile(model).quantities((model.named("e"),), np.ones((len(laws), 1)), laws)
    for (var, mean), got, bound in zip(laws, value[:, 0], claim[:, 0], strict=True):
        if np.isinf(bound):  # beyond the largest double
            continue
        (true,), (error,) = evaluate_with_error(model.named("e"), {v: float(var), m: float(mean)}, 25)
        assert abs(float(got) - true) <= bound + error, (body, var, mean)


def draw(rng: np.random.Generator, names: list[str]) -> sp.Expr:
    """A product of up to three powers of derivatives."""
    body = sp.S.One
    for _ in range(rng.integers(1, 4)):
        phi = by_name(names[rng.integers(len(names))])
        order = int(min(rng.integers(0, 3), phi.traits.smooth_order + 1))
        body *= phi.d(order)(x) ** int(rng.integers(1, 3))
    return body


@pytest.mark.parametrize("names", [NAMES, SMOOTH])
@pytest.mark.parametrize("seed", range(12))
def test_claims_of_random_products(seed: int, names: list[str]) -> None:
    rng = np.random.default_rng(seed)
    laws = np.column_stack([np.exp(rng.uniform(np.log(1e-3), np.log(300), 3)), rng.uniform(-5, 5, 3)])
    check(draw(rng, names), laws)


def test_cases_that_once_claimed_too_little() -> None:
    phi = mf.transfer
    check(sp.exp(x) * sp.tanh(x) ** 2, np.array([[100.0, 0.1], [100.0, 0.0], [200.0, 0.0]]))
    check(phi.relu(x) * phi.cubic(x) ** 2, np.array([[26.09, -3.033], [2.716, 0.2222]]))  # cut off where it is still large
    check(phi.sine(x) ** 2 * phi.relu(x) ** 2, np.array([[205.3, 2.767]]))  # waves that few nodes do not resolve
    check(phi.cubic(x) * phi.tanh.d(2)(x), np.array([[162.4, -3.281]]))  # 1 - tanh^2 cancels where the cubic is large
    check(phi.tanh.d(1)(x) * phi.sine(x), np.array([[149.2, 0.8119]]))
    check(phi.exponential(x) * phi.logistic.d(1)(x), np.array([[20.0, 3.0]]))
    check(phi.relu(x), np.array([[0.2015, -3.445]]))  # a closed form far out in the tail of a normal law
    check(phi.step(x) * phi.softplus(x), np.array([[0.08196, -2.229]]))  # a kink eight standard deviations out


def test_laws_wide_enough_for_the_mapped_rule() -> None:
    phi = mf.transfer
    laws = np.array([[1e3, 20.0], [2e4, -300.0], [1e6, 1.0]])
    check(phi.tanh(x) ** 2 * phi.tanh.d(1)(x), laws)
    check(phi.tanh.d(-1)(x) ** 2, laws)
    check(phi.softplus(x) * phi.logistic(x), laws)
