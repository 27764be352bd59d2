"""Where solutions form rings or spheres one of each is returned, and said to be one of many; nothing follows it."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.conditions import fix_unknowns
from meanfield.errors import ModelError
from meanfield.solve.families import on_family
from meanfield.solve.status import Status

E = mf.average
phi = mf.transfer.tanh


def equal_overlaps(count: int, **more: object) -> mf.Model:
    """A network of rank ``count`` whose overlaps s are all the same: any rotation of a solution is a solution."""
    kappas = [mf.unknown(f"kappa_{k + 1}") for k in range(count)]
    Delta_0 = mf.unknown("Delta_0", nonnegative=True)
    g, s = mf.parameters("g s", nonnegative="g s")
    x = mf.gaussian("x", var=Delta_0)
    equations = {k: s * k * E(phi.d(1)(x)) for k in kappas} | {Delta_0: g**2 * E(phi(x) ** 2) + sum(k**2 for k in kappas)}
    return mf.Model("equal overlaps", equations=equations, parameters=(g, s), **more)  # type: ignore[arg-type]


RING = equal_overlaps(2)
MERIDIAN = fix_unknowns(RING, {"kappa_2": 0})


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(("g", "s", "number"), [(0.5, 2.0, 2), (1.5, 2.0, 3), (1.5, 0.5, 2), (0.5, 1.01, 2)])
def test_one_of_each_family(count: int, g: float, s: float, number: int) -> None:
    states = mf.solve(equal_overlaps(count), g=g, s=s, find="all")
    assert len(states) == number
    some = [one for one in states if one.status is Status.FAMILY]
    assert len(some) == (s > 1)
    for one in some:
        alone = max((r for r in mf.solve(MERIDIAN, g=g, s=s, find="all", digits=20)), key=lambda r: float(r["kappa_1"]))
        kappas = np.array([one[f"kappa_{k + 1}"] for k in range(count)])
        claim = np.array([one.error[f"kappa_{k + 1}"] for k in range(count)])
        assert claim.max() < 1e-10
        assert abs(np.linalg.norm(kappas) - float(alone["kappa_1"])) <= claim.sum() + 1e-15
        assert abs(one["Delta_0"] - float(alone["Delta_0"])) <= one.error["Delta_0"]


def test_order_and_company_of_points_change_nothing() -> None:
    model = equal_overlaps(2, starts=[])
    points = mf.solve(model, g=[0.5, 0.8, 1.5], s=[2.0, 0.5, 1.3], find="all").points
    for point, g, s in zip(points, [0.5, 0.8, 1.5], [2.0, 0.5, 1.3], strict=True):
        alone = mf.solve(model, g=g, s=s, find="all")
        for one, other in zip(alone, point, strict=True):
            assert one.status is other.status
            assert all(abs(one[name] - other[name]) <= one.error[name] + other.error[name] for name in one.unknowns)


@pytest.mark.parametrize("start", [[0.5, 0.6, 0.7], [-0.7, 0.3, 0.7], [0.0, -0.8, 0.7]])
def test_whatever_the_start_it_is_the_same_member(start: list[float]) -> None:
    point = mf.solve(RING, g=0.5, s=1.5, starts=[start])
    assert point.status is Status.FAMILY and "continuous family" in str(point.status)
    assert point["kappa_1"] == pytest.approx(0.79247686120167726, abs=1e-12) and point["kappa_2"] == 0
    assert point.error["kappa_1"] < 1e-12  # the distance from the ring, not along it


def test_along_the_family_nothing_is_stable_or_unstable() -> None:
    kappa_1, kappa_2, Delta_0 = RING.unknowns
    model = equal_overlaps(2, dynamics={u: f - u for u, f in RING.equations.items()})
    flags = {one.status is Status.FAMILY: one.stable for one in mf.solve(model, g=0.5, s=1.5, find="all")}
    assert flags == {True: None, False: False}


def test_roots_of_high_multiplicity_are_no_family() -> None:
    """u^3 = v and v = 0: the Jacobian is singular, and the root is alone."""
    u, v = mf.unknown("u"), mf.unknown("v")
    p = mf.parameters("p")[0]
    point = mf.solve(mf.Model("cusp", implicit=[u**3 + p * u - v, v], unknowns=(u, v), parameters=(p,)), p=0, find="all")
    assert [one.status is Status.FAMILY for one in point] == [False]


def test_every_member_is_recognised() -> None:
    class Sphere:
        names, parameter_names, lower = ("x", "y", "z"), (), np.full(3, -np.inf)

        def residual(self, x: np.ndarray, p: np.ndarray) -> np.ndarray:
            return self.residual_jacobian(x, p)[0]

        def residual_jacobian(self, x: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            excess = (x**2).sum(axis=1) - 1
            return x * excess[:, None], np.eye(3) * excess[:, None, None] + 2 * x[:, :, None] * x[:, None]

    x = np.random.default_rng(1).normal(size=(20, 3))
    x /= np.linalg.norm(x, axis=1)[:, None]
    x = np.vstack([x, np.zeros(3)])
    sphere = Sphere()
    _, jacobian = sphere.residual_jacobian(x, np.zeros((21, 0)))
    found = on_family(sphere, np.zeros((21, 0)), x, jacobian, np.ones((21, 3)))
    assert found[:20].all() and not found[20]


def test_families_are_not_followed_but_what_is_left_when_they_are_fixed_is() -> None:
    with pytest.raises(ModelError, match="continuous family"):
        mf.bifurcation_diagram(RING, along="s", window=(0.5, 3), g=0.5)
    with pytest.raises(ModelError, match="continuous family"):
        mf.follow(mf.solve(RING, g=0.5, s=1.5, starts=[[0.5, 0.6, 0.7]]), "s", to=2)
    with pytest.raises(ModelError, match="continuous family"):
        mf.diagram(RING, plane=("g", "s"), window=((0.2, 2), (0.5, 3)), points=4)
    forest = mf.bifurcation_diagram(MERIDIAN, along="s", window=(0.5, 3), g=0.5)
    (pitchfork,) = {round(e.at["s"], 9) for branch in forest for e in branch.events() if e.type == "pitchfork"}
    assert pitchfork == 1.0


def test_unknowns_are_fixed_by_name() -> None:
    with pytest.raises(ModelError, match=r"no unknown 'kappa_4'; did you mean"):
        fix_unknowns(RING, {"kappa_4": 0})
    with pytest.raises(ModelError, match="do not solve the equations"):
        fix_unknowns(RING, {"kappa_2": 1})


def nearly_a_ring():
    """A ring of states broken into four: one overlap grows a little faster than the other, by ``more``."""
    kappa_1, kappa_2, Delta_0 = RING.unknowns
    g, s, more = mf.parameters("g s more", nonnegative="g")
    x = mf.gaussian("x", var=Delta_0)
    return mf.Model(
        "two overlaps",
        equations={
            kappa_1: s * kappa_1 * E(phi.d(1)(x)),
            kappa_2: (s + more) * kappa_2 * E(phi.d(1)(x)),
            Delta_0: g**2 * E(phi(x) ** 2) + kappa_1**2 + kappa_2**2,
        },
        parameters=(g, s, more),
    )


def test_beside_the_ring_digits_make_a_claim() -> None:
    found = mf.solve(nearly_a_ring(), g=0.5, s=1.5, more=1e-7, find="all", digits=20)
    along = [s for s in found if abs(s["kappa_2"]) > 0.1]
    assert len(along) == 2
    for state in along:
        assert state.error["kappa_2"] < 1e-15 and abs(abs(state["kappa_2"]) - 0.79) < 0.01


@pytest.mark.parametrize("more", [1e-2, 1e-5, 1e-6, 1e-7, 1e-9, 1e-11])
def test_all_states_are_found_of_a_ring_that_is_slightly_broken(more: float) -> None:
    """Newton's method came down anywhere on what was the ring, at hundreds of places (after a minute and more), and the four were
    not always among them."""
    found = mf.solve(nearly_a_ring(), g=0.5, s=1.5, more=more, find="all")
    places = [np.round((s["kappa_1"], s["kappa_2"]), 1).tolist() for s in found]
    assert sorted(places) == [[-0.8, 0], [0, -0.8], [0, 0], [0, 0.8], [0.8, 0]]
    assert all(s.error["Delta_0"] < 1e-8 for s in found)


def test_close_to_the_onset_of_chaos_a_state_is_no_family() -> None:
    """At Delta_0 = 5e-8 all equations of chaos hold within rounding along a line from x = 0, which passed for a family: one with
    Delta_inf = 0.65 Delta_0 was returned, claimed to 9e-15 (g - 1 = 1e-8), or none at all (g - 1 = 4.64e-8)."""
    excess = np.array([1e-8, 3.03e-8, 4.64e-8, 1e-7])
    found = mf.solve(mf.models.by_name("rank1-chaotic"), g=1 + excess, M_m=1, M_n=0.8, find="all")
    for size, states in zip(excess, found.points, strict=True):
        (state,) = states
        assert state.status is not Status.FAMILY and state["Delta_inf"] <= state.error["Delta_inf"]
        assert abs(state["Delta_0"] - size) <= state.error["Delta_0"] + 2 * size**2 + 4e-16
    (alone,) = mf.solve(mf.models.by_name("rank1-chaotic"), g=1 + excess[0], M_m=1, M_n=0.8, find="all")
    assert alone["Delta_0"] == pytest.approx(1e-8, rel=1e-7) and alone.error["Delta_0"] < 1e-20
