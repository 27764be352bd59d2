"""Bodies that are steep on a scale that parameters set: no peak is stepped over, whatever its width and place."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

import meanfield as mf
from meanfield.averages import E
from meanfield.compile import compile
from meanfield.symbols import gaussian
from meanfield.transfer import relu, tanh

u = mf.unknown("u")
b, c, m, v = (mf.parameter(name) for name in "bcmv")
x = gaussian("x", mean=m, var=v)

Exact = Callable[[mpmath.mpf, mpmath.mpf, mpmath.mpf], mpmath.mpf]


def softplus(z: mpmath.mpf) -> mpmath.mpf:
    return max(z, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(z)))


BODIES: dict[str, tuple[sp.Expr, Exact]] = {
    "peak of a slope": (b * tanh.d(1)(b * (x - c)) * tanh(x), lambda x, b, c: b * mpmath.sech(b * (x - c)) ** 2 * mpmath.tanh(x)),
    "steep function of phi": (sp.exp(tanh(b * (x - c))), lambda x, b, c: mpmath.exp(mpmath.tanh(b * (x - c)))),
    "tuning curve": (sp.exp(-(b**2) * (x - c) ** 2), lambda x, b, c: mpmath.exp(-(b**2) * (x - c) ** 2)),
    "two of them": (
        sp.exp(-(b**2) * (x - c) ** 2) * sp.exp(-((x + c) ** 2)),
        lambda x, b, c: mpmath.exp(-(b**2) * (x - c) ** 2 - (x + c) ** 2),
    ),
    "poles": (1 / ((x - c) ** 2 + 1 / b**2), lambda x, b, c: 1 / ((x - c) ** 2 + 1 / b**2)),
    "saturating": (x / sp.sqrt(1 / b**2 + (x - c) ** 2), lambda x, b, c: x / mpmath.sqrt(1 / b**2 + (x - c) ** 2)),
    "logistic by hand": (tanh(x) / (1 + sp.exp(-b * (x - c))), lambda x, b, c: mpmath.tanh(x) / (1 + mpmath.exp(-b * (x - c)))),
    "softplus by hand": (sp.log(1 + sp.exp(b * (x - c))) / b, lambda x, b, c: softplus(b * (x - c)) / b),
    "Hill": (x**4 / (x**4 + b**-4), lambda x, b, c: x**4 / (x**4 + b**-4)),
    "rectified, saturating": (relu(x - c) / (relu(x - c) + 1 / b), lambda x, b, c: max(x - c, 0) / (max(x - c, 0) + 1 / b)),
    "rectified Hill": (
        relu(b * (x - c)) ** 3 / (1 + relu(b * (x - c)) ** 3),
        lambda x, b, c: max(b * (x - c), 0) ** 3 / (1 + max(b * (x - c), 0) ** 3),
    ),
    "another library's tanh": (sp.tanh(b * (x - c)), lambda x, b, c: mpmath.tanh(b * (x - c))),
}
KERNELS = {
    name: compile(mf.Model(title=name, unknowns=[u], parameters=[b, c, m, v], equations={u: E(body)}))
    for name, (body, _) in BODIES.items()
}
WAVE = compile(mf.Model(title="wave", unknowns=[u], parameters=[b, m, v], equations={u: E(sp.cos(b * x) * tanh(x))}))


def exact(f: Exact, steep: float, centre: float, mean: float, sigma: float = 1.0) -> mpmath.mpf:
    """By panels that halve towards the steep places, at 25 digits."""
    with mpmath.workdps(25):
        steps = [sign * mpmath.mpf(4) ** k / steep for k in range(-1, 24) for sign in (1, -1)]
        near = [mpmath.mpf(place) + step for place in (centre, 0) for step in (0, *steps)]
        edges = [mean + sigma * mpmath.mpf(k) for k in range(-11, 12, 2)]
        inside = sorted({*edges, *(e for e in near if abs(e - mean) < 11 * sigma)})
        return mpmath.quad(lambda z: f(z, mpmath.mpf(steep), mpmath.mpf(centre)) * mpmath.npdf(z, mean, sigma), inside, maxdegree=4)


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=6, deadline=None)
@given(st.floats(0, 7).map(lambda k: 10.0**k), st.floats(-2, 2), st.floats(-1, 1), st.floats(-1.5, 0.5).map(lambda k: 10.0**k))
@example(1e4, 0.3, 0.0, 1.0)
@example(31.6, 1 / 3, 0.0, 1.0)
@example(10.0, 0.0, 1.0, 10.0**-1.5)  # where the slope is small: 1 - tanh^2 has nothing left of it
@example(12.84, 0.2013, 0.1148, 0.3147)  # about as wide as the law
@example(1.0, 0.0, 2e-313, 1.0)  # edges of panels that all but coincide
@example(1e7, 0.0, -0.5, 10.0**-1.125)  # thousands of nodes: a sum in one chain was off by 26 roundings, and claimed 22
def test_no_peak_is_stepped_over(name: str, steep: float, centre: float, mean: float, sigma: float) -> None:
    # u - E(body) at u = 0 is minus the average.
    value, claim = KERNELS[name].refined(np.zeros((1, 1)), np.array([[steep, centre, mean, sigma**2]]))
    wanted = exact(BODIES[name][1], steep, centre, mean, sigma)
    assert abs(wanted + float(value[0, 0])) <= claim[0, 0] + 1e-17
    assert claim[0, 0] <= 1e-6 * max(1.0, abs(wanted))  # poles lose digits: their place is rounded on the scale of the width


@settings(max_examples=8, deadline=None)
@given(st.floats(0, 1.5).map(lambda k: 10.0**k), st.floats(-2, 2), st.floats(-1, 0.5))
@example(28.25, 0.57, -0.78)
def test_waves_are_not_stepped_over(frequency: float, mean: float, exponent: float) -> None:
    sigma = 10.0**exponent
    value, claim = WAVE.refined(np.zeros((1, 1)), np.array([[frequency, mean, sigma**2]]))
    with mpmath.workdps(25):
        edges = [mean + 11 * sigma * (mpmath.mpf(k) / 20 - 1) for k in range(41)]
        wanted = mpmath.quad(lambda z: mpmath.cos(frequency * z) * mpmath.tanh(z) * mpmath.npdf(z, mean, sigma), edges, maxdegree=6)
    assert abs(wanted + float(value[0, 0])) <= claim[0, 0] + 1e-17
    assert claim[0, 0] <= 1e-9


def test_the_nodes_of_a_point_do_not_depend_on_the_batch() -> None:
    kernel = KERNELS["peak of a slope"]
    p = np.stack([np.geomspace(1, 1e6, 40), np.linspace(-1, 1, 40), np.zeros(40), np.ones(40)], axis=1)
    together, claims = kernel.refined(np.zeros((40, 1)), p)
    for k in (0, 7, 23, 39):
        alone, claim = kernel.refined(np.zeros((1, 1)), p[k : k + 1])
        assert abs(alone[0, 0] - together[k, 0]) <= 4e-16  # sums of products round differently in a batch
        assert claim[0, 0] == pytest.approx(claims[k, 0], rel=0.1, abs=5e-15)
