"""Points of codimension two, each told once."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.diagram.corners import _distinct

SCALE = np.array([3.0, 1.2])


def one(x, y, error, kind, *who):
    return np.array([x, y]), np.full(2, error), kind, who


def test_a_crossing_beside_an_end_of_the_same_curves_is_that_end():
    end = one(1.0, 0.5, 1e-14, "end", "fold", "chaos")
    assert _distinct([end, one(1.001, 0.5005, 1e-8, "crossing", "fold", "chaos")], SCALE) == [end]
    other = one(1.001, 0.5005, 1e-8, "crossing", "fold", "pitchfork")
    far = one(1.1, 0.5, 1e-8, "crossing", "fold", "chaos")
    assert _distinct([end, other, far], SCALE) == [end, other, far]


def test_two_ends_at_one_place_claim_how_far_they_are_apart():
    ((at, error, kind, who),) = _distinct([one(1.0, 6e-10, 1e-12, "end", "a"), one(1.0, -2e-10, 1e-12, "end", "a")], SCALE)
    assert at.tolist() == [1.0, 6e-10] and error.tolist() == [1e-12, 8e-10] and (kind, who) == ("end", ("a",))


def test_the_critical_input_ends_in_the_corner_of_its_window() -> None:
    """D_c(g) begins at g = 1, D = 0 in logarithms of the variance: it gets there, in few points, within what is claimed."""
    models = [mf.models.by_name(name) for name in ("kac-rice", "kac-rice-single")]
    d = mf.diagram(models, plane=("g", "D"), window=((0, 2), (0, 2)), points=3)
    [curve], [corner] = d.curves, d.corners
    assert len(curve.points) < 200 and corner.type == "end"
    for name, exact in {"g": 1.0, "D": 0.0}.items():
        assert abs(corner.at[name] - exact) <= corner.error[name] < 1e-6


def test_boundaries_of_different_states_cross_where_regions_meet():
    """Two states u = 1 and u = -1, and an indicator that vanishes for one on a = b, for the other on a = -b."""
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("two", implicit=[u**2 - 1], unknowns=(u,), parameters=(a, b), indicators={"side": a - u * b})
    d = mf.diagram(model, plane=("a", "b"), window=((-1.0, 1.1), (-1.2, 1.0)), points=5)
    (corner,) = d.corners
    assert corner.type == "crossing" and corner.curves == ("side", "side")
    assert all(abs(corner.at[name]) <= corner.error[name] < 1e-12 for name in "ab")
    assert len(d.labels) == 3  # none, one or both beyond it


def test_curves_that_touch_make_no_crossing():
    u, (a, b) = mf.unknown("u"), mf.parameters("a b")
    model = mf.Model("touching", equations={u: a}, parameters=(a, b), indicators={"parabola": b - u**2 / 10, "line": b + 0 * u})
    assert mf.diagram(model, plane=("a", "b"), window=((-1.0, 1.1), (-0.5, 1.5)), points=4).corners == []


@pytest.mark.parametrize(("points", "window"), [(5, ((-1, 1), (-1, 1))), (8, ((-1, 1), (-1, 1))), (9, ((-0.9, 1), (-1, 0.8)))])
def test_both_cusps_of_a_closed_curve(points: int, window: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Lips: on the grids the curve begins just in a cusp, or not."""
    x = mf.unknown("x")
    a, b = mf.parameters("a b")
    model = mf.Model("lips", implicit=[x**3 + x * (a**2 + b**2 - sp.Rational(4, 25)) + a / 10], unknowns=(x,))
    d = mf.diagram(model, plane=("a", "b"), window=window, points=points)
    assert sorted(c.at["b"] for c in d.corners if c.type == "cusp") == pytest.approx([-0.4, 0.4], abs=1e-10)
    assert d.certificate


@pytest.mark.parametrize("points", [4, 8, 12])
def test_folds_that_end_in_a_pitchfork(points: int) -> None:
    """The coordinate turns there with its fourth power, and rounding hides on which side of the end."""
    x = mf.unknown("x")
    a, b = mf.parameters("a b")
    flow = a * x + b * x**3 - x**5
    model = mf.Model("tricritical", implicit=[flow], unknowns=(x,), dynamics={x: flow}, symmetries=[{x: -x}])
    d = mf.diagram(model, plane=("a", "b"), window=((-1, 1), (-1, 1)), points=points)
    [end] = d.corners
    assert end.type == "end" and set(end.curves) == {"fold", "pitchfork"} and max(map(abs, end.at.values())) < 1e-9
    [fold] = [c for c in d.curves if c.condition == "fold"]
    assert d.certificate and np.abs(fold.points[:, 0] + fold.points[:, 1] ** 2 / 4).max() < 1e-12 and len(fold.points) < 100


def test_boundaries_next_to_the_onset_of_chaos_are_within_their_claims() -> None:
    """The noise enters by its square: next to g = 1 what is near on the scale of the window is not near."""

    def mean(f: object, variance: float) -> object:
        size = mp.sqrt(variance)
        return mp.quad(lambda z: f(size * z) * mp.npdf(z), [-15, -5, 0, 5, 15])

    def noise(g: float, slope: object) -> float:
        delta = mp.findroot(slope, (g - 1, (g - 1) * mp.mpf("1.01")))
        first, second = (mean(lambda v, k=k: mp.log(mp.cosh(v)) ** k, delta) for k in (1, 2))
        return mp.sqrt(delta**2 - 2 * g**2 * (second - first**2))

    d = mf.diagram(mf.models.by_name("scs"), plane=("g", "sigma_squared"), window=((0, 3), (0, 1)), points=16)
    with mp.workdps(30):
        for curve in d.curves:
            for (g, sigma_squared), (_, claim) in zip(curve.points[:4], curve.errors[:4], strict=True):
                g = mp.mpf(g)
                slopes = {
                    "local_instability": lambda v, g=g: g**2 * mean(lambda y: mp.sech(y) ** 4, v) - 1,
                    "onset_of_chaos": lambda v, g=g: g**2 * mean(lambda y: mp.tanh(y) ** 2, v) - v,
                }
                assert abs(noise(g, slopes[curve.condition]) - sigma_squared) < claim < 1e-8


def test_boundaries_that_begin_together_at_an_end_of_the_window_have_a_corner_there():
    """scs: both boundaries of the noise leave (g, sigma_squared) = (1, 0), where all activity vanishes."""
    d = mf.diagram(mf.models.by_name("scs"), plane=("g", "sigma_squared"), window=((0.0, 3.0), (0.0, 1.0)))
    [corner] = d.corners
    assert corner.type == "end" and set(corner.curves) == {"local_instability", "onset_of_chaos"}
    for name, value in (("g", 1.0), ("sigma_squared", 0.0)):
        assert abs(corner.at[name] - value) <= corner.error[name] < 1e-4
