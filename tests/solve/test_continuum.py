"""Where solutions form a line, or several meet, no digits make a claim: the Jacobian is singular at the root itself."""

import pytest

import meanfield as mf

E = mf.average
k_1, k_2, Delta_0 = mf.unknown("k_1"), mf.unknown("k_2"), mf.unknown("Delta_0", nonnegative=True)
g, s_1, s_2 = mf.parameters("g s_1 s_2", nonnegative="g")
phi = mf.transfer.tanh
x = mf.gaussian("x", var=Delta_0)
slope = E(phi.d(1)(x))
ring = mf.Model(
    "two equal overlaps",
    equations={k_1: s_1 * k_1 * slope, k_2: s_2 * k_2 * slope, Delta_0: g**2 * E(phi(x) ** 2) + k_1**2 + k_2**2},
)


@pytest.mark.parametrize("digits", [None, 25])
def test_a_point_of_a_ring_of_solutions_has_no_claim(digits: int | None) -> None:
    point = mf.solve(ring, g=0.5, s_1=1.5, s_2=1.5, starts=[[0.5, 0.6, 0.7]], digits=digits)
    assert point["k_1"] != 0 and point["k_2"] != 0
    assert not point.error["k_1"] < 0.1  # the next solution is as near as one likes; the others are this far away
    assert "above the tolerance" in str(point.status)


def test_beside_the_ring_digits_do_make_one() -> None:
    point = mf.solve(ring, g=0.5, s_1=1.5, s_2=1.5 + 1e-7, starts=[[0.0, 0.8, 0.7]], digits=20)
    assert point.error["k_2"] < 1e-15 and abs(abs(point["k_2"]) - 0.79) < 0.01
