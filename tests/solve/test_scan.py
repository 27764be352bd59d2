"""A model of one unknown is scanned: all of its roots are found, however far from every start."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.compile import compile as compiled

SCS = mf.models.by_name("scs")
STEEP = mf.transfer.custom(
    "steep", lambda x: sp.tanh(x) + 2 * sp.tanh(x) ** 3, antiderivative=lambda x: 3 * sp.log(sp.cosh(x)) - sp.tanh(x) ** 2
)


@pytest.mark.parametrize("g", [0.6, 0.7, 0.9])
@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.01])
def test_every_root_of_a_subcritical_onset(g: float, noise: float) -> None:
    model = SCS.with_transfer(STEEP)
    x = np.logspace(-6, 3, 4000)[:, None]
    r = compiled(model).residual(x, np.tile([[g, noise]], (len(x), 1)))[:, 0]
    found = mf.solve(model, g=g, sigma_squared=noise, find="all")
    assert len(found) == int((r[1:] * r[:-1] < 0).sum())


@pytest.mark.parametrize("g", [1e3, 1e5])
def test_the_saturated_network(g: float) -> None:
    """Delta_0/g^2 -> 2(1 - 2/pi), from below and slowly: like 1/g^2 (THEORY A8)."""
    solution = mf.solve(SCS, g=g)
    limit = 2 * (1 - 2 / np.pi)
    assert 0 < limit - solution["Delta_0"] / g**2 < 2 / g**2 + 1e-10
    assert solution.error["Delta_0"] < 1e-10 * solution["Delta_0"]


def test_roots_of_either_sign() -> None:
    u, p = mf.unknown("u"), mf.parameter("p")
    model = mf.Model("cubic", implicit=[p + u - u**3 / 3], unknowns=(u,), parameters=(p,))
    roots = sorted(s["u"] for s in mf.solve(model, p=0.1, find="all"))
    assert roots == pytest.approx(sorted(np.roots([-1 / 3, 0, 1, 0.1]).real), abs=1e-12)


@pytest.mark.parametrize(("reach", "count"), [(8.0, 1), (512.0, 3)])
def test_how_far_is_for_the_model_to_say(reach: float, count: int) -> None:
    """Beside the root at 1 there is a pair around 300, where Newton's method from the start, 1, does not lead."""
    x, a = mf.unknown("x"), mf.parameter("a")
    far = sp.tanh(x - 1) - a * sp.exp(-(((x - 300) / 60) ** 2))
    model = mf.Model("a far pair", implicit=[far], unknowns=(x,), parameters=(a,), starts=[{x: 1}], reach=reach)
    found = [s["x"] for s in mf.solve(model, find="all", a=1.5)]
    half = 60 * np.sqrt(np.log(1.5))
    assert found == pytest.approx([1.0, 300 - half, 300 + half][:count])
