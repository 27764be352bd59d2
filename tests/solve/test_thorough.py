"""Models that say nothing of where their roots are: every root is found, whatever its size, sign and surroundings."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.compile import compile
from meanfield.solve.cleared import cleared
from meanfield.solve.degree import bounded, deficient
from meanfield.solve.images import images_of
from meanfield.solve.points import parameter_points

E, phi = mf.average, mf.transfer.tanh


def clusters(count: int, declared: bool = False) -> mf.Model:
    m = [mf.unknown(f"m_{i}") for i in range(count)]
    J, w, s, h = mf.parameters("J w s h", nonnegative="s")
    rate = [E(phi(mf.gaussian(f"x_{i}", mean=m[i], var=s))) for i in range(count)]
    swaps: Any = [{m[i]: m[i + 1], m[i + 1]: m[i]} for i in range(count - 1)] if declared else []
    return mf.Model(
        "clusters", equations={m[i]: J * rate[i] + w * (sum(rate) - rate[i]) + h for i in range(count)}, symmetries=swaps
    )


def values(model: mf.Model, **at: Any) -> np.ndarray:
    found = mf.solve(model, find="all", **at)
    return np.array([[float(s[u.name]) for u in model.unknowns] for s in found])


def test_as_many_roots_as_with_symmetries_declared() -> None:
    at = {"J": 4.0, "w": 0.3, "s": 0.5, "h": 0.0}
    x = values(clusters(3), **at)
    assert len(x) == 27
    np.testing.assert_allclose(x, values(clusters(3, declared=True), **at), atol=1e-9)
    np.testing.assert_allclose(np.sort(x, axis=0), np.sort(-x, axis=0), atol=1e-9)


def test_products_of_independent_roots() -> None:
    """Without coupling, every unknown has three roots: 3^4 together; with a field that leaves one, one."""
    assert len(values(clusters(4), J=2.0, w=0.0, s=0.3, h=0.1)) == 81
    assert len(values(clusters(4), J=2.0, w=0.0, s=0.3, h=2.0)) == 1


def depression() -> mf.Model:
    mu, Delta, u = mf.unknown("mu"), mf.unknown("Delta", nonnegative=True), mf.unknown("u")
    g, J, a, b = mf.parameters("g J a b", nonnegative="g a")
    x = mf.gaussian("x", mean=mu, var=Delta)
    f = mf.transfer.softplus
    rate = E(f(x))
    return mf.Model("depression", equations={mu: J * u * rate + b, Delta: g**2 * u**2 * E(f(x) ** 2), u: 1 / (1 + a * u * rate)})


@pytest.mark.parametrize("at", [(0.7, 2.0, 0.5, 0.5), (0.3608, 3.0932, 1.3865, 0.0443), (0.5585, 3.1977, 0.5063, -0.7593)])
def test_roots_beyond_a_pole(at: tuple[float, ...]) -> None:
    g, J, a, b = at
    x = values(depression(), g=g, J=J, a=a, b=b)
    assert len(x) == 2 and x[0, 2] < 0 < x[1, 2]
    z = np.linspace(-9, 9, 2001)
    w = np.exp(-(z**2) / 2)
    f = np.logaddexp(0, x[:, :1] + np.sqrt(x[:, 1:2]) * z)
    rate, square = f @ w / w.sum(), f**2 @ w / w.sum()
    u = x[:, 2]
    np.testing.assert_allclose(x, np.stack([J * u * rate + b, (g * u) ** 2 * square, 1 / (1 + a * u * rate)], axis=1), rtol=1e-9)


def test_denominators_are_cleared_where_unknowns_occur_in_them() -> None:
    kernel = compile(depression())
    problem = cleared(kernel)
    assert problem is not None and cleared(compile(clusters(2))) is None
    p, x = parameter_points(kernel.model, {"g": 0.7, "J": 2.0, "a": 0.5, "b": 0.5}).p, np.array([[0.3, 1.2, 0.8]])
    r, jacobian = problem.residual_jacobian(x, p)
    plain = kernel.residual(x, p)
    np.testing.assert_allclose(r[0, :2], plain[0, :2], rtol=1e-9)
    assert abs(r[0, 2] / plain[0, 2]) > 1.01
    for j in range(3):
        step = np.eye(3)[j] * 1e-5
        slope = (problem.residual(x + step, p) - problem.residual(x - step, p)) / 2e-5
        np.testing.assert_allclose(jacobian[0, :, j], slope[0], atol=1e-7)


@pytest.mark.parametrize("g", [10.0, 1e4])
def test_roots_of_large_variance(g: float) -> None:
    """1 + tanh at a large variance is a step: E phi = 1 + sqrt(2/pi) mu/sqrt(Delta), E phi^2 = 2 up to 1/sqrt(Delta)."""
    mu, Delta, more = mf.unknown("mu"), mf.unknown("Delta", nonnegative=True), mf.unknown("q")
    gain, J, h = mf.parameters("g J h", nonnegative="g")
    f = mf.transfer.custom("shifted", lambda x: 1 + sp.tanh(x))
    x = mf.gaussian("x", mean=mu, var=Delta)
    model = mf.Model("wide", equations={mu: J * (E(f(x)) - more) + h, Delta: gain**2 * E(f(x) ** 2), more: E(f(x)) / 2})
    found = values(model, g=g, J=2.0, h=0.3)
    assert len(found) == 1 and found[0, 0] == pytest.approx(1.3, rel=3 / g) and found[0, 1] == pytest.approx(2 * g**2, rel=3 / g)


def test_symmetries_are_seen_where_they_hold() -> None:
    model = clusters(3)
    p = parameter_points(model, {"J": 4.0, "w": 0.3, "s": 0.5, "h": [0.0, 0.2]}).p
    found = images_of(compile(model), p)
    exchanges = [i for i in found if (i.signs == 1).all()]
    assert len(exchanges) == 3 and all(i.holds.all() for i in exchanges)
    mirrored = [i for i in found if (i.signs == -1).all() and (i.order == np.arange(3)).all()]
    assert [i.holds.tolist() for i in mirrored] == [[True, False]]


def test_signs_of_the_roots_tell_that_one_is_missing() -> None:
    J = np.array([[[0.5]], [[-1.0]], [[0.5]]])
    owner = np.array([0, 0, 0])
    assert not deficient(owner, J, np.ones((3, 1)), 1)[0]
    assert deficient(owner[:2], J[:2], np.ones((2, 1)), 1)[0] and deficient(owner[:0], J[:0], np.ones((0, 1)), 1)[0]
    assert not deficient(owner[:1], 0 * J[:1], np.ones((1, 1)), 1)[0]  # nothing is said of degenerate ones
    x = np.array([[0.1], [3.0], [-60.0], [90.0]])
    np.testing.assert_array_equal(bounded(x, np.stack([np.tanh(x), x / 2, x * np.nan])), [True, False, False])


def test_company_and_order_of_points_change_nothing() -> None:
    model, w = clusters(3), np.array([0.3, -0.5, 0.1, 0.6])
    at = {"J": 2.6, "s": 0.4, "h": 0.0}
    together, turned = values(model, w=w, **at), values(model, w=w[::-1], **at)
    alone = [values(model, w=v, **at) for v in w]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-13)
    np.testing.assert_allclose(turned, np.concatenate(alone[::-1]), atol=1e-13)
