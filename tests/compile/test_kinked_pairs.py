"""Correlated averages of functions with kinks, against smooth ones that they add up to, closed forms and brute force."""

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.averages import divided_difference

E, custom = mf.average, mf.transfer.custom
mu = mf.unknown("mu")
V, m, C = mf.parameters("V m C")
x, y = mf.gaussian_pair("x y", mean=m, var=V, cov=C)
rectified = custom("rectified tanh", lambda t: sp.Max(0, sp.tanh(t)))
leaky = custom("leaky", lambda t: sp.Max(t, t / 10))
saturating = custom("saturating", lambda t: sp.Min(1, sp.Max(0, t)))
clipped = custom("clipped", lambda t: sp.Min(1, sp.Max(-1, t)))
relu, tanh, step = mf.transfer.relu, mf.transfer.tanh, mf.transfer.step
LAWS = [
    (1.7, 0.4, 1.2),
    (2.0, 0.1, -2.0 * (1 - 1e-7)),
    (0.6, -0.3, 0.0),
    (2.0, 0.1, 2.0 * (1 - 1e-7)),
    (0.0016, -0.02, 0.001),
    (0.01, 0.9, 0.005),
]
STATES = [  # |mu|, Delta_inf, Delta_0
    (1.965043239555752002, 9.84342766771797650, 9.899406687535964777),
    (1.048112917551398775, 2.717284552780530155, 3.259208468538295906),
]


def computed(*exprs: sp.Expr, at: list[tuple[float, ...]] = LAWS) -> tuple[np.ndarray, np.ndarray]:
    """Values and claims, (points, expressions)."""
    named = {f"q{i}": e for i, e in enumerate(exprs)}
    model = mf.Model("m", equations={mu: 1 + 0 * (V + m + C)}, parameters=(V, m, C), observables=named)
    return mf.compile(model).quantities(tuple(model.named(n) for n in named), np.ones((len(at), 1)), np.array(at))


def with_slopes(e: sp.Expr) -> list[sp.Expr]:
    return [e, e.diff(m), e.diff(V), e.diff(C), e.diff(m, C)]


def both_signs(phi: mf.transfer.Transfer, leak: float = 1.0) -> sp.Expr:
    """``<h(x) h(y)>`` of ``h(x) = phi(x) - leak phi(-x)``: pairs of any sign and of different means."""
    return sp.expand(E((phi(x) - leak * phi(-x)) * (phi(y) - leak * phi(-y))))


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (both_signs(rectified), E(tanh(x) * tanh(y))),
        (E(leaky(x) * leaky(y)), both_signs(relu, sp.Rational(1, 10))),
        (E(saturating(x) * saturating(y)), E((relu(x) - relu(x - 1)) * (relu(y) - relu(y - 1)))),
        (E(clipped(x) * clipped(y)), E((saturating(x) - saturating(-x)) * (saturating(y) - saturating(-y)))),
        (E(clipped(x) * tanh(y)), E((relu(x + 1) - relu(x - 1) - 1) * tanh(y))),
    ],
    ids=["tanh", "leaky", "saturating", "clipped", "mixed"],
)
def test_parts_add_up(parts: sp.Expr, whole: sp.Expr) -> None:
    laws = LAWS if whole.has(tanh) and not parts.has(tanh) else LAWS[:2]
    values, claims = computed(*with_slopes(parts), *with_slopes(whole), at=laws)
    difference = np.abs(values[:, :5] - values[:, 5:])
    assert (difference <= claims[:, :5] + claims[:, 5:] + 1e-15).all()
    assert (claims[:, :4] < 1e-11 * np.maximum(1, np.abs(values[:, :4]))).all()


hill = custom("own hill", lambda t: sp.Piecewise((0, t < 0), (t**2 / (1 + t**2), True)))
BRUTE_FORCE = [  # by panels in both variables at 34 digits and differences of 1e-9
    (saturating, LAWS[0], (0.337905549721248277, 0.28992294888025868, -0.0724547678205530244, 0.119957629282575506)),
    (rectified, (1.7, 0.4, -1.2), (0.0811695243014434765, 0.200558358157310315, 0.0708864500253267353, 0.0950157097551872825)),
    (rectified, (0.09, -0.2, 0.0899), (0.012168281483616042, 0.0786510069535333503, -0.0148949593214873427, 0.223880515749428006)),
    (hill, (9.0, 0.0, 8.0), (0.24188139814696083, 0.0988704833313280249, -0.0146362026755843581, 0.025008661251656897)),
    (clipped, (2.0, 0.3, 1.99), (0.643999797015192044, 0.0483209592292726129, -0.408923653374980152, 0.486188939690797345)),
]


