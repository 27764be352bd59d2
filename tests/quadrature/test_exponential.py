"""Exponential weights and cubics on a triangle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from meanfield.quadrature import exponential_weights, lattice_cubics


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=4, unique=True),
    st.floats(1e-3, 1.0),
    st.floats(0.0, 2.0),
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
)
def test_polynomials_are_integrated_exactly(nodes, h, rate, coefficients):
    f = np.polynomial.Polynomial(coefficients[: len(nodes)])
    value = exponential_weights(nodes, h, rate) @ f(h * np.array(nodes, float))
    exact, _ = quad(lambda u: np.exp(-rate * (h - u)) * f(u), 0, h, epsabs=1e-14)
    assert value == pytest.approx(exact, abs=1e-12 * (1 + max(map(abs, coefficients))))


def test_small_steps_give_the_weights_of_adams_and_moulton():
    assert exponential_weights([1, 0, -1, -2], 1e-9) / 1e-9 == pytest.approx(np.array([9, 19, -5, 1]) / 24, abs=1e-8)


def test_cubics_of_two_variables_are_reproduced():
    rng = np.random.default_rng(0)
    c = rng.normal(size=(4, 4))

    def f(x, y):
        return sum(c[i, j] * x**i * y**j for i in range(4) for j in range(4 - i))

    points = [(i, j) for i in range(4) for j in range(4 - i)]
    values = np.array([f(i, j) for i, j in points])
    x, y = rng.uniform(-1, 3, size=(2, 20))
    assert values @ lattice_cubics(x, y) == pytest.approx(f(x, y), abs=1e-11)
