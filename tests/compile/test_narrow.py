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
from meanfield.transfer import tanh

u = mf.unknown("u")
b, c, m = (mf.parameter(name) for name in "bcm")
x = gaussian("x", mean=m, var=1)

Exact = Callable[[mpmath.mpf, mpmath.mpf, mpmath.mpf], mpmath.mpf]
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
    "another library's tanh": (sp.tanh(b * (x - c)), lambda x, b, c: mpmath.tanh(b * (x - c))),
}
KERNELS = {
    name: compile(mf.Model(title=name, unknowns=[u], parameters=[b, c, m], equations={u: E(body)}))
    for name, (body, _) in BODIES.items()
}


def exact(f: Exact, steep: float, centre: float, mean: float) -> mpmath.mpf:
    """By panels that halve towards the steep place, at 25 digits."""
    with mpmath.workdps(25):
        near = [mpmath.mpf(centre) + sign * mpmath.mpf(4) ** k / steep for k in range(-1, 24) for sign in (1, -1)]
        edges = [mean + mpmath.mpf(k) for k in range(-11, 12, 2)]
        inside = sorted({*edges, mpmath.mpf(centre), *(e for e in near if abs(e - mean) < 11)})
        return mpmath.quad(lambda z: f(z, mpmath.mpf(steep), mpmath.mpf(centre)) * mpmath.npdf(z, mean, 1), inside, maxdegree=4)


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=6, deadline=None)
@given(st.floats(0, 7).map(lambda k: 10.0**k), st.floats(-2, 2), st.floats(-1, 1))
@example(1e4, 0.3, 0.0)
@example(31.6, 1 / 3, 0.0)
def test_no_peak_is_stepped_over(name: str, steep: float, centre: float, mean: float) -> None:
    # u - E(body) at u = 0 is minus the average.
    value, claim = KERNELS[name].refined(np.zeros((1, 1)), np.array([[steep, centre, mean]]))
    wanted = exact(BODIES[name][1], steep, centre, mean)
    assert abs(wanted + float(value[0, 0])) <= claim[0, 0] + 1e-17
    assert claim[0, 0] <= 1e-6 * max(1.0, abs(wanted))  # poles lose digits: their place is rounded on the scale of the width


def test_the_nodes_of_a_point_do_not_depend_on_the_batch() -> None:
    kernel = KERNELS["peak of a slope"]
    p = np.stack([np.geomspace(1, 1e6, 40), np.linspace(-1, 1, 40), np.zeros(40)], axis=1)
    together, claims = kernel.refined(np.zeros((40, 1)), p)
    for k in (0, 7, 23, 39):
        alone, claim = kernel.refined(np.zeros((1, 1)), p[k : k + 1])
        assert abs(alone[0, 0] - together[k, 0]) <= 4e-16  # sums of products round differently in a batch
        assert claim[0, 0] == pytest.approx(claims[k, 0], rel=0.1, abs=5e-15)