@pytest.mark.parametrize(("phi", "law", "exact"), BRUTE_FORCE, ids=lambda q: getattr(q, "name", None))
def test_against_brute_force(phi: mf.transfer.Transfer, law: tuple[float, ...], exact: tuple[float, ...]) -> None:
    values, claims = computed(*with_slopes(E(phi(x) * phi(y)))[:4], at=[law])
    differences = np.array([0, 0, 5e-14, 5e-14])  # h^2/6 times a third derivative, at a correlation of .999
    assert (np.abs(values[0] - exact) <= claims[0] + 1e-15 + differences).all()
    assert claims.max() < 1e-13


def test_products_of_jumps() -> None:
    """``<theta'(x - 1) theta'(y)>`` is the density of the pair at (1, 0); derivatives by C differentiate it again."""
    density = E(step(x - 1) * step(y)).diff(C)
    values, claims = computed(density, density.diff(m), at=LAWS[:3])
    for (var, mean, cov), row, claim in zip(LAWS, values, claims, strict=False):
        if cov < 0:
            continue
        law, away = np.array([[var, cov], [cov, var]]), np.array([1.0, 0.0]) - mean
        inverse = np.linalg.inv(law)
        exact = np.exp(-away @ inverse @ away / 2) / (2 * np.pi * np.sqrt(np.linalg.det(law)))
        slope = exact * (inverse @ away).sum()
        assert (np.abs(row - [exact, slope]) <= claim + 1e-15).all()
        assert claim.max() < 1e-12


def test_derivatives_across_a_jump_of_pieces() -> None:
    """A delta function beside a jump at its place counts the mean along the jump, whatever the function is made of."""
    x = mf.gaussian("x", mean=m, var=V)
    for power in (1, 2, 3):
        one, other = (E(phi.d(1)(x) ** power * phi.d(2)(x)) for phi in (custom("own relu", lambda t: sp.Max(0, t)), relu))
        values, claims = computed(one, other, at=LAWS[:3])
        assert (np.abs(values[:, 0] - values[:, 1]) <= claims.sum(axis=1)).all()


def test_kinks_of_both_variables_at_once_are_refused() -> None:
    with pytest.raises(mf.errors.AverageError, match="kink at a place that is not known, in an average over two variables"):
        computed(E(relu(x * y + 1)))


def test_divided_differences_at_every_correlation() -> None:
    """One's own rectifier, by series and by panels, is the library's, in closed form."""

    def rows(phi: mf.transfer.Transfer) -> list[sp.Expr]:
        def pair(j: int, k: int) -> Callable[[sp.Expr], sp.Expr]:
            def at(c: sp.Expr) -> sp.Expr:
                x, y = mf.gaussian_pair("x y", mean=m, var=V, cov=c)
                return E(phi.d(j)(x) * phi.d(k)(y))

            return at

        energy = divided_difference(pair(-1, -1), C, C, V)
        return [energy, pair(0, 0)(C), energy.diff(m), energy.diff(C), energy.diff(V)]

    at = [(1.7, 0.4, 1.7 * rho) for rho in (0.0, 0.3, 0.9, 0.9499, 0.9501, 0.99, 1 - 1e-6)]
    at += [(0.01, -0.3, 0.005), (0.01, 0.3, 0.00999), (900.0, 5.0, 800.0)]
    values, claims = computed(*rows(custom("own relu", lambda t: sp.Max(0, t))), *rows(relu), at=at)
    beyond = np.abs(values[:, :5] - values[:, 5:]) > claims[:, :5] + claims[:, 5:]
    # Rounding of the covariances between is not claimed: it counts in derivatives that grow like (1 - rho)^-1/2.
    assert not np.delete(beyond, 6, axis=0).any() and not beyond[6, :3].any()
    assert (claims[:, :2] < 1e-10 * np.maximum(1, np.abs(values[:, :2]))).all()


def test_chaotic_states_of_functions_with_kinks() -> None:
    """Against quadrature over one variable given the other in extended precision, by Newton's method on the energy as it is
    printed (both made apart from this package)."""
    model = mf.models.by_name("rank1-chaotic")
    for phi, parameters, exact in (
        (rectified, (4.0, 3.0, 0.0), STATES[0]),
        (clipped, (2.0, 2.5, 0.5), STATES[1]),
    ):
        g, M_n, Sigma_m = parameters
        found = mf.solve(model, transfer=phi, g=g, M_m=1, M_n=M_n, Sigma_m=Sigma_m)
        for name, value in zip(("mu", "Delta_inf", "Delta_0"), exact, strict=True):
            assert abs(abs(found[name]) - value) <= found.error[name] < 1e-10
