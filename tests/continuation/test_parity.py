"""The number of negative eigenvalues of F_x changes by one at every fold and where a branch is crossed, and nowhere else."""

from __future__ import annotations

import numpy as np
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st

import meanfield as mf
from meanfield.continuation import Branch, bifurcation_diagram
from tests.continuation.test_random import FEW, graph, roots, turning, well_apart

_CROSSED = ("fold", "pitchfork", "transcritical", "branch point")


def parity(branch: Branch) -> np.ndarray:
    """(L,) sign of det F_x at the points."""
    base = np.repeat(branch.base[None], len(branch), axis=0)
    _, jacobian = branch.subject.curve.residual_jacobian(branch.u, base)
    return np.sign(np.linalg.det(jacobian[:, :, :-1]))


def check(branch: Branch) -> int:
    """Between any two neighbouring points the sign changes as often as there are crossings; returns how many there are."""
    sign, events = parity(branch), [e for e in branch.events() if e.type in _CROSSED]
    places = [e.place for e in events]
    inside = range(1, len(sign) - 2)  # an end may be a crossing itself
    for k in inside:
        turns = branch.tangent[k][-1] * branch.tangent[k + 1][-1] < 0
        # A branch that is crossed where it turns, as the arms of a pitchfork are, gains one change and loses one.
        count = sum((k < e.place <= k + 1) * (1 + (turns and e.type != "fold")) for e in events)
        at_a_point = any(abs(place - j) < 1e-9 for place in places for j in (k, k + 1))
        if not at_a_point:
            assert sign[k] * sign[k + 1] == (-1) ** count, (k, events)
    return len(events)


@FEW
@given(at=roots.filter(well_apart))
def test_along_random_polynomials(at: list[float]) -> None:
    f, _ = turning(at)
    assert check(graph(f)) == len(at)


@FEW
@example(at=[0.0, 0.03])  # both arms of one pitchfork are one branch, which runs through it
@given(at=st.lists(st.floats(-0.8, 0.8).map(lambda x: round(x, 2)), min_size=1, max_size=3, unique=True).filter(well_apart))
def test_along_a_line_that_others_cross(at: list[float]) -> None:
    """x (f(p) - x^2) = 0 with simple zeros of f: a pitchfork at each."""
    x, p = sp.symbols("x p", real=True)
    f = sp.Mul(*(p - sp.Rational(str(r)) for r in at))
    model = mf.Model("crossed", implicit=[x * (f - x**2)], unknowns=(x,), symmetries=[{x: -x}], starts=[{x: 0}, {x: 1}])
    forest = bifurcation_diagram(model, "p", (-1.0, 1.0))
    (line,) = [b for b in forest if np.abs(b["x"]).max() == 0]
    assert check(line) == len(at)
    assert all(check(b) >= 0 for b in forest)


def test_along_the_branches_of_a_driven_network() -> None:
    model = mf.models.by_name("rank1-input-stationary")
    held = {"M_m": 3.5, "M_n": 1.0, "g": 0.8, "Sigma_m": 1.0, "Sigma_n": 1.0, "Sigma_perp": 1.0}
    forest = bifurcation_diagram(model, "Sigma_nI", (-2.0, 2.0), switch=False, **held)
    assert sum(check(b) for b in forest) == 2
